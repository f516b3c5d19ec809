// Hints beside data leaving in names: a client that asks like an idle beacon, and single names too long to be chosen by people.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { isListed } from './names.ts'
import { rowsOf } from './series.ts'

/** Addresses that mean nothing to whoever asks: command servers answer them while there is no work. */
const idle = `match(data, '^(?:0\\\\.0\\\\.0\\\\.0|8\\\\.8\\\\.[48]\\\\.[48]|1\\\\.1\\\\.1\\\\.1|127\\\\.|10\\\\.|255\\\\.)')`

/** Questions a beacon must have asked: four intervals say nothing. */
const minQuestions = 20

/** Regularity from which intervals count as a timer's: RITA's mean of symmetry and spread. */
const regular = 0.8

/** Resolvers that block advertisements give such an address too, but for many domains. */
const mostSinkDomains = 5

export const idleBeacon: Rule = {
  id: 'idle-beacon',
  title: 'Questions at regular intervals, answered with an address that means nothing',
  isHint: true,
  subject: 'client = {client:IPv6} AND zone = {zone:String}',
  sql: `SELECT client, toString(domain) AS zone, toString(min(ts)) AS first, toString(max(ts)) AS last, count() AS questions, any(address) AS data,
    uniqExact(qname) AS names, any(server) AS asked,
    groupArraySorted(5000)(toUnixTimestamp64Milli(toDateTime64(ts, 3)) / 1000) AS times
  FROM (
    SELECT ts, client, domain, server, qname, rr.data AS all_data, rr.type AS all_types, rr.ttl AS all_ttls,
      arrayFirst(data -> ${idle}, all_data) AS address
    FROM transactions
    WHERE ${inWindow} AND ${isListed} AND qtype = 'A' AND qr = 1
  )
  WHERE length(all_data) = 1 AND all_types[1] = 'A' AND all_ttls[1] <= 1 AND address != ''
    AND (server, address) NOT IN (
      SELECT server, rr.data[1] AS address FROM transactions
      WHERE ${inWindow} AND qtype = 'A' AND length(rr.data) = 1
      GROUP BY server, address HAVING uniqUpTo(${mostSinkDomains})(domain) > ${mostSinkDomains}
    )
  GROUP BY client, domain
  HAVING questions >= ${minQuestions} AND uniqExact(address) = 1
  ORDER BY questions DESC, zone
  LIMIT 100`,
  judge: (rows: BeaconRow[]) => rows.flatMap(judgeBeacon),
}

interface BeaconRow {
  client: string
  zone: string
  first: string
  last: string
  questions: number
  data: string
  names: number
  asked: string
  times: number[]
}

function judgeBeacon(row: BeaconRow): Draft[] {
  const score = regularity(row.times)
  if (score < regular) return []
  const gaps = gapsOf(row.times)
  const every = Math.round(quantile(gaps, 0.5))
  const client = plainAddress(row.client)
  const focus = { client: row.client, zone: row.zone, server: '::' }
  return [
    {
      subject: { client, server: plainAddress(row.asked), domain: row.zone },
      identity: [client, row.zone],
      why: `${client} asked ${count(row.questions, 'question')} under ${row.zone} between ${row.first.slice(0, 19)} and ${row.last.slice(0, 19)} UTC, one about every ${count(every, 'second')} (regularity ${score.toFixed(2)} of 1), in ${count(row.names, 'name')}, and was always answered ${row.data}, not to be kept. Command servers answer like this while they have no work.`,
      first: row.first,
      last: row.last,
      measures: {
        regularity: { value: Number(score.toFixed(2)), threshold: regular },
        questions: { value: row.questions, threshold: minQuestions },
        seconds_between: { value: every, threshold: null },
      },
      points: [{ name: 'answers of a beacon', points: 20 }],
      counterEvidence: [],
      lookedAt: [
        'the server gives this address for few other domains, so it is no blocking resolver',
      ],
      evidence: { where: rowsOf.domain, parameters: focus },
      focus,
    },
  ]
}

/** RITA's score of intervals, 0 to 1: how symmetric they lie around their median (Bowley), and how near to it (median absolute deviation). */
export function regularity(times: readonly number[]): number {
  const gaps = gapsOf(times)
  if (gaps.length < 3) return 0
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(gaps, share))
  if (low === undefined || middle === undefined || high === undefined || middle <= 0) return 0
  const skew =
    high - low < 10 || middle === low || middle === high
      ? 0
      : (low + high - 2 * middle) / (high - low)
  const deviation = quantile(
    gaps.map((gap) => Math.abs(gap - middle)).sort((a, b) => a - b),
    0.5,
  )
  return (1 - Math.abs(skew) + Math.max(0, (middle - deviation) / middle)) / 2
}

/** Times between questions that are not at the same moment, in order. */
function gapsOf(times: readonly number[]): number[] {
  return times
    .map((time, i) => time - (times[i - 1] ?? time))
    .filter((gap) => gap > 0)
    .sort((a, b) => a - b)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0
}

/** Characters from which a name is not one that people chose: a label of 52 or 100 in all, below the registrable domain. */
export const longNames: Rule = {
  id: 'long-names',
  title: 'Names too long to be chosen by people',
  isHint: true,
  subject: 'client = {client:IPv6} AND zone = {zone:String}',
  sql: `SELECT client, toString(domain) AS zone, toString(min(ts)) AS first, toString(max(ts)) AS last, uniqExact(qname) AS names, max(length(plain)) AS longest,
    any(server) AS asked
  FROM (
    SELECT ts, client, server, domain, qname,
      replaceRegexpAll(substring(qname, 1, length(qname) - length(domain) - 1), '\\\\\\\\[0-9]{3}', '_') AS plain
    FROM transactions
    WHERE ${inWindow} AND ${isListed} AND length(qname) - length(domain) > 52
  )
  WHERE length(plain) >= 100 OR match(plain, '[^.]{52}')
  GROUP BY client, domain
  ORDER BY names DESC, longest DESC, zone
  LIMIT 100`,
  judge: (rows: LongRow[], bench: Bench) => rows.map((row) => longDraft(row, bench)),
}

interface LongRow {
  client: string
  zone: string
  first: string
  last: string
  names: number
  longest: number
  asked: string
}

function longDraft(row: LongRow, bench: Bench): Draft {
  const client = plainAddress(row.client)
  const focus = { client: row.client, zone: row.zone, server: '::' }
  return {
    subject: { client, server: plainAddress(row.asked), domain: row.zone },
    identity: [client, row.zone],
    why: `${client} asked ${count(row.names, 'name')} under ${row.zone} with a label of 52 characters or more, or 100 in all; the longest has ${row.longest} without the domain. One such name carries little: look whether more left than this (the threshold is ${bench.parameters['minBytes']} bytes in an hour).`,
    first: row.first,
    last: row.last,
    measures: {
      names: { value: row.names, threshold: null },
      longest_name: { value: row.longest, threshold: null },
    },
    points: [{ name: 'long names', points: 10 }],
    counterEvidence: [],
    lookedAt: [],
    evidence: {
      where: `${rowsOf.domain} AND length(qname) - length(domain) > 52`,
      parameters: focus,
    },
    focus,
  }
}
