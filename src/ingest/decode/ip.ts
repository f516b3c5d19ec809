// IPv4 (RFC 791) and IPv6 with extension headers (RFC 8200) down to UDP (RFC 768).

import { Anomaly } from './anomaly.ts'
import { Bin, More } from './bins.ts'
import type { Packet, PortTable } from './packet.ts'
import { tunnelOfPort, tunnelOfProtocol } from './tunnel-kinds.ts'

/** Reads the IP header at `at` and what follows it; returns the packet's bin and fills `packet` when that is `Bin.dns`. */
export function ipLayer(bytes: Uint8Array, at: number, ports: PortTable, packet: Packet): number {
  if (at >= packet.end) return Bin.ipv4Header
  packet.ipStart = at
  const version = bytes[at] >> 4
  if (version === 4) return ipv4(bytes, at, ports, packet)
  if (version === 6) return ipv6(bytes, at, ports, packet)
  return Bin.ipv4Header
}

function ipv4(bytes: Uint8Array, at: number, ports: PortTable, packet: Packet): number {
  if (at + 20 > packet.end) return Bin.ipv4Header
  const headerBytes = (bytes[at] & 15) << 2
  if (headerBytes < 20 || at + headerBytes > packet.end) return Bin.ipv4Header
  const totalBytes = (bytes[at + 2] << 8) | bytes[at + 3]
  // A total length of 0 is what segmentation offload leaves in captures made on the sending host: then the frame is the measure.
  if (totalBytes !== 0) {
    if (totalBytes < headerBytes) return Bin.ipv4Header
    limit(at + totalBytes, packet)
  }
  packet.ipId = (bytes[at + 4] << 8) | bytes[at + 5]
  packet.ipTtl = bytes[at + 8]
  const addresses = packet.addresses
  addresses[0] = 0
  addresses[1] = 0
  addresses[2] = mappedWord
  addresses[3] = word(bytes, at + 12)
  addresses[4] = 0
  addresses[5] = 0
  addresses[6] = mappedWord
  addresses[7] = word(bytes, at + 16)
  let protocol = bytes[at + 9]
  const isFragment = (((bytes[at + 6] & 0x3f) << 8) | bytes[at + 7]) !== 0
  if (isFragment) {
    packet.fragmentOffset = (((bytes[at + 6] & 0x1f) << 8) | bytes[at + 7]) << 3
    packet.hasMoreFragments = (bytes[at + 6] & 0x20) !== 0
    packet.isFragmentCut = at + totalBytes > packet.end
    packet.fragmentId = (protocol << 16) | packet.ipId
  }
  at += headerBytes
  // An authentication header (RFC 4302) leaves what follows readable.
  if (protocol === 51 && !isFragment) {
    if (at + 12 > packet.end) return Bin.ipv4Header
    protocol = bytes[at]
    at += (bytes[at + 1] + 2) << 2
    if (at > packet.end) return Bin.ipv4Header
  }
  return transport(bytes, at, protocol, isFragment, ports, packet)
}

/** Extension headers walked at most; more than RFC 8200 section 4.1 orders could ever need. */
const extensionLimit = 16

function ipv6(bytes: Uint8Array, at: number, ports: PortTable, packet: Packet): number {
  if (at + 40 > packet.end) return Bin.ipv6Header
  const payloadBytes = (bytes[at + 4] << 8) | bytes[at + 5]
  // Payload length 0: a jumbogram or segmentation offload; the frame is the measure.
  if (payloadBytes !== 0) limit(at + 40 + payloadBytes, packet)
  packet.ipId = 0
  packet.ipTtl = bytes[at + 7]
  const addresses = packet.addresses
  for (let i = 0; i < 8; i++) addresses[i] = word(bytes, at + 8 + 4 * i)
  const protocol = bytes[at + 6]
  packet.isFragmentCut = at + 40 + payloadBytes > packet.end
  return extensions(bytes, at + 40, protocol, true, ports, packet)
}

/** Walks extension headers from `at` on, the first of number `protocol`, to what follows them. */
function extensions(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  mayBeFragment: boolean,
  ports: PortTable,
  packet: Packet,
): number {
  let isFragment = false
  for (let headers = 0; headers < extensionLimit; headers++) {
    if (protocol === 44) {
      if (at + 8 > packet.end || !mayBeFragment) return Bin.ipv6Header
      const place = (bytes[at + 2] << 8) | bytes[at + 3]
      isFragment = (place & 0xfff9) !== 0
      packet.fragmentOffset = place & 0xfff8
      packet.hasMoreFragments = (place & 1) !== 0
      packet.fragmentId = word(bytes, at + 4) >>> 0
      protocol = bytes[at]
      at += 8
      if (isFragment) break
    } else if (isExtension(protocol)) {
      if (at + 8 > packet.end) return Bin.ipv6Header
      const headerBytes = protocol === 51 ? (bytes[at + 1] + 2) << 2 : (bytes[at + 1] + 1) << 3
      protocol = bytes[at]
      at += headerBytes
      if (at > packet.end) return Bin.ipv6Header
    } else break
  }
  // What a later fragment says comes next nobody reads: only the datagram knows.
  if (isFragment) return waitAsFragment(at, protocol, packet)
  return transport(bytes, at, protocol, false, ports, packet)
}

