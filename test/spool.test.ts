// Exactly once: whatever kills a run, and wherever, the next one leaves the rows of an undisturbed run.

import { spawn, spawnSync } from 'node:child_process'
import {
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
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Random } from '../samples/make/random.ts'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { encodeBlock } from '../src/ingest/store/encode.ts'
import { Spool } from '../src/ingest/store/spool.ts'
import { killedIngest } from './killed-ingest.ts'
import { writeLargeCapture } from './large-capture.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'
import { answer, query, Traffic } from './traffic.ts'

const folder = mkdtempSync(join(tmpdir(), 'spool-test-'))
const capture = join(folder, 'large.pcap')
const blockRows = 1000
/** How many kills; a release is worth more of them than every commit. */
const killsWanted = Number(process.env.OVERHEAR_KILLS ?? 8)

const calm = { rows: '', records: '' }
const mounts: string[] = []

beforeAll(async () => {
  writeLargeCapture(capture, 20_000)
  expect(await killedIngest(join(folder, 'calm'), capture, blockRows)).toBe('done')
  Object.assign(calm, await contentOf(join(folder, 'calm')))
})
afterAll(() => {
  for (const mount of mounts) spawnSync('umount', [mount])
  rmSync(folder, { recursive: true, force: true })
})

describe('a run that is killed', () => {
  it(
    'again and again, anywhere, leaves after the next one exactly what an undisturbed run leaves',
    async () => {
      const seed = Number(process.env.OVERHEAR_KILLS_SEED ?? Date.now())
      const random = new Random(seed)
      let kills = 0
      for (let store = 0; kills < killsWanted; store++) {
        const rough = join(folder, `rough-${store}`)
        const aim = () => ({ afterLines: random.integer(0, 5), delayMs: random.integer(0, 300) })
        const wanted = Math.min(kills + 4, killsWanted)
        while (
          kills < wanted &&
          (await killedIngest(rough, capture, blockRows, aim())) === 'killed'
        )
          kills++
        expect(['done', 'already']).toContain(await killedIngest(rough, capture, blockRows))
        const spool = join(rough, 'spool')
        expect(existsSync(spool) ? readdirSync(spool) : [], `seed ${seed}`).toEqual([])
        expect(await contentOf(rough), `seed ${seed}`).toEqual(calm)
        rmSync(rough, { recursive: true })
      }
      if (process.env.OVERHEAR_KILLS === undefined) return
      console.warn(`${kills} kills, each time ${calm.rows} rows and ${calm.records} records`)
    },
    killsWanted * 30_000,
  )
})

