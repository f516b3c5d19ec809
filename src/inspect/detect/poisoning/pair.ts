// Two answers as a finding shows them: as evidence with their frames, and side by side as a diff.

import type { Parameters } from '../../../database/database.ts'
import { type Bench, inWindow } from '../detector.ts'
import { type Contrast, contrastRecords, flagText } from '../contrast.ts'
import type { EvidenceRow } from '../evidence.ts'
import type { Usual } from './normal.ts'

/** An answer with all that is shown of it. Records are type, data and TTL, of the answer section. */
export interface AnswerRow extends EvidenceRow {
  response_capture: string
  flags: number
  records: [string, string, number][]
}

/** Where an answer is: `frame` is that of the answer. */
export interface Place {
  capture: string
  frame: number
}

/** Records said in a sentence. */
const shownRecords = 4

/** Reads rows of `transactions` that meet a condition (SQL of ours, values bound), as answers; `tail` orders and limits them. */
export function answersWhere(
  bench: Bench,
  condition: string,
  parameters: Parameters,
  tail = '',
): Promise<AnswerRow[]> {
  // The condition stands in a query of its own: outside, the names are those of the texts.
  return bench.rows<AnswerRow>(
    `SELECT toString(capture) AS capture, toString(response_capture) AS response_capture, frame, response_frame, ts, response_ts,
      toString(client) AS client, toString(server) AS server, qname, toString(qtype) AS qtype, toString(rcode) AS rcode,
      toString(match) AS match, attempts, latency_us, response_ip_ttl AS ip_ttl, response_ip_id AS ip_id,
      response_bytes AS bytes, id, client_port AS port, response_flags AS flags, length(all_records) AS answers,
      arrayFilter((record, section) -> section = 'answer', arrayMap((type, data, ttl) -> (toString(type), data, ttl), rr.type, rr.data, rr.ttl), rr.section) AS all_records,
      arraySlice(all_records, 1, 50) AS records, arrayMap(record -> record.2, arraySlice(all_records, 1, ${shownRecords})) AS data
    FROM (
      SELECT capture, response_capture, frame, response_frame, ts, response_ts, client, server, qname, qtype, rcode, match, attempts,
        latency_us, response_ip_ttl, response_ip_id, response_bytes, id, client_port, response_flags, rr.type, rr.data, rr.ttl, rr.section
      FROM transactions
      PREWHERE ${condition}
      WHERE ${inWindow}
      ${tail}
    )`,
    parameters,
  )
}

/** Reads answers by their frames, all in one query. */
export async function answersAt(
  bench: Bench,
  places: readonly Place[],
): Promise<(place: Place) => AnswerRow | undefined> {
  if (places.length === 0) return () => undefined
  const rows = await answersWhere(
    bench,
    'response_frame IN {frames:Array(UInt64)} AND response_capture IN {captures:Array(String)}',
    {
      frames: [...new Set(places.map(({ frame }) => frame))],
      captures: [...new Set(places.map(({ capture }) => capture))],
    },
  )
  const known = new Map(rows.map((row) => [`${row.response_capture} ${row.response_frame}`, row]))
  return ({ capture, frame }) => known.get(`${capture} ${frame}`)
}

/** What an answer said: its records, else its response code. */
export function said({ records, rcode }: Pick<AnswerRow, 'records' | 'rcode'>): string {
  if (records.length === 0) return `${rcode} without records`
  const more = records.length - shownRecords
  const shown = records.slice(0, shownRecords).map(([type, data]) => `${type} ${data}`)
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Microseconds as milliseconds, without digits nobody needs. */
export function milliseconds(us: number): number {
  return us >= 100_000 ? Math.round(us / 1000) : Math.round(us / 10) / 100
}

/** Two answers side by side; `usual` is what the server does otherwise. */
export function contrastOf(
  first: AnswerRow,
  second: AnswerRow,
  titles: readonly [string, string],
  usual?: Usual,
): Contrast {
  const fact = (name: string, value: (row: AnswerRow) => string | number) => ({
    name,
    first: String(value(first)),
    second: String(value(second)),
  })
  const beside = (text: string | number, usually: string | number) =>
    usual !== undefined && usual.ip_ttl > 0 ? `${text} (usual: ${usually})` : text
  const records = (row: AnswerRow) => row.records.map(([type, data, ttl]) => ({ type, data, ttl }))
  const isOneQuery = first.client === second.client && first.qname === second.qname
  return {
    first: { title: titles[0], capture: first.response_capture, frame: first.response_frame },
    second: { title: titles[1], capture: second.response_capture, frame: second.response_frame },
    facts: [
      ...(isOneQuery ? [] : [fact('question', ({ qtype, qname }) => `${qtype} ${qname}`)]),
      fact('at', ({ response_ts }) => response_ts.slice(0, 23)),
      fact('after', ({ latency_us }) =>
        latency_us === 0
          ? 'no query'
          : beside(`${milliseconds(latency_us)} ms`, `${milliseconds(usual?.latency_us ?? 0)} ms`),
      ),
      ...(first.server === second.server ? [] : [fact('server', ({ server }) => plain(server))]),
      ...(first.client === second.client ? [] : [fact('client', ({ client }) => plain(client))]),
      fact('id', ({ id }) => id),
      fact('port', ({ port }) => port),
      fact('IP TTL', ({ ip_ttl }) => beside(ip_ttl, usual?.ip_ttl ?? 0)),
      fact('IP id', ({ ip_id }) => ip_id),
      fact('flags', ({ flags }) => flagText(flags)),
      fact('bytes', ({ bytes }) => bytes),
      fact('rcode', ({ rcode }) => rcode),
    ],
    records: contrastRecords(records(first), records(second)),
  }
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
