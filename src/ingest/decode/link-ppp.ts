// Serial lines: PPP and PPP in HDLC framing (RFC 1662), PPPoE, Cisco HDLC, frame relay (RFC 2427).

import { Bin } from './bins.ts'
import { etherPayload, etherType, sessionHeader } from './link-ethernet.ts'
import { networkLayerId, next, pppHeader } from './link-next.ts'
import type { Packet } from './packet.ts'

/** LINKTYPE_PPP and LINKTYPE_PPP_HDLC: PPP with or without its address field; on serial lines also Cisco HDLC. */
export function pppLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 4 > packet.end) return -Bin.linkHeader
  if (isCiscoAddress(bytes[start])) return etherType(bytes, start + 2, packet)
  return payload(bytes, pppHeader(bytes, start, packet), packet)
}

/** LINKTYPE_PPP_WITH_DIR: a direction byte before the PPP frame. */
export function pppDirectionLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return pppLink(bytes, start + 1, packet)
}

/** LINKTYPE_PPP_PPPD: the direction replaces the address byte. */
export function pppDaemonLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return payload(bytes, pppHeader(bytes, start + 2, packet), packet)
}

/** LINKTYPE_PPP_ETHER: a PPPoE session header without its Ethernet header. */
export function pppoeLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return payload(bytes, sessionHeader(bytes, start, packet), packet)
}

/** LINKTYPE_C_HDLC: address, control, EtherType; some writers put PPP under the same number. */
export function ciscoHdlcLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 4 > packet.end) return -Bin.linkHeader
  if (bytes[start] === 0xff) return payload(bytes, pppHeader(bytes, start, packet), packet)
  return etherType(bytes, start + 2, packet)
}

/** LINKTYPE_C_HDLC_WITH_DIR: a direction byte before the Cisco HDLC frame. */
export function ciscoHdlcDirectionLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return ciscoHdlcLink(bytes, start + 1, packet)
}

/** LINKTYPE_FRELAY: an address of 2 to 4 bytes, then control 3 and a protocol id, or Cisco's EtherType. */
export function frameRelayLink(bytes: Uint8Array, start: number, packet: Packet): number {
  let at = start
  // The lowest bit of each address byte says whether it is the last.
  while (at < start + 4 && at < packet.end && (bytes[at] & 1) === 0) at++
  at++
  if (at + 3 > packet.end) return -Bin.linkHeader
  if (bytes[at] !== 3) return etherType(bytes, at, packet)
  at++
  if (bytes[at] === 0) at++
  return payload(bytes, networkLayerId(bytes, at, packet), packet)
}

/** LINKTYPE_FRELAY_WITH_DIR: a direction byte before the frame relay frame. */
export function frameRelayDirectionLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return frameRelayLink(bytes, start + 1, packet)
}

/** Cisco HDLC starts with 0f for one receiver and 8f for all. */
function isCiscoAddress(address: number): boolean {
  return address === 0x0f || address === 0x8f
}

/** What a header leaves: its position goes on by `next`, a negated bin stays what it is. */
function payload(bytes: Uint8Array, at: number, packet: Packet): number {
  return at < 0 ? at : etherPayload(bytes, at, next.type, packet)
}
