// 802.11 frames, alone or behind a radio header: radiotap, Prism, AVS. Only data frames that are not encrypted can be read.

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { llcHeader, next } from './link-next.ts'
import type { Packet } from './packet.ts'

/** LINKTYPE_IEEE802_11: the frame itself. */
export function wirelessLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 2 > packet.end) return -Bin.linkHeader
  return wirelessFrame(bytes, start, bytes[start], bytes[start + 1], false, packet)
}

/** LINKTYPE_IEEE802_11_RADIOTAP: version 0, a byte of padding, the header's length, then fields by presence bits. */
export function radiotapLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 8 > packet.end) return -Bin.linkHeader
  const headerBytes = bytes[start + 2] | (bytes[start + 3] << 8)
  const frame = start + headerBytes
  if (bytes[start] !== 0 || headerBytes < 8 || frame + 2 > packet.end) return -Bin.linkHeader
  const isPadded = hasDataPadding(bytes, start, frame)
  return wirelessFrame(bytes, frame, bytes[frame], bytes[frame + 1], isPadded, packet)
}

/** LINKTYPE_IEEE802_11_PRISM: a header that holds its length at byte 4 in the card's byte order, or an AVS header. */
export function prismLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 8 > packet.end) return -Bin.linkHeader
  // Drivers that know both write AVS under this number too; its first word is a magic one.
  if (bytes[start] === 0x80 && bytes[start + 1] === 0x21) return avsLink(bytes, start, packet)
  const low = bytes[start + 4] | (bytes[start + 5] << 8)
  const high = (bytes[start + 6] << 8) | bytes[start + 7]
  const headerBytes = low === 0 ? high : low
  if (headerBytes < 8) return -Bin.linkHeader
  return wirelessLink(bytes, start + headerBytes, packet)
}

/** LINKTYPE_IEEE802_11_AVS: a header of 64 bytes or more, its length at byte 4, big-endian. */
export function avsLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 8 > packet.end) return -Bin.linkHeader
  const headerBytes = (bytes[start + 6] << 8) | bytes[start + 7]
  if (headerBytes < 8 || bytes[start + 4] !== 0 || bytes[start + 5] !== 0) return -Bin.linkHeader
  return wirelessLink(bytes, start + headerBytes, packet)
}

/** A frame whose two control bytes are given, for there are captures with them swapped. Returns as link layers do. */
export function wirelessFrame(
  bytes: Uint8Array,
  start: number,
  control: number,
  flags: number,
  isPadded: boolean,
  packet: Packet,
): number {
  // Version 0 and type data, with a body (subtype bit 0x40 means none), not encrypted.
  if ((control & 0x4f) !== 0x08 || (flags & 0x40) !== 0) return -Bin.other
  let headerBytes = (flags & 3) === 3 ? 30 : 24
  const service = start + headerBytes
  const hasService = (control & 0x80) !== 0
  if (hasService) headerBytes += (flags & 0x80) === 0 ? 2 : 6
  let at = start + headerBytes
  if (at > packet.end) return -Bin.linkHeader
  if ((flags & 4) !== 0 || (bytes[start + 22] & 15) !== 0) return -Bin.fragment
  // Some cards align the body to 4 bytes, counted from the frame's start.
  if (isPadded) at = start + ((headerBytes + 3) & ~3)
  // An aggregate: each frame in it has two addresses and a length before its LLC. The first one is read.
  if (hasService && (bytes[service] & 0x80) !== 0) at += 14
  at = llcHeader(bytes, at, packet)
  return at < 0 ? at : etherPayload(bytes, at, next.type, packet)
}

/** Presence words at most; each says in its top bit whether another follows. */
const presenceLimit = 16

/** Radiotap's flag 0x20 (padding before the body); the flags byte follows the 8-byte clock, which is aligned to 8. */
function hasDataPadding(bytes: Uint8Array, start: number, frame: number): boolean {
  const present = bytes[start + 4]
  if ((present & 2) === 0) return false
  let at = start + 4
  for (let words = 0; words < presenceLimit && at + 4 <= frame; words++) {
    at += 4
    if ((bytes[at - 1] & 0x80) === 0) break
  }
  if ((present & 1) !== 0) at = start + ((at - start + 7) & ~7) + 8
  return at < frame && (bytes[at] & 0x20) !== 0
}
