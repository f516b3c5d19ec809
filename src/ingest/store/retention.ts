// Retention: what was ingested longer ago than a number of days is removed, by the day of ingest and never by the age of a packet.

import type { Database } from '../../database/database.ts'
import { finishRemovals } from './removal.ts'

/** What a retention run removed. */
export interface Retained {
  /** The first day of ingest that is kept, as 2026-01-31. */
  before: string
  rows: number
  /** Captures that are gone from the ledger; what is kept of their lines stands in `removals`. */
  captures: number
}

/** The first day that is kept when so many days are; `today` in days since 1970. */
export function firstDayKept(days: number, today: number): string {
  return new Date((today - days) * 86_400_000).toISOString().slice(0, 10)
}

/**
 * Removes all rows ingested before a day, and the ledger's lines of captures that were. Whole months are dropped as partitions; what is
 * left is deleted and passive DNS made anew. A killed run is finished by the next that writes.
 */
export async function retainFrom(database: Database, before: string): Promise<Retained> {
  await finishRemovals(database)
  const [{ rows, captures }] = await database.rows<{ rows: number; captures: number }>(
    `SELECT (SELECT count() FROM transactions WHERE ingested < {before:Date}) AS rows,
       (SELECT count() FROM captures WHERE ingested < {before:Date}) AS captures`,
    { before },
  )
  if (rows + captures === 0) return { before, rows, captures }
  // One statement: the captures are removed with the days or not at all.
  await database.command(
    `INSERT INTO removals (capture, generation, event, reason, before, path, rows, ledger, at)
     SELECT gone.capture, ifNull(r.generation, 0) + 1, 'begun', 'retained', gone.before, gone.gone_path, gone.rows, gone.ledger, now64(3)
     FROM (
       SELECT '' AS capture, {before:Date} AS before, '' AS gone_path, {rows:UInt64} AS rows, '' AS ledger
       UNION ALL
       SELECT c.id AS capture, toDate(0) AS before, c.path AS gone_path, arraySum(mapValues(c.verdicts)) AS rows,
         trimRight(formatRow('JSONEachRow', c.*)) AS ledger
       FROM captures AS c WHERE c.ingested < {before:Date}
     ) AS gone
     LEFT JOIN (SELECT removals.capture AS capture, max(removals.generation) AS generation FROM removals GROUP BY capture) AS r
       ON r.capture = gone.capture`,
    { before, rows },
  )
  await finishRemovals(database)
  return { before, rows, captures }
}
