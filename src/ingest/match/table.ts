// The table of outstanding and lately finished queries: a ring in packet-time order with hash chains over it, bounded in entries and bytes.

import type { Message } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'

/** Words of one entry; an entry is two to three cache lines, and everything about a query stands in it or in the arena. */
export const Field = {
  state: 0,
  keyHash: 1,
  keyNext: 2,
  portHash: 3,
  portNext: 4,
  nameHash: 5,
  nameNext: 6,
  seconds: 7,
  nanoseconds: 8,
  frame: 9,
  client: 10,
  server: 14,
  ports: 18,
  idFlags: 19,
  question: 20,
  questionHigh: 21,
  vlan: 22,
  size: 23,
  ipTtlTransport: 24,
  ipIdAttempts: 25,
  anomalies: 26,
  arena: 27,
  nameSizes: 28,
  wireSizes: 29,
  edns: 30,
  digestLow: 31,
  digestHigh: 32,
  frameHigh: 33,
  /** Bit 0: asked again inside the TTL; bit 1: over TCP after a truncated answer; from bit 16: IP fragments of the query. */
  repeat: 34,
  tunnel: 35,
  tunnelId: 36,
  capture: 37,
} as const

/** Words per entry. */
export const entryWords = 38

/** States of an entry. */
export const State = { pending: 0, answered: 1, givenUp: 2 } as const

/** Limits of a table. */
export interface TableLimits {
  /** Entries at most, a power of two. 2^20 entries are 150 MB and 10 s of 100,000 queries/s. */
  entries: number
  /** Bytes of names, options and raw queries at most, a power of two; less than 2^19, what two of the longest queries need, counts as that. */
  arenaBytes: number
}

/** Defaults: see the fields. */
export const tableLimits: TableLimits = { entries: 1 << 20, arenaBytes: 1 << 26 }

/** Entries in ring order: sequence numbers `tail .. head - 1` are alive, entry of a sequence number s is s modulo `capacity`. */
export class Table {
  capacity: number
  words: Uint32Array<ArrayBuffer>
  /** Names, raw names, OPT options and raw wire of the queries, in this order from `Field.arena` on. */
  arena: Uint8Array<ArrayBuffer>
  arenaView: DataView<ArrayBuffer>
  /**
   * Arena position after each entry's bytes, counted on and on in 32 bits that wrap; the bytes are freed with the entry. Never a double: a field
   * that turns into one when the first entry is forgotten makes the engine throw away the machine code of the whole matcher.
   */
  private arenaEnd: Int32Array<ArrayBuffer>
  private arenaHead = 0
  private arenaTail = 0
  head = 0
  tail = 0
  /** Newest entry of each key chain: the lower bits of its sequence number, 16 as long as they tell all entries apart, since small tables stay cached. */
  keyHeads: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>
  /**
   * For each of `keyHeads` a bit for each entry of its chain (see `keyBit`): a new question finds its chain empty by this byte alone. It stays in
   * the processor's own cache; heads and entries do not (measured: 60 ns a look-up each).
   */
  keyBits: Uint8Array<ArrayBuffer>
  portHeads: Uint32Array<ArrayBuffer>
  nameHeads: Uint32Array<ArrayBuffer>
  private readonly limits: TableLimits

  constructor(limits: TableLimits = tableLimits) {
    this.limits = { ...limits, arenaBytes: Math.max(limits.arenaBytes, 1 << 19) }
    this.capacity = Math.min(1 << 14, limits.entries)
    this.words = new Uint32Array(this.capacity * entryWords)
    this.arena = new Uint8Array(Math.min(1 << 20, this.limits.arenaBytes))
    this.arenaView = new DataView(this.arena.buffer)
    this.arenaEnd = new Int32Array(this.capacity)
    this.keyHeads = headsFor(this.capacity)
    this.keyBits = new Uint8Array(this.capacity)
    this.portHeads = new Uint32Array(this.capacity * 2)
    this.nameHeads = new Uint32Array(this.capacity * 2)
  }

