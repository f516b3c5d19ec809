// One IP datagram out of fragments (RFC 791 section 3.2, RFC 8200 section 4.5): what is known of it, and where its bytes go. What overlaps is evidence.

import { Anomaly } from './anomaly.ts'
import type { Packet } from './packet.ts'

/** A datagram being put together, and when it is complete its bytes: `bytes[0 .. size)` is what follows the IP header. */
export interface Datagram {
  bytes: Uint8Array<ArrayBuffer>
  /** Bytes in all; -1 until the last fragment has come. */
  size: number
  /** Packets that went into it. */
  fragments: number
  /** Of these, how many stand in each capture before the one being read: number and packets, in turn. */
  readonly before: number[]
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
  capture: number
  frame: number
  nanoseconds: number
  vlan: number
  vlanOuter: number
  tunnel: number
  tunnelId: number
  /** True when the fragment with offset 0 has come: without it nothing says which ports it is for. */
  hasStart: boolean
  /** True once it was complete: what still comes is a copy or another version. */
  isDone: boolean
  /** The bin that its packets went to. */
  bin: number
  /** Fragment anomalies. */
  anomalies: number
  key: number
  /** Bytes up to the end of the fragment that reaches furthest. */
  reach: number
  /** One byte per 8-byte unit: 1 when it has come. */
  readonly units: Uint8Array<ArrayBuffer>
  unitsCome: number
}

/** Bytes from the start that have come without a gap: what can be read of an unfinished datagram. */
export function wholeStart(datagram: Datagram): number {
  let unit = 0
  while (unit < datagram.units.length && datagram.units[unit] !== 0) unit++
  return datagram.size >= 0 ? Math.min(unit * 8, datagram.size) : unit * 8
}

/** Only the last fragment may have a length that is no multiple of 8; it is the end, and nothing may reach past 65,535. */
export function isConflict({ size, reach }: Datagram, stop: number, isLast: boolean): boolean {
  if (stop > 65_535) return true
  if (!isLast) return (stop & 7) !== 0 || (size >= 0 && stop > size)
  return size >= 0 ? stop !== size : stop < reach
}

/** Copies what is new; what came before stays, and a difference is noted (the first bytes win, as in most receivers). */
export function place(
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

/**
 * Puts a late fragment over what is there: true when it differs, and the datagram is now the other version, that a receiver may have taken
 * which had not yet seen the first.
 */
export function replace(
  datagram: Datagram,
  bytes: Uint8Array,
  at: number,
  offset: number,
  stop: number,
): boolean {
  let isOther = false
  for (let i = offset; i < Math.min(stop, datagram.size); i++) {
    if (datagram.bytes[i] !== bytes[at + i - offset]) isOther = true
    datagram.bytes[i] = bytes[at + i - offset]
  }
  return isOther
}

/** What the packet says of the whole. */
export function describe(datagram: Datagram, packet: Packet): void {
  datagram.addresses.set(packet.addresses)
  datagram.protocol = packet.protocol
  datagram.ipTtl = packet.ipTtl
  datagram.ipId = packet.ipId
  datagram.seconds = packet.seconds
  datagram.nanoseconds = packet.nanoseconds
  datagram.capture = packet.capture
  datagram.frame = packet.frame
  datagram.vlan = packet.vlan
  datagram.vlanOuter = packet.vlanOuter
  datagram.tunnel = packet.tunnel
  datagram.tunnelId = packet.tunnelId
}

/** Room for a datagram; it grows to 64 kB. */
export function newDatagram(): Datagram {
  return {
    bytes: new Uint8Array(4096),
    size: -1,
    fragments: 0,
    before: [],
    began: 0,
    id: 0,
    addresses: new Uint32Array(8),
    protocol: 0,
    ipTtl: 0,
    ipId: 0,
    seconds: 0,
    capture: 0,
    frame: 0,
    nanoseconds: 0,
    vlan: 0,
    vlanOuter: 0,
    tunnel: 0,
    tunnelId: 0,
    hasStart: false,
    isDone: false,
    bin: 0,
    anomalies: 0,
    key: 0,
    reach: 0,
    units: new Uint8Array(8192),
    unitsCome: 0,
  }
}

const seed = (Math.random() * 0x100000000) >>> 0

/** Same sender, receiver and id, on the same VLAN and in the same tunnel: a packet seen on two of them has come once on each. */
export function isOf(datagram: Datagram, packet: Packet): boolean {
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
export function hashKey(packet: Packet): number {
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
