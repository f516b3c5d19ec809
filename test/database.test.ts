// The store's contract, the same on the embedded engine and on a real HTTP server.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import {
  backEnds,
  block,
  dictionary,
  numberBlock,
  scratch,
  startBackEnds,
  stopBackEnds,
  string,
  u32,
  u64,
} from './store-fixture.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('the $name store', ({ name, locate }) => {
  let database: Database

  beforeAll(async () => {
    database = await openDatabase(locate('contract'))
  })

  afterAll(async () => {
    await database.close()
    await database.close()
  })

  test('bound parameters arrive as they are, whatever they hold', async () => {
    const texts = [
      "it's",
      'a\\',
      "\\'",
      '"`{x:y}',
      'a\n\n; DROP TABLE t; --',
      '\t\r\b\f\0',
      'é😀',
      '',
    ]
    for (const text of texts) {
      const rows = await database.rows<{ one: string; list: string[] }>(
        'SELECT {one:String} AS one, {list:Array(String)} AS list',
        { one: text, list: [text, 'plain', text] },
      )
      expect(rows).toEqual([{ one: text, list: [text, 'plain', text] }])
    }
    expect(
      await database.rows(
        'SELECT {n:UInt64} AS n, {f:Float64} AS f, {b:Bool} AS b, {x:Nullable(String)} AS x, {a:Array(Nullable(Int8))} AS a',
        { n: 18446744073709551615n, f: 0.5, b: true, x: null, a: [1, null, -1] },
      ),
    ).toEqual([{ n: '18446744073709551615', f: 0.5, b: true, x: null, a: [1, null, -1] }])
  })

  test('a list of 3000 names is bound, in every way of asking, and a longer one is refused', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `host-${index}.bücher.example.org`)
    const sql = 'SELECT length({names:Array(String)}) AS n'
    expect(await database.rows(sql, { names })).toEqual([{ n: 3000 }])
    expect(await database.text(sql, { names })).toBe('3000\n')
    await expect(database.rows(sql, { names: [...names, ...names] })).rejects.toMatchObject({
      code: 'parameter-too-long',
    })
  })

  test('a parameter of an earlier statement is not remembered', async () => {
    for (let turn = 0; turn < 3; turn++) await database.rows('SELECT {gone:String}', { gone: 'x' })
    await expect(database.rows('SELECT {gone:String}')).rejects.toThrow(/gone/)
    await expect(database.rows('SELECT {v:Date}', { v: {} })).rejects.toThrow(StoreError)
  })

  test('statements with parameters run side by side without mixing their values', async () => {
    const answers = Array.from({ length: 40 }, async (_, index) => {
      const rows = await database.rows<{ v: number }>('SELECT {v:UInt32} AS v, sleep(0.005)', {
        v: index,
      })
      return rows[0]?.v
    })
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 40 }, (_, index) => index))
  })

  test('64-bit integers are numbers while they are exact and strings beyond', async () => {
    const sql = `SELECT 9007199254740991::UInt64 AS safe, 9007199254740993::UInt64 AS above, -9223372036854775808::Int64 AS low, '9007199254740993,"' AS text, 0.1234567890123456 AS fraction, [18446744073709551615::UInt64] AS list`
    expect(await database.rows(sql)).toEqual([
      {
        safe: 9007199254740991,
        above: '9007199254740993',
        low: '-9223372036854775808',
        text: '9007199254740993,"',
        fraction: 0.1234567890123456,
        list: ['18446744073709551615'],
      },
    ])
  })

  test('a Native block goes in byte for byte', async () => {
    await database.command(`CREATE TABLE block (
      a UInt32, q LowCardinality(String), m Enum8('x' = 1, 'y' = 2), s String, absent UInt8 DEFAULT 7,
      rr Nested(type LowCardinality(String), ttl UInt32, data String)
    ) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000`)
    const hostile = [
      Buffer.from('x\n\nDROP TABLE block'),
      Buffer.from([0xff, 0x00, 0x27, 0x0a, 0x0a]),
      Buffer.alloc(300, 0xc3),
    ]
    const file = join(scratch, `${name} block.native`)
    writeFileSync(
      file,
      block(3, [
        ['a', 'UInt32', u32(1, 2, 3)],
        ['q', 'LowCardinality(String)', u64(1), dictionary(['A', 'TXT'], [0, 1, 0])],
        ['m', "Enum8('x' = 1, 'y' = 2)", Buffer.from([1, 2, 1])],
        ['s', 'String', ...hostile.map(string)],
        [
          'rr.type',
          'Array(LowCardinality(String))',
          u64(1),
          u64(1, 1, 3),
          dictionary(['A', 'MX'], [0, 1, 1]),
        ],
        ['rr.ttl', 'Array(UInt32)', u64(1, 1, 3), u32(10, 20, 30)],
        [
          'rr.data',
          'Array(String)',
          u64(1, 1, 3),
          string('1.2.3.4'),
          string('10 mail'),
          string(';\n\n'),
        ],
      ]),
    )
    const columns = ['a', 'q', 'm', 's', 'rr.type', 'rr.ttl', 'rr.data']
    await database.insertFile('block', columns, file, 'capture/1:0')
    expect(await database.rows('SELECT * EXCEPT s, hex(s) AS hex FROM block ORDER BY a')).toEqual([
      {
        a: 1,
        q: 'A',
        m: 'x',
        absent: 7,
        'rr.type': ['A'],
        'rr.ttl': [10],
        'rr.data': ['1.2.3.4'],
        hex: hex(hostile[0]),
      },
      {
        a: 2,
        q: 'TXT',
        m: 'y',
        absent: 7,
        'rr.type': [],
        'rr.ttl': [],
        'rr.data': [],
        hex: hex(hostile[1]),
      },
      {
        a: 3,
        q: 'A',
        m: 'x',
        absent: 7,
        'rr.type': ['MX', 'MX'],
        'rr.ttl': [20, 30],
        'rr.data': ['10 mail', ';\n\n'],
        hex: hex(hostile[2]),
      },
    ])
  })

  test('a block sent twice with its token is there once, through a view as well', async () => {
    await database.command(
      'CREATE TABLE once (a UInt64, s String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000',
    )
    await database.command(
      'CREATE TABLE sums (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000',
    )
    await database.command(
      'CREATE MATERIALIZED VIEW into_sums TO sums AS SELECT count() AS n FROM once',
    )
    const file = numberBlock(`${name}-once`, 1000)
    for (let turn = 0; turn < 3; turn++)
      await database.insertFile('once', ['a', 's'], file, 'hash:0')
    expect(await counts(database)).toEqual({ rows: 1000, sums: 1000 })
    await database.insertFile('once', ['a', 's'], file, 'hash:1')
    expect(await counts(database)).toEqual({ rows: 2000, sums: 2000 })
  })

  test('no setting of an insert reaches a later statement', async () => {
    const insert = 'INSERT INTO once SELECT number, {tag:String} FROM numbers(5)'
    await database.insertFile('once', ['a', 's'], numberBlock(`${name}-leak`, 10), 'leak:0')
    const before = await counts(database)
    await database.command(insert, { tag: 'one' })
    await database.command(insert, { tag: 'two' })
    expect((await counts(database)).rows).toBe(before.rows + 10)
    const names = ['insert_deduplication_token', 'async_insert', 'min_insert_block_size_rows']
    expect(
      await database.rows(
        'SELECT count() AS n FROM system.settings WHERE changed AND has({names:Array(String)}, name)',
        { names },
      ),
    ).toEqual([{ n: 0 }])
  })

  test('an insert that fails leaves nothing and says why', async () => {
    const file = numberBlock(`${name}-fail`, 100_000)
    await expect(database.insertFile('absent', ['a', 's'], file, 't')).rejects.toMatchObject({
      code: 'clickhouse-60',
    })
    await expect(database.insertFile('once', ['a', 's'], `${file}.gone`, 't')).rejects.toThrow(
      StoreError,
    )
    const before = await counts(database)
    const cut = join(scratch, `${name}-cut.native`)
    writeFileSync(cut, readFileSync(file).subarray(0, -500))
    await expect(database.insertFile('once', ['a', 's'], cut, 'cut')).rejects.toThrow(StoreError)
    expect(await counts(database)).toEqual(before)
  })

  test('a token or a name that could be SQL is refused before it is sent', async () => {
    const file = numberBlock(`${name}-quote`, 1)
    for (const token of ["'", 'a b', 'a\\', 'a{1,2}', '']) {
      await expect(database.insertFile('once', ['a'], file, token)).rejects.toMatchObject({
        code: 'bad-token',
      })
    }
    await expect(database.insertFile('once`', ['a'], file, 't')).rejects.toMatchObject({
      code: 'bad-name',
    })
    await expect(database.insertFile('once', ['a`b'], file, 't')).rejects.toMatchObject({
      code: 'bad-name',
    })
    await expect(database.text('SELECT 1', {}, 'CSV; DROP TABLE once')).rejects.toMatchObject({
      code: 'bad-format',
    })
    await expect(database.rows('SELECT 1', { 'a=1, b': 'x' })).rejects.toMatchObject({
      code: 'bad-name',
    })
  })

  test('readers go on during a long insert and see all of its block or nothing', async () => {
    await database.command('CREATE TABLE long (a UInt64, s String) ENGINE = MergeTree ORDER BY s')
    const total = 3_000_000
    const file = numberBlock(`${name}-long`, total / 6)
    const piece = readFileSync(file)
    writeFileSync(file, Buffer.concat([piece, piece, piece, piece, piece, piece]))
    const insert = { isRunning: true }
    const inserted = database.insertFile('long', ['a', 's'], file, 'long:0').finally(() => {
      insert.isRunning = false
    })
    const seen = new Set<number>()
    let during = 0
    do {
      const [row] = await database.rows<{ n: number }>('SELECT count() AS n FROM long')
      if (insert.isRunning) during += 1
      seen.add(row?.n ?? -1)
    } while (insert.isRunning)
    await inserted
    expect(during).toBeGreaterThan(0)
    expect([...seen].filter((count) => count !== 0 && count !== total)).toEqual([])
    expect(
      await database.rows(
        "SELECT count() AS parts, sum(rows) AS n FROM system.parts WHERE database = currentDatabase() AND table = 'long' AND active",
      ),
    ).toEqual([{ parts: 1, n: total }])
  })

  test('a long result streams in bounded memory', async () => {
    const before = process.memoryUsage.rss()
    let sizeBytes = 0
    let peak = 0
    for await (const chunk of database.stream(
      "SELECT number, repeat('x', 400) FROM numbers({n:UInt64})",
      { n: 2_000_000 },
    )) {
      sizeBytes += chunk.length
      peak = Math.max(peak, process.memoryUsage.rss())
    }
    expect(sizeBytes).toBe(2_000_000 * 402 + digits(2_000_000))
    expect(peak - before).toBeLessThan(sizeBytes / 2)
  })

  test('a consumer that leaves early ends the query', async () => {
    for (let turn = 0; turn < 12; turn++) {
      for await (const chunk of database.stream('SELECT number FROM numbers(1000000000000)')) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
    }
    expect(await database.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
    const running =
      "SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT number FROM numbers(1000000000000)%'"
    const left = async () => (await database.rows<{ n: number }>(running))[0]?.n
    await expect.poll(left, { timeout: 30_000 }).toBe(0)
  })

  test('an error in the middle of a result is thrown after the rows before it', async () => {
    let sizeBytes = 0
    const read = async () => {
      for await (const chunk of database.stream(
        'SELECT throwIf(number = 5000000) FROM numbers(10000000)',
      )) {
        sizeBytes += chunk.length
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'clickhouse-395' })
    expect(sizeBytes).toBeGreaterThan(1_000_000)
  })

  test.each(['CSVWithNames', 'JSON', 'JSONCompact', 'Parquet', 'TSV', 'Markdown', 'XML', 'Native'])(
    'a streamed %s result is one document',
    async (format) => {
      const sql = 'SELECT number AS n, toString(number) AS s FROM numbers(200000)'
      const chunks: Uint8Array[] = []
      for await (const chunk of database.stream(sql, {}, format)) chunks.push(chunk)
      const whole = Buffer.concat(chunks)
      if (format === 'CSVWithNames') expect(whole.toString().split('"n"').length).toBe(2)
      if (format === 'JSON')
        expect((JSON.parse(whole.toString()) as { rows: number }).rows).toBe(200_000)
      if (format === 'Parquet') expect(whole.toString('latin1').split('PAR1').length).toBe(3)
      const file = join(scratch, `${name}.${format}`)
      writeFileSync(file, whole)
      // What the engine itself makes of it, where it can read the format back.
      if (!['Markdown', 'XML'].includes(format)) {
        const back = await database.text(
          `SELECT count() FROM file('${file}', ${format}${format === 'TSV' ? ", 'n UInt64, s String'" : ''})`,
        )
        expect(back.trim()).toBe('200000')
      }
      expect(
        database.folder === undefined
          ? []
          : readdirSync(database.folder).filter((entry) => entry.startsWith('result')),
      ).toEqual([])
    },
  )

  test('wrong SQL is one sentence with a code', async () => {
    await expect(database.rows('SELECT FROM WHERE')).rejects.toMatchObject({ code: 'sql' })
    const failure = await database.rows('SELECT 1 FROM nothing_like_it').then(
      () => new Error('it ran'),
      (thrown: unknown) => thrown as StoreError,
    )
    expect(failure).toBeInstanceOf(StoreError)
    expect(failure.message).toContain('nothing_like_it')
    expect(failure.message).not.toMatch(/DB::Exception|version|\n/)
  })

  test('closing cancels what runs and later calls say so', async () => {
    // More than the threads they share.
    const outcomes = Array.from({ length: 7 }, () =>
      database.rows('SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1').then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    )
    await database.close()
    for (const outcome of outcomes) expect(await outcome).toBeInstanceOf(StoreError)
    await expect(database.rows('SELECT 1')).rejects.toMatchObject({ code: 'closed' })
    database = await openDatabase(locate('contract'))
  })
})

async function counts(database: Database): Promise<{ rows: number; sums: number }> {
  const [row] = await database.rows<{ rows: number; sums: number }>(
    'SELECT (SELECT count() FROM once) AS rows, (SELECT sum(n) FROM sums) AS sums',
  )
  return row ?? { rows: -1, sums: -1 }
}

function hex(bytes: Buffer | undefined): string {
  return (bytes ?? Buffer.alloc(0)).toString('hex').toUpperCase()
}

/** How many digits the numbers below `count` have in all. */
function digits(count: number): number {
  let sum = 0
  for (let low = 0, high = 10, width = 1; low < count; low = high, high *= 10, width++) {
    sum += (Math.min(high, count) - low) * width
  }
  return sum
}
