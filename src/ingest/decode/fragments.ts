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
  /** Seconds of the first to come. */
  began: number
  /** Id as the packets have it: see `Packet.fragmentId`. */
  id: number
  /** What the first fragment by offset (or, without it, the first to come) said: addresses, TTL, frame, time. */
  readonly addresses: Uint32Array
  protocol: number
  ipTtl: number
  ipId: number
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
  /** Bytes up to the end of the fragment that reaches furthest. */
  reach: number
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
  /** Datagrams that were never completed. */
  unfinished = 0
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
    const { payloadStart: at, fragmentOffset: offset } = packet
    this.expire(packet.seconds)
    const datagram = this.find(packet)
    datagram.fragments++
    datagram.anomalies |= packet.anomalies
    if (offset === 0 && !datagram.hasStart) {
      datagram.hasStart = true
      describe(datagram, packet)
    }
    let sizeBytes = packet.payloadEnd - at
    let isLast = !packet.hasMoreFragments
    if (packet.isFragmentCut) {
      // Of a fragment that the snap length cut, whole units are of use; one that lies about its length no receiver takes.
      sizeBytes = packet.isSnapped ? sizeBytes & ~7 : 0
      isLast = false
      if (packet.isSnapped) datagram.anomalies |= Anomaly.snapped
    }
    const stop = offset + sizeBytes
    if (isConflict(datagram, stop, isLast)) {
      datagram.anomalies |= Anomaly.fragmentConflict
      return null
    }
    if (isLast) datagram.size = stop
    datagram.reach = Math.max(datagram.reach, stop)
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
      // Further in the future than that is from before the clock was set back.
      if (Math.abs(seconds - datagram.began) <= timeoutSeconds) return
      this.giveUp(datagram)
    }
  }

  private giveUp(datagram: Datagram): void {
    this.underWay.delete(datagram.key)
    this.unfinished++
    this.onUnfinished(datagram)
    this.spare.push(datagram)
  }

  private find(packet: Packet): Datagram {
    const key = hashKey(packet)
    const known = this.underWay.get(key)
    if (known !== undefined) {
      if (isOf(known, packet)) return known
      this.giveUp(known)
    }
    if (this.underWay.size >= datagramLimit) {
      for (const oldest of this.underWay.values()) {
        this.giveUp(oldest)
        break
      }
    }
    const datagram = this.spare.pop() ?? newDatagram()
    datagram.key = key
    datagram.id = packet.fragmentId
    datagram.began = packet.seconds
    datagram.size = -1
    datagram.reach = 0
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

/** Only the last fragment may have a length that is no multiple of 8; it is the end, and nothing may reach past 65,535. */
function isConflict({ size, reach }: Datagram, stop: number, isLast: boolean): boolean {
  if (stop > 65_535) return true
  if (!isLast) return (stop & 7) !== 0 || (size >= 0 && stop > size)
  return size >= 0 ? stop !== size : stop < reach
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
  datagram.protocol = packet.protocol
  datagram.ipTtl = packet.ipTtl
  datagram.ipId = packet.ipId
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
    began: 0,
    id: 0,
    addresses: new Uint32Array(8),
    protocol: 0,
    ipTtl: 0,
    ipId: 0,
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
    reach: 0,
    units: new Uint8Array(8192),
    unitsCome: 0,
  }
}

const seed = (Math.random() * 0x100000000) >>> 0

/** Same sender, receiver and id, on the same VLAN and in the same tunnel: a packet seen on two of them has come once on each. */
function isOf(datagram: Datagram, packet: Packet): boolean {
  if (
    datagram.id !== packet.fragmentId ||
    datagram.vlan !== packet.vlan ||
    datagram.tunnel !== packet.tunnel ||
    datagram.tunnelId !== packet.tunnelId
  )
    return false
  for (let i = 0; i < 8; i++) if (datagram.addresses[i] !== packet.addresses[i]) return false
  return true
}

/** 53 bits over what `isOf` compares, seeded per process. */
function hashKey(packet: Packet): number {
  const id = packet.fragmentId
  let a = seed ^ id
  let b = Math.imul(packet.tunnelId ^ (packet.tunnel << 24) ^ (packet.vlan << 12), 0x9e3779b1)
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
