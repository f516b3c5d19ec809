// The schema as a product: every column explained, views in friendly words over the same rows, names for numbers; on both back ends.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { schemaFolder } from '../src/database/migrate.ts'
import { openStore } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { codesSchema } from './registries.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'

const samples = join(import.meta.dirname, '..', 'samples')
const views = [
  'answers',
  'client_domains',
  'client_names',
  'client_types',
  'codes',
  'domain_hours',
  'names',
  'passive_dns',
  'queries',
]

/** The statements between fences, and those given to `overhear sql` there. */
const examples = [
  ...readFileSync(join(import.meta.dirname, '..', 'docs/schema.md'), 'utf8').matchAll(
    /^(?:overhear sql "([^"]+)"|((?:WITH|SELECT|ALTER TABLE) [^`]+))$/gm,
  ),
].map(([, typed = '', whole = '']) => typed + whole.trim())

test('the codes of the schema are those of the program', async () => {
  await expect(codesSchema()).toMatchFileSnapshot('../schemas/032-codes.sql')
})

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('the schema of the $name store', ({ locate }) => {
  let database: Database

  beforeAll(async () => {
    database = await openStore(locate('schema'))
    const captures = ['quiet-hour.pcap.gz', 'poisoning.pcap'].map((name) => join(samples, name))
    await ingestFiles(captures, database)
  })
  afterAll(() => database.close())

  test('explains every table, view and column', async () => {
    // A dictionary's attributes cannot have comments, and what feeds rrsets is read by nobody.
    const silent = await database.rows(
      `SELECT c.table AS place, c.name AS name FROM system.columns AS c
       INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
       WHERE c.database = currentDatabase() AND c.comment = '' AND t.engine NOT IN ('Dictionary', 'MaterializedView')`,
    )
    expect(silent).toEqual([])
    const found = await database.rows<{ name: string; comment: string }>(
      `SELECT name, comment FROM system.tables WHERE database = currentDatabase() AND engine IN ('View', 'Dictionary') ORDER BY name`,
    )
    expect(found.map(({ name }) => name)).toEqual([...views, 'code_names'].sort())
    expect(found.filter(({ comment }) => comment === '')).toEqual([])
  })

  test('has views with the rows of the tables', async () => {
    const [asked] = await database.rows(
      `SELECT (SELECT sum(attempts) FROM queries) - (SELECT sum(queries) FROM captures) AS queries,
        (SELECT sum(queries) FROM names) - (SELECT sum(queries) FROM captures) AS of_names,
        (SELECT sum(queries) FROM client_domains) - (SELECT sum(queries) FROM captures) AS of_clients,
        (SELECT sum(queries) FROM client_names) - (SELECT sum(queries) FROM captures) AS of_client_names,
        (SELECT sum(queries) FROM client_types) - (SELECT sum(queries) FROM captures) AS of_types,
        (SELECT sum(queries) FROM domain_hours) - (SELECT sum(queries) FROM captures) AS of_hours,
        (SELECT sum(exchanges) FROM client_domains) - (SELECT count() FROM transactions) AS exchanges,
        (SELECT count() FROM answers) - (SELECT sum(count) FROM rrsets) AS records,
        (SELECT sum(count) FROM passive_dns) - (SELECT count() FROM answers WHERE section = 'answer' AND match IN ('answered', 'late')) AS history`,
    )
    expect(asked).toEqual({
      queries: 0,
      of_names: 0,
      of_clients: 0,
      of_client_names: 0,
      of_hours: 0,
      of_types: 0,
      exchanges: 0,
      records: 0,
      history: 0,
    })
  })

  test('shows an exchange, its records and its history in plain words', async () => {
    const name = 'login.example.net'
    expect(
      await database.rows(
        `SELECT type, rcode, data, attempts, match FROM queries WHERE name = {name:String} AND client = '192.0.2.21'`,
        { name },
      ),
    ).toMatchObject([{ type: 'A', rcode: 'NOERROR', data: ['203.0.113.66'], match: 'answered' }])
    expect(
      await database.rows(
        'SELECT type, data, ttl, section, match FROM answers WHERE question = {name:String} ORDER BY time',
        { name },
      ),
    ).toMatchObject([
      { type: 'A', data: '203.0.113.66', ttl: 86_400, section: 'answer', match: 'answered' },
      { type: 'A', data: '198.51.100.90', ttl: 120, section: 'answer', match: 'conflict' },
    ])
    expect(
      await database.rows(
        'SELECT rrtype, rdata, time_last - time_first AS seconds, count FROM passive_dns WHERE rrname = {name:String}',
        { name },
      ),
    ).toEqual([{ rrtype: 'A', rdata: '203.0.113.66', seconds: 0, count: 1 }])
  })

  test('names numbers by the view and by the dictionary, unknown ones as their mnemonic says', async () => {
    expect(
      await database.rows(
        `SELECT dictGet('code_names', 'name', ('ede', 6)) AS ede, dictGet('code_names', 'reference', ('type', 65)) AS reference,
          dictGetOrDefault('code_names', 'name', ('rcode', 3841), 'RCODE3841') AS unknown`,
      ),
    ).toEqual([{ ede: 'DNSSEC Bogus', reference: 'RFC 9460', unknown: 'RCODE3841' }])
    const strange = await database.rows(
      `SELECT DISTINCT qtype FROM transactions WHERE qtype != '' AND NOT startsWith(qtype, 'TYPE')
        AND qtype NOT IN (SELECT name FROM codes WHERE registry = 'type')`,
    )
    expect(strange).toEqual([])
  })

  test.each(examples)('understands what docs/schema.md shows: %s', async (sql) => {
    if (sql.startsWith('ALTER')) await database.command(sql)
    else for await (const _ of database.queryReadOnly(sql, 'Null'));
  })

  test.each([
    ['client_names', 'client_names', `client = '192.0.2.21'`],
    ['client_domains', 'client_names', `client = '192.0.2.21'`],
    ['client_types', 'client_types', `client = '192.0.2.21'`],
    [
      'domain_hours',
      'domain_hours',
      `hour >= '2026-03-05 00:00:00' AND hour < '2026-03-06 00:00:00'`,
    ],
  ])('counts %s from parts with %s and parts without', async (view, projection, condition) => {
    const scan = 'SETTINGS optimize_use_projections = 0'
    const counted = (end = '') => database.rows(`SELECT * FROM ${view} ORDER BY ALL ${end}`)
    const projected = () =>
      database.rows(
        `SELECT count() AS n FROM system.projection_parts WHERE active AND database = currentDatabase() AND table = 'transactions' AND name = {projection:String}`,
        { projection },
      )
    await database.command('TRUNCATE TABLE transactions')
    await database.command(plainRows, { from: 0 })
    const scanned = await counted(scan)
    expect(scanned.length).toBeGreaterThan(10)
    expect([await projected(), await counted()]).toEqual([[{ n: 0 }], scanned])
    await database.command('OPTIMIZE TABLE transactions FINAL')
    expect([await projected(), await counted()]).toEqual([[{ n: 1 }], scanned])
    await database.command(plainRows, { from: 500 })
    const more = await counted(scan)
    expect(more).not.toEqual(scanned)
    expect([await projected(), await counted()]).toEqual([[{ n: 1 }], more])
    const plan = await database.text(
      `EXPLAIN projections = 1 SELECT * FROM ${view} WHERE ${condition}`,
    )
    expect(plan).toContain(`Name: ${projection}`)
    await database.command(
      `ALTER TABLE transactions DELETE WHERE client = '192.0.2.21' SETTINGS mutations_sync = 2`,
    )
    const fewer = await counted(scan)
    expect([await projected(), await counted()]).toEqual([[{ n: 1 }], fewer])
    expect(fewer).not.toEqual(more)
  })
})

/** A thousand questions of 50 clients for seven domains in five hours. */
const plainRows = `INSERT INTO transactions (ts, client, server, qname, qtype, domain, rcode, attempts, match)
  SELECT toDateTime64('2026-03-05 00:00:00', 9, 'UTC') + toIntervalSecond(18 * number), toIPv6(concat('192.0.2.', toString(number % 50))), toIPv6('192.0.2.53'),
    concat('host', toString(number), '.', zone), 'A', concat('zone', toString(number % 7), '.org') AS zone, if(number % 3 = 0, 'NXDOMAIN', 'NOERROR'), 1, 'answered'
  FROM numbers({from:UInt32}, 1000)`

test('docs/schema.md has examples of all kinds', () => {
  expect(examples.map((sql) => sql.split(' ', 1)[0])).toEqual(
    expect.arrayContaining(['SELECT', 'WITH', 'ALTER']),
  )
  expect(examples.length).toBe(8)
})

test('the views of this file are those of the schemas', () => {
  const files = readdirSync(schemaFolder).filter((name) => name.startsWith('03'))
  expect(files.map((name) => name.slice(4, -4).replaceAll('-', '_')).sort()).toEqual(
    [...views, 'code_names'].sort(),
  )
})
