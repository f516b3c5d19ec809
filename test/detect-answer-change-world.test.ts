// Answer change on sixty simulated days: a hundred watched domains, twelve ways to hijack them, fifteen ordinary changes, and bad taps.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import type { Finding } from '../src/inspect/detect/detector.ts'
import { run } from '../src/inspect/detect/run.ts'
import type { Incident } from './answer-steps.ts'
import { makeWorld, type World } from './answer-world.ts'
import { insertWorld, taps } from './answer-world-store.ts'
import { database, useStore } from './detect-fixture.ts'

useStore()

const answerChange = detectors.filter(({ id }) => id === 'answer-change')

describe('a hundred watched domains for sixty days', () => {
  // The points were tuned with seed 1 and frozen; seed 2 was not looked at before.
  test.each([1, 2])(
    'seed %i: hijacks are found, ordinary changes are not',
    async (seed) => {
      const days = 60
      const world = makeWorld({ seed, domains: 100, days, hijacksOfAKind: 4, benignOfAKind: 6 })
      await insertWorld(database, world)
      const { found, missed, falseAlerts, trueAlerts } = await score(world)
      const hijacks = world.incidents.filter(({ isHijack }) => isHijack)
      expect(hijacks.length).toBe(48)
      expect(world.incidents.length - hijacks.length).toBe(90)
      const mustBeAll = /name servers|MX|glue|DS|theft/
      expect(missed.filter(({ kind }) => mustBeAll.test(kind))).toEqual([])
      expect(found.length / hijacks.length).toBeGreaterThanOrEqual(0.95)
      expect(trueAlerts / (trueAlerts + falseAlerts.length)).toBeGreaterThanOrEqual(0.9)
      const perHundredNamesAndMonth = falseAlerts.length / (days / 30)
      expect(perHundredNamesAndMonth).toBeLessThanOrEqual(1)
    },
    120_000,
  )
})

describe('the same traffic through a bad tap', () => {
  const quiet = makeWorld({ seed: 3, domains: 20, days: 40, hijacksOfAKind: 0, benignOfAKind: 1 })
  const hijacked = makeWorld({
    seed: 4,
    domains: 14,
    days: 40,
    hijacksOfAKind: 1,
    benignOfAKind: 0,
  })

  test.each(Object.keys(taps) as (keyof typeof taps)[])(
    '%s: ordinary changes stay silent',
    async (tap) => {
      await insertWorld(database, quiet, tap)
      expect((await score(quiet)).falseAlerts).toEqual([])
    },
    60_000,
  )

  test.each(['lossy', 'duplicated', 'reordered'] as const)(
    '%s: hijacks are still found',
    async (tap) => {
      await insertWorld(database, hijacked, tap)
      expect((await score(hijacked)).missed).toEqual([])
    },
    60_000,
  )
})

/** Alerts (50 points and more) against what happened: a hijack is found by an alert about its domain that begins while it goes on, or six hours later at caches. */
async function score(world: World) {
  const watch = world.domains.map(({ name }) => name)
  const result = await run(database, answerChange, { watch, minSeverity: 'high' })
  const hijacks = world.incidents.filter(({ isHijack }) => isHijack)
  const found = hijacks.filter((hijack) =>
    result.findings.some((finding) => isAbout(finding, hijack)),
  )
  const falseAlerts = result.findings
    .filter((finding) => !hijacks.some((hijack) => isAbout(finding, hijack)))
    .map(({ why, points }) => ({ why, points }))
  return {
    found,
    missed: hijacks.filter((hijack) => !found.includes(hijack)),
    falseAlerts,
    trueAlerts: result.findings.length - falseAlerts.length,
  }
}

function isAbout({ subject, first_seen }: Finding, { domain, from, until }: Incident): boolean {
  const hour = (Date.parse(first_seen) - Date.UTC(2026, 2, 2)) / 3_600_000
  const isBelow = subject.name === domain || subject.name?.endsWith(`.${domain}`) === true
  return isBelow && hour >= from - 1 && hour <= until + 6
}
