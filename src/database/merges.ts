// Background merges of an embedded store wait while a run inserts: measured, they cost a fifth of its CPU, and merging once afterwards is cheaper.

import { localTable, systemTable } from './cluster.ts'
import type { Database } from './database.ts'
import { quoteName } from './statement.ts'

/** Parts above which merges go on during a run: the engine slows inserts down at 1,000 parts and refuses them at 3,000. */
const partsLimit = 200

/**
 * Lets merges wait and returns a function that lets them go on (safe to call twice). Does nothing on a server, whose merges serve others
 * too, nor in a store with many parts.
 */
export async function holdMerges(database: Database): Promise<() => Promise<void>> {
  if (database.kind === 'server') return async () => {}
  const [{ parts }] = await database.rows<{ parts: number }>(
    'SELECT count() AS parts FROM system.parts WHERE active AND database = currentDatabase()',
  )
  if (parts > partsLimit) return async () => {}
  await database.command('SYSTEM STOP MERGES')
  let isHeld = true
  return async () => {
    if (!isHeld) return
    isHeld = false
    await database.command('SYSTEM START MERGES')
  }
}

/** What the tables of a store take on disk. */
export interface OnDisk {
  parts: number
  bytes: number
}

/**
 * Merges all parts of the tables that grow with traffic and waits for it, which takes the engine about a second for each million rows. Only
 * parts with the same projections are merged, and inserts leave them without: they are made up for first.
 */
export async function mergeParts(database: Database): Promise<{ before: OnDisk; after: OnDisk }> {
  const before = await onDisk(database)
  const projections = await database.rows<{ name: string }>(
    `SELECT p.name AS name FROM system.projections AS p
     WHERE p.database = currentDatabase() AND p.table = {table:String}`,
    { table: localTable('transactions', database.cluster) },
  )
  for (const { name } of projections)
    await database.everywhere(
      `ALTER TABLE transactions MATERIALIZE PROJECTION ${quoteName(name)} SETTINGS mutations_sync = 2`,
    )
  for (const table of ['transactions', 'rrsets'])
    await database.everywhere(`OPTIMIZE TABLE ${table} FINAL SETTINGS optimize_throw_if_noop = 0`)
  return { before, after: await onDisk(database) }
}

async function onDisk(database: Database): Promise<OnDisk> {
  const [found] = await database.rows<OnDisk>(
    `SELECT count() AS parts, sum(p.bytes_on_disk) AS bytes FROM ${systemTable('parts', database.cluster)} AS p
     WHERE p.active AND p.database = currentDatabase() AND has({tables:Array(String)}, p.table)`,
    { tables: ['transactions', 'rrsets'].map((table) => localTable(table, database.cluster)) },
  )
  return found
}
