// All layers of a capture's packets: what one packet says at once goes on at once, fragments, streams and tunnels through their tables.

import type { PacketBatch } from '../capture/packets.ts'
import { Anomaly } from './anomaly.ts'
import { Bin, binNames, More } from './bins.ts'
import { type Datagram, Fragments, wholeStart } from './fragments.ts'
import { ipLayer, transport } from './ip.ts'
import { etherType } from './link-ethernet.ts'
import { decodePacket, Packet, type PortTable, portTable } from './packet.ts'
import type { TakeMessage } from './segments.ts'
import { Streams } from './streams.ts'
import { openTunnel } from './tunnel.ts'
import { tunnelRead } from './tunnel-kinds.ts'

/** Decodes the packets of one capture and hands on every DNS message; each packet ends in one of `bins`, at the latest with `finish`. */
export class Layers {
  /** Packets by bin number. */
  readonly bins = new Float64Array(binNames.length)
  /** Packets of each link type that is not read. */
  readonly unreadLinks = new Map<number, number>()
  /** Messages handed on. */
  messages = 0
  /** The current packet. */
  readonly packet = new Packet()
  private readonly ports: PortTable
  private readonly take: TakeMessage
  private readonly latePacket = new Packet()
  private readonly fragments: Fragments
  private readonly streams = new Streams()

  /** `take` gets each message with the packet that completed it, in capture order; both are reused after it returns. */
  constructor(ports: readonly number[], take: TakeMessage) {
    this.ports = portTable(ports)
    this.take = (bytes, packet) => {
      this.messages++
      take(bytes, packet)
    }
    this.fragments = new Fragments((datagram) => this.unfinished(datagram))
  }

  /** Takes packet `index` of a batch. */
  decode(batch: PacketBatch, index: number): void {
    const packet = this.packet
    const bin = decodePacket(batch, index, this.ports, packet)
    if (bin === Bin.dns) {
      this.bins[Bin.dns]++
      this.take(batch.bytes, packet)
      return
    }
    const last = this.follow(batch.bytes, packet, bin, 0)
    if (last === waiting) return
    this.bins[packet.isSnapped && isHeaderBin(last) ? Bin.snappedHeader : last]++
    if (last === Bin.linkType) {
      const link = batch.link[index]
      this.unreadLinks.set(link, (this.unreadLinks.get(link) ?? 0) + 1)
    }
  }

  /** Ends the capture: what waits in tables is used as far as it goes. */
  finish(): void {
    this.fragments.finish()
    this.packet.isLate = true
    this.streams.finish(this.packet, this.take)
  }

  /** Goes on until a bin is reached, which is returned; `waiting` for a fragment, whose datagram is put in a bin as a whole. */
  private follow(bytes: Uint8Array, packet: Packet, bin: number, depth: number): number {
    switch (bin) {
      case Bin.dns:
        this.take(bytes, packet)
        return bin
      case More.segment:
        return this.segment(bytes, packet)
      case More.tunnel:
        return this.tunnel(bytes, packet, depth)
      case More.fragment:
        this.fragment(bytes, packet, depth)
        return waiting
      default:
        return bin
    }
  }

  private segment(bytes: Uint8Array, packet: Packet): number {
    const { payloadStart, payloadEnd } = packet
    const taken = this.streams.take(bytes, payloadStart, payloadEnd, packet, this.take)
    if (taken > 0) return Bin.dns
    if (taken === 0) return Bin.other
    return taken === -1 ? Bin.tcpHeader : Bin.tcpPayload
  }

  private tunnel(bytes: Uint8Array, packet: Packet, depth: number): number {
    if (depth === tunnelDepth) return Bin.tunnelDepth
    const inside = openTunnel(bytes, packet.payloadStart, packet.tunnelHeader, packet)
    if (inside < 0) return -inside
    packet.tunnel = tunnelRead.kind
    packet.tunnelId = tunnelRead.id
    const ip = tunnelRead.isEthernet ? etherType(bytes, inside + 12, packet) : inside
    if (ip < 0) return -ip
    return this.follow(bytes, packet, ipLayer(bytes, ip, this.ports, packet), depth + 1)
  }

  private fragment(bytes: Uint8Array, packet: Packet, depth: number): void {
    const datagram = this.fragments.add(bytes, packet)
    if (datagram === null) return
    packet.end = datagram.size
    packet.ipTtl = datagram.ipTtl
    this.whole(datagram, packet, depth)
    this.fragments.release(datagram)
  }

  /** What is left of a datagram whose other fragments never came: with its start, the message in it as far as it goes. */
  private unfinished(datagram: Datagram): void {
    const packet = this.latePacket
    const { frame, offset, seconds, nanoseconds, vlan, vlanOuter, tunnel, tunnelId, ipTtl } =
      datagram
    Object.assign(packet, {
      frame,
      offset,
      seconds,
      nanoseconds,
      vlan,
      vlanOuter,
      tunnel,
      tunnelId,
      ipTtl,
    })
    packet.addresses.set(datagram.addresses)
    packet.ipId = datagram.id & 0xffff
    packet.isLate = true
    packet.isSnapped = true
    packet.end = datagram.hasStart ? wholeStart(datagram) : 0
    datagram.anomalies |= Anomaly.fragmentMissing
    this.whole(datagram, packet, tunnelDepth)
  }

  /** Goes on with a datagram put together; all its packets end in the bin of what it is. */
  private whole(datagram: Datagram, packet: Packet, depth: number): void {
    packet.fragments = datagram.fragments
    packet.anomalies = 0
    let bin: number = Bin.fragmentUnfinished
    if (packet.end > 0) {
      bin = transport(datagram.bytes, 0, datagram.protocol, false, this.ports, packet)
      if ((datagram.anomalies & Anomaly.fragmentMissing) !== 0) packet.anomalies &= ~Anomaly.snapped
      packet.anomalies |= datagram.anomalies
      bin = this.follow(datagram.bytes, packet, bin, depth)
    }
    // Fragments of a tunnel that hold a fragment inside: the inner datagram counts its own packet, so only the rest is counted here.
    if (bin === waiting) this.bins[Bin.other] += datagram.fragments - 1
    else this.bins[bin] += datagram.fragments
  }
}

/** In place of a bin: the packet waits for others. */
const waiting = -1

/** Tunnels opened in one packet at most: real ones nest two or three deep, and each costs a hostile packet only a few bytes. */
const tunnelDepth = 8

/** Headers that a snap length can have cut. */
function isHeaderBin(bin: number): boolean {
  return bin >= Bin.linkHeader && bin <= Bin.udpHeader
}