function waitAsFragment(at: number, protocol: number, packet: Packet): number {
  packet.protocol = protocol
  packet.payloadStart = at
  packet.payloadEnd = packet.end
  return More.fragment
}

/** Hop-by-hop options, routing, destination options, authentication (RFC 4302), mobility. */
function isExtension(protocol: number): boolean {
  return protocol === 0 || protocol === 43 || protocol === 60 || protocol === 51 || protocol === 135
}

/** Reads what a datagram put together begins with: of IPv6 that may be more extension headers (RFC 8200 section 4.5). */
export function datagramPayload(
  bytes: Uint8Array,
  protocol: number,
  ports: PortTable,
  packet: Packet,
): number {
  return extensions(bytes, 0, protocol, false, ports, packet)
}

/** The bytes of ::ffff in front of a mapped IPv4 address, as a word in memory order. */
const mappedWord = new Uint32Array(Uint8Array.of(0, 0, 255, 255).buffer)[0]

/** Four bytes as the word that they are in a little-endian column. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

/** Cuts Ethernet padding off; a packet shorter than its header says keeps what there is. */
function limit(end: number, packet: Packet): void {
  if (end < packet.end) packet.end = end
}

/**
 * Reads the transport header at `at`. Besides the bins of ended packets it returns what needs more (see `More`), with
 * payloadStart..payloadEnd set to what that begins with.
 */
function transport(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  isFragment: boolean,
  ports: PortTable,
  packet: Packet,
): number {
  packet.protocol = protocol
  packet.payloadStart = at
  packet.payloadEnd = packet.end
  const tunnel = tunnelOfProtocol[protocol]
  if (tunnel !== 0) return isFragment ? More.fragment : inTunnel(tunnel, packet)
  if (isFragment && protocol === 51) return More.fragment
  if (protocol !== 17 && protocol !== 6) return Bin.other
  if (isFragment) return More.fragment
  return protocol === 17 ? udp(bytes, at, ports, packet) : tcp(bytes, at, ports, packet)
}

function inTunnel(tunnel: number, packet: Packet): number {
  packet.tunnelHeader = tunnel
  return More.tunnel
}

function udp(bytes: Uint8Array, at: number, ports: PortTable, packet: Packet): number {
  if (at + 8 > packet.end) return Bin.udpHeader
  const source = (bytes[at] << 8) | bytes[at + 1]
  const destination = (bytes[at + 2] << 8) | bytes[at + 3]
  const service = serviceOf(ports[source], ports[destination])
  if (service === 0) {
    const tunnel = tunnelOfPort[destination] || tunnelOfPort[source]
    packet.payloadStart = at + 8
    return tunnel === 0 ? Bin.other : inTunnel(tunnel, packet)
  }
  const udpBytes = (bytes[at + 4] << 8) | bytes[at + 5]
  const available = packet.end - at
  let payloadBytes = udpBytes - 8
  if (udpBytes === 0) payloadBytes = Math.min(available - 8, longestMessage)
  else if (udpBytes < 8) return Bin.udpHeader
  if (udpBytes > available) {
    payloadBytes = available - 8
    packet.anomalies |= packet.isSnapped ? Anomaly.snapped : Anomaly.udpLengthMismatch
  } else if (udpBytes < available && udpBytes !== 0) {
    packet.anomalies |= Anomaly.udpLengthMismatch
  }
  packet.transport = 17
  packet.service = service - 1
  packet.sourcePort = source
  packet.destinationPort = destination
  packet.payloadStart = at + 8
  packet.payloadEnd = at + 8 + payloadBytes
  return Bin.dns
}

/** The longest DNS message; only a jumbogram's payload could be longer. */
const longestMessage = 65_535

/** The service of a port pair: a resolver's random source port may be 5353, so plain DNS on either side decides. */
function serviceOf(source: number, destination: number): number {
  if (source === 0 || destination === 0) return source + destination
  return source < destination ? source : destination
}

function tcp(bytes: Uint8Array, at: number, ports: PortTable, packet: Packet): number {
  if (at + 4 > packet.end) return Bin.other
  const source = (bytes[at] << 8) | bytes[at + 1]
  const destination = (bytes[at + 2] << 8) | bytes[at + 3]
  const service = serviceOf(ports[source], ports[destination])
  if (service === 0) return Bin.other
  packet.transport = 6
  packet.service = service - 1
  packet.sourcePort = source
  packet.destinationPort = destination
  return More.segment
}
