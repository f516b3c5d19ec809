// GRE (RFC 2784, 2890, 1701) with what travels in it: IP, Ethernet, MPLS, ERSPAN I to III, PPTP (RFC 2637), WCCP; and EtherIP (RFC 3378).

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { bridgedFrame, ipStart, next, pppHeader } from './link-next.ts'
import type { Packet } from './packet.ts'
import { Tunnel, tunnelRead } from './tunnel-kinds.ts'
import { word } from './word.ts'

/** Flags of the first word. */
const hasChecksum = 0x8000
const hasRouting = 0x4000
const hasKey = 0x2000
const hasSequence = 0x1000
const hasAcknowledgement = 0x0080

/** Opens GRE of version 0 or 1; see `openTunnel` for what it returns. */
export function greTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 4 > packet.end) return -Bin.tunnelHeader
  const flags = (bytes[at] << 8) | bytes[at + 1]
  const protocol = (bytes[at + 2] << 8) | bytes[at + 3]
  const version = flags & 7
  if (version > 1) return -Bin.gre
  at += 4
  if ((flags & (hasChecksum | hasRouting)) !== 0) at += 4
  if ((flags & hasKey) !== 0) {
    if (at + 4 > packet.end) return -Bin.tunnelHeader
    // Version 1 keeps the payload's length in the upper half.
    tunnelRead.id = version === 0 ? word(bytes, at) : (bytes[at + 2] << 8) | bytes[at + 3]
    at += 4
  }
  if ((flags & hasSequence) !== 0) at += 4
  if (version === 1) return pptp(bytes, at, flags, protocol, packet)
  if ((flags & hasRouting) !== 0) at = skipRoutes(bytes, at, packet)
  if (at < 0) return at
  if (at > packet.end) return -Bin.tunnelHeader
  return grePayload(bytes, at, flags, protocol, packet)
}

/** EtherIP: a version nibble of 3, 12 bits reserved, a frame. */
export function etherIpTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 2 > packet.end) return -Bin.tunnelHeader
  if (bytes[at] >> 4 !== 3) return -Bin.other
  return frameStart(at + 2, packet)
}

/** The frame at `at`, once its addresses and type are there. */
export function frameStart(at: number, packet: Packet): number {
  if (at + 14 > packet.end) return -Bin.tunnelHeader
  tunnelRead.isEthernet = true
  return at
}

/** PPP in version 1; a packet without a sequence number only acknowledges. */
function pptp(
  bytes: Uint8Array,
  at: number,
  flags: number,
  protocol: number,
  packet: Packet,
): number {
  tunnelRead.kind = Tunnel.pptp
  if (protocol !== 0x880b || (flags & hasSequence) === 0) return -Bin.other
  if ((flags & hasAcknowledgement) !== 0) at += 4
  at = pppHeader(bytes, at, packet)
  return at < 0 ? at : etherPayload(bytes, at, next.type, packet)
}

/** Source routes of RFC 1701 at most. */
const routeLimit = 16

/** Entries of address family, offset, length and that many bytes; an empty one is the last. */
function skipRoutes(bytes: Uint8Array, at: number, packet: Packet): number {
  for (let routes = 0; routes < routeLimit; routes++) {
    if (at + 4 > packet.end) return -Bin.tunnelHeader
    const isLast = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 3] === 0
    at += 4 + bytes[at + 3]
    if (isLast) return at
  }
  return -Bin.tunnelHeader
}

function grePayload(
  bytes: Uint8Array,
  at: number,
  flags: number,
  protocol: number,
  packet: Packet,
): number {
  switch (protocol) {
    // A keep-alive.
    case 0:
      return -Bin.other
    case bridgedFrame:
      return frameStart(at, packet)
    case 0x88be:
      // Type I has no header of its own, and no sequence number.
      if ((flags & hasSequence) !== 0) return erspan(bytes, at, packet)
      tunnelRead.kind = Tunnel.erspan
      return frameStart(at, packet)
    case 0x22eb:
      return erspan(bytes, at, packet)
    case 0x883e:
      tunnelRead.kind = Tunnel.wccp
      if (at >= packet.end) return -Bin.tunnelHeader
      // Version 2 puts 4 bytes in front, which cannot look like IPv4.
      return ipStart(bytes, bytes[at] >> 4 === 4 ? at : at + 4, packet)
    default:
      return etherPayload(bytes, at, protocol, packet)
  }
}

/** ERSPAN II (version 1, 8 bytes) and III (version 2, 12 bytes, 8 more where its last bit says so). */
function erspan(bytes: Uint8Array, at: number, packet: Packet): number {
  tunnelRead.kind = Tunnel.erspan
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  const version = bytes[at] >> 4
  if (version !== 1 && version !== 2) return -Bin.gre
  tunnelRead.id = ((bytes[at + 2] & 3) << 8) | bytes[at + 3]
  if (version === 1) return frameStart(at + 8, packet)
  if (at + 12 > packet.end) return -Bin.tunnelHeader
  const frameType = (bytes[at + 10] >> 2) & 31
  at += (bytes[at + 11] & 1) === 0 ? 12 : 20
  if (frameType === 0) return frameStart(at, packet)
  return frameType === 2 ? ipStart(bytes, at, packet) : -Bin.other
}
