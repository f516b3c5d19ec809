// DNS over TCP (RFC 1035 section 4.2.2, RFC 7766): segments in any order into the messages of both directions, bounded, on packet time.

import {
  type Direction,
  newDirection,
  type StreamCounts,
  type TakeMessage,
  weightOf,
} from './direction.ts'
import type { Packet } from './packet.ts'
import { endDirection, flagAck, flagReset, flagSyn, takeSegment, useHeld } from './segments.ts'
import { word } from './word.ts'

/** One connection, both ways. */
interface Connection {
  /** From the endpoint that was seen first, and back. */
  readonly forth: Direction
  readonly back: Direction
  readonly key: number
  seconds: number
}

/** Connections kept at most, some 20 MB; the one that was silent longest goes. */
const connectionLimit = 16_384

/** Bytes of messages under way and of held segments at most, over all connections; again the one that was silent longest goes. */
const weightLimit = 67_108_864

/** Seconds of packet time after which a silent connection is forgotten. */
const idleSeconds = 120

/** The stream table of one capture. */
export class Streams {
  readonly counts: StreamCounts = { foreign: 0, unfinished: 0, resets: 0 }
  private readonly connections = new Map<number, Connection>()
  private weightBytes = 0

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
    const connection = this.find(packet, flags, end - payload, take)
    if (connection === null) return 0
    const isForth = isOfDirection(connection.forth, packet)
    const direction = isForth ? connection.forth : connection.back
    const other = isForth ? connection.back : connection.forth
    const weightBefore = weightOf(direction) + weightOf(other)
    const foreignBefore = this.counts.foreign
    const sequence = word(bytes, at + 4)
    const acknowledged = (flags & flagAck) === 0 ? -1 : word(bytes, at + 8)
    const isReset = (flags & flagReset) !== 0
    // What a reset carries is a text for people (RFC 9293 section 3.5.3).
    if (isReset) this.reset(connection, direction, sequence, take)
    else takeSegment(direction, bytes, payload, end, sequence, flags, packet, take)
    const isForeign = this.counts.foreign !== foreignBefore
    if (acknowledged >= 0) {
      other.acknowledged = acknowledged
      useHeld(other, false, packet.seconds, take)
    }
    this.weightBytes += weightOf(direction) + weightOf(other) - weightBefore
    if (this.weightBytes > weightLimit) this.evict(packet.seconds, take)
    if (payload === end || isReset) return 0
    return isForeign ? -2 : end - payload
  }

  /** Ends all connections: messages under way are handed on as far as they go, and counted as unfinished. */
  finish(take: TakeMessage): void {
    for (const connection of this.connections.values()) this.end(connection, take)
  }

  private find(
    packet: Packet,
    flags: number,
    sizeBytes: number,
    take: TakeMessage,
  ): Connection | null {
    const key = hashConnection(packet)
    const known = this.connections.get(key)
    if (known !== undefined && isOfConnection(known, packet)) {
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
    if (known !== undefined) this.end(known, take)
    this.evict(packet.seconds, take)
    const connection: Connection = {
      forth: newDirection(packet, false, this.counts),
      back: newDirection(packet, true, this.counts),
      key,
      seconds: packet.seconds,
    }
    this.connections.set(key, connection)
    return connection
  }

  /** Forgets who was silent too long (a clock set back counts as silence), and who was silent longest while there is too much. */
  private evict(seconds: number, take: TakeMessage): void {
    for (const oldest of this.connections.values()) {
      const isFull = this.connections.size >= connectionLimit || this.weightBytes > weightLimit
      if (!isFull && Math.abs(seconds - oldest.seconds) <= idleSeconds) return
      this.end(oldest, take)
    }
  }

  /** Only a reset with the very next number ends the connection (RFC 5961 section 3.2); others are forged or late. */
  private reset(
    connection: Connection,
    direction: Direction,
    sequence: number,
    take: TakeMessage,
  ): void {
    this.counts.resets++
    if (direction.isOpen && direction.next !== sequence) return
    endDirection(connection.forth, take)
    endDirection(connection.back, take)
  }

  private end(connection: Connection, take: TakeMessage): void {
    this.weightBytes -= weightOf(connection.forth) + weightOf(connection.back)
    endDirection(connection.forth, take)
    endDirection(connection.back, take)
    this.connections.delete(connection.key)
  }
}

function isOfConnection({ forth, back }: Connection, packet: Packet): boolean {
  return isOfDirection(forth, packet) || isOfDirection(back, packet)
}

function isOfDirection(direction: Direction, packet: Packet): boolean {
  if (
    direction.sourcePort !== packet.sourcePort ||
    direction.destinationPort !== packet.destinationPort ||
    direction.vlan !== packet.vlan ||
    direction.tunnel !== packet.tunnel ||
    direction.tunnelId !== packet.tunnelId
  )
    return false
  for (let i = 0; i < 8; i++) if (direction.addresses[i] !== packet.addresses[i]) return false
  return true
}

const seed = (Math.random() * 0x100000000) >>> 0

/**
 * 53 bits over both endpoints, the VLAN and the tunnel, equal for both directions, seeded per process. One connection seen on two VLANs, or
 * inside a tunnel and outside, is two, as it is for UDP.
 */
function hashConnection(packet: Packet): number {
  const one = hashEndpoint(packet.addresses, 0, packet.sourcePort)
  const two = hashEndpoint(packet.addresses, 4, packet.destinationPort)
  const layer = Math.imul(packet.tunnelId ^ (packet.tunnel << 24) ^ (packet.vlan << 12), 0x9e3779b1)
  const sum = (one + two + layer) >>> 0
  const product = Math.imul(one | 1, two | 1) ^ Math.imul(one ^ two ^ layer, 0x27d4eb2f)
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
