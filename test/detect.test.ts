// Detectors: the contract every one keeps, the literals of their SQL, watch lists, and every labelled sample against all of them.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { SourceError, UsageError } from '../src/errors.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import {
  type Detector,
  detector,
  type Finding,
  flagsOf,
  givenParameters,
  type Rule,
  severityOf,
} from '../src/inspect/detect/detector.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { fill, literal } from '../src/inspect/detect/literal.ts'
import { run } from '../src/inspect/detect/run.ts'
import { parseWatchList, readWatchList } from '../src/inspect/watch/list.ts'
import { checkedRun, database, useStore } from './detect-fixture.ts'

useStore()

describe('the contract', () => {
  const rules = detectors.flatMap((definition) =>
    definition.rules.map((rule): [string, Detector, Rule] => [
      `${definition.id}/${rule.id}`,
      definition,
      rule,
    ]),
  )

  test('every detector says what it asks, why, what is benign and what to do next', () => {
    for (const each of detectors) {
      for (const text of [each.title, each.asks, each.why]) expect(text.length).toBeGreaterThan(10)
      for (const list of [each.attack, each.rules, each.benign, each.next, each.references]) {
        expect(list.length).toBeGreaterThan(0)
      }
      expect(each.attack.every((id) => /^T\d{4}(\.\d{3})?$/.test(id))).toBe(true)
      expect(each.asks.endsWith('?')).toBe(true)
    }
    expect(new Set(detectors.map(({ id }) => id)).size).toBe(detectors.length)
    expect(new Set(rules.map(([id]) => id)).size).toBe(rules.length)
  })

  test('every parameter is a flag of its own with help and a default', () => {
    const flags = flagsOf(detectors)
    expect(flags.map(({ flag }) => flag)).toContain('--exfiltration-min-bytes-day')
    expect(new Set(flags.map(({ flag }) => flag)).size).toBe(flags.length)
    expect(flags.length).toBe(
      detectors.reduce((n, { parameters }) => n + Object.keys(parameters).length, 0),
    )
    for (const { flag, definition } of flags) {
      expect(flag).toMatch(/^--[a-z]+(-[a-z]+)+$/)
      expect(definition.help.length).toBeGreaterThan(10)
      expect(definition.default).toBeGreaterThan(0)
    }
  })

  test.each(rules)(
    '%s is a query the engine accepts, and its subject narrows it',
    async (_, definition, rule) => {
      const values: Record<string, unknown> = {
        since: '2026-01-01 00:00:00',
        until: '2027-01-01 00:00:00',
        oneWay: ['a'],
        oneWayTaps: ["b'"],
        oneWayFrom: [0],
        oneWayUntil: [300],
        allClients: 5,
        watch: ['b'],
      }
      for (const [name, { default: value }] of Object.entries(definition.parameters))
        values[name] = value
      for (const [, name] of rule.subject.matchAll(/\{(\w+):IPv6\}/g)) values[name] = '::1'
      for (const [, name] of rule.subject.matchAll(/\{(\w+):String\}/g)) values[name] = "it's"
      const sql = `SELECT * FROM (${rule.sql}) WHERE ${rule.subject}`
      expect(await database.rows(sql, values)).toEqual([])
      expect(await database.rows(fill(sql, values))).toEqual([])
      expect((await database.rows(`EXPLAIN ${rule.sql}`, values)).length).toBeGreaterThan(0)
      expect(rule.sql).toMatch(/LIMIT \d+/)
    },
  )

  test('a placeholder nobody declared is refused when the detector is defined', () => {
    const [first] = detectors
    const broken = { ...first.rules[0], sql: 'SELECT {minByte:UInt32}' }
    expect(() => detector({ ...first, rules: [broken] })).toThrow('minByte')
    expect(Object.keys(givenParameters)).toContain('since')
  })

  test('an unknown parameter, a negative value and half an integer are refused', async () => {
    const bad = { exfiltration: { minByte: 1 } }
    await expect(run(database, detectors, { overrides: bad })).rejects.toThrow(UsageError)
    for (const value of [-1, 1.5, Number.NaN]) {
      const overrides = { exfiltration: { minBytes: value } }
      await expect(run(database, detectors, { overrides })).rejects.toThrow(
        '--exfiltration-min-bytes',
      )
    }
  })

  test('alerts begin at 50 and reviews at 30', () => {
    expect([29, 30, 39, 40, 49, 50, 79, 80].map(severityOf)).toEqual([
      null,
      'low',
      'low',
      'medium',
      'medium',
      'high',
      'high',
      'critical',
    ])
  })

  test('an empty store gives an empty report', async () => {
    const result = await run(database, detectors)
    expect(result.findings).toEqual([])
    expect(result.window).toEqual({ since: null, until: null, transactions: 0 })
    expect(result.detectors.map(({ id }) => id)).toEqual(detectors.map(({ id }) => id))
  })
})

