// The match table's key chains: whatever was forgotten, who is still there is found, and no walk goes on for long.

import { describe, expect, it } from 'vitest'
import { Random } from '../samples/make/random.ts'
import { Field, keyBit, Table } from '../src/ingest/match/table.ts'

const arenaBytes = 1 << 22

describe.each([
  { entries: 1 << 15, heads: Uint16Array },
  { entries: 1 << 17, heads: Uint32Array },
])('a match table of up to $entries entries', ({ entries, heads }) => {
  it('leads from each key to every entry alive that has it, newest first', () => {
    const random = new Random(entries)
    const table = new Table({ entries, arenaBytes })
    const hashes = new Map<number, number>()
    let grown = 0
    // More than 65,536 at a time or not, many more than that go by: the heads' lower bits come round again.
    for (let sequence = 0; sequence < 200_000; sequence++) {
      while (table.isFull(10)) drop(table, hashes)
      // Quiet stretches: nearly all chains end in what is forgotten.
      if (sequence % 100_000 === 0) while (table.head - table.tail > 100) drop(table, hashes)
      // Some keys come again and again, most only once.
      const hash = random.integer(0, 10) === 0 ? random.integer(0, 500) : random.integer(0, 2 ** 32)
      const base = table.push(10)
      table.words[base + Field.keyHash] = hash
      table.link(sequence, base, false)
      hashes.set(sequence, table.words[base + Field.keyHash])
      grown = Math.max(grown, table.capacity)
      if (sequence % 39_999 === 0) expectAllFound(table, hashes)
    }
    expectAllFound(table, hashes)
    expect([grown, table.keyHeads.constructor]).toEqual([entries, heads])
  })
})

function drop(table: Table, hashes: Map<number, number>): void {
  hashes.delete(table.tail)
  table.dropTail()
}

function expectAllFound(table: Table, hashes: ReadonlyMap<number, number>): void {
  const byHead = new Map<number, number[]>()
  const lost: number[] = []
  for (const [sequence, hash] of hashes) {
    const head = hash & (table.capacity - 1)
    let walked = byHead.get(head)
    if (walked === undefined) byHead.set(head, (walked = walk(table, head)))
    const isMarked = (table.keyBits[head] & keyBit(hash)) !== 0
    if (!isMarked || !walked.includes(sequence)) lost.push(sequence)
  }
  expect(lost).toEqual([])
}

/** The entries of a chain; each older than the one before, so that every walk ends. */
function walk(table: Table, head: number): number[] {
  const found: number[] = []
  let sequence = table.newest(head)
  while (sequence >= 0) {
    expect(sequence).toBeLessThan(found.at(-1) ?? Infinity)
    found.push(sequence)
    sequence = table.follow(table.words[table.base(sequence) + Field.keyNext])
  }
  return found
}
