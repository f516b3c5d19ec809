// Where does the time of an ingest go, stage by stage?

import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import type { PacketBatch } from '../src/ingest/capture/packets.ts'
import { Message } from '../src/ingest/decode/message.ts'
import { Layers } from '../src/ingest/decode/layers.ts'
import { Matcher } from '../src/ingest/match/match.ts'
import { type Block, blockRows } from '../src/ingest/store/block.ts'
import { columnNames, encodeBlock } from '../src/ingest/store/encode.ts'
import { RowWriter } from '../src/ingest/store/rows.ts'
import { Spool } from '../src/ingest/store/spool.ts'
import type { Bench, Figure } from './bench.ts'
import { decodeAll, match } from './match.bench.ts'
import { countPackets, decodeBatch, eachMessage, loadPackets } from './packets.ts'

/** Each stage is timed together with all before it, and what those took is taken off. */
export const stagesBench: Bench = {
  name: 'stages',
  asks: 'Where does the time of an ingest go?',
  fairness:
    'CPU time of all threads, the least of four runs, one stage at a time; in an ingest the engine inserts and merges on the second core while the other stages work on the first.',
  async run(setting) {
    const batches = loadPackets(setting)
    const packets = countPackets(batches)
    const folder = mkdtempSync(join(tmpdir(), 'overhear-stages-'))
    const kept = join(folder, 'kept')
    try {
      mkdirSync(kept)
      const spool = await Spool.open(keeper(kept), join(folder, 'spool'))
      const writer = new RowWriter(blockRows)
      const together: [label: string, work: () => unknown][] = [
        ['read the capture', () => read(setting.capture)],
        ['link, IP and UDP', () => layersOnly(batches)],
        ['decode messages', () => decodeAll(batches)],
        ['match', () => match(batches)],
        ['write rows', () => blocks(batches, writer, () => undefined)],
        ['encode blocks', () => blocks(batches, writer, encode)],
        [
          'write the spool',
          () => blocks(batches, writer, (block, n) => spool.store(block, origin, String(n))),
        ],
      ]
      const us = (await leastCpuUs(together.map(([, work]) => work))).map((cpu) => cpu / packets)
      await spool.drain()
      const [plain, view, merged] = await inserts(join(folder, 'store'), kept)
      // Reading stands alone; each of the others is timed with all before it but reading.
      const own = us.map((cpu, i) => (i < 2 ? cpu : cpu - us[i - 1]))
      own.push(plain / packets, (view - plain) / packets, (merged - view) / packets)
      const labels = [
        ...together.map(([label]) => label),
        'insert',
        'insert: passive DNS view',
        'merge',
      ]
      return labels.map((label, i) => stage(label, own[i], own))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function stage(label: string, us: number, all: readonly number[]): Figure {
  const share = (100 * us) / all.reduce((sum, each) => sum + each, 0)
  // A stage that costs less than the noise of its neighbours comes out at or below nothing.
  const rate = 1e6 / Math.max(us, 0.01)
  return {
    label,
    rate,
    slowest: rate,
    fastest: rate,
    runs: 1,
    note: `${share.toFixed(0)} % of the CPU time`,
  }
}

const rounds = 4

/** CPU microseconds of each work, the least of some rounds: what other processes do to the machine is added time only. */
async function leastCpuUs(works: readonly (() => unknown)[]): Promise<number[]> {
  const least = works.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    for (const [index, work] of works.entries()) {
      const before = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(before)
      least[index] = Math.min(least[index], user + system)
    }
  }
  return least
}

const origin = { capture: 'bench', sensor: '' }

async function read(path: string): Promise<void> {
  const capture = await openCapture(path)
  for await (const batch of capture.batches()) void batch
}

function layersOnly(batches: readonly PacketBatch[]): void {
  eachMessage(batches, () => undefined)
}

function encode(block: Block): void {
  encodeBlock(block, origin)
}

/** Everything up to full blocks, which `take` gets. */
async function blocks(
  batches: readonly PacketBatch[],
  writer: RowWriter,
  take: (block: Block, n: number) => unknown,
): Promise<void> {
  const matcher = new Matcher(writer)
  writer.table = matcher.table
  const message = new Message()
  const layers = new Layers([], (bytes, packet) => matcher.take(bytes, packet, message))
  let n = 0
  const takeFull = async () => {
    for (let block = writer.full.shift(); block !== undefined; block = writer.full.shift()) {
      await take(block, n++)
      writer.recycle(block)
    }
  }
  for (const batch of batches) {
    decodeBatch(layers, batch)
    await takeFull()
  }
  layers.finish()
  matcher.finish(layers.packet.seconds, layers.packet.nanoseconds)
  writer.flush()
  await takeFull()
}

/** Stands where the store would: keeps each sealed block for later. */
function keeper(folder: string): Database {
  const insertFile = async (
    _table: string,
    _columns: readonly string[],
    file: string,
    token: string,
  ) => {
    rmSync(join(folder, token), { force: true })
    linkSync(file, join(folder, token))
  }
  // As a server it has no merges to hold.
  return { kind: 'server', insertFile } as unknown as Database
}

/** CPU microseconds of inserting the kept blocks: without the view, with it, and with it and all merges that follow. */
async function inserts(store: string, kept: string): Promise<number[]> {
  const database = await openStore(store)
  let tokens = 0
  const insertAll = async () => {
    for (const name of readdirSync(kept)) {
      const token = `bench:${tokens++}`
      await database.insertFile('transactions', columnNames, join(kept, name), token)
    }
    while ((await database.rows('SELECT 1 FROM system.merges')).length > 0) await delay(20)
  }
  const empty = async () => {
    await database.command('TRUNCATE TABLE transactions')
    await database.command('TRUNCATE TABLE rrsets')
  }
  const around = (before: string, after: string) => async () => {
    await database.command(before)
    await insertAll()
    await database.command(after)
    await empty()
  }
  try {
    await database.command('SYSTEM STOP MERGES')
    return await leastCpuUs([
      around('DETACH TABLE rrsets_feed', 'ATTACH TABLE rrsets_feed'),
      around('SELECT 1', 'SELECT 1'),
      around('SYSTEM START MERGES', 'SYSTEM STOP MERGES'),
    ])
  } finally {
    await database.close()
  }
}
