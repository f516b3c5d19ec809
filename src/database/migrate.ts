// Brings a store's tables to what this program knows: schemas/*.sql in name order, each remembered by name and hash.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import { createDatabase } from './cluster.ts'
import type { Database } from './database.ts'
import { quoteText } from './statement.ts'

/** The folder of schemas this program ships; the same distance from src/ and from dist/. */
export const schemaFolder = new URL('../../schemas/', import.meta.url)

interface Migration {
  name: string
  sql: string
  hash: string
}

/** Applies what is missing; gives the names applied now. Throws before touching anything when the store is newer or was changed. */
export async function migrate(database: Database, folder: URL = schemaFolder): Promise<string[]> {
  if (database.kind === 'server') await requireWriter(database)
  const isGrown = await hasNewServers(database)
  if (isGrown && database.cluster !== undefined) {
    await database.everywhere(createDatabase(database.cluster))
    await database.everywhere(ledger)
  }
  const pending = await pendingMigrations(database, folder)
  if (pending.length === 0 && !isGrown) return []
  await database.everywhere(ledger)
  for (const { sql } of isGrown ? await readMigrations(folder) : pending)
    await database.everywhere(sql)
  if (pending.length === 0) return []
  // Remembered together: 7 ms less for each. What was applied and not remembered (killed before) runs again: schemas say IF NOT EXISTS.
  await database.command(
    `INSERT INTO schema_migrations SELECT m.1, m.2, now64(3)
     FROM (SELECT arrayJoin(arrayZip({names:Array(String)}, {hashes:Array(String)})) AS m)`,
    { names: pending.map(({ name }) => name), hashes: pending.map(({ hash }) => hash) },
  )
  return pending.map(({ name }) => name)
}

const ledger = `CREATE TABLE IF NOT EXISTS schema_migrations (
    name String COMMENT 'file of schemas/ that was applied',
    sha256 String COMMENT 'SHA-256 of that file',
    applied_at DateTime64(3) COMMENT 'wall clock: when'
  ) ENGINE = MergeTree ORDER BY name`

/** For readers: throws unless the store has exactly the migrations this program knows. */
export async function checkMigrations(
  database: Database,
  folder: URL = schemaFolder,
): Promise<void> {
  const applied = await appliedMigrations(database)
  if (applied.size === 0) {
    throw new StoreError(
      'no-store',
      `no store at ${database.location}; run overhear ingest FILE --store ${database.location} to make one`,
    )
  }
  const pending = await pendingMigrations(database, folder)
  if (pending.length > 0) {
    throw new StoreError(
      'older-store',
      `the store ${database.location} was written by an older overhear; run overhear ingest FILE --store ${database.location} to bring it up to date (a file that it holds already will do: nothing is stored twice)`,
    )
  }
}

/** Before a capture is read: else a user who may only read would learn of it from the first insert, with a block in the spool. */
async function requireWriter(database: Database): Promise<void> {
  const [{ readonly }] = await database.rows<{ readonly: number }>(
    "SELECT toUInt8(getSetting('readonly')) AS readonly",
  )
  if (readonly === 0) return
  throw new StoreError(
    'read-only',
    `the user of ${database.location} may only read: storing needs a user who may write (docs/cluster.md)`,
  )
}

/** Whether servers were added to the cluster since: they get every table, and what the others have is left as it is. */
async function hasNewServers(database: Database): Promise<boolean> {
  const { cluster } = database
  if (cluster === undefined) return false
  const [{ missing }] = await database.rows<{ missing: number }>(
    `SELECT (SELECT count() FROM system.clusters AS c WHERE c.cluster = {cluster:String}) - count() AS missing
     FROM clusterAllReplicas(${quoteText(cluster.name)}, system.tables) AS t
     WHERE t.database = {database:String} AND t.name = 'schema_migrations'`,
    { cluster: cluster.name, database: cluster.database },
  )
  return missing > 0
}

async function pendingMigrations(database: Database, folder: URL): Promise<Migration[]> {
  const known = await readMigrations(folder)
  const applied = await appliedMigrations(database)
  const names = new Set(known.map(({ name }) => name))
  const unknown = [...applied.keys()].find((name) => !names.has(name))
  if (unknown !== undefined) {
    throw new StoreError(
      'newer-store',
      `the store ${database.location} was written by a newer overhear (it has ${JSON.stringify(unknown)}); upgrade overhear, nothing was touched`,
    )
  }
  const changed = known.find(({ name, hash }) => applied.has(name) && applied.get(name) !== hash)
  if (changed !== undefined) {
    throw new StoreError(
      'changed-schema',
      // A release never changes a schema (test/upgrade.test.ts), it adds a file.
      `the store ${database.location} was written by an overhear before its first release, whose tables were others (schemas/${changed.name}); nothing was touched: read it with the program that wrote it, or ingest its captures into a new store`,
    )
  }
  return known.filter(({ name }) => !applied.has(name))
}

async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const migrations = names.map(async (name) => {
    const text = await readFile(new URL(name, folder), 'utf8')
    const hash = createHash('sha256').update(text).digest('hex')
    return { name, sql: text.replace(/[\s;]+$/, ''), hash }
  })
  return Promise.all(migrations)
}

async function appliedMigrations(database: Database): Promise<Map<string, string>> {
  const tables = await database.text(
    "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
  )
  if (tables.trim() === '0') return new Map()
  const rows = await database.rows<{ name: string; sha256: string }>(
    'SELECT name, argMin(m.sha256, applied_at) AS sha256 FROM schema_migrations AS m GROUP BY name',
  )
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]))
}
