// Headers whose next protocol is no EtherType, read into one: LLC and SNAP (IEEE 802.2), PPP (RFC 1661, 1662), MPLS (RFC 3032), NSH (RFC 8300).

import { Bin } from './bins.ts'
import type { Packet } from './packet.ts'

/** What follows the header that was read last, as an EtherType; one object, reused. */
export const next = { type: 0 }

/** EtherTypes that other headers are translated to; `bridgedFrame` is a whole Ethernet frame from its addresses on. */
export const ipv4Type = 0x0800
export const ipv6Type = 0x86dd
export const bridgedFrame = 0x6558
const mplsType = 0x8847

/** Reads an 802.2 LLC header and SNAP; returns the payload's position or a negated bin, and sets `next`. */
export function llcHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 4 > packet.end) return -Bin.linkHeader
  if (bytes[at + 2] !== 3) return -Bin.other
  const accessPoints = (bytes[at] << 8) | bytes[at + 1]
  if (accessPoints === 0x0606) return follow(ipv4Type, at + 3)
  if (accessPoints === 0xfefe) return networkLayerId(bytes, at + 3, packet)
  if (accessPoints !== 0xaaaa) return -Bin.other
  return snapHeader(bytes, at + 3, packet)
}

/** Reads the SNAP part (organization and type) alone. Organization 0000f8 is Cisco's for bridged EtherTypes (802.1H). */
function snapHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 5 > packet.end) return -Bin.linkHeader
  const organization = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
  const type = (bytes[at + 3] << 8) | bytes[at + 4]
  if ((organization !== 0 && organization !== 0x0000f8) || type < 0x0600) return -Bin.other
  return follow(type, at + 5)
}

/** Reads an ISO network layer protocol id (RFC 2427 section 4): IPv4, IPv6 or SNAP. */
export function networkLayerId(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at >= packet.end) return -Bin.linkHeader
  const id = bytes[at]
  if (id === 0xcc) return follow(ipv4Type, at + 1)
  if (id === 0x8e) return follow(ipv6Type, at + 1)
  return id === 0x80 ? snapHeader(bytes, at + 1, packet) : -Bin.other
}

/** Reads PPP from its address field or protocol field on; both may be left out or compressed (RFC 1661 section 6.5, 6.6). */
export function pppHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 2 > packet.end) return -Bin.linkHeader
  if (bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2
  if (at >= packet.end) return -Bin.linkHeader
  let protocol = bytes[at++]
  // An odd byte ends the protocol number (RFC 1661 section 2).
  if ((protocol & 1) === 0) {
    if (at >= packet.end) return -Bin.linkHeader
    protocol = (protocol << 8) | bytes[at++]
  }
  if (protocol === 0x0021) return follow(ipv4Type, at)
  if (protocol === 0x0057) return follow(ipv6Type, at)
  if (protocol === 0x0281 || protocol === 0x0283) return follow(mplsType, at)
  return -Bin.other
}

/** Labels in a stack at most; real stacks have two or three. */
const labelLimit = 32

/** Reads an MPLS label stack; what it carries is told by its first bits, for no field says it (RFC 4928). */
export function mplsHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  for (let labels = 0; labels < labelLimit; labels++) {
    if (at + 4 > packet.end) return -Bin.linkHeader
    const isBottom = (bytes[at + 2] & 1) === 1
    at += 4
    if (isBottom) return mplsPayload(bytes, at, packet)
  }
  return -Bin.linkHeader
}

/** A first nibble of 4 or 6 is IP; else it is the control word of a pseudowire, 16 zero bits and a sequence number (RFC 4448), or already the frame in it. */
function mplsPayload(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at >= packet.end) return -Bin.linkHeader
  const version = bytes[at] >> 4
  if (version === 4 && (bytes[at] & 15) >= 5) return follow(ipv4Type, at)
  if (version === 6) return follow(ipv6Type, at)
  if (isFrame(bytes, at + 4, packet) && bytes[at] === 0 && bytes[at + 1] === 0) {
    return follow(bridgedFrame, at + 4)
  }
  return isFrame(bytes, at, packet) ? follow(bridgedFrame, at) : -Bin.other
}

/** Whether an Ethernet frame with IP or a VLAN tag in it could stand here: its EtherType and the IP version agree. */
function isFrame(bytes: Uint8Array, at: number, packet: Packet): boolean {
  if (at + 15 > packet.end) return false
  const type = (bytes[at + 12] << 8) | bytes[at + 13]
  if (type === ipv4Type) return bytes[at + 14] >> 4 === 4
  if (type === ipv6Type) return bytes[at + 14] >> 4 === 6
  return type === 0x8100 || type === 0x88a8
}

/** Reads a network service header (service function chaining); its length counts words of 4 bytes. */
export function serviceHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 4 > packet.end) return -Bin.linkHeader
  const headerBytes = (bytes[at + 1] & 0x3f) << 2
  if (headerBytes < 8 || at + headerBytes > packet.end) return -Bin.linkHeader
  const protocol = bytes[at + 3]
  if (protocol === 1) return follow(ipv4Type, at + headerBytes)
  if (protocol === 2) return follow(ipv6Type, at + headerBytes)
  if (protocol === 3) return follow(bridgedFrame, at + headerBytes)
  return protocol === 5 ? follow(mplsType, at + headerBytes) : -Bin.other
}

/** Where nothing but the IP version can tell: the position itself when it is 4 or 6, else a negated bin. */
export function ipStart(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at >= packet.end) return -Bin.linkHeader
  const version = bytes[at] >> 4
  return version === 4 || version === 6 ? at : -Bin.other
}

function follow(type: number, at: number): number {
  next.type = type
  return at
}
