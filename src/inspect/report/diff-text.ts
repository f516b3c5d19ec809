// What a record said before and after a change, as lines of a diff: gone, new, and there all the time.

import type { DiffLine } from '../detect/detector.ts'
import { indented, type ReportLayout } from './layout.ts'
import { printable } from './printable.ts'
import { duration, plural, secondsBetween, time } from './quantity.ts'

/** Lines of a diff; each record with its TTL, and below it when it was said and how often. */
export function diffLines(diff: readonly DiffLine[], layout: ReportLayout): string[] {
  if (diff.length === 0) return []
  const lines = ['', `  ${layout.style.bold('before (-) and after (+)')}`]
  for (const { sign, type, data, ttl, first, last, answers } of diff) {
    const [record, ...more] = indented([printable(`${type} ${data}`)], layout, 6)
    lines.push(`    ${sign} ${(record ?? '').trimStart()}`, ...more)
    const lasted = secondsBetween(first, last)
    const how = `${plural(answers, 'answer')}, TTL ${ttl}${lasted > 0 ? `, for ${duration(lasted)}` : ''}`
    lines.push(...indented([`from ${time(first, 0)}, ${how}`], layout, 8))
  }
  return lines
}
