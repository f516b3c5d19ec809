// SQL typed by a user may read the store and nothing else, whole and in any format, on both back ends.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import { backEnds, scratch, startBackEnds, stopBackEnds } from './store-fixture.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('read-only SQL on the $name store', ({ locate }) => {
  let database: Database

  beforeAll(async () => {
    database = await openDatabase(locate('readonly'))
    await database.command('CREATE TABLE once (a UInt64, s String) ENGINE = MergeTree ORDER BY a')
    await database.command('INSERT INTO once SELECT number, {s:String} FROM numbers(3)', { s: 'x' })
  })

  afterAll(async () => {
    await database.close()
  })

  test('one reading statement runs, in the format it asks for', async () => {
    const ask = async (sql: string, format?: string) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of database.queryReadOnly(sql, format)) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    expect(await ask('SELECT 1 AS a', 'JSONEachRow')).toBe('{"a":1}\n')
    expect(await ask("SELECT 'FORMAT CSV' AS a FORMAT CSVWithNames -- INTO OUTFILE", 'TSV')).toBe(
      '"a"\n"FORMAT CSV"\n',
    )
    expect(await ask('with x as (select 2 as b) select b from x;', 'CSVWithNames')).toBe('"b"\n2\n')
    expect(await ask('(SELECT 1) UNION ALL (SELECT 1)')).toBe('1\n1\n')
    expect(await ask('SHOW TABLES')).toContain('once\n')
    expect(await ask('DESCRIBE TABLE once')).toContain('UInt64')
    expect(await ask('EXISTS TABLE once')).toBe('1\n')
    expect(await ask('EXPLAIN SELECT 1')).not.toBe('')
    expect(await ask('SHOW CREATE TABLE once FORMAT TSVRaw')).toContain('CREATE TABLE')
    expect(await ask('FROM numbers(3) SELECT sum(number)')).toBe('3\n')
  })

  test('formats with names stream, and give what the engine gives as a whole', async () => {
    const queries = [
      'SELECT number AS `a\nb`, toString(number) AS `c\'"` FROM numbers({n:UInt64})',
      'SELECT 1 AS a WHERE {n:UInt64} = 0',
      'SELECT 1, 2 UNION ALL SELECT 1, NULL WHERE {n:UInt64} = 0 -- it ends in a remark',
      'WITH x AS (SELECT number AS q FROM numbers({n:UInt64})) SELECT q, [q] FROM x ORDER BY q DESC LIMIT 3 ;',
      'SELECT number % 2 AS k, count() FROM numbers({n:UInt64}) GROUP BY k WITH TOTALS ORDER BY k',
      'SELECT l.number, r.number FROM numbers({n:UInt64}) AS l, numbers(1) AS r ORDER BY 1',
    ]
    const formats = ['TSV', 'TabSeparated', 'TSVRaw', 'CSV', 'JSONCompactEachRow', 'RowBinary']
    for (const format of formats.flatMap((base) => [
      `${base}WithNames`,
      `${base}WithNamesAndTypes`,
    ])) {
      for (const sql of queries) {
        const chunks: Uint8Array[] = []
        for await (const chunk of database.stream(sql, { n: 100_000 }, format)) chunks.push(chunk)
        expect(Buffer.concat(chunks).toString(), `${format}: ${sql}`).toBe(
          await database.text(sql.replace(/;$/, ''), { n: 100_000 }, format),
        )
      }
      for await (const chunk of database.stream('SELECT number FROM system.numbers', {}, format)) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
    }
  })

  test('nothing of a statement that failed, or was left early, is in a later answer', async () => {
    const broken = 'SELECT throwIf(number = 100000) FROM numbers(1000000)'
    for (const format of ['TSVWithNames', 'XML', 'RowBinaryWithNames', 'JSONEachRow']) {
      // More often than there are sessions, so that each of them has failed.
      for (let turn = 0; turn < 10; turn++) {
        await expect(database.text(broken, {}, format)).rejects.toThrow(StoreError)
        expect(await database.text('SELECT 42', {}, 'TSV')).toBe('42\n')
        for await (const chunk of database.stream('SELECT 1 FROM numbers(1000000)', {}, format)) {
          expect(chunk.length).toBeGreaterThan(0)
          break
        }
        expect(await database.rows('SELECT 42 AS a')).toEqual([{ a: 42 }])
      }
    }
  })

  const outfile = join(scratch, 'written')
  const passwd = '/etc/passwd'
  test.each([
    'INSERT INTO once VALUES (1, 2)',
    "INSERT INTO once SELECT 1, 'x'",
    `INSERT INTO FUNCTION file('${outfile}', 'TSV', 'a UInt8') SELECT 1`,
    'DROP TABLE once',
    'TRUNCATE TABLE once',
    'CREATE TABLE made (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE made (a UInt8)',
    'CREATE FUNCTION made AS (x) -> x',
    'ALTER TABLE once DELETE WHERE 1',
    'DELETE FROM once WHERE 1',
    'OPTIMIZE TABLE once',
    'RENAME TABLE once TO twice',
    'DETACH TABLE once',
    'SYSTEM STOP MERGES',
    'SYSTEM SHUTDOWN',
    'KILL QUERY WHERE 1',
    'USE system',
    'GRANT ALL ON *.* TO default',
    'SET readonly = 0',
    'SET max_threads = 1',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 FORMAT CSV SETTINGS readonly = 0',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE once',
    `SELECT 1 INTO OUTFILE '${outfile}'`,
    `SELECT 1 into/**/outfile '${outfile}' TRUNCATE FORMAT CSV`,
    `SHOW TABLES INTO OUTFILE '${outfile}'`,
    `EXPLAIN SELECT 1 INTO OUTFILE '${outfile}'`,
    `SELECT * FROM file('${passwd}', 'LineAsString')`,
    `SELECT * FROM \`file\`('${passwd}', 'LineAsString')`,
    `DESCRIBE TABLE file('${passwd}')`,
    `SELECT file('${passwd}')`,
    `SELECT arrayMap(x -> file(x), ['${passwd}'])`,
    `SELECT * APPLY(file) FROM (SELECT '${passwd}' AS p)`,
    `SELECT * APPLY(\`file\`) FROM (SELECT '${passwd}' AS p)`,
    `WITH (SELECT file('${passwd}')) AS p SELECT p`,
    `SELECT * FROM view(SELECT file('${passwd}'))`,
    `SELECT * FROM eval('SELECT 1')`,
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "DESCRIBE TABLE url('http://127.0.0.1:1/')",
    "DESCRIBE TABLE s3('http://127.0.0.1:1/bucket/x')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('/nonexistent', 't')",
    "EXPLAIN SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT aiGenerate('x')",
    "SELECT logTrace('x')",
    '',
    '-- nothing',
  ])('%s is refused', async (sql) => {
    const read = async () => {
      for await (const chunk of database.queryReadOnly(sql)) expect(chunk).toBeUndefined()
    }
    const failure = await read().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(failure).toBeInstanceOf(StoreError)
    expect((failure as StoreError).code).toMatch(/^(read-only|sql)$/)
    expect(existsSync(outfile)).toBe(false)
  })

  test('the engine itself is in its readonly mode, and the store still holds what it held', async () => {
    for await (const chunk of database.queryReadOnly(
      "SELECT getSetting('readonly'), count() FROM once",
    )) {
      expect(Buffer.from(chunk).toString()).toBe('1\t3\n')
    }
    await database.command('INSERT INTO once SELECT 4, {s:String}', { s: 'others still write' })
    expect(await database.rows('SELECT count() AS n FROM once')).toEqual([{ n: 4 }])
  })
})
