// Captures taken out of the store again: their rows, their share of passive DNS, their line of the ledger; finished by the next run if killed.

import { localTable, systemTable, withoutLocal } from '../../database/cluster.ts'
import type { Database } from '../../database/database.ts'
import { StoreError } from '../../errors.ts'

/** Why something was removed. */
export type RemovalReason = 'removed' | 'again' | 'retained'

/** What was removed of one capture. */
export interface Removed {
  id: string
  path: string
  rows: number
}

interface Begun {
  capture: string
  generation: number
  reason: RemovalReason
  before: string
}

/** How often a capture has been removed: 0 for most. */
export async function generationOf(database: Database, id: string): Promise<number> {
  const [row] = await database.rows<{ generation: number }>(
    'SELECT max(r.generation) AS generation FROM removals AS r WHERE r.capture = {id:String}',
    { id },
  )
  return row?.generation ?? 0
}

/** The tokens of a capture's blocks begin with this: those of a generation that was removed are known to the engine and never used again. */
export function tokenOrigin(id: string, generation: number): string {
  return generation === 0 ? id : `${id}.${generation}`
}

/** Whether a block under this token belongs to what has been removed since it was sealed. */
export async function isStale(database: Database, token: string): Promise<boolean> {
  const [id, generation = '0'] = token.split(':')[0].split('.')
  return Number(generation) < (await generationOf(database, id))
}

/**
 * Removes captures by their ids, finished or not, and waits until they are gone. Ids that the store knows nothing of are passed over. What
 * passive DNS has from them goes with them.
 */
export async function removeCaptures(
  database: Database,
  ids: readonly string[],
  reason: RemovalReason,
): Promise<Removed[]> {
  await finishRemovals(database)
  const removed: Removed[] = []
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const some = ids.slice(from, from + idsAtOnce)
    const found = await database.rows<Removed>(held, { ids: some })
    if (found.length === 0) continue
    await database.command(
      `INSERT INTO removals (capture, generation, event, reason, before, path, rows, ledger, at)
       SELECT held.id, ifNull(r.generation, 0) + 1, 'begun', {reason:String}, 0, held.path, held.rows, held.ledger, now64(3)
       FROM (${held}) AS held
       LEFT JOIN (SELECT removals.capture AS capture, max(removals.generation) AS generation FROM removals GROUP BY capture) AS r
         ON r.capture = held.id`,
      { ids: some, reason },
    )
    removed.push(...found.map(({ id, path, rows }) => ({ id, path, rows })))
  }
  await finishRemovals(database)
  return removed
}

/** Finishes what an earlier run began to remove; every run that writes calls this first. True when there was something. */
export async function finishRemovals(database: Database): Promise<boolean> {
  const begun = await database.rows<Begun>(
    `SELECT r.capture AS capture, r.generation AS generation, any(r.reason) AS reason, max(r.before) AS before
     FROM removals AS r GROUP BY capture, generation HAVING max(r.event) = 'begun' ORDER BY capture, generation`,
  )
  if (begun.length === 0) return false
  for (const { before } of begun.filter(({ capture }) => capture === ''))
    await removeDays(database, before)
  for (let from = 0; from < begun.length; from += idsAtOnce) {
    const some = begun.slice(from, from + idsAtOnce).filter(({ capture }) => capture !== '')
    // What --retain removes goes by its day.
    const ids = some.filter(({ reason }) => reason !== 'retained').map(({ capture }) => capture)
    if (ids.length === 0) continue
    await database.everywhere(
      'ALTER TABLE transactions DELETE WHERE has({ids:Array(String)}, capture) SETTINGS mutations_sync = 2',
      { ids },
    )
  }
  await rebuildPassiveDns(database)
  for (let from = 0; from < begun.length; from += idsAtOnce) {
    const some = begun.slice(from, from + idsAtOnce)
    await database.everywhere(
      'ALTER TABLE captures DELETE WHERE has({ids:Array(String)}, id) SETTINGS mutations_sync = 2',
      { ids: some.map(({ capture }) => capture).filter((id) => id !== '') },
    )
    await database.command(
      `INSERT INTO removals (capture, generation, event, reason, before, path, rows, ledger, at)
       SELECT r.capture, r.generation, 'done', r.reason, r.before, r.path, r.rows, r.ledger, now64(3)
       FROM removals AS r
       WHERE r.event = 'begun' AND has(arrayZip({ids:Array(String)}, {generations:Array(UInt32)}), (r.capture, r.generation))`,
      {
        ids: some.map(({ capture }) => capture),
        generations: some.map(({ generation }) => generation),
      },
    )
  }
  return true
}

