// The registrable domain of every row, by the full public suffix list, as a dictionary column: a domain costs its bytes once a block.

import { randomBytes } from 'node:crypto'
import { parse } from 'tldts'
import { appendString, StringColumn } from '../../database/native.ts'
import { textOf } from '../../dns/bytes.ts'

/**
 * Set by `findDomain`: where the registrable domain starts in the name (its length when there is none), whether its suffix is listed, and
 * the place in the cache where this stands, -1 when it is not kept.
 */
export const domainFound = { start: 0, isListed: false, cached: -1 }

/** Longest tail of a name that decides its domain here: longer than any rule of the list with a label before it (the longest has 47 octets). */
const tailBytes = 63

/** Cached tails; the cache is direct-mapped, so its size is fixed and a miss only costs a look-up (0.5 microseconds). */
const cacheEntries = 1 << 15

const cacheTails = new Uint8Array(cacheEntries * (tailBytes + 1))
const cacheResults = new Uint8Array(cacheEntries * 2)
/** Which dictionary a cached tail stood in last, and at which index there: most names come again within a block. */
const cacheDictionary = new Uint32Array(cacheEntries)
const cacheIndex = new Uint32Array(cacheEntries)

/** Seeds the hashes: nobody outside can choose domains that share a slot. */
const seed = randomBytes(4).readInt32LE()

/** Finds the registrable domain of a name in presentation form, `sizeBytes` bytes of `name` at `start`; sets `domainFound`. */
export function findDomain(name: Uint8Array, start: number, sizeBytes: number): void {
  const end = start + sizeBytes
  const from = sizeBytes > tailBytes ? end - tailBytes : start
  const length = end - from
  domainFound.cached = -1
  // A run of backslashes that reaches over the tail's start decides whether a dot in it is escaped.
  if (from > start && name[from - 1] === 92) {
    lookUp(name, start, sizeBytes)
    return
  }
  let hash = seed ^ length
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ name[i], 0x01000193)
  const entry = (hash ^ (hash >>> 15)) & (cacheEntries - 1)
  let at = entry * (tailBytes + 1)
  let isKnown = cacheTails[at++] === length
  for (let i = from; isKnown && i < end; i++) isKnown = cacheTails[at++] === name[i]
  if (isKnown) {
    domainFound.cached = entry
    domainFound.start = sizeBytes - cacheResults[2 * entry]
    domainFound.isListed = cacheResults[2 * entry + 1] === 1
    return
  }
  lookUp(name, start, sizeBytes)
  const domainBytes = sizeBytes - domainFound.start
  // Another name can have the same tail: what was found must lie inside it.
  if (domainBytes >= tailBytes || (domainBytes === 0 && sizeBytes >= tailBytes)) return
  at = entry * (tailBytes + 1)
  cacheTails[at++] = length
  for (let i = from; i < end; i++) cacheTails[at++] = name[i]
  cacheResults[2 * entry] = domainBytes
  cacheResults[2 * entry + 1] = domainFound.isListed ? 1 : 0
  cacheDictionary[entry] = 0
  domainFound.cached = entry
}

// Host name validation would return nothing for exactly the names a tunnel uses; addresses are names here.
const listOptions = {
  allowPrivateDomains: true,
  detectIp: false,
  extractHostname: false,
  validateHostname: false,
} as const

function lookUp(name: Uint8Array, nameStart: number, sizeBytes: number): void {
  const found = parse(textOf(name, nameStart, nameStart + sizeBytes), listOptions)
  domainFound.isListed = found.isIcann === true || found.isPrivate === true
  domainFound.start = sizeBytes
  if (found.domain === null) return
  // The list's library takes an escaped dot for a label's end: go on to the dot that is one.
  let start = sizeBytes - found.domain.length
  while (start > 0 && !isLabelStart(name, nameStart, nameStart + start)) start--
  domainFound.start = start
}

/** True when an unescaped dot stands before `at`: an even number of backslashes before the dot. */
function isLabelStart(name: Uint8Array, nameStart: number, at: number): boolean {
  if (name[at - 1] !== 46) return false
  let backslashes = 0
  while (at - 2 - backslashes >= nameStart && name[at - 2 - backslashes] === 92) backslashes++
  return backslashes % 2 === 0
}

let dictionaries = 0

/** A LowCardinality(String) column being filled: an index a row into the distinct domains of this block. */
export class DomainDictionary {
  /** Distinct values, in order of first use; the first is the empty string. */
  readonly values: StringColumn
  count = 0
  readonly indexes: Uint32Array<ArrayBuffer>
  private readonly starts: Uint32Array<ArrayBuffer>
  private readonly sizes: Uint16Array<ArrayBuffer>
  private readonly slots: Uint32Array<ArrayBuffer>
  /** Of this filling; 0 is none. */
  private number = 0

  constructor(capacity: number) {
    this.values = new StringColumn(capacity)
    this.indexes = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity + 1)
    this.sizes = new Uint16Array(capacity + 1)
    this.slots = new Uint32Array(slotsFor(capacity))
    this.clear()
  }

  /** Puts `name[start .. end)`, which `findDomain` has just found, into row `row`. */
  set(row: number, name: Uint8Array, start: number, end: number): void {
    const { cached } = domainFound
    if (cached >= 0 && cacheDictionary[cached] === this.number) {
      this.indexes[row] = cacheIndex[cached]
      return
    }
    const index = start === end ? 0 : this.indexOf(name, start, end)
    this.indexes[row] = index
    if (cached < 0) return
    cacheDictionary[cached] = this.number
    cacheIndex[cached] = index
  }

  /** Empties the dictionary for the next block. */
  clear(): void {
    this.number = ++dictionaries
    this.slots.fill(0)
    this.values.bytes.pos = 0
    this.count = 0
    this.add(new Uint8Array(0), 0, 0)
  }

  private indexOf(name: Uint8Array, start: number, end: number): number {
    let hash = seed ^ (end - start)
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ name[i], 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    const mask = this.slots.length - 1
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]
      if (index === 0) return (this.slots[slot] = this.add(name, start, end))
      if (this.equals(index, name, start, end)) return index
    }
  }

  private add(name: Uint8Array, start: number, end: number): number {
    appendString(this.values, name, start, end - start)
    this.starts[this.count] = this.values.bytes.pos - (end - start)
    this.sizes[this.count] = end - start
    return this.count++
  }

  private equals(index: number, name: Uint8Array, start: number, end: number): boolean {
    const sizeBytes = end - start
    const buf = this.values.bytes.buf
    const at = this.starts[index]
    if (this.sizes[index] !== sizeBytes) return false
    for (let i = 0; i < sizeBytes; i++) if (buf[at + i] !== name[start + i]) return false
    return true
  }
}

function slotsFor(capacity: number): number {
  let slots = 1024
  while (slots < capacity * 2) slots *= 2
  return slots
}
