// Hostile bytes: whatever a packet or message holds, decoding ends, throws nothing, and reads nothing outside. OVERHEAR_MUTATIONS asks for more of them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../samples/make/random.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { PacketBatch } from '../src/ingest/capture/packets.ts'
import { Bin } from '../src/ingest/decode/bins.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { decodePacket, Packet, portTable } from '../src/ingest/decode/packet.ts'
import { Records } from '../src/ingest/decode/records.ts'
import { Traffic } from './traffic.ts'

const mutations = Number(process.env.OVERHEAR_MUTATIONS ?? 200_000)
const seed = Number(process.env.OVERHEAR_SEED ?? 1)
const ports = portTable([])
const samples = join(import.meta.dirname, '../samples')

interface Frame {
  link: number
  bytes: Buffer
}

const frames: Frame[] = []
const messages: Buffer[] = []

beforeAll(async () => {
  for (const file of readdirSync(samples, { recursive: true, encoding: 'utf8' })) {
    const path = join(samples, file)
    if (file.endsWith('.hex')) {
      const text = readFileSync(path, 'utf8').replace(/^#.*$/gm, '')
      messages.push(Buffer.from(text.replace(/\s/g, ''), 'hex'))
    } else if (/\.pcap(ng)?(\.gz)?$/.test(file)) await collect(path)
  }
})

async function collect(path: string): Promise<void> {
  const capture = await openCapture(path)
  const packet = new Packet()
  for await (const batch of capture.batches()) {
    // Every packet of a small file, a few hundred of a large one.
    const step = Math.ceil(batch.count / 300)
    for (let i = 0; i < batch.count; i += step) {
      const start = batch.start[i]
      const bytes = Buffer.from(batch.bytes.subarray(start, start + batch.captured[i]))
      frames.push({ link: batch.link[i], bytes })
      if (decodePacket(batch, i, ports, packet) !== Bin.dns) continue
      messages.push(Buffer.from(batch.bytes.subarray(packet.payloadStart, packet.payloadEnd)))
    }
  }
}

describe('mutated messages', () => {
  it('decode to the same whatever lies around them, and never throw', () => {
    const random = new Random(seed)
    const message = new Message()
    const records = new Records(16)
    const reading = (wire: Buffer, around: number, before: number, isMulticast: boolean) => {
      const buffer = Buffer.alloc(before + wire.length + 300, around)
      wire.copy(buffer, before)
      records.count = 0
      records.name.bytes.pos = 0
      records.data.bytes.pos = 0
      decodeMessage(buffer, before, before + wire.length, isMulticast, message, records, 0)
      return fingerprint(message, records, before)
    }
    for (let i = 0; i < mutations; i++) {
      const wire = mutated(random, messages)
      const isMulticast = random.chance(0.1)
      const among = random.integer(0, 40)
      const first = reading(wire, 0xff, among, isMulticast)
      const second = reading(wire, random.pick([0x00, 0xc0, 0x3f]), 40 - among, isMulticast)
      if (first !== second) expect(first, wire.toString('hex')).toBe(second)
    }
  })

  it('all end in a row, through a table that is always full', () => {
    const random = new Random(seed + 1)
    const traffic = new Traffic({ limits: { entries: 64, arenaBytes: 1 << 19 } }, 256)
    const count = Math.ceil(mutations / 10)
    for (let i = 0; i < count; i++) {
      const service = random.chance(0.1) ? 1 : 0
      traffic.take(1000 + i / 1000, mutated(random, messages), { service })
    }
    const rows = traffic.finish()
    const attempts = rows.reduce((sum, row) => sum + row.attempts, 0)
    const malformed = rows.filter(({ match }) => match === 'malformed').length
    const answers = rows.filter((row) => row.match !== 'malformed' && row.responseFrame > 0).length
    expect(attempts + malformed + answers).toBe(count)
    for (const { qname, records, edeText } of rows) {
      for (const text of [qname, edeText, ...records]) expect(text).toMatch(/^[ -~]*$/)
    }
  })
})

describe('mutated packets', () => {
  it('end in the same bin whatever lies around them, and never throw', () => {
    const random = new Random(seed + 2)
    const batch = new PacketBatch()
    const packet = new Packet()
    const bytesOf = frames.map(({ bytes }) => bytes)
    batch.count = 1
    const reading = (wire: Buffer, around: number, before: number) => {
      const buffer = Buffer.alloc(before + wire.length + 100, around)
      wire.copy(buffer, before)
      batch.bytes = buffer
      batch.start[0] = before
      batch.captured[0] = wire.length
      const bin = decodePacket(batch, 0, ports, packet)
      if (bin !== Bin.dns) return String(bin)
      const { payloadStart, payloadEnd, vlan, vlanOuter, sourcePort, anomalies } = packet
      const isInside = payloadStart <= payloadEnd && payloadEnd <= before + wire.length
      expect(isInside && payloadStart >= before).toBe(true)
      const places = [payloadStart - before, payloadEnd - before]
      return [bin, ...places, vlan, vlanOuter, sourcePort, anomalies, ...packet.addresses].join(' ')
    }
    for (let i = 0; i < mutations; i++) {
      const wire = mutated(random, bytesOf)
      batch.link[0] = random.chance(0.8) ? random.pick(frames).link : random.integer(0, 300)
      batch.original[0] = wire.length + random.pick([0, 0, 0, 50])
      const first = reading(wire, 0xff, 64)
      const second = reading(wire, random.pick([0x00, 0x45, 0x60]), random.integer(0, 64))
      if (first !== second) expect(first, wire.toString('hex')).toBe(second)
    }
  })
})

/** One of the originals after one to four changes of the kinds that break decoders. */
function mutated(random: Random, originals: readonly Buffer[]): Buffer {
  let wire = Buffer.from(random.pick(originals))
  for (let changes = random.integer(1, 5); changes > 0; changes--) {
    const at = random.integer(0, Math.max(1, wire.length))
    switch (random.integer(0, 8)) {
      case 0:
        if (wire.length > 0) wire[at] ^= 1 << random.integer(0, 8)
        break
      case 1:
        if (wire.length > 0) wire[at] = random.integer(0, 256)
        break
      case 2:
        if (at + 2 <= wire.length) wire.writeUInt16BE(random.pick(lengths), at)
        break
      case 3:
        if (at + 2 <= wire.length) {
          wire.writeUInt16BE(0xc000 | random.integer(0, wire.length + 4), at)
        }
        break
      case 4:
        wire = wire.subarray(0, at)
        break
      case 5: {
        const other = random.pick(originals)
        const from = random.integer(0, other.length + 1)
        wire = Buffer.concat([wire.subarray(0, at), other.subarray(from)])
        break
      }
      case 6:
        // A count in the header, or a length early in a frame.
        if (wire.length >= 12) wire.writeUInt16BE(random.pick(lengths), 2 * random.integer(2, 6))
        break
      default: {
        const end = Math.min(wire.length, at + random.integer(1, 40))
        wire = Buffer.concat([wire.subarray(0, end), wire.subarray(at)])
      }
    }
  }
  return wire
}

const lengths = [0, 1, 2, 4, 11, 12, 41, 63, 64, 127, 128, 191, 192, 255, 256, 512, 0x7fff, 0xffff]

/** All that was read, with positions counted from the start of the message. */
function fingerprint(message: Message, records: Records, start: number): string {
  const { qname, qnameRaw, qtype, qclass, id, flags, rcode, questions, anomalies } = message
  const opt = message.hasOpt
    ? [message.optStart - start, message.optEnd - start, message.ednsSize, message.ednsVersion]
    : []
  const columns = [
    records.section.subarray(0, records.count),
    records.type.subarray(0, records.count),
    records.class.subarray(0, records.count),
    records.ttl.subarray(0, records.count),
  ]
  const texts = [qname, qnameRaw, records.name.bytes, records.data.bytes].map((text) =>
    Buffer.from(text.buf.buffer, text.buf.byteOffset, text.pos).toString('latin1'),
  )
  const numbers = [qtype, qclass, id, flags, rcode, questions, anomalies, message.size, ...opt]
  return [...numbers, ...columns, ...texts, message.isQuestionReadable].join('|')
}
