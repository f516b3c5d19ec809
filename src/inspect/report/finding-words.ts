// What every form of a report says of a finding in the same words: its subject, its score, its measures, where its proof is.

import type { Finding, Measure } from '../detect/detector.ts'
import type { Evidence } from '../detect/evidence.ts'
import type { AllowedFinding, Report, ReportedFinding } from '../findings/report.ts'
import { count, plural, secondsBetween, span, time } from './quantity.ts'

/** `client 192.0.2.7`, `domain example.org`; as stored, so not yet escaped. */
export function subjectParts({ subject }: Pick<Finding, 'subject'>): string[] {
  return Object.entries(subject).flatMap(([role, value]) =>
    value === undefined ? [] : [`${role} ${value}`],
  )
}

/** The stretch of packet time that was looked at, or why it is empty. */
export function windowText({ window, captures }: Report): string {
  const { since, until } = window
  if (since !== null && until !== null) return span(since, until)
  return captures.length === 0
    ? 'empty: nothing was put into this store yet (overhear ingest --help)'
    : 'empty: there is nothing in this stretch of time'
}

/** `1,021 packets, 508 DNS transactions`. */
export function readText({ window, captures }: Report): string {
  const packets = captures.reduce((sum, capture) => sum + capture.packets, 0)
  return `${plural(packets, 'packet')}, ${plural(window.transactions, 'DNS transaction')}`
}

/** `95 points: an alert (from 50)`. */
export function scoreText({ score }: Pick<Finding, 'score'>): string {
  const meaning = score >= 50 ? 'an alert (from 50)' : 'worth a look (from 30)'
  return `${score} points: ${meaning}`
}

/** `+60`, `-10`. */
export function pointsText(points: number): string {
  return `${points < 0 ? '-' : '+'}${Math.abs(points)}`
}

/** `2026-01-01T09:00:00.123Z to 2026-01-01T09:03:20.500Z (3 min 20 s)`. */
export function timeText({ first_seen, last_seen }: Finding): string {
  if (secondsBetween(first_seen, last_seen) <= 0) return time(first_seen)
  return span(first_seen, last_seen, 3)
}

/** Since when the store knows it; null where nothing is remembered. */
export function knownText(finding: ReportedFinding, report: Report): string | null {
  const { known_since: since, previous_score: before } = finding
  if (since === null || since === undefined) return null
  if (since === report.evaluated) return 'new in this report'
  const change = before === null || before === undefined ? '' : `, with ${before} points before`
  return `since the report of ${time(since, 0)}${change}`
}

/** A measure's name as words: `compressedBytes` and `compressed_bytes` as `compressed bytes`. */
export function measureName(name: string): string {
  return name
    .replace(/_/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
}

/** A measured value; times are cut to milliseconds. */
export function measureValue(value: Measure['value'] | null | undefined): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'number') return count(value)
  return /^\d{4}-\d\d-\d\d[T ][\d:]+(\.\d+)?Z?$/.test(value) ? time(value) : value
}

/** `frames 5 and 6`, `frame 5`. */
function framesText({ frame, response_frame: response }: Evidence): string {
  return response > 0 && response !== frame
    ? `frames ${frame} and ${response}`
    : `frame ${frame || response}`
}

/** The path of the capture with this id; the id where the ledger does not know it. */
export function pathOf(id: string, report: Report): string {
  return report.captures.find((capture) => capture.id === id)?.path ?? id
}

/** `frames 5 and 6 of a.pcap`, `frame 5 of a.pcap and frame 1 of b.pcap`; without the path of one capture unless `isNamed`. */
export function placeText(item: Evidence, report: Report, isNamed: boolean): string {
  const { capture, frame, response_capture: other, response_frame: response } = item
  if (other === undefined || other === capture) {
    return framesText(item) + (isNamed ? ` of ${pathOf(capture, report)}` : '')
  }
  return `frame ${frame} of ${pathOf(capture, report)} and frame ${response} of ${pathOf(other, report)}`
}

/** `2 findings allowed by 1 entry`. */
export function allowedCount(allowed: readonly AllowedFinding[]): string {
  const entries = new Set(allowed.map(({ entry }) => entry)).size
  return `${plural(allowed.length, 'finding')} allowed by ${plural(entries, 'entry')}`
}

/** Allowed findings by entry: `ab12cd34 leaves out 2 until 2026-12-31: mail filter`. */
export function allowedByEntry(allowed: readonly AllowedFinding[]): string[] {
  return [...new Set(allowed.map(({ entry }) => entry))].map((id) => {
    const [first, ...more] = allowed.filter(({ entry }) => entry === id)
    const until = first.until === null ? '' : ` until ${first.until.slice(0, 10)}`
    return `entry ${id} leaves out ${plural(more.length + 1, 'finding')}${until}: ${first.reason}`
  })
}

/** The command that keeps the captures of a report over files. */
export function keepCommand(report: Report): string[] {
  const paths = report.captures.map(({ path }) => path)
  const isShort = paths.length > 0 && paths.length <= 3 && !paths.includes('-')
  return ['overhear', 'ingest', ...(isShort ? paths : ['FILE...']), '--store', './case']
}

/** One sentence of what was found: `3 findings: 1 critical, 2 high`. */
export function headline({ findings }: Report): string {
  if (findings.length === 0) return 'No findings'
  const levels = ['critical', 'high', 'medium', 'low', 'info']
  const counted = levels.flatMap((level) => {
    const n = findings.filter(({ severity }) => severity === level).length
    return n === 0 ? [] : [`${n} ${level}`]
  })
  return `${plural(findings.length, 'finding')}: ${counted.join(', ')}`
}
