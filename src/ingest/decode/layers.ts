// All layers of a capture's packets: what one packet says at once goes on at once, fragments, streams and tunnels through their tables.

import type { PacketBatch } from '../capture/packets.ts'
import { Anomaly } from './anomaly.ts'
import { Bin, binNames, More } from './bins.ts'
import { type Datagram, wholeStart } from './datagram.ts'
import { Fragments } from './fragments.ts'
import type { TakeMessage } from './direction.ts'
import { datagramPayload, ipLayer } from './ip.ts'
import { etherType } from './link-ethernet.ts'
import { Mirror } from './mirror.ts'
import { decodePacket, Packet, type PortTable, portTable } from './packet.ts'
import { Streams } from './streams.ts'
import { openTunnel } from './tunnel.ts'
import { tunnelRead } from './tunnel-kinds.ts'

/** Where the packets of one capture went. */
export class LayerTally {
  /** Packets by bin number. */
  readonly bins = new Float64Array(binNames.length)
  /** Packets of each link type that is not read. */
  readonly unreadLinks = new Map<number, number>()
  /** What waited in vain until the capture's end: connections inside a message (each direction is one), datagrams whose other fragments never came. */
  unfinished = { streams: 0, datagrams: 0 }
  /** TCP resets on DNS ports, of connections that had said something. */
  resets = 0
}

/**
 * Decodes the packets of a capture, or of several that go on one from another, and hands on every DNS message; each packet ends in one of
 * its capture's `bins`, at the latest with `finish`.
 */
export class Layers {
  /** One for each capture so far, by `Packet.capture`; the last is the one being read. */
  readonly tallies = [new LayerTally()]
  /** Messages handed on. */
  messages = 0
  /** The current packet. */
  readonly packet = new Packet()
  private tally = this.tallies[0]
  private readonly ports: PortTable
  private readonly take: TakeMessage
  private readonly mirror: Mirror | null
  private readonly latePacket = new Packet()
  private readonly fragments: Fragments
  private readonly streams = new Streams()

  /**
   * `take` gets each message with the packet that completed it, in capture order; both are reused after it returns. With a `mirror` the
   * copies that it finds are dropped.
   */
  constructor(ports: readonly number[], take: TakeMessage, mirror: Mirror | null = null) {
    this.ports = portTable(ports)
    this.mirror = mirror
    this.take = (bytes, packet) => {
      this.messages++
      take(bytes, packet)
    }
    this.fragments = new Fragments((datagram) => this.giveUp(datagram))
  }

  /** Takes packet `index` of a batch. */
  decode(batch: PacketBatch, index: number): void {
    const packet = this.packet
    const bin = decodePacket(batch, index, this.ports, packet)
    const { bins, unreadLinks } = this.tally
    const { mirror } = this
    if (mirror !== null && (bin === Bin.dns || bin >= More.fragment)) {
      if (mirror.isCopy(batch.bytes, packet, bin)) {
        bins[Bin.duplicate]++
        return
      }
    }
    if (bin === Bin.dns) {
      bins[Bin.dns]++
      this.take(batch.bytes, packet)
      return
    }
    const last = this.follow(batch.bytes, packet, bin, 0)
    if (last === waiting) return
    bins[packet.isSnapped && isHeaderBin(last) ? Bin.snappedHeader : last]++
    if (last === Bin.linkType) {
      const link = batch.link[index]
      unreadLinks.set(link, (unreadLinks.get(link) ?? 0) + 1)
    }
  }

  /** Looks at the first packets of a capture before any is taken: a mirror's copies are dropped from the first on. */
  lookAhead(batch: PacketBatch): void {
    const { mirror } = this
    if (mirror === null) return
    const packet = this.latePacket
    for (let i = 0; i < batch.count && !mirror.isInformed; i++) {
      const bin = decodePacket(batch, i, this.ports, packet)
      if (bin === Bin.dns || bin >= More.fragment) mirror.isCopy(batch.bytes, packet, bin)
    }
    mirror.judge(true)
  }

  /** The capture being read has ended, and the next packet stands in another that goes on from it: what waits goes on waiting. */
  nextCapture(): void {
    this.settle()
    this.fragments.leaveCapture(this.packet.capture)
    this.tally = new LayerTally()
    this.tallies.push(this.tally)
    this.packet.capture++
  }

