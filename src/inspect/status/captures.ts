// The ledger read again: what each capture gave, and whether its sums still hold.

import type { Database } from '../../database/database.ts'
import { jsonText } from '../report/json.ts'
import { time } from '../report/quantity.ts'

/** A capture as `overhear captures list` shows it; of an unfinished one only the rows are known. */
export interface CaptureState {
  id: string
  /** Empty for an unfinished capture. */
  path: string
  sensor: string
  packets: number
  /** Packets that no bin holds: anything but 0 is a bug. */
  unaccounted: number
  messages: number
  /** Rows that the ledger says were written, and those that are there: fewer where --retain took days of it. */
  rows: number
  rows_stored: number
  dropped: number
  problems: number
  masked: string
  /** ISO times of packets; null without packets or while unfinished. */
  first_packet: string | null
  last_packet: string | null
  /** ISO time of the end of its ingest; null while unfinished. */
  finished: string | null
}

/** All captures by the end of their ingest, those with rows but no line of the ledger last; the newest `limit` of them when given. */
export async function listCaptures(database: Database, limit = 0): Promise<CaptureState[]> {
  const rows = await database.rows<CaptureState>(capturesSql, { limit })
  return rows.map((row) => ({
    ...row,
    first_packet: row.packets > 0 ? time(String(row.first_packet), 9) : null,
    last_packet: row.packets > 0 ? time(String(row.last_packet), 9) : null,
    finished: String(row.finished).startsWith('1970') ? null : time(String(row.finished)),
  }))
}

/** The whole line of the ledger of a capture, in the store or removed; undefined when there is none. */
export async function showCapture(
  database: Database,
  id: string,
): Promise<Record<string, unknown> | undefined> {
  const [line] = await database.rows<Record<string, unknown>>(
    'SELECT c.* FROM captures AS c WHERE c.id = {id:String} LIMIT 1',
    { id },
  )
  if (line !== undefined) return line
  const [removed] = await database.rows<{ ledger: string; at: string; reason: string }>(
    `SELECT r.ledger AS ledger, r.at AS at, r.reason AS reason FROM removals AS r
     WHERE r.capture = {id:String} AND r.ledger != '' ORDER BY r.generation DESC, r.event DESC LIMIT 1`,
    { id },
  )
  if (removed === undefined) return undefined
  const { reason } = removed
  const ledger = JSON.parse(removed.ledger) as Record<string, unknown>
  return { ...ledger, removed: time(removed.at), removed_because: reason }
}

/** JSON lines. */
export function captureLines(captures: readonly CaptureState[]): string {
  return captures.map((each) => `${jsonText(each)}\n`).join('')
}

// The ledger in brackets: on a cluster each server would else join its part, and all would tell of the rows without a line.
const capturesSql = `
  SELECT l.id AS id, l.path AS path, l.sensor AS sensor, l.packets AS packets,
    toInt64(l.packets) - toInt64(l.dns + l.other + l.duplicate + arraySum(mapValues(l.malformed)) + arraySum(mapValues(l.unsupported))) AS unaccounted,
    l.queries + l.responses + l.malformed_messages AS messages,
    arraySum(mapValues(l.verdicts)) AS rows, l.stored AS rows_stored, l.dropped AS dropped, length(l.problems) AS problems, l.masked AS masked,
    l.first_packet AS first_packet, l.last_packet AS last_packet, l.finished AS finished
  FROM (
    SELECT c.*, t.stored AS stored, if(c.id = '', toString(t.capture), c.id) AS id
    FROM (SELECT * FROM captures) AS c
    FULL JOIN (SELECT toString(transactions.capture) AS capture, count() AS stored FROM transactions GROUP BY capture) AS t
      ON t.capture = c.id
  ) AS l
  ORDER BY l.finished = toDateTime64(0, 3, 'UTC') DESC, l.finished DESC, l.id
  LIMIT if({limit:UInt32} = 0, 4294967295, {limit:UInt32})`
