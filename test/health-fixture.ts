// What the tests of health share: records by section, and a run of that detector alone with what each finding promises.

import { expect } from 'vitest'
import type { Finding } from '../src/inspect/detect/detector.ts'
import detector from '../src/inspect/detect/health/health.ts'
import { literal } from '../src/inspect/detect/literal.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, type Fields, insert, time } from './detect-fixture.ts'

/** A record of an answer. */
export interface HealthRecord {
  name: string
  type: string
  data: string
  section: string
  ttl: number
}

export function record(
  name: string,
  type: string,
  text: string,
  section = 'answer',
  ttl = 300,
): HealthRecord {
  return { name, type, data: text, section, ttl }
}

/** The columns of these records. */
export function records(...all: HealthRecord[]): Fields {
  const each = (value: (one: HealthRecord) => string) => `[${all.map(value).join(', ')}]`
  const text = (value: string) => literal(value, 'String')
  return {
    'rr.section': each((one) => text(one.section)),
    'rr.name': each((one) => text(one.name)),
    'rr.type': each((one) => text(one.type)),
    'rr.class': each(() => `'IN'`),
    'rr.ttl': each((one) => String(one.ttl)),
    'rr.data': each((one) => text(one.data)),
  }
}

/** Flags of an answer with authority. */
export const authority: Fields = { response_flags: '0x8400' }

/** The server that was asked. */
export function at(address: string): Fields {
  return { server: `toIPv6('::ffff:${address}')` }
}

/** Answers that hold these records, the first of them to the question. */
export async function seen(all: HealthRecord[], fields: Fields = {}, rows = 1): Promise<void> {
  const [first] = all
  const name = first?.name ?? 'example.org'
  await insert(
    {
      qname: literal(name, 'String'),
      qtype: literal(first?.type ?? 'A', 'String'),
      domain: literal(name.split('.').slice(-2).join('.'), 'String'),
      ts: time('number'),
      response_ts: time('number'),
      ...records(...all),
      ...fields,
    },
    rows,
  )
}

/** The findings of health, checked; of the rules that these queries serve, where some are named: a run of all takes its time. */
export async function health(
  watch: readonly string[] = [],
  queries: readonly string[] = [],
): Promise<Finding[]> {
  const rules = detector.rules.filter(({ id }) => queries.length === 0 || queries.includes(id))
  expect(rules.length).toBeGreaterThanOrEqual(Math.max(1, queries.length))
  const { findings } = await run(database, [{ ...detector, rules }], { watch })
  expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length)
  for (const finding of findings) {
    expect(finding.evidence.length, finding.why).toBeGreaterThan(0)
    expect(Object.keys(detector.points)).toContain(finding.points[0]?.name)
    expect((await database.rows(finding.sql)).length, finding.rule).toBeGreaterThan(0)
    expect(finding.why).toMatch(/\.$/)
  }
  return findings
}

/** `health` of some rules only. */
export function healthBy(...queries: string[]): (watch?: readonly string[]) => Promise<Finding[]> {
  return (watch = []) => health(watch, queries)
}

/** Rule ids without the detector's. */
export function rulesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ rule }) => rule.replace('health/', '')).sort()
}