  /** True when an entry with `bytes` arena bytes does not fit and the table may not grow any more: the oldest must go first. */
  isFull(bytes: number): boolean {
    while (this.head - this.tail === this.capacity) {
      if (this.capacity >= this.limits.entries) return true
      this.growEntries()
    }
    while (((this.arenaHead - this.arenaTail) | 0) + 2 * bytes > this.arena.length) {
      if (this.arena.length >= this.limits.arenaBytes) return true
      this.growArena()
    }
    return false
  }

  /** Takes the next entry with `bytes` arena bytes (ask `isFull` first); returns the position of its first word. */
  push(bytes: number): number {
    const slot = this.head & (this.capacity - 1)
    const size = this.arena.length
    let at = this.arenaHead & (size - 1)
    if (at + bytes > size) {
      this.arenaHead = (this.arenaHead + size - at) | 0
      at = 0
    }
    this.arenaHead = (this.arenaHead + bytes) | 0
    this.arenaEnd[slot] = this.arenaHead
    const base = slot * entryWords
    this.words[base + Field.arena] = at
    this.head++
    return base
  }

  /** Position of the first word of sequence number `sequence`. */
  base(sequence: number): number {
    return (sequence & (this.capacity - 1)) * entryWords
  }

  /** Forgets the oldest entry. Chains need no repair: a link to a sequence number before `tail` ends the chain. */
  dropTail(): void {
    this.arenaTail = this.arenaEnd[this.tail & (this.capacity - 1)]
    this.tail++
  }

  /** Puts entry `sequence` at the head of the three chains named by its hashes. */
  link(sequence: number, base: number, withNear: boolean): void {
    const words = this.words
    const stamp = (sequence + 1) >>> 0
    let head = words[base + Field.keyHash] & (this.capacity - 1)
    const newest = this.newest(head)
    // A stranger's in place of a forgotten one can be newer, or this very entry: no chain may run in a circle.
    const next = newest < sequence ? newest : -1
    words[base + Field.keyNext] = (next + 1) >>> 0
    this.keyHeads[head] = sequence
    const others = next < 0 ? 0 : this.keyBits[head]
    this.keyBits[head] = others | keyBit(words[base + Field.keyHash])
    if (!withNear) return
    const mask = this.portHeads.length - 1
    head = words[base + Field.portHash] & mask
    words[base + Field.portNext] = this.portHeads[head]
    this.portHeads[head] = stamp
    head = words[base + Field.nameHash] & mask
    words[base + Field.nameNext] = this.nameHeads[head]
    this.nameHeads[head] = stamp
  }

  /**
   * The newest sequence number of key chain `head`, or -1. Of a chain whose entries are all forgotten it can be a stranger's: who follows it
   * compares anyway.
   */
  newest(head: number): number {
    const mask = this.keyHeads.BYTES_PER_ELEMENT === 2 ? 0xffff : 0xffffffff
    const age = ((this.head - 1 - this.keyHeads[head]) & mask) >>> 0
    return age < this.head - this.tail ? this.head - 1 - age : -1
  }

  /** The sequence number a chain link stands for, or -1 at the end of the chain. */
  follow(stamp: number): number {
    if (stamp === 0) return -1
    const age = (this.head - stamp) >>> 0
    const alive = this.head - this.tail
    return age < alive ? this.head - 1 - age : -1
  }

  /** True once the near-miss chains are kept; they are built when the first unmatched answer asks for them. */
  hasNear = false

  /** Builds the near-miss chains over all living entries. */
  buildNear(): void {
    this.hasNear = true
    this.relink()
  }

