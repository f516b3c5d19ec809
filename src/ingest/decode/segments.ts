// One direction of a TCP connection: segments in sequence order (RFC 9293), cut into messages at their two-byte lengths.

import { Anomaly } from './anomaly.ts'
import type { Packet } from './packet.ts'

/** Takes a message: `bytes[packet.payloadStart .. packet.payloadEnd)`, with the frame and time of the segment that completed it. */
export type TakeMessage = (bytes: Uint8Array, packet: Packet) => void

/** TCP header flags (RFC 9293 section 3.1). */
export const flagFin = 1
export const flagSyn = 2
export const flagReset = 4
export const flagAck = 16

/** What one side has sent, as far as it can be put in order. */
export interface Direction {
  /** Addresses and ports of its packets: held segments are used while a packet of the other side is looked at. */
  readonly addresses: Uint32Array
  sourcePort: number
  destinationPort: number
  /** True once a first sequence number is known. */
  isOpen: boolean
  /** Next sequence number expected. */
  next: number
  /** Highest acknowledgement of the other side; what it covers was sent, even where the capture lost it. -1 before the first. */
  acknowledged: number
  /** True where a message is known to begin: after a SYN, and after each message. False after a start in mid-stream or a hole. */
  isAligned: boolean
  /** The message under way, its length prefix included: `buffer[0 .. have)` of `needed` bytes (0 while the length is not known). */
  buffer: Uint8Array<ArrayBuffer>
  have: number
  needed: number
  /** Bytes to be passed over before the next message, because a hole swallowed the rest of one. */
  skip: number
  /** Segments behind a hole, in sequence order. */
  held: Held[]
  heldBytes: number
  /** Segments whose bytes were not DNS. */
  foreign: number
  anomalies: number
}

/** Where in the capture, and when. */
interface Place {
  frame: number
  seconds: number
  nanoseconds: number
  offset: number
}

interface Held extends Place {
  sequence: number
  bytes: Uint8Array
}

/** Bytes and segments held behind a hole at most; then the hole is given up. A window of 256 kB is more than DNS ever has in flight. */
const heldBytesLimit = 262_144
const heldLimit = 256

const emptyBuffer = new Uint8Array(0)

/** The direction of `packet`, or the way back, of which nothing is known yet. */
export function newDirection(packet: Packet, isBack: boolean): Direction {
  const addresses = packet.addresses.slice()
  if (isBack) {
    addresses.copyWithin(0, 4)
    addresses.set(packet.addresses.subarray(0, 4), 4)
  }
  return {
    addresses,
    sourcePort: isBack ? packet.destinationPort : packet.sourcePort,
    destinationPort: isBack ? packet.sourcePort : packet.destinationPort,
    isOpen: false,
    next: 0,
    acknowledged: -1,
    isAligned: false,
    buffer: emptyBuffer,
    have: 0,
    needed: 0,
    skip: 0,
    held: [],
    heldBytes: 0,
    foreign: 0,
    anomalies: 0,
  }
}

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
    if (!direction.isOpen || direction.next !== (sequence + 1) >>> 0)
      open(direction, (sequence + 1) >>> 0)
    // Data in a SYN (RFC 7413) begins behind the number that the SYN itself takes.
    sequence = (sequence + 1) >>> 0
  }
  if (at < end) {
    if (!direction.isOpen) {
      open(direction, sequence)
      direction.isAligned = false
    }
    const ahead = (sequence - direction.next) | 0
    if (ahead > 0) hold(direction, bytes, at, end, sequence, packet)
    else if (end - at + ahead > 0) {
      compareOverlap(direction, bytes, at, -ahead)
      feed(direction, bytes, at - ahead, end, packet, take)
      direction.next = (sequence + end - at) >>> 0
    }
    drain(direction, packet, take)
  }
  useHeld(direction, (flags & flagFin) !== 0, packet, take)
}

/** Uses what is held behind holes that are lost for good; behind all holes when the direction `isOver`. */
export function useHeld(
  direction: Direction,
  isOver: boolean,
  packet: Packet,
  take: TakeMessage,
): void {
  if (direction.held.length > 0 && (isOver || isHoleLost(direction)))
    skipHoles(direction, packet, take, isOver)
}

function open(direction: Direction, next: number): void {
  direction.isOpen = true
  direction.isAligned = true
  direction.next = next
  direction.have = 0
  direction.needed = 0
  direction.skip = 0
  direction.held = []
  direction.heldBytes = 0
  direction.anomalies = 0
}

/** Cuts in-order bytes into messages. */
function feed(
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
      from = align(direction, bytes, from, to)
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
    from = gather(direction, bytes, from, to)
    if (direction.have === direction.needed) {
      const { buffer, needed } = direction
      direction.have = 0
      direction.needed = 0
      if (needed > 2) give(direction, buffer, 2, needed, packet, take)
    }
  }
}

/**
 * Looks for the beginning of a message at `from`, in the bytes held back so far and these; returns the position to go on from, or -1 when
 * there is none, or too little to judge by (a length is often sent in a segment of its own).
 */
