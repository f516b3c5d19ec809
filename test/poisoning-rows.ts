// Test helper: rows for the poisoning rules, and what those rules alone say of them.

import type { Finding } from '../src/inspect/detect/detector.ts'
import { checkedRun, type Fields, time } from './detect-fixture.ts'

/** What the poisoning rules say; other detectors may speak of floods as well. */
export function poisonings(): Promise<Finding[]> {
  return checkedRun({}, 'poisoning')
}

/** The rules that speak. */
export async function rules(): Promise<string[]> {
  return (await poisonings()).map(({ rule }) => rule)
}

/** An address as SQL. */
export function address(text: string): string {
  return `toIPv6('${text.includes(':') ? text : `::ffff:${text}`}')`
}

/** An answer, so many seconds after midnight. */
export function at(seconds: string, more: Fields = {}): Fields {
  return {
    ts: time(seconds),
    response_ts: `${time(seconds)} + INTERVAL 20 MILLISECOND`,
    frame: `toUInt64(2 * (${seconds})) + 1`,
    response_frame: `toUInt64(2 * (${seconds})) + 2`,
    ...more,
  }
}

/** Records as `section owner type data`, TTL 300 unless a fifth word says so. */
export function records(...texts: string[]): Fields {
  const words = texts.map((text) => text.split(' '))
  const list = (each: (word: string[]) => string) => `[${words.map(each).join(', ')}]`
  return {
    'rr.section': list(([section]) => `'${section}'`),
    'rr.name': list(([, owner]) => `'${owner}'`),
    'rr.type': list(([, , type]) => `'${type}'`),
    'rr.class': list(() => `'IN'`),
    'rr.ttl': list(([, , , , ttl]) => ttl ?? '300'),
    'rr.data': list(([, , , value]) => `'${value}'`),
  }
}