  private relink(): void {
    this.keyHeads.fill(0)
    this.keyBits.fill(0)
    this.portHeads.fill(0)
    this.nameHeads.fill(0)
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      this.link(sequence, this.base(sequence), this.hasNear)
    }
  }

  private growEntries(): void {
    const before = this.capacity
    const words = new Uint32Array(before * 2 * entryWords)
    const ends = new Int32Array(before * 2)
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const from = (sequence & (before - 1)) * entryWords
      const slot = sequence & (before * 2 - 1)
      words.set(this.words.subarray(from, from + entryWords), slot * entryWords)
      ends[slot] = this.arenaEnd[sequence & (before - 1)]
    }
    this.capacity = before * 2
    this.words = words
    this.arenaEnd = ends
    this.keyHeads = headsFor(this.capacity)
    this.keyBits = new Uint8Array(this.capacity)
    this.portHeads = new Uint32Array(this.capacity * 2)
    this.nameHeads = new Uint32Array(this.capacity * 2)
    this.relink()
  }

  private growArena(): void {
    const before = this.arena
    const arena = new Uint8Array(before.length * 2)
    this.arenaHead = 0
    this.arenaTail = 0
    for (let sequence = this.tail; sequence < this.head; sequence++) {
      const base = this.base(sequence)
      const from = this.words[base + Field.arena]
      const bytes = arenaBytesOf(this.words, base)
      arena.set(before.subarray(from, from + bytes), this.arenaHead)
      this.words[base + Field.arena] = this.arenaHead
      this.arenaHead += bytes
      this.arenaEnd[sequence & (this.capacity - 1)] = this.arenaHead
    }
    this.arena = arena
    this.arenaView = new DataView(arena.buffer)
  }
}

/** Heads for key chains of a table with that many entries. */
function headsFor(capacity: number): Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return capacity <= 65_536 ? new Uint16Array(capacity) : new Uint32Array(capacity)
}

/** The bit of a key in `keyBits`, out of bits of the hash that choose no head. */
export function keyBit(hash: number): number {
  return 1 << (hash >>> 29)
}

/** Arena bytes of an entry: name, raw name, options, wire. */
export function arenaBytesOf(words: Uint32Array, base: number): number {
  const names = words[base + Field.nameSizes]
  const wires = words[base + Field.wireSizes]
  return (names & 0xffff) + (names >>> 16) + (wires & 0xffff) + (wires >>> 16)
}

/** Writes what a query's packet and message say into the entry at `base`; the sizes say what is stored in the arena. */
export function fillEntry(
  table: Table,
  base: number,
  packet: Packet,
  message: Message,
  optBytes: number,
  wireBytes: number,
): void {
  const words = table.words
  words[base + Field.state] = State.pending
  words[base + Field.seconds] = packet.seconds
  words[base + Field.nanoseconds] = packet.nanoseconds
  words[base + Field.capture] = packet.capture
  words[base + Field.frame] = packet.frame
  words[base + Field.frameHigh] = packet.frame / 4_294_967_296
  for (let i = 0; i < 8; i++) words[base + Field.client + i] = packet.addresses[i]
  words[base + Field.ports] = (packet.sourcePort << 16) | packet.destinationPort
  words[base + Field.idFlags] = (message.id << 16) | message.flags
  words[base + Field.question] = message.qtype
  words[base + Field.questionHigh] = message.qclass
  words[base + Field.vlan] = (packet.vlanOuter << 16) | packet.vlan
  words[base + Field.tunnel] = packet.tunnel
  words[base + Field.tunnelId] = packet.tunnelId
  words[base + Field.size] = message.size
  words[base + Field.ipTtlTransport] =
    (packet.transport << 16) | (packet.service << 8) | packet.ipTtl
  words[base + Field.ipIdAttempts] = (packet.ipId << 16) | 1
  words[base + Field.anomalies] = message.anomalies | packet.anomalies
  words[base + Field.nameSizes] = (message.qnameRaw.pos << 16) | message.qname.pos
  words[base + Field.wireSizes] = (wireBytes << 16) | optBytes
  words[base + Field.edns] =
    (message.hasOpt ? 1 << 25 : 0) |
    (message.isDnssecOk ? 1 << 24 : 0) |
    (message.ednsVersion << 16) |
    message.ednsSize
}
