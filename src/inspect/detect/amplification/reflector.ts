// Our end of a reflection: a server that is asked in a victim's name, again and again, for answers many times the size of the question.

import { plainAddress } from '../../../dns/address.ts'
import {
  amplifying,
  answeredWire,
  askedWire,
  bitRate,
  type FloodDetail,
  floodDetail,
  floodParameters,
  percent,
  prefix,
  prefixBits,
  questionPoints,
  round,
} from './flood.ts'
import { type Bench, type Draft, inWindow, type Points, type Rule } from '../detector.ts'
import { count, grouped, insideFinding } from '../evidence.ts'

/** Addresses of one network that a forger with one hop count stands behind; resolver farms of this size differ in it or do not ask ANY. */
const spreadAddresses = 50

/**
 * Who is worth looking at: half of what a minute of reflection needs, within a minute of the clock. Few rows are repeats, truncated or of
 * amplifying types, so this costs little, and it leaves out nothing: a window of a minute touches two minutes of the clock.
 * Where there is nobody, the rest is not read at all.
 */
const candidates = `
        SELECT server, ${prefix} AS prefix FROM transactions
        WHERE ${inWindow} AND transport = 'udp' AND attempts > 0 AND (repeat_in_ttl = 1 OR bitTest(response_flags, 9) OR qtype IN ${amplifying})
        GROUP BY server, prefix, toUInt32(intDiv(toUnixTimestamp(ts), 60))
        HAVING sumIf(attempts, repeat_in_ttl = 1) * 2 >= least(1, {minShare:Float64}) * {minQueries:UInt32}
          OR countIf(bitTest(response_flags, 9)) * 20 >= {minQueries:UInt32}
          OR (min(query_ip_ttl) = max(query_ip_ttl) AND uniq(client) >= ${spreadAddresses} AND sumIf(attempts, qtype IN ${amplifying}) * 2 >= {minQueries:UInt32})
      `

/** One minute in steps of ten seconds. */
const sql = `SELECT server, prefix, bits, toString(min(w_first)) AS first, toString(max(w_last)) AS last,
    toFloat64(max(w_queries)) AS queries, max(w_factor) AS factor, max(w_repeated) AS repeated, max(w_abandoned) AS abandoned,
    toFloat64(max(w_answer_bytes)) AS answer_bytes, max(w_wire_factor) AS wire_factor, toFloat64(max(w_wire_bytes)) AS wire_bytes,
    toFloat64(max(w_peak)) AS peak, max(w_spread) AS spread, toFloat64(max(w_tcp)) AS tcp, toFloat64(max(w_truncated)) AS truncated
  FROM (
    SELECT server, prefix, bits, min(slot_first) OVER w AS w_first, max(slot_last) OVER w AS w_last,
      sum(slot_queries) OVER w AS w_queries, sum(slot_answer_bytes) OVER w AS w_answer_bytes,
      w_answer_bytes / greatest(sum(slot_query_bytes) OVER w, 1) AS w_factor,
      sum(slot_answered_wire) OVER w AS w_wire_bytes, w_wire_bytes / greatest(sum(slot_asked_wire) OVER w, 1) AS w_wire_factor,
      sum(slot_repeats) OVER w / greatest(w_queries, 1) AS w_repeated, max(slot_queries) OVER w AS w_peak,
      sum(slot_truncated) OVER w AS w_truncated, sum(slot_tcp) OVER w AS w_tcp,
      if(w_truncated * 10 >= w_queries, sum(slot_abandoned) OVER w / greatest(w_truncated, 1), 0) AS w_abandoned,
      max(slot_clients) OVER w >= ${spreadAddresses} AND min(slot_ttl_low) OVER w = max(slot_ttl_high) OVER w AS w_spread
    FROM (
      SELECT server, ${prefix} AS prefix, ${prefixBits} AS bits, toUInt32(intDiv(toUnixTimestamp(ts), 10)) AS slot,
        min(ts) AS slot_first, max(ts) AS slot_last,
        sumIf(attempts, transport = 'udp') AS slot_queries,
        sumIf(toUInt64(query_bytes) * attempts, transport = 'udp') AS slot_query_bytes,
        sumIf(response_bytes, transport = 'udp') AS slot_answer_bytes,
        sum(${askedWire}) AS slot_asked_wire, sum(${answeredWire}) AS slot_answered_wire,
        sumIf(attempts, transport = 'udp' AND repeat_in_ttl = 1) AS slot_repeats,
        countIf(transport = 'udp' AND response_frame > 0 AND bitTest(response_flags, 9)) AS slot_truncated,
        countIf(tcp_followup = 1) AS slot_tcp,
        toUInt64(greatest(0, toInt64(slot_truncated) - toInt64(slot_tcp))) AS slot_abandoned,
        uniqExact(client) AS slot_clients, min(query_ip_ttl) AS slot_ttl_low, max(query_ip_ttl) AS slot_ttl_high
      FROM transactions
      WHERE ${inWindow} AND (transport = 'udp' OR tcp_followup = 1) AND attempts > 0
        AND (SELECT count() FROM (${candidates})) > 0 AND (server, ${prefix}) IN (${candidates})
      GROUP BY server, prefix, bits, slot
    )
    WINDOW w AS (PARTITION BY server, prefix ORDER BY slot RANGE BETWEEN CURRENT ROW AND 5 FOLLOWING)
  )
  WHERE w_queries >= {minQueries:UInt32} AND w_factor >= {minFactor:Float64}
    AND (w_repeated >= {minShare:Float64} OR w_abandoned >= {minShare:Float64} OR w_spread)
  GROUP BY server, prefix, bits
  ORDER BY answer_bytes DESC
  LIMIT 1000`

