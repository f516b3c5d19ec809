// An audit as text for a terminal: what is wrong first, then the records, the changes, the servers, and what was not seen.

import type { Audit } from '../audit/audit.ts'
import type { AuditRecord } from '../audit/records.ts'
import type { Finding } from '../detect/detector.ts'
import { fact, indented, type ReportLayout } from './layout.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, percent, plural, secondsBetween, span, time } from './quantity.ts'
import { type Column, table } from './table.ts'
import { wrap } from './wrap.ts'

/** Sentences are wrapped at `width`; tables may be wider, so that in a pipe every value is whole. */
export interface AuditLayout extends ReportLayout {
  tableWidth: number
}

/** Lines of the audit; `limit` rows of each table at most. */
export function auditText(audit: Audit, limit: number, layout: AuditLayout): string[] {
  return [
    ...heading(audit, layout),
    ...faults(audit, layout),
    ...records(audit.records, limit, layout),
    ...changes(audit, limit, layout),
    ...serverTable(audit, limit, layout),
    ...missing(audit, layout),
  ]
}

function heading(audit: Audit, layout: AuditLayout): string[] {
  const { exchanges, clients } = audit.window
  const sets = new Set(audit.records.map(({ name, type }) => `${type} ${name}`)).size
  return [
    layout.style.bold(`audit of ${printable(audit.domain)}`),
    '',
    ...fact('asked', [askedText(audit)], layout),
    ...fact(
      'seen',
      [
        `${plural(exchanges, 'exchange')} of ${plural(clients, 'client')}, ${plural(sets, 'record set')}`,
      ],
      layout,
    ),
    ...audit.notes.flatMap((note) => fact('note', [printablePath(note)], layout)),
  ]
}

/** From when to when the domain was asked about. */
export function askedText({ window: { since, until } }: Audit): string {
  if (since !== null && until !== null) return span(since, until)
  return 'nobody asked about it; records come from answers about other domains'
}

function faults({ findings, changes: { length } }: Audit, layout: AuditLayout): string[] {
  const lines = title('what is wrong', findings.length, findings.length, layout)
  if (findings.length === 0) {
    const below = length === 0 ? '' : `, but ${plural(length, 'change')}: see below`
    return [...lines, `  no fault that the traffic shows${below}`]
  }
  return [...lines, ...findings.flatMap((finding) => faultLines(finding, layout))]
}

/** Severity, sentence, the test it stands for and the frame to look at. */
function faultLines(finding: Finding, layout: AuditLayout): string[] {
  const label = finding.severity.toUpperCase().padEnd(severityWidth)
  const test = finding.measures['zonemaster']
  const [proof] = finding.evidence
  const where = [
    test === undefined ? '' : `Zonemaster ${test.value}`,
    proof === undefined ? '' : `frame ${proof.response_frame || proof.frame}`,
    `last asked ${time(finding.last_seen, 0)}`,
  ].filter((text) => text !== '')
  const hanging = ' '.repeat(severityWidth + 4)
  const [first = '', ...more] = wrap(printable(finding.why), layout.width - hanging.length)
  return [
    `  ${layout.style.severity(finding.severity, label)}  ${first}`,
    ...more.map((line) => hanging + line),
    ...indented([printable(where.join(', '))], layout, hanging.length).map((line) =>
      layout.style.dim(line),
    ),
  ]
}

const severityWidth = 'CRITICAL'.length

/** Under each name its records, so that the data has the room. */
function records(rows: readonly AuditRecord[], limit: number, layout: AuditLayout): string[] {
  const columns: Column[] = [
    { title: 'type', fixed: true },
    { title: 'data' },
    { title: 'ttl', right: true, fixed: true },
    { title: 'first seen', fixed: true },
    { title: 'for', fixed: true },
    { title: 'n', right: true, fixed: true },
    { title: 'by', fixed: true },
  ]
  const shown = rows.slice(0, limit)
  const cells = shown.map((row) => [
    `  ${printable(row.type)}`,
    printable(row.data),
    row.ttl_min === row.ttl_max ? String(row.ttl_min) : `${row.ttl_min}-${row.ttl_max}`,
    time(row.first, 0).slice(0, 16).replace('T', ' '),
    lasted(row.first, row.last),
    count(row.answers),
    wordOf(row),
  ])
  const [titles = '', ...lines] = drawn(columns, cells, layout)
  const named = lines.flatMap((line, i) => {
    const name = shown[i]?.name ?? ''
    return name === shown[i - 1]?.name ? [line] : [`  ${printable(name)}`, line]
  })
  const legend = [
    '  by: A the zone itself, R a resolver, P a server above it; s beside the answer;',
    '  ! nobody asked, or a second answer; then how many servers said it',
  ]
  return [
    ...title('records', cells.length, rows.length, layout),
    titles,
    ...named,
    ...(cells.length === 0 ? [] : legend.map((line) => layout.style.dim(line))),
  ]
}

