// Link layers down to IP: which link type is read by which function, and the headers that name another inside (tcpdump.org link types).

import { Bin } from './bins.ts'
import { etherPayload, etherType } from './link-ethernet.ts'
import { encryptionLink, ipnetLink, nflogLink, nullLink, pflogLink } from './link-loopback.ts'
import { ipStart } from './link-next.ts'
import {
  ciscoHdlcDirectionLink,
  ciscoHdlcLink,
  frameRelayDirectionLink,
  frameRelayLink,
  pppDaemonLink,
  pppDirectionLink,
  pppLink,
  pppoeLink,
} from './link-ppp.ts'
import {
  arcnetLink,
  arcnetLinuxLink,
  atmLink,
  fddiLink,
  fibreChannelLink,
  fireWireLink,
  infiniBandLink,
  tokenRingLink,
} from './link-ring.ts'
import { avsLink, prismLink, radiotapLink, wirelessLink } from './link-wireless.ts'
import type { Packet } from './packet.ts'

/** Returns where the IP header starts, or the negated bin of a packet that has none that we read. Link bins are never 0. */
export function linkLayer(bytes: Uint8Array, start: number, link: number, packet: Packet): number {
  switch (link) {
    case 1:
      return etherType(bytes, start + 12, packet)
    case 192:
      return perPacketLink(bytes, start, packet)
    case 197:
      return recordLink(bytes, start, packet)
    case 258:
      return pktapLink(bytes, start, packet)
    default:
      return plainLink(bytes, start, link, packet)
  }
}

/** Link types that name no other one inside, so that this cannot recurse. */
function plainLink(bytes: Uint8Array, start: number, link: number, packet: Packet): number {
  switch (link) {
    case 0:
    case 108:
      return nullLink(bytes, start, packet)
    case 1:
      return etherType(bytes, start + 12, packet)
    case 6:
      return tokenRingLink(bytes, start, packet)
    case 7:
      return arcnetLink(bytes, start, packet)
    case 9:
    case 50:
      return pppLink(bytes, start, packet)
    case 10:
      return fddiLink(bytes, start, packet)
    // 12 and 14 are what the BSDs call raw IP.
    case 12:
    case 14:
    case 101:
    case 228:
    case 229:
      return start
    case 51:
      return pppoeLink(bytes, start, packet)
    case 100:
    case 106:
      return atmLink(bytes, start, packet)
    case 104:
      return ciscoHdlcLink(bytes, start, packet)
    case 105:
      return wirelessLink(bytes, start, packet)
    case 107:
      return frameRelayLink(bytes, start, packet)
    case 109:
      return encryptionLink(bytes, start, packet)
    case 113:
      return etherType(bytes, start + 14, packet)
    case 117:
      return pflogLink(bytes, start, packet)
    case 119:
      return prismLink(bytes, start, packet)
    case 122:
      return fibreChannelLink(bytes, start, packet)
    case 127:
      return radiotapLink(bytes, start, packet)
    case 129:
      return arcnetLinuxLink(bytes, start, packet)
    case 138:
      return fireWireLink(bytes, start, packet)
    case 163:
      return avsLink(bytes, start, packet)
    case 166:
      return pppDaemonLink(bytes, start, packet)
    case 204:
      return pppDirectionLink(bytes, start, packet)
    case 205:
      return ciscoHdlcDirectionLink(bytes, start, packet)
    case 206:
      return frameRelayDirectionLink(bytes, start, packet)
    case 219:
      return etherPayload(bytes, start, 0x8847, packet)
    case 226:
      return ipnetLink(bytes, start, packet)
    case 239:
      return nflogLink(bytes, start, packet)
    // NetANALYZER: 4 bytes of its own; the transparent kind keeps the 8 bytes of preamble.
    case 240:
      return etherType(bytes, start + 16, packet)
    case 241:
      return etherType(bytes, start + 24, packet)
    case 242:
      return infiniBandLink(bytes, start, packet)
    case 276:
      return cooked2(bytes, start, packet)
    default:
      return -Bin.linkType
  }
}

/** SLL2: protocol first, then a 20-byte header in all. */
function cooked2(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 20 > packet.end) return -Bin.linkHeader
  return etherPayload(bytes, start + 20, (bytes[start] << 8) | bytes[start + 1], packet)
}

/** Apple's PKTAP, little-endian: header length, record type (1 is a packet), the link type inside. */
function pktapLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 12 > packet.end) return -Bin.linkHeader
  const headerBytes = bytes[start] | (bytes[start + 1] << 8)
  if (headerBytes < 12 || bytes[start + 2] !== 0 || bytes[start + 3] !== 0) return -Bin.linkHeader
  if (start + headerBytes > packet.end) return -Bin.linkHeader
  if (bytes[start + 4] !== 1) return -Bin.other
  const link = bytes[start + 8] | (bytes[start + 9] << 8)
  return plainLink(bytes, start + headerBytes, link, packet)
}

/** PPI, little-endian: version, flags, header length, the link type inside. */
function perPacketLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 8 > packet.end) return -Bin.linkHeader
  const headerBytes = bytes[start + 2] | (bytes[start + 3] << 8)
  if (headerBytes < 8 || start + headerBytes > packet.end) return -Bin.linkHeader
  const link = bytes[start + 4] | (bytes[start + 5] << 8)
  return plainLink(bytes, start + headerBytes, link, packet)
}

/** Extension headers of an ERF record at most; each says in its top bit whether another follows. */
const extensionLimit = 16

/** Endace's ERF: 16 bytes, the record type at byte 8; Ethernet records have 2 bytes of padding before the frame. */
function recordLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 16 > packet.end) return -Bin.linkHeader
  const type = bytes[start + 8] & 0x7f
  let at = start + 16
  let hasMore = (bytes[start + 8] & 0x80) !== 0
  for (let extensions = 0; hasMore && extensions < extensionLimit; extensions++) {
    if (at + 8 > packet.end) return -Bin.linkHeader
    hasMore = (bytes[at] & 0x80) !== 0
    at += 8
  }
  if (type === 2 || type === 11 || type === 16) return etherType(bytes, at + 14, packet)
  if (type === 1) return ciscoHdlcLink(bytes, at, packet)
  return type === 22 || type === 23 ? ipStart(bytes, at, packet) : -Bin.other
}
