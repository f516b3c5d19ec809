// Classic pcap: file header and record headers (draft-ietf-opsawg-pcap, sections 4 and 5), and Kuznetzov's modified form.

import { viewOf } from '../../dns/words.ts'
import { batchPackets } from './packets.ts'
import type { PacketBatch } from './packets.ts'
import { longestPacketBytes } from './report.ts'
import type { Stop, WalkState } from './report.ts'

/** Where the walk through one classic pcap stands. */
export class PcapState implements WalkState {
  base = 0
  stop: Stop | null = null
  /** -1 until the file header has been read; then the LINKTYPE_ number. */
  link = -1
  littleEndian = true
  /** Nanoseconds per unit of the record's second time field. */
  unitNanoseconds = 1000
  recordHeaderBytes = 16
  /** Positions of the two lengths in the record header; versions before 2.3 had them the other way round. */
  capturedAt = 8
  originalAt = 12
}

const fileHeaderBytes = 24
const latestSecond = 0xffff_ffff

/** Whether these first 4 bytes open a classic pcap. */
export function isPcapMagic(start: Uint8Array): boolean {
  return start.length >= 4 && readMagic(start, 0, new PcapState())
}

/** Adds packets from `from` on until `to` or a full batch; returns the first position it did not use. */
export function walkPcap(
  bytes: Uint8Array,
  from: number,
  to: number,
  batch: PacketBatch,
  state: PcapState,
): number {
  const view = viewOf(bytes)
  let at = from
  if (state.link < 0) {
    if (to - at < fileHeaderBytes) return at
    readFileHeader(bytes, at, view, state)
    at += fileHeaderBytes
  }
  return walkRecords(view, at, to, batch, state)
}

function walkRecords(
  view: DataView,
  from: number,
  to: number,
  batch: PacketBatch,
  state: PcapState,
): number {
  let at = from
  const { littleEndian, unitNanoseconds, recordHeaderBytes, capturedAt, originalAt, base, link } =
    state
  let count = batch.count
  while (count < batchPackets && at + recordHeaderBytes <= to) {
    const captured = view.getUint32(at + capturedAt, littleEndian)
    if (captured > longestPacketBytes) {
      state.stop = {
        code: 'record-length',
        offset: base + at,
        reason: `a packet record claims ${captured} captured bytes (at most ${longestPacketBytes} are possible)`,
      }
      break
    }
    const data = at + recordHeaderBytes
    if (data + captured > to) break
    let seconds = view.getUint32(at, littleEndian)
    let nanoseconds = view.getUint32(at + 4, littleEndian) * unitNanoseconds
    if (nanoseconds >= 1e9) {
      // Only a damaged or crafted record says more than a second here; the sum is what it claims.
      seconds = Math.min(latestSecond, seconds + Math.floor(nanoseconds / 1e9))
      nanoseconds %= 1e9
    }
    batch.start[count] = data
    batch.captured[count] = captured
    batch.original[count] = view.getUint32(at + originalAt, littleEndian)
    batch.seconds[count] = seconds
    batch.nanoseconds[count] = nanoseconds
    batch.link[count] = link
    batch.offset[count] = base + data
    count++
    at = data + captured
  }
  batch.count = count
  return at
}

function readMagic(bytes: Uint8Array, at: number, state: PcapState): boolean {
  const big =
    ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
  const little =
    ((bytes[at + 3] << 24) | (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at]) >>> 0
  state.littleEndian = !isKnown(big)
  const magic = state.littleEndian ? little : big
  state.unitNanoseconds = magic === 0xa1b2_3c4d ? 1 : 1000
  // Modified pcap: interface index, protocol and packet type follow the four usual fields.
  state.recordHeaderBytes = magic === 0xa1b2_cd34 ? 24 : 16
  return isKnown(magic)
}

function isKnown(magic: number): boolean {
  return magic === 0xa1b2_c3d4 || magic === 0xa1b2_3c4d || magic === 0xa1b2_cd34
}

function readFileHeader(bytes: Uint8Array, at: number, view: DataView, state: PcapState): void {
  readMagic(bytes, at, state)
  const major = view.getUint16(at + 4, state.littleEndian)
  const minor = view.getUint16(at + 6, state.littleEndian)
  if (major === 2 && minor < 3) [state.capturedAt, state.originalAt] = [12, 8]
  // The upper half holds the length of a frame check sequence, which decoding finds beyond the IP length.
  state.link = view.getUint32(at + 20, state.littleEndian) & 0xffff
}
