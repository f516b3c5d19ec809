// Queries that got two answers which differ, record by record: what only the first says, what only the second says, and how far apart they are.

import type { Database } from '../../database/database.ts'
import { flagText } from '../detect/contrast.ts'
import { type HuntOptions, inWindow, normalise, type Part, type Row } from './part.ts'

/** An answer of a pair, as it is read. */
interface Answer {
  frame: number
  capture: string
  ts: string
  latency_us: number
  ip_ttl: number
  ip_id: number
  rcode: string
  flags: string
  /** `TYPE data`, as they came. */
  records: string[]
}

interface Pair {
  name: string
  client: string
  server: string
  first: Answer
  second: Answer
}

/** Rows of kind `two-answers` for the pairs whose rows of `transactions AS t` meet `condition` (SQL of ours, values bound). */
export async function twoAnswersPart(
  database: Database,
  condition: string,
  parameters: Record<string, unknown>,
  options: HuntOptions,
): Promise<Part> {
  const pairs = await database.rows<PairRow>(pairsSql(condition), { ...parameters, ...options })
  const rows = pairs.map(pairOf).flatMap(rowsOf).slice(0, options.limit)
  return { ...twoAnswers, rows: rows.map((row) => normalise(row, twoAnswers.columns)) }
}

const twoAnswers: Omit<Part, 'rows'> = {
  kind: 'two-answers',
  title: 'two answers to one query (- first only, + second only, = both)',
  columns: [
    { key: 'name', title: 'name', kind: 'text' },
    { key: 'side', title: '', kind: 'word' },
    { key: 'record', title: 'record', kind: 'text' },
    { key: 'frame', title: 'frame', kind: 'frame' },
    { key: 'after_ms', title: 'after ms', kind: 'count' },
    { key: 'ip_ttl', title: 'IP TTL', kind: 'count' },
    { key: 'ip_id', title: 'IP id', kind: 'word' },
    { key: 'flags', title: 'flags', kind: 'word' },
    { key: 'client', title: 'client', kind: 'address', spare: 2 },
    { key: 'server', title: 'server', kind: 'address', spare: 1 },
    { key: 'capture', title: 'capture', kind: 'hidden' },
    { key: 'ts', title: 'ts', kind: 'hidden', as: 'time' },
  ],
}

type AnswerColumns = [string, number, string, number, number, number, string, number, string[]]

interface PairRow {
  name: string
  client: string
  server: string
  answers: AnswerColumns[]
}

/** Both answers of a query carry the frame of it. Conflicts are few, so they are looked for first. */
function pairsSql(condition: string): string {
  return `SELECT any(qname) AS name, of_client AS client, of_server AS server,
      arraySort(groupArray(20)((toString(response_ts), of_frame, toString(answer_capture), after_us, ip_ttl, ip_id, code, response_flags, records))) AS answers
    FROM (
      SELECT t.qname, t.client AS of_client, t.server AS of_server, t.capture AS of_capture, t.response_capture AS answer_capture, t.frame AS query, t.response_frame AS of_frame, t.response_ts,
        greatest(0, dateDiff('microsecond', t.ts, t.response_ts)) AS after_us, t.response_ip_ttl AS ip_ttl, t.response_ip_id AS ip_id,
        toString(t.rcode) AS code, t.response_flags, t.match,
        arrayFilter((record, section) -> section = 'answer', arrayMap((type, data) -> concat(toString(type), ' ', data), t.rr.type, t.rr.data), t.rr.section) AS records
      FROM transactions AS t
      WHERE ${inWindow} AND ${condition} AND t.match IN ('answered', 'late', 'conflict') AND t.frame > 0
        AND (t.capture, t.frame) IN (
          SELECT t.capture, t.frame FROM transactions AS t WHERE ${inWindow} AND ${condition} AND t.match = 'conflict')
    )
    GROUP BY of_client, of_server, of_capture, query
    HAVING countIf(match = 'conflict') > 0 AND count() > 1
    ORDER BY min(response_ts), query
    LIMIT {limit:UInt32}`
}

/** The first answer, and the first after it that says something else. */
function pairOf({ name, client, server, answers }: PairRow): Pair {
  const [first, ...others] = answers.map(answerOf)
  const text = (answer: Answer) => [answer.rcode, ...answer.records.toSorted()].join('\n')
  const second = others.find((answer) => text(answer) !== text(first)) ?? others[0]
  return { name, client, server, first, second }
}

function answerOf(columns: AnswerColumns): Answer {
  const [ts, frame, capture, latency_us, ip_ttl, ip_id, rcode, flags, records] = columns
  return { frame, ts, capture, latency_us, ip_ttl, ip_id, rcode, flags: flagText(flags), records }
}

function rowsOf({ name, client, server, first, second }: Pair): Row[] {
  const row = (side: string, answer: Answer, record: string): Row => ({
    name,
    side,
    record,
    frame: answer.frame,
    after_ms: answer.latency_us / 1000,
    ip_ttl: answer.ip_ttl,
    ip_id: String(answer.ip_id),
    flags: answer.flags,
    client,
    server,
    capture: answer.capture,
    ts: answer.ts,
  })
  const only = (answer: Answer, other: Answer) => {
    const records = answer.records.filter((record) => !other.records.includes(record))
    return answer.records.length === 0 ? [answer.rcode] : records
  }
  return [
    ...only(first, second).map((record) => row('-', first, record)),
    ...first.records
      .filter((record) => second.records.includes(record))
      .map((record) => row('=', first, record)),
    ...only(second, first).map((record) => row('+', second, record)),
  ]
}
