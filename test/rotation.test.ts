// A recording cut into several files gives the rows of the whole one, and a line of the ledger for each file that adds up.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { binTotal } from '../src/ingest/decode/bins.ts'
import { type IngestOptions, ingestFiles } from '../src/ingest/files.ts'
import { matchOptions } from '../src/ingest/match/match.ts'
import type { LedgerEntry } from '../src/ingest/store/ledger.ts'
import { killedIngest } from './killed-ingest.ts'
import { writeLargeCapture } from './large-capture.ts'
import { packetsOf, unpacked, writeParts } from './rotated.ts'

const folder = mkdtempSync(join(tmpdir(), 'rotation-test-'))
const samples = join(import.meta.dirname, '../samples')
const large = join(folder, 'large.pcap')
writeLargeCapture(large, 3000)

let database: Database
let spool: string
beforeEach(async () => {
  database = await openStore(':memory:')
  spool = mkdtempSync(join(folder, 'spool-'))
})
afterEach(() => database.close())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a recording cut into files', () => {
  const patient = { match: { ...matchOptions, timeoutSeconds: 600 } }

  it.each([
    ['large.pcap', large, 7],
    ['poisoning.pcap', join(samples, 'poisoning.pcap'), 5],
    ['quiet-hour.pcap.gz', join(samples, 'quiet-hour.pcap.gz'), 40],
    // Streams, fragments and tunnels are cut in their middle.
    ['tcp-pieces.pcap', join(samples, 'formats/tcp-pieces.pcap'), 30],
    ['tcp-pipelined.pcap', join(samples, 'formats/tcp-pipelined.pcap'), 25],
    ['fragments.pcap', join(samples, 'formats/fragments.pcap'), 25],
    ['fragments-ipv6.pcap', join(samples, 'formats/fragments-ipv6.pcap'), 25],
  ])('%s gives the rows of the whole one', async (name, path, parts) => {
    const [whole] = (await take([path], patient)).files
    const expected = await rows([whole])
    const cut = partsOf(name, path, parts)
    const { files, problems } = await take([cut], patient)
    expect(problems).toEqual([])
    expect(await rows(files)).toEqual(expected)
    expect(files.length).toBeGreaterThan(1)
    await expectSums(files)
    for (const verdict of Object.keys(whole.transactions) as (keyof typeof whole.transactions)[]) {
      const each = files.map(({ transactions }) => transactions[verdict] ?? 0)
      expect(sum(each), verdict).toBe(whole.transactions[verdict])
    }
    expect(sum(files.map(({ packets }) => packets))).toBe(whole.packets)
    expect(sum(files.map(({ bins }) => bins.dns))).toBe(whole.bins.dns)
    expect(sum(files.map(({ unfinished }) => unfinished.streams))).toBe(whole.unfinished.streams)
    expect(readdirSync(spool)).toEqual([])
  })

  it('names with each frame the file it stands in', async () => {
    const [whole] = (await take([large])).files
    const { files } = await take([partsOf('frames', large, 9)])
    const first = new Map<string, number>()
    let before = 0
    for (const { id, packets } of files) {
      first.set(id, before)
      before += packets
    }
    const seen = await frames(files)
    expect(seen.some(({ capture, response_capture }) => capture !== response_capture)).toBe(true)
    const moved = seen.map(({ capture, frame, response_capture, response_frame }) => [
      frame === 0 ? 0 : frame + (first.get(capture) ?? NaN),
      response_frame === 0 ? 0 : response_frame + (first.get(response_capture) ?? NaN),
    ])
    const plain = (await frames([whole])).map(({ frame, response_frame }) => [
      frame,
      response_frame,
    ])
    expect(moved.map(String).sort()).toEqual(plain.map(String).sort())
    // The packet with that number in that file is the answer.
    const packets = new Map(files.map(({ id, path }) => [id, packetsOf(path)]))
    for (const row of seen.filter((each) => each.response_frame > 0)) {
      const header = Buffer.from(row.header, 'hex')
      expect(packets.get(row.response_capture)?.[row.response_frame - 1].includes(header)).toBe(
        true,
      )
    }
  })

  it('is read in the order of time, whatever the names are', async () => {
    const cut = partsOf('renamed', large, 3)
    const names = readdirSync(cut).sort()
    const shuffled = join(folder, 'shuffled')
    mkdirSync(shuffled)
    const order = ['c', 'a', 'b']
    for (const [i, name] of names.entries())
      writeFileSync(join(shuffled, order[i]), readFileSync(join(cut, name)))
    const { files } = await take([join(shuffled, '[a-b]'), join(shuffled, 'c')])
    expect(files.map(({ path }) => path)).toEqual(order.map((name) => join(shuffled, name)))
    const [whole] = (await take([large])).files
    expect(await rows(files)).toEqual(await rows([whole]))
  })

  it('is stored once: a second run knows each file', async () => {
    const cut = partsOf('twice', large, 4)
    const { files } = await take([cut])
    const again = await take([cut])
    expect(again.files.map(({ already }) => already)).toEqual([true, true, true, true])
    expect(again.totals.transactions).toBe(0)
    await expectSums(files)
  })

  it('is matched from file to file only inside a run: what was stored before is final', async () => {
    const cut = partsOf('in turns', large, 3)
    const [one, two, three] = readdirSync(cut).map((name) => join(cut, name))
    await take([two])
    const { files } = await take([one, two, three])
    expect(files.map(({ already }) => already)).toEqual([false, true, false])
    await expectSums(files)
    const crossed = (await frames(files)).filter((row) => row.capture !== row.response_capture)
    expect(crossed).toEqual([])
  })

  it.each([
    ['a gap longer than the timeout', { seconds: 11 }],
    ['another link type', { link: 101 }],
  ])('is not continued after %s', async (name, change) => {
    const packets = packetsOf(large).slice(0, 200)
    const apart = join(folder, name)
    writeParts(apart, [packets.slice(0, 101)])
    writeParts(apart, [packets.slice(101)], { first: 1, ...change })
    const { files } = await take([apart])
    expect(files.length).toBe(2)
    await expectSums(files)
    const crossed = (await frames(files)).filter((row) => row.capture !== row.response_capture)
    expect(crossed).toEqual([])
  })

  it('with a copy of a file among them stores that once', async () => {
    // One packet a file, all at one time: a copy of a file could go on from it.
    const packets = packetsOf(large).slice(0, 2)
    const still = join(folder, 'still')
    writeParts(still, [packets.slice(0, 1), packets.slice(0, 1), packets.slice(1)])
    const { files } = await take([still])
    expect(files.map(({ already }) => already)).toEqual([false, true, false])
    await expectSums(files.filter(({ already }) => !already))
  })
})

