// Twins of a capture as a worse vantage takes it: what each kind leaves out, repeats, moves or mixes, and that it can be read again.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  packetsOf,
  type SeenPacket,
  twinKinds,
  type TwinKind,
  twinOf,
} from '../src/ingest/twins.ts'

const scratch = mkdtempSync(join(tmpdir(), 'twins-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const original = await packets(sample('poisoning.pcap'))

describe('a twin', () => {
  test.each(twinKinds)('%s is the same in every run, and can be read again', async (kind) => {
    const bytes = twinOf(original, kind)
    expect(Buffer.from(bytes).equals(twinOf(original, kind))).toBe(true)
    const again = await readAgain(bytes)
    expect(again.length).toBeGreaterThan(0)
    expect(again.every(({ link }) => link === 1)).toBe(true)
  })

  test('that changes nothing holds the same packets, byte for byte and nanosecond for nanosecond', async () => {
    const mixed = await packets(sample('formats/sections.pcapng'))
    expect(new Set(mixed.map(({ link }) => link)).size).toBeGreaterThan(2)
    const answers = mixed.filter(({ completes }) => completes === 'answer')
    expect(await twin(answers, 'answers only')).toEqual(answers)
  })

  test('that is lossy misses about one packet of twenty, wherever it stands', async () => {
    const left = await twin(original, 'lossy')
    expect(left.length / original.length).toBeGreaterThan(0.93)
    expect(left.length / original.length).toBeLessThan(0.97)
    const half = original.length / 2
    const lost = original.filter((one) => !left.some((other) => isSame(one, other)))
    expect(lost.some((one) => original.indexOf(one) < half)).toBe(true)
    expect(lost.some((one) => original.indexOf(one) > half)).toBe(true)
  })

  test('that is duplicated has every packet twice, in order', async () => {
    const all = await twin(original, 'duplicated')
    expect(all.length).toBe(2 * original.length)
    expect(all.filter((_, i) => i % 2 === 0)).toEqual(original)
    for (let i = 0; i < all.length; i += 2) {
      expect(nanoseconds(all[i + 1]) - nanoseconds(all[i])).toBe(50_000n)
      expect(all[i + 1].bytes).toEqual(all[i].bytes)
    }
  })

  test('of one direction keeps that direction alone', async () => {
    const count = (kind: string) => original.filter(({ completes }) => completes === kind).length
    expect((await twin(original, 'queries only')).length).toBe(original.length - count('answer'))
    expect((await twin(original, 'answers only')).length).toBe(original.length - count('query'))
    expect(count('answer')).toBeGreaterThan(100)
    expect(count('query')).toBeGreaterThan(100)
  })

  test.each([
    ['answers early', -1_000_000_000n],
    ['answers late', 1_000_000_000n],
  ] as const)(
    'with %s has all packets, the answers a second off, in order of time',
    async (kind, by) => {
      const moved = await twin(original, kind)
      expect(moved.length).toBe(original.length)
      const sum = (all: SeenPacket[]) => all.reduce((total, one) => total + nanoseconds(one), 0n)
      const answers = original.filter(({ completes }) => completes === 'answer').length
      expect(sum(moved) - sum(original)).toBe(by * BigInt(answers))
      const times = moved.map(nanoseconds)
      expect(times.every((time, i) => i === 0 || time >= times[i - 1])).toBe(true)
    },
  )

  test('that is reordered holds every packet once, none far from its place', async () => {
    const mixed = await twin(original, 'reordered')
    expect(mixed.length).toBe(original.length)
    const places = mixed.map((packet) => original.findIndex((one) => isSame(one, packet)))
    expect(places.some((place, i) => place !== i)).toBe(true)
    expect(places.every((place, i) => Math.abs(place - i) < 8)).toBe(true)
  })
})

function sample(path: string): string {
  return join(import.meta.dirname, '../samples', path)
}

async function packets(path: string): Promise<SeenPacket[]> {
  return (await packetsOf(path, [])) as SeenPacket[]
}

async function twin(from: SeenPacket[], kind: TwinKind): Promise<SeenPacket[]> {
  return readAgain(twinOf(from, kind))
}

async function readAgain(bytes: Uint8Array): Promise<SeenPacket[]> {
  const path = join(scratch, 'twin.pcapng')
  writeFileSync(path, bytes)
  return packets(path)
}

function nanoseconds(packet: SeenPacket): bigint {
  return BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds)
}

function isSame(one: SeenPacket, other: SeenPacket): boolean {
  return nanoseconds(one) === nanoseconds(other) && Buffer.compare(one.bytes, other.bytes) === 0
}
