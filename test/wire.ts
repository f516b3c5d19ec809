// Test helper: packets written as hex, fed to the decoder's layers, and what came out of them.

import { addressText } from '../src/dns/address.ts'
import { PacketBatch } from '../src/ingest/capture/packets.ts'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { type BinCounts, binCounts, binTotal } from '../src/ingest/decode/bins.ts'
import { Layers } from '../src/ingest/decode/layers.ts'
import { bytes } from './capture-bytes.ts'

/** A message as it was handed on. */
export interface Seen {
  /** As hex. */
  payload: string
  frame: number
  seconds: number
  from: string
  to: string
  anomalies: string[]
  isLate: boolean
  fragments: number
  vlan: number
  transport: number
  ipTtl: number
  ipId: number
}

/** How a packet was captured. */
export interface Captured {
  seconds?: number
  /** Bytes the capture kept. */
  snap?: number
  link?: number
}

const rawIp = 101

/** A capture under way; frames count from 1, and each packet comes at second 1000 unless told otherwise. */
export class Wire {
  readonly seen: Seen[] = []
  readonly layers = new Layers([], (from, packet) => {
    const addresses = new Uint8Array(packet.addresses.buffer)
    const { payloadStart, payloadEnd, frame, seconds } = packet
    const { isLate, fragments, vlan, transport, ipTtl, ipId } = packet
    this.seen.push({
      payload: Buffer.from(from.subarray(payloadStart, payloadEnd)).toString('hex'),
      frame,
      seconds,
      from: `${addressText(addresses, 0)} ${packet.sourcePort}`,
      to: `${addressText(addresses, 16)} ${packet.destinationPort}`,
      anomalies: anomaliesOf(packet.anomalies),
      isLate,
      fragments,
      vlan,
      transport,
      ipTtl,
      ipId,
    })
  })
  packets = 0
  private readonly batch = new PacketBatch()

  /** Puts one packet on the wire. */
  send(packet: string | Uint8Array, captured: Captured = {}): void {
    const whole = typeof packet === 'string' ? bytes(packet) : packet
    const size = Math.min(whole.length, captured.snap ?? whole.length)
    const batch = this.batch
    // What stands behind the packet must not be read.
    batch.bytes = new Uint8Array(size + 64).fill(0xee)
    batch.bytes.set(whole.subarray(0, size))
    batch.count = 1
    batch.firstFrame = ++this.packets
    batch.captured[0] = size
    batch.original[0] = whole.length
    batch.seconds[0] = captured.seconds ?? 1000
    batch.link[0] = captured.link ?? rawIp
    batch.offset[0] = this.packets * 100
    this.layers.decode(batch, 0)
  }

  /** Ends the capture; every packet must be in a bin then. */
  finish(): BinCounts {
    this.layers.finish()
    const bins = binCounts(this.layers.bins)
    if (binTotal(bins) !== this.packets) {
      throw new Error(`${this.packets} packets, but ${binTotal(bins)} in ${JSON.stringify(bins)}`)
    }
    return bins
  }

  /** The payloads so far. */
  get payloads(): string[] {
    return this.seen.map(({ payload }) => payload)
  }
}

/** What differs between segments. */
export interface Segment {
  /** From the server back to the client. */
  isBack?: boolean
  sequence: number
  acknowledged?: number
  /** Letters of S, F and R. */
  flags?: string
  data?: string
  port?: number
  ttl?: number
}

/** A segment between 192.0.2.10 port 50000 and 192.0.2.53 port 53, in IPv4. */
export function segment(options: Segment): string {
  const { isBack = false, sequence, acknowledged, flags = '', port = 50_000, ttl = 64 } = options
  const data = (options.data ?? '').replaceAll(' ', '')
  const bits =
    (acknowledged === undefined ? 0 : 16) |
    (flags.includes('R') ? 4 : 0) |
    (flags.includes('S') ? 2 : 0) |
    (flags.includes('F') ? 1 : 0)
  const ports = isBack ? `0035 ${hex(port, 4)}` : `${hex(port, 4)} 0035`
  return ipv4({
    isBack,
    protocol: 6,
    ttl,
    data: `${ports} ${hex(sequence >>> 0, 8)} ${hex((acknowledged ?? 0) >>> 0, 8)} 50 ${hex(bits, 2)} ffff 0000 0000 ${data}`,
  })
}

/** The SYN that `connection` begins with. */
export const syn = segment({ sequence: 999, flags: 'S' })

/** A connection from sequence 1000 (and 5000 back) on, then these segments a second apart. */
export function connection(...segments: Segment[]): Wire {
  const wire = new Wire()
  wire.send(syn, { seconds: 1000 })
  const back = { isBack: true, sequence: 4999, acknowledged: 1000, flags: 'S' }
  wire.send(segment(back), { seconds: 1000 })
  for (const [i, each] of segments.entries()) wire.send(segment(each), { seconds: 1001 + i })
  return wire
}

/** What differs between IPv4 packets. */
export interface Ipv4 {
  isBack?: boolean
  protocol?: number
  id?: number
  /** Byte offset of a fragment. */
  offset?: number
  hasMore?: boolean
  ttl?: number
  data: string
  /** Bytes that the header claims beyond the data. */
  lie?: number
}

/** An IPv4 packet between 192.0.2.10 and 192.0.2.53. */
export function ipv4(options: Ipv4): string {
  const { isBack = false, protocol = 17, id = 1, offset = 0, hasMore = false, ttl = 64 } = options
  const data = options.data.replaceAll(/\s/g, '')
  const total = 20 + data.length / 2 + (options.lie ?? 0)
  const addresses = isBack ? 'c0000235 c000020a' : 'c000020a c0000235'
  const place = (offset >> 3) | (hasMore ? 0x2000 : 0)
  return `45 00 ${hex(total, 4)} ${hex(id, 4)} ${hex(place, 4)} ${hex(ttl, 2)} ${hex(protocol, 2)} 0000 ${addresses} ${data}`
}

/** An IPv6 fragment from 2001:db8::a to 2001:db8::35. */
export function ipv6Fragment(
  offset: number,
  hasMore: boolean,
  data: string,
  { next = 17, id = 0x1234_5678 } = {},
): string {
  const content = data.replaceAll(/\s/g, '')
  const addresses = `20010db8 00000000 00000000 0000000a 20010db8 00000000 00000000 00000035`
  return `60000000 ${hex(8 + content.length / 2, 4)} 2c 39 ${addresses} ${hex(next, 2)} 00 ${hex(offset | (hasMore ? 1 : 0), 4)} ${hex(id, 8)} ${content}`
}

/** A UDP datagram from port 50000 to 53, without a checksum. */
export function udp(data: string, destination = 53): string {
  const content = data.replaceAll(/\s/g, '')
  return `c350 ${hex(destination, 4)} ${hex(8 + content.length / 2, 4)} 0000 ${content}`
}

/** `count` bytes of one value, as hex. */
export function repeated(byte: string, count: number): string {
  return byte.repeat(count)
}

/** Bytes `from` to `to` of hex text. */
export function part(text: string, from: number, to?: number): string {
  const content = text.replaceAll(/\s/g, '')
  return content.slice(2 * from, to === undefined ? undefined : 2 * to)
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