describe('a run over several files that was interrupted', () => {
  const options = { blockRows: 1000 }
  let cut: string
  let expected: unknown

  beforeEach(async () => {
    cut = partsOf('interrupted', large, 5)
    const { files } = await take([cut], options)
    expect(files.length).toBe(5)
    expected = await contentIn(database)
    await database.close()
    database = await openStore(':memory:')
    await interrupt(3)
  })

  it('is taken up again with the same files', async () => {
    const { files, problems } = await take([cut], options)
    expect([files.length, problems]).toEqual([5, []])
    expect(await contentIn(database)).toEqual(expected)
    expect(readdirSync(spool)).toEqual([])
  })

  it('is not taken up where one of its files is missing', async () => {
    const [one, two, , four] = readdirSync(cut).map((name) => join(cut, name))
    const missing = await take([one, two, four], options)
    expect([missing.files.length, missing.totals.failed]).toEqual([1, 2])
    expect(missing.problems).toHaveLength(1)
    expect(missing.problems[0]).toMatch(/2\.pcap: was begun in one run .* is missing now/)
    const behind = await take([two], options)
    expect(behind.problems[0]).toMatch(/1\.pcap: was begun in one run with the captures before it/)
  })

  it('is ended as it was begun when it is taken up with a file in between', async () => {
    const late = join(folder, 'late')
    const packets = packetsOf(large)
    const third = Math.ceil((packets.length / 5) * 2)
    writeParts(late, [packets.slice(third - 1, third)])
    const { problems } = await take([cut, late], options)
    expect(problems).toEqual([])
    await expectSums((await take([cut], options)).files)
    const ofLate = await database.rows(
      'SELECT count() AS n FROM transactions WHERE capture NOT IN (SELECT id FROM captures)',
    )
    expect(ofLate).toEqual([{ n: 0 }])
  })

  /** Stops in the file of this number, counted from 1. */
  async function interrupt(number: number): Promise<void> {
    const stop = new AbortController()
    let file = 0
    const { totals } = await take([cut], {
      ...options,
      signal: stop.signal,
      onCapture: () => {
        if (++file === number) stop.abort()
      },
    })
    expect(totals).toMatchObject({ files: 0, failed: number })
  }
})