/** Small questions in a victim's name, large answers to the victim. */
export const reflector: Rule = {
  id: 'reflector',
  title: 'A server is used to flood a victim',
  sql,
  subject: 'server = {server:IPv6} AND prefix = {prefix:IPv6}',
  judge: judgeReflector,
}

interface ReflectorRow {
  server: string
  prefix: string
  bits: number
  first: string
  last: string
  queries: number
  factor: number
  wire_factor: number
  repeated: number
  abandoned: number
  answer_bytes: number
  wire_bytes: number
  peak: number
  spread: number
  tcp: number
  truncated: number
}

const ofServer = `transport = 'udp' AND attempts > 0`
const ofReflector = `server = {server:IPv6} AND ${prefix} = {prefix:IPv6} AND ${ofServer}`

async function judgeReflector(rows: ReflectorRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const details = await bench.rows<FloodDetail>(floodDetail(ofServer, true), floodParameters(rows))
  return details.flatMap((detail) => {
    const row = rows[detail.place - 1]
    return row === undefined ? [] : [draftOf(row, detail, bench.parameters)]
  })
}

/** Of 595,959 ordinary answers 99 in 100 stay below this many times the size of their question. */
const ordinaryFactor = 5.1

/** Ten seconds with fewer queries than this are within what monitors ask. */
const slowPeak = 50

function pointsOf(row: ReflectorRow, detail: FloodDetail, minShare: number): Points[] {
  const points: Points[] = []
  const isSpread = row.spread === 1 && detail.top >= 0.9 && detail.amplifying >= 0.8
  if (row.repeated >= minShare) points.push({ name: 'repeated inside the TTL', points: 30 })
  else if (row.abandoned >= minShare) points.push({ name: 'truncation ignored', points: 30 })
  if (isSpread) points.push({ name: 'one sender behind a network', points: 30 })
  else if (detail.addresses > 1 && detail.ip_ttls === 1)
    points.push({ name: 'one sender behind many addresses', points: 10 })
  points.push({
    name: 'amplification factor',
    points: row.factor >= 30 ? 20 : row.factor >= 10 ? 10 : 5,
  })
  points.push(...questionPoints(detail, 0.9))
  if (detail.service_ports >= 0.5) points.push({ name: 'aimed at a service port', points: 15 })
  if (rateOf(row) >= 1e6) points.push({ name: 'high rate', points: 30 })
  const isSlow = row.peak < slowPeak
  if (isSlow) points.push({ name: 'slow', points: -25 })
  if (isCrowd(detail, isSlow)) points.push({ name: 'many different questions', points: -80 })
  if (fetchesOverTcp(row)) points.push({ name: 'truncated answers are fetched', points: -60 })
  if (detail.cookies >= 0.5) points.push({ name: 'server cookies come back', points: -60 })
  return points
}

/** Many hosts behind one address ask for many things; a forger asks for the few that he knows to be large. */
function isCrowd(detail: FloodDetail, isSlow: boolean): boolean {
  return detail.top_ten < 0.5 && (detail.server_types < 0.8 || isSlow)
}

