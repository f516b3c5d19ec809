// A report as OCSF 1.7 Detection Findings (class 2004), one JSON object a line, for a SIEM or a data lake.

import { isIP } from 'node:net'
import { version } from '../../version.ts'
import type { Measure, Severity, Subject } from '../detect/detector.ts'
import type { AllowedFinding, GoneFinding, Report, ReportedFinding } from '../findings/report.ts'
import { measureName, pathOf, placeText, subjectParts } from './finding-words.ts'
import { jsonText } from './json.ts'

/** A line for each finding, then for each that an allow entry leaves out (suppressed), then for each that is gone (closed). */
export function reportOcsf(report: Report): string {
  const events = [
    ...report.findings.map((finding) => openEvent(finding, report)),
    ...(report.allowed ?? []).map((finding) => allowedEvent(finding, report)),
    ...(report.gone ?? []).map((finding) => goneEvent(finding, report)),
  ]
  return events.map((event) => `${jsonText(event)}\n`).join('')
}

const classUid = 2004
const activities = { Create: 1, Update: 2, Close: 3 } as const
const statuses = { New: 1, 'In Progress': 2, Suppressed: 3, Resolved: 4 } as const
const severityIds: Record<Severity, number> = { info: 1, low: 2, medium: 3, high: 4, critical: 5 }
const severityNames: Record<Severity, string> = {
  info: 'Informational',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
}

type Json = Record<string, unknown>

function openEvent(finding: ReportedFinding, report: Report): Json {
  const { known_since: since } = finding
  const isKnown = since !== null && since !== undefined && since !== report.evaluated
  return {
    ...head(isKnown ? 'Update' : 'Create', 'New', finding.severity, finding, report),
    message: finding.why,
    is_alert: finding.score >= 50,
    risk_score: finding.score,
    confidence_score: Math.max(0, Math.min(100, finding.score)),
    finding_info: {
      ...info(finding),
      desc: finding.why,
      analytic: {
        uid: finding.rule,
        name: finding.title,
        version: String(finding.version),
        type: 'Rule',
        type_id: 1,
        category: finding.detector,
      },
      attacks: finding.attack.map(attack),
      types: [finding.detector],
      ...(isKnown ? { created_time: milliseconds(since) } : {}),
    },
    anomaly_analyses: analyses(finding),
    evidences: finding.evidence.map((item) => ({
      name: item.text,
      ...endpoints(finding.subject),
      data: {
        capture: item.capture,
        path: pathOf(item.capture, report),
        place: placeText(item, report, true),
        frame: item.frame,
        response_frame: item.response_frame,
        time: item.ts,
      },
    })),
    resources: resources(finding.subject),
    observables: observables(finding.subject),
    unmapped: {
      points: finding.points,
      counter_evidence: finding.counter_evidence,
      looked_at: finding.looked_at,
      odds: finding.odds,
      ...(finding.diff === undefined ? {} : { diff: finding.diff }),
      ...(finding.contrast === undefined ? {} : { contrast: finding.contrast }),
      benign_causes: finding.benign_causes,
      next: finding.next,
      sql: finding.sql,
    },
  }
}

function allowedEvent(finding: AllowedFinding, report: Report): Json {
  return {
    ...head('Update', 'Suppressed', finding.severity, finding, report),
    is_alert: false,
    risk_score: finding.score,
    finding_info: info(finding),
    resources: resources(finding.subject),
    observables: observables(finding.subject),
    unmapped: { allow_entry: finding.entry, reason: finding.reason, until: finding.until },
  }
}

function goneEvent(finding: GoneFinding, report: Report): Json {
  return {
    ...head('Close', 'Resolved', 'info', finding, report),
    is_alert: false,
    finding_info: { ...info(finding), created_time: milliseconds(finding.known_since) },
    resources: resources(finding.subject),
    observables: observables(finding.subject),
  }
}

