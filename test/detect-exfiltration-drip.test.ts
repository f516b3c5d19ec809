// Drips: how long data may leave at a steady rate before the detector alerts, run on nothing but what had been seen until then.

import { describe, expect, test } from 'vitest'
import { type Drop, drip } from '../samples/make/drip.ts'
import exfiltration from '../src/inspect/detect/exfiltration/exfiltration.ts'
import { literal } from '../src/inspect/detect/literal.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, insert, ordinary, time, useStore } from './detect-fixture.ts'

useStore()

const hour = 3600
const day = 24 * hour

/** An alert must come within the delay; how well names compress is chance, so it may come this much sooner. */
const early = 0.8
const late = 1

describe('a drip', () => {
  test.each([
    { rate: 35, piece: 35, after: 28, rule: 'volume-1h' },
    { rate: 0.58, piece: 35, after: 28 * 60, rule: 'volume-1h' },
    { rate: 0.17, piece: 20, after: 3.2 * hour, rule: 'volume-24h' },
    { rate: 0.033, piece: 10, after: 15 * hour, rule: 'volume-24h' },
    { rate: 10 / 1800, piece: 10, after: 15 * day, rule: 'volume-30d' },
  ])('of $rate B/s alerts after $after s, by $rule', async (expected) => {
    const { rate: bytesPerSecond, piece: bytesPerName, after, rule } = expected
    await ordinary(6, 'answered')
    const drops = drip({ bytesPerSecond, bytesPerName, seconds: after * 1.5 })
    await insertDrops(drops, 0)
    expect(await alerts(after * early)).toEqual([])
    expect(await alerts(after * late)).toEqual([`exfiltration/${rule}`])
  })

  test.each([
    { name: 'an hour', rate: 0.58, piece: 35, after: 28 * 60, from: day + 5 * hour - 14 * 60 },
    { name: 'a day', rate: 0.033, piece: 10, after: 15 * hour, from: 2 * day - 8 * hour },
    { name: 'a month', rate: 10 / 1800, piece: 10, after: 15 * day, from: 24 * day },
  ])('across the turn of $name is found as fast', async ({ rate, piece, after, from }) => {
    const drops = drip({ bytesPerSecond: rate, bytesPerName: piece, seconds: after * 1.5 })
    await insertDrops(drops, from)
    expect(await alerts(from + after * early)).toEqual([])
    expect(await alerts(from + after * late)).toHaveLength(1)
  })

  test('of 60 bytes each six hours stays below every threshold, as the bounds say', async () => {
    await insertDrops(drip({ bytesPerSecond: 60 / 21_600, bytesPerName: 60, seconds: 29 * day }), 0)
    expect((await run(database, [exfiltration])).findings).toEqual([])
  })

  test('split over six hosts is found by all their names under a new domain', async () => {
    const drops = drip({ bytesPerSecond: 0.11, bytesPerName: 20, seconds: 22 * hour })
    await ordinary(20, 'answered')
    await insertDrops(drops, 0, `toIPv6(concat('::ffff:192.0.2.', toString(10 + number % 6)))`)
    const { findings } = await run(database, [exfiltration])
    expect(findings).toMatchObject([
      { rule: 'exfiltration/domain-24h', subject: { domain: 'drip.example.org' } },
    ])
    expect(findings[0]?.subject.client).toBeUndefined()
    expect(findings[0]?.why).toMatch(/could have left from 6 clients to drip\.example\.org/)
  })

  test('makes the same names at each call, which hold their data', () => {
    const options = { bytesPerSecond: 1, bytesPerName: 10, seconds: 60 }
    expect(drip(options)).toEqual(drip(options))
    expect(drip(options).map(({ at }) => at)).toEqual([0, 10, 20, 30, 40, 50, 60])
    expect(new Set(drip(options).map(({ label }) => label)).size).toBe(7)
    expect(drip(options)[0]?.label).toMatch(/^[a-z2-7]{16}$/)
  })
})

async function insertDrops(drops: Drop[], from: number, client = `toIPv6('::ffff:192.0.2.7')`) {
  const labels = literal(
    drops.map(({ label }) => label),
    'Array(String)',
  )
  await insert(
    {
      qname: `concat(${labels}[number + 1], '.drip.example.org')`,
      domain: `'drip.example.org'`,
      ts: time(`${from} + [${drops.map(({ at }) => at).join(', ')}][number + 1]`),
      client,
    },
    drops.length,
  )
}

/** Rules that alert when nothing after `seconds` has been seen. */
async function alerts(seconds: number): Promise<string[]> {
  const start = Date.parse('2026-03-02T00:00:00Z')
  const until = new Date(start + seconds * 1000 + 1).toISOString().slice(0, 23).replace('T', ' ')
  const { findings } = await run(database, [exfiltration], { until, minSeverity: 'high' })
  return findings.map(({ rule }) => rule)
}