/** Somebody who fetches truncated answers over TCP is there: nobody can shake hands in another's name. */
function fetchesOverTcp(row: ReflectorRow): boolean {
  return row.tcp * 20 >= row.queries && row.tcp * 2 >= row.truncated
}

/** Bits a second on the wire in the busiest minute. */
function rateOf(row: ReflectorRow): number {
  return (row.wire_bytes * 8) / 60
}

function draftOf(
  row: ReflectorRow,
  detail: FloodDetail,
  { minQueries = 0, minFactor = 0, minShare = 0 }: Readonly<Record<string, number>>,
): Draft {
  const focus = { server: row.server, prefix: row.prefix }
  const server = plainAddress(row.server)
  const network = `${plainAddress(row.prefix)}/${row.bits === 120 ? 24 : row.bits}`
  const victim = detail.addresses === 1 ? plainAddress(detail.address) : network
  const towards =
    detail.addresses === 1 ? victim : `${count(detail.addresses, 'address')} of ${victim}`
  const marks: string[] = []
  if (row.repeated > 0) marks.push(`${percent(row.repeated)} came again inside their TTL`)
  if (row.abandoned > 0)
    marks.push(`${percent(row.abandoned)} of truncated answers were never fetched over TCP`)
  if (detail.addresses > 1 && detail.ip_ttls === 1)
    marks.push(`all ${detail.addresses} addresses have one IP TTL`)
  return {
    subject: { server, victim, name: detail.name, type: detail.type },
    identity: [server, network],
    why: `${server} answered ${count(detail.queries, 'query')} that claim to come from ${towards} with ${grouped(detail.bytes)} bytes, ${row.factor.toFixed(1)} times what was asked (${row.wire_factor.toFixed(1)} times in IP packets); ${marks.join(', ')}, and ${percent(detail.top)} were ${detail.type} ${detail.name}; the busiest minute held ${count(row.queries, 'query')}, at most ${grouped(row.peak / 10)} a second, and ${bitRate(rateOf(row))} of answers.`,
    first: row.first,
    last: row.last,
    measures: {
      queries_per_minute: { value: row.queries, threshold: minQueries },
      amplification_factor: {
        value: round(row.factor),
        threshold: minFactor,
        baseline: ordinaryFactor,
      },
      wire_factor: { value: round(row.wire_factor), threshold: null },
      repeated_inside_ttl: { value: round(row.repeated), threshold: minShare },
      truncation_ignored: { value: round(row.abandoned), threshold: minShare },
      queries_per_second: { value: row.peak / 10, threshold: null },
      bits_per_second: { value: Math.round(rateOf(row)), threshold: null },
      bytes: { value: detail.bytes, threshold: null },
      wire_bytes: { value: detail.wire_bytes, threshold: null },
      fragmented_answers: { value: detail.fragmented, threshold: null },
      addresses: { value: detail.addresses, threshold: null },
      ip_ttls: { value: detail.ip_ttls, threshold: null },
      ports: { value: detail.ports, threshold: null },
      questions: { value: detail.questions, threshold: null },
      top_question_share: { value: round(detail.top), threshold: null },
    },
    points: pointsOf(row, detail, minShare),
    counterEvidence: against(row, detail),
    evidence: {
      where: `${ofReflector} AND ${insideFinding}`,
      parameters: { ...focus, first: row.first, last: row.last },
    },
    focus,
  }
}

function against(row: ReflectorRow, detail: FloodDetail): string[] {
  const reasons: string[] = []
  if (isCrowd(detail, row.peak < slowPeak))
    reasons.push(
      `${grouped(detail.questions)} different questions, as a crowd behind one address asks`,
    )
  if (row.peak < slowPeak) reasons.push('fewer than five queries a second, as monitors ask')
  if (row.tcp > 0)
    reasons.push(
      `${count(row.tcp, 'truncated answer')} were fetched over TCP: a sender is really there`,
    )
  if (detail.cookies > 0)
    reasons.push(
      `${percent(detail.cookies)} of the queries carry a server cookie, which only somebody who gets the answers knows`,
    )
  reasons.push(
    'not looked at: ICMP port unreachable from the victim, which would prove the forgery, is not stored',
  )
  return reasons
}
