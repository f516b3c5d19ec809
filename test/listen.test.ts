// A mirrored port through the real program: a real name server, a load generator and a veth pair, every query accounted for.

import { once } from 'node:events'
import { watch } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { ask, spoolOf, scratchFolder, skipping, until } from './command.ts'
import { makePair, missingTools, type Pair, sendQueries, serveZone } from './namespace.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

const listening = /^overhear: listening on far; Ctrl-C stops and stores what was seen\n$/

describe.skipIf(!canTest())('listen', () => {
  test('stores every query that a load generator sent, with its answer, and loses none', async () => {
    const pair = makePair()
    try {
      await serveZone(pair, scratch.path(''))
      const store = scratch.path('store')
      const words = ['listen', 'far', '--store', store, '--json', '--sensor', 'lab']
      const sensor = await listener(pair, words)
      const { sent, completed } = await sendQueries(pair, scratch.path(''), 20_000)
      expect(sent).toBe(20_000)
      sensor.child.kill('SIGINT')
      const run = await sensor.ended
      expect(run.stderr).toMatch(listening)
      expect(run.code).toBe(0)

      const entry = JSON.parse(run.stdout) as Entry
      expect(entry).toMatchObject({ path: 'far', dropped: 0, evicted: 0, problems: [] })
      expect(entry.messages).toEqual({ query: sent, response: completed, malformed: 0 })
      const { dns, other, malformed, unsupported } = entry.bins
      expect(dns + other + sum(malformed) + sum(unsupported)).toBe(entry.packets)
      const counting = `SELECT count() AS rows, uniqExact(qname) AS names, countIf(match = 'answered') AS answered,
          toUInt32(sum(attempts)) AS queries, countIf(has(rr.data, '192.0.2.80')) AS answers,
          uniqExact(client, server) AS paths, any(sensor) AS of
        FROM transactions WHERE qname LIKE 'n%.example.org'`
      expect(await ask(store, counting)).toEqual([
        {
          rows: sent,
          names: sent,
          answered: completed,
          queries: sent,
          answers: completed,
          paths: 1,
          of: 'lab',
        },
      ])
      const ledger = 'SELECT path, packets, queries, responses, dropped FROM captures'
      expect(await ask(store, ledger)).toEqual([
        { path: 'far', packets: entry.packets, queries: sent, responses: completed, dropped: 0 },
      ])
    } finally {
      await pair.remove()
    }
  })

  test('SIGTERM ends it in good order too, and what was seen twice is one store', async () => {
    const pair = makePair()
    try {
      await serveZone(pair, scratch.path(''))
      const store = scratch.path('twice')
      for (const run of [1, 2]) {
        const sensor = await listener(pair, ['listen', 'far', '--store', store])
        await sendQueries(pair, scratch.path(''), 500)
        sensor.child.kill('SIGTERM')
        const { code, stdout } = await sensor.ended
        expect(code).toBe(0)
        expect(stdout).toMatch(
          /^far: [\d,]+ packets, 1,000 DNS messages\n {2}exchanges: 500 answered/,
        )
        expect(await ask(store, 'SELECT count() AS rows FROM transactions')).toEqual([
          { rows: 500 * run },
        ])
      }
    } finally {
      await pair.remove()
    }
  })

  test('what was seen is stored while packets keep coming, and when the interface goes away', async () => {
    const pair = makePair()
    try {
      await serveZone(pair, scratch.path(''))
      const store = scratch.path('gone')
      const sensor = await listener(pair, ['listen', 'far', '--store', store, '--json'])
      const sealed = once(watch(spoolOf(store, sensor)!), 'change')
      const load = sendQueries(pair, scratch.path(''), 480, 40)
      const first = await Promise.race([sealed.then(() => 'a block'), load.then(() => 'the end')])
      await load
      await pair.runIn('server', ['ip', 'link', 'del', 'far']).ended
      const { code, stderr, stdout } = await sensor.ended
      expect(code).toBe(3)
      expect(stderr).toMatch(/\noverhear: far: tcpdump ended by itself: .+\n$/)
      const { messages } = JSON.parse(stdout) as Entry
      expect(messages.query).toBeGreaterThan(0)
      expect(
        await ask(store, 'SELECT toUInt32(sum(attempts)) AS queries FROM transactions'),
      ).toEqual([{ queries: messages.query }])
      expect(first).toBe('a block')
    } finally {
      await pair.remove()
    }
  })
})

interface Entry {
  packets: number
  bins: {
    dns: number
    other: number
    malformed: Record<string, number>
    unsupported: Record<string, number>
  }
  messages: { query: number }
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)

/** `overhear listen` beside the name server, once it says that it listens. */
async function listener(pair: Pair, words: string[]) {
  const running = pair.overhearIn('server', words)
  const { child, soFar } = running
  await until(() => soFar.stderr.includes('listening on far') || child.exitCode !== null)
  expect(soFar.stderr).toMatch(listening)
  return running
}

function canTest(): boolean {
  const missing = missingTools()
  const lacks = process.getuid?.() === 0 ? missing : ['root', ...missing]
  if (lacks.length > 0) skipping(`listening is not tested: that needs ${lacks.join(', ')}`)
  return lacks.length === 0
}
