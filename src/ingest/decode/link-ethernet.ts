// The walk over EtherTypes that most link layers and tunnels share: VLAN tags (802.1Q, 802.1ad), PBB (802.1ah), PPPoE (RFC 2516), MPLS, LLC, NSH, MACsec, Cisco metadata.

import { Bin } from './bins.ts'
import { bridgedFrame, ipv4Type, ipv6Type, llcHeader, mplsHeader } from './link-next.ts'
import { next, pppHeader, serviceHeader } from './link-next.ts'
import type { Packet } from './packet.ts'

/** Headers between the link layer and IP at most; a frame of tags alone must end. */
const headerLimit = 64

/** Reads the EtherType (or 802.3 length) at `at`; returns where the IP header starts, or a negated bin. */
export function etherType(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 2 > packet.end) return -Bin.linkHeader
  const type = (bytes[at] << 8) | bytes[at + 1]
  if (type === ipv4Type || type === ipv6Type) return at + 2
  return etherPayload(bytes, at + 2, type, packet)
}

/** The same for a payload at `at` whose EtherType stood elsewhere. */
export function etherPayload(bytes: Uint8Array, at: number, type: number, packet: Packet): number {
  for (let headers = 0; headers < headerLimit; headers++) {
    // Where the next EtherType stands; headers that have none set `type` themselves and go round again.
    let typeAt = 0
    switch (type) {
      case ipv4Type:
      case ipv6Type:
        return at
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200:
      case 0x9300:
        if (at + 4 > packet.end) return -Bin.linkHeader
        if (packet.vlan !== 0 && packet.vlanOuter === 0) packet.vlanOuter = packet.vlan
        packet.vlan = ((bytes[at] & 15) << 8) | bytes[at + 1]
        typeAt = at + 2
        break
      // Service instance tag of 4 bytes, then the customer's frame.
      case 0x88e7:
        typeAt = at + 16
        break
      case bridgedFrame:
        typeAt = at + 12
        break
      // Cisco metadata (security group tag) and the tags that switches add for their ports: VN-Tag and 802.1BR.
      case 0x8909:
        typeAt = at + 6
        break
      case 0x8926:
        typeAt = at + 4
        break
      case 0x893f:
        typeAt = at + 6
        break
      case 0x88e5:
        typeAt = macsec(bytes, at, packet)
        if (typeAt < 0) return typeAt
        break
      case 0x8864:
        at = sessionHeader(bytes, at, packet)
        if (at < 0) return at
        type = next.type
        continue
      case 0x880b:
        at = pppHeader(bytes, at, packet)
        if (at < 0) return at
        type = next.type
        continue
      case 0x8847:
      case 0x8848:
        at = mplsHeader(bytes, at, packet)
        if (at < 0) return at
        type = next.type
        continue
      case 0x894f:
        at = serviceHeader(bytes, at, packet)
        if (at < 0) return at
        type = next.type
        continue
      // 0x8870 marks a frame too long for a length field (jumbo frames); below 0x0600 the field is that length.
      default:
        if (type >= 0x0600 && type !== 0x8870) return -Bin.other
        at = llcHeader(bytes, at, packet)
        if (at < 0) return at
        type = next.type
        continue
    }
    if (typeAt + 2 > packet.end) return -Bin.linkHeader
    type = (bytes[typeAt] << 8) | bytes[typeAt + 1]
    at = typeAt + 2
  }
  return -Bin.linkHeader
}

/** PPPoE: version and type, code (0 is data), session, length, then PPP's protocol. */
export function sessionHeader(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 6 > packet.end) return -Bin.linkHeader
  return bytes[at + 1] === 0 ? pppHeader(bytes, at + 6, packet) : -Bin.other
}

/** A MACsec tag (802.1AE) with 8 more bytes where it names its channel; encrypted or changed payload is not ours to read. */
function macsec(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 6 > packet.end) return -Bin.linkHeader
  if ((bytes[at] & 0x0c) !== 0) return -Bin.other
  return (bytes[at] & 0x20) === 0 ? at + 6 : at + 14
}