/** The rows of a day's partition are dropped with it, which costs nothing; those of the month that the day lies in are deleted. */
async function removeDays(database: Database, before: string): Promise<void> {
  const partitions = await database.rows<{ id: string }>(
    `SELECT DISTINCT p.partition_id AS id FROM ${systemTable('parts', database.cluster)} AS p
     WHERE p.active AND p.database = currentDatabase() AND p.table = {table:String}
       AND toUInt32OrZero(p.partition_id) BETWEEN 1 AND toYYYYMM({before:Date}) - 1`,
    { before, table: localTable('transactions', database.cluster) },
  )
  for (const { id } of partitions) {
    if (/^\d{6}$/.test(id))
      await database.everywhere(`ALTER TABLE transactions DROP PARTITION ID '${id}'`)
  }
  await database.everywhere(
    'ALTER TABLE transactions DELETE WHERE ingested < {before:Date} SETTINGS mutations_sync = 2',
    { before },
  )
}

/**
 * Makes `rrsets` anew from the rows that are left and puts it in place in one step. Not by an exchange of tables: the tokens that rrsets
 * knows would go with it, and the repeated block of a killed run would be counted twice (measured). Replacing the partition keeps them.
 */
async function rebuildPassiveDns(database: Database): Promise<void> {
  const { cluster } = database
  const [{ feed }] = await database.rows<{ feed: string }>(
    `SELECT t.as_select AS feed FROM system.tables AS t WHERE t.database = currentDatabase() AND t.name = 'rrsets_feed'`,
  )
  for (let turn = 0; turn < rebuildTurns; turn++) {
    await database.everywhere('DROP TABLE IF EXISTS rrsets_rebuilt SYNC')
    await database.everywhere('CREATE TABLE rrsets_rebuilt AS rrsets')
    if (cluster?.isReplicated) await database.everywhere('SYSTEM SYNC REPLICA transactions')
    const rowsBefore = await rowCount(database)
    // On a cluster each server fills its own from its own.
    const place = cluster === undefined ? '' : ', parallel_distributed_insert_select = 2'
    await database.command(
      `INSERT INTO rrsets_rebuilt (name, type, data, section, server_role, match, first_seen, last_seen, count, ttl_min, ttl_max)
       ${withoutLocal(feed, cluster)} SETTINGS max_bytes_before_external_group_by = 500000000${place}`,
    )
    if (cluster?.isReplicated) await database.everywhere('SYSTEM SYNC REPLICA rrsets_rebuilt')
    const [{ kept }] = await database.rows<{ kept: number }>(
      'SELECT count() AS kept FROM rrsets_rebuilt',
    )
    // The engine refuses to replace something by nothing.
    if (kept === 0)
      await database.everywhere('ALTER TABLE rrsets DELETE WHERE 1 SETTINGS mutations_sync = 2')
    else
      await database.everywhere('ALTER TABLE rrsets REPLACE PARTITION tuple() FROM rrsets_rebuilt')
    await database.everywhere('DROP TABLE rrsets_rebuilt SYNC')
    if ((await rowCount(database)) === rowsBefore) return
  }
  throw new StoreError(
    'busy-store',
    `${database.location}: others write into it all the time, so passive DNS cannot be made anew without what was removed; stop the sensors for a moment and run the same command again`,
  )
}

/** A server serves other sensors at the same time: what they store while rrsets is made is missing in it. */
const rebuildTurns = 5

async function rowCount(database: Database): Promise<number> {
  const [{ rows }] = await database.rows<{ rows: number }>(
    'SELECT count() AS rows FROM transactions',
  )
  return rows
}

/** Ids in one statement: a bound value may have 120,000 bytes. */
const idsAtOnce = 4000

/** What the store holds of some captures. No alias is a column's name: the line would have that column under another. */
const held = `SELECT held_id AS id, max(held_path) AS path, sum(stored) AS rows, max(line) AS ledger FROM (
    SELECT c.id AS held_id, c.path AS held_path, 0 AS stored, trimRight(formatRow('JSONEachRow', c.*)) AS line
    FROM captures AS c WHERE has({ids:Array(String)}, c.id)
    UNION ALL
    SELECT toString(t.capture) AS held_id, '' AS held_path, count() AS stored, '' AS line
    FROM transactions AS t WHERE has({ids:Array(String)}, t.capture) GROUP BY held_id
  ) GROUP BY held_id ORDER BY held_id`
