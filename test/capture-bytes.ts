// What the capture tests share: captures written out byte by byte, sources in memory, and what reading them gives.

import { createHash } from 'node:crypto'
import { SourceError } from '../src/errors.ts'
import type { ByteSource } from '../src/ingest/capture/bytes.ts'
import { openSource } from '../src/ingest/capture/capture.ts'
import type { Capture } from '../src/ingest/capture/capture.ts'

/** Two packets on Ethernet, of 3 and 2 bytes. */
export const pcapLittle = bytes(`
  d4c3b2a1                            // magic, microseconds
  0200 0400 00000000 00000000         // version 2.4, zone, accuracy
  00000400 01000000                   // snap length 262144, Ethernet
  00f15365 40e20100 03000000 05000000 // 1700000000 s, 123456 us, 3 of 5 bytes
  aabbcc
  01f15365 3f420f00 02000000 02000000 // 1700000001 s, 999999 us
  ddee
`)

export const sectionLittle = `
  0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000 // section header, length unknown
`
export const pcapng = bytes(`
  ${sectionLittle}
  01000000 30000000 0100 0000 00000400                // interface 0: Ethernet
    0200 0400 65746830                                // if_name eth0
    0900 0100 09000000                                // if_tsresol 10^-9
    0e00 0800 e803000000000000                        // if_tsoffset 1000 s
    30000000
  01000000 1c000000 7100 0000 00000000                // interface 1: Linux cooked, microseconds by default
    0900 0100 83000000                                // if_tsresol 2^-3
    1c000000
  01000000 14000000 6500 0000 02000000 14000000       // interface 2: raw IP, snap length 2
  06000000 24000000 00000000 00000000 00000000        // EPB on interface 0: its time is written below
    03000000 05000000 aabbcc00 24000000
  06000000 24000000 01000000 00000000 0b000000        // EPB on interface 1: 11 eighths of a second
    01000000 01000000 dd000000 24000000
  0a000000 10000000 deadbeef 10000000                 // a block of decryption secrets: skipped
  02000000 24000000 0200 0700 00000000 80841e00       // obsolete packet block on interface 2, 7 drops: 2000000 us
    01000000 04000000 ee000000 24000000
  05000000 40000000 00000000 00000000 00000000        // statistics of interface 0
    0400 0800 0a00000000000000                        // isb_ifrecv 10
    0500 0800 0200000000000000                        // isb_ifdrop 2
    0700 0800 0300000000000000                        // isb_osdrop 3
    00000000 40000000
  0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c // a second section, big-endian
  00000001 00000014 0001 0000 00000002 00000014       // its interface 0: Ethernet, snap length 2
  00000003 00000014 00000004 11220000 00000014        // simple packet block: 2 of 4 bytes
  00000006 00000024 00000000 00060a24 181e4000        // EPB, microseconds: 1700000000000000
    00000001 00000001 ff000000 00000024
`)
// 1699999000123456789 in two 32-bit halves, as the block above must have them.
const nanosecondTicks = 1_699_999_000_123_456_789n
export const firstPacketAt = 28 + 48 + 28 + 20
new DataView(pcapng.buffer).setUint32(firstPacketAt + 12, Number(nanosecondTicks >> 32n), true)
new DataView(pcapng.buffer).setUint32(
  firstPacketAt + 16,
  Number(nanosecondTicks & 0xffff_ffffn),
  true,
)

/** Bytes from hexadecimal digits; `//` starts a comment. */
export function bytes(digits: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(digits.replace(/\/\/.*$/gm, '').replace(/\s/g, ''), 'hex'))
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts))
}

/** A source that gives at most `sizes[i]` bytes at read i, round and round; everything at once without sizes. */
export function memory(content: Uint8Array, sizes: number[] = []): ByteSource {
  let at = 0
  let turn = 0
  return {
    async read(into, position) {
      const most = sizes.length === 0 ? content.length : sizes[turn++ % sizes.length]
      const end = Math.min(content.length, at + Math.min(most, into.length - position))
      into.set(content.subarray(at, end), position)
      const sizeBytes = end - at
      at = end
      return sizeBytes
    },
    async close() {},
  }
}

export interface Packet {
  frame: number
  time: string
  captured: number
  original: number
  link: number
  offset: number
  data: string
}

export async function packetsOf(capture: Capture): Promise<Packet[]> {
  const packets: Packet[] = []
  for await (const batch of capture.batches())
    for (let index = 0; index < batch.count; index++) {
      const start = batch.start[index]
      const data = batch.bytes.subarray(start, start + batch.captured[index])
      packets.push({
        frame: batch.firstFrame + index,
        time: `${batch.seconds[index]}.${String(batch.nanoseconds[index]).padStart(9, '0')}`,
        captured: batch.captured[index],
        original: batch.original[index],
        link: batch.link[index],
        offset: batch.offset[index],
        data: Buffer.from(data).toString('hex'),
      })
    }
  return packets
}

export async function read(content: Uint8Array, sizes?: number[]) {
  const isLive = sizes !== undefined
  const capture = await openSource(memory(content, sizes), 'test.pcap', { isLive })
  return { packets: await packetsOf(capture), report: capture.report }
}

export async function refusal(opening: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await opening.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof SourceError) return error
  throw new Error(`expected a SourceError, got ${String(error)}`)
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
