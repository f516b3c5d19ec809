// TTLs and SOA timers outside what RFC 1912 and RFC 2308 advise.

import type { Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { draftOf, isWatched, listed, remembered } from './fault.ts'

const zeroSql = `SELECT name, arraySort(groupUniqArray(8)(toString(type))) AS types, toFloat64(sum(n)) AS answers, toString(min(first)) AS first,
    toString(max(last)) AS last, any(data) AS record
  FROM (
    SELECT name, type, data, sum(count) AS n, min(first_seen) AS first, max(last_seen) AS last
    FROM rrsets
    WHERE ${remembered} AND section = 'answer' AND server_role = 'authoritative' AND ttl_max = 0 AND ${isWatched('name')}
      AND type IN ('A', 'AAAA', 'CNAME', 'MX', 'NS', 'SRV', 'PTR', 'HTTPS', 'SVCB', 'DS', 'DNSKEY')
    GROUP BY name, type, data
  )
  GROUP BY name
  HAVING answers >= 3
  ORDER BY answers DESC, name
  LIMIT 50`

const timerSql = `SELECT name AS zone, argMax(data, last_seen) AS record, toFloat64(sum(count)) AS answers, toString(min(first_seen)) AS first,
    toString(max(last_seen)) AS last
  FROM rrsets
  WHERE ${remembered} AND type = 'SOA' AND ${isWatched('name')}
  GROUP BY name
  HAVING length(splitByChar(' ', record) AS f) = 7 AND (toUInt64OrZero(f[7]) > 86400 OR toUInt64OrZero(f[4]) < toUInt64OrZero(f[5])
    OR toUInt64OrZero(f[6]) < toUInt64OrZero(f[4]))
  ORDER BY answers DESC, zone
  LIMIT 50`

/** Rules `zero-ttl` and `soa-timers`. */
export const timerRules: Rule[] = [
  {
    id: 'zero-ttl',
    title: 'Records that may not be kept',
    sql: zeroSql,
    subject: 'name = {name:String}',
    judge: (rows: Zero[]) => rows.map(zero),
  },
  {
    id: 'soa-timers',
    title: 'SOA timers that work against the zone',
    sql: timerSql,
    subject: 'zone = {zone:String}',
    judge: (rows: Timers[]) => rows.map(timers),
  },
]

interface Zero {
  name: string
  types: string[]
  record: string
  answers: number
  first: string
  last: string
}
interface Timers {
  zone: string
  record: string
  answers: number
  first: string
  last: string
}

function zero(row: Zero): Draft {
  return draftOf({
    level: 'NOTICE',
    test: '',
    subject: { name: row.name },
    identity: [row.name],
    why: `${row.types.join(', ')} ${row.name} had a TTL of 0 in all of ${count(row.answers, 'record')} given with authority: every use is a query.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { ttl: { value: 0, threshold: 1 } },
    where: `hasAny(rr.data, {records:Array(String)}) AND has(rr.name, {name:String}) AND response_frame > 0`,
    bound: { name: row.name, records: [row.record] },
  })
}

function timers(row: Timers): Draft {
  const [, , , refresh, retry, expire, minimum] = row.record.split(' ').map(Number)
  const wrong = [
    minimum > 86_400 ? `names that do not exist are remembered for ${minimum} s (ZONE06)` : '',
    refresh < retry ? `refresh ${refresh} s is shorter than retry ${retry} s (ZONE03)` : '',
    expire < refresh ? `expire ${expire} s is shorter than refresh ${refresh} s (ZONE05)` : '',
  ].filter((text) => text !== '')
  return draftOf({
    level: 'NOTICE',
    test: 'ZONE02-06',
    subject: { domain: row.zone },
    identity: [row.zone],
    why: `The SOA of ${row.zone} says: ${listed(wrong)}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { negative_ttl: { value: minimum, threshold: 86_400 } },
    where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0`,
    bound: { zone: row.zone, records: [row.record] },
  })
}
