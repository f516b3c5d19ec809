// Laws of the write path, tried on random traffic: every message leaves in one row, verdicts are those of a plain model, digests mean what they say.

import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { parse } from 'tldts'
import { describe, expect, it } from 'vitest'
import { Random } from '../samples/make/random.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { Records } from '../src/ingest/decode/records.ts'
import { answerDigest, digestAnswer } from '../src/ingest/match/digest.ts'
import { domainFound, findDomain } from '../src/dns/public-suffix.ts'
import { type ModelEvent, ModelMatcher } from './matcher-model.ts'
import { countBy, type Row, Traffic } from './traffic.ts'

describe('the matcher', () => {
  it('says of each message what a plain model says', () => {
    const steps = [0, 0, 0.000_1, 0.001, 0.01, 0.5, 3, 9, 11, 31]
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 400 }), (seed, count) => {
        const random = new Random(seed)
        const traffic = new Traffic()
        const model = new ModelMatcher()
        let microseconds = 1_700_000_000_000_000
        for (let i = 0; i < count; i++) {
          microseconds += Math.round(random.pick(steps) * 1e6)
          const event: ModelEvent = {
            seconds: microseconds / 1e6,
            isResponse: random.chance(0.5),
            client: random.integer(0, 2),
            server: random.integer(0, 2),
            port: random.integer(0, 2),
            id: random.integer(0, 3),
            name: random.integer(0, 2),
            variant: random.integer(0, 2),
          }
          traffic.take(event.seconds, wireOf(event), {
            client: `192.0.2.${event.client}`,
            server: `198.51.100.${event.server}`,
            clientPort: 40_000 + event.port,
          })
          model.take(event)
        }
        const key = (match: string, frame: number, responseFrame: number, attempts: number) =>
          `${isMiss(match) ? 'miss' : match} ${isMiss(match) ? 0 : frame} ${responseFrame} ${attempts}`
        const rows = traffic
          .finish()
          .map((row) => key(row.match, row.frame, row.responseFrame, row.attempts))
        const modelled = model
          .finish()
          .map((row) => key(row.match, row.frame, row.responseFrame, row.attempts))
        expect(rows.toSorted()).toEqual(modelled.toSorted())
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves no message without its row, in tables of any size, when time jumps', () => {
    let messages = 0
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 200 }),
        (seed, count, log2Entries, blockRows) => {
          const random = new Random(seed)
          const limits = { entries: 2 ** log2Entries, arenaBytes: 1 << 19 }
          const traffic = new Traffic({ limits, timeoutSeconds: 5 }, blockRows)
          let seconds = 1_000_000
          for (let i = 0; i < count; i++) {
            seconds = Math.max(0, seconds + nextStep(random))
            const event: ModelEvent = {
              seconds,
              isResponse: random.chance(0.45),
              client: random.integer(0, 4),
              server: random.integer(0, 2),
              port: random.integer(0, 3),
              id: random.integer(0, 6),
              name: random.integer(0, 40),
              variant: random.integer(0, 2),
            }
            const wire = wireOf(event)
            const cut = random.chance(0.05) ? random.integer(0, wire.length) : wire.length
            traffic.take(seconds, wire.subarray(0, cut), {
              client: `192.0.2.${event.client}`,
              server: `198.51.100.${event.server}`,
              clientPort: 40_000 + event.port,
              vlan: random.pick([0, 0, 10, 20]),
              service: random.chance(0.02) ? 1 : 0,
            })
          }
          expectAllAccounted(traffic, count)
          messages += count
        },
      ),
      { numRuns: 120 },
    )
    expect(messages).toBeGreaterThan(100_000)
  })

  it('keeps 60,000 queries under way while its table grows, and gives each its own name back', () => {
    const traffic = new Traffic({}, 65_536)
    const names = Array.from({ length: 60_000 }, (_, i) => `${'n'.repeat(50)}${i}.example`)
    names.forEach((name, i) => traffic.take(1000 + i / 10_000, plain(i & 0xffff, name, false)))
    for (let i = names.length - 1; i >= 0; i -= 2) {
      traffic.take(1007, plain(i & 0xffff, names[i], true))
    }
    expect(traffic.matcher.table.capacity).toBe(65_536)
    const rows = expectAllAccounted(traffic, 90_000)
    expect(countBy(rows)).toEqual({ answered: 30_000, open: 30_000 })
    expect(rows.every((row) => row.qname === names[row.frame - 1])).toBe(true)
    expect(new Set(rows.map(({ frame }) => frame)).size).toBe(60_000)
  })

  it('goes round its full table many times, counting what it gives up early', () => {
    const traffic = new Traffic({ limits: { entries: 256, arenaBytes: 1 << 19 } }, 4096)
    const random = new Random(7)
    const count = 100_000
    for (let i = 0; i < count; i++) {
      const name = 'x'.repeat(random.integer(1, 60))
      traffic.take(1000 + i / 100_000, plain(i & 0xffff, name, false), {
        clientPort: 1024 + (i >> 16),
      })
    }
    const { matcher } = traffic
    expect(matcher.tallies[0].evicted).toBe(count - 256)
    const rows = expectAllAccounted(traffic, count)
    expect(countBy(rows)).toEqual({ unanswered: count - 256, open: 256 })
    expect(rows.map(({ frame }) => frame)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  })

  it('stores queries of 60 kB in the smallest arena', () => {
    const traffic = new Traffic({ limits: { entries: 16, arenaBytes: 1 } })
    const large = Buffer.concat([plain(1, 'large', false), Buffer.alloc(60_000)])
    large.writeUInt16BE(1, 10)
    const question = large.length - 60_000
    large.write('0000100001000000000000', question, 'hex')
    large.writeUInt16BE(60_000 - 11, question + 9)
    for (let i = 0; i < 200; i++) {
      large.writeUInt16BE(i, 0)
      traffic.take(1000, large)
    }
    const rows = expectAllAccounted(traffic, 200)
    expect(rows.every(({ records }) => records.length === 1)).toBe(true)
  })

  it('lets queries time out again after the clock was set back', () => {
    const traffic = new Traffic()
    traffic.take(10_000, plain(1, 'before', false))
    traffic.take(5000, plain(2, 'after', false))
    traffic.take(5012, plain(2, 'after', true))
    traffic.take(5012, plain(3, 'last', false))
    const rows = expectAllAccounted(traffic, 4)
    expect(rows.map(({ match, qname }) => `${match} ${qname}`)).toEqual([
      'unanswered before',
      'unanswered after',
      'late after',
      'open last',
    ])
  })
})

