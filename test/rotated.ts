// Test helper: the packets of a classic pcap, and files of some of them as a rotating writer leaves them.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** The bytes of a file, unpacked where its name ends in gz. */
export function unpacked(path: string): Buffer {
  const file = readFileSync(path)
  return path.endsWith('.gz') ? gunzipSync(file) : file
}

/** The records of a little-endian pcap (also in gzip), headers included. */
export function packetsOf(path: string): Buffer[] {
  const wire = unpacked(path)
  const records: Buffer[] = []
  for (let at = 24; at < wire.length; ) {
    const sizeBytes = 16 + wire.readUInt32LE(at + 8)
    records.push(wire.subarray(at, at + sizeBytes))
    at += sizeBytes
  }
  return records
}

/** The header of a pcap in microseconds. */
export function pcapHeader(link = 1): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(link, 20)
  return header
}

/** Writes numbered pcap files into a folder; `seconds` moves their packets to later. */
export function writeParts(
  folder: string,
  parts: readonly Buffer[][],
  {
    first = 0,
    link = 1,
    seconds = 0,
    header = pcapHeader(link),
  }: { first?: number; link?: number; seconds?: number; header?: Buffer } = {},
): void {
  mkdirSync(folder, { recursive: true })
  for (const [number, records] of parts.entries()) {
    const moved = records.map((record) => {
      const copy = Buffer.from(record)
      copy.writeUInt32LE(copy.readUInt32LE(0) + seconds, 0)
      return copy
    })
    const name = `${String(first + number).padStart(5, '0')}.pcap`
    writeFileSync(join(folder, name), Buffer.concat([header, ...moved]))
  }
}
