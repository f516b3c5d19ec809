// DNS over TCP (RFC 1035 section 4.2.2, RFC 7766): segments in any order into the messages of both directions, bounded, on packet time.

import type { Packet } from './packet.ts'
import {
  type Direction,
  flagAck,
  flagReset,
  flagSyn,
  newDirection,
  type TakeMessage,
  takeSegment,
  useHeld,
} from './segments.ts'

/** One connection, both ways. */
interface Connection {
  /** From the endpoint that was seen first, and back. */
  readonly forth: Direction
  readonly back: Direction
  seconds: number
}

/** Connections kept at most; the one that was silent longest goes. Each holds up to 128 kB while a large message is under way. */
const connectionLimit = 16_384

/** Seconds of packet time after which a silent connection is forgotten. */
const idleSeconds = 120

/** The stream table of one capture. */
export class Streams {
  /** Segments whose payload was not DNS as far as could be seen. */
  foreign = 0
  /** Connections that ended, or were forgotten, inside a message. */
  unfinished = 0
  private readonly connections = new Map<number, Connection>()

  /**
   * Takes the segment whose header starts at `at` and whose payload ends at `end`, and hands on the messages it completes. Returns the
   * payload bytes of DNS in it: 0 for a bare acknowledgement, -1 when the header does not parse, -2 when the payload is not DNS.
   */
  take(bytes: Uint8Array, at: number, end: number, packet: Packet, take: TakeMessage): number {
    if (at + 20 > end) return -1
    const headerBytes = (bytes[at + 12] >> 4) << 2
    if (headerBytes < 20 || at + headerBytes > end) return -1
    const flags = bytes[at + 13]
    const payload = at + headerBytes
    const sizeBytes = end - payload
    const connection = this.find(packet, flags, sizeBytes)
    if (connection === null) return 0
    const isForth = isSameWay(connection, packet)
    const direction = isForth ? connection.forth : connection.back
    const other = isForth ? connection.back : connection.forth
    const sequence = word(bytes, at + 4)
    const before = direction.foreign
    takeSegment(direction, bytes, payload, end, sequence, flags, packet, take)
    if ((flags & flagAck) !== 0) {
      other.acknowledged = word(bytes, at + 8)
      useHeld(other, false, packet, take)
    }
    if ((flags & flagReset) !== 0) this.close(connection, packet, take)
    if (sizeBytes === 0) return 0
    if (direction.foreign === before) return sizeBytes
    this.foreign++
    return -2
  }

  /** Ends all connections: messages under way are counted as unfinished. */
  finish(packet: Packet, take: TakeMessage): void {
    for (const connection of this.connections.values()) this.close(connection, packet, take)
    this.connections.clear()
  }

  private find(packet: Packet, flags: number, sizeBytes: number): Connection | null {
    const key = hashConnection(packet)
    const known = this.connections.get(key)
    if (known !== undefined) {
      // Most recently used last: the map's order is the order of eviction.
      if (packet.seconds !== known.seconds) {
        this.connections.delete(key)
        this.connections.set(key, known)
        known.seconds = packet.seconds
      }
      return known
    }
    // Nothing is remembered of a connection before it says something.
    if (sizeBytes === 0 && (flags & flagSyn) === 0) return null
    for (const [oldest, connection] of this.connections) {
      const isIdle = packet.seconds - connection.seconds > idleSeconds
      if (!isIdle && this.connections.size < connectionLimit) break
      this.countUnfinished(connection)
      this.connections.delete(oldest)
    }
    const connection: Connection = {
      forth: newDirection(packet, false),
      back: newDirection(packet, true),
      seconds: packet.seconds,
    }
    this.connections.set(key, connection)
    return connection
  }

  private close(connection: Connection, packet: Packet, take: TakeMessage): void {
    useHeld(connection.forth, true, packet, take)
    useHeld(connection.back, true, packet, take)
    this.countUnfinished(connection)
  }

  private countUnfinished(connection: Connection): void {
    for (const direction of [connection.forth, connection.back]) {
      if (direction.have > 0) this.unfinished++
      direction.have = 0
    }
  }
}

function isSameWay({ forth }: Connection, packet: Packet): boolean {
  if (forth.sourcePort !== packet.sourcePort) return false
  for (let i = 0; i < 4; i++) {
    if (forth.addresses[i] !== packet.addresses[i]) return false
  }
  return true
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

const seed = (Math.random() * 0x100000000) >>> 0

/** 53 bits over both endpoints, equal for both directions, seeded per process. */
function hashConnection(packet: Packet): number {
  const one = hashEndpoint(packet.addresses, 0, packet.sourcePort)
  const two = hashEndpoint(packet.addresses, 4, packet.destinationPort)
  const sum = (one + two) >>> 0
  const product = Math.imul(one | 1, two | 1) ^ Math.imul(one ^ two, 0x27d4eb2f)
  return sum * 0x200000 + (product >>> 11)
}

function hashEndpoint(addresses: Uint32Array, at: number, port: number): number {
  let hash = seed ^ port
  for (let i = at; i < at + 4; i++) {
    hash = Math.imul(hash ^ addresses[i], 0x85ebca6b)
    hash ^= hash >>> 13
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  return (hash ^ (hash >>> 15)) >>> 0
}