function head(
  activity: keyof typeof activities,
  status: keyof typeof statuses,
  severity: Severity,
  { first_seen, last_seen }: { first_seen: string; last_seen: string },
  report: Report,
): Json {
  return {
    class_uid: classUid,
    class_name: 'Detection Finding',
    category_uid: 2,
    category_name: 'Findings',
    activity_id: activities[activity],
    activity_name: activity,
    type_uid: classUid * 100 + activities[activity],
    type_name: `Detection Finding: ${activity}`,
    // A report that remembers nothing has no wall clock in it: the same files give the same lines.
    time: milliseconds(report.evaluated ?? last_seen),
    start_time: milliseconds(first_seen),
    end_time: milliseconds(last_seen),
    severity_id: severityIds[severity],
    severity: severityNames[severity],
    status_id: statuses[status],
    status,
    metadata: {
      version: '1.7.0',
      product: { name: 'Overhear', vendor_name: 'Overhear', version },
    },
  }
}

function info(
  finding: Pick<ReportedFinding, 'id' | 'title' | 'first_seen' | 'last_seen' | 'rule'>,
): Json {
  return {
    uid: finding.id,
    title: finding.title,
    first_seen_time: milliseconds(finding.first_seen),
    last_seen_time: milliseconds(finding.last_seen),
    analytic: { uid: finding.rule, type: 'Rule', type_id: 1 },
  }
}

/** T1048.003 is sub-technique 003 of T1048. */
function attack(id: string): Json {
  const [technique] = id.split('.')
  return id.includes('.')
    ? { technique: { uid: technique }, sub_technique: { uid: id } }
    : { technique: { uid: technique } }
}

/** What was measured against what is ordinary, else against the threshold. */
function analyses(finding: ReportedFinding): Json[] {
  const measured = Object.entries(finding.measures).filter(([, each]) => against(each) !== null)
  if (measured.length === 0) return []
  const observation = (name: string, value: unknown) => ({
    observed_attribute: measureName(name),
    observations: [{ value: String(value) }],
  })
  return [
    {
      analysis_target: { name: subjectParts(finding).join(', '), type: 'DNS traffic' },
      anomalies: measured.map(([name, { value }]) => observation(name, value)),
      baselines: measured.map(([name, each]) => observation(name, against(each))),
    },
  ]
}

function against({ baseline, threshold }: Measure): number | string | null {
  return baseline ?? threshold
}

function endpoints({ client, victim, server, name, domain, type }: Subject): Json {
  const source = client ?? victim
  const hostname = name ?? domain
  return {
    ...(source === undefined ? {} : { src_endpoint: endpoint(source) }),
    ...(server === undefined ? {} : { dst_endpoint: endpoint(server) }),
    ...(hostname === undefined
      ? {}
      : { query: { hostname, ...(type === undefined ? {} : { type }) } }),
  }
}

function endpoint(address: string): Json {
  return isIP(address) === 0 ? { name: address } : { ip: address }
}

function resources({ victim, client }: Subject): Json[] {
  const name = victim ?? client
  return name === undefined ? [] : [{ name, type: 'host' }]
}

function observables(subject: Subject): Json[] {
  const places: [string, string | undefined][] = [
    ['evidences.src_endpoint.ip', subject.client],
    ['evidences.src_endpoint.ip', subject.victim],
    ['evidences.dst_endpoint.ip', subject.server],
    ['evidences.query.hostname', subject.name],
    ['evidences.query.hostname', subject.domain],
  ]
  return places.flatMap(([name, value]) => {
    if (value === undefined) return []
    if (name.endsWith('hostname')) return [{ name, type: 'Hostname', type_id: 1, value }]
    return isIP(value) === 0
      ? [{ name, type: 'Network prefix', type_id: 99, value }]
      : [{ name, type: 'IP Address', type_id: 2, value }]
  })
}

function milliseconds(iso: string): number {
  return Date.parse(iso.replace(/(\.\d{3})\d*Z$/, '$1Z'))
}
