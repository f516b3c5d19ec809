// What a record said before and after a change, as lines of a diff: gone, new, and there all the time.

import type { Finding } from '../detect/detector.ts'
import { exposureTexts, saidText } from './change-words.ts'
import { indented, type ReportLayout } from './layout.ts'
import { printable } from './printable.ts'

/** Lines of a diff: each record with its TTL, and below it when it was said and how often; then who was given the new ones, and in which window. */
export function diffLines(finding: Finding, layout: ReportLayout): string[] {
  const { diff = [] } = finding
  if (diff.length === 0) return []
  const lines = ['', `  ${layout.style.bold('before (-) and after (+)')}`]
  for (const line of diff) {
    const [record, ...more] = indented([printable(`${line.type} ${line.data}`)], layout, 6)
    lines.push(`    ${line.sign} ${(record ?? '').trimStart()}`, ...more)
    lines.push(...indented([saidText(line)], layout, 8))
  }
  return [...lines, ...indented(exposureTexts(finding).map(printable), layout, 4)]
}
