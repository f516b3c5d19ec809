// Judges two differing answers to one query: what the two have apart from their records, and what would explain them.

import type { Bench, Draft, Points } from './detector.ts'
import { answerEvidence, count, type Evidence, type EvidenceRow, plainAddress } from './evidence.ts'
import { siteOf } from './network.ts'

/** A query and its two answers, the earlier one first. */
export interface TwoAnswersRow {
  client: string
  server: string
  qname: string
  type: string
  id: number
  port: number
  attempts: number
  subnet: string
  query_frame: number
  query_offset: number
  capture_1: string
  capture_2: string
  frame_1: number
  frame_2: number
  offset_1: number
  offset_2: number
  ts_1: string
  ts_2: string
  code_1: string
  code_2: string
  latency_1: number
  latency_2: number
  ip_ttl_1: number
  ip_ttl_2: number
  ip_id_1: number
  ip_id_2: number
  bytes_1: number
  bytes_2: number
  flags_1: number
  flags_2: number
  records_1: [string, string][]
  records_2: [string, string][]
}

/** Answered exchanges a server needs before its usual time means anything. */
const minTimed = 10

const authoritative = 0x400
const truncated = 0x200
const recursion = 0x80

/** One draft for each client, server, name and type: the pair that speaks most clearly, and how many there were. */
export async function judgeTwoAnswers(rows: TwoAnswersRow[], bench: Bench): Promise<Draft[]> {
  const pairs = rows.filter((row) => !isExplained(row))
  if (pairs.length === 0) return []
  const usual = await bench.rows<{ server: string; client: string; n: number; median: number }>(
    `SELECT server, client, count() AS n, toFloat64(quantile(0.5)(latency_us)) AS median
    FROM transactions
    WHERE service = 'dns' AND match = 'answered' AND server IN {servers:Array(IPv6)} AND client IN {clients:Array(IPv6)}
      AND ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')}
    GROUP BY server, client`,
    {
      servers: [...new Set(pairs.map((pair) => pair.server))],
      clients: [...new Set(pairs.map((pair) => pair.client))],
    },
  )
  const groups = new Map<string, TwoAnswersRow[]>()
  for (const pair of pairs) {
    const key = [pair.client, pair.server, pair.type, pair.qname].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), pair])
  }
  return [...groups.values()].map((group) => draftOf(group, usual))
}

/** True where the difference means nothing: a failure or a truncated answer beside data, or addresses of one network. */
function isExplained(row: TwoAnswersRow): boolean {
  if (((row.flags_1 | row.flags_2) & truncated) !== 0) return true
  const isFailure = (code: string) => code !== 'NOERROR' && code !== 'NXDOMAIN'
  if (isFailure(row.code_1) || isFailure(row.code_2)) return true
  if (row.code_1 !== row.code_2) return false
  const records = [...row.records_1, ...row.records_2]
  const networks = new Set(records.map(([type, data]) => siteOf(type, data)))
  return row.records_1.length > 0 && row.records_2.length > 0 && networks.size === 1
}

function draftOf(
  group: TwoAnswersRow[],
  usual: { server: string; client: string; n: number; median: number }[],
): Draft {
  const timed = usual.find(
    (row) => row.server === group[0].server && row.client === group[0].client,
  )
  const median = timed !== undefined && timed.n >= minTimed ? timed.median : 0
  const scored = group.map((row) => ({ row, ...pointsOf(row, median) }))
  scored.sort((a, b) => sum(b.points) - sum(a.points))
  const { row, points, counterEvidence } = scored[0]
  const client = plainAddress(row.client)
  const server = plainAddress(row.server)
  const times = group.flatMap((pair) => [pair.ts_1, pair.ts_2]).sort()
  const said = (records: [string, string][], code: string) =>
    records.length === 0 ? code : records.map(([type, data]) => `${type} ${data}`).join(', ')
  return {
    subject: { client, server, name: row.qname, type: row.type },
    identity: [client, server, row.qname, row.type],
    why: `${client} asked ${server} once for ${row.type} ${row.qname} and got two answers: ${said(row.records_1, row.code_1)} after ${row.latency_1 / 1000} ms (IP TTL ${row.ip_ttl_1}, IP id ${row.ip_id_1}), then ${said(row.records_2, row.code_2)} after ${row.latency_2 / 1000} ms (IP TTL ${row.ip_ttl_2}, IP id ${row.ip_id_2}); ${group.length === 1 ? 'seen once' : `${count(group.length, 'such pair')} in all`}. One of them is forged, by somebody who saw the query: id and port are right.`,
    first: times[0],
    last: times.at(-1)!,
    measures: {
      differing_answers: { value: group.length, threshold: 1 },
      first_answer: { value: said(row.records_1, row.code_1), threshold: null },
      second_answer: { value: said(row.records_2, row.code_2), threshold: null },
      ip_ttl_difference: { value: Math.abs(row.ip_ttl_1 - row.ip_ttl_2), threshold: 2 },
      first_latency_ms: { value: row.latency_1 / 1000, threshold: median / 2000 || null },
      second_latency_ms: { value: row.latency_2 / 1000, threshold: null },
    },
    points,
    counterEvidence,
    evidence: scored.slice(0, 3).flatMap((pair) => sideBySide(pair.row)),
    focus: { client: row.client, server: row.server, name: row.qname, type: row.type },
  }
}