/** `A2`: given with authority by two servers; `Rs1`: by one resolver, beside the answer. */
function wordOf({ role, section, match, servers }: AuditRecord): string {
  const letter = { authoritative: 'A', resolver: 'R', parent: 'P' }[role]
  const isHistory = match === 'answered' || match === 'late' || match === 'unpaired'
  return `${letter}${section === 'answer' ? '' : 's'}${isHistory ? '' : '!'}${servers.length}`
}

/** Each change as before and after, whole: this is what people look for. */
function changes(audit: Audit, limit: number, layout: AuditLayout): string[] {
  const rows = audit.changes.slice(0, limit)
  if (rows.length === 0) return []
  const said = (values: readonly string[]) => printable(values.join(', '))
  const lines = rows.flatMap((row) => {
    const what = `${row.type} ${row.name}, ${row.role}, at ${row.servers.join(', ')} (frame ${row.frame})`
    const [first = '', ...more] = wrap(printable(what), layout.width - 24)
    return [
      `  ${time(row.at, 0)}  ${first}`,
      ...more.map((line) => `${' '.repeat(24)}${line}`),
      ...fact('was', [said(row.from)], layout, 24),
      ...fact('now', [said(row.to)], layout, 24),
    ]
  })
  return [...title('changes', rows.length, audit.changes.length, layout), ...lines]
}

function serverTable(audit: Audit, limit: number, layout: AuditLayout): string[] {
  const columns: Column[] = [
    { title: 'server', fixed: true },
    { title: 'queries', right: true, fixed: true },
    { title: 'unanswered', right: true, fixed: true },
    { title: 'p50 ms', right: true, fixed: true },
    { title: 'p95 ms', right: true, fixed: true },
    { title: 'p99 ms', right: true, fixed: true },
    { title: 'rcodes', list: true },
  ]
  const cells = audit.servers.slice(0, limit).map((row) => [
    printable(row.server),
    count(row.queries),
    row.unanswered === 0 ? '-' : percent(row.unanswered_share),
    latency(row.p50_ms),
    latency(row.p95_ms),
    latency(row.p99_ms),
    printable(
      Object.entries(row.rcodes)
        .map(([rcode, n]) => `${rcode} ${count(n)}`)
        .join(', '),
    ),
  ])
  if (cells.length === 0) return []
  return [
    ...title('servers that were asked', cells.length, audit.servers.length, layout),
    ...drawn(columns, cells, layout),
  ]
}

function missing(audit: Audit, layout: AuditLayout): string[] {
  const groups = [
    ['never asked for, so nothing is known of it', 'never asked'],
    ['asked for and not there', 'denied'],
    ['asked for without an answer', 'no answer'],
  ] as const
  return groups.flatMap(([heading_, why]) => {
    const rows = audit.not_seen.filter((row) => row.why === why)
    if (rows.length === 0) return []
    const columns: Column[] = [{ title: 'type', fixed: true }, { title: 'name' }, { title: '' }]
    const cells = rows.map((row) => [row.type, printable(row.name), row.what])
    return [...title(heading_, rows.length, rows.length, layout), ...drawn(columns, cells, layout)]
  })
}

function title(text: string, shown: number, all: number, layout: AuditLayout): string[] {
  const cut = shown < all ? ` (the first ${count(shown)} of ${count(all)}; --limit)` : ''
  return ['', layout.style.bold(text) + cut]
}

function drawn(columns: Column[], cells: string[][], layout: AuditLayout): string[] {
  if (cells.length === 0) return ['  none']
  const [titles = '', ...lines] = table(columns, cells, layout.tableWidth - 2)
  return [`  ${layout.style.dim(titles)}`, ...lines.map((line) => `  ${line}`)]
}

function latency(ms: number | null): string {
  return ms === null ? '-' : ms.toFixed(ms < 10 ? 2 : 0)
}

function lasted(first: string, last: string): string {
  if (first === last) return '-'
  const seconds = secondsBetween(first, last)
  return seconds < 0.001 ? '<1 ms' : duration(seconds)
}
