// Frames that a mirror delivers twice are dropped and counted; a flood of equal packets is not a mirror and is left whole.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pcapFile, type TimedPacket } from '../samples/make/capture.ts'
import { ethernet, udpPacket } from '../samples/make/frame.ts'
import { encodeMessage } from '../samples/make/message.ts'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { type BinCounts, binCounts, binTotal } from '../src/ingest/decode/bins.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { decodeCapture } from '../src/ingest/messages.ts'
import { packetsOf, unpacked } from './rotated.ts'

const folder = mkdtempSync(join(tmpdir(), 'mirror-test-'))
const samples = join(import.meta.dirname, '../samples')
const captures = join(import.meta.dirname, '../../shared/captures')
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`mirror: ${captures} is absent, the real captures are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a capture in which every frame comes twice', () => {
  let database: Database
  beforeAll(async () => {
    database = await openStore(':memory:')
  })
  afterAll(() => database.close())

  it.each([
    'poisoning.pcap',
    'exfiltration.pcap',
    'quiet-hour.pcap.gz',
    'formats/us-le.pcap',
    'formats/tcp-pipelined.pcap',
    'formats/fragments.pcap',
    'formats/fragments-ipv6.pcap',
    'formats/vxlan.pcap',
    'formats/qinq.pcap',
  ])('has the rows of the plain one: %s', async (name) => {
    const plain = join(samples, name)
    const doubled = join(folder, name.replaceAll('/', '-').replace('.gz', ''))
    writeDoubled(plain, doubled)
    const { files } = await ingestFiles([plain], database)
    const { files: twice } = await ingestFiles([doubled], database)
    expect(await rowsOf(twice[0].id)).toEqual(await rowsOf(files[0].id))
    const { packets, bins, messages, unfinished } = files[0]
    expect(twice[0]).toMatchObject({ messages, unfinished, packets: 2 * packets })
    expect(binTotal(twice[0].bins)).toBe(2 * packets)
    // Only what could be DNS is looked at: the rest is counted twice, as it came.
    const { other, duplicate, ...rest } = twice[0].bins
    expect(rest).toEqual({
      dns: bins.dns,
      malformed: bins.malformed,
      unsupported: bins.unsupported,
    })
    expect(duplicate).toBeGreaterThanOrEqual(bins.dns)
    expect(duplicate + other).toBe(packets + bins.other)
  })

  it('keeps both with keepDuplicates', async () => {
    const doubled = join(folder, 'kept.pcap')
    writeDoubled(join(samples, 'answer-change.pcap'), doubled)
    const { files } = await ingestFiles([doubled], database, {
      keepDuplicates: true,
      sensor: 'kept',
    })
    const [plain] = (await ingestFiles([join(samples, 'answer-change.pcap')], database)).files
    expect(files[0].bins.duplicate).toBe(0)
    expect(files[0].messages.query).toBe(2 * plain.messages.query)
  })

  async function rowsOf(id: string): Promise<unknown> {
    const place = 'capture, response_capture, frame, frame_gap'
    const rows = await database.rows<{ hash: string }>(
      `SELECT toString(cityHash64(* EXCEPT (${place}, ingested, repeat_in_ttl))) AS hash FROM transactions
       WHERE capture = {id:String} ORDER BY hash`,
      { id },
    )
    return rows.map(({ hash }) => hash)
  }
})

describe('what is no mirror', () => {
  it.each(['amplification.pcap.gz', 'poisoning.pcap', 'quiet-hour.pcap.gz', 'exfiltration.pcap'])(
    'loses no packet: %s',
    async (name) => {
      expect((await binsOf(join(samples, name))).duplicate).toBe(0)
    },
  )

  it.skipIf(!hasCaptures)('loses no packet: any of the real captures', async () => {
    const thinned: string[] = []
    for (const truth of readdirSync(captures).filter((name) => name.endsWith('.truth.jsonl.gz'))) {
      const name = truth.replace('.truth.jsonl.gz', '')
      if ((await binsOf(join(captures, name))).duplicate > 0) thinned.push(name)
    }
    expect(thinned).toEqual([])
  })

  // At 2.6 to 4.9 ms each second packet comes in time to be a copy of the one before.
  it.each([0.01, 0.5, 1, 2.6, 4, 4.9, 7])('a flood of one query each %f ms', async (gapMs) => {
    const bins = await binsOf(write(Array.from({ length: 3000 }, (_, i) => sent(i * gapMs, 1, 7))))
    expect(bins).toMatchObject({ dns: 3000, duplicate: 0 })
  })

  it.each([3, 40, 700])('a flood of %i queries in turn', async (queries) => {
    const packets = Array.from({ length: 5000 }, (_, i) => sent(i * 0.05, (i % queries) + 1, 7))
    expect(await binsOf(write(packets))).toMatchObject({ dns: 5000, duplicate: 0 })
  })

  it('retransmissions of some among many', async () => {
    const packets: TimedPacket[] = []
    for (let i = 0; i < 2000; i++) {
      packets.push(sent(i, i, i))
      if (i % 3 === 0) packets.push(sent(i + 0.2, i, i))
    }
    expect(await binsOf(write(packets))).toMatchObject({ dns: 2667, duplicate: 0 })
  })

  it('is left whole also where a mirror is beside it: of three copies one is dropped, of four two', async () => {
    const packets: TimedPacket[] = []
    for (let i = 0; i < 1000; i++) packets.push(sent(i, i, i), sent(i + 0.1, i, i))
    for (const extra of [0, 0.02, 0.04]) packets.push(sent(1000 + extra, 5000, 1))
    for (const extra of [0, 0.02, 0.04, 0.06]) packets.push(sent(1001 + extra, 5001, 1))
    expect(await binsOf(write(packets))).toMatchObject({
      dns: 1000 + 2 + 2,
      duplicate: 1000 + 1 + 2,
    })
  })

  it('two answers that differ in one byte of data are no copies, also behind a mirror', async () => {
    const packets: TimedPacket[] = []
    for (let i = 0; i < 600; i++) packets.push(sent(i, i, i), sent(i + 0.1, i, i))
    const forged = sent(700, 7000, 1)
    const other = { ...forged, bytes: Uint8Array.from(forged.bytes) }
    other.bytes[other.bytes.length - 1] ^= 1
    packets.push(forged, other)
    expect(await binsOf(write(packets))).toMatchObject({ dns: 602, duplicate: 600 })
  })

  it('a mirror that begins in the middle is found there', async () => {
    const packets: TimedPacket[] = []
    for (let i = 0; i < 4000; i++) {
      packets.push(sent(i, i, i))
      if (i >= 2000) packets.push(sent(i + 0.1, i, i))
    }
    const { dns, duplicate } = await binsOf(write(packets))
    expect(dns + duplicate).toBe(6000)
    expect(duplicate).toBeGreaterThan(1200)
    expect(duplicate).toBeLessThanOrEqual(2000)
  })
})

let files = 0

function write(packets: TimedPacket[]): string {
  const path = join(folder, `written-${++files}.pcap`)
  writeFileSync(path, pcapFile(packets))
  return path
}

/** A query of one client, at so many milliseconds. */
function sent(atMs: number, client: number, ipId: number): TimedPacket {
  const from = { address: `10.1.${(client >> 8) & 255}.${client & 255}`, port: 4000 }
  const questions = [{ name: 'www.example.org', type: 'A' as const }]
  const message = encodeMessage({ id: client & 0xffff, questions })
  const ip = udpPacket(from, { address: '192.0.2.53', port: 53 }, message, { ttl: 60, id: ipId })
  const us = Math.round(atMs * 1000)
  return {
    seconds: 1_700_000_000 + Math.floor(us / 1e6),
    nanoseconds: (us % 1e6) * 1000,
    bytes: ethernet(ip),
  }
}

/** Writes each packet twice; the second has another Ethernet source and has passed a router. */
function writeDoubled(from: string, to: string): void {
  const parts = [unpacked(from).subarray(0, 24)]
  for (const record of packetsOf(from)) {
    const copy = Buffer.from(record)
    const frame = copy.subarray(16)
    frame[6] ^= 0xff
    let at = 12
    while ([0x8100, 0x88a8].includes(frame.readUInt16BE(at))) at += 4
    const type = frame.readUInt16BE(at)
    if (type === 0x0800) {
      frame[at + 2 + 8]--
      frame.writeUInt16BE(frame.readUInt16BE(at + 2 + 10) ^ 0x0100, at + 2 + 10)
    } else if (type === 0x86dd) frame[at + 2 + 7]--
    parts.push(record, copy)
  }
  writeFileSync(to, Buffer.concat(parts))
}

async function binsOf(path: string): Promise<BinCounts> {
  const counts = await decodeCapture(await openCapture(path), [], undefined, {
    keepDuplicates: false,
  })
  const bins = binCounts(counts.layers.bins)
  expect(binTotal(bins)).toBe(counts.packets)
  return bins
}
