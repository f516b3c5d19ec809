// Captures into a store: every packet in a bin, every message in a row, each content once, whatever it is called and however it is packed.

import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { binTotal } from '../src/ingest/decode/bins.ts'
import { type IngestResult, ingestFiles } from '../src/ingest/files.ts'
import type { LedgerEntry } from '../src/ingest/store/ledger.ts'
import { pcapng } from './capture-bytes.ts'
import { writeLargeCapture } from './large-capture.ts'
import { openTestStore } from './test-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'ingest-test-'))
const samples = join(import.meta.dirname, '../samples')
const captures = join(import.meta.dirname, '../../shared/captures')
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`ingest: ${captures} is absent, the real captures are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}
const realCaptures = hasCaptures
  ? readdirSync(captures)
      .filter((name) => name.endsWith('.truth.jsonl.gz'))
      .map((name) => name.replace('.truth.jsonl.gz', ''))
      .sort()
  : []

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasCaptures)('the real captures', () => {
  let database: Database
  let first: IngestResult
  const rowsByCapture = new Map<string, Sums>()

  beforeAll(async () => {
    database = await openTestStore(join(folder, 'real'))
    const paths = realCaptures.map((name) => join(captures, name))
    first = await ingestFiles(paths, database)
    for (const sums of await sumsIn(database)) rowsByCapture.set(sums.capture, sums)
  }, 600_000)
  afterAll(() => database.close())

  it('are all read, each with its line in the ledger', () => {
    expect(realCaptures.length).toBeGreaterThan(150)
    expect(first.files.map(({ path }) => path.slice(captures.length + 1)).sort()).toEqual(
      realCaptures,
    )
    expect(first.totals.failed).toBe(0)
  })

  it.each(realCaptures)('have a bin for every packet and a row for every message: %s', (name) => {
    const entry = first.files.find(({ path }) => path === join(captures, name)) as LedgerEntry
    expectSums(entry, rowsByCapture.get(entry.id))
  })

  it('are not stored again', async () => {
    const paths = realCaptures.map((name) => join(captures, name))
    const again = await ingestFiles(paths, database)
    expect(again.totals).toMatchObject({ already: realCaptures.length, transactions: 0 })
    expect(await sumsIn(database)).toEqual([...rowsByCapture.values()])
    const [ledger] = await database.rows<{ n: number }>('SELECT count() AS n FROM captures')
    expect(ledger.n).toBe(first.totals.files - first.totals.already)
    const line = (entry: LedgerEntry) => ({ ...entry, path: '', already: true, seconds: 0 })
    const before = new Map(first.files.map((entry) => [entry.id, entry]))
    for (const entry of again.files) {
      const original = before.get(entry.id) as LedgerEntry
      if (original.path === entry.path && !original.already) {
        expect(line(entry)).toEqual(line(original))
      }
    }
  })
})

describe('the same content', () => {
  let database: Database
  const poisoning = join(samples, 'poisoning.pcap')
  beforeEach(async () => {
    database = await openTestStore()
  })
  afterEach(() => database.close())

  it('under another name, in gzip and from standard input is stored once', async () => {
    const renamed = join(folder, 'renamed.cap')
    const packed = join(folder, 'packed.pcap.gz')
    copyFileSync(poisoning, renamed)
    writeFileSync(packed, gzipSync(readFileSync(poisoning)))
    const { files, totals } = await ingestFiles([poisoning, renamed, packed], database)
    expect(files.map(({ already }) => already)).toEqual([false, true, true])
    expect(files.map(({ path }) => path)).toEqual([poisoning, renamed, packed])
    expect(totals).toMatchObject({ files: 3, already: 2, failed: 0 })
    expectSums(files[0], (await sumsIn(database))[0])
    expect(await sumsIn(database)).toHaveLength(1)
  })

  it('goes on to be known when the store was closed in between', async () => {
    const location = join(folder, 'closed-between')
    for (const already of [false, true]) {
      await database.close()
      database = await openTestStore(location)
      expect((await ingestFiles([poisoning], database)).files[0].already).toBe(already)
    }
  })

  it('with more behind it is another capture, even where the first MiB is equal', async () => {
    const short = join(folder, 'short.pcap')
    const long = join(folder, 'long.pcap')
    writeLargeCapture(short, 6000)
    writeLonger(short, long)
    expect(readFileSync(short).length).toBeGreaterThan(1 << 20)
    const first = await ingestFiles([short, long], database)
    expect(first.files.map(({ already }) => already)).toEqual([false, false])
    expect(first.files[1].packets).toBe(first.files[0].packets + 1)
    expect(first.files[1].id).not.toBe(first.files[0].id)
    const again = await ingestFiles([long, short], database)
    expect(again.files.map(({ already }) => already)).toEqual([true, true])
    const sums = await sumsIn(database)
    for (const entry of first.files) {
      expectSums(
        entry,
        sums.find(({ capture }) => capture === entry.id),
      )
    }
  })

  it('in another format at the same times is another capture', async () => {
    const formats = ['us-le.pcap', 'us-be.pcap'].map((name) => join(samples, 'formats', name))
    const { files } = await ingestFiles(formats, database)
    expect(files.map(({ already }) => already)).toEqual([false, false])
    expect(files[0].messages).toEqual(files[1].messages)
  })
})

describe('standard input', () => {
  const capture = join(folder, 'piped.pcap')
  const store = join(folder, 'piped')
  beforeAll(() => writeLargeCapture(capture, 8000, 3))

  it('gives the rows that the file gives, and is known the next time', async () => {
    const [first, again] = [pipe(capture), pipe(capture)]
    expect([first.files[0].already, again.files[0].already]).toEqual([false, true])
    expect(first.files[0]).toMatchObject({ path: '-', problems: [] })
    const piped = await hashesIn(store)
    const direct = join(folder, 'direct')
    const database = await openStore(direct)
    const { files } = await ingestFiles([capture], database)
    await database.close()
    expect(await hashesIn(direct)).toEqual(piped)
    const ledger = ({ packets, bins, messages, transactions, content_sha256 }: LedgerEntry) => {
      return { packets, bins, messages, transactions, content_sha256 }
    }
    expect(ledger(first.files[0])).toEqual(ledger(files[0]))
  })

  it('in gzip is known as well', () => {
    const packed = join(folder, 'piped.pcap.gz')
    writeFileSync(packed, gzipSync(readFileSync(capture)))
    expect(pipe(packed).files[0].already).toBe(true)
  })

  it('with more behind it is another capture', () => {
    const longer = join(folder, 'piped-longer.pcap')
    writeLonger(capture, longer)
    expect(pipe(longer).files[0].already).toBe(false)
    expect(pipe(longer).files[0].already).toBe(true)
  })

  function pipe(path: string): IngestResult {
    const words = ['--import', 'tsx', 'src/cli.ts', 'ingest', '-', '--json', '--store', store]
    const run = spawnSync(process.execPath, words, {
      cwd: join(import.meta.dirname, '..'),
      input: readFileSync(path),
      maxBuffer: 1 << 26,
    })
    expect(run.status, run.stderr.toString()).toBe(0)
    return JSON.parse(run.stdout.toString()) as IngestResult
  }
})

describe('a folder and what lies in it', () => {
  let database: Database
  beforeAll(async () => {
    database = await openTestStore()
  })
  afterAll(() => database.close())

  it('is searched to its depths, and other files are left out', async () => {
    const root = join(folder, 'tree')
    mkdirSync(join(root, 'a/b'), { recursive: true })
    copyFileSync(join(samples, 'poisoning.pcap'), join(root, 'a/b/deep.pcap'))
    copyFileSync(join(samples, 'exfiltration.pcap'), join(root, 'top.pcap'))
    writeFileSync(join(root, 'notes.txt'), 'not a capture')
    const { files } = await ingestFiles([root], database)
    expect(files.map(({ path }) => path.slice(root.length + 1)).sort()).toEqual([
      'a/b/deep.pcap',
      'top.pcap',
    ])
  })

  it('does not stop at what cannot be read', async () => {
    const broken = join(folder, 'broken.pcap')
    writeFileSync(broken, 'no capture at all')
    const missing = join(folder, 'missing.pcap')
    const amplification = join(samples, 'amplification.pcap.gz')
    const told: string[] = []
    const result = await ingestFiles([broken, missing, amplification], database, {
      onProblem: (sentence) => told.push(sentence),
    })
    expect(result.files.map(({ path }) => path)).toEqual([amplification])
    expect(result.problems).toEqual(told)
    expect(told).toHaveLength(2)
    expect(told.join(' ')).toContain(broken)
    expect(told.join(' ')).toContain(missing)
  })

  it('stores what stands before a cut, and says so each time', async () => {
    const cut = join(folder, 'cut.pcap')
    writeFileSync(cut, readFileSync(join(samples, 'quiet-hour.pcap.gz')).subarray(0, 100_000))
    for (const already of [false, true]) {
      const { files, problems } = await ingestFiles([cut], database)
      expect([files[0].already, problems.length]).toEqual([already, files[0].problems.length])
      expect(files[0].problems.length).toBeGreaterThan(0)
      expect(files[0].packets).toBeGreaterThan(1000)
    }
  })

  it('keeps the ledger line of a capture without packets', async () => {
    const empty = join(folder, 'empty.pcap')
    writeFileSync(empty, readFileSync(join(samples, 'poisoning.pcap')).subarray(0, 24))
    for (const already of [false, true]) {
      const { files } = await ingestFiles([empty], database)
      expect(files[0]).toMatchObject({
        already,
        packets: 0,
        first_packet: null,
        last_packet: null,
        bins: { dns: 0, other: 0, malformed: {}, unsupported: {} },
      })
    }
  })

  it('keeps the names, counters and drops of the interfaces of a pcapng', async () => {
    const path = join(folder, 'interfaces.pcapng')
    writeFileSync(path, pcapng)
    for (const already of [false, true]) {
      const { files } = await ingestFiles([path], database)
      expect(files[0]).toMatchObject({ already, dropped: 5 })
      expect(files[0].interfaces.slice(0, 2)).toEqual([
        { name: 'eth0', link: 'LINKTYPE_ETHERNET (1)', received: 10, dropped: 5 },
        { name: '', link: 'LINKTYPE_LINUX_SLL (113)', received: null, dropped: null },
      ])
    }
    const [row] = await database.rows(
      `SELECT interfaces[1].name AS name, dropped FROM captures WHERE interfaces[1].name != ''`,
    )
    expect(row).toEqual({ name: 'eth0', dropped: 5 })
  })

  it('reads other ports when told to', async () => {
    const capture = join(folder, 'port.pcap')
    const wire = readFileSync(join(samples, 'formats/us-le.pcap'))
    for (let at = 24; at < wire.length; at += 16 + wire.readUInt32LE(at + 8)) {
      for (const port of [at + 16 + 14 + 20, at + 16 + 14 + 22]) {
        if (wire.readUInt16BE(port) === 53) wire.writeUInt16BE(8053, port)
      }
    }
    writeFileSync(capture, wire)
    const { files } = await ingestFiles([capture], database, { ports: [8053], sensor: 'tap-1' })
    expect(files[0].bins.other).toBe(0)
    expect(files[0].messages.query).toBeGreaterThan(0)
    expect(
      await database.rows(
        'SELECT DISTINCT sensor, server_port AS port FROM transactions WHERE capture = {id:String}',
        {
          id: files[0].id,
        },
      ),
    ).toEqual([{ sensor: 'tap-1', port: 8053 }])
  })
})

/** Copies a capture and repeats its first packet behind its last. */
function writeLonger(from: string, to: string): void {
  const whole = readFileSync(from)
  const packetBytes = 16 + whole.readUInt32LE(24 + 8)
  writeFileSync(to, Buffer.concat([whole, whole.subarray(24, 24 + packetBytes)]))
}

interface Sums {
  capture: string
  queries: number
  responses: number
  malformed: number
  verdicts: Record<string, number>
}

function sumsIn(database: Database): Promise<Sums[]> {
  return database.rows<Sums>(`
    SELECT capture, sum(attempts) AS queries, sum(answers) AS responses, countIf(match = 'malformed') AS malformed,
      sumMapIf(map(toString(match), 1), match != '') AS verdicts
    FROM (
      SELECT toString(capture) AS capture, attempts, 0 AS answers, toString(match) AS match FROM transactions
      UNION ALL
      SELECT toString(response_capture), 0, 1, '' FROM transactions WHERE response_frame > 0 AND match != 'malformed'
    ) GROUP BY capture ORDER BY capture`)
}

/** Every packet stands in a bin, every message in a row, and the ledger says what the table holds. */
function expectSums(entry: LedgerEntry, sums: Sums | undefined): void {
  expect(binTotal(entry.bins)).toBe(entry.packets)
  const { queries = 0, responses = 0, malformed = 0, verdicts = {} } = sums ?? {}
  expect({ query: queries, response: responses, malformed }).toEqual(entry.messages)
  expect(verdicts).toEqual(entry.transactions)
}

async function hashesIn(store: string): Promise<unknown> {
  const database = await openStore(store, { create: false })
  try {
    return await database.rows(
      'SELECT count() AS n, sum(cityHash64(* EXCEPT (ingested, capture))) AS hash FROM transactions',
    )
  } finally {
    await database.close()
  }
}
