// Twins of a capture as other vantage points would have seen it: some packets lost, all of them doubled, one direction, neighbours swapped.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** How a twin differs. */
export const twinKinds = ['lossy', 'doubled', 'queries only', 'answers only', 'reordered'] as const
export type TwinKind = (typeof twinKinds)[number]

/** A classic little-endian pcap in its parts: the file header, and each packet with its own header. */
export interface Pcap {
  header: Buffer
  packets: Buffer[]
}

/** Reads at most so many packets of a capture, plain, .gz or .zst. */
export function readPcap(path: string, most = Infinity): Pcap {
  const raw = readFileSync(path)
  const bytes = path.endsWith('.gz')
    ? gunzipSync(raw)
    : path.endsWith('.zst')
      ? execFileSync('zstd', ['-dc', path], { maxBuffer: 1 << 28 })
      : raw
  const magic = bytes.readUInt32LE(0)
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d) throw new Error(`${path} is no classic pcap`)
  const packets: Buffer[] = []
  for (let at = 24; at + 16 <= bytes.length && packets.length < most; ) {
    const end = at + 16 + bytes.readUInt32LE(at + 8)
    packets.push(bytes.subarray(at, end))
    at = end
  }
  return { header: bytes.subarray(0, 24), packets }
}

/** The bytes of a twin; the same at each call. */
export function twin({ header, packets }: Pcap, kind: TwinKind): Buffer {
  return Buffer.concat([header, ...makers[kind](packets)])
}

const makers: Record<TwinKind, (packets: Buffer[]) => Buffer[]> = {
  lossy: (packets) => packets.filter((_, i) => chance(i) >= 0.05),
  doubled: (packets) => packets.flatMap((packet) => [packet, packet]),
  'queries only': (packets) => packets.filter((packet) => portsOf(packet)?.[0] !== 53),
  'answers only': (packets) => packets.filter((packet) => portsOf(packet)?.[1] !== 53),
  reordered: (packets) =>
    packets
      .map((packet, i) => ({ packet, at: i + 4 * chance(i) }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ packet }) => packet),
}

/** A number from 0 to 1 that looks random and is that of `i` always. */
function chance(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
  return ((x ^ (x >>> 13)) >>> 0) / 2 ** 32
}

/** Source and destination port of UDP or TCP in IPv4 or IPv6 in Ethernet. */
function portsOf(packet: Buffer): [number, number] | null {
  const type = packet.length > 70 ? packet.readUInt16BE(16 + 12) : 0
  if (type !== 0x0800 && type !== 0x86dd) return null
  const ip = 16 + 14
  const at = ip + (type === 0x0800 ? 4 * ((packet[ip] ?? 0) & 15) : 40)
  return at + 4 <= packet.length ? [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)] : null
}
