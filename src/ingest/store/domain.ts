// The registrable domain of every row as a dictionary column: a domain costs its bytes once a block.

import { randomBytes } from 'node:crypto'
import { appendString, StringColumn } from '../../database/native.ts'

/** Seeds the hashes: nobody outside can choose domains that share a slot. */
const seed = randomBytes(4).readInt32LE()

/** A LowCardinality(String) column being filled: an index a row into the distinct domains of this block. */
export class DomainDictionary {
  /** Distinct values, in order of first use; the first is the empty string. */
  readonly values: StringColumn
  count = 0
  readonly indexes: Uint32Array<ArrayBuffer>
  private readonly starts: Uint32Array<ArrayBuffer>
  private readonly sizes: Uint16Array<ArrayBuffer>
  private readonly slots: Uint32Array<ArrayBuffer>

  constructor(capacity: number) {
    this.values = new StringColumn(capacity)
    this.indexes = new Uint32Array(capacity)
    this.starts = new Uint32Array(capacity + 1)
    this.sizes = new Uint16Array(capacity + 1)
    this.slots = new Uint32Array(slotsFor(capacity))
    this.clear()
  }

  /** Puts `name[start .. end)` into row `row`. */
  set(row: number, name: Uint8Array, start: number, end: number): void {
    this.indexes[row] = start === end ? 0 : this.indexOf(name, start, end)
  }

  /** Empties the dictionary for the next block. */
  clear(): void {
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
