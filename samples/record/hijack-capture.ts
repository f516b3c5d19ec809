// Captures of the hijack lab: what tcpdump wrote at both links, in one order of time, moved to the days that it stands for.

import { readFileSync } from 'node:fs'
import type { TimedPacket } from '../make/capture.ts'

/** From a moment of the real clock on, seconds that are added to it. */
export interface Shift {
  fromMs: number
  seconds: number
}

/** Packets of captures with their real times, earliest first. Classic pcap in little-endian microseconds, as tcpdump writes it here. */
export function packetsOf(paths: readonly string[]): TimedPacket[] {
  const packets = paths.flatMap((path) => {
    const bytes = readFileSync(path)
    const list: TimedPacket[] = []
    for (let at = 24; at + 16 <= bytes.length; ) {
      const length = bytes.readUInt32LE(at + 8)
      if (at + 16 + length > bytes.length) break
      list.push({
        seconds: bytes.readUInt32LE(at),
        nanoseconds: bytes.readUInt32LE(at + 4) * 1000,
        bytes: bytes.subarray(at + 16, at + 16 + length),
      })
      at += 16 + length
    }
    return list
  })
  return packets.sort((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds)
}

/** The same packets at the times of the shifts that were in force; in order, as the real ones were. */
export function shifted(packets: readonly TimedPacket[], shifts: readonly Shift[]): TimedPacket[] {
  let next = 0
  let seconds = shifts[0]?.seconds ?? 0
  const moved = packets.map((packet) => {
    const realMs = packet.seconds * 1000 + packet.nanoseconds / 1e6
    for (let shift = shifts[next]; shift !== undefined && shift.fromMs <= realMs; ) {
      seconds = shift.seconds
      shift = shifts[++next]
    }
    return { ...packet, seconds: packet.seconds + seconds }
  })
  return moved.sort((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds)
}
