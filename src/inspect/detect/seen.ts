// What a run looks at: its stretch of packet time, how many asked in it, and the captures it stands in.

import type { Database, Parameters } from '../../database/database.ts'
import { inWindow } from './detector.ts'
import { isoTime } from '../engine-time.ts'

/** A capture the findings can point into. */
export interface CaptureSeen {
  id: string
  path: string
  sensor: string
  first_packet: string
  last_packet: string
  packets: number
  /** Packets lost before they could be read, as far as known. */
  dropped?: number
}

/** First and last packet time (ISO UTC; null where there is nothing), rows, and clients (about; those of unicast DNS). */
export interface WindowSeen {
  since: string | null
  until: string | null
  transactions: number
  clients: number
}

/** Looks at the rows between `{since}` and `{until}`. */
export async function windowSeen(database: Asked, bounds: Parameters): Promise<WindowSeen> {
  const [row] = await database.rows<{ n: number; first: string; last: string; clients: number }>(
    `SELECT count() AS n, toString(min(ts)) AS first, toString(max(ts)) AS last, uniqIf(client, service = 'dns') AS clients
    FROM transactions
    WHERE ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')}`,
    bounds,
  )
  const transactions = row?.n ?? 0
  if (row === undefined || transactions === 0) {
    return { since: null, until: null, transactions: 0, clients: 0 }
  }
  const { clients } = row
  return { since: isoTime(row.first), until: isoTime(row.last), transactions, clients }
}

/** The captures with packets in the window, in order of time. */
export async function capturesSeen(database: Asked, bounds: Parameters): Promise<CaptureSeen[]> {
  const rows = await database.rows<CaptureSeen>(
    `SELECT id, path, toString(sensor) AS sensor, first_packet, last_packet, packets, dropped FROM captures
    WHERE last_packet >= {since:DateTime64(9, 'UTC')} AND first_packet < {until:DateTime64(9, 'UTC')}
    ORDER BY first_packet, id, started DESC
    LIMIT 1 BY id`,
    bounds,
  )
  return rows.map((row) => ({
    ...row,
    first_packet: isoTime(row.first_packet),
    last_packet: isoTime(row.last_packet),
  }))
}

/** What is asked: a store, or one that is asked for everything it holds. */
export type Asked = Pick<Database, 'rows'>

/**
 * The store as a run asks it. Bounds that hold everything are left out of the SQL: reading the time of each row only to find that it is inside
 * takes 16 ms for a million rows, in nearly every query there is.
 */
export function askedWhole(database: Database): Asked {
  return { rows: (sql, parameters) => database.rows(unbounded(sql), parameters) }
}

/** The statement without the bounds of a window. */
export function unbounded(sql: string): string {
  return sql.replaceAll(inWindow, "service = 'dns'")
}
