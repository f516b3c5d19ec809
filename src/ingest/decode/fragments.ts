// IP fragments into datagrams (RFC 791 section 3.2, RFC 8200 section 4.5), bounded, on packet time. What overlaps is evidence and is kept as a fact.

import { Anomaly } from './anomaly.ts'
import type { Packet } from './packet.ts'

/** A datagram being put together, and when it is complete its bytes: `bytes[0 .. size)` is what follows the IP header. */
export interface Datagram {
  bytes: Uint8Array<ArrayBuffer>
  /** Bytes in all; -1 until the last fragment has come. */
  size: number
  /** Packets that went into it. */
  fragments: number
  protocol: number
  /** What the first fragment by offset (or, without it, the first to come) said: addresses, TTL, frame, time. */
  readonly addresses: Uint32Array
  id: number
  ipTtl: number
  seconds: number
  frame: number
  offset: number
  nanoseconds: number
  vlan: number
  vlanOuter: number
  tunnel: number
  tunnelId: number
  /** True when the fragment with offset 0 has come: without it nothing says which ports it is for. */
  hasStart: boolean
  /** Fragment anomalies. */
  anomalies: number
  key: number
  /** One byte per 8-byte unit: 1 when it has come. */
  readonly units: Uint8Array<ArrayBuffer>
  unitsCome: number
}

/** Datagrams under way at most: 1,024 of 64 kB are 64 MB. The oldest goes when another begins. */
const datagramLimit = 1024

/** Seconds of packet time a datagram may take; between the 15 s of RFC 791 and the 60 s of RFC 8200. */
const timeoutSeconds = 30

/** The reassembly table of one capture. */
export class Fragments {
  private readonly underWay = new Map<number, Datagram>()
  private readonly spare: Datagram[] = []
  /** Called with each datagram that will not be finished any more, before it is forgotten. */
  private readonly onUnfinished: (datagram: Datagram) => void

  constructor(onUnfinished: (datagram: Datagram) => void) {
    this.onUnfinished = onUnfinished
  }

  /**
   * Adds the fragment that `packet` describes, payload `bytes[packet.payloadStart .. packet.payloadEnd)`. Returns the datagram when this
   * completes it (give it back with `release` after use), else null.
   */
  add(bytes: Uint8Array, packet: Packet): Datagram | null {
    const {
      payloadStart: at,
      payloadEnd: end,
      fragmentOffset: offset,
      hasMoreFragments: hasMore,
      protocol,
    } = packet
    const id = packet.fragmentId
    this.expire(packet.seconds)
    const datagram = this.find(id, protocol, packet)
    datagram.fragments++
    if (offset === 0 && !datagram.hasStart) {
      datagram.hasStart = true
      describe(datagram, packet)
    }
    const stop = offset + end - at
    // Only the last fragment may have a length that is no multiple of 8, and nothing may reach past 65,535.
    if (stop > 65_535 || (hasMore && (stop & 7) !== 0)) {
      datagram.anomalies |= Anomaly.fragmentConflict
      return null
    }
    if (!hasMore) {
      if (datagram.size >= 0 && datagram.size !== stop)
        datagram.anomalies |= Anomaly.fragmentConflict
      else datagram.size = stop
    }
    place(datagram, bytes, at, offset, stop)
    if (datagram.size < 0 || datagram.unitsCome < (datagram.size + 7) >> 3) return null
    this.underWay.delete(datagram.key)
    return datagram
  }

  /** Takes a finished datagram back. */
  release(datagram: Datagram): void {
    this.spare.push(datagram)
  }

  /** Gives up everything that is still under way. */
  finish(): void {
    for (const datagram of this.underWay.values()) this.giveUp(datagram)
  }

  private expire(seconds: number): void {
    for (const datagram of this.underWay.values()) {
      if (seconds - datagram.seconds <= timeoutSeconds) return
      this.giveUp(datagram)
    }
  }

  private giveUp(datagram: Datagram): void {
    this.underWay.delete(datagram.key)
    this.onUnfinished(datagram)
    this.spare.push(datagram)
  }

