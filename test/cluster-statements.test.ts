// What a schema becomes on a cluster: every statement of the form with Keeper is parsed by the engine, which cannot run it here.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, onCluster, withoutLocal } from '../src/database/cluster.ts'
import type { Database } from '../src/database/database.ts'
import { schemaFolder } from '../src/database/migrate.ts'
import { openStore, throwAway } from '../src/database/open.ts'

const keeper = { name: 'trunk', database: 'dns', isReplicated: true }
const alone = { ...keeper, isReplicated: false }
const schemas = readdirSync(schemaFolder)
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .map((name) => ({ name, sql: readFileSync(new URL(name, schemaFolder), 'utf8').trim() }))

let database: Database
beforeAll(async () => {
  database = await openStore(throwAway)
})
afterAll(() => database.close())

/** The tables that a statement names, as the engine's parser understands it. */
async function parsed(sql: string): Promise<string> {
  return database.text(`EXPLAIN AST ${sql}`, {}, 'TSVRaw')
}

describe.each(schemas)('$name', ({ sql }) => {
  test('parses in both forms, its tables whole in their names, its engine the replicated one', async () => {
    for (const cluster of [keeper, alone]) {
      for (const statement of onCluster(sql, cluster)) {
        const tree = await parsed(statement)
        const tables = [...tree.matchAll(/TableIdentifier (\S+)/g)].map(([, name]) => name)
        expect(tables.filter((name) => !name.startsWith('dns.'))).toEqual([])
        const [head] = statement.split('\n')
        expect(head.includes(" ON CLUSTER 'trunk'")).toBe(cluster.isReplicated)
        if (/ENGINE = \w*MergeTree/.test(statement)) {
          expect(/ENGINE = Replicated/.test(statement)).toBe(cluster.isReplicated)
          expect(statement.includes('non_replicated_deduplication_window')).toBe(
            !cluster.isReplicated && sql.includes('non_replicated_deduplication_window'),
          )
        }
      }
    }
  })
})

test('a table becomes one that each server has and one over all', () => {
  const sql = `-- Things.
CREATE TABLE IF NOT EXISTS things (
  name String COMMENT 'what it is called'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 10000`
  expect(onCluster(sql, keeper)).toEqual([
    `CREATE TABLE IF NOT EXISTS \`dns\`.things_local ON CLUSTER 'trunk' (
  name String COMMENT 'what it is called'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
ORDER BY name
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000`,
    "CREATE TABLE IF NOT EXISTS `dns`.things ON CLUSTER 'trunk' AS `dns`.things_local ENGINE = Distributed('trunk', 'dns', 'things_local', 0)",
  ])
  expect(onCluster(sql, alone)[0]).toContain('ENGINE = ReplacingMergeTree(version)\n')
})

test('a feed reads and fills what its own server has; a view reads what all have', async () => {
  const [feed] = onCluster(
    'CREATE MATERIALIZED VIEW IF NOT EXISTS f TO rrsets AS\nSELECT name FROM transactions\nARRAY JOIN rr.name AS name',
    keeper,
  )
  expect(feed).toContain("`dns`.f ON CLUSTER 'trunk' TO `dns`.rrsets_local AS")
  expect(feed).toContain('FROM `dns`.transactions_local\nARRAY JOIN rr.name')
  const [view] = onCluster(
    'CREATE OR REPLACE VIEW v AS WITH a AS (SELECT 1 AS x FROM captures) SELECT x FROM a JOIN findings ON 1 = 1 JOIN (SELECT 1 FROM numbers(3)) AS n ON 1 = 1',
    keeper,
  )
  expect(view).toContain("CREATE OR REPLACE VIEW `dns`.v ON CLUSTER 'trunk' AS WITH")
  expect(view).toContain('FROM `dns`.captures) SELECT x FROM a JOIN `dns`.findings')
  expect(view).toContain('FROM numbers(3)')
  await parsed(feed)
  await parsed(view)
})

