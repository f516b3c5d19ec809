// Links inside one machine: BSD null and loop, the IPsec enc interface, Solaris ipnet, firewall logs (pflog, nflog).

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { ipStart, next, pppHeader } from './link-next.ts'
import type { Packet } from './packet.ts'

/** LINKTYPE_NULL and LINKTYPE_LOOP: an address family in either byte order, whose numbers differ between systems, so that the IP version decides. */
export function nullLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start + 4 > packet.end) return -Bin.linkHeader
  const first = (bytes[start] << 8) | bytes[start + 1]
  const second = (bytes[start + 2] << 8) | bytes[start + 3]
  // Serial interfaces of some systems are captured as null: PPP with its address field, Cisco HDLC with an EtherType.
  if (first === 0xff03) {
    const at = pppHeader(bytes, start, packet)
    return at < 0 ? at : etherPayload(bytes, at, next.type, packet)
  }
  if (first === 0x0f00 || first === 0x8f00) return etherPayload(bytes, start + 4, second, packet)
  // A family stands in the first byte (little-endian) or the last one; one that fills two bytes is an EtherType.
  if (first === 0 && second >= 0x0600) return etherPayload(bytes, start + 4, second, packet)
  const isFamily = (first & 0xff) === 0 && (second === 0 || (first === 0 && second < 256))
  return isFamily ? ipStart(bytes, start + 4, packet) : -Bin.other
}

/** LINKTYPE_ENC: address family, security parameter index and flags, 4 bytes each. */
export function encryptionLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return ipStart(bytes, start + 12, packet)
}

/** LINKTYPE_IPNET: version, family, hook, length, interface, group, zones; 24 bytes. */
export function ipnetLink(bytes: Uint8Array, start: number, packet: Packet): number {
  return ipStart(bytes, start + 24, packet)
}

/** LINKTYPE_PFLOG: a header whose first byte is its length before padding to 4 bytes. */
export function pflogLink(bytes: Uint8Array, start: number, packet: Packet): number {
  if (start >= packet.end) return -Bin.linkHeader
  const headerBytes = (bytes[start] + 3) & ~3
  if (headerBytes < 28) return -Bin.linkHeader
  return ipStart(bytes, start + headerBytes, packet)
}

/** Attributes of an nflog packet at most; the kernel knows about 20. */
const attributeLimit = 64

/** LINKTYPE_NFLOG: 4 bytes, then attributes (length and type in host order, padded to 4 bytes); number 9 is the packet. */
export function nflogLink(bytes: Uint8Array, start: number, packet: Packet): number {
  let at = start + 4
  for (let attributes = 0; attributes < attributeLimit; attributes++) {
    if (at + 4 > packet.end) return -Bin.linkHeader
    // Types are below 256, so that the zero byte of the type tells the byte order. Bits 14 and 15 are flags.
    const isBig = (bytes[at + 2] & 0x3f) === 0 && bytes[at + 3] !== 0
    const type = isBig ? bytes[at + 3] : bytes[at + 2]
    const size = isBig ? (bytes[at] << 8) | bytes[at + 1] : bytes[at] | (bytes[at + 1] << 8)
    if (size < 4) return -Bin.linkHeader
    if (type === 9) return ipStart(bytes, at + 4, packet)
    at += (size + 3) & ~3
  }
  return -Bin.linkHeader
}
