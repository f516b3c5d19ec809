// One direction of a TCP connection: where it leads, what has come of it, and what waits behind holes.

import { Packet } from './packet.ts'

/** Takes a message: `bytes[packet.payloadStart .. packet.payloadEnd)`, with the frame and time of the segment that completed it. */
export type TakeMessage = (bytes: Uint8Array, packet: Packet) => void

/** What a stream table counted. */
export interface StreamCounts {
  /** Segments whose payload was not DNS as far as could be seen. */
  foreign: number
  /** Directions that ended, were reset or were forgotten inside a message. */
  unfinished: number
  /** Segments with RST. */
  resets: number
}

/** Which packet: where it stands in the capture, when it came, and what its IP header said. */
export interface Place {
  capture: number
  frame: number
  seconds: number
  nanoseconds: number
  ipTtl: number
  ipId: number
}

/** A segment behind a hole. */
export interface Held extends Place {
  sequence: number
  bytes: Uint8Array
}

/** What one side has sent, as far as it can be put in order. */
export interface Direction {
  /** What its packets have in common: their messages may be handed on while another packet is looked at. */
  readonly addresses: Uint32Array
  readonly sourcePort: number
  readonly destinationPort: number
  readonly service: number
  readonly vlan: number
  readonly vlanOuter: number
  readonly tunnel: number
  readonly tunnelId: number
  readonly counts: StreamCounts
  /** True once a first sequence number is known. */
  isOpen: boolean
  /** True after FIN or RST: the next SYN begins another connection. */
  isOver: boolean
  /** First sequence number: a SYN that names it again is a retransmission. */
  first: number
  /** Next sequence number expected. */
  next: number
  /** Last acknowledgement of the other side; what it covers was sent, even where the capture lost it. -1 before the first. */
  acknowledged: number
  /** True where a message is known to begin: after a SYN, and after each message. False after a start in mid-stream or a hole. */
  isAligned: boolean
  /** The message under way, its length prefix included: `buffer[0 .. have)` of `needed` bytes (0 while the length is not known). */
  buffer: Uint8Array<ArrayBuffer>
  have: number
  needed: number
  /** The packet that the last bytes in the buffer came in. */
  readonly place: Place
  /** Bytes to be passed over before the next message, because a hole swallowed the rest of one. */
  skip: number
  /** Segments behind a hole, in sequence order. */
  held: Held[]
  heldBytes: number
  /** The last segment taken in order, to tell a retransmission from a second version: where it stood, what it was. */
  lastSequence: number
  lastBytes: number
  lastHash: number
  /** Whether a message began with it. */
  isLastAligned: boolean
  anomalies: number
}

const emptyBuffer = new Uint8Array(0)

/** The direction of `packet`, or the way back, of which nothing is known yet. */
export function newDirection(packet: Packet, isBack: boolean, counts: StreamCounts): Direction {
  const addresses = packet.addresses.slice()
  if (isBack) {
    addresses.copyWithin(0, 4)
    addresses.set(packet.addresses.subarray(0, 4), 4)
  }
  return {
    addresses,
    sourcePort: isBack ? packet.destinationPort : packet.sourcePort,
    destinationPort: isBack ? packet.sourcePort : packet.destinationPort,
    service: packet.service,
    vlan: packet.vlan,
    vlanOuter: packet.vlanOuter,
    tunnel: packet.tunnel,
    tunnelId: packet.tunnelId,
    counts,
    isOpen: false,
    isOver: false,
    first: 0,
    next: 0,
    acknowledged: -1,
    isAligned: false,
    buffer: emptyBuffer,
    have: 0,
    needed: 0,
    place: { capture: 0, frame: 0, seconds: 0, nanoseconds: 0, ipTtl: 0, ipId: 0 },
    skip: 0,
    held: [],
    heldBytes: 0,
    lastSequence: 0,
    lastBytes: 0,
    lastHash: 0,
    isLastAligned: false,
    anomalies: 0,
  }
}

/** Begins at a sequence number; whatever was there before is gone. */
export function openDirection(direction: Direction, next: number, isAligned: boolean): void {
  direction.isOpen = true
  direction.isOver = false
  direction.isAligned = isAligned
  direction.first = next
  direction.next = next
  direction.acknowledged = -1
  direction.skip = 0
  direction.held = []
  direction.heldBytes = 0
  direction.lastBytes = 0
  direction.anomalies = 0
  dropMessage(direction)
}

/** A buffer that has grown beyond this is not kept for the next message: most are far smaller. */
const keptBytes = 4096

/** Forgets the message under way. */
export function dropMessage(direction: Direction): void {
  direction.have = 0
  direction.needed = 0
  if (direction.buffer.length > keptBytes) direction.buffer = emptyBuffer
}

/** Makes room for `sizeBytes` in the buffer: by what has come, not by what a length prefix announces. */
export function ensureBuffer(direction: Direction, sizeBytes: number): void {
  const { buffer } = direction
  if (sizeBytes <= buffer.length) return
  const grown = new Uint8Array(Math.max(sizeBytes, 2 * buffer.length, 512))
  grown.set(buffer.subarray(0, direction.have))
  direction.buffer = grown
}

/** What a held segment costs besides its bytes, measured as some 300 bytes of objects. */
const heldOverhead = 300

/** Bytes that a direction keeps beyond its fixed size. */
export function weightOf({ buffer, heldBytes, held }: Direction): number {
  return buffer.length + heldBytes + held.length * heldOverhead
}

const late = new Packet()

/** The packet at `place` of a direction, as it is handed on late; one object, reused. */
export function latePacket(direction: Direction, place: Place): Packet {
  const { addresses, sourcePort, destinationPort, service } = direction
  const { vlan, vlanOuter, tunnel, tunnelId } = direction
  const { capture, frame, seconds, nanoseconds, ipTtl, ipId } = place
  late.addresses.set(addresses)
  late.transport = 6
  late.isLate = true
  Object.assign(late, { sourcePort, destinationPort, service, vlan, vlanOuter, tunnel, tunnelId })
  return Object.assign(late, { capture, frame, seconds, nanoseconds, ipTtl, ipId })
}