function pointsOf(
  row: TwoAnswersRow,
  median: number,
): { points: Points[]; counterEvidence: string[] } {
  const points: Points[] = [{ name: 'two answers differ', points: 50 }]
  const counterEvidence: string[] = []
  if (Math.abs(row.ip_ttl_1 - row.ip_ttl_2) >= 2)
    points.push({ name: 'hop counts differ', points: 15 })
  if (median > 0 && row.latency_1 < median / 2)
    points.push({ name: 'first answer came early', points: 15 })
  const isOtherFlags = ((row.flags_1 ^ row.flags_2) & (authoritative | recursion)) !== 0
  if (isOtherFlags || (row.ip_id_1 === 0) !== (row.ip_id_2 === 0))
    points.push({ name: 'headers differ', points: 10 })
  if (row.attempts > 1) {
    points.push({ name: 'query was sent again', points: -30 })
    counterEvidence.push(`the query was sent ${row.attempts} times before its first answer`)
  }
  const first = new Set(row.records_1.map((record) => record.join(' ')))
  if (row.records_2.some((record) => first.has(record.join(' ')))) {
    points.push({ name: 'answers overlap', points: -30 })
    counterEvidence.push('the two answers share a record')
  }
  if (row.subnet !== '') {
    points.push({ name: 'client subnet', points: -20 })
    counterEvidence.push(`the query carried the client subnet ${row.subnet}`)
  }
  return { points, counterEvidence }
}

/** Both answers as evidence, in order of arrival. */
function sideBySide(row: TwoAnswersRow): Evidence[] {
  const common = {
    frame: row.query_frame,
    offset: row.query_offset,
    ts: row.ts_1,
    client: row.client,
    server: row.server,
    qname: row.qname,
    qtype: row.type,
    attempts: row.attempts,
    id: row.id,
    port: row.port,
  }
  const first: EvidenceRow = {
    ...common,
    capture: row.capture_1,
    response_frame: row.frame_1,
    response_offset: row.offset_1,
    response_ts: row.ts_1,
    rcode: row.code_1,
    match: 'answered',
    latency_us: row.latency_1,
    ip_ttl: row.ip_ttl_1,
    ip_id: row.ip_id_1,
    bytes: row.bytes_1,
    answers: row.records_1.length,
    data: row.records_1.slice(0, 4).map(([, data]) => data),
  }
  const second: EvidenceRow = {
    ...common,
    capture: row.capture_2,
    response_frame: row.frame_2,
    response_offset: row.offset_2,
    response_ts: row.ts_2,
    rcode: row.code_2,
    match: 'conflict',
    latency_us: Math.max(0, row.latency_2),
    ip_ttl: row.ip_ttl_2,
    ip_id: row.ip_id_2,
    bytes: row.bytes_2,
    answers: row.records_2.length,
    data: row.records_2.slice(0, 4).map(([, data]) => data),
  }
  return [answerEvidence(first), answerEvidence(second)]
}

function sum(points: Points[]): number {
  return points.reduce((total, part) => total + part.points, 0)
}
