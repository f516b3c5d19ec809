// Hostile captures: whatever packets come in whatever order, every layer ends, throws nothing, reads nothing outside, and puts each in one bin.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { Random } from '../samples/make/random.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { PacketBatch } from '../src/ingest/capture/packets.ts'
import { Layers } from '../src/ingest/decode/layers.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import type { Packet } from '../src/ingest/decode/packet.ts'
import { Records } from '../src/ingest/decode/records.ts'

/** Packets; a million take ten seconds. */
const mutations = Number(process.env.OVERHEAR_MUTATIONS ?? 3_000_000)
const seed = Number(process.env.OVERHEAR_SEED ?? 1)
const ports = [1053, 8053]

const samples = join(import.meta.dirname, '../samples')
const captures = join(import.meta.dirname, '../../shared/captures')
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`mutation-layers: ${captures} is absent, only samples are mutated`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}

interface Frame {
  bytes: Buffer
  link: number
  original: number
  seconds: number
  nanoseconds: number
}

/** Packets of one capture, in its order. */
type Recorded = Frame[]

/** Packets that are kept of a capture; those of the largest are much alike. */
const keptPackets = 3000

const recordings: Recorded[] = []

beforeAll(async () => {
  for (const folder of hasCaptures ? [samples, captures] : [samples]) {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.(pcap|pcapng|cap|gz|xz|zst|lz4)$/.test(file) && !file.includes('.truth.'))
        await record(join(folder, file))
    }
  }
}, 600_000)

async function record(path: string): Promise<void> {
  const recorded: Recorded = []
  const capture = await openCapture(path)
  for await (const batch of capture.batches()) {
    for (let i = 0; i < batch.count && recorded.length < keptPackets; i++) {
      recorded.push({
        bytes: Buffer.from(
          batch.bytes.subarray(batch.start[i], batch.start[i] + batch.captured[i]),
        ),
        link: batch.link[i],
        original: batch.original[i],
        seconds: batch.seconds[i],
        nanoseconds: batch.nanoseconds[i],
      })
    }
    if (recorded.length >= keptPackets) break
  }
  await capture.close()
  if (recorded.length > 0) recordings.push(recorded)
}

it('mutated captures give the same whatever lies around their packets and was decoded before', () => {
  const random = new Random(seed)
  // The second reader is used for all rounds: what earlier packets left in its buffers must not show.
  const used = new Reader(0x00)
  let packets = 0
  let messages = 0
  for (let round = 0; packets < mutations; round++) {
    const frames = mutatedCapture(random)
    const fresh = new Reader(0xff)
    const [first, second] = [fresh.read(frames), used.read(frames)]
    if (first !== second) expect(first, `round ${round} of seed ${seed}`).toBe(second)
    packets += frames.length
    messages += fresh.layers.messages
  }
  console.info(`${packets} packets of ${recordings.length} captures, ${messages} messages`)
  expect(messages).toBeGreaterThan(packets / 20)
}, 7_200_000)

/** Decodes captures to their last record; packets stand among bytes of one value. */
class Reader {
  readonly layers: Layers
  private readonly around: number
  private readonly batch = new PacketBatch()
  private readonly message = new Message()
  private readonly records = new Records(64)
  private start = 0
  private end = 0
  private hash = 0

  constructor(around: number) {
    this.around = around
    this.layers = new Layers(ports, (bytes, packet) => this.take(bytes, packet))
  }

  /** What came out of a capture, as a text. */
  read(frames: readonly Frame[]): string {
    const { batch, layers } = this
    const before = layers.bins.slice()
    const { streams, datagrams } = layers.unfinished
    this.hash = 0x811c9dc5
    for (const [i, frame] of frames.entries()) {
      const { bytes } = frame
      this.start = 7 + ((this.around + i) & 31)
      this.end = this.start + bytes.length
      batch.bytes = new Uint8Array(this.end + 70).fill(this.around)
      batch.bytes.set(bytes, this.start)
      batch.count = 1
      batch.firstFrame = i + 1
      batch.start[0] = this.start
      batch.captured[0] = bytes.length
      batch.original[0] = frame.original
      batch.seconds[0] = frame.seconds
      batch.nanoseconds[0] = frame.nanoseconds
      batch.link[0] = frame.link
      layers.decode(batch, 0)
    }
    layers.finish()
    const bins = layers.bins.map((count, bin) => count - before[bin])
    const total = bins.reduce((sum, count) => sum + count, 0)
    if (total !== frames.length) expect(total, 'the sum of the bins').toBe(frames.length)
    const { unfinished } = layers
    const open = [unfinished.streams - streams, unfinished.datagrams - datagrams]
    return `${this.hash} ${bins.join(' ')}, unfinished ${open.join(' ')}`
  }

