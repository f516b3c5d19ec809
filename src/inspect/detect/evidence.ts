// The packets behind a finding: where they are in the capture, and each said in a few words.

import type { Database, Parameters } from '../../database/database.ts'
import { plainAddress } from '../../dns/address.ts'
import { isoTime } from '../engine-time.ts'
import { count as number, plural } from '../report/quantity.ts'

/** One packet or exchange. `frame` is that of the query; of the answer where that is the point or there is no query. */
export interface Evidence {
  capture: string
  frame: number
  /** Capture of `response_frame` where that is another file of one rotation. */
  response_capture?: string
  /** Frame of the answer; 0 where there is none. */
  response_frame: number
  /** ISO UTC with nanoseconds: the time of `frame`. */
  ts: string
  text: string
}

/** Which rows of `transactions` to show. */
export interface EvidenceOptions {
  where: string
  parameters: Parameters
  /** Column to order by; `ts` when absent. */
  order?: string
  /** Five when absent. */
  limit?: number
  /** Whether the answers are the point (their frame, their time, their content), or the exchanges. */
  show?: 'exchange' | 'answer'
  /** The record that the answers are shown for: where it stands beside the answer (a delegation, glue, DS) it is said from there. */
  record?: { name: string; type: string }
}

/** Rows from the first to the last of a finding, which are bound as the engine gave them: others like them may stand anywhere in a store. */
export const insideFinding = `ts BETWEEN {first:DateTime64(9, 'UTC')} AND {last:DateTime64(9, 'UTC')}`

/** A row of `transactions` as `findEvidence` reads it. */
export interface EvidenceRow {
  capture: string
  response_capture?: string
  frame: number
  response_frame: number
  ts: string
  response_ts: string
  client: string
  server: string
  qname: string
  qtype: string
  rcode: string
  match: string
  attempts: number
  latency_us: number
  ip_ttl: number
  ip_id: number
  bytes: number
  id: number
  port: number
  answers: number
  data: string[]
  /** What is said where `data` is empty; `no data` when absent. */
  absence?: string
}

/** Answer records shown of one message. */
const shownAnswers = 4

/** Columns of `transactions` that an evidence row is made of. */
const sourceColumns = `capture, response_capture, frame, response_frame, ts, response_ts, client, server, client_port, id,
      qname, qtype, rcode, match, attempts, latency_us, response_ip_ttl, response_ip_id, response_bytes, rr.section, rr.name, rr.type, rr.data`

/** SQL for the records of the answer section, as texts. */
export const answerRecords = `arrayFilter((data, section) -> section = 'answer', rr.data, rr.section)`

/** Records of one name and type from all of the message, those beside the answer with their section; where there are none the answer section. */
const namedRecords = `if(empty(arrayFilter((owner, kind) -> owner = {recordName:String} AND kind = {recordType:String}, rr.name, rr.type) AS found), ${answerRecords},
        arrayFilter(text -> text != '', arrayMap((data, section, owner, kind) -> if(owner = {recordName:String} AND kind = {recordType:String},
          if(section = 'answer', data, concat(toString(section), ' ', data)), ''), rr.data, rr.section, rr.name, rr.type)))`

/** Reads the first rows that meet a condition, in packet order. */
export async function findEvidence(
  database: Database,
  options: EvidenceOptions,
): Promise<Evidence[]> {
  const order = `${options.order ?? 'ts'}, capture, frame, response_frame`
  const { record } = options
  const records = record === undefined ? answerRecords : namedRecords
  // The condition stands in a query of its own: outside, the names are those of the texts.
  const rows = await database.rows<EvidenceRow>(
    `SELECT toString(capture) AS capture, toString(response_capture) AS response_capture, frame, response_frame, ts, response_ts,
      toString(client) AS client, toString(server) AS server, qname, toString(qtype) AS qtype, toString(rcode) AS rcode,
      toString(match) AS match, attempts, latency_us, response_ip_ttl AS ip_ttl, response_ip_id AS ip_id,
      response_bytes AS bytes, id, client_port AS port, length(${records} AS shown) AS answers,
      arraySlice(shown, 1, ${shownAnswers}) AS data
    FROM (
      SELECT ${sourceColumns}
      FROM transactions
      WHERE ${options.where}
      ORDER BY ${order}
      LIMIT ${options.limit ?? 5}
    )
    ORDER BY ${order}`,
    record === undefined
      ? options.parameters
      : { ...options.parameters, recordName: record.name, recordType: record.type },
  )
  const absence = record === undefined ? undefined : `no ${record.type} of ${record.name}`
  return rows.map((row) =>
    options.show === 'answer'
      ? answerEvidence(absence === undefined ? row : { ...row, absence })
      : exchangeEvidence(row),
  )
}

/** `192.0.2.7 -> 198.51.100.2 TXT aaaa.example.org, NOERROR, 2 answers`; the answer alone where there was no query. */
export function exchangeEvidence(row: EvidenceRow): Evidence {
  if (row.frame === 0) return answerEvidence(row)
  const asked = `${plainAddress(row.client)} -> ${plainAddress(row.server)} ${questionOf(row)}`
  const result =
    row.response_frame === 0 ? 'no answer' : `${row.rcode}, ${count(row.answers, 'answer')}`
  const attempts = row.attempts > 1 ? `, sent ${row.attempts} times` : ''
  return { ...placeOf(row), text: `${asked}, ${result}${attempts}` }
}

/** `198.51.100.2 -> 192.0.2.7 A www.example.org, NOERROR: 203.0.113.9; id 77, IP TTL 51, IP id 0, after 0.9 ms (conflict)`. */
export function answerEvidence(row: EvidenceRow): Evidence {
  const told = `${plainAddress(row.server)} -> ${plainAddress(row.client)} ${questionOf(row)}, ${row.rcode}`
  const more = row.answers > row.data.length ? `, ${row.answers - row.data.length} more` : ''
  const data =
    row.data.length === 0 ? `, ${row.absence ?? 'no data'}` : `: ${row.data.join(', ')}${more}`
  const after = row.latency_us > 0 ? `, after ${row.latency_us / 1000} ms` : ''
  const verdict = row.match === 'answered' ? '' : ` (${row.match})`
  return {
    ...placeOf({ ...row, capture: row.response_capture ?? row.capture }),
    frame: row.response_frame,
    ts: isoTime(row.response_ts),
    text: `${told}${data}; ${row.bytes} bytes, id ${row.id}, port ${row.port}, IP TTL ${row.ip_ttl}, IP id ${row.ip_id}${after}${verdict}`,
  }
}

/** `1 answer`, `2 answers`, `3 queries`: estimates and medians to the next whole one. */
export function count(n: number, noun: string): string {
  return plural(Math.round(n), noun)
}

/** A whole number with separators between thousands. */
export function grouped(n: number): string {
  return number(Math.round(n))
}

function placeOf(row: EvidenceRow): Omit<Evidence, 'text'> {
  return {
    capture: row.capture,
    frame: row.frame,
    ...(isElsewhere(row) ? { response_capture: row.response_capture } : {}),
    response_frame: row.response_frame,
    ts: isoTime(row.ts),
  }
}

function isElsewhere(row: EvidenceRow): row is EvidenceRow & { response_capture: string } {
  return row.response_capture !== undefined && row.response_capture !== row.capture
}

function questionOf(row: EvidenceRow): string {
  return row.qname === '' ? '(no question)' : `${row.qtype} ${row.qname}`
}
