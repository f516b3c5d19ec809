// The score verb as a user runs it: a capture with events, the same one called benign, and one without a label.

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scoreMarkdown } from '../src/inspect/report/score-text.ts'
import type { ScoreReport } from '../src/inspect/score/card.ts'
import { overhear, type Run } from './run-overhear.ts'

const folder = mkdtempSync(join(tmpdir(), 'score-command-'))
const temporary = join(folder, 'tmp')
const labelled = join(folder, 'labelled')
const samples = join(import.meta.dirname, '..', 'samples')

beforeAll(() => {
  for (const path of [temporary, labelled]) mkdirSync(path)
  for (const ending of ['json', 'pcap']) {
    copyFileSync(join(samples, `poisoning.${ending}`), join(labelled, `true.${ending}`))
  }
  copyFileSync(join(samples, 'poisoning.pcap'), join(labelled, 'wrong.pcap'))
  writeFileSync(join(labelled, 'wrong.json'), '{"benign": true}')
  copyFileSync(join(samples, 'formats/raw.pcap'), join(labelled, 'unknown.pcap'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const score = (...words: string[]) =>
  overhear(['score', '--detector', 'poisoning', ...words], { env: { TMPDIR: temporary } })

describe('a score card', () => {
  let run: Run
  let report: ScoreReport

  beforeAll(async () => {
    run = await score(labelled, '--json', '--baselines', '--ablate', 'all', '--exit-code')
    report = JSON.parse(run.stdout) as ScoreReport
  })

  test('has every event, every false finding with its reason, and counts what has no label', () => {
    expect(run.stderr).toBe('')
    expect(report.captures).toEqual({ scored: 2, benign: 1, withTruth: 1, unlabelled: 1 })
    expect(report.missed).toEqual([])
    expect(report.false.length).toBe(6)
    for (const { path, benign, why } of report.false) {
      expect(path).toBe(join(labelled, 'wrong.pcap'))
      expect(benign).toBe(true)
      expect(why.length).toBeGreaterThan(30)
    }
    expect(report.rows.find(({ id }) => id === 'poisoning')).toMatchObject({
      truths: 6,
      found: 6,
      recall: 1,
      precision: 0.5,
    })
    const truths = report.perCapture.flatMap((capture) => capture.truths)
    // The real answer comes 42 or 44 ms after the query: sooner nobody can know.
    for (const { scenario, secondsToAlert } of truths.filter(({ scenario: s }) =>
      /forged/.test(s),
    )) {
      expect(secondsToAlert, scenario).toBeGreaterThan(0.04)
      expect(secondsToAlert, scenario).toBeLessThan(0.05)
    }
  })

  test('has the rows of other programs and the worth of each point', () => {
    const ours = report.rows.filter(({ detector }) => detector === 'poisoning')
    expect(ours.map(({ id }) => id)).toEqual(['poisoning', 'powerdns-near-miss'])
    expect(ours[1]).toMatchObject({ found: 2, truths: 6, falseAlerts: 2 })
    expect(report.ablation.some(({ found, foundWithout }) => foundWithout < found)).toBe(true)
    expect(report.robustness).toBe(null)
  })

  test('is tables in Markdown, and nothing from a packet is markup there', () => {
    const [first, ...others] = report.false
    const hostile = { ...first, why: 'names like <b>*a*</b>|_x_.example [y](z)' }
    const text = scoreMarkdown({ ...report, false: [hostile, ...others] }).join('\n')
    expect(text).toMatch(/^# Score card\n/)
    expect(text).toContain('| poisoning | 6 of 6 |')
    expect(text).toContain('names like \\<b\\>\\*a\\*\\</b\\>\\|\\_x\\_.example \\[y\\](z)')
  })

  test('exits with 1 on a false alert where --exit-code is given, and leaves nothing behind', () => {
    expect(run.code).toBe(1)
    expect(readdirSync(temporary).filter((name) => !name.startsWith('tsx-'))).toEqual([])
  })
})

test('as text it fits 80 columns and names what is wrong; with twins it says what they change', async () => {
  const path = join(labelled, 'wrong.pcap')
  const run = await score(path, '--no-times', '--robustness', '--exit-code')
  expect(run).toMatchObject({ code: 1, stderr: '' })
  expect(run.stdout).toContain('Not as it should be: 0 events missed, 6 false alerts')
  expect(run.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(run.stdout).toContain('Worse vantages')
  expect(run.stdout).toMatch(/^duplicated +1 +0 of 0 +\d \+ \d +6$/m)
  expect(run.stdout).not.toMatch(/\u001b/)
})

test.each([
  [[], 2, 'needs a folder'],
  [[join(samples, 'formats/raw.json')], 3, 'none of 1 captures has a label'],
  [['x', '--ablate', 'nothing'], 2, 'no source of points called "nothing"'],
  [['x', '--detector', 'nothing'], 2, '--detector takes one of'],
])('score %j is refused with %i', async (words, code, sentence) => {
  const run = await score(...words)
  expect(run).toMatchObject({ code, stdout: '' })
  expect(run.stderr).toContain(sentence)
})
