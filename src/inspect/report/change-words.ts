// What every form of a report says of a change, and of two answers side by side, in the same words.

import type { ContrastRecord } from '../detect/contrast.ts'
import type { DiffLine, Finding } from '../detect/detector.ts'
import { duration, plural, secondsBetween, time } from './quantity.ts'

/** Measures that a diff says in words. */
const toldInDiff: readonly string[] = [
  'before',
  'after',
  'exposed_from',
  'exposed_until',
  'exposed_clients',
  'clients',
]

/** The measures of a finding that its diff does not say already. */
export function measuresBesideDiff({ diff, measures }: Finding): Finding['measures'] {
  if (diff === undefined) return measures
  return Object.fromEntries(Object.entries(measures).filter(([name]) => !toldInDiff.includes(name)))
}

/** When a record of a diff was said: `from 2026-03-01T01:09:30Z, 53 answers, TTL 3600, for 10 d 7 h`. */
export function saidText({ ttl, first, last, answers }: DiffLine): string {
  const lasted = secondsBetween(first, last)
  const length = lasted > 0 ? `, for ${duration(lasted)}` : ''
  return `from ${time(first, 0)}, ${plural(answers, 'answer')}, TTL ${ttl}${length}`
}

/** In which window the new records of a diff could be got, and who got them; as stored, so not yet escaped. */
export function exposureTexts({ measures }: Finding): string[] {
  const told = (name: string) => String(measures[name]?.value ?? '')
  const until = told('exposed_until')
  const end = until === '' ? 'the end' : time(until, 0)
  const clients = told('clients').split(' ')
  const rest = Number(told('exposed_clients')) - clients.length
  const more = rest > 0 ? ` and ${rest} more` : ''
  return [
    `exposed from ${time(told('exposed_from'), 0)} to ${end}`,
    `given to ${clients.join(', ')}${more}`,
  ]
}

/** Whose a record of a contrast is. */
export const sideSigns = {
  first: '-',
  second: '+',
  both: ' ',
} as const satisfies Record<ContrastRecord['side'], string>
