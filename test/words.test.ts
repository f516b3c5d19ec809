// Runs of bytes compared, copied and hashed by four, and the domains that a block remembers by how names end: laws on random input.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bytes, reserve } from '../src/dns/bytes.ts'
import { domainFound, findDomain } from '../src/dns/public-suffix.ts'
import { copyRun, hashRun, isSameRun, viewOf } from '../src/dns/words.ts'
import { DomainDictionary } from '../src/ingest/store/domain.ts'

describe('a run of bytes', () => {
  const run = fc.uint8Array({ maxLength: 40 })
  const offset = fc.nat({ max: 9 })

  /** The bytes at `at` in a larger array, which other bytes surround. */
  function placed(bytes: Uint8Array, at: number, around: number): DataView {
    const room = new Uint8Array(at + bytes.length + 9).fill(around)
    room.set(bytes, at)
    return new DataView(room.buffer)
  }

  it('is the same run wherever it stands, and no other is', () => {
    fc.assert(
      fc.property(run, offset, offset, fc.nat(), (bytes, at, from, changed) => {
        const one = placed(bytes, at, 1)
        expect(isSameRun(one, at, placed(bytes, from, 2), from, bytes.length)).toBe(true)
        if (bytes.length === 0) return
        const other = bytes.slice()
        other[changed % bytes.length] ^= 1 << (changed % 8)
        expect(isSameRun(one, at, placed(other, from, 1), from, bytes.length)).toBe(false)
      }),
    )
  })

  it('is copied whole, with nothing around it touched', () => {
    const any = fc.oneof(run, fc.uint8Array({ minLength: 250, maxLength: 300 }))
    fc.assert(
      fc.property(any, offset, offset, (bytes, at, from) => {
        const target = placed(new Uint8Array(bytes.length), at, 7)
        copyRun(target, at, placed(bytes, from, 9), from, bytes.length)
        expect(new Uint8Array(target.buffer)).toEqual(
          new Uint8Array(placed(bytes, at, 7).buffer as ArrayBuffer),
        )
      }),
    )
  })

  it('has the same hash wherever it stands, and another with any bit changed', () => {
    fc.assert(
      fc.property(run, offset, fc.integer(), fc.nat(), (bytes, at, seed, changed) => {
        const hash = hashRun(placed(bytes, 0, 0), 0, bytes.length, seed)
        expect(hashRun(placed(bytes, at, 255), at, bytes.length, seed)).toBe(hash)
        if (bytes.length === 0) return
        const other = bytes.slice()
        other[changed % bytes.length] ^= 1 << (changed % 8)
        expect(hashRun(placed(other, 0, 0), 0, bytes.length, seed)).not.toBe(hash)
      }),
    )
  })

  it('shares its hash with none that differs by one bit in a word and two in the next, whatever the seed', () => {
    const view = new DataView(new ArrayBuffer(8))
    const words = (one: number, other: number) => {
      view.setInt32(0, one, true)
      view.setInt32(4, other, true)
      return view
    }
    let shared = 0
    for (let seed = 1; seed <= 50; seed++) {
      const one = Math.imul(seed, 0x9e3779b1)
      const other = Math.imul(one, 0x85ebca6b)
      const hash = hashRun(words(one, other), 0, 8, seed * 7919)
      for (let bit = 0; bit < 32; bit++) {
        for (let two = 0; two < 1024; two++) {
          const changed = other ^ (1 << (two & 31)) ^ (1 << (two >> 5))
          if (hashRun(words(one ^ (1 << bit), changed), 0, 8, seed * 7919) === hash) shared++
        }
      }
    }
    // 1.6 million tries at 32 bits; with one multiplication a word every seed had some.
    expect(shared).toBeLessThan(5)
  })

  it('is seen through a view of the very bytes, also of a part of a buffer', () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5, 6)
    const part = whole.subarray(2, 5)
    expect(viewOf(whole).getUint8(2)).toBe(3)
    expect(viewOf(part).getUint8(2)).toBe(5)
    expect(viewOf(part).byteLength).toBe(3)
    whole[4] = 9
    expect(viewOf(part).getUint8(2)).toBe(9)
  })
})

describe('the domain of a row', () => {
  const labels =
    'www example com co uk jp kawasaki city ck github io org compute amazonaws nosuchtld a'
  const label = fc.constantFrom(...labels.split(' '), 'a\\.example', 'b\\\\')
  const joined = fc.array(label, { minLength: 1, maxLength: 6 }).map((each) => each.join('.'))
  // Suffixes below which the list says more, asked for beside names that it says more of.
  const known =
    'kawasaki.jp a.kawasaki.jp x.a.kawasaki.jp city.kawasaki.jp x.city.kawasaki.jp ck a.ck x.a.ck www.ck x.www.ck ' +
    'amazonaws.com x.amazonaws.com s3.amazonaws.com x.s3.amazonaws.com github.io a.github.io x.a.github.io'
  const name = fc.oneof(fc.constantFrom(...known.split(' ')), joined)

  it('is what the public suffix list says, whatever was remembered of names before', () => {
    const dictionary = new DomainDictionary(256)
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 120 }), (asked) => {
        dictionary.clear()
        const text = new Bytes(16)
        for (const [row, each] of [...asked, ...asked.toReversed()].entries()) {
          const start = text.pos
          reserve(text, each.length)
          text.buf.set(Buffer.from(each), start)
          text.pos += each.length
          const isListed = dictionary.set(row, text, start)
          findDomain(Buffer.from(each), 0, each.length)
          expect(valueAt(dictionary, row), each).toBe(each.slice(domainFound.start))
          expect(isListed, each).toBe(domainFound.isListed ? 1 : 0)
        }
      }),
      { numRuns: 1000 },
    )
  })

  /** The domain of a row, out of the length-prefixed values. */
  function valueAt({ values, indexes }: DomainDictionary, row: number): string {
    const { buf } = values.bytes
    let at = 0
    for (let index = 0; index < indexes[row]; index++) at += 1 + buf[at]
    return Buffer.from(buf.subarray(at + 1, at + 1 + buf[at])).toString('latin1')
  }
})