// As removals, networks and migrations say them.
const others: [sql: string, both: string[]][] = [
  ['ALTER TABLE t DELETE WHERE 1 SETTINGS mutations_sync = 2', ['`dns`.t_local']],
  ["ALTER TABLE t DROP PARTITION ID '202601'", ['`dns`.t_local']],
  ['ALTER TABLE t ADD INDEX i a TYPE minmax', ['`dns`.t_local']],
  ['ALTER TABLE t REPLACE PARTITION tuple() FROM u', ['`dns`.t_local', 'FROM `dns`.u_local']],
  [
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS c String COMMENT 'c' CODEC(Delta(8), ZSTD(1))",
    ['`dns`.t_local', 'CODEC', '`dns`.t ON'],
  ],
  ['CREATE TABLE t AS u', ['`dns`.t_local', 'AS `dns`.u_local', '`dns`.t ON', 'AS `dns`.t_local']],
  ['DROP TABLE IF EXISTS t SYNC', ['`dns`.t ON', '`dns`.t_local ON', 'SYNC']],
  ['TRUNCATE TABLE t', ['`dns`.t_local']],
  ['OPTIMIZE TABLE t FINAL SETTINGS optimize_throw_if_noop = 0', ['`dns`.t_local']],
  ['DROP DICTIONARY IF EXISTS t SYNC', ['`dns`.t ON']],
  [
    "CREATE OR REPLACE DICTIONARY t (p String) PRIMARY KEY p SOURCE(CLICKHOUSE(TABLE 'u')) LAYOUT(FLAT()) LIFETIME(0)",
    ['`dns`.t ON'],
  ],
  ['SYSTEM RELOAD DICTIONARY t', ["ON CLUSTER 'trunk' `dns`.t"]],
  ['SYSTEM SYNC REPLICA t', ["ON CLUSTER 'trunk' `dns`.t_local"]],
  [createDatabase(keeper), ["`dns` ON CLUSTER 'trunk'"]],
]

test.each(others)('%s parses on a cluster', async (sql, parts) => {
  const statements = onCluster(sql, keeper)
  for (const statement of statements) {
    await parsed(statement)
    expect(statement).toContain("ON CLUSTER 'trunk'")
  }
  for (const part of parts) expect(statements.join('\n')).toContain(part)
  for (const statement of onCluster(sql, alone)) {
    await parsed(statement)
    expect(statement).not.toContain('ON CLUSTER')
  }
})

test('a column of a table over all has no codec, which only rows on a disk have', () => {
  const sql = "ALTER TABLE t ADD COLUMN c String COMMENT 'c' CODEC(Delta(8), ZSTD(1))"
  expect(onCluster(sql, keeper)[1]).toBe(
    "ALTER TABLE `dns`.t ON CLUSTER 'trunk' ADD COLUMN c String COMMENT 'c'",
  )
})

test('a statement of a kind that has no form for a cluster is an error, not a guess', () => {
  for (const sql of [
    'RENAME TABLE a TO b',
    'INSERT INTO a SELECT 1',
    'CREATE TABLE a (b UInt8) ENGINE = Log',
  ])
    expect(() => onCluster(sql, keeper)).toThrow(/no form for a cluster/)
})

test('what a server calls its own tables is told in the names of the store', () => {
  const sql = 'SELECT a FROM dns.transactions_local JOIN other.x_local'
  expect(withoutLocal(sql, keeper)).toBe('SELECT a FROM transactions JOIN other.x_local')
  expect(withoutLocal(sql, undefined)).toBe(sql)
})

test('every statement that docs/cluster.md shows parses', async () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/cluster.md'), 'utf8')
  const blocks = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, block]) => block)
  const statements = blocks
    .flatMap((block) => block.split(/;\s*\n/))
    .filter((sql) => /\w/.test(sql))
  expect(statements.length).toBeGreaterThan(10)
  for (const sql of statements) {
    await database.text('SELECT formatQuery({sql:String})', { sql })
  }
})
