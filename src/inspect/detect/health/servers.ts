// Servers as their clients see them: queries left without an answer, answers that got slow, answers that say no.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, bothDirections, type Draft, type Rule } from '../detector.ts'
import { count, grouped } from '../evidence.ts'
import { asked, draftOf, type Level, percent, tc } from './fault.ts'
import { judgeWays } from './transport.ts'

/** Rows of a server that count; who asked is counted of those only that something is found about: a set for each slice was half of the time. */
const counted = `${asked} AND match IN ('answered', 'late', 'unanswered') AND attempts > 0 AND ${bothDirections}`

/** One row per server; its five-minute slices as (start, queries, lost, answers, p95 in µs). */
const sql = `SELECT toString(address) AS server, toFloat64(sum(n)) AS queries, toFloat64(sum(n_lost)) AS lost, toFloat64(sum(n_answers)) AS answers,
    toFloat64(sum(n_servfail)) AS servfail, toFloat64(sum(n_refused)) AS refused,
    toFloat64(sum(n_formerr)) AS formerr, toFloat64(sum(n_notimp)) AS notimp, toString(min(begun)) AS first, toString(max(ended)) AS last,
    toFloat64(sum(n_cut)) AS cut, toFloat64(sum(n_fetched)) AS fetched, toFloat64(sum(n_tcp_lost)) AS tcp_lost, toFloat64(sum(n_edns)) AS with_edns,
    toFloat64(sum(n_edns_bad)) AS edns_bad, toFloat64(sum(n_plain)) AS plain,
    arraySort(groupArray((slice, toFloat64(n), toFloat64(n_lost), toFloat64(n_answers), toFloat64(p95)))) AS slices
  FROM (
    SELECT server AS address, toUInt32(intDiv(toUnixTimestamp(ts), 300)) AS slice, count() AS n, countIf(match = 'unanswered') AS n_lost,
      countIf(qr = 1) AS n_answers, min(ts) AS begun, max(ts) AS ended,
      countIf(rcode = 'SERVFAIL') AS n_servfail, countIf(rcode = 'REFUSED') AS n_refused,
      countIf(rcode = 'FORMERR') AS n_formerr, countIf(rcode = 'NOTIMP') AS n_notimp,
      countIf(transport = 'udp' AND qr = 1 AND ${tc}) AS n_cut, countIf(transport = 'tcp' AND qr = 1) AS n_fetched,
      countIf(transport = 'tcp' AND match = 'unanswered') AS n_tcp_lost, countIf(edns_size > 0 AND qr = 1) AS n_edns,
      countIf(edns_size > 0 AND rcode IN ('FORMERR', 'NOTIMP')) AS n_edns_bad,
      countIf(edns_size = 0 AND rcode IN ('NOERROR', 'NXDOMAIN')) AS n_plain,
      ifNotFinite(quantileTDigestIf(0.95)(latency_us, latency_us > 0), 0) AS p95
    FROM transactions
    WHERE ${counted}
    GROUP BY address, slice
  )
  GROUP BY address
  HAVING queries >= {minQueries:UInt32} OR (cut >= 3 AND tcp_lost >= 3) OR edns_bad >= 3
  ORDER BY queries DESC, server
  LIMIT 2000`

/** Rules `unanswered`, `slow`, `failing-server`, `truncation` and `edns`, from one look at each server. */
export const serverRule: Rule = {
  id: 'server',
  title: 'A server does not work well',
  needs: 'both-directions',
  sql,
  subject: 'server = {server:String}',
  async judge(rows: Omit<Server, 'clients'>[], bench) {
    const found = rows.filter((row) => faultsOf({ ...row, clients: 0 }, bench).length > 0)
    const clients = await clientsOf(
      bench,
      found.map(({ server }) => server),
    )
    return found.flatMap((row) =>
      faultsOf({ ...row, clients: clients.get(row.server) ?? 0 }, bench),
    )
  },
}

async function clientsOf(bench: Bench, servers: readonly string[]): Promise<Map<string, number>> {
  if (servers.length === 0) return new Map()
  const rows = await bench.rows<{ server: string; clients: number }>(
    `SELECT toString(address) AS server, toFloat64(uniqExact(client)) AS clients
    FROM (SELECT server AS address, client FROM transactions WHERE ${counted} AND server IN {servers:Array(IPv6)})
    GROUP BY address`,
    { servers },
  )
  return new Map(rows.map(({ server, clients }) => [server, clients]))
}

function faultsOf(row: Server, bench: Bench): Draft[] {
  return [
    ...judgeLoss(row, bench),
    ...judgeLatency(row, bench),
    ...judgeErrors(row, bench),
    ...judgeWays(row),
  ]
}

type Slice = [start: number, queries: number, lost: number, answers: number, p95Us: number]

export interface Server {
  server: string
  queries: number
  lost: number
  answers: number
  clients: number
  servfail: number
  refused: number
  formerr: number
  notimp: number
  first: string
  last: string
  cut: number
  fetched: number
  tcp_lost: number
  with_edns: number
  edns_bad: number
  plain: number
  slices: Slice[]
}

/** Lower bound of a share with 95 % confidence (Wilson 1927): what is left of it when few were seen. */
export function wilsonLower(hits: number, n: number): number {
  if (n === 0) return 0
  const z = 1.96
  const share = hits / n
  const middle = share + (z * z) / (2 * n)
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  return Math.max(0, (middle - spread) / (1 + (z * z) / n))
}