  /** Ends the capture: what waits in tables is used as far as it goes. */
  finish(): void {
    this.fragments.finish()
    this.streams.finish(this.take)
    this.settle()
  }

  /** What waited in vain so far, in all captures. */
  get unfinished(): LayerTally['unfinished'] {
    return { streams: this.streams.counts.unfinished, datagrams: this.fragments.unfinished }
  }

  /** Packets by bin number, of the capture being read. */
  get bins(): Float64Array {
    return this.tally.bins
  }

  /** TCP resets so far, in all captures. */
  get resets(): number {
    return this.streams.counts.resets
  }

  /** Writes down what was counted since the capture before. */
  private settle(): void {
    const earlier = this.tallies.slice(0, -1)
    const { streams, datagrams } = this.unfinished
    this.tally.unfinished.streams = streams - sumOf(earlier, (each) => each.unfinished.streams)
    this.tally.unfinished.datagrams =
      datagrams - sumOf(earlier, (each) => each.unfinished.datagrams)
    this.tally.resets = this.resets - sumOf(earlier, (each) => each.resets)
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
    // A copy of a fragment that has come before goes where that went.
    if (datagram.fragments === 0) {
      this.tally.bins[datagram.bin]++
      return
    }
    packet.end = datagram.size
    packet.isSnapped = false
    packet.ipTtl = datagram.ipTtl
    packet.ipId = datagram.ipId
    this.whole(datagram, packet, depth)
    this.fragments.release(datagram)
  }

  /** What is left of a datagram whose other fragments never came: with its start, the message in it as far as it goes. */
  private giveUp(datagram: Datagram): void {
    const packet = this.latePacket
    const { frame, seconds, nanoseconds, vlan, vlanOuter, tunnel, tunnelId } = datagram
    const { capture, ipTtl, ipId } = datagram
    Object.assign(packet, {
      capture,
      frame,
      seconds,
      nanoseconds,
      vlan,
      vlanOuter,
      tunnel,
      tunnelId,
      ipTtl,
      ipId,
    })
    packet.addresses.set(datagram.addresses)
    packet.isLate = true
    packet.isSnapped = true
    packet.end = datagram.hasStart ? wholeStart(datagram) : 0
    datagram.anomalies |= Anomaly.fragmentMissing
    this.whole(datagram, packet, tunnelDepth)
  }

  /** Goes on with a datagram put together; all its packets end in the bin of what it is. */
  private whole(datagram: Datagram, packet: Packet, depth: number): void {
    const { bytes, protocol, fragments, before, anomalies } = datagram
    const isUnfinished = (anomalies & Anomaly.fragmentMissing) !== 0
    packet.fragments = Math.min(fragments, fragmentsLimit)
    packet.anomalies = 0
    let bin: number = Bin.fragmentUnfinished
    if (packet.end > 0) {
      bin = datagramPayload(bytes, protocol, this.ports, packet)
      if (isUnfinished) packet.anomalies &= ~Anomaly.snapped
      packet.anomalies |= anomalies
      bin = this.follow(bytes, packet, bin, depth)
    }
    if (isUnfinished && bin !== Bin.dns && bin !== Bin.other) bin = Bin.fragmentUnfinished
    // Fragments of a tunnel that hold a fragment inside: the inner datagram counts its own packet, so only the rest is counted here.
    datagram.bin = bin === waiting ? Bin.other : bin
    let packets = bin === waiting ? fragments - 1 : fragments
    for (let i = 0; i < before.length; i += 2) {
      this.tallies[before[i]].bins[datagram.bin] += before[i + 1]
      packets -= before[i + 1]
    }
    this.tally.bins[datagram.bin] += packets
  }
}

function sumOf(tallies: LayerTally[], amount: (tally: LayerTally) => number): number {
  return tallies.reduce((sum, tally) => sum + amount(tally), 0)
}

/** What the `fragments` column holds; duplicates may be more. */
const fragmentsLimit = 65_535

/** In place of a bin: the packet waits for others. */
const waiting = -1

/** Tunnels opened in one packet at most: real ones nest two or three deep, and each costs a hostile packet only a few bytes. */
const tunnelDepth = 8

/** Headers that a snap length can have cut. */
function isHeaderBin(bin: number): boolean {
  return (
    (bin >= Bin.linkHeader && bin <= Bin.udpHeader) ||
    bin === Bin.tcpHeader ||
    bin === Bin.tunnelHeader
  )
}
