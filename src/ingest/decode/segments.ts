// TCP segments of one direction into sequence order (RFC 9293): retransmissions, overlaps, holes, and what is held behind them.

import { Anomaly } from './anomaly.ts'
import {
  type Direction,
  type Held,
  latePacket,
  openDirection,
  type TakeMessage,
} from './direction.ts'
import type { Packet } from './packet.ts'
import { feed, giveVersion, loseBytes } from './stream-messages.ts'

/** TCP header flags (RFC 9293 section 3.1). */
const flagFin = 1
export const flagSyn = 2
export const flagReset = 4
export const flagAck = 16

/** A sequence number further away than this belongs to another connection of these ports: DNS has no larger windows. */
const farBytes = 1_048_576

/** Bytes and segments held behind a hole at most; then the hole is given up. A window of 256 kB is more than DNS ever has in flight. */
const heldBytesLimit = 262_144
const heldLimit = 256

/** Seconds of packet time after which a hole is given up: no retransmission comes that late, and acknowledgements may not be captured. */
const holeSeconds = 30

/** Takes one segment, payload `bytes[at .. end)`, and hands on what it completes. */
export function takeSegment(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  end: number,
  sequence: number,
  flags: number,
  packet: Packet,
  take: TakeMessage,
): void {
  if ((flags & flagSyn) !== 0) {
    // Data in a SYN (RFC 7413) begins behind the number that the SYN itself takes.
    sequence = (sequence + 1) >>> 0
    if (direction.isOver || !direction.isOpen || direction.first !== sequence) {
      endDirection(direction, take)
      openDirection(direction, sequence, true)
    }
  }
  if (at < end) {
    if (!direction.isOpen) openDirection(direction, sequence, false)
    if (Math.abs((sequence - direction.next) | 0) > farBytes) {
      endDirection(direction, take)
      openDirection(direction, sequence, false)
    }
    direction.anomalies |= packet.anomalies
    const ahead = (sequence - direction.next) | 0
    if (ahead > 0) hold(direction, bytes, at, end, sequence, packet)
    else if (end - at + ahead > 0) takeNext(direction, bytes, at, end, sequence, packet, take)
    else compareOld(direction, bytes, at, end, sequence, packet, take)
    drain(direction, packet, take)
  }
  if ((flags & flagFin) !== 0) direction.isOver = true
  useHeld(direction, false, packet.seconds, take)
}

/** Uses what is held behind holes that are lost for good at a time; behind all holes when the direction `isOver`. */
export function useHeld(
  direction: Direction,
  isOver: boolean,
  seconds: number,
  take: TakeMessage,
): void {
  while (direction.held.length > 0 && (isOver || isHoleLost(direction, seconds))) {
    const [first] = direction.held
    loseBytes(direction, (first.sequence - direction.next) >>> 0, take)
    direction.next = first.sequence
    drain(direction, null, take)
  }
}

/** Ends a direction: all that came is handed on as far as it goes. Should it go on after all, the rest of a message is passed over. */
export function endDirection(direction: Direction, take: TakeMessage): void {
  useHeld(direction, true, 0, take)
  direction.isOver = true
  if (direction.have > 0 && direction.isAligned) direction.counts.unfinished++
  loseBytes(direction, 0, take)
}

/** Takes a segment that has the next byte, and perhaps some before it once more. */
function takeNext(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  end: number,
  sequence: number,
  packet: Packet,
  take: TakeMessage,
): void {
  compareOverlap(direction, bytes, at, end, sequence)
  const from = at + ((direction.next - sequence) | 0)
  direction.lastSequence = sequence
  direction.lastBytes = end - at
  direction.lastHash = hashBytes(bytes, at, end)
  direction.isLastAligned =
    from === at && direction.isAligned && direction.have === 0 && direction.skip === 0
  direction.next = (sequence + end - at) >>> 0
  feed(direction, bytes, from, end, packet, take)
}

/** Looks at a segment that says nothing new: is it the same, or another version? */
function compareOld(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  end: number,
  sequence: number,
  packet: Packet,
  take: TakeMessage,
): void {
  // A keep-alive repeats one byte at most, and that byte may be anything (RFC 9293 section 3.8.4).
  if (end - at === 1 && sequence === (direction.next - 1) >>> 0) return
  compareOverlap(direction, bytes, at, end, sequence)
  if (
    direction.isLastAligned &&
    sequence === direction.lastSequence &&
    end - at === direction.lastBytes &&
    hashBytes(bytes, at, end) !== direction.lastHash
  ) {
    giveVersion(direction, bytes, at, end, packet, take)
  }
}

/** Compares what a segment repeats with what is still in the buffer: two versions of one byte are evidence of an insertion. */
function compareOverlap(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  end: number,
  sequence: number,
): void {
  // Where in the buffer the segment would stand.
  const place = direction.have - ((direction.next - sequence) | 0)
  const stop = Math.min(direction.have, place + end - at)
  for (let i = Math.max(0, place); i < stop; i++) {
    if (direction.buffer[i] !== bytes[at + i - place]) {
      direction.anomalies |= Anomaly.segmentConflict
      return
    }
  }
}

function hold(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  end: number,
  sequence: number,
  packet: Packet,
): void {
  const { held } = direction
  let place = held.length
  while (place > 0 && ((sequence - held[place - 1].sequence) | 0) < 0) place--
  const before = place > 0 ? held[place - 1] : null
  if (before !== null && before.sequence === sequence) {
    if (!isSame(before, bytes, at, end)) direction.anomalies |= Anomaly.segmentConflict
    // The same segment twice is a retransmission.
    if (before.bytes.length >= end - at) return
  }
  const { capture, frame, seconds, nanoseconds, ipTtl, ipId } = packet
  held.splice(place, 0, {
    sequence,
    bytes: bytes.slice(at, end),
    capture,
    frame,
    seconds,
    nanoseconds,
    ipTtl,
    ipId,
  })
  direction.heldBytes += end - at
}

function isSame({ bytes: known }: Held, bytes: Uint8Array, at: number, end: number): boolean {
  const size = Math.min(known.length, end - at)
  for (let i = 0; i < size; i++) if (known[i] !== bytes[at + i]) return false
  return true
}

/** Feeds held segments that are in order now: completed by `packet`, or by themselves where there is none. */
function drain(direction: Direction, packet: Packet | null, take: TakeMessage): void {
  while (direction.held.length > 0) {
    const [first] = direction.held
    if (((first.sequence - direction.next) | 0) > 0) return
    direction.held.shift()
    direction.heldBytes -= first.bytes.length
    const own = packet ?? latePacket(direction, first)
    const { bytes, sequence } = first
    if (((sequence + bytes.length - direction.next) | 0) <= 0)
      compareOverlap(direction, bytes, 0, bytes.length, sequence)
    else takeNext(direction, bytes, 0, bytes.length, sequence, own, take)
  }
}

/** True when the bytes of the first hole will not come: the receiver has acknowledged what lies behind it, too much is held, or too long. */
function isHoleLost(direction: Direction, seconds: number): boolean {
  const { held, heldBytes, acknowledged } = direction
  if (held.length > heldLimit || heldBytes > heldBytesLimit) return true
  const [first] = held
  if (Math.abs(seconds - first.seconds) > holeSeconds) return true
  if (acknowledged < 0) return false
  return ((acknowledged - first.sequence - first.bytes.length) | 0) >= 0
}

/** FNV-1a, enough to tell whether two segments are equal: who could make them collide could as well send them equal. */
function hashBytes(bytes: Uint8Array, at: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return hash
}
