// One finding as text: what it says, how it was scored, what proves it, what speaks against it, what to look at next.

import type { Measure } from '../detect/detector.ts'
import type { Report, ReportedFinding } from '../findings/report.ts'
import {
  knownText,
  measureName,
  measureValue,
  placeText,
  pointsText,
  scoreText,
  subjectParts,
} from './finding-words.ts'
import { contrastLines } from './contrast-text.ts'
import { measuresBesideDiff } from './change-words.ts'
import { diffLines } from './diff-text.ts'
import { fact, indented, type ReportLayout } from './layout.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, secondsBetween, time } from './quantity.ts'
import { middle, table } from './table.ts'
import { wrap, wrapCommand } from './wrap.ts'

/** Rows of evidence, and lines of each, before the rest is left to --json. */
const shownEvidence = 5
const shownLines = 5
const longestQuote = 28

/** Lines of a finding; `result` names the captures its frames are in. */
export function findingText(
  finding: ReportedFinding,
  result: Report,
  layout: ReportLayout,
): string[] {
  const lines = headLines(finding, layout)
  const { style } = layout
  const seconds = secondsBetween(finding.first_seen, finding.last_seen)
  const lasted = seconds > 0 ? ` (${duration(seconds)})` : ''
  lines.push('')
  if (finding.diff !== undefined) lines.push(...diffLines(finding, layout).slice(1), '')
  lines.push(...fact('since', [time(finding.first_seen)], layout, 2))
  lines.push(...fact('until', [`${time(finding.last_seen)}${lasted}`], layout, 2))
  const known = knownText(finding, result)
  if (known !== null) lines.push(...fact('known', [known], layout, 2))
  lines.push(...fact('score', [`${scoreText(finding)}, the sum of`], layout, 2))
  lines.push(...pointLines(finding, layout))
  if (finding.odds !== null)
    lines.push(...fact('odds', [`${printable(finding.odds)} that this is chance`], layout, 2))
  lines.push(...measureLines(measuresBesideDiff(finding), layout))
  if (finding.contrast !== undefined) lines.push(...contrastLines(finding.contrast, layout))
  lines.push(...list('speaks against it', finding.counter_evidence, 'nothing was found', layout))
  lines.push(...list('looked at', finding.looked_at, '', layout))
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

/** The same in short, where others like it were told whole: what it says, since when, and its id. */
export function shortFindingText(
  finding: ReportedFinding,
  _result: Report,
  layout: ReportLayout,
): string[] {
  return [
    ...headLines(finding, layout),
    '',
    ...fact('since', [time(finding.first_seen)], layout, 2),
    ...fact('finding', [`${finding.id}, as those above; all of it with --json`], layout, 2),
  ]
}

/** Severity, title, subject and the sentence. */
function headLines(finding: ReportedFinding, layout: ReportLayout): string[] {
  const { style } = layout
  const badge = style.severity(finding.severity, finding.severity.toUpperCase())
  const hanging = ' '.repeat(finding.severity.length + 2)
  const [title = '', ...more] = wrap(printable(finding.title), layout.width - hanging.length)
  return [
    `${badge}  ${style.bold(title)}`,
    ...more.map((line) => hanging + style.bold(line)),
    ...together(subjectParts(finding).map(printable), layout.width - 2),
    '',
    ...indented([printable(finding.why)], layout),
  ]
}

/** Parts with commas between them; no line ends inside a part that fits on one. */
function together(parts: readonly string[], width: number): string[] {
  const joined = parts.map((part) => part.replaceAll(' ', '\0')).join(', ')
  return wrap(joined, width).map((line) => `  ${line.replaceAll('\0', ' ')}`)
}

/** Columns in which the names of points begin. */
const pointIndent = 19

function pointLines({ points }: ReportedFinding, layout: ReportLayout): string[] {
  return points.flatMap((part) => {
    const means = part.means === undefined ? '' : `: ${part.means}`
    const [first, ...more] = wrap(printable(part.name + means), layout.width - pointIndent)
    const number = `${pointsText(part.points).padStart(pointIndent - 2)}  `
    return [number + first, ...more.map((line) => ' '.repeat(pointIndent) + line)]
  })
}

/** A value in words longer than this stands below the table: cut in the middle it would say nothing. */
const longestCell = 32

function measureLines(measures: Record<string, Measure>, layout: ReportLayout): string[] {
  const all = Object.entries(measures)
  if (all.length === 0) return []
  const isLong = ([, { value }]: (typeof all)[number]) => measureValue(value).length > longestCell
  const cell = (value: Measure['threshold'] | undefined) => printable(measureValue(value))
  const hasBaseline = all.some(([, measure]) => measure.baseline !== undefined)
  const rows = all
    .filter((entry) => !isLong(entry))
    .map(([name, { value, threshold, baseline }]) => [
      `  ${printable(measureName(name))}`,
      cell(value),
      cell(threshold),
      ...(hasBaseline ? [cell(baseline)] : []),
    ])
  const columns = [
    { title: 'measured' },
    { title: 'value', right: true },
    { title: 'threshold', right: true },
    ...(hasBaseline ? [{ title: 'ordinary', right: true }] : []),
  ]
  const [titles, ...lines] = table(columns, rows, layout.width - 2)
  return [
    '',
    `  ${layout.style.bold(rows.length === 0 ? 'measured' : titles)}`,
    ...lines.map((line) => `  ${line}`),
    ...all.filter(isLong).flatMap(([name, { value }]) => {
      const text = `${printable(measureName(name))}: ${cell(value)}`
      return wrap(text, layout.width - 6).map((line, i) => `${i === 0 ? '    ' : '      '}${line}`)
    }),
  ]
}

function evidenceLines(finding: ReportedFinding, result: Report, layout: ReportLayout): string[] {
  if (finding.evidence.length === 0) return []
  const lines = ['', `  ${layout.style.bold('evidence')}`]
  for (const item of finding.evidence.slice(0, shownEvidence)) {
    const where = printablePath(placeText(item, result, result.captures.length > 1))
    lines.push(...indented([`${where}, ${time(item.ts, 6)}`], layout, 4))
    lines.push(...inShort(item.text, layout))
  }
  const rest = finding.evidence.length - shownEvidence
  if (rest > 0) lines.push(`    and ${count(rest)} more with --json`)
  return lines
}

/** The text of an item: long words are cut in the middle, quoted ones (TXT) most, and of many lines the first and the last are left. */
function inShort(text: string, layout: ReportLayout): string[] {
  const room = layout.width - 6
  const words = printable(text)
    .split(' ')
    .map((word) => middle(word, word.startsWith('"') ? longestQuote : room))
  const lines = indented([words.join(' ')], layout, 6)
  if (lines.length <= shownLines) return lines
  return [...lines.slice(0, shownLines - 2), '      …', ...lines.slice(-1)]
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
