// Packets inside other packets: the tunnels of data centers and operators, and IP fragments.

import { ethernet, ipPacket, udpPacket, wordSum } from './frame.ts'

/** The tunnel's ends, and the port that a sender draws for each flow. */
const near = { address: '203.0.113.1', port: 49_999 }
const far = '203.0.113.2'
const outer = { ttl: 250, id: 7 }

/** VXLAN network 5001 (RFC 7348). */
export function vxlan(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('0800000000138900', 'hex')
  return inUdp(4789, header, ethernet(ip))
}

/** Geneve network 5002 with one unknown option of no content (RFC 8926). */
export function geneve(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('0100655800138a00ffff0100', 'hex')
  return inUdp(6081, header, ethernet(ip))
}

/** GTP-U of tunnel endpoint 0x0a0b0c0d (3GPP TS 29.281). */
export function gtp(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('30ff00000a0b0c0d', 'hex')
  header.writeUInt16BE(ip.length, 2)
  return inUdp(2152, header, ip)
}

/** GRE with key 77 (RFC 2890). */
export function gre(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('200008000000004d', 'hex')
  return ipPacket(near.address, far, 47, Buffer.concat([header, ip]), outer)
}

/** ERSPAN type II, session 100: GRE with a sequence number, then 8 bytes and the mirrored frame. */
export function erspan(ip: Uint8Array, index: number): Uint8Array {
  const header = Buffer.from('100088be000000001000006400000000', 'hex')
  header.writeUInt32BE(index, 4)
  return ipPacket(near.address, far, 47, Buffer.concat([header, ethernet(ip)]), outer)
}

/** IPv6 in IPv4 (RFC 4213). */
export function sixInFour(ip: Uint8Array): Uint8Array {
  return ipPacket(near.address, far, 41, ip, outer)
}

/** A whole IP packet cut into fragments of `sizeBytes` (a multiple of 8), in order. */
export function fragments(ip: Uint8Array, sizeBytes: number): Uint8Array[] {
  const isSix = ip[0] >> 4 === 6
  const body = ip.subarray(isSix ? 40 : 20)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < body.length; at += sizeBytes) {
    const piece = body.subarray(at, at + sizeBytes)
    const hasMore = at + sizeBytes < body.length
    pieces.push(isSix ? sixFragment(ip, piece, at, hasMore) : fourFragment(ip, piece, at, hasMore))
  }
  return pieces
}

function fourFragment(ip: Uint8Array, piece: Uint8Array, at: number, hasMore: boolean): Uint8Array {
  const header = Buffer.from(ip.subarray(0, 20))
  header.writeUInt16BE(20 + piece.length, 2)
  header.writeUInt16BE((at >> 3) | (hasMore ? 0x2000 : 0), 6)
  header.writeUInt16BE(0, 10)
  header.writeUInt16BE(~wordSum(header) & 0xffff, 10)
  return Buffer.concat([header, piece])
}

function sixFragment(ip: Uint8Array, piece: Uint8Array, at: number, hasMore: boolean): Uint8Array {
  const header = Buffer.concat([ip.subarray(0, 40), Buffer.alloc(8)])
  header.writeUInt8(header[6], 40)
  header.writeUInt8(44, 6)
  header.writeUInt16BE(8 + piece.length, 4)
  header.writeUInt16BE(at | (hasMore ? 1 : 0), 42)
  // The datagram's id: its checksum is as good as any number, and differs from datagram to datagram.
  header.writeUInt32BE(0x5eed0000 | ((ip[46] << 8) | ip[47]), 44)
  return Buffer.concat([header, piece])
}

function inUdp(port: number, header: Uint8Array, payload: Uint8Array): Uint8Array {
  return udpPacket(near, { address: far, port }, Buffer.concat([header, payload]), outer)
}