describe.each(backEnds)('the spool of the $name store', ({ name, locate }) => {
  const parent = join(folder, `spool-${name}`)
  let database: Database

  beforeAll(async () => {
    if (name === 'embedded') await startBackEnds()
    database = await openStore(locate('spool'))
  })
  afterAll(async () => {
    await database.close()
    if (name === 'http') await stopBackEnds()
  })

  it('replays the sealed block of a dead run, once, and removes what was not sealed', async () => {
    const left = join(parent, `run-${deadPid()}`)
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, 'replayed_0.native'), blockOf('replayed'))
    writeFileSync(join(left, 'replayed_1.part'), blockOf('replayed').subarray(0, 100))
    for (let turn = 0; turn < 2; turn++) await (await Spool.open(database, parent)).close()
    expect(await rowsOf(database, 'replayed')).toBe(1)
    expect(readdirSync(parent)).toEqual([])
    const spool = await Spool.open(database, parent)
    await spool.store(trafficOf().writer.block, { capture: 'replayed', sensor: '' }, 'replayed:0')
    await spool.drain()
    await spool.close()
    expect(await rowsOf(database, 'replayed')).toBe(1)
  })

  it('replays what a dead run with the same process id left', async () => {
    const left = join(parent, `run-${process.pid}-99`)
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, 'namesake_0.native'), blockOf('namesake'))
    await (await Spool.open(database, parent)).close()
    expect([await rowsOf(database, 'namesake'), readdirSync(parent)]).toEqual([1, []])
  })

  it('leaves the blocks of living runs alone', async () => {
    const other = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'])
    const left = join(parent, `run-${other.pid}-1`)
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, 'living_0.native'), blockOf('living'))
    await (await Spool.open(database, parent)).close()
    expect([await rowsOf(database, 'living'), readdirSync(left)]).toEqual([0, ['living_0.native']])
    const ended = new Promise((resolve) => other.once('exit', resolve))
    other.kill()
    await ended
    await (await Spool.open(database, parent)).close()
    expect([await rowsOf(database, 'living'), readdirSync(parent)]).toEqual([1, []])
  })

  it('serves two runs of one process', async () => {
    const spools = [await Spool.open(database, parent), await Spool.open(database, parent)]
    const storing = spools.map((spool, i) =>
      spool.store(trafficOf().writer.block, { capture: 'twins', sensor: '' }, `twins:${i}`),
    )
    const third = await Spool.open(database, parent)
    await Promise.all(storing)
    for (const spool of [...spools, third]) {
      await spool.drain()
      await spool.close()
    }
    expect([await rowsOf(database, 'twins'), readdirSync(parent)]).toEqual([2, []])
  })

  it('keeps its files private', async () => {
    const spool = await Spool.open(database, parent)
    const [own] = readdirSync(parent)
    const modes = spawnSync('stat', ['-c', '%a', join(parent, own)], { encoding: 'utf8' })
    expect(modes.stdout.trim()).toBe('700')
    await spool.close()
  })
})

describe('an interrupted run', () => {
  let database: Database
  afterEach(async () => {
    vi.useRealTimers()
    await database.close()
  })

  it('is taken up again in the next month without a row twice', async () => {
    database = await openStore(join(folder, 'months'))
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-31T23:59:00Z') })
    expect((await interrupted(database)).totals.failed).toBe(1)
    vi.setSystemTime(new Date('2026-02-01T00:01:00Z'))
    const result = await ingestFiles([capture], database, { blockRows })
    expect(result.problems).toEqual([])
    expect(await database.rows('SELECT DISTINCT ingested AS day FROM transactions')).toEqual([
      { day: '2026-01-31' },
    ])
    expect(await contentIn(database)).toEqual(calm)
  })

  it('is not taken up with other options: its blocks would be others under the same tokens', async () => {
    database = await openStore(join(folder, 'options'))
    expect((await interrupted(database)).problems[0]).toMatch(/stopped after \d+ packets/)
    const other = await ingestFiles([capture], database, { blockRows, ports: [8053] })
    expect([other.totals.failed, other.files]).toEqual([1, []])
    expect(other.problems[0]).toMatch(/was begun with no --port.* and not finished/)
    const same = await ingestFiles([capture], database, { blockRows, ports: [] })
    expect(same.problems).toEqual([])
    expect(await contentIn(database)).toEqual(calm)
    expect(readdirSync(join(folder, 'options', 'spool'))).toEqual([])
  })

  it.each(['plain', 'packed'])(
    'may go on with a copy: the last blocks are cut where those of the %s file were',
    async (first) => {
      const packed = join(folder, 'copy.pcap.gz')
      writeFileSync(packed, gzipSync(readFileSync(capture)))
      const names = first === 'plain' ? [capture, packed] : [packed, capture]
      database = await openStore(join(folder, `${first} first`))
      // 20,000 exchanges are 40,000 packets: the blocks behind the middle of the last ones are stored by then.
      expect((await interrupted(database, 38_000, names[0])).totals.failed).toBe(1)
      const [stored] = await database.rows<{ rows: number }>(
        'SELECT count() AS rows FROM transactions',
      )
      expect(stored.rows).toBeGreaterThan(17 * blockRows)
      const result = await ingestFiles([names[1]], database, { blockRows })
      expect(result.problems).toEqual([])
      expect(await contentIn(database)).toEqual(calm)
    },
  )

  function interrupted(into: Database, after = 15_000, path = capture) {
    const stop = new AbortController()
    return ingestFiles([path], into, {
      blockRows,
      signal: stop.signal,
      onProgress: (packets) => {
        if (packets > after) stop.abort()
      },
    })
  }
})

