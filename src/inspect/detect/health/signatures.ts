// DNSSEC signatures against packet time: expired, not yet valid, about to expire; and algorithms and parameters that are no longer advised.

import type { Draft, Rule } from '../detector.ts'
import { draftOf, isWatched, listed, remembered } from './fault.ts'

/** A field of a record's text, from 1, and a time in it (YYYYMMDDHHmmSS, UTC). */
const field = (n: number) => `splitByChar(' ', data)[${n}]`
const timeIn = (n: number) =>
  `ifNull(parseDateTimeOrNull(${field(n)}, '%Y%m%d%H%i%S', 'UTC'), toDateTime(0, 'UTC'))`

/** Signatures of a signer with the last time each was served; those that were replaced count as expired only if served after their end. */
const lifetimeSql = `SELECT signer, fault, toFloat64(count()) AS signatures, toFloat64(sum(n)) AS answers,
    arraySort(groupUniqArray(8)(concat(covered, ' ', name))) AS names, argMin(text, left) AS worst,
    toFloat64(min(left)) AS seconds, toString(min(first)) AS first, toString(max(last)) AS last
  FROM (
    SELECT name, ${field(1)} AS covered, lower(${field(8)}) AS signer, any(data) AS text, ${timeIn(5)} AS ends, ${timeIn(6)} AS begins,
      min(first_seen) AS first, max(last_seen) AS last, sum(count) AS n,
      max(ends) OVER (PARTITION BY name, covered) AS newest_end,
      dateDiff('second', toDateTime(last, 'UTC'), ends) AS left, dateDiff('second', begins, ends) AS span,
      multiIf(left < -300, 'expired', dateDiff('second', toDateTime(first, 'UTC'), begins) > 300, 'not yet valid',
        span >= 7 * 86400 AND left < 2 * 86400 AND left * 4 < span AND ends = newest_end, 'about to expire', '') AS fault
    FROM rrsets
    WHERE ${remembered} AND type = 'RRSIG' AND length(splitByChar(' ', data)) = 9 AND ${isWatched('name')}
    GROUP BY name, data
  )
  WHERE fault != '' AND ends > toDateTime(86400, 'UTC')
  GROUP BY signer, fault
  ORDER BY answers DESC, signer, fault
  LIMIT 100`

/** Algorithms with SHA-1 or older (RFC 8624 says not to sign with them), and NSEC3 with extra iterations (RFC 9276). */
const parameterSql = `SELECT zone, what, arraySort(groupUniqArray(4)(value)) AS values, toFloat64(sum(n)) AS answers, any(text) AS worst,
    toString(min(first)) AS first, toString(max(last)) AS last
  FROM (
    SELECT if(type = 'RRSIG', lower(${field(8)}), if(type = 'NSEC3', substring(name, position(name, '.') + 1), name)) AS zone,
      if(type = 'RRSIG', 'algorithm', 'iterations') AS what, if(type = 'RRSIG', ${field(2)}, ${field(3)}) AS value,
      data AS text, count AS n, first_seen AS first, last_seen AS last
    FROM rrsets
    WHERE ${remembered} AND ((type = 'RRSIG' AND ${field(2)} IN ('1', '3', '5', '6', '7', '12'))
      OR (type IN ('NSEC3', 'NSEC3PARAM') AND toUInt32OrZero(${field(3)}) > 0)) AND ${isWatched('name')}
  )
  GROUP BY zone, what
  ORDER BY answers DESC, zone, what
  LIMIT 50`

/** Rules `signature-time` and `signing-parameters`. */
export const signatureRules: Rule[] = [
  {
    id: 'signature-time',
    title: 'Signatures outside their time',
    sql: lifetimeSql,
    subject: 'signer = {signer:String} AND fault = {fault:String}',
    judge: (rows: Lifetime[]) => rows.map(lifetime),
  },
  {
    id: 'signing-parameters',
    title: 'A zone is signed in a way that is no longer advised',
    sql: parameterSql,
    subject: 'zone = {zone:String} AND what = {what:String}',
    judge: (rows: Signing[]) => rows.map(signing),
  },
]

interface Lifetime {
  signer: string
  fault: 'expired' | 'not yet valid' | 'about to expire'
  signatures: number
  answers: number
  names: string[]
  worst: string
  seconds: number
  first: string
  last: string
}

interface Signing {
  zone: string
  what: 'algorithm' | 'iterations'
  values: string[]
  answers: number
  worst: string
  first: string
  last: string
}

function lifetime(row: Lifetime): Draft {
  const [, , , , ends, begins] = row.worst.split(' ')
  const said = {
    expired: `was served until ${day(-row.seconds)} after it had expired`,
    'not yet valid': `was served before its inception ${date(begins)}`,
    'about to expire': `had ${day(row.seconds)} left when it was last served, and no newer one was seen`,
  }
  return draftOf({
    level: row.fault === 'about to expire' ? 'WARNING' : 'ERROR',
    test: 'DNSSEC04',
    subject: { domain: row.signer },
    identity: [row.signer, row.fault],
    why: `Signatures of ${row.signer} are ${row.fault}: ${listed(row.names, 4)}. The worst, valid to ${date(ends)}, ${said[row.fault]}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: {
      signatures: { value: row.signatures, threshold: 1 },
      seconds_left: {
        value: row.seconds,
        threshold: row.fault === 'about to expire' ? 172_800 : 0,
      },
    },
    against: ['the clock of the sensor may be wrong: more than five minutes make this finding'],
    where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0`,
    bound: { signer: row.signer, fault: row.fault, records: [row.worst] },
  })
}

function signing(row: Signing): Draft {
  const why =
    row.what === 'algorithm'
      ? `${row.zone} is signed with algorithm ${row.values.join(', ')}, which new signatures must not use (RFC 8624).`
      : `${row.zone} hashes names with ${row.values.join(', ')} extra NSEC3 iterations; 0 is advised, and resolvers may treat more as insecure (RFC 9276).`
  return draftOf({
    level: 'NOTICE',
    test: row.what === 'algorithm' ? 'DNSSEC05' : 'DNSSEC03',
    subject: { domain: row.zone },
    identity: [row.zone, row.what],
    why,
    first: row.first,
    last: row.last,
    answers: row.answers,
    where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0`,
    bound: { zone: row.zone, what: row.what, records: [row.worst] },
  })
}

function date(text: string): string {
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)} ${text.slice(8, 10)}:${text.slice(10, 12)} UTC`
}

function day(seconds: number): string {
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)} hours`
    : `${Math.round(seconds / 86_400)} days`
}