function judgeLoss(row: Server, bench: Bench): Draft[] {
  if (row.queries < bench.parameters['minQueries']) return []
  const { minQueries, maxLoss } = bench.parameters
  const full = row.slices.filter(([, n]) => n >= minQueries)
  const usual = median(full.map(([, n, lost]) => lost / n))
  const bound = wilsonLower(row.lost, row.queries)
  const isUsual = full.length > 2
  const worst = full
    .map(([start, n, lost]) => ({ start, n, lost, bound: wilsonLower(lost, n) }))
    .filter((slice) => slice.bound > Math.max(maxLoss, isUsual ? 3 * usual : 0))
    .sort((a, b) => b.bound - a.bound)[0]
  if (bound <= maxLoss && worst === undefined) return []
  const server = plainAddress(row.server)
  const share = row.lost / row.queries
  const slice =
    worst === undefined || worst.n === row.queries
      ? ''
      : `; in the five minutes from ${clock(worst.start)} it was ${percent(worst.lost / worst.n)} of ${count(worst.n, 'query')}`
  return [
    draftOf({
      rule: 'unanswered',
      title: 'A server leaves queries unanswered',
      level: row.answers === 0 ? 'CRITICAL' : 'ERROR',
      test: 'CONNECTIVITY01',
      subject: { server },
      identity: [server],
      why: `${server} left ${grouped(row.lost)} of ${count(row.queries, 'query')} unanswered, ${percent(share)}, with 95 % confidence at least ${percent(bound)}${slice}.`,
      first: row.first,
      last: row.last,
      answers: row.answers,
      measures: {
        unanswered: { value: round(share), threshold: null },
        unanswered_at_least: { value: round(worst?.bound ?? bound), threshold: maxLoss },
        queries: { value: row.queries, threshold: minQueries },
      },
      against: [
        row.answers === 0
          ? 'no answer of this server was captured at all: its answers may take another way than the one that is captured'
          : '',
        row.clients === 1 ? 'one client asked: the loss may be on its side' : '',
      ].filter((text) => text !== ''),
      where: `server = {address:IPv6} AND match = 'unanswered'`,
      bound: { server: row.server, address: row.server },
    }),
  ]
}

function judgeLatency(row: Server, bench: Bench): Draft[] {
  const full = row.slices.filter(([, , , answers]) => answers >= bench.parameters['minQueries'])
  const usual = median(full.map(([, , , , p95]) => p95))
  const isSlow = (slice: Slice | undefined) =>
    slice !== undefined && slice[4] > 3 * usual && slice[4] > usual + 100_000
  // Four slices make a median that two slow ones do not move.
  if (full.length < 5) return []
  const pair = full.findIndex((slice, i) => isSlow(slice) && isSlow(full[i + 1]))
  if (pair < 0) return []
  const slow = full.filter(isSlow)
  const worst = slow.reduce((top, slice) => Math.max(top, slice[4]), 0)
  const server = plainAddress(row.server)
  return [
    draftOf({
      rule: 'slow',
      title: 'A server became slow',
      level: 'WARNING',
      test: '',
      subject: { server },
      identity: [server],
      why: `One in twenty answers of ${server} took ${milliseconds(worst)} or more in the worst five minutes, where ${milliseconds(usual)} is usual; ${count(slow.length, 'slice')} of five minutes were slow, from ${clock(slow[0]?.[0] ?? 0)} on.`,
      first: row.first,
      last: row.last,
      answers: row.answers,
      measures: {
        p95_ms: { value: round(worst / 1000), threshold: round((3 * usual) / 1000) },
        usual_p95_ms: { value: round(usual / 1000), threshold: null },
      },
      where: `server = {address:IPv6} AND response_frame > 0 AND latency_us >= ${Math.floor(3 * usual)}`,
      bound: { server: row.server, address: row.server },
    }),
  ]
}

/** Shares of answers in ordinary traffic (1.07 million transactions of public captures). */
const ordinary = { SERVFAIL: 0.0064, REFUSED: 0.0013, FORMERR: 0.0013, NOTIMP: 0.0013 } as const

function judgeErrors(row: Server, bench: Bench): Draft[] {
  const { minQueries, maxErrors } = bench.parameters
  if (row.answers < minQueries) return []
  const counts = {
    SERVFAIL: row.servfail,
    REFUSED: row.refused,
    FORMERR: row.formerr,
    NOTIMP: row.notimp,
  }
  const server = plainAddress(row.server)
  return (Object.keys(ordinary) as (keyof typeof ordinary)[]).flatMap((rcode) => {
    const share = counts[rcode] / row.answers
    if (share < maxErrors || chance(counts[rcode], row.answers, ordinary[rcode]) > 1e-6) return []
    return [
      draftOf({
        rule: 'failing-server',
        title: 'A server answers with errors',
        level: levelOf(rcode, share),
        test: '',
        subject: { server },
        identity: [server, rcode],
        why: `${server} gave ${rcode} in ${percent(share)} of ${count(row.answers, 'answer')} to ${count(row.clients, 'client')}; ordinary is ${percent(ordinary[rcode])}.`,
        first: row.first,
        last: row.last,
        answers: row.answers,
        measures: { [`${rcode}_share`]: { value: round(share), threshold: maxErrors } },
        against:
          row.clients < 3
            ? [`${count(row.clients, 'client')} only: one that asks nonsense gets such answers`]
            : [],
        where: `server = {address:IPv6} AND rcode = '${rcode}'`,
        bound: { server: row.server, address: row.server },
      }),
    ]
  })
}

/** A server that refuses strangers does what it should. */
function levelOf(rcode: string, share: number): Level {
  if (rcode === 'REFUSED') return 'NOTICE'
  return share >= 0.5 ? 'ERROR' : 'WARNING'
}

/** Chernoff's bound on seeing so many hits when each has this probability. */
export function chance(hits: number, n: number, probability: number): number {
  const share = hits / n
  if (share <= probability) return 1
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - probability))
  return Math.exp(-n * (share * Math.log(share / probability) + rest))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

function clock(slice: number): string {
  return `${new Date(slice * 300_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
