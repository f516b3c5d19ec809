// A report as text for 80 columns, to be understood without the manual: first what was looked at, then each finding with its proof.

import { severities } from '../detect/detector.ts'
import type { RunResult } from '../detect/run.ts'
import { findingText } from './finding-text.ts'
import { fact, labelled, labelWidth, type ReportLayout } from './layout.ts'
import { printablePath } from './printable.ts'
import { count, duration, plural, secondsBetween, time } from './quantity.ts'
import { table } from './table.ts'
import { wrap } from './wrap.ts'

/** Lines of the report. Everything that came from a packet is escaped. */
export function reportText(result: RunResult, layout: ReportLayout): string[] {
  const lines = [...heading(result, layout)]
  for (const [i, finding] of result.findings.entries()) {
    lines.push('', rule(`${i + 1} of ${result.findings.length}`, layout))
    lines.push(...findingText(finding, result, layout))
  }
  return [...lines, ...footer(result, layout)]
}

/** Captures named before the rest is only counted. */
const shownCaptures = 5

function heading(result: RunResult, layout: ReportLayout): string[] {
  const { window, captures, findings } = result
  const bySeverity = severities.toReversed().flatMap((severity) => {
    const n = findings.filter((finding) => finding.severity === severity).length
    return n === 0 ? [] : [`${n} ${severity}`]
  })
  const counted = findings.length === 0 ? 'No findings' : plural(findings.length, 'finding')
  const packets = captures.reduce((sum, capture) => sum + capture.packets, 0)
  return [
    layout.style.bold(counted) + (bySeverity.length > 0 ? `: ${bySeverity.join(', ')}` : ''),
    '',
    ...fact('captures', captureLines(result), layout),
    ...fact('window', [windowText(window.since, window.until)], layout),
    ...fact(
      'read',
      [`${plural(packets, 'packet')}, ${plural(window.transactions, 'DNS transaction')}`],
      layout,
    ),
    ...detectorLines(result, layout),
    ...result.notes.flatMap((note) => fact('note', [printablePath(note)], layout)),
  ]
}

function captureLines({ captures }: RunResult): string[] {
  if (captures.length === 0) return ['none']
  const shown = captures.slice(0, shownCaptures).map((capture) => {
    const packets = plural(capture.packets, 'packet')
    return `${printablePath(capture.path)} (${packets})`
  })
  const rest = captures.length - shown.length
  return rest === 0 ? shown : [...shown, `and ${count(rest)} more`]
}

function windowText(since: string | null, until: string | null): string {
  if (since === null || until === null) return 'empty: there is nothing in this stretch of time'
  return `${time(since, 0)} to ${time(until, 0)} (${duration(secondsBetween(since, until))})`
}

function detectorLines({ detectors }: RunResult, layout: ReportLayout): string[] {
  const rows = detectors.map(({ id, seconds, findings }) => [
    id,
    findings === 0 ? 'nothing' : plural(findings, 'finding'),
    duration(seconds),
  ])
  const columns = [{ title: '' }, { title: '', right: true }, { title: '', right: true }]
  const lines = table(columns, rows, layout.width - labelWidth).slice(1)
  return lines.map((line, i) => labelled(i === 0 ? 'detectors' : '', line, layout))
}

function footer({ findings }: RunResult, layout: ReportLayout): string[] {
  if (findings.length === 0) return []
  const lines = ['', rule('', layout)]
  if (layout.store === null) {
    lines.push('To look further keep the captures in a store: overhear ingest FILE...')
  } else if (layout.store !== '') {
    lines.push(...wrap(`Add to each command: --store ${printablePath(layout.store)}`, layout.width))
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