const canMount = process.getuid?.() === 0 && mounted('probe', '1m') !== null
if (!canMount) {
  console.warn('spool: only root can mount the small disks that the tests fill; they are skipped')
  if (process.env.CI !== undefined) throw new Error('a small disk cannot be mounted in CI')
}

describe.skipIf(!canMount)('a full disk', () => {
  let database: Database
  afterEach(() => database.close())

  it('under the spool is told, and after room was made the next run is exact', async () => {
    const disk = mounted('spool-disk', '128k') as string
    database = await openStore(join(folder, 'beside-full-spool'))
    await expectFull(ingestFiles([capture], database, { blockRows, spool: join(disk, 'spool') }))
    spawnSync('mount', ['-o', 'remount,size=64m', disk])
    const result = await ingestFiles([capture], database, { blockRows, spool: join(disk, 'spool') })
    expect(result.problems).toEqual([])
    expect(await contentIn(database)).toEqual(calm)
  })

  it('under the store is told, and after room was made the next run is exact', async () => {
    const disk = mounted('store-disk', '4m') as string
    database = await openStore(join(disk, 'store'))
    const spool = join(folder, 'spool-beside-full-store')
    await expectFull(ingestFiles([capture], database, { blockRows, spool }))
    spawnSync('mount', ['-o', 'remount,size=256m', disk])
    const result = await ingestFiles([capture], database, { blockRows, spool })
    expect(result.problems).toEqual([])
    expect(await contentIn(database)).toEqual(calm)
  })

  async function expectFull(run: Promise<unknown>): Promise<void> {
    const error: unknown = await run.then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({ code: 'disk-full' })
    expect((error as StoreError).message).toMatch(/free some space and run the same command again/)
  }
})

/** The mount point of a new disk of this size; null when it cannot be mounted. */
function mounted(label: string, size: string): string | null {
  const point = join(folder, label)
  mkdirSync(point)
  const run = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', point])
  if (run.status !== 0) return null
  mounts.push(point)
  return point
}

/** Hashes of all rows and of all passive DNS, free of order. */
async function contentIn(database: Database): Promise<{ rows: string; records: string }> {
  const [rows] = await database.rows<{ hash: string }>(
    "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(* EXCEPT ingested)))) AS hash FROM transactions",
  )
  const [records] = await database.rows<{ hash: string }>(`
    SELECT concat(toString(count()), ' ', toString(sum(answers)), ' ', toString(sum(cityHash64(*)))) AS hash FROM (
      SELECT name, type, data, section, server_role, match, min(first_seen), max(last_seen), sum(count) AS answers,
        min(ttl_min), max(ttl_max)
      FROM rrsets GROUP BY name, type, data, section, server_role, match)`)
  return { rows: rows.hash, records: records.hash }
}

async function contentOf(store: string): Promise<{ rows: string; records: string }> {
  const database = await openStore(store, { create: false })
  try {
    return await contentIn(database)
  } finally {
    await database.close()
  }
}

async function rowsOf(database: Database, label: string): Promise<number> {
  const sql = 'SELECT count() AS n FROM transactions WHERE capture = {label:String}'
  return (await database.rows<{ n: number }>(sql, { label }))[0].n
}

function trafficOf(): Traffic {
  const traffic = new Traffic()
  traffic.take(100, query())
  traffic.take(100.1, answer())
  return traffic
}

function blockOf(label: string): Buffer {
  return Buffer.concat(encodeBlock(trafficOf().writer.block, { capture: label, sensor: '' }))
}

/** The process id of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid
}
