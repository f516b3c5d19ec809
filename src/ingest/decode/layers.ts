// All layers of a capture's packets: what one packet says at once goes on at once, fragments, streams and tunnels through their tables.

import type { PacketBatch } from '../capture/packets.ts'
import { Anomaly } from './anomaly.ts'
import { Bin, binNames } from './bins.ts'
import { type Datagram, Fragments, wholeStart } from './fragments.ts'
import { transport } from './ip.ts'
import { decodePacket, Packet, type PortTable, portTable } from './packet.ts'
import type { TakeMessage } from './segments.ts'
import { Streams } from './streams.ts'

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
    } else if (bin === Bin.fragment) {
      this.fragment(batch.bytes, packet)
    } else {
      this.bins[this.rest(batch.bytes, packet, bin)]++
      if (bin === Bin.linkType) {
        const link = batch.link[index]
        this.unreadLinks.set(link, (this.unreadLinks.get(link) ?? 0) + 1)
      }
    }
  }

  /** Ends the capture: what waits in tables is used as far as it goes. */
  finish(): void {
    this.fragments.finish()
    this.packet.isLate = true
    this.streams.finish(this.packet, this.take)
  }

  /** Takes what is neither a whole message nor a fragment; returns its final bin. */
  private rest(bytes: Uint8Array, packet: Packet, bin: number): number {
    if (bin === Bin.dns) {
      this.take(bytes, packet)
      return bin
    }
    if (bin === Bin.tcp) {
      const taken = this.streams.take(
        bytes,
        packet.payloadStart,
        packet.payloadEnd,
        packet,
        this.take,
      )
      if (taken > 0) return Bin.dns
      return taken === 0 ? Bin.other : Bin.tcp
    }
    return bin
  }

  private fragment(bytes: Uint8Array, packet: Packet): void {
    const { payloadStart, payloadEnd, fragmentOffset, hasMoreFragments, fragmentId, protocol } =
      packet
    const datagram = this.fragments.add(
      bytes,
      payloadStart,
      payloadEnd,
      fragmentOffset,
      hasMoreFragments,
      fragmentId,
      protocol,
      packet,
    )
    if (datagram === null) return
    packet.end = datagram.size
    packet.ipTtl = datagram.ipTtl
    this.whole(datagram, packet)
    this.fragments.release(datagram)
  }

  /** What is left of a datagram whose other fragments never came: with its start, the message in it as far as it goes. */
  private unfinished(datagram: Datagram): void {
    const packet = this.latePacket
    const sizeBytes = datagram.hasStart ? wholeStart(datagram) : 0
    packet.addresses.set(datagram.addresses)
    const { frame, offset, seconds, nanoseconds, vlan, vlanOuter, ipTtl } = datagram
    Object.assign(packet, { frame, offset, seconds, nanoseconds, vlan, vlanOuter, ipTtl })
    packet.ipId = datagram.id & 0xffff
    packet.isLate = true
    packet.isSnapped = true
    packet.end = sizeBytes
    datagram.anomalies |= Anomaly.fragmentMissing
    this.whole(datagram, packet)
  }

  /** Goes on with a datagram put together; all its packets end in the bin of what it is. */
  private whole(datagram: Datagram, packet: Packet): void {
    packet.fragments = datagram.fragments
    packet.anomalies = 0
    let bin: number = Bin.fragment
    if (packet.end > 0) {
      bin = transport(datagram.bytes, 0, datagram.protocol, false, this.ports, packet)
      if ((datagram.anomalies & Anomaly.fragmentMissing) !== 0) packet.anomalies &= ~Anomaly.snapped
      packet.anomalies |= datagram.anomalies
      bin = this.rest(datagram.bytes, packet, bin)
    }
    this.bins[bin] += datagram.fragments
  }
}