describe('the digest of an answer', () => {
  const names = ['a.example', 'b.example', 'A.EXAMPLE']
  const record = fc.record({
    name: fc.constantFrom(...names),
    type: fc.constantFrom(16, 65_400),
    rrClass: fc.constantFrom(1, 3),
    ttl: fc.nat(0xffff_ffff),
    data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  })
  type RecordValue = typeof record extends fc.Arbitrary<infer Value> ? Value : never

  it('is free of order, of times to live and of the case of names', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.nat(), (records, seed) => {
        const random = new Random(seed)
        const shuffled = records
          .map((each) => ({ each, at: random.next() }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => ({ ...each, ttl: random.integer(0, 2 ** 32) }))
        const folded = shuffled.map((each) => ({ ...each, name: each.name.toLowerCase() }))
        expect(digestOf(shuffled)).toBe(digestOf(records))
        expect(digestOf(folded)).toBe(digestOf(records))
      }),
    )
  })

  it('differs with the response code', () => {
    fc.assert(
      fc.property(fc.array(record), fc.nat(15), fc.nat(15), (records, a, b) => {
        fc.pre(a !== b)
        expect(digestOf(records, a)).not.toBe(digestOf(records, b))
      }),
    )
  })

  it('differs with data, type, class, name, and with a record more or less', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), record, fc.nat(), (records, other, nth) => {
        const at = nth % records.length
        const changed = records.toSpliced(at, 1, other)
        const spell = (list: RecordValue[]) =>
          list
            .map((each) => JSON.stringify({ ...each, ttl: 0, name: each.name.toLowerCase() }))
            .toSorted()
        const isEqual = JSON.stringify(spell(changed)) === JSON.stringify(spell(records))
        expect(digestOf(changed) === digestOf(records)).toBe(isEqual)
        expect(digestOf([...records, other])).not.toBe(digestOf(records))
        expect(digestOf(records.toSpliced(at, 1))).not.toBe(digestOf(records))
      }),
      { numRuns: 1000 },
    )
  })

  it('is never 0', () => {
    for (let rcode = 0; rcode < 16; rcode++) expect(digestOf([], rcode)).not.toBe('0 0')
  })

  function digestOf(list: readonly RecordValue[], rcode = 0): string {
    const parts: Uint8Array[] = [
      Buffer.from([0, 1, 0x81, 0x80 | rcode, 0, 0, 0, list.length, 0, 0, 0, 0]),
    ]
    for (const { name, type, rrClass, ttl, data } of list) {
      const fixed = Buffer.alloc(10)
      fixed.writeUInt16BE(type, 0)
      fixed.writeUInt16BE(rrClass, 2)
      fixed.writeUInt32BE(ttl, 4)
      fixed.writeUInt16BE(data.length, 8)
      parts.push(wireName(name), fixed, Buffer.from(data))
    }
    const wire = Buffer.concat(parts)
    const message = new Message()
    const records = new Records(1)
    decodeMessage(wire, 0, wire.length, false, message, records, 0)
    expect(records.count).toBe(list.length)
    digestAnswer(message, records, { count: 0, namePosition: 0, dataPosition: 0 })
    return `${answerDigest.high} ${answerDigest.low}`
  }
})

