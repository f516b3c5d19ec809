// pcapng: sections, interfaces, packet blocks and statistics (draft-ietf-opsawg-pcapng, section 4).

import { viewOf } from '../../dns/words.ts'
import { batchPackets } from './packets.ts'
import type { PacketBatch } from './packets.ts'
import { readInterface, readStatistics } from './pcapng-options.ts'
import type { PcapngInterface } from './pcapng-options.ts'
import { longestPacketBytes } from './report.ts'
import type { Problem, Stop, WalkState } from './report.ts'
import { readTicks, TickTime } from './ticks.ts'

/** Where the walk through one pcapng file stands. */
export class PcapngState implements WalkState {
  base = 0
  stop: Stop | null = null
  littleEndian = true
  /** Length that the trailer of a skipped block must repeat; 0 when none is due. */
  trailer = 0
  /** Interfaces of every section so far; a section's own numbers count from `sectionFirst`. */
  readonly interfaces: PcapngInterface[] = []
  sectionFirst = 0
  /** Position of the first packet whose time does not fit; -1 while all do. */
  unfitTimeOffset = -1
  readonly time = new TickTime()
}

/** A block up to this long must be in the buffer whole; a longer one is skipped without holding it. */
export const longestHeldBlockBytes = 2 * longestPacketBytes

// A capture of a busy container host names some hundred; the bound keeps a crafted file from filling memory.
const mostInterfaces = 65_536

const blockType = {
  section: 0x0a0d_0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
} as const

/** Whether these first 4 bytes open a pcapng file: a section header block reads the same in both byte orders. */
export function isPcapngMagic(start: Uint8Array): boolean {
  return start[0] === 0x0a && start[1] === 0x0d && start[2] === 0x0d && start[3] === 0x0a
}

/** Adds packets from `from` on until `to` or a full batch; returns the next position to go on at, maybe beyond `to`. */
export function walkPcapng(
  bytes: Uint8Array,
  from: number,
  to: number,
  batch: PacketBatch,
  state: PcapngState,
): number {
  const view = viewOf(bytes)
  let at = from
  while (batch.count < batchPackets) {
    if (state.trailer > 0) {
      if (at + 4 > to) break
      if (view.getUint32(at, state.littleEndian) !== state.trailer)
        return stop(
          state,
          at,
          'block-length',
          'a block ends with another length than it began with',
        )
      state.trailer = 0
      at += 4
    }
    if (at + 12 > to) break
    const isSection = view.getUint32(at, true) === blockType.section
    if (isSection && !readByteOrder(view, at, state))
      return stop(state, at, 'byte-order', 'a section header has no byte-order magic')
    const type = view.getUint32(at, state.littleEndian)
    const length = view.getUint32(at + 4, state.littleEndian)
    if (length < 12 || length % 4 !== 0)
      return stop(state, at, 'block-length', `a block claims a length of ${length} bytes`)
    const isWhole = at + length <= to
    if (!isWhole && length <= longestHeldBlockBytes) break
    if (isWhole && view.getUint32(at + length - 4, state.littleEndian) !== length)
      return stop(state, at, 'block-length', 'a block ends with another length than it began with')
    // Of a block too long to hold, what is there has to do: at least half a buffer, or it is waited for.
    if (!isWhole && to - at < longestHeldBlockBytes && isRead(type)) break
    const end = Math.min(at + length - 4, to)
    if (!readBlock(view, bytes, type, at, end, batch, state)) return at
    if (isWhole) {
      at += length
    } else {
      state.trailer = length
      return at + length - 4
    }
  }
  return at
}

function isRead(type: number): boolean {
  return type <= blockType.enhancedPacket || type === blockType.section
}

function stop(state: PcapngState, at: number, code: Problem['code'], reason: string): number {
  state.stop = { code, offset: state.base + at, reason }
  return at
}

function readByteOrder(view: DataView, at: number, state: PcapngState): boolean {
  state.littleEndian = view.getUint32(at + 8, true) === 0x1a2b_3c4d
  return state.littleEndian || view.getUint32(at + 8, false) === 0x1a2b_3c4d
}

