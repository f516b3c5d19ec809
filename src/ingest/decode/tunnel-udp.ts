// Tunnels of data centers and operators in UDP: VXLAN (RFC 7348) and its GPE, Geneve (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380).

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { bridgedFrame, ipStart } from './link-next.ts'
import type { Packet } from './packet.ts'
import { frameStart } from './tunnel-gre.ts'
import { tunnelRead } from './tunnel-kinds.ts'
import { word } from './word.ts'

/** VXLAN: a flag that the network id is valid, the id in bytes 4 to 6, a frame. */
export function vxlanTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  if ((bytes[at] & 0x08) === 0) return -Bin.other
  tunnelRead.id = word(bytes, at + 4) >>> 8
  return frameStart(at + 8, packet)
}

/** The payload's EtherType by VXLAN-GPE's next protocol number, 0 for unknown. */
const gpeTypes = [bridgedFrame, 0x0800, 0x86dd, bridgedFrame, 0x894f, 0x8847]

/** VXLAN-GPE: VXLAN with the next protocol in byte 3; writers are found that forget the flag which makes it valid. */
export function vxlanGpeTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  if ((bytes[at] & 0x08) === 0) return -Bin.other
  tunnelRead.id = word(bytes, at + 4) >>> 8
  const protocol = bytes[at + 3]
  return protocol < gpeTypes.length
    ? typedPayload(bytes, at + 8, gpeTypes[protocol], packet)
    : -Bin.vxlan
}

/** Geneve: version 0, options in words of 4 bytes, an EtherType, the network id. */
export function geneveTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  if (bytes[at] >> 6 !== 0) return -Bin.geneve
  tunnelRead.id = word(bytes, at + 4) >>> 8
  const headerBytes = 8 + ((bytes[at] & 0x3f) << 2)
  if (at + headerBytes > packet.end) return -Bin.tunnelHeader
  const type = (bytes[at + 2] << 8) | bytes[at + 3]
  return typedPayload(bytes, at + headerBytes, type, packet)
}

/** Extension headers at most; the standards define about ten. */
const extensionLimit = 16

/** GTP-U: version 1, message 255 (user data); with any of three flags 4 more bytes, then a chain of extension headers. */
export function gtpTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 8 > packet.end) return -Bin.tunnelHeader
  const flags = bytes[at]
  if (flags >> 4 !== 3 || bytes[at + 1] !== 255) return -Bin.other
  tunnelRead.id = word(bytes, at + 4)
  at += 8
  if ((flags & 7) === 0) return ipStart(bytes, at, packet)
  if (at + 4 > packet.end) return -Bin.tunnelHeader
  let extension = (flags & 4) === 0 ? 0 : bytes[at + 3]
  at += 4
  for (let extensions = 0; extensions < extensionLimit; extensions++) {
    if (extension === 0) return ipStart(bytes, at, packet)
    if (at >= packet.end) return -Bin.tunnelHeader
    const extensionBytes = bytes[at] << 2
    if (extensionBytes === 0 || at + extensionBytes > packet.end) return -Bin.tunnelHeader
    at += extensionBytes
    extension = bytes[at - 1]
  }
  return -Bin.tunnelHeader
}

/** Teredo: authentication and origin may stand before the IPv6 header, in this order. */
export function teredoTunnel(bytes: Uint8Array, at: number, packet: Packet): number {
  if (at + 4 > packet.end) return -Bin.other
  // 0001, two lengths, identifier, authentication value, nonce of 8 bytes, a confirmation byte.
  if (bytes[at] === 0 && bytes[at + 1] === 1) at += 13 + bytes[at + 2] + bytes[at + 3]
  // 0000, port and address, both hidden.
  if (at + 2 <= packet.end && bytes[at] === 0 && bytes[at + 1] === 0) at += 8
  if (at >= packet.end) return -Bin.tunnelHeader
  return bytes[at] >> 4 === 6 ? at : -Bin.other
}

function typedPayload(bytes: Uint8Array, at: number, type: number, packet: Packet): number {
  return type === bridgedFrame ? frameStart(at, packet) : etherPayload(bytes, at, type, packet)
}