function align(direction: Direction, bytes: Uint8Array, from: number, to: number): number {
  if (direction.have === 0 && to - from >= judgedBytes) {
    direction.isAligned = looksLikeMessage(bytes, from, to)
  } else {
    const taken = Math.min(judgedBytes - direction.have, to - from)
    ensureBuffer(direction, judgedBytes)
    for (let i = 0; i < taken; i++) direction.buffer[direction.have + i] = bytes[from + i]
    direction.have += taken
    from += taken
    if (direction.have < judgedBytes) return -1
    direction.isAligned = looksLikeMessage(direction.buffer, 0, judgedBytes)
    if (direction.isAligned)
      direction.needed = 2 + ((direction.buffer[0] << 8) | direction.buffer[1])
    else direction.have = 0
  }
  if (direction.isAligned) return from
  direction.foreign++
  return -1
}

/** Adds bytes to the message under way; returns the position after those taken. */
function gather(direction: Direction, bytes: Uint8Array, from: number, to: number): number {
  const wanted = (direction.needed === 0 ? 2 : direction.needed) - direction.have
  const taken = Math.min(wanted, to - from)
  ensureBuffer(direction, Math.max(direction.needed, direction.have + taken))
  for (let i = 0; i < taken; i++) direction.buffer[direction.have + i] = bytes[from + i]
  direction.have += taken
  if (direction.needed === 0 && direction.have === 2) {
    direction.needed = 2 + ((direction.buffer[0] << 8) | direction.buffer[1])
  }
  return from + taken
}

function ensureBuffer(direction: Direction, sizeBytes: number): void {
  if (sizeBytes <= direction.buffer.length) return
  const grown = new Uint8Array(Math.max(sizeBytes, 512))
  grown.set(direction.buffer.subarray(0, direction.have))
  direction.buffer = grown
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
  // The same segment twice is a retransmission.
  if (
    place > 0 &&
    held[place - 1].sequence === sequence &&
    held[place - 1].bytes.length >= end - at
  )
    return
  const { frame, seconds, nanoseconds, offset } = packet
  held.splice(place, 0, {
    sequence,
    bytes: bytes.slice(at, end),
    frame,
    seconds,
    nanoseconds,
    offset,
  })
  direction.heldBytes += end - at
}

/** Feeds held segments that are in order now. */
function drain(direction: Direction, packet: Packet, take: TakeMessage): void {
  while (direction.held.length > 0) {
    const [first] = direction.held
    const ahead = (first.sequence - direction.next) | 0
    if (ahead > 0) return
    direction.held.shift()
    direction.heldBytes -= first.bytes.length
    if (first.bytes.length + ahead <= 0) continue
    feed(direction, first.bytes, -ahead, first.bytes.length, packet, take)
    direction.next = (first.sequence + first.bytes.length) >>> 0
  }
}

/** True when the bytes of the first hole will not come: the receiver has acknowledged what lies behind it, or too much is held. */
function isHoleLost(direction: Direction): boolean {
  if (direction.held.length === 0) return false
  if (direction.held.length > heldLimit || direction.heldBytes > heldBytesLimit) return true
  if (direction.acknowledged < 0) return false
  const [first] = direction.held
  return ((direction.acknowledged - first.sequence - first.bytes.length) | 0) >= 0
}

/** Goes on behind the first hole (behind all holes when `isAll`), at the next place where a message is known or seems to begin. */
function skipHoles(direction: Direction, packet: Packet, take: TakeMessage, isAll: boolean): void {
  const own = { ...placeOf(packet), ...waysOf(packet), addresses: packet.addresses.slice() }
  packet.addresses.set(direction.addresses)
  Object.assign(packet, waysOf(direction))
  while (direction.held.length > 0 && (isAll || isHoleLost(direction))) {
    const [first] = direction.held
    loseBytes(direction, (first.sequence - direction.next) >>> 0, packet, take)
    direction.next = first.sequence
    // Behind a hole a segment completes its own messages: their time is its time.
    Object.assign(packet, placeOf(first))
    drain(direction, packet, take)
  }
  packet.addresses.set(own.addresses)
  Object.assign(packet, placeOf(own), waysOf(own))
}

function placeOf({ frame, seconds, nanoseconds, offset }: Place) {
  return { frame, seconds, nanoseconds, offset }
}

function waysOf({ sourcePort, destinationPort }: Pick<Packet, 'sourcePort' | 'destinationPort'>) {
  return { sourcePort, destinationPort }
}

/** Accounts for `missing` bytes that the capture lost: the rest of a message of known length can be passed over, else the start is lost. */
function loseBytes(direction: Direction, missing: number, packet: Packet, take: TakeMessage): void {
  const rest = direction.needed - direction.have
  if (direction.skip >= missing && direction.have === 0) {
    direction.skip -= missing
    return
  }
  const isRestKnown = direction.needed > 0 && missing <= rest
  if (direction.have > 2) {
    direction.anomalies |= Anomaly.segmentMissing
    give(direction, direction.buffer, 2, direction.have, packet, take)
  }
  direction.skip = isRestKnown ? rest - missing : 0
  direction.isAligned = isRestKnown
  direction.have = 0
  direction.needed = 0
}

/** Compares what a retransmission repeats with what is still in the buffer: two versions of one byte are evidence of an insertion. */
function compareOverlap(
  direction: Direction,
  bytes: Uint8Array,
  at: number,
  overlap: number,
): void {
  const same = Math.min(overlap, direction.have)
  for (let i = 1; i <= same; i++) {
    if (bytes[at + overlap - i] !== direction.buffer[direction.have - i]) {
      direction.anomalies |= Anomaly.segmentConflict
      return
    }
  }
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
