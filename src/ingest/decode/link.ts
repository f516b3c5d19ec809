// Link layers down to IP: Ethernet with 802.1Q/802.1ad tags, Linux cooked v1 and v2, raw IP, BSD null and loop (tcpdump.org link types).

import { Bin } from './bins.ts'
import type { Packet } from './packet.ts'

/** Returns where the IP header starts, or the negated bin of a packet that has none that we read. Link bins are never 0. */
export function linkLayer(bytes: Uint8Array, start: number, link: number, packet: Packet): number {
  switch (link) {
    case linkEthernet:
      return etherType(bytes, start + 12, packet)
    case linkRaw:
    case linkIpv4:
    case linkIpv6:
    case 12:
    case 14:
      return start
    case linkNull:
    case linkLoop:
      return start + 4 <= packet.end ? nullFamily(bytes, start) : -Bin.linkHeader
    case linkCooked:
      return etherType(bytes, start + 14, packet)
    case linkCooked2:
      return cooked2(bytes, start, packet)
    default:
      return -Bin.linkType
  }
}

/** Link types that are read; all others are counted as unsupported and named. */
export function isLinkRead(link: number): boolean {
  return readLinks.has(link)
}

const linkNull = 0
const linkEthernet = 1
const linkRaw = 101
const linkLoop = 108
const linkCooked = 113
const linkIpv4 = 228
const linkIpv6 = 229
const linkCooked2 = 276
const readLinks: ReadonlySet<number> = new Set([
  linkNull,
  linkEthernet,
  12,
  14,
  linkRaw,
  linkLoop,
  linkCooked,
  linkIpv4,
  linkIpv6,
  linkCooked2,
])

/** Tags in a stack at most; a frame of tags alone must not spin. */
const tagLimit = 8

/** Reads the EtherType at `at` and steps over VLAN tags. */
function etherType(bytes: Uint8Array, at: number, packet: Packet): number {
  for (let tags = 0; tags <= tagLimit; tags++) {
    if (at + 2 > packet.end) return -Bin.linkHeader
    const type = (bytes[at] << 8) | bytes[at + 1]
    if (type === 0x0800 || type === 0x86dd) return at + 2
    if (type !== 0x8100 && type !== 0x88a8 && type !== 0x9100 && type !== 0x9200) {
      return -binOfEtherType(type)
    }
    if (at + 4 > packet.end) return -Bin.linkHeader
    const vlan = ((bytes[at + 2] & 15) << 8) | bytes[at + 3]
    if (tags === 1) packet.vlanOuter = packet.vlan
    packet.vlan = vlan
    at += 4
  }
  return -Bin.linkHeader
}

function binOfEtherType(type: number): number {
  if (type === 0x8864 || type === 0x8863) return Bin.pppoe
  if (type === 0x8847 || type === 0x8848) return Bin.mpls
  return Bin.other
}

/** SLL2: protocol first, then a 20-byte header in all. */
function cooked2(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 20 > packet.end) return -Bin.linkHeader
  const type = (bytes[start] << 8) | bytes[start + 1]
  if (type === 0x0800 || type === 0x86dd) return start + 20
  if (type !== 0x8100 && type !== 0x88a8) return -binOfEtherType(type)
  const inner = start + 20
  if (inner + 4 > packet.end) return -Bin.linkHeader
  packet.vlan = ((bytes[inner] & 15) << 8) | bytes[inner + 1]
  return etherType(bytes, inner + 2, packet)
}

/** Address family in either byte order: 2 is IPv4; 24, 28 and 30 are what the BSDs and macOS use for IPv6. */
function nullFamily(bytes: Uint8Array, start: number): number {
  const low = bytes[start] | (bytes[start + 1] << 8)
  const high = (bytes[start + 2] << 8) | bytes[start + 3]
  const family = low === 0 ? high : low
  return family === 2 || family === 24 || family === 28 || family === 30 ? start + 4 : -Bin.other
}
