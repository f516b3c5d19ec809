// Poisoning on whole captures: every attack that is in them, and silence on what is benign, as recorded and as other vantage points would see it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { pcapFile } from '../samples/make/capture.ts'
import { Random } from '../samples/make/random.ts'
import { Recording } from '../samples/make/recording.ts'
import { address } from '../samples/make/records.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import type { Finding } from '../src/inspect/detect/detector.ts'
import poisoning from '../src/inspect/detect/poisoning/poisoning.ts'
import { run } from '../src/inspect/detect/run.ts'
import { readPcap, twin, twinKinds } from './capture-twins.ts'
import { database, useStore } from './detect-fixture.ts'

useStore()

const corpus = join(import.meta.dirname, '../../shared/captures')
const hasCorpus = existsSync(corpus)
if (!hasCorpus) {
  if (process.env['CI']) throw new Error('../shared/captures is absent')
  console.warn('real captures are absent: ../shared/captures is not there')
}

const folder = mkdtempSync(join(tmpdir(), 'poisoning-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function findingsIn(paths: string[]): Promise<Finding[]> {
  await ingestFiles(paths, database)
  return (await run(database, [poisoning])).findings
}

async function findingsInBytes(bytes: Uint8Array): Promise<Finding[]> {
  const path = join(folder, 'capture.pcap')
  writeFileSync(path, bytes)
  return findingsIn([path])
}

function inShort(found: Finding[]) {
  return found.map(({ rule, score, subject, why }) => ({ rule, score, subject, why }))
}

describe.skipIf(!hasCorpus)('the shared captures', () => {
  interface Label {
    benign?: boolean
    expect?: { detector: string }[]
  }

  test('nothing is found in all that is benign, taken together', async () => {
    const labels = JSON.parse(readFileSync(join(corpus, 'labels.json'), 'utf8')) as Record<
      string,
      Label
    >
    const benign = Object.keys(labels).filter((file) => labels[file]?.benign === true)
    expect(benign.length).toBeGreaterThan(100)
    const found = await findingsIn(benign.map((file) => join(corpus, file)))
    expect(inShort(found)).toEqual([])
  }, 120_000)

  test('65,535 guesses at an id are one critical finding that names the query', async () => {
    const found = await findingsIn([join(corpus, 'pops-guessing-7623.pcap.gz')])
    expect(found).toMatchObject([
      { rule: 'poisoning/near-miss-id', severity: 'critical', subject: { domain: 'example.com' } },
    ])
    expect(found[0]?.evidence.map(({ frame }) => frame)).toEqual([2, 3, 4, 5, 6])
  }, 60_000)

  test('the only name server outside the domain, with its address, wants a look', async () => {
    const found = await findingsIn([join(corpus, 'pops-out-of-bailiwick.pcap')])
    expect(found).toMatchObject([
      { rule: 'poisoning/bailiwick', score: 30, evidence: [{ frame: 2 }] },
    ])
  })

  test('two answers that are identical are silent', async () => {
    expect(await findingsIn([join(corpus, 'zeek-dns-two-responses.pcap')])).toEqual([])
  })
})

describe('twins of benign captures', () => {
  const samples = join(import.meta.dirname, '../samples')
  const originals = [
    join(samples, 'quiet-hour.pcap.gz'),
    ...(hasCorpus
      ? ['ggy-normal-00000-00003.pcap.zst', 'mercury-dns-packet-capture2.pcap.gz'].map((file) =>
          join(corpus, file),
        )
      : []),
  ]

  test.each(
    originals.flatMap((path) =>
      twinKinds.map((kind) => [path.split('/').at(-1), kind, path] as const),
    ),
  )(
    '%s, %s, is silent',
    async (_, kind, path) => {
      const found = await findingsInBytes(twin(readPcap(path, 12_000), kind))
      expect(inShort(found)).toEqual([])
    },
    60_000,
  )
})

describe('a forger on the wire', () => {
  const resolver = '192.0.2.53'
  const server = '203.0.113.20'
  const shop = { name: 'shop.example.com', type: 'A' } as const

  /** Ordinary exchanges with the server, so that its usual distance and time are known. */
  function ordinary(recording: Recording): void {
    for (let i = 0; i < 30; i++) {
      const question = { name: `h${i}.example.com`, type: 'A' } as const
      const query = recording.ask(i, resolver, server, question)
      const answers = [address(question.name, 300, `198.51.100.${i}`)]
      recording.answer(query, 0.04, { aa: true, answers })
    }
  }

  async function found(attack: (recording: Recording) => void): Promise<Finding[]> {
    const recording = new Recording('2026-03-05T15:00:00Z', new Random(7))
    ordinary(recording)
    attack(recording)
    return findingsInBytes(pcapFile(recording.packets()))
  }

  const forged = { aa: true, answers: [address(shop.name, 86_400, '203.0.113.66')] }
  const real = { aa: true, answers: [address(shop.name, 300, '198.51.100.81')] }

  test.each(['id', 'port'])('a hundred packets that guess the %s are found', async (what) => {
    const guesses = await found((recording) => {
      const query = recording.ask(40, resolver, server, shop)
      for (let i = 0; i < 100; i++) {
        const id = what === 'id' ? (query.message.id + 1 + i * 37) & 0xffff : query.message.id
        const port = what === 'port' ? 1024 + i * 601 : query.client.port
        recording.answer(
          query,
          0.001 + i * 0.0003,
          { ...forged, id },
          { to: { address: resolver, port } },
        )
      }
      recording.answer(query, 0.04, real)
    })
    expect(guesses).toMatchObject([
      {
        rule: `poisoning/near-miss-${what}`,
        measures: { misses: { value: 100 } },
        subject: { client: resolver, server, domain: 'example.com' },
        contrast: {
          records: [{ side: 'first', text: 'A 198.51.100.81, TTL 300' }, { side: 'second' }],
        },
      },
    ])
    expect(guesses[0]?.evidence).toHaveLength(5)
  })

  test('a hundred packets over fifty siblings are a flood of siblings', async () => {
    const guesses = await found((recording) => {
      for (let i = 0; i < 50; i++) {
        const question = { name: `x${i * 7919}.example.com`, type: 'A' } as const
        const query = recording.ask(40 + i * 0.1, resolver, server, question)
        for (const guess of [1, 2]) {
          const id = (query.message.id + guess * 997) & 0xffff
          const answers = [address(question.name, 86_400, '203.0.113.66')]
          recording.answer(query, 0.001 * guess, { aa: true, answers, id })
        }
        recording.answer(query, 0.04, { aa: true, rcode: 3 })
      }
    })
    expect(guesses).toMatchObject([
      { rule: 'poisoning/siblings', measures: { misses: { value: 100 } } },
    ])
  })

  test('a race is found with who was first, the frames of both, and on-path', async () => {
    const [race, ...others] = await found((recording) => {
      const query = recording.ask(40, resolver, server, shop)
      recording.answer(query, 0.002, forged, { ttl: 99 })
      recording.answer(query, 0.04, real)
    })
    expect(others).toEqual([])
    expect(race).toMatchObject({
      rule: 'poisoning/two-answers',
      contrast: { first: { frame: 62 }, second: { frame: 63 } },
      severity: 'critical',
    })
    expect(race?.why).toContain('The first one is forged')
    expect(race?.why).toContain('on the path')
  })

  test('guesses of which one hits are off-path, and the first answer is the forged one', async () => {
    const both = await found((recording) => {
      const query = recording.ask(40, resolver, server, shop)
      for (let i = 1; i <= 100; i++) {
        const id = (query.message.id + i * 37) & 0xffff
        recording.answer(query, 0.001 + i * 0.0001, { ...forged, id }, { ttl: 99 })
      }
      recording.answer(query, 0.015, forged, { ttl: 99 })
      recording.answer(query, 0.04, real)
    })
    both.sort((a, b) => (a.rule < b.rule ? -1 : 1))
    const [guessing, race] = both
    expect(both.map(({ rule }) => rule)).toEqual([
      'poisoning/near-miss-id',
      'poisoning/two-answers',
    ])
    expect(guessing?.points.map(({ name }) => name)).toContain('a guess was accepted')
    expect(race?.why).toContain('off the path')
    expect(race?.why).toContain('The first one is forged')
  })
})
