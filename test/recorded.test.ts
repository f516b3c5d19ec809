// The recorded captures under samples/: what their labels say happened is found, and where nothing happened nothing alerts.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ScoreReport } from '../src/inspect/score/card.ts'
import { overhear } from './run-overhear.ts'

const folder = join(import.meta.dirname, '../samples/recorded')
const captures = readdirSync(folder).filter((name) => name.endsWith('.pcap.gz'))

describe('every recorded capture', () => {
  test('has a label, and all of them are small', () => {
    for (const name of captures) {
      const label = JSON.parse(
        readFileSync(join(folder, name.replace('.pcap.gz', '.json')), 'utf8'),
      ) as { truth?: object[]; benign?: boolean }
      expect(label.benign === true, name).toBe((label.truth ?? []).length === 0)
    }
    const size = captures.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    expect(size).toBeLessThan(1_500_000)
  })
})

describe('reflection, floods and tunnels of real programs', () => {
  test('are found, and what resembles them is silent', async () => {
    const others = captures.filter((name) => !name.startsWith('hijack-'))
    const report = await scored(others)
    expect(report.missed).toEqual([])
    expect(report.false.filter(({ benign, score }) => benign && score >= 50)).toEqual([])
    expect(report.captures).toMatchObject({ scored: others.length, unlabelled: 0 })
  }, 120_000)
})

describe('hijacks and forged answers between real servers and resolvers', () => {
  let report: ScoreReport

  beforeAll(async () => {
    report = await scored(captures.filter((name) => name.startsWith('hijack-')))
  }, 120_000)

  const row = (id: string) => report.rows.find((each) => each.id === id)

  test('are all found, delegations and mail, hosts and aliases, with a finding on the very record', () => {
    expect(report.missed).toEqual([])
    expect(report.captures).toMatchObject({ scored: 3, benign: 1, withTruth: 2, unlabelled: 0 })
    expect(row('answer-change')).toMatchObject({ truths: 22, found: 22, recall: 1 })
    const changes = report.perCapture
      .flatMap(({ truths }) => truths)
      .filter(({ kind }) => kind === 'answer-change')
    for (const { scenario, entity, rule } of changes) {
      expect(rule, scenario).toBe(`answer-change/${entity['type']?.toLowerCase()}`)
    }
  })

  test('are found by what they are: late real answers, guessed ids, ports, both, and at siblings', () => {
    expect(row('poisoning')).toMatchObject({ truths: 8, found: 8, recall: 1, precision: 1 })
    const rules = report.perCapture
      .flatMap(({ truths }) => truths)
      .filter(({ kind }) => kind === 'poisoning')
      .map(({ rule }) => rule?.replace('poisoning/', ''))
    expect(rules).toEqual([
      ...Array.from({ length: 4 }, () => 'two-answers'),
      'near-miss-id',
      'near-miss-port',
      'near-miss-id',
      'siblings',
    ])
  })

  test('are told from nineteen ordinary changes: none alerts, a failover and a move at once ask for a look', () => {
    expect(report.false.filter(({ score }) => score >= 50)).toEqual([])
    expect(
      report.false.map(({ detector, subject }) => `${detector} ${subject.name}`).toSorted(),
    ).toEqual(['answer-change firm02.example', 'answer-change www.firm10.example'])
    expect(row('answer-change')?.precision).toBeGreaterThan(0.9)
  })
})

async function scored(names: string[]): Promise<ScoreReport> {
  const paths = names.map((name) => join(folder, name))
  const run = await overhear(['score', ...paths, '--no-times', '--json', '--exit-code'])
  expect(run.stderr).toBe('')
  expect(run.code).toBe(0)
  return JSON.parse(run.stdout) as ScoreReport
}
