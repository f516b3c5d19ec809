// A store that an earlier program wrote: brought up to date in place with every row, or refused with a sentence and not touched.
// At a release, copy schemas/ to test/schemas-released/VERSION/: from then on stores of that version must be upgraded.

import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { migrate, schemaFolder } from '../src/database/migrate.ts'
import { openDatabase, openStore } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { backEnds, scratch, startBackEnds, stopBackEnds } from './store-fixture.ts'

const releases = join(import.meta.dirname, 'schemas-released')
const capture = join(import.meta.dirname, '..', 'samples', 'poisoning.pcap')
const shipped = schemasIn(new URL(schemaFolder))

interface Earlier {
  label: string
  folder: URL
  isUpgraded: boolean
}

/** Versions before the first release may be refused; what was released never. */
const versions = readdirSync(releases).map((version): Earlier => {
  const folder = pathToFileURL(`${join(releases, version)}/`)
  const isUnchanged = [...schemasIn(folder)].every(([name, text]) => shipped.get(name) === text)
  return {
    label: version,
    folder,
    isUpgraded: isUnchanged || /^\d+\.\d+\.\d+$/.test(version),
  }
})

/** The present schemas up to one of them, as a program of some commits ago had them. */
const prefixes = [4, 8, shipped.size - 1].map((files): Earlier => {
  const folder = mkdtempSync(join(scratch, `first-${files}-`))
  for (const name of [...shipped.keys()].slice(0, files)) {
    cpSync(new URL(name, schemaFolder), join(folder, name))
  }
  const url = pathToFileURL(`${folder}/`)
  return { label: `the first ${files} schemas`, folder: url, isUpgraded: true }
})

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('the $name store', ({ name: backEnd, locate }) => {
  let database: Database | undefined

  afterEach(() => database?.close())

  const upgraded = [...versions, ...prefixes].filter(({ isUpgraded }) => isUpgraded)
  test.each(upgraded)('of $label is upgraded in place, row by row', async ({ label, folder }) => {
    const location = locate(`upgraded_${label.replaceAll(/\W/g, '_')}`)
    const before = await fill(location, folder)
    database = await openStore(location)
    expect(await contentIn(database)).toEqual(before)
    await database.command('OPTIMIZE TABLE transactions FINAL')
    expect(await contentIn(database)).toEqual(before)
    expect(
      await database.rows(
        'SELECT sum(exchanges) AS n, (SELECT count() FROM queries) AS asked, (SELECT sum(count) FROM passive_dns) AS held FROM client_domains',
      ),
    ).toEqual([{ n: before.transactions.rows, asked: rows, held: rows }])
    const { files, problems } = await ingestFiles([capture], database)
    expect([files.length, problems]).toEqual([1, []])
    const after = await contentIn(database)
    expect(after.transactions.rows).toBeGreaterThan(before.transactions.rows)
    await database.close()
    database = await openStore(location, { create: false })
  })

  const refused = versions.filter(({ isUpgraded }) => !isUpgraded)
  test.each(refused)('of $label is refused and not touched', async ({ label, folder }) => {
    const location = locate(`refused_${label.replaceAll(/\W/g, '_')}`)
    const before = await fill(location, folder)
    for (const create of [true, false]) {
      const refusal: unknown = await openStore(location, { create }).catch((reason) => reason)
      expect(refusal).toBeInstanceOf(StoreError)
      expect(refusal).toMatchObject({ code: 'changed-schema' })
      expect((refusal as StoreError).message).toMatch(
        /written by an overhear before its first release.*nothing was touched: .*ingest its captures into a new store/,
      )
    }
    database = await openDatabase(location)
    expect(await contentIn(database)).toEqual(before)
    const tables = await database.rows('SELECT count() AS n FROM schema_migrations')
    expect(tables).toEqual([{ n: schemasIn(folder).size }])
  })

  test('has versions of both kinds to be tested on', () => {
    expect(upgraded.length, backEnd).toBeGreaterThan(0)
    expect(versions.length).toBeGreaterThan(1)
  })
})

const rows = 20_000

/** A store with exchanges of eight clients in several parts, an unfinished query and a ledger line; gives its content. */
async function fill(location: string, folder: URL): Promise<Content> {
  const database = await openDatabase(location)
  try {
    await migrate(database, folder)
    await database.command(
      "INSERT INTO captures (id, path, packets) SELECT 'early', 'early.pcap', 1",
    )
    await database.command(
      "INSERT INTO transactions (ts, client, qname, attempts, match) SELECT toDateTime64('2026-03-01 00:00:00', 9, 'UTC'), toIPv6('192.0.2.9'), 'lost.example', 0, 'unsolicited'",
    )
    for (let part = 0; part < 4; part++) await database.command(insertSql, { part, rows: rows / 4 })
    return await contentIn(database)
  } finally {
    await database.close()
  }
}

const insertSql = `INSERT INTO transactions (ts, capture, frame, frame_gap, client, server, qname, qtype, domain, rcode, response_flags, match, attempts,
    rr.section, rr.owner, rr.type, rr.class, rr.ttl, rr.data)
  SELECT toDateTime64('2026-03-02 00:00:00', 9, 'UTC') + toIntervalSecond(number), 'early', 2 * number + 1, 1,
    toIPv6(concat('192.0.2.', toString(number % 8))), toIPv6('192.0.2.53'),
    concat('host', toString(number % 100), '.example.org'), 'A', 'example.org', 'NOERROR', 0x8180, 'answered', 1,
    ['answer'], [''], ['A'], ['IN'], [60], [concat('198.51.100.', toString(number % 100))]
  FROM numbers({part:UInt32} * {rows:UInt32}, {rows:UInt32})`

interface Content {
  transactions: { rows: number; hash: string }
  records: unknown[]
  captures: unknown[]
}

/** What every version of the tables holds, free of order. */
async function contentIn(database: Database): Promise<Content> {
  const [transactions] = await database.rows<Content['transactions']>(
    `SELECT count() AS rows, toString(sum(cityHash64(ts, capture, frame, frame_gap, client, server, qname, toString(qtype), toString(domain), toString(rcode),
      toString(match), attempts, rr.owner, rr.ttl, rr.data, ingested))) AS hash FROM transactions`,
  )
  const records = await database.rows(
    'SELECT name, toString(type) AS type, data, min(first_seen) AS first, max(last_seen) AS last, sum(r.count) AS answers FROM rrsets AS r GROUP BY ALL ORDER BY ALL',
  )
  const captures = await database.rows('SELECT id, path, packets FROM captures ORDER BY id')
  return { transactions, records, captures }
}

/** Name and text of each schema in a folder, in name order. */
function schemasIn(folder: URL): Map<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return new Map(names.sort().map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))
}