/** Returns false after setting `state.stop`. `end` is where the block's body ends, its trailer not included. */
function readBlock(
  view: DataView,
  bytes: Uint8Array,
  type: number,
  at: number,
  end: number,
  batch: PacketBatch,
  state: PcapngState,
): boolean {
  switch (type) {
    case blockType.enhancedPacket:
    case blockType.packet:
      return readPacket(view, type, at, end, batch, state)
    case blockType.simplePacket:
      return readSimplePacket(view, at, end, batch, state)
    case blockType.section:
      return readSection(view, at, end, state)
    case blockType.interface:
      if (end - at < 16) return tooShort(state, at, 'an interface block')
      if (state.interfaces.length >= mostInterfaces) {
        stop(
          state,
          at,
          'too-many-interfaces',
          `more than ${mostInterfaces} interfaces are declared`,
        )
        return false
      }
      state.interfaces.push(readInterface(bytes, view, at, end, state.littleEndian))
      return true
    case blockType.statistics: {
      if (end - at < 20) return tooShort(state, at, 'a statistics block')
      const index = view.getUint32(at + 8, state.littleEndian)
      const source = state.interfaces[state.sectionFirst + index]
      if (source !== undefined) readStatistics(view, at, end, state.littleEndian, source)
      return true
    }
    default:
      return true
  }
}

function readSection(view: DataView, at: number, end: number, state: PcapngState): boolean {
  if (end - at < 24) return tooShort(state, at, 'a section header')
  const major = view.getUint16(at + 12, state.littleEndian)
  state.sectionFirst = state.interfaces.length
  if (major === 1) return true
  stop(state, at, 'version', `a section is written in version ${major} of pcapng, only 1 is known`)
  return false
}

function readPacket(
  view: DataView,
  type: number,
  at: number,
  end: number,
  batch: PacketBatch,
  state: PcapngState,
): boolean {
  const { littleEndian } = state
  if (end - at < 28) return tooShort(state, at, 'a packet block')
  // The obsolete block keeps a drop counter in the upper half of the interface number.
  const index =
    type === blockType.packet
      ? view.getUint16(at + 8, littleEndian)
      : view.getUint32(at + 8, littleEndian)
  const source = state.interfaces[state.sectionFirst + index]
  if (source === undefined) return unknownInterface(state, at, index)
  const captured = view.getUint32(at + 20, littleEndian)
  if (captured > longestPacketBytes) return tooLong(state, at, captured)
  if (at + 28 + captured > end) return tooShort(state, at, 'a packet block')
  const { time } = state
  readTicks(
    view.getUint32(at + 12, littleEndian),
    view.getUint32(at + 16, littleEndian),
    source.ticks,
    time,
  )
  if (!time.isExact && state.unfitTimeOffset < 0) state.unfitTimeOffset = state.base + at
  const original = view.getUint32(at + 24, littleEndian)
  addPacket(batch, state, at + 28, captured, original, source.link)
  return true
}

function readSimplePacket(
  view: DataView,
  at: number,
  end: number,
  batch: PacketBatch,
  state: PcapngState,
): boolean {
  if (end - at < 12) return tooShort(state, at, 'a packet block')
  const source = state.interfaces[state.sectionFirst]
  if (source === undefined) return unknownInterface(state, at, 0)
  const original = view.getUint32(at + 8, state.littleEndian)
  const most = source.snapBytes === 0 ? original : Math.min(original, source.snapBytes)
  const captured = Math.min(most, end - at - 12)
  if (captured > longestPacketBytes) return tooLong(state, at, captured)
  // The block has no time: it keeps that of the packet before it (1970 when it is the first).
  addPacket(batch, state, at + 12, captured, original, source.link)
  return true
}

function addPacket(
  batch: PacketBatch,
  state: PcapngState,
  start: number,
  captured: number,
  original: number,
  link: number,
): void {
  const index = batch.count++
  batch.start[index] = start
  batch.captured[index] = captured
  batch.original[index] = original
  batch.seconds[index] = state.time.seconds
  batch.nanoseconds[index] = state.time.nanoseconds
  batch.link[index] = link
  batch.offset[index] = state.base + start
}

function tooShort(state: PcapngState, at: number, what: string): boolean {
  stop(state, at, 'block-length', `${what} is too short for what it holds`)
  return false
}

function tooLong(state: PcapngState, at: number, captured: number): boolean {
  const reason = `a packet block claims ${captured} captured bytes (at most ${longestPacketBytes} are possible)`
  stop(state, at, 'record-length', reason)
  return false
}

function unknownInterface(state: PcapngState, at: number, index: number): boolean {
  const reason = `a packet names interface ${index}, which its section does not declare`
  stop(state, at, 'unknown-interface', reason)
  return false
}