  private find(id: number, protocol: number, packet: Packet): Datagram {
    const key = hashKey(id, protocol, packet)
    const known = this.underWay.get(key)
    if (known !== undefined) return known
    if (this.underWay.size >= datagramLimit) {
      for (const oldest of this.underWay.values()) {
        this.giveUp(oldest)
        break
      }
    }
    const datagram = this.spare.pop() ?? newDatagram()
    datagram.key = key
    datagram.id = id
    datagram.protocol = protocol
    datagram.size = -1
    datagram.fragments = 0
    datagram.hasStart = false
    datagram.anomalies = 0
    datagram.units.fill(0)
    datagram.unitsCome = 0
    describe(datagram, packet)
    this.underWay.set(key, datagram)
    return datagram
  }
}

/** Bytes from the start that have come without a gap: what can be read of an unfinished datagram. */
export function wholeStart(datagram: Datagram): number {
  let unit = 0
  while (unit < datagram.units.length && datagram.units[unit] !== 0) unit++
  return datagram.size >= 0 ? Math.min(unit * 8, datagram.size) : unit * 8
}

/** Copies what is new; what came before stays, and a difference is noted (the first bytes win, as in most receivers). */
function place(
  datagram: Datagram,
  bytes: Uint8Array,
  at: number,
  offset: number,
  stop: number,
): void {
  if (stop > datagram.bytes.length) {
    const grown = new Uint8Array(Math.min(65_536, Math.max(stop, datagram.bytes.length * 2)))
    grown.set(datagram.bytes)
    datagram.bytes = grown
  }
  for (let position = offset; position < stop; position += 8) {
    const unit = position >> 3
    const last = Math.min(position + 8, stop)
    if (datagram.units[unit] === 0) {
      datagram.units[unit] = 1
      datagram.unitsCome++
      for (let i = position; i < last; i++) datagram.bytes[i] = bytes[at + i - offset]
    } else {
      datagram.anomalies |= Anomaly.fragmentOverlap
      for (let i = position; i < last; i++) {
        if (datagram.bytes[i] !== bytes[at + i - offset])
          datagram.anomalies |= Anomaly.fragmentConflict
      }
    }
  }
}

function describe(datagram: Datagram, packet: Packet): void {
  datagram.addresses.set(packet.addresses)
  datagram.ipTtl = packet.ipTtl
  datagram.seconds = packet.seconds
  datagram.nanoseconds = packet.nanoseconds
  datagram.frame = packet.frame
  datagram.offset = packet.offset
  datagram.vlan = packet.vlan
  datagram.vlanOuter = packet.vlanOuter
  datagram.tunnel = packet.tunnel
  datagram.tunnelId = packet.tunnelId
}

function newDatagram(): Datagram {
  return {
    bytes: new Uint8Array(4096),
    size: -1,
    fragments: 0,
    protocol: 0,
    addresses: new Uint32Array(8),
    id: 0,
    ipTtl: 0,
    seconds: 0,
    frame: 0,
    offset: 0,
    nanoseconds: 0,
    vlan: 0,
    vlanOuter: 0,
    tunnel: 0,
    tunnelId: 0,
    hasStart: false,
    anomalies: 0,
    key: 0,
    units: new Uint8Array(8192),
    unitsCome: 0,
  }
}

const seed = (Math.random() * 0x100000000) >>> 0

/** 53 bits over addresses, id and protocol, seeded, so that nobody can make two datagrams of others share a key. */
function hashKey(id: number, protocol: number, packet: Packet): number {
  let a = seed ^ id
  let b = protocol + 0x9e3779b9
  for (let i = 0; i < 8; i++) {
    a = Math.imul(a ^ packet.addresses[i], 0x85ebca6b)
    a ^= a >>> 13
    b = Math.imul(b + packet.addresses[i], 0xc2b2ae35)
    b ^= b >>> 16
  }
  b = Math.imul(b ^ id ^ seed, 0x27d4eb2f)
  b ^= b >>> 15
  return (a >>> 0) * 0x200000 + (b >>> 11)
}
