// A report as text for 80 columns, to be understood without the manual: first what was looked at, then each finding with its proof.

import type { Report, ReportedFinding } from '../findings/report.ts'
import { findingText, shortFindingText } from './finding-text.ts'
import { shellWord } from '../detect/command.ts'
import {
  allowedByEntry,
  allowedCount,
  headline,
  keepCommand,
  readText,
  subjectParts,
  windowText,
} from './finding-words.ts'
import { fact, labelled, labelWidth, type ReportLayout } from './layout.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, plural } from './quantity.ts'
import { end, middle, table } from './table.ts'
import { unobservedLines } from './unobserved-text.ts'
import { wrap, wrapCommand } from './wrap.ts'

/** Lines of the report. Everything that came from a packet is escaped. */
export function reportText(result: Report, layout: ReportLayout): string[] {
  const lines = [...heading(result, layout)]
  const told = new Map<string, number>()
  for (const [i, finding] of result.findings.entries()) {
    const before = told.get(finding.title) ?? 0
    told.set(finding.title, before + 1)
    lines.push('', rule(`${i + 1} of ${result.findings.length}`, layout))
    const isWhole = before < wholeFindings || result.findings.length <= manyFindings
    lines.push(...(isWhole ? findingText : shortFindingText)(finding, result, layout))
  }
  return [...lines, ...footer(result, layout)]
}

/** Captures named before the rest is only counted. */
const shownCaptures = 5

function heading(result: Report, layout: ReportLayout): string[] {
  const { findings, allowed = [], gone = [] } = result
  const fresh = findings.filter(
    ({ known_since: since }) => typeof since === 'string' && since === result.evaluated,
  ).length
  const news = fresh === 0 ? '' : ` (${fresh === findings.length ? 'all' : fresh} new)`
  const [counted, ...levels] = headline(result).split(':')
  return [
    [layout.style.bold(counted), ...levels].join(':') + news,
    '',
    ...fact('captures', captureLines(result), layout),
    ...fact('window', [windowText(result)], layout),
    ...fact('read', [readText(result)], layout),
    ...detectorLines(result, layout),
    ...(allowed.length === 0
      ? []
      : fact(
          'allowed',
          [
            `${allowedCount(allowed)}, left out here`,
            ...allowedByEntry(allowed).map(printablePath),
          ],
          layout,
        )),
    ...fact(
      'gone',
      gone.map((each) => {
        const subject = printable(subjectParts(each).join(', '))
        return `${printable(each.title)}: ${subject} (${each.id})`
      }),
      layout,
    ),
    ...fact('not seen', unobservedLines(result.unobserved ?? []), layout),
    ...result.notes.flatMap((note) => fact('note', [printablePath(note)], layout)),
    ...contents(result, layout),
  ]
}

/** In a report of more findings than this, those of one title are told whole this often; of the others the sentence is enough. */
const manyFindings = 20
const wholeFindings = 3

/** Lines of the list at the top before the rest is only counted. */
const shownContents = 40

/** A line for each finding, where there are several: a page of proof stands between one and the next. In a long report those of one title share a line. */
function contents({ findings }: Report, layout: ReportLayout): string[] {
  if (findings.length < 2) return []
  const alike = (one: ReportedFinding) =>
    findings.filter(({ title, severity }) => title === one.title && severity === one.severity)
  const rows = findings.flatMap((finding, at) => {
    const word = finding.severity.toUpperCase()
    const badge = layout.style.severity(finding.severity, word) + ' '.repeat(8 - word.length)
    const head = `${String(at + 1).padStart(4)}  ${badge}  `
    const room = layout.width - 16
    const same = findings.length > manyFindings ? alike(finding) : []
    if (same.length <= wholeFindings) {
      const told = middle(printable(whomOf(finding)), room - 24)
      return [head + end(`${told}: ${printable(finding.title)}`, room)]
    }
    if (same[0] !== finding) return []
    const all = `${count(same.length)} times: ${finding.title}: ${same.slice(0, 3).map(whomOf).join('; ')}`
    return wrap(`${printable(all)} and more`, room).map(
      (line, i) => (i === 0 ? head : ' '.repeat(16)) + line,
    )
  })
  const rest = rows.length - shownContents
  return [
    '',
    ...rows.slice(0, shownContents),
    ...(rest > 0 ? [`      and ${count(rest)} more below`] : []),
  ]
}

/** Whom a finding is about, in a few words. */
function whomOf({ subject }: ReportedFinding): string {
  const { client, victim, server, domain, name, type } = subject
  const record = name === undefined || type === undefined ? name : `${name} ${type}`
  return [victim ?? client ?? server, domain ?? record]
    .filter((each) => each !== undefined)
    .join(', ')
}

function captureLines({ captures }: Report): string[] {
  if (captures.length === 0) return ['none']
  const shown = captures.slice(0, shownCaptures).map((capture) => {
    const packets = plural(capture.packets, 'packet')
    return `${printablePath(capture.path)} (${packets})`
  })
  const rest = captures.length - shown.length
  return rest === 0 ? shown : [...shown, `and ${count(rest)} more`]
}

function detectorLines({ detectors }: Report, layout: ReportLayout): string[] {
  const rows = detectors.map(({ id, seconds, findings }) => [
    id,
    findings === 0 ? 'nothing' : plural(findings, 'finding'),
    duration(seconds),
  ])
  const columns = [{ title: '' }, { title: '', right: true }, { title: '', right: true }]
  const lines = table(columns, rows, layout.width - labelWidth).slice(1)
  return lines.map((line, i) => labelled(i === 0 ? 'detectors' : '', line, layout))
}

function footer(result: Report, layout: ReportLayout): string[] {
  if (result.findings.length === 0) return []
  const lines = ['', rule('', layout)]
  if (layout.store === null) {
    const command = printablePath(keepCommand(result).map(shellWord).join(' '))
    lines.push('To look further keep what was read, and add --store ./case to each command:')
    lines.push(...wrapCommand(command, layout.width - 2).map((line) => `  ${line}`))
  } else if (layout.store !== '') {
    lines.push(...wrap(`Add to each command: --store ${printablePath(layout.store)}`, layout.width))
    lines.push('What turns out harmless: overhear allow add --help')
  }
  if (!layout.showSql) {
    lines.push('Every finding is a query: give --sql to see it.')
  }
  return lines
}

function rule(label: string, layout: ReportLayout): string {
  const text = label === '' ? '' : `-- ${label} `
  return layout.style.dim(text.padEnd(layout.width, '-'))
}
