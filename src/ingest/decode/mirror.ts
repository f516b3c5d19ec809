// Frames that a mirror delivers twice: the same IP packet from two ports or directions, told from floods of equal packets by the pattern of all.

import { Bin, More } from './bins.ts'
import type { Packet } from './packet.ts'

/** Both copies come within this time: a switch needs microseconds, a busy one a few milliseconds. */
const windowNanoseconds = 5_000_000

/** Packets after which the pattern is judged anew. */
const judgedPackets = 512

/** Pairs without which nothing is judged. */
const leastPairs = 8

/** Of packets seen for the first time this share must get a second copy before copies are dropped. */
const pairedShare = 0.8

/** And no more than this share may come a third time, or again after the window: floods and retransmissions do, mirrors do not. */
const repeatedShare = 0.05

// 2048 packets of 32 bytes: 5 ms at 400,000 packets/s. A place is overwritten by the next packet that wants it, which at worst lets a copy pass.
const places = 2048
const placeWords = 8
const Place = { seconds: 0, nanoseconds: 1, copies: 2, low: 3, high: 4 } as const

/**
 * Finds second copies of packets. It learns from the share of packets that come exactly twice: only where nearly all do is a copy dropped, so
 * that a flood of equal packets is never thinned. Copies are equal in every byte of the IP packet but TTL, hop limit and header checksum.
 */
export class Mirror {
  /** True while copies are dropped. */
  isOn = false
  /** What each place holds; apart from the rest, since most packets are no copies and need nothing else. */
  private readonly signatures = new Uint32Array(places)
  private readonly table = new Uint32Array(places * placeWords)
  private firsts = 0
  private pairs = 0
  private repeats = 0

  /** True when the packet is the second copy of one that has just been seen; to be asked for each packet of interest, with its `bin`. */
  isCopy(bytes: Uint8Array, packet: Packet, bin: number): boolean {
    const { table, signatures } = this
    const signature =
      bin === Bin.dns ? datagramSignature(bytes, packet) : signatureOf(bytes, packet, bin)
    const place = signature & (places - 1)
    const at = place * placeWords
    let isSecond = false
    if (signatures[place] !== signature) {
      this.firsts++
      signatures[place] = signature
      this.keep(at, bytes, packet)
    } else {
      const { seconds, nanoseconds } = packet
      const age =
        (seconds - table[at + Place.seconds]) * 1e9 + nanoseconds - table[at + Place.nanoseconds]
      if (age > windowNanoseconds || age < -windowNanoseconds) {
        this.firsts++
        this.repeats++
        this.keep(at, bytes, packet)
      } else {
        const copies = ++table[at + Place.copies]
        if (copies === 2) this.pairs++
        else this.repeats++
        isSecond = this.isOn && (copies & 1) === 0 && this.isEqual(at, bytes, packet)
      }
    }
    if (this.firsts + this.pairs >= judgedPackets) this.judge()
    return isSecond
  }

  /** Decides from what was seen so far, and forgets it when `isFresh`: the beginning is looked at before it is read. */
  judge(isFresh = false): void {
    const { firsts, pairs, repeats } = this
    this.isOn =
      pairs >= leastPairs && pairs >= firsts * pairedShare && repeats <= firsts * repeatedShare
    this.firsts = 0
    this.pairs = 0
    this.repeats = 0
    if (isFresh) this.signatures.fill(0)
  }

  /** True once enough was seen to judge by. */
  get isInformed(): boolean {
    return this.firsts + this.pairs >= judgedPackets - 1
  }

  private keep(at: number, bytes: Uint8Array, packet: Packet): void {
    const { table } = this
    table[at + Place.seconds] = packet.seconds
    table[at + Place.nanoseconds] = packet.nanoseconds
    table[at + Place.copies] = 1
    if (!this.isOn) {
      // Without its hash it is not equal to anything: what came before the pattern was seen is kept.
      table[at + Place.low] = 0
      table[at + Place.high] = 0
      return
    }
    hashPacket(bytes, packet)
    table[at + Place.low] = hash.low
    table[at + Place.high] = hash.high
  }

  private isEqual(at: number, bytes: Uint8Array, packet: Packet): boolean {
    hashPacket(bytes, packet)
    const { table } = this
    return table[at + Place.low] === hash.low && table[at + Place.high] === hash.high
  }
}

const seed = 0x5bd1e995

/** A cheap look at a UDP message (measured: 20 ns a packet with the table): addresses, ports, IP id, UDP checksum, message id; never 0. */
function datagramSignature(bytes: Uint8Array, packet: Packet): number {
  const { addresses, payloadStart: at, sourcePort, destinationPort, ipId } = packet
  const checksum = (bytes[at - 2] << 8) | bytes[at - 1]
  let mixed = Math.imul(((ipId << 16) | checksum) ^ addresses[3], 0x85ebca6b)
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + addresses[7], 0xc2b2ae35)
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + ((sourcePort << 16) | destinationPort), 0x27d4eb2f)
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + ((bytes[at] << 8) | bytes[at + 1]), 0x9e3779b1)
  return ((mixed ^ (mixed >>> 16)) | 1) >>> 0
}

/** The same for segments, fragments and tunnels, by the beginning of what follows the IP header. */
function signatureOf(bytes: Uint8Array, packet: Packet, bin: number): number {
  const { addresses, payloadStart, payloadEnd } = packet
  let mixed = Math.imul(packet.ipId ^ ((payloadEnd - payloadStart) << 16) ^ seed, 0x85ebca6b)
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + addresses[3], 0xc2b2ae35)
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + addresses[7], 0x27d4eb2f)
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + addresses[2] + addresses[6], 0x85ebca6b)
  const from = payloadStart - samplesBefore
  const to = Math.min(
    payloadStart + (bin === More.tunnel ? tunnelBytes : segmentBytes),
    payloadEnd - 3,
  )
  for (let at = from; at < to; at += 4) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + word, 0x9e3779b1)
  }
  return ((mixed ^ (mixed >>> 16)) | 1) >>> 0
}

/** Bytes before the payload that belong to the sample: the UDP header of a tunnel; of others the end of the IP header. */
const samplesBefore = 8

/** Bytes of it: a TCP header; of a tunnel as far as addresses and ports inside. */
const segmentBytes = 20
const tunnelBytes = 64

const hash = { low: 0, high: 0 }

/** 64 bits over the IP packet, without what a router changes. */
function hashPacket(bytes: Uint8Array, packet: Packet): void {
  const { ipStart, end } = packet
  const isSix = bytes[ipStart] >> 4 === 6
  let low = seed
  let high = end - ipStart
  for (let at = ipStart; at < end; at += 4) {
    let word = bytes[at]
    if (at + 1 < end) word |= bytes[at + 1] << 8
    if (at + 2 < end) word |= bytes[at + 2] << 16
    if (at + 3 < end) word |= bytes[at + 3] << 24
    // IPv4 bytes 8, 10 and 11; IPv6 byte 7.
    if (at === ipStart + 8 && !isSix) word &= 0x0000ff00
    if (at === ipStart + 4 && isSix) word &= 0x00ffffff
    low = Math.imul((low ^ (low >>> 15)) + word, 0x85ebca6b)
    high = Math.imul(high ^ word ^ (high >>> 13), 0xc2b2ae35)
  }
  hash.low = (low ^ (low >>> 16)) >>> 0
  hash.high = ((high ^ (high >>> 15)) | 1) >>> 0
}
