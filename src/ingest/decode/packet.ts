// One packet down to its UDP payload: link, IP and UDP layers, as numbers in a reused object.

import { servicePorts } from '../../dns/codes.ts'
import type { PacketBatch } from '../capture/packets.ts'
import { Bin } from './bins.ts'
import { ipLayer } from './ip.ts'
import { linkLayer } from './link.ts'

/** What the layers below DNS said about the current packet; one object, reused for every packet. */
export class Packet {
  /** Number of the capture that the packet stands in, among those read together; `frame` counts in it. */
  capture = 0
  /** Frame number from 1. */
  frame = 0
  seconds = 0
  nanoseconds = 0
  /** Innermost and outermost 802.1Q ids; 0 for none. */
  vlan = 0
  vlanOuter = 0
  /** Source in words 0..3, destination in words 4..7: the 16 address bytes as they stand in memory, IPv4 mapped. */
  readonly addresses = new Uint32Array(8)
  sourcePort = 0
  destinationPort = 0
  /** 17 for UDP, 6 for TCP. */
  transport = 17
  /** Index into the `service` column: 0 dns, 1 mdns, 2 llmnr. */
  service = 0
  ipTtl = 0
  ipId = 0
  /** Tunnel that the message came in (number of `Tunnel`, 0 for none) and its id; of several, the innermost. */
  tunnel = 0
  tunnelId = 0
  /** Tunnel whose header stands at payloadStart. */
  tunnelHeader = 0
  /** IP protocol of the payload. */
  protocol = 0
  /** Where the payload stands in its buffer: the DNS message, or what follows the last header read. */
  payloadStart = 0
  payloadEnd = 0
  /**
   * Of an IP fragment: byte offset in its datagram, whether more follow, whether it is longer than what the capture holds, and what tells
   * datagrams of the same two hosts apart: the id, in IPv4 with the protocol above it (RFC 791 section 3.2).
   */
  fragmentOffset = 0
  hasMoreFragments = false
  isFragmentCut = false
  fragmentId = 0
  /** IP fragments that the message came in; 0 for a whole packet. */
  fragments = 0
  /** True when the message lay waiting (behind a hole in a stream, in an unfinished datagram): its time is not now. */
  isLate = false
  /** Anomaly bits of the layers below DNS. */
  anomalies = 0
  /** Where the last IP header read begins. */
  ipStart = 0
  /** End of the bytes the current layer may read, and whether the snap length cut the packet. */
  end = 0
  isSnapped = false
}

/** Which UDP ports carry DNS: value 0 for none, else 1 + index into the `service` column. */
export type PortTable = Uint8Array

/** The standing ports 53, 5353 and 5355, and `extra` ones as plain DNS. */
export function portTable(extra: readonly number[]): PortTable {
  const ports = new Uint8Array(65_536)
  for (const port of extra) ports[port] = 1
  Object.values(servicePorts).forEach((port, service) => {
    ports[port] = service + 1
  })
  return ports
}

/** Decodes the layers of packet `index` into `packet` and returns its bin or what it needs (`More`); `Bin.dns` means that payloadStart..payloadEnd is a DNS message. */
export function decodePacket(
  batch: PacketBatch,
  index: number,
  ports: PortTable,
  packet: Packet,
): number {
  const start = batch.start[index]
  const captured = batch.captured[index]
  packet.frame = batch.firstFrame + index
  packet.seconds = batch.seconds[index]
  packet.nanoseconds = batch.nanoseconds[index]
  packet.vlan = 0
  packet.vlanOuter = 0
  packet.anomalies = 0
  packet.fragments = 0
  packet.tunnel = 0
  packet.tunnelId = 0
  packet.isLate = false
  packet.end = start + captured
  packet.isSnapped = captured < batch.original[index]
  const bytes = batch.bytes
  const ip = linkLayer(bytes, start, batch.link[index], packet)
  const bin = ip < 0 ? -ip : ipLayer(bytes, ip, ports, packet)
  if (packet.isSnapped && bin >= Bin.linkHeader && bin <= Bin.udpHeader) return Bin.snappedHeader
  return bin
}
