// A report as text for 80 columns, to be understood without the manual: first what was looked at, then each finding with its proof.

import type { Report } from '../findings/report.ts'
import { findingText } from './finding-text.ts'
import { shellWord } from '../detect/command.ts'
import {
  allowedByEntry,
  allowedCount,
  headline,
  keepCommand,
  subjectParts,
} from './finding-words.ts'
import { fact, labelled, labelWidth, type ReportLayout } from './layout.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, plural, secondsBetween, time } from './quantity.ts'
import { end, middle, table } from './table.ts'
import { unobservedLines } from './unobserved-text.ts'
import { wrap, wrapCommand } from './wrap.ts'

/** Lines of the report. Everything that came from a packet is escaped. */
export function reportText(result: Report, layout: ReportLayout): string[] {
  const lines = [...heading(result, layout)]
  for (const [i, finding] of result.findings.entries()) {
    lines.push('', rule(`${i + 1} of ${result.findings.length}`, layout))
    lines.push(...findingText(finding, result, layout))
  }
  return [...lines, ...footer(result, layout)]
}

/** Captures named before the rest is only counted. */
const shownCaptures = 5

function heading(result: Report, layout: ReportLayout): string[] {
  const { window, captures, findings, allowed = [], gone = [] } = result
  const packets = captures.reduce((sum, capture) => sum + capture.packets, 0)
  const fresh = findings.filter(
    ({ known_since: since }) => typeof since === 'string' && since === result.evaluated,
  ).length
  const news = fresh === 0 ? '' : ` (${fresh === findings.length ? 'all' : fresh} new)`
  const [counted, ...levels] = headline(result).split(':')
  return [
    [layout.style.bold(counted), ...levels].join(':') + news,
    '',
    ...fact('captures', captureLines(result), layout),
    ...fact('window', [windowText(window, captures.length)], layout),
    ...fact(
      'read',
      [`${plural(packets, 'packet')}, ${plural(window.transactions, 'DNS transaction')}`],
      layout,
    ),
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

/** Findings in the list at the top before the rest is only counted. */
const shownContents = 40

/** A line for each finding, where there are several: a page of proof stands between one and the next. */
function contents({ findings }: Report, layout: ReportLayout): string[] {
  if (findings.length < 2) return []
  const rows = findings.slice(0, shownContents).map((finding, at) => {
    const word = finding.severity.toUpperCase()
    const badge = layout.style.severity(finding.severity, word) + ' '.repeat(8 - word.length)
    const head = `${String(at + 1).padStart(4)}  ${badge}  `
    const { client, victim, server, domain, name, type } = finding.subject
    const record = name === undefined || type === undefined ? name : `${name} ${type}`
    const whom = [victim ?? client ?? server, domain ?? record]
    const room = layout.width - 16
    const told = middle(printable(whom.filter((each) => each !== undefined).join(', ')), room - 24)
    return head + end(`${told}: ${printable(finding.title)}`, room)
  })
  const rest = findings.length - rows.length
  return ['', ...rows, ...(rest > 0 ? [`      and ${count(rest)} more below`] : [])]
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

function windowText({ since, until }: Report['window'], captures: number): string {
  if (since === null || until === null) {
    return captures === 0
      ? 'empty: nothing was put into this store yet (overhear ingest --help)'
      : 'empty: there is nothing in this stretch of time'
  }
  return `${time(since, 0)} to ${time(until, 0)} (${duration(secondsBetween(since, until))})`
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