  private take(bytes: Uint8Array, packet: Packet): void {
    const { message, records } = this
    const { payloadStart, payloadEnd } = packet
    const isOwn = bytes === this.batch.bytes
    const [from, to] = isOwn ? [this.start, this.end] : [0, bytes.length]
    if (!(from <= payloadStart && payloadStart <= payloadEnd && payloadEnd <= to)) {
      throw new Error(`a message at ${payloadStart} to ${payloadEnd} of ${from} to ${to}`)
    }
    records.count = 0
    records.name.bytes.pos = 0
    records.data.bytes.pos = 0
    decodeMessage(bytes, payloadStart, payloadEnd, packet.service !== 0, message, records, 0)
    this.add(packet.frame)
    this.add(packet.seconds)
    this.add(packet.addresses[3] ^ packet.addresses[7])
    this.add((packet.sourcePort << 16) | packet.destinationPort)
    this.add((packet.transport << 16) | packet.fragments)
    this.add((packet.vlan << 16) | packet.tunnel)
    this.add(packet.tunnelId)
    this.add((packet.ipTtl << 16) | packet.ipId)
    this.add(packet.anomalies)
    this.add(message.anomalies)
    this.add(records.count)
    this.add(records.data.bytes.pos)
    for (let i = payloadStart; i < payloadEnd; i++) this.add(bytes[i])
  }

  private add(value: number): void {
    this.hash = Math.imul(this.hash ^ value, 0x01000193)
    this.hash ^= this.hash >>> 15
  }
}

/** Packets of a round at most: long enough for streams and datagrams, short enough to name the one that fails. */
const roundPackets = 200

/** A piece of one capture, sometimes spliced with one of another, after changes to its packets and to their order. */
function mutatedCapture(random: Random): Frame[] {
  const frames = piece(random)
  if (random.chance(0.3)) {
    const other = piece(random)
    for (const frame of other) frames.splice(random.integer(0, frames.length + 1), 0, frame)
  }
  // Some pieces are changed everywhere, most here and there: too much noise never gets past the first header.
  const share = random.pick([0.02, 0.1, 0.5])
  const mutated: Frame[] = []
  for (const frame of frames) {
    if (!random.chance(share)) mutated.push(frame)
    else mutated.push(...changed(random, frame))
    if (random.chance(share / 2) && mutated.length > 1) {
      const at = random.integer(0, mutated.length - 1)
      const [moved] = mutated.splice(at, 1)
      mutated.splice(Math.max(0, at - random.integer(0, 8)), 0, moved)
    }
  }
  return mutated
}

function piece(random: Random): Frame[] {
  const recorded = random.pick(recordings)
  const from = random.integer(0, recorded.length)
  return recorded.slice(from, from + random.integer(1, roundPackets))
}

/** A packet dropped, repeated, cut, or with changes of the kinds that break decoders; its time moved now and then. */
function changed(random: Random, frame: Frame): Frame[] {
  if (random.chance(0.1)) return []
  if (random.chance(0.1)) return [frame, frame]
  let bytes = Buffer.from(frame.bytes)
  let { original, seconds } = frame
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, Math.max(1, Math.min(bytes.length, random.pick([80, 80, 65_536]))))
    switch (random.integer(0, 6)) {
      case 0:
        if (bytes.length > 0) bytes[at] ^= 1 << random.integer(0, 8)
        break
      case 1:
        if (bytes.length > 0) bytes[at] = random.integer(0, 256)
        break
      case 2:
        if (at + 2 <= bytes.length) bytes.writeUInt16BE(random.pick(lengths) & 0xffff, at)
        break
      case 3:
        if (at + 2 <= bytes.length) {
          const shifted = bytes.readUInt16BE(at) + random.integer(-9, 10)
          bytes.writeUInt16BE(shifted & 0xffff, at)
        }
        break
      case 4:
        bytes = bytes.subarray(0, random.integer(0, bytes.length + 1))
        original = random.chance(0.5) ? original : bytes.length
        break
      default:
        seconds = Math.max(0, seconds + random.pick([-500, -40, 1, 40, 500]))
    }
  }
  return [{ ...frame, bytes, original, seconds }]
}

const lengths = [0, 1, 7, 8, 19, 20, 21, 28, 40, 48, 255, 256, 0x1fff, 0x2000, 0x3fff, 65_535]
