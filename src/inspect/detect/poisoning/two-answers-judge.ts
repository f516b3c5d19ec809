// Judges two differing answers to one query: what the two have apart from their records, which is the forged one, and what would explain them.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points, scoreOf } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { siteOf } from '../network.ts'
import { isOtherDistance, type Usual, usualOf } from './normal.ts'
import { type AnswerRow, contrastOf, milliseconds, said } from './pair.ts'

/** A query and its two answers, the earlier one first. Records are type, data and TTL. */
export interface TwoAnswersRow {
  client: string
  server: string
  qname: string
  type: string
  id: number
  port: number
  attempts: number
  subnet: string
  query_capture: string
  query_frame: number
  capture_1: string
  capture_2: string
  frame_1: number
  frame_2: number
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
  records_1: [string, string, number][]
  records_2: [string, string, number][]
}

interface GuessRow {
  client: string
  server: string
  qname: string
  guesses: number
}

const authoritative = 0x400
const truncated = 0x200
const recursion = 0x80
const daySeconds = 86_400

/** One draft for each client, server, name and type: the pair that speaks most clearly, and how many there were. */
export async function judgeTwoAnswers(rows: TwoAnswersRow[], bench: Bench): Promise<Draft[]> {
  const pairs = rows.filter((row) => !isExplained(row))
  if (pairs.length === 0) return []
  const usual = await usualOf(bench, pairs)
  const guesses = await bench.rows<GuessRow>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, qname, toFloat64(uniqExact(id, client_port)) AS guesses
    FROM (
      SELECT client AS of_client, server AS of_server, qname, id, client_port FROM transactions
      PREWHERE match IN ('wrong_id', 'wrong_port')
      WHERE ${inWindow} AND client IN {clients:Array(IPv6)} AND qname IN {names:Array(String)}
    )
    GROUP BY client, server, qname`,
    {
      clients: [...new Set(pairs.map((pair) => pair.client))],
      names: [...new Set(pairs.map((pair) => pair.qname))],
    },
  )
  const groups = new Map<string, TwoAnswersRow[]>()
  for (const pair of pairs) {
    const key = [pair.client, pair.server, pair.type, pair.qname].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), pair])
  }
  return [...groups.values()].map((group) => {
    const { client, server, qname } = group[0]
    const guessed = guesses.find(
      (row) => row.client === client && row.server === server && row.qname === qname,
    )
    return draftOf(group, usual(group[0]), guessed?.guesses ?? 0)
  })
}

/** True where the difference means nothing: a failure or a truncated answer beside data, or addresses of one network. */
function isExplained(row: TwoAnswersRow): boolean {
  if (((row.flags_1 | row.flags_2) & truncated) !== 0) return true
  const isFailure = (code: string) => code !== 'NOERROR' && code !== 'NXDOMAIN'
  if (isFailure(row.code_1) || isFailure(row.code_2)) return true
  if (row.code_1 !== row.code_2) return false
  const networks = new Set(
    [...row.records_1, ...row.records_2].map(([type, data]) => siteOf(type, data)),
  )
  return row.records_1.length > 0 && row.records_2.length > 0 && networks.size === 1
}

function draftOf(group: TwoAnswersRow[], usual: Usual, guesses: number): Draft {
  const scored = group.map((row) => ({ row, ...pointsOf(row, usual, guesses) }))
  scored.sort((a, b) => scoreOf(b.points) - scoreOf(a.points))
  const { row, points, counterEvidence } = scored[0]
  const client = plainAddress(row.client)
  const server = plainAddress(row.server)
  const times = group.flatMap((pair) => [pair.ts_1, pair.ts_2]).sort()
  const pairs = group.length === 1 ? 'seen once' : `${count(group.length, 'such pair')} in all`
  return {
    subject: { client, server, name: row.qname, type: row.type },
    identity: [client, server, row.qname, row.type],
    why: `${client} asked ${server} once for ${row.type} ${row.qname} and got two answers: first ${said(answerOf(row, 1))} after ${milliseconds(row.latency_1)} ms, then ${said(answerOf(row, 2))} after ${milliseconds(row.latency_2)} ms; ${pairs}. ${whoForged(row, usual)} ${whereFrom(guesses)}`,
    first: times[0],
    last: times.at(-1)!,
    measures: {
      differing_answers: { value: group.length, threshold: 1 },
      first_answer: { value: said(answerOf(row, 1)), threshold: null },
      second_answer: { value: said(answerOf(row, 2)), threshold: null },
      ip_ttl_difference: { value: Math.abs(row.ip_ttl_1 - row.ip_ttl_2), threshold: 2 },
      first_latency_ms: { value: row.latency_1 / 1000, threshold: usual.latency_us / 2000 || null },
      second_latency_ms: { value: row.latency_2 / 1000, threshold: null },
      guesses_before: { value: guesses, threshold: 1 },
    },
    points,
    counterEvidence,
    evidence: scored
      .slice(0, 2)
      .flatMap((pair) => [answerOf(pair.row, 1), answerOf(pair.row, 2)].map(answerEvidence)),
    contrast: contrastOf(answerOf(row, 1), answerOf(row, 2), ['came first', 'came second'], usual),
    focus: { client: row.client, server: row.server, name: row.qname, type: row.type },
  }
}

function pointsOf(
  row: TwoAnswersRow,
  usual: Usual,
  guesses: number,
): { points: Points[]; counterEvidence: string[] } {
  const points: Points[] = [{ name: 'two answers differ', points: 50 }]
  const counterEvidence: string[] = []
  const isFar = isOtherDistance(row.ip_ttl_1, row.ip_ttl_2)
  if (isFar) points.push({ name: 'hop counts differ', points: 15 })
  if (isEarly(row, usual)) points.push({ name: 'first answer came early', points: 15 })
  const isOtherFlags = ((row.flags_1 ^ row.flags_2) & (authoritative | recursion)) !== 0
  if (isOtherFlags || (row.ip_id_1 === 0) !== (row.ip_id_2 === 0))
    points.push({ name: 'headers differ', points: 10 })
  const ttls = [longestTtl(row.records_1), longestTtl(row.records_2)].sort((a, b) => a - b)
  if (ttls[0] > 0 && ttls[1] >= Math.max(daySeconds, 10 * ttls[0]))
    points.push({ name: 'one TTL is far longer', points: 10 })
  if (guesses > 0) points.push({ name: 'guesses came before', points: 20 })
  if (row.attempts > 1) {
    points.push({ name: 'query was sent again', points: -30 })
    counterEvidence.push(
      `the query was sent ${row.attempts} times before its first answer: a rotating set answers each copy on its own`,
    )
  }
  const first = new Set(row.records_1.map(([type, data]) => `${type} ${data}`))
  if (row.records_2.some(([type, data]) => first.has(`${type} ${data}`))) {
    points.push({ name: 'answers overlap', points: -30 })
    counterEvidence.push('the two answers share a record')
  }
  if (row.subnet !== '') {
    points.push({ name: 'client subnet', points: -20 })
    counterEvidence.push(`the query carried the client subnet ${row.subnet}`)
  }
  const isTranslated = (records: TwoAnswersRow['records_1']) =>
    records.some(([type, data]) => type === 'AAAA' && data.startsWith('64:ff9b:'))
  if (isTranslated(row.records_1) !== isTranslated(row.records_2)) {
    points.push({ name: 'address of a translator', points: -30 })
    counterEvidence.push('one answer is an IPv4 address inside 64:ff9b::/96, as DNS64 makes it')
  }
  const share = usual.conflicts / Math.max(1, usual.answers)
  if (!isFar && usual.conflict_names >= 5 && share > 0.01) {
    points.push({ name: 'server does this often', points: -30 })
    counterEvidence.push(
      `of ${count(usual.answers, 'answer')} of this server ${count(usual.conflicts, 'query')} got two that differ, for ${count(usual.conflict_names, 'name')}, all from one distance`,
    )
  }
  if (usual.duplicates > 0)
    counterEvidence.push(
      `${count(usual.duplicates, 'answer')} of this server came twice with equal records: a path or a mirror that doubles packets; those are not counted`,
    )
  if (row.type === 'A' && [...row.records_1, ...row.records_2].some(([, data]) => isBlocked(data)))
    counterEvidence.push(
      'one answer is an address that blocking resolvers and captive portals give: then the network itself is the forger, on purpose',
    )
  return { points, counterEvidence }
}

/** One of the two answers, as it is shown. */
function answerOf(row: TwoAnswersRow, n: 1 | 2): AnswerRow {
  const records = row[`records_${n}`]
  return {
    frame: row.query_frame,
    ts: row.ts_1,
    client: row.client,
    server: row.server,
    qname: row.qname,
    qtype: row.type,
    attempts: row.attempts,
    id: row.id,
    port: row.port,
    capture: row.query_capture,
    response_capture: row[`capture_${n}`],
    response_frame: row[`frame_${n}`],
    response_ts: row[`ts_${n}`],
    rcode: row[`code_${n}`],
    match: n === 1 ? 'answered' : 'conflict',
    latency_us: row[`latency_${n}`],
    ip_ttl: row[`ip_ttl_${n}`],
    ip_id: row[`ip_id_${n}`],
    bytes: row[`bytes_${n}`],
    flags: row[`flags_${n}`],
    answers: records.length,
    data: records.slice(0, 4).map(([, data]) => data),
    records,
  }
}

/** Which of the two is forged, by what its packet has unlike all other packets of this server. */
function whoForged(row: TwoAnswersRow, usual: Usual): string {
  const isOdd = (ipTtl: number) => usual.ip_ttl > 0 && isOtherDistance(ipTtl, usual.ip_ttl)
  const odd = [isOdd(row.ip_ttl_1) || isEarly(row, usual), isOdd(row.ip_ttl_2)]
  if (odd[0] === odd[1]) return 'One of them is forged; their packets do not say which.'
  const reasons = odd[0]
    ? [
        ...(isOdd(row.ip_ttl_1) ? [distance(row.ip_ttl_1, usual)] : []),
        ...(isEarly(row, usual)
          ? [`it took less than half of the usual ${milliseconds(usual.latency_us)} ms`]
          : []),
      ]
    : [distance(row.ip_ttl_2, usual)]
  return `The ${odd[0] ? 'first' : 'second'} one is forged: ${reasons.join(', and ')}.`
}

/** On the path or off it, and why. */
function whereFrom(guesses: number): string {
  return guesses > 0
    ? `By somebody off the path: ${count(guesses, 'answer')} with a wrong id or port came for this name, and a guess hit.`
    : 'By somebody on the path: id and port are right, and no wrong guess came before.'
}

function distance(ipTtl: number, usual: Usual): string {
  return `its IP TTL is ${ipTtl} where ${usual.ip_ttl} is usual for this server`
}

function isEarly(row: TwoAnswersRow, usual: Usual): boolean {
  return usual.latency_us > 0 && row.latency_1 < usual.latency_us / 2
}

function isBlocked(data: string): boolean {
  return data === '0.0.0.0' || data.startsWith('127.')
}

function longestTtl(records: TwoAnswersRow['records_1']): number {
  return records.reduce((longest, [, , ttl]) => Math.max(longest, ttl), 0)
}
