// Older local networks: FDDI, token ring (IEEE 802.5), ARCNET (RFC 1051, RFC 1201), and IP over Fibre Channel, FireWire, InfiniBand and ATM.

import { Bin } from './bins.ts'
import { etherPayload, etherType } from './link-ethernet.ts'
import { ipStart, ipv4Type, ipv6Type, llcHeader, next } from './link-next.ts'
import type { Packet } from './packet.ts'

/** LINKTYPE_FDDI: frame control, two addresses, LLC. */
export function fddiLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 13 > packet.end) return -Bin.linkHeader
  // 0x50 to 0x5f and 0xd0 to 0xdf are LLC frames; the others run the ring.
  if ((bytes[start] & 0x70) !== 0x50) return -Bin.other
  return logicalLink(bytes, start + 13, packet)
}

/** LINKTYPE_IEEE802_5: access control, frame control, two addresses, a route where the source address says so, LLC. */
export function tokenRingLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 14 > packet.end) return -Bin.linkHeader
  if ((bytes[start + 1] & 0xc0) !== 0x40) return -Bin.other
  let at = start + 14
  if ((bytes[start + 8] & 0x80) !== 0) {
    if (at >= packet.end) return -Bin.linkHeader
    at += bytes[at] & 0x1f
  }
  return logicalLink(bytes, at, packet)
}

/** LINKTYPE_ARCNET_BSD: two addresses of one byte, the protocol; an exception frame repeats it (RFC 1201 section 3). */
export function arcnetLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 4 > packet.end) return -Bin.linkHeader
  const isException = bytes[start + 2] >= 0xc0 && bytes[start + 3] === 0xff
  return arcnetPayload(bytes, isException ? start + 6 : start + 2, packet)
}

/** LINKTYPE_ARCNET_LINUX: two bytes of offset before the protocol, and no exception frames. */
export function arcnetLinuxLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return arcnetPayload(bytes, start + 4, packet)
}

/** LINKTYPE_IP_OVER_FC: two addresses of 8 bytes, LLC (RFC 2625). */
export function fibreChannelLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return logicalLink(bytes, start + 16, packet)
}

/** LINKTYPE_APPLE_IP_OVER_IEEE1394: two addresses of 8 bytes, an EtherType. */
export function fireWireLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return etherType(bytes, start + 16, packet)
}

/** LINKTYPE_IPOIB: a global routing header of 40 bytes, an EtherType, two bytes reserved (RFC 4391). */
export function infiniBandLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 44 > packet.end) return -Bin.linkHeader
  const type = (bytes[start + 40] << 8) | bytes[start + 41]
  return etherPayload(bytes, start + 44, type, packet)
}

/** LINKTYPE_ATM_RFC1483 and LINKTYPE_ATM_CLIP: LLC, or IP at once where the circuit carries nothing else (RFC 2684). */
export function atmLink(bytes: Uint8Array, start: number, packet: Packet): number {
  const ip = ipStart(bytes, start, packet)
  return ip === -Bin.other ? logicalLink(bytes, start, packet) : ip
}

function logicalLink(bytes: Uint8Array, at: number, packet: Packet): number {
  const payload = llcHeader(bytes, at, packet)
  return payload < 0 ? payload : etherPayload(bytes, payload, next.type, packet)
}

/** 240 is IPv4 without more ado (RFC 1051); 212 and 196 (IPv6) have a split flag and a sequence number of 2 bytes (RFC 1201). */
function arcnetPayload(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at >= packet.end) return -Bin.linkHeader
  const protocol = bytes[at]
  if (protocol === 240) return etherPayload(bytes, at + 1, ipv4Type, packet)
  if (protocol !== 212 && protocol !== 196) return -Bin.other
  if (at + 4 > packet.end) return -Bin.linkHeader
  if (bytes[at + 1] !== 0) return -Bin.fragment
  return etherPayload(bytes, at + 4, protocol === 212 ? ipv4Type : ipv6Type, packet)
}
