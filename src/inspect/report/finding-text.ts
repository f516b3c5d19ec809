// One finding as text: what it says, how it was scored, what proves it, what speaks against it, what to look at next.

import type { Finding, Measure } from '../detect/detector.ts'
import type { RunResult } from '../detect/run.ts'
import { fact, indented, type ReportLayout } from './layout.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, secondsBetween, time } from './quantity.ts'
import { middle, table } from './table.ts'
import { wrap, wrapCommand } from './wrap.ts'

/** Rows of evidence, and lines of each, before the rest is left to --json. */
const shownEvidence = 5
const shownLines = 8

/** Lines of a finding; `result` names the captures its frames are in. */
export function findingText(finding: Finding, result: RunResult, layout: ReportLayout): string[] {
  const { style } = layout
  const badge = style.severity(finding.severity, finding.severity.toUpperCase())
  const seconds = secondsBetween(finding.first_seen, finding.last_seen)
  const lasted = seconds > 0 ? ` (${duration(seconds)})` : ''
  const title = wrap(printable(finding.title), layout.width - finding.severity.length - 2)
  const lines = [`${badge}  ${style.bold(title[0])}`]
  lines.push(
    ...title
      .slice(1)
      .map((line) => `${' '.repeat(finding.severity.length + 2)}${style.bold(line)}`),
  )
  lines.push(...indented([printable(subjectText(finding))], layout))
  lines.push('', ...indented([printable(finding.why)], layout), '')
  lines.push(...fact('since', [time(finding.first_seen)], layout, 2))
  lines.push(...fact('until', [`${time(finding.last_seen)}${lasted}`], layout, 2))
  lines.push(...fact('score', [scoreText(finding)], layout, 2))
  lines.push(...pointLines(finding).map((line) => `             ${line}`))
  lines.push(...measureLines(finding.measures, layout))
  lines.push(...list('speaks against it', finding.counter_evidence, 'nothing was found', layout))
  lines.push(...evidenceLines(finding, result, layout))
  lines.push(...list('harmless when it is', finding.benign_causes, '', layout))
  if (finding.next.length > 0) {
    lines.push('', `  ${style.bold('look next')}`)
    for (const command of finding.next) {
      lines.push(...wrapCommand(printable(command), layout.width - 4).map((line) => `    ${line}`))
    }
  }
  lines.push('')
  if (finding.attack.length > 0)
    lines.push(...fact('ATT&CK', [finding.attack.join(', ')], layout, 2))
  lines.push(
    ...fact('finding', [`${finding.id}, rule ${finding.rule} v${finding.version}`], layout, 2),
  )
  if (layout.showSql) {
    lines.push('', `  ${style.bold('SQL')}`)
    // Left whole, so that it can be pasted; names in it are bound values written as literals.
    for (const line of finding.sql.split('\n')) lines.push(`    ${printable(line)}`)
  }
  return lines
}

function subjectText({ subject }: Finding): string {
  return Object.entries(subject)
    .filter(([, value]) => value !== undefined)
    .map(([role, value]) => `${role} ${value}`)
    .join(', ')
}

function scoreText({ score }: Finding): string {
  const meaning = score >= 50 ? 'alert, from 50 on' : 'review, from 30 on'
  return `${score} points (${meaning}), the sum of`
}

function pointLines({ points }: Finding): string[] {
  return points.map((part) => {
    const sign = part.points < 0 ? '-' : '+'
    return `${`${sign}${Math.abs(part.points)}`.padStart(4)}  ${printable(part.name)}`
  })
}

function measureLines(measures: Record<string, Measure>, layout: ReportLayout): string[] {
  const rows = Object.entries(measures).map(([name, { value, threshold }]) => [
    `  ${printable(spaced(name))}`,
    measureText(value),
    threshold === null ? '-' : measureText(threshold),
  ])
  if (rows.length === 0) return []
  const columns = [
    { title: 'measured' },
    { title: 'value', right: true },
    { title: 'threshold', right: true },
  ]
  const [titles, ...lines] = table(columns, rows, layout.width - 2)
  return ['', `  ${layout.style.bold(titles)}`, ...lines.map((line) => `  ${line}`)]
}

/** `compressedBytes` and `compressed_bytes` as words. */
function spaced(name: string): string {
  return name
    .replace(/_/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
}

function measureText(value: number | string): string {
  return typeof value === 'number' ? count(value) : printable(value)
}

function evidenceLines(finding: Finding, result: RunResult, layout: ReportLayout): string[] {
  if (finding.evidence.length === 0) return []
  const lines = ['', `  ${layout.style.bold('evidence')}`]
  for (const item of finding.evidence.slice(0, shownEvidence)) {
    const answer = item.response_capture
    const frames =
      item.response_frame > 0 && item.response_frame !== item.frame && answer === undefined
        ? `frames ${item.frame} and ${item.response_frame}`
        : `frame ${item.frame}`
    const where = result.captures.length > 1 ? ` of ${pathOf(item.capture, result)}` : ''
    const reply =
      answer === undefined ? '' : ` and frame ${item.response_frame} of ${pathOf(answer, result)}`
    lines.push(...indented([`${frames}${where}${reply}, ${time(item.ts, 6)}`], layout, 4))
    lines.push(...inShort(item.text, layout))
  }
  const rest = finding.evidence.length - shownEvidence
  if (rest > 0) lines.push(`    and ${count(rest)} more with --json`)
  return lines
}

/** The text of an item: a word longer than a line is cut in the middle, an answer of many lines after the first few. */
function inShort(text: string, layout: ReportLayout): string[] {
  const room = layout.width - 6
  const words = printable(text).split(' ')
  const lines = indented([words.map((word) => middle(word, room)).join(' ')], layout, 6)
  if (lines.length <= shownLines) return lines
  return [...lines.slice(0, shownLines), `      … whole with --json`]
}

function pathOf(id: string, result: RunResult): string {
  return printablePath(result.captures.find((capture) => capture.id === id)?.path ?? id)
}

function list(
  title: string,
  items: readonly string[],
  none: string,
  layout: ReportLayout,
): string[] {
  const lines = ['', `  ${layout.style.bold(title)}`]
  if (items.length === 0) return none === '' ? [] : [...lines, `    ${none}`]
  for (const item of items) {
    const [first, ...more] = wrap(printable(item), layout.width - 6)
    lines.push(`    - ${first}`, ...more.map((line) => `      ${line}`))
  }
  return lines
}
