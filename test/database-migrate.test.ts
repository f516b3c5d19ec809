// Migrations are applied in order, remembered, and never guessed about; on both back ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Database, OpenOptions } from '../src/database/database.ts'
import { checkMigrations, migrate, schemaFolder } from '../src/database/migrate.ts'
import { openDatabase, openStore } from '../src/database/open.ts'
import { backEnds, scratch, startBackEnds, stopBackEnds } from './store-fixture.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('migrations of the $name store', ({ name, locate }) => {
  let current: Database | undefined

  afterEach(async () => {
    await current?.close()
  })

  async function opened(location: string, options: OpenOptions = {}): Promise<Database> {
    current = await openDatabase(location, options)
    return current
  }

  test('are applied in name order, once, and remembered', async () => {
    const folder = schemas(`${name}-order`, {
      '002-view.sql': 'CREATE VIEW IF NOT EXISTS ordered_view AS SELECT a FROM ordered;\n',
      '001-table.sql':
        '-- a table\nCREATE TABLE IF NOT EXISTS ordered (a UInt8) ENGINE = MergeTree ORDER BY a\n',
      'README.md': 'not SQL',
    })
    const first = await opened(locate('migrations'))
    expect(await migrate(first, folder)).toEqual(['001-table.sql', '002-view.sql'])
    expect(await migrate(first, folder)).toEqual([])
    await first.close()
    const second = await opened(locate('migrations'), { create: false })
    await checkMigrations(second, folder)
    expect(await migrate(second, folder)).toEqual([])
    expect(
      await second.rows(
        'SELECT name, length(sha256) AS n, applied_at > now() - 3600 AS recent FROM schema_migrations ORDER BY name',
      ),
    ).toEqual([
      { name: '001-table.sql', n: 64, recent: 1 },
      { name: '002-view.sql', n: 64, recent: 1 },
    ])
  })

  test('a changed file, a newer store and an older store are errors that touch nothing', async () => {
    const table = {
      '001-table.sql': 'CREATE TABLE IF NOT EXISTS ordered (a UInt8) ENGINE = MergeTree ORDER BY a',
    }
    const both = {
      ...table,
      '002-more.sql': 'CREATE TABLE IF NOT EXISTS more (a UInt8) ENGINE = MergeTree ORDER BY a',
    }
    const other = await opened(locate('versions'))
    await expect(checkMigrations(other, schemas(`${name}-a`, table))).rejects.toMatchObject({
      code: 'no-store',
    })
    await migrate(other, schemas(`${name}-a`, table))
    await expect(checkMigrations(other, schemas(`${name}-b`, both))).rejects.toMatchObject({
      code: 'older-store',
    })
    const changed = {
      '001-table.sql': 'SELECT 1',
      '000-new.sql': 'CREATE TABLE touched (a UInt8) ENGINE = Memory',
    }
    await expect(migrate(other, schemas(`${name}-c`, changed))).rejects.toMatchObject({
      code: 'changed-schema',
    })
    await migrate(other, schemas(`${name}-b`, both))
    await expect(
      migrate(other, schemas(`${name}-a`, { ...table, '003-x.sql': changed['000-new.sql'] })),
    ).rejects.toMatchObject({ code: 'newer-store' })
    expect(
      await other.rows("SELECT count() AS n FROM system.tables WHERE name = 'touched'"),
    ).toEqual([{ n: 0 }])
  })

  test('opening to read a store that is not there creates nothing', async () => {
    await expect(openStore(locate('missing'), { create: false })).rejects.toMatchObject({
      code: 'no-store',
    })
    if (name === 'embedded') expect(existsSync(locate('missing'))).toBe(false)
    const database = await opened(locate('contract'))
    expect(
      await database.rows("SELECT count() AS n FROM system.databases WHERE name = 'missing'"),
    ).toEqual([{ n: 0 }])
  })
})

const shipped = readdirSync(schemaFolder)
  .filter((name) => name.endsWith('.sql'))
  .sort()

/** Views hold no rows, and one of them stands for all. */
const killed = [...shipped.entries()].filter(
  ([index, file]) => !isView(file) || index === shipped.findIndex(isView),
)

describe.each(backEnds)('a kill during the migration of the $name store', ({ locate }) => {
  test.each(killed)(
    'after schema %i, %s, was applied and before any was remembered is harmless',
    async (index, file) => {
      const location = locate(`killed${index}`)
      await killAfter(location, index + 1)
      const before = await openDatabase(location)
      expect(await before.rows('SELECT name FROM schema_migrations')).toEqual([])
      // What the statement made is there, and a row in it must outlive the repetition.
      const sql = readFileSync(new URL(file, schemaFolder), 'utf8')
      const table = /^CREATE (?:TABLE|(?:MATERIALIZED )?VIEW|DICTIONARY) IF NOT EXISTS (\w+)/m
      const made = table.exec(sql)?.[1]
      const added = /^ALTER TABLE (\w+)\s+ADD (COLUMN|PROJECTION) IF NOT EXISTS (\w+)/m.exec(sql)
      const kept = `SELECT name FROM system.${added?.[2] === 'COLUMN' ? 'columns' : 'projections'}
        WHERE database = currentDatabase() AND table = {table:String} AND name = {name:String}`
      if (added === null) expect(await before.text(`EXISTS TABLE ${made}`)).toBe('1\n')
      else {
        const [, of, , name] = added
        expect(await before.rows(kept, { table: of, name })).toEqual([{ name }])
      }
      if (made === 'captures') await before.command("INSERT INTO captures (id) SELECT 'kept'")
      await before.close()
      const after = await openStore(location)
      expect(
        await after.rows(
          'SELECT name, count() AS n FROM schema_migrations GROUP BY name ORDER BY name',
        ),
      ).toEqual(shipped.map((done) => ({ name: done, n: 1 })))
      expect(await after.text('SELECT id FROM captures')).toBe(index === 0 ? 'kept\n' : '')
      await after.close()
      await (await openStore(location, { create: false })).close()
    },
  )
})

function isView(file: string): boolean {
  return /^CREATE VIEW/m.test(readFileSync(new URL(file, schemaFolder), 'utf8'))
}

test('the schemas this program ships apply to an empty store, and then open for reading', async () => {
  const location = join(scratch, 'shipped')
  await (await openStore(location)).close()
  const reader = await openStore(location, { create: false })
  expect(await reader.rows('SELECT count() AS n FROM schema_migrations')).toEqual([
    { n: shipped.length },
  ])
  await reader.close()
})

/** A process that migrates the store and is killed, as by kill -9, after its `nth` schema was applied. */
async function killAfter(location: string, nth: number): Promise<void> {
  const source = (file: string) =>
    JSON.stringify(new URL(`../src/database/${file}`, import.meta.url).href)
  const script = `
    import { openDatabase } from ${source('open.ts')}
    import { migrate } from ${source('migrate.ts')}
    const database = await openDatabase(${JSON.stringify(location)})
    const command = database.command.bind(database)
    // The first statement makes the table that remembers.
    let schemas = -1
    database.command = async (sql, parameters) => {
      await command(sql, parameters)
      if (++schemas === ${nth}) process.kill(process.pid, 'SIGKILL')
    }
    await migrate(database)`
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: join(import.meta.dirname, '..'), stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
}

function schemas(label: string, files: Record<string, string>): URL {
  const folder = mkdtempSync(join(scratch, `${label}-`))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return pathToFileURL(`${folder}/`)
}
