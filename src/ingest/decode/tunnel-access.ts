// Tunnels of access networks in UDP: L2TP (RFC 2661), TZSP (remote capture of wireless frames), CAPWAP data (RFC 5415).

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { next, pppHeader } from './link-next.ts'
import { avsLink, prismLink, wirelessFrame, wirelessLink } from './link-wireless.ts'
import type { Packet } from './packet.ts'
import { frameStart } from './tunnel-gre.ts'
import { tunnelRead } from './tunnel-kinds.ts'
import { word } from './word.ts'

/** L2TP version 2 data: flags say which of length, sequence numbers and offset are there; then PPP. */
export function l2tpTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 6 > packet.end) return -Bin.tunnelHeader
  const flags = (bytes[at] << 8) | bytes[at + 1]
  // Control messages carry nothing; version 3 says nowhere how long its cookie is.
  if ((flags & 0x8000) !== 0 || (flags & 15) !== 2) return -Bin.other
  at += (flags & 0x4000) === 0 ? 2 : 4
  if (at + 4 > packet.end) return -Bin.tunnelHeader
  tunnelRead.id = word(bytes, at)
  at += (flags & 0x0800) === 0 ? 4 : 8
  if ((flags & 0x0200) !== 0) {
    if (at + 2 > packet.end) return -Bin.tunnelHeader
    at += 2 + ((bytes[at] << 8) | bytes[at + 1])
  }
  at = pppHeader(bytes, at, packet)
  return at < 0 ? at : etherPayload(bytes, at, next.type, packet)
}

/** Tagged fields at most; writers use about ten. */
const fieldLimit = 64

/** TZSP version 1: type 0 (received) or 1 (to send), the protocol inside, tagged fields up to the tag 1. */
export function tzspTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 4 > packet.end) return -Bin.tunnelHeader
  if (bytes[at] !== 1 || bytes[at + 1] > 1) return -Bin.other
  const protocol = (bytes[at + 2] << 8) | bytes[at + 3]
  at += 4
  for (let fields = 0; fields < fieldLimit; fields++) {
    if (at + 2 > packet.end) return -Bin.tunnelHeader
    const tag = bytes[at]
    if (tag === 1) return tzspPayload(bytes, at + 1, protocol, packet)
    // Tag 0 is padding, the only other one without a length.
    at += tag === 0 ? 1 : 2 + bytes[at + 1]
  }
  return -Bin.tunnelHeader
}

/** CAPWAP data: not encrypted, whole, with an Ethernet frame or an 802.11 frame. */
export function capwapTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  if (bytes[at] !== 0) return -Bin.other
  const headerBytes = (bytes[at + 1] >> 3) << 2
  if (headerBytes < 8) return -Bin.tunnelHeader
  if ((bytes[at + 3] & 0x80) !== 0) return -Bin.fragment
  const isNative = (bytes[at + 2] & 1) === 1
  const binding = (bytes[at + 2] >> 1) & 31
  // Keep-alives carry no frame.
  if ((bytes[at + 3] & 0x08) !== 0) return -Bin.other
  at += headerBytes
  if (!isNative) return frameStart(at, packet)
  if (binding !== 1 || at + 2 > packet.end) return -Bin.other
  // Cisco's access points swap the two bytes of frame control; no data frame to or from a station looks right both ways.
  const isSwapped = (bytes[at] & 0x4f) !== 0x08
  return wirelessFrame(
    bytes,
    at,
    bytes[isSwapped ? at + 1 : at],
    bytes[isSwapped ? at : at + 1],
    false,
    packet,
  )
}

function tzspPayload(bytes: Uint8Array, at: number, protocol: number, packet: Packet): number {
  if (protocol === 1) return frameStart(at, packet)
  if (protocol === 18) return wirelessLink(bytes, at, packet)
  if (protocol === 119) return prismLink(bytes, at, packet)
  return protocol === 127 ? avsLink(bytes, at, packet) : -Bin.other
}
