// The pcapng blocks that are lists of options: interface descriptions and statistics (draft-ietf-opsawg-pcapng, 4.2, 4.6).

import type { InterfaceReport } from './report.ts'
import { ticksOf } from './ticks.ts'
import type { Ticks } from './ticks.ts'

/** An interface of a pcapng section. */
export interface PcapngInterface extends InterfaceReport {
  /** The interface's snap length; 0 for none. */
  snapBytes: number
  ticks: Ticks
}

// Kernel names end at 16 bytes, Windows device names near 60; a crafted one must not fill the ledger.
const longestNameBytes = 256

const microseconds = 6

/** The interface that the block at `at` describes; options that overrun the block end the list. */
export function readInterface(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  littleEndian: boolean,
): PcapngInterface {
  let name = ''
  let resolution = microseconds
  let offsetSeconds = 0
  for (let option = at + 16; option + 4 <= end; option = nextOption(view, option, littleEndian)) {
    const code = view.getUint16(option, littleEndian)
    const length = view.getUint16(option + 2, littleEndian)
    const value = option + 4
    if (code === 0 || value + length > end) break
    if (code === 2)
      name = new TextDecoder().decode(
        bytes.subarray(value, value + Math.min(length, longestNameBytes)),
      )
    if (code === 9 && length >= 1) resolution = view.getUint8(value)
    if (code === 14 && length >= 8) offsetSeconds = Number(view.getBigInt64(value, littleEndian))
  }
  return {
    name,
    link: view.getUint16(at + 8, littleEndian),
    received: null,
    dropped: null,
    snapBytes: view.getUint32(at + 12, littleEndian),
    ticks: ticksOf(resolution, offsetSeconds),
  }
}

/** Takes over the counters of a statistics block: they count from the capture's start, so the last block holds. */
export function readStatistics(
  view: DataView,
  at: number,
  end: number,
  littleEndian: boolean,
  source: PcapngInterface,
): void {
  let dropped: number | null = null
  for (let option = at + 20; option + 4 <= end; option = nextOption(view, option, littleEndian)) {
    const code = view.getUint16(option, littleEndian)
    const length = view.getUint16(option + 2, littleEndian)
    if (code === 0 || option + 4 + length > end) break
    if (length < 8) continue
    const value = Number(view.getBigUint64(option + 4, littleEndian))
    if (code === 4) source.received = value
    // isb_ifdrop counts what the interface lost, isb_osdrop what the operating system lost.
    if (code === 5 || code === 7) dropped = (dropped ?? 0) + value
  }
  if (dropped !== null) source.dropped = dropped
}

function nextOption(view: DataView, option: number, littleEndian: boolean): number {
  return option + 4 + ((view.getUint16(option + 2, littleEndian) + 3) & ~3)
}
