// An audit as one HTML page: what is wrong first, then the changes, every record with each server that gave it, and what was not seen.

import type { Audit } from '../audit/audit.ts'
import type { AuditChange } from '../audit/changes.ts'
import type { AuditRecord } from '../audit/records.ts'
import type { Finding } from '../detect/detector.ts'
import { askedText } from './audit-text.ts'
import {
  badge,
  card,
  details,
  facts,
  heading,
  type Html,
  join,
  list,
  moment,
  ownText,
  page,
  paragraph,
  paths,
  strong,
  table,
  text,
} from './html.ts'
import { count, percent, plural, time } from './quantity.ts'

/** The page; every text of a packet in it is escaped. */
export function auditHtml(audit: Audit): string {
  const title = `Audit of ${audit.domain}`
  return page(
    title,
    join([
      heading(1, text(title)),
      summary(audit),
      heading(2, text('What is wrong')),
      ...(audit.findings.length === 0
        ? [paragraph(text('Nothing that the traffic shows.'))]
        : audit.findings.map(fault)),
      heading(2, text('Changes')),
      changes(audit.changes),
      heading(2, text('Records')),
      records(audit.records),
      heading(2, text('Servers that were asked')),
      servers(audit),
      heading(2, text('Not seen')),
      missing(audit),
    ]),
  )
}

function summary(audit: Audit): Html {
  const { captures, notes, records: rows } = audit
  const { exchanges, clients } = audit.window
  const sets = new Set(rows.map(({ name, type }) => `${type} ${name}`)).size
  return facts([
    ['asked', text(askedText(audit))],
    ['seen', text(`${plural(exchanges, 'exchange')} of ${plural(clients, 'client')}`)],
    ['record sets', text(count(sets))],
    ['captures', paths(captures.map(({ path }) => path))],
    ...notes.map((note): [string, Html] => ['note', ownText(note)]),
  ])
}

function fault(finding: Finding): Html {
  const test = finding.measures['zonemaster']?.value ?? ''
  const frames = finding.evidence.map((item) => `${item.response_frame || item.frame}`)
  const where = [
    test === '' ? '' : `Zonemaster ${test}`,
    frames.length === 0 ? '' : `frames ${frames.join(', ')}`,
    `last asked ${time(finding.last_seen, 0)}`,
  ].filter((part) => part !== '')
  return card(
    join([
      heading(3, join([badge(finding.severity), text(` ${finding.title}`)])),
      paragraph(text(finding.why), 'lead'),
      paragraph(text(where.join('; ')), 'quiet'),
      list(finding.counter_evidence.map(text)),
    ]),
  )
}

function changes(rows: readonly AuditChange[]): Html {
  if (rows.length === 0) return paragraph(text('None was seen.'))
  const columns = ['when', 'name', 'type', 'was', 'now', 'said by', 'frame'].map((title) => ({
    title,
    right: title === 'frame',
  }))
  return table(
    columns,
    rows.map((row) => [
      moment(time(row.at, 0)),
      text(row.name),
      text(row.type),
      text(row.from.join(', ')),
      strong(text(row.to.join(', '))),
      text(`${row.role} ${row.servers.join(', ')}`),
      text(String(row.frame)),
    ]),
  )
}

/** One table for each name, so that a long audit can be read. */
function records(rows: readonly AuditRecord[]): Html {
  const names = new Map<string, AuditRecord[]>()
  for (const row of rows) {
    const known = names.get(row.name)
    if (known === undefined) names.set(row.name, [row])
    else known.push(row)
  }
  const columns = [
    { title: 'type' },
    { title: 'data' },
    { title: 'TTL', right: true },
    { title: 'first seen' },
    { title: 'last seen' },
    { title: 'answers', right: true },
    { title: 'said by' },
    { title: 'frame', right: true },
  ]
  return join(
    [...names].map(([name, all]) =>
      join([heading(3, text(name)), table(columns, all.map(recordCells))]),
    ),
  )
}

function recordCells(row: AuditRecord): Html[] {
  const place = row.section === 'answer' ? '' : `, ${row.section}`
  const verdict = row.match === 'answered' ? '' : `, ${row.match}`
  const ttl = row.ttl_min === row.ttl_max ? `${row.ttl_min}` : `${row.ttl_min} to ${row.ttl_max}`
  const said = row.servers.map((given) =>
    text(
      `${given.server}: ${plural(given.answers, 'answer')}, ${time(given.first, 0)} to ${time(given.last, 0)}`,
    ),
  )
  const who = `${row.role}${place}${verdict}, ${plural(row.servers.length, 'server')}`
  return [
    text(row.type),
    text(row.data),
    text(ttl),
    moment(time(row.first, 0)),
    moment(time(row.last, 0)),
    text(count(row.answers)),
    details(text(who), list(said)),
    text(String(row.frame)),
  ]
}

function servers(audit: Audit): Html {
  const columns = [
    { title: 'server' },
    ...['queries', 'unanswered', 'at least', 'p50 ms', 'p95 ms', 'p99 ms'].map((title) => ({
      title,
      right: true,
    })),
    { title: 'response codes' },
  ]
  const rcodes = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([rcode, n]) => `${rcode} ${count(n)}`)
      .join(', ')
  return table(
    columns,
    audit.servers.map((row) => [
      text(row.server),
      text(count(row.queries)),
      text(percent(row.unanswered_share)),
      text(percent(row.unanswered_at_least)),
      ...[row.p50_ms, row.p95_ms, row.p99_ms].map((ms) => text(ms === null ? '-' : String(ms))),
      text(rcodes(row.rcodes)),
    ]),
  )
}

function missing(audit: Audit): Html {
  return table(
    [
      { title: 'name' },
      { title: 'type' },
      { title: 'what it is for' },
      { title: 'why' },
      { title: 'last asked' },
    ],
    audit.not_seen.map((row) => [
      text(row.name),
      text(row.type),
      text(row.what),
      text(row.why),
      row.last_asked === null ? text('-') : moment(time(row.last_asked, 0)),
    ]),
  )
}