describe('a run over several files that is killed', () => {
  it('anywhere, leaves after the next one exactly what an undisturbed run leaves', async () => {
    const cut = partsOf('killed', large, 12)
    const calm = join(folder, 'calm-store')
    await database.close()
    expect(await killedIngest(calm, cut, 1000)).toBe('done')
    const expected = await contentOf(calm)
    let kills = 0
    for (let turn = 0; turn < 2; turn++) {
      const rough = join(folder, `rough-${turn}`)
      for (const lines of [2 + turn * 3, 13])
        if (
          (await killedIngest(rough, cut, 1000, { afterLines: lines, delayMs: turn * 40 })) ===
          'killed'
        )
          kills++
      await killedIngest(rough, cut, 1000)
      expect(await contentOf(rough)).toEqual(expected)
      expect(readdirSync(join(rough, 'spool'))).toEqual([])
    }
    expect(kills).toBeGreaterThan(1)
    database = await openStore(':memory:')
  }, 120_000)
})

function take(paths: string[], options: IngestOptions = {}) {
  return ingestFiles(paths, database, { spool, ...options })
}

function partsOf(name: string, path: string, parts: number): string {
  const packets = packetsOf(path)
  const size = Math.ceil(packets.length / parts)
  const cut = join(folder, `${name} in parts`)
  const each = []
  for (let at = 0; at < packets.length; at += size) each.push(packets.slice(at, at + size))
  writeParts(cut, each, { header: unpacked(path).subarray(0, 24) })
  return cut
}

/** Where a packet stands; and the lossy memory of repeats, whose hashes are seeded from the first file. */
const place = 'capture, response_capture, frame, frame_gap, ingested, repeat_in_ttl'

async function rows(files: LedgerEntry[]): Promise<unknown> {
  const all = await database.rows<{ hash: string }>(
    `SELECT toString(cityHash64(* EXCEPT (${place}))) AS hash FROM transactions WHERE capture IN {ids:Array(String)} ORDER BY hash`,
    { ids: files.map(({ id }) => id) },
  )
  return all.map(({ hash }) => hash)
}

interface Frames {
  capture: string
  frame: number
  response_capture: string
  response_frame: number
  /** The first four bytes of the answer, hexadecimal. */
  header: string
}

function frames(files: LedgerEntry[]): Promise<Frames[]> {
  return database.rows<Frames>(
    `SELECT toString(capture) AS capture, frame, toString(response_capture) AS response_capture, response_frame,
       lower(concat(leftPad(hex(id), 4, '0'), leftPad(hex(response_flags), 4, '0'))) AS header
     FROM transactions WHERE capture IN {ids:Array(String)}`,
    { ids: files.map(({ id }) => id) },
  )
}

/** Each file's packets are in its bins, and its messages in the rows that name it. */
async function expectSums(files: LedgerEntry[]): Promise<void> {
  const own = await database.rows<{
    capture: string
    query: number
    malformed: number
    verdicts: unknown
  }>(`
    SELECT toString(capture) AS capture, sum(attempts) AS query, countIf(match = 'malformed') AS malformed,
      sumMap(map(toString(match), 1)) AS verdicts FROM transactions GROUP BY capture`)
  const answers = await database.rows<{ capture: string; response: number }>(`
    SELECT toString(response_capture) AS capture, count() AS response FROM transactions
    WHERE response_frame > 0 AND match != 'malformed' GROUP BY capture`)
  for (const { id, packets, bins, messages, transactions } of files) {
    expect(binTotal(bins)).toBe(packets)
    const {
      query = 0,
      malformed = 0,
      verdicts = {},
    } = own.find(({ capture }) => capture === id) ?? {}
    const { response = 0 } = answers.find(({ capture }) => capture === id) ?? {}
    expect({ query, response, malformed }).toEqual(messages)
    expect(verdicts).toEqual(transactions)
  }
}

async function contentIn(store: Database): Promise<unknown> {
  return [
    await store.rows(
      'SELECT count() AS n, sum(cityHash64(* EXCEPT ingested)) AS hash FROM transactions',
    ),
    await store.rows('SELECT sum(count) AS answers FROM rrsets'),
    await store.rows('SELECT id, packets, queries, responses, verdicts FROM captures ORDER BY id'),
  ]
}

async function contentOf(location: string): Promise<unknown> {
  const store = await openStore(location, { create: false })
  try {
    return await contentIn(store)
  } finally {
    await store.close()
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
