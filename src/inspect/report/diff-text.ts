// What a record said before and after a change, as lines of a diff: gone, new, and there all the time.

import type { Finding } from '../detect/detector.ts'
import { indented, type ReportLayout } from './layout.ts'
import { printable } from './printable.ts'
import { duration, plural, secondsBetween, time } from './quantity.ts'

/** Measures that a diff says in words. */
export const toldInDiff = [
  'before',
  'after',
  'exposed_from',
  'exposed_until',
  'exposed_clients',
  'clients',
] as const

/** Lines of a diff: each record with its TTL, and below it when it was said and how often; then who was given the new ones, and in which window. */
export function diffLines({ diff = [], measures }: Finding, layout: ReportLayout): string[] {
  if (diff.length === 0) return []
  const lines = ['', `  ${layout.style.bold('before (-) and after (+)')}`]
  for (const { sign, type, data, ttl, first, last, answers } of diff) {
    const [record, ...more] = indented([printable(`${type} ${data}`)], layout, 6)
    lines.push(`    ${sign} ${(record ?? '').trimStart()}`, ...more)
    const lasted = secondsBetween(first, last)
    const how = `${plural(answers, 'answer')}, TTL ${ttl}${lasted > 0 ? `, for ${duration(lasted)}` : ''}`
    lines.push(...indented([`from ${time(first, 0)}, ${how}`], layout, 8))
  }
  const told = (name: string) => String(measures[name]?.value ?? '')
  const until = told('exposed_until')
  const end = until === '' ? 'the end' : time(until, 0)
  const clients = told('clients').split(' ')
  const rest = Number(told('exposed_clients')) - clients.length
  const more = rest > 0 ? ` and ${rest} more` : ''
  lines.push(`    exposed from ${time(told('exposed_from'), 0)} to ${end}`)
  lines.push(...indented([`given to ${printable(clients.join(', '))}${more}`], layout, 4))
  return lines
}