describe('literals', () => {
  test.each([
    `it's`,
    `back\\slash`,
    `a\nb\r\0\x7f`,
    `{since:String}`,
    `\\'; DROP TABLE x --`,
    `"é"`,
    `a\tb`,
  ])('the text %j comes back as it was', async (text) => {
    const [row] = await database.rows<{ a: string; b: string[] }>(
      `SELECT ${literal(text, 'String')} AS a, ${literal([text, text], 'Array(String)')} AS b`,
    )
    expect(row).toEqual({ a: text, b: [text, text] })
    expect(literal(text, 'String')).not.toMatch(/[\0-\x1f]/)
  })

  test('numbers, addresses, times and empty arrays are typed', () => {
    const sql = "{a:UInt32} {b:IPv6} {c:DateTime64(9, 'UTC')} {d:Array(String)}"
    expect(fill(sql, { a: 5, b: '::1', c: '2026-01-01 00:00:00', d: [] })).toBe(
      "5 CAST('::1', 'IPv6') CAST('2026-01-01 00:00:00', 'DateTime64(9, \\'UTC\\')') CAST([], 'Array(String)')",
    )
  })
})

describe('watch lists', () => {
  test('comments, blank lines, case, trailing dots and repetitions are put in order', () => {
    expect(
      parseWatchList(
        '\uFEFFWWW.Example.ORG.\r\n\n# all\n  example.org # ours\nexample.org\nxn--bcher-kva.example\n',
      ),
    ).toEqual(['www.example.org', 'example.org', 'xn--bcher-kva.example'])
  })

  test.each(['two names', 'a..b', '.', 'co.uk', `${'x'.repeat(64)}.org`])(
    '%j is refused with its line',
    (line) => {
      expect(() => parseWatchList(`example.org\n${line}`, 'names.txt')).toThrow('names.txt, line 2')
    },
  )

  test('a missing file is an input that cannot be read', async () => {
    await expect(readWatchList('/nonexistent/names.txt')).rejects.toThrow(SourceError)
  })
})

describe('samples', () => {
  const folder = fileURLToPath(new URL('../samples/', import.meta.url))
  const captures = readdirSync(folder).filter((file) => /\.pcap(ng)?(\.gz)?$/.test(file))

  test('there is a sample for every detector that can alert, and quiet ones', () => {
    const labels = captures.map((file) => labelOf(file))
    const labelled = new Set(
      labels.flatMap((label) => label.findings.map(({ detector: id }) => id)),
    )
    const alerting = detectors.filter(({ rules: all }) => !all.every(({ isHint }) => isHint))
    expect([...labelled].sort()).toEqual(alerting.map(({ id }) => id).sort())
    expect(labels.some((label) => label.findings.length === 0)).toBe(true)
  })

  test.each(captures)('%s gives its labelled findings and nothing else', async (file) => {
    const label = labelOf(file)
    const { problems } = await ingestFiles([join(folder, file)], database)
    expect(problems).toEqual([])
    const options = { watch: label.watch ?? [] }
    const found = await checkedRun(options)
    expect((await run(database, detectors, options)).findings).toEqual(found)
    const missing = label.findings.filter(
      (expected) => !found.some((finding) => isExpected(finding, expected)),
    )
    const extra = found.filter(
      (finding) => !label.findings.some((expected) => isExpected(finding, expected)),
    )
    expect({
      missing,
      extra: extra.map(({ rule, subject, score, why }) => ({ rule, subject, score, why })),
    }).toEqual({ missing: [], extra: [] })
    expect(found.length).toBe(label.findings.length)
  })

  interface Expected {
    detector: string
    rule: string
    subject: Record<string, string>
    min_score: number
  }

  function labelOf(file: string): { findings: Expected[]; watch?: string[] } {
    const path = join(folder, file.replace(/\.pcap(ng)?(\.gz)?$/, '.json'))
    if (!existsSync(path)) throw new Error(`${file} has no label ${path}`)
    return JSON.parse(readFileSync(path, 'utf8')) as { findings: Expected[]; watch?: string[] }
  }

  function isExpected(finding: Finding, expected: Expected): boolean {
    const subject = finding.subject as Record<string, string>
    return (
      finding.detector === expected.detector &&
      finding.rule === expected.rule &&
      finding.score >= expected.min_score &&
      Object.entries(expected.subject).every(([field, value]) => subject[field] === value)
    )
  }
})
