// The bytes of one TCP direction, in order, cut into messages at their two-byte lengths (RFC 1035 section 4.2.2).

import { Anomaly } from './anomaly.ts'
import {
  type Direction,
  dropMessage,
  ensureBuffer,
  latePacket,
  type TakeMessage,
} from './direction.ts'
import type { Packet } from './packet.ts'

/** Takes the next bytes, `bytes[from .. to)` of `packet`, and hands on the messages that they complete. */
export function feed(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  to: number,
  packet: Packet,
  take: TakeMessage,
): void {
  if (direction.skip > 0) {
    const passed = Math.min(direction.skip, to - from)
    direction.skip -= passed
    from += passed
  }
  while (from < to) {
    if (!direction.isAligned) {
      from = align(direction, bytes, from, to, packet)
      if (from < 0) return
    }
    if (direction.have === 0) {
      const size = to - from >= 2 ? (bytes[from] << 8) | bytes[from + 1] : -1
      if (size >= 0 && from + 2 + size <= to) {
        if (size > 0) give(direction, bytes, from + 2, from + 2 + size, packet, take)
        from += 2 + size
        continue
      }
    }
    from = gather(direction, bytes, from, to, packet)
    if (direction.have === direction.needed) {
      const { buffer, needed } = direction
      dropMessage(direction)
      if (needed > 2) give(direction, buffer, 2, needed, packet, take)
    }
  }
}

/**
 * Gives up the message under way and accounts for `missing` bytes that will not come: what there is of the message is handed on, its rest
 * is passed over where its length is known, else the next beginning has to be looked for.
 */
export function loseBytes(direction: Direction, missing: number, take: TakeMessage): void {
  const { skip, have, needed, buffer } = direction
  if (have === 0 && skip >= missing) {
    direction.skip -= missing
    return
  }
  const rest = needed - have
  const isRestKnown = needed > 0 && missing <= rest
  direction.skip = isRestKnown ? rest - missing : 0
  direction.isAligned = isRestKnown
  dropMessage(direction)
  // Bytes held back to look for a beginning are no message.
  if (needed === 0 || have <= 2) return
  direction.anomalies |= Anomaly.segmentMissing
  give(direction, buffer, 2, have, latePacket(direction, direction.place), take)
}

/** Hands on the whole messages of a segment that differs from one taken before at the same place: two versions are evidence of an insertion. */
export function giveVersion(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  to: number,
  packet: Packet,
  take: TakeMessage,
): void {
  while (from + 2 <= to) {
    const size = (bytes[from] << 8) | bytes[from + 1]
    if (from + 2 + size > to) return
    direction.anomalies |= Anomaly.segmentConflict
    if (size > 0) give(direction, bytes, from + 2, from + 2 + size, packet, take)
    from += 2 + size
  }
}

/**
 * Looks for the beginning of a message at `from`, in the bytes held back so far and these; returns the position to go on from, or -1 when
 * there is none, or too little to judge by (a length is often sent in a segment of its own).
 */
function align(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  to: number,
  packet: Packet,
): number {
  if (direction.have === 0 && to - from >= judgedBytes) {
    direction.isAligned = looksLikeMessage(bytes, from, to)
  } else {
    from = append(direction, bytes, from, Math.min(judgedBytes - direction.have, to - from), packet)
    if (direction.have < judgedBytes) return -1
    const { buffer } = direction
    direction.isAligned = looksLikeMessage(buffer, 0, judgedBytes)
    if (direction.isAligned) direction.needed = 2 + ((buffer[0] << 8) | buffer[1])
    else direction.have = 0
  }
  if (direction.isAligned) return from
  direction.counts.foreign++
  return -1
}

/** Adds bytes to the message under way; returns the position after those taken. */
function gather(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  to: number,
  packet: Packet,
): number {
  const wanted = (direction.needed === 0 ? 2 : direction.needed) - direction.have
  from = append(direction, bytes, from, Math.min(wanted, to - from), packet)
  if (direction.needed === 0 && direction.have === 2) {
    direction.needed = 2 + ((direction.buffer[0] << 8) | direction.buffer[1])
  }
  return from
}

function append(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  count: number,
  packet: Packet,
): number {
  ensureBuffer(direction, direction.have + count)
  const { buffer, have, place } = direction
  for (let i = 0; i < count; i++) buffer[have + i] = bytes[from + i]
  direction.have += count
  place.capture = packet.capture
  place.frame = packet.frame
  place.seconds = packet.seconds
  place.nanoseconds = packet.nanoseconds
  place.ipTtl = packet.ipTtl
  place.ipId = packet.ipId
  return from + count
}

function give(
  direction: Direction,
  bytes: Uint8Array,
  from: number,
  to: number,
  packet: Packet,
  take: TakeMessage,
): void {
  packet.payloadStart = from
  packet.payloadEnd = to
  packet.anomalies = direction.anomalies
  direction.anomalies = 0
  take(bytes, packet)
}

/** Bytes that a beginning is judged by: the length and the header. */
const judgedBytes = 14

/** True when a message with its length could begin here: used only where the boundary is not known. Needs `judgedBytes`. */
function looksLikeMessage(bytes: Uint8Array, from: number, to: number): boolean {
  const size = (bytes[from] << 8) | bytes[from + 1]
  if (size < 12) return false
  const opcode = (bytes[from + 4] >> 3) & 15
  const questions = (bytes[from + 6] << 8) | bytes[from + 7]
  if (opcode > 6 || opcode === 3 || questions > 1) return false
  if (questions === 0) return from + 2 + size <= to
  // The first label of the question: a length, or the root.
  return to - from === judgedBytes || bytes[from + 14] < 64
}
