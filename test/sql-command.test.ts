// The sql and hunt verbs as a user runs them, over an embedded store and over a server: formats, pipes, errors, exit codes.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../src/database/open.ts'
import { UsageError } from '../src/errors.ts'
import { askSql } from '../src/inspect/sql.ts'
import { type GivenServer, startGivenServer } from './given-server.ts'
import { storeExchanges } from './exchanges.ts'
import { overhear } from './run-overhear.ts'

const folder = mkdtempSync(join(tmpdir(), 'sql-command-'))
let server: GivenServer
const backEnds = [
  { name: 'embedded', location: () => join(folder, 'store') },
  { name: 'http server', location: () => `${server.url}/cases` },
]

beforeAll(async () => {
  server = await startGivenServer()
  for (const { location } of backEnds) {
    const database = await openStore(location())
    await storeExchanges(database, [
      { ts: '2026-01-01 08:00:00', client: '::ffff:192.0.2.10', qname: 'a.example.org', frame: 1 },
      { ts: '2026-01-01 09:00:00', client: '::ffff:192.0.2.10', qname: 'b.example.org', frame: 3 },
    ])
    await database.close()
  }
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const wrongQueries: [string, RegExp][] = [
  ['SELEC 1', /position 7/],
  ['SELECT\n 1,,2', /line 2, col 5/],
  ['SELECT nope FROM transactions', /nope/],
  ['SELECT * FROM nothing_here', /nothing_here/],
  ['SELECT 1 FORMAT Nope', /Nope/],
  ["SELECT toDate('x')", /Cannot parse/],
  ['DROP TABLE transactions', /only reads/],
  ['INSERT INTO transactions (qname) VALUES (1)', /only reads/],
  ["SELECT * FROM file('/etc/passwd', LineAsString)", /outside the store/],
  ['SELECT 1; DROP TABLE transactions', /one statement/],
  [
    'SELECT 1 SETTINGS max_result_rows = 7',
    /only reads: SETTINGS may change nothing, and max_result_rows would/,
  ],
  [
    "SELECT 1 FORMAT CSV SETTINGS format_csv_delimiter = ';'",
    /format_csv_delimiter would be changed/,
  ],
  [' \n', /Example: overhear sql/],
]

async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(backEnds)('on the $name back end', ({ location }) => {
  const ask = (...words: string[]) => overhear([...words, '--store', location()])

  test('a pipe gets tab-separated rows with names, --json a row a line, --format what it names', async () => {
    const query = 'SELECT qname, frame FROM transactions ORDER BY ts'
    expect(await ask('sql', query)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: 'qname\tframe\na.example.org\t1\nb.example.org\t3\n',
    })
    const json = await ask('sql', query, '--json')
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { qname: 'a.example.org', frame: 1 },
      { qname: 'b.example.org', frame: 3 },
    ])
    expect((await ask('sql', query, '--format', 'CSV')).stdout).toBe(
      '"a.example.org",1\n"b.example.org",3\n',
    )
    expect((await ask('sql', `${query} FORMAT TSV`, '--json')).stdout).toBe(
      'a.example.org\t1\nb.example.org\t3\n',
    )
  })

  test('without a query, and with -, the query is read from standard input', async () => {
    for (const words of [['sql'], ['sql', '-']]) {
      const run = await overhear([...words, '--store', location()], { stdin: 'SELECT 40 + 2 AS n' })
      expect(run).toMatchObject({ code: 0, stdout: 'n\n42\n', stderr: '' })
    }
    expect(await ask('sql')).toMatchObject({ code: 2, stdout: '' })
  })

  test('a wrong query is one sentence that says what is wrong, and changes nothing', async () => {
    const database = await openStore(location(), { create: false })
    try {
      for (const [query, sentence] of wrongQueries) {
        const error = await failureOf(async () => {
          for await (const _ of askSql(database, query, 'TSV'));
        })
        expect(error, query).toBeInstanceOf(UsageError)
        expect((error as UsageError).message).toMatch(sentence)
        expect((error as UsageError).message).not.toContain('\n')
        expect((error as UsageError).message.length).toBeLessThan(300)
      }
      expect(await database.text('SELECT count() FROM transactions')).toBe('2\n')
    } finally {
      await database.close()
    }
    const run = await ask('sql', 'SELECT nope FROM transactions')
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^overhear: the query is wrong: .*nope.*\n$/)
  })

  test('a result that never ends streams, and a reader who has seen enough ends it without a word', async () => {
    const query = 'SELECT number FROM system.numbers'
    const words = ['sql', query, '--store', location()]
    for (const format of [
      [],
      ['--json'],
      ['--format', 'TSVWithNames'],
      ['--format', 'CSVWithNames'],
    ]) {
      const run = await overhear([...words, ...format], { closeAfterBytes: 1000 })
      expect(run, format.join(' ')).toMatchObject({ code: 0, stderr: '' })
      const [first = '', second] = run.stdout.split('\n')
      expect(second).toBe(format[0] === '--json' ? '{"number":1}' : '0')
      expect(first).toMatch(/^"?number"?$|^{"number":0}$/)
    }
    const names = readdirSync(join(folder, 'store'))
    expect(names.filter((name) => name.startsWith('result'))).toEqual([])
  })

  test('a hunt prints rows to standard output, and a sentence to standard error where there are none', async () => {
    const found = await ask('hunt', 'name', 'A.example.org.', '--json')
    expect(found).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(found.stdout.split('\n')[0])).toMatchObject({
      hunt: 'name',
      value: 'a.example.org',
      kind: 'asked',
      client: '192.0.2.10',
      frame: 1,
    })
    const nothing = await ask('hunt', 'name', "' OR 1=1")
    expect(nothing).toMatchObject({ code: 0, stdout: '' })
    expect(nothing.stderr).toMatch(/^overhear: nothing about name '\\032or\\0321=1 in /)
    const early = await ask('hunt', 'name', 'a.example.org', '--until', '30m', '--json')
    expect(early.stdout).toContain('"frame":1,')
    expect(
      (await ask('hunt', 'name', 'b.example.org', '--until', '2026-01-01T09:00Z')).stdout,
    ).toBe('')
  })

  test('many values come from a list, in its order', async () => {
    const words = ['hunt', 'name', '--from', '-', '--json', '--store', location()]
    const run = await overhear(words, {
      stdin: 'b.example.org\n# none\nc.example.org\na.example.org\n',
    })
    expect(run.code).toBe(0)
    const lines = run.stdout.trimEnd().split('\n')
    const values = lines.map((line) => (JSON.parse(line) as { value: string }).value)
    expect(values).toEqual(['b.example.org', 'a.example.org'])
    expect(run.stderr).toContain('nothing about name c.example.org')
    const wrong = await overhear(words, { stdin: 'b.example.org\n192.0.2.1\n' })
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain('line 2')
  })
})

