// A plain walk from the link layer through tunnels to the innermost UDP or TCP header, for tests; and bytes that refuse to be read outside a packet.

import { addressText } from '../src/dns/address.ts'
import { Bin } from '../src/ingest/decode/bins.ts'
import { etherType } from '../src/ingest/decode/link-ethernet.ts'
import { linkLayer } from '../src/ingest/decode/link.ts'
import { Packet } from '../src/ingest/decode/packet.ts'
import {
  tunnelNames,
  tunnelOfPort,
  tunnelOfProtocol,
  tunnelRead,
} from '../src/ingest/decode/tunnel-kinds.ts'
import { openTunnel } from '../src/ingest/decode/tunnel.ts'

/** The innermost transport header reached, and the tunnels on the way as `name id`. */
export interface Reached {
  transport: 6 | 17
  source: string
  destination: string
  sourcePort: number
  destinationPort: number
  payload: number
  /** Innermost and outermost VLAN. */
  vlan: number
  vlanOuter: number
  tunnels: string[]
}

/** Where a walk ended without UDP or TCP: a bin. */
export interface Ended {
  bin: number
  tunnels: string[]
}

const packet = new Packet()

/** Walks the packet in `bytes` from `start` up to `end`. */
export function walk(bytes: Uint8Array, start: number, end: number, link: number): Reached | Ended {
  packet.vlan = 0
  packet.vlanOuter = 0
  packet.end = end
  const tunnels: string[] = []
  let ip = linkLayer(bytes, start, link, packet)
  // Eight layers of tunnels, as in the decoder.
  for (let depth = 0; depth <= 8; depth++) {
    if (ip < 0) return { bin: -ip, tunnels }
    const network = networkHeader(bytes, ip)
    if (typeof network === 'number') return { bin: network, tunnels }
    const { at, protocol, source, destination } = network
    let kind = tunnelOfProtocol[protocol]
    let header = at
    if (kind === 0) {
      if (protocol !== 17 && protocol !== 6) return { bin: Bin.other, tunnels }
      if (at + (protocol === 17 ? 8 : 20) > packet.end) return { bin: Bin.udpHeader, tunnels }
      const sourcePort = (bytes[at] << 8) | bytes[at + 1]
      const destinationPort = (bytes[at + 2] << 8) | bytes[at + 3]
      const isDns = isDnsPort(sourcePort) || isDnsPort(destinationPort)
      if (!isDns && protocol === 17)
        kind = tunnelOfPort[destinationPort] || tunnelOfPort[sourcePort]
      header = at + 8
      if (kind === 0) {
        return {
          transport: protocol,
          source,
          destination,
          sourcePort,
          destinationPort,
          payload: header,
          vlan: packet.vlan,
          vlanOuter: packet.vlanOuter,
          tunnels,
        }
      }
    }
    ip = openTunnel(bytes, header, kind, packet)
    tunnels.push(`${tunnelNames[tunnelRead.kind]} ${tunnelRead.id}`)
    if (ip >= 0 && tunnelRead.isEthernet) ip = etherType(bytes, ip + 12, packet)
  }
  return { bin: Bin.other, tunnels }
}

/** Bytes that throw when they are read before `start` or from `end` on. */
export function guarded(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (!(index >= start && index < end)) throw new Error(`read of byte ${String(key)}`)
      return target[index]
    },
  })
}

interface Network {
  at: number
  protocol: number
  source: string
  destination: string
}

/** The transport header behind the IP header at `at`, or the bin. */
function networkHeader(bytes: Uint8Array, at: number): Network | number {
  if (at >= packet.end) return Bin.ipv4Header
  return bytes[at] >> 4 === 4 ? ipv4(bytes, at) : ipv6(bytes, at)
}

function ipv4(bytes: Uint8Array, at: number): Network | number {
  if (at + 20 > packet.end) return Bin.ipv4Header
  const headerBytes = (bytes[at] & 15) * 4
  const totalBytes = bytes[at + 2] * 256 + bytes[at + 3]
  if (headerBytes < 20 || at + headerBytes > packet.end) return Bin.ipv4Header
  if (totalBytes !== 0) packet.end = Math.min(packet.end, at + totalBytes)
  if ((bytes[at + 6] & 0x1f) !== 0 || bytes[at + 7] !== 0) return Bin.fragment
  const network = {
    at: at + headerBytes,
    protocol: bytes[at + 9],
    source: Array.from({ length: 4 }, (_, i) => bytes[at + 12 + i]).join('.'),
    destination: Array.from({ length: 4 }, (_, i) => bytes[at + 16 + i]).join('.'),
  }
  return pastExtensions(bytes, network)
}

function ipv6(bytes: Uint8Array, at: number): Network | number {
  if (at + 40 > packet.end) return Bin.ipv6Header
  const payloadBytes = bytes[at + 4] * 256 + bytes[at + 5]
  if (payloadBytes !== 0) packet.end = Math.min(packet.end, at + 40 + payloadBytes)
  const address = (from: number) =>
    addressText(Uint8Array.from({ length: 16 }, (_, i) => bytes[from + i]))
  const network = {
    at: at + 40,
    protocol: bytes[at + 6],
    source: address(at + 8),
    destination: address(at + 24),
  }
  return pastExtensions(bytes, network)
}

/** Hop-by-hop, routing, fragment (the first only), destination options and authentication headers. */
function pastExtensions(bytes: Uint8Array, network: Network): Network | number {
  while ([0, 43, 44, 51, 60].includes(network.protocol)) {
    const { at, protocol } = network
    if (at + 8 > packet.end) return Bin.ipv6Header
    if (protocol === 44 && (bytes[at + 2] !== 0 || bytes[at + 3] > 7)) return Bin.fragment
    if (protocol === 51) network.at += (bytes[at + 1] + 2) * 4
    else network.at += protocol === 44 ? 8 : (bytes[at + 1] + 1) * 8
    network.protocol = bytes[at]
  }
  return network
}

function isDnsPort(port: number): boolean {
  return port === 53 || port === 5353 || port === 5355
}