describe('the registrable domain', () => {
  const list = createRequire(import.meta.url)(
    'tldts/dist/cjs/src/data/trie.js',
  ) as typeof import('tldts/dist/types/src/data/trie.js')
  const labelStarts: number[] = []
  let at = 0
  for (const sizeBytes of list.edgeLength) {
    labelStarts.push(at)
    at += sizeBytes
  }
  const label = fc.oneof(
    fc.constantFrom(
      'com',
      'co',
      'uk',
      'example',
      'github',
      'io',
      'www',
      'kawasaki',
      'jp',
      'city',
      'ck',
      '*',
      'compute',
      'amazonaws',
    ),
    fc.constantFrom('a\\.b', '\\\\', '\\\\\\.', 'x'.repeat(63), 'y'.repeat(57), '\\000'),
    fc.stringMatching(/^[a-z0-9-]{1,63}$/),
  )
  const domainName = fc.array(label, { minLength: 1, maxLength: 8 }).map((each) => each.join('.'))

  it('is that of the list, whatever was asked for before', () => {
    fc.assert(
      fc.property(fc.array(domainName, { minLength: 1, maxLength: 20 }), (asked) => {
        for (const name of [...asked, ...asked.toReversed()]) {
          const wire = Buffer.from(`#${name}#`, 'latin1')
          findDomain(wire, 1, name.length)
          // The library takes an escaped dot for a dot: it is shown another letter there.
          const shown = name.replace(/\\./g, (escape) => (escape === '\\.' ? '\\!' : escape))
          const { domain, isIcann, isPrivate } = parse(shown, {
            allowPrivateDomains: true,
            detectIp: false,
            extractHostname: false,
            validateHostname: false,
          })
          expect(domainFound.isListed, name).toBe(isIcann === true || isPrivate === true)
          expect(name.slice(domainFound.start), name).toBe(
            domain === null ? '' : name.slice(-domain.length),
          )
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('is that of the list for every rule in it, whatever stands before', () => {
    const { rulesRoot, exceptionsRoot } = list
    for (const rule of [...rulesUnder(rulesRoot, ''), ...rulesUnder(exceptionsRoot, '')]) {
      for (const name of [rule, `a.${rule}`, `com.www.b.${rule}`]) {
        const known = parse(name, {
          allowPrivateDomains: true,
          detectIp: false,
          extractHostname: false,
          validateHostname: false,
        })
        findDomain(Buffer.from(name), 0, name.length)
        if (name.slice(domainFound.start) !== (known.domain ?? '')) expect.fail(name)
        if (domainFound.isListed !== (known.isIcann || known.isPrivate)) expect.fail(name)
      }
    }
  })

  /** Every rule below a node in letters a wire name can have, `w` for any label. */
  function rulesUnder(node: number, suffix: string): string[] {
    const rules: string[] = []
    for (let edge = list.edgeStart[node]; edge < list.edgeStart[node + 1]; edge++) {
      const start = labelStarts[edge]
      const text = list.labelText.slice(start, start + list.edgeLength[edge]).replace('*', 'w')
      if (/[^ -~]/.test(text)) continue
      const rule = suffix === '' ? text : `${text}.${suffix}`
      rules.push(rule, ...rulesUnder(list.edgeChild[edge], rule))
    }
    return rules
  }

  it('is none for a suffix, the root and no name', () => {
    for (const name of ['com', 'co.uk', '.', '', 'github.io', 'x'.repeat(63)]) {
      findDomain(Buffer.from(name), 0, name.length)
      expect(domainFound.start).toBe(name.length)
    }
  })
})

/** Mostly forward by little, sometimes a jump of hours or weeks in either direction. */
function nextStep(random: Random): number {
  const kind = random.next()
  if (kind < 0.9) return random.pick([0, 0.001, 0.1, 1])
  if (kind < 0.96) return random.integer(2, 40)
  return random.integer(-1_000_000, 1_000_000)
}

/** Checks the sums and that each answer stands in one row; gives the rows. */
function expectAllAccounted(traffic: Traffic, messages: number): Row[] {
  const rows = traffic.finish()
  const [tally] = traffic.matcher.tallies
  const sum = (amount: (row: Row) => number) => rows.reduce((total, row) => total + amount(row), 0)
  const malformed = sum(({ match }) => Number(match === 'malformed'))
  const responses = sum((row) => Number(row.match !== 'malformed' && row.responseFrame > 0))
  const attempts = sum((row) => row.attempts)
  expect([attempts, responses, malformed]).toEqual([
    tally.queries,
    tally.responses,
    tally.malformed,
  ])
  expect(attempts + responses + malformed).toBe(messages)
  const frames = rows.map(({ responseFrame }) => responseFrame).filter((frame) => frame > 0)
  expect(new Set(frames).size).toBe(frames.length)
  expect([...tally.verdicts].reduce((total, each) => total + each, 0)).toBe(rows.length)
  return rows
}

function isMiss(match: string): boolean {
  return match === 'unsolicited' || match.startsWith('wrong_') || match === 'miss'
}

const wires = new Map<string, Buffer>()

/** The event's message; answers differ by variant. */
function wireOf({ isResponse, id, name, variant }: ModelEvent): Buffer {
  const key = `${isResponse} ${id} ${name} ${variant}`
  let wire = wires.get(key)
  if (wire === undefined) {
    wire = plain(id, `host-${name}.example.com`, isResponse)
    if (isResponse) wire[3] = variant
    wires.set(key, wire)
  }
  return wire
}

/** Header and one question for an address. */
function plain(id: number, name: string, isResponse: boolean): Buffer {
  const head = Buffer.from([id >> 8, id & 255, isResponse ? 0x81 : 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([head, wireName(name), Buffer.from([0, 1, 0, 1])])
}

function wireName(name: string): Buffer {
  const labels = name.split('.').map((each) => Buffer.from(each))
  return Buffer.concat([
    ...labels.flatMap((each) => [Buffer.from([each.length]), each]),
    Buffer.alloc(1),
  ])
}