test.each([
  [['hunt', 'name'], 2, /overhear hunt name login\.example\.org/],
  [['hunt', 'name', '192.0.2.1'], 2, /overhear hunt address 192\.0\.2\.1/],
  [['hunt', 'address', '\u001b[31mred'], 2, /\\x1b\[31mred/],
  [['hunt', 'colour', 'red'], 2, /one of name, address/],
  [['hunt', 'name', 'a.example', '--since', 'yesterday'], 2, /24h/],
  [['hunt', 'name', 'a.example', '--limit', '0'], 2, /from 1 to/],
  [['hunt', 'name', '--from', '/no/such/list'], 3, /\/no\/such\/list/],
  [['sql', 'SELECT 1', '--store', '/no/such/store'], 4, /\/no\/such\/store/],
  [['sql', 'SELECT 1', '--store', 'http://127.0.0.1:1/dns'], 4, /127\.0\.0\.1:1/],
  [['report', '--format', 'pdf'], 2, /text, json, md, html, ocsf/],
  [['report', '--detector', 'nope'], 2, /exfiltration/],
  [
    ['report', '--exfiltration-min-bytes', 'many', '--store', '/no/such/store'],
    2,
    /--exfiltration-min-bytes/,
  ],
  [['report', 'x.pcap', '--store', 'y'], 2, /overhear ingest FILE/],
  [['report', '/no/such/file.pcap'], 3, /\/no\/such\/file\.pcap/],
] as const)('overhear %j ends with %i and says why', async (words, code, sentence) => {
  const run = await overhear(words)
  expect(run).toMatchObject({ code, stdout: '' })
  expect(run.stderr).toMatch(sentence)
  expect(run.stderr).not.toMatch(/\u001b|at .*\.ts:/)
})

test.each(['report', 'hunt', 'sql'])('%s --help fits 79 columns and has examples', async (verb) => {
  const run = await overhear([verb, '--help'])
  expect(run.code).toBe(0)
  expect(run.stdout).toContain(`Examples:\n  overhear ${verb}`)
  for (const line of run.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(79)
})
