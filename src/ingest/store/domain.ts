// The registrable domain of every row as a dictionary column: a domain costs its bytes once a block.

import { randomBytes } from 'node:crypto'
import { appendString, StringColumn } from '../../database/native.ts'
import type { Bytes } from '../../dns/bytes.ts'
import { domainFound, findDomain } from '../../dns/public-suffix.ts'
import { hashRun, isSameRun, spread } from '../../dns/words.ts'

/** Seeds the hashes: nobody outside can choose domains that share a slot. */
const seed = randomBytes(4).readInt32LE()

/** Places of domains remembered by the end of their names; a power of two. */
const endingPlaces = 4096

/** A LowCardinality(String) column being filled: an index a row into the distinct domains of this block. */
export class DomainDictionary {
  /** Distinct values, in order of first use; the first is the empty string. */
  readonly values: StringColumn
  count = 0
  readonly indexes: Uint32Array<ArrayBuffer>
  private readonly starts: Uint32Array<ArrayBuffer>
  private readonly sizes: Uint16Array<ArrayBuffer>
  private readonly slots: Uint32Array<ArrayBuffer>
  /**
   * Domains by the last eight bytes of the names below them, where all those have that one: the index, and in the lowest bit whether the list
   * knows the suffix. Finding one here costs a fifth of asking the list.
   */
  private readonly endings = new Uint32Array(endingPlaces)

  constructor(capacity: number) {
    this.values = new StringColumn(capacity)
    this.indexes = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity + 1)
    this.sizes = new Uint16Array(capacity + 1)
    this.slots = new Uint32Array(slotsFor(capacity))
    this.clear()
  }

  /** Puts the domain of the name at `start .. text.pos` into row `row`; returns 1 when the public suffix list knows its suffix, else 0. */
  set(row: number, text: Bytes, start: number): number {
    const end = text.pos
    const { view } = text
    const place = end - start < 8 ? 0 : spread(hashRun(view, end - 8, 8, seed)) & (endingPlaces - 1)
    const remembered = this.endings[place]
    if (remembered !== 0 && this.isBelow(remembered >>> 1, view, start, end)) {
      this.indexes[row] = remembered >>> 1
      return remembered & 1
    }
    findDomain(text.buf, start, end - start)
    const from = start + domainFound.start
    const isListed = domainFound.isListed ? 1 : 0
    const index = from === end ? 0 : this.indexOf(view, from, end - from)
    this.indexes[row] = index
    if (domainFound.isShared) this.endings[place] = (index << 1) | isListed
    return isListed
  }

  /** Empties the dictionary for the next block. */
  clear(): void {
    this.slots.fill(0)
    this.endings.fill(0)
    this.values.bytes.pos = 0
    this.count = 0
    this.add(this.values.bytes.view, 0, 0)
  }

  /** True when the name is domain `index` or below it. A dot behind a backslash may be part of a label: then the list is asked. */
  private isBelow(index: number, name: DataView, start: number, end: number): boolean {
    const sizeBytes = this.sizes[index]
    const at = end - sizeBytes
    if (at < start) return false
    if (at > start && name.getUint8(at - 1) !== 46) return false
    if (at > start + 1 && name.getUint8(at - 2) === 92) return false
    return isSameRun(this.values.bytes.view, this.starts[index], name, at, sizeBytes)
  }

  private indexOf(name: DataView, start: number, sizeBytes: number): number {
    const hash = spread(hashRun(name, start, sizeBytes, seed ^ sizeBytes))
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const index = this.slots[slot]
      if (index === 0) return (this.slots[slot] = this.add(name, start, sizeBytes))
      if (this.sizes[index] !== sizeBytes) continue
      if (isSameRun(this.values.bytes.view, this.starts[index], name, start, sizeBytes))
        return index
    }
  }

  private add(name: DataView, start: number, sizeBytes: number): number {
    appendString(this.values, name, start, sizeBytes)
    this.starts[this.count] = this.values.bytes.pos - sizeBytes
    this.sizes[this.count] = sizeBytes
    return this.count++
  }
}

function slotsFor(capacity: number): number {
  let slots = 1024
  while (slots < capacity * 2) slots *= 2
  return slots
}
