// Runs detectors over a store and turns what they say into findings: scores, ids, severities, evidence, and the SQL to check them with.

import { createHash } from 'node:crypto'
import type { Database, Parameters } from '../../database/database.ts'
import { UsageError } from '../../errors.ts'
import { type Unobserved, unobservedIn } from '../watch/unobserved.ts'
import { isoTime } from '../engine-time.ts'
import { wholeHistory } from '../window.ts'
import { suggestedCommand } from './command.ts'
import {
  type Bench,
  type Detector,
  type Draft,
  type Finding,
  flagsOf,
  inWindow,
  type Rule,
  scoreOf,
  type Severity,
  severities,
  severityOf,
} from './detector.ts'
import { findEvidence } from './evidence.ts'
import { fill } from './literal.ts'
import { addCaptureHealth, oneWayNotes } from './capture-health.ts'
import { askedWhole, type CaptureSeen, capturesSeen, unbounded, windowSeen } from './seen.ts'
import { type OneWay, vantageOf, vantageParameters } from './vantage.ts'

/** How a run is limited and tuned. */
export interface RunOptions {
  /** Engine times (`2026-01-01 00:00:00`, UTC), `until` excluded; the whole store when absent. */
  since?: string
  until?: string
  /** Parameter values by detector id and parameter name. */
  overrides?: Record<string, Record<string, number>>
  /** Findings below are left out; `low` when absent. */
  minSeverity?: Severity
  /** Watched names, lower case, without trailing dot. */
  watch?: readonly string[]
  /** Told before each detector begins. */
  onDetector?: (id: string) => void
}

/** The answer of `overhear report --json`. `window` holds the first and last packet time looked at, null in an empty store. */
export interface RunResult {
  window: { since: string | null; until: string | null; transactions: number }
  captures: CaptureSeen[]
  /** What a reader must know about the result as a whole, a sentence each. */
  notes: string[]
  /** Where one direction only was captured, so that rules which need both are silent there. */
  one_way?: OneWay[]
  /** Seconds of its own queries; several run at a time, so the sum is more than the run took. */
  detectors: { id: string; seconds: number; findings: number }[]
  /** Watched records that nobody was seen asking for in the window; absent when nothing is watched. */
  unobserved?: Unobserved[]
  /** Highest score first. */
  findings: Finding[]
}

/** Queries that run at once: more than one, since most are short and wait for one thread of the engine. */
const atOnce = 3

/** Runs the detectors, some of their rules at a time; the store is only read. */
export async function run(
  database: Database,
  detectors: readonly Detector[],
  options: RunOptions = {},
): Promise<RunResult> {
  const overrides = checkedOverrides(detectors, options.overrides ?? {})
  const bounds = {
    since: options.since ?? wholeHistory.since,
    until: options.until ?? wholeHistory.until,
  }
  const isWhole = bounds.since === wholeHistory.since && bounds.until === wholeHistory.until
  const asked = isWhole ? askedWhole(database) : database
  const [{ clients, ...window }, captures, vantage] = await Promise.all([
    windowSeen(database, bounds),
    capturesSeen(database, bounds),
    vantageOf(asked, bounds),
  ])
  const watch = options.watch ?? []
  const result: RunResult = {
    window,
    captures,
    notes: oneWayNotes(vantage.stretches, captures),
    one_way: vantage.stretches,
    detectors: [],
    findings: [],
  }
  const least = severities.indexOf(options.minSeverity ?? 'low')
  const works = detectors.map((detector) => {
    const parameters = { ...defaultsOf(detector), ...overrides[detector.id] }
    const given = { ...vantageParameters(vantage), watch: [...watch], allClients: clients }
    const bound = { ...parameters, ...bounds, ...given }
    const bench: Bench = {
      parameters,
      watch,
      vantage,
      rows: (sql, more) => asked.rows(sql, { ...bound, ...more }),
    }
    const rules = detector.rules.filter(
      (rule) =>
        !(rule.needs === 'watch-list' && watch.length === 0) &&
        !(rule.isHint && least > severities.indexOf('info')),
    )
    return { detector, bound, bench, rules, drafts: new Map<Rule, Draft[]>(), seconds: 0 }
  })
  const told = new Set<string>()
  const tasks = works.flatMap((work) => work.rules.map((rule) => ({ work, rule })))
  await eachOf(tasks, atOnce, async ({ work, rule }) => {
    const { detector, bench, drafts } = work
    if (!told.has(detector.id)) options.onDetector?.(detector.id)
    told.add(detector.id)
    const start = performance.now()
    drafts.set(rule, await rule.judge(await bench.rows<never>(rule.sql), bench))
    work.seconds += (performance.now() - start) / 1000
  })
  for (const { detector, bound, rules, drafts, seconds } of works) {
    const start = performance.now()
    const found = new Map<string, { finding: Finding; draft: Draft }>()
    for (const rule of rules) {
      const shown = { ...rule, sql: isWhole ? unbounded(rule.sql) : rule.sql }
      for (const draft of drafts.get(rule) ?? []) {
        const finding = findingOf(detector, shown, draft, bound)
        if (finding === null || severities.indexOf(finding.severity) < least) continue
        const before = found.get(finding.id)
        if (before !== undefined && before.finding.score >= finding.score) continue
        found.set(finding.id, { finding, draft })
      }
    }
    await eachOf([...found.values()], atOnce, async ({ finding, draft }) => {
      finding.evidence = Array.isArray(draft.evidence)
        ? draft.evidence
        : await findEvidence(database, {
            ...draft.evidence,
            where: `${inWindow} AND (${draft.evidence.where})`,
            parameters: { ...bound, ...draft.evidence.parameters },
          })
      addCaptureHealth(finding, captures, vantage)
    })
    for (const { finding } of found.values()) result.findings.push(finding)
    if (watch.length === 0 && detector.rules.every((rule) => rule.needs === 'watch-list')) {
      result.notes.push(
        `${detector.id}: no names are watched (overhear watch add NAME, or --watch FILE), so nothing is found`,
      )
    }
    const all = Math.round(seconds * 1000 + performance.now() - start) / 1000
    result.detectors.push({ id: detector.id, seconds: all, findings: found.size })
  }
  const isWatching = detectors.some(({ rules }) =>
    rules.some(({ needs }) => needs === 'watch-list'),
  )
  if (isWatching && watch.length > 0) {
    result.unobserved = await unobservedIn(database, watch, bounds)
  }
  result.findings.sort(
    (a, b) => b.score - a.score || (a.first_seen < b.first_seen ? -1 : 1) || (a.id < b.id ? -1 : 1),
  )
  return result
}

/** Works through a list, some at a time, in order of the list. */
async function eachOf<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item)
      } catch (thrown) {
        queue.length = 0
        throw thrown
      }
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** The id of a finding: a hash of what it is about, so that more data, another back end or another day give the same. */
export function findingId(detector: string, family: string, identity: readonly string[]): string {
  const text = JSON.stringify([detector, family, ...identity])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function findingOf(
  detector: Detector,
  rule: Rule,
  draft: Draft,
  bound: Parameters,
): Finding | null {
  const points = draft.points.map((part) => {
    const means = part.means ?? meaningOf(detector.points[part.name])
    return { name: part.name, points: Math.round(part.points), ...(means === '' ? {} : { means }) }
  })
  const score = scoreOf(points)
  const severity = rule.isHint ? 'info' : severityOf(score)
  if (severity === null) return null
  return {
    id: findingId(detector.id, rule.family ?? draft.rule ?? rule.id, draft.identity),
    detector: detector.id,
    rule: `${detector.id}/${draft.rule ?? rule.id}`,
    version: detector.version,
    severity,
    score,
    title: draft.title ?? rule.title,
    why: draft.why,
    subject: draft.subject,
    first_seen: isoTime(draft.first),
    last_seen: isoTime(draft.last),
    measures: draft.measures,
    points,
    counter_evidence: draft.counterEvidence,
    looked_at: [...(draft.lookedAt ?? [])],
    odds: draft.odds ?? null,
    ...(draft.diff === undefined ? {} : { diff: draft.diff }),
    evidence: [],
    ...(draft.contrast === undefined ? {} : { contrast: draft.contrast }),
    attack: [...detector.attack],
    benign_causes: [...(rule.benign ?? detector.benign)],
    next: detector.next.flatMap((template) => suggestedCommand(template, draft.subject)),
    sql: fill(`SELECT * FROM (\n${rule.sql}\n)\nWHERE ${rule.subject}`, {
      ...bound,
      ...draft.focus,
    }),
  }
}

/** `15: hop counts differ, so two senders` without the number; nothing where there is only a number. */
function meaningOf(text = ''): string {
  const found = /^[^:]*\d[^:]*: (.+)$/s.exec(text)
  return found?.[1] ?? (/[a-z]/.test(text) ? text : '')
}

function defaultsOf(detector: Detector): Record<string, number> {
  return Object.fromEntries(
    Object.entries(detector.parameters).map(([name, parameter]) => [name, parameter.default]),
  )
}

function checkedOverrides(
  detectors: readonly Detector[],
  overrides: Record<string, Record<string, number>>,
): Record<string, Record<string, number>> {
  const flags = flagsOf(detectors)
  for (const [id, values] of Object.entries(overrides)) {
    for (const [name, value] of Object.entries(values)) {
      const flag = flags.find((known) => known.detector === id && known.parameter === name)
      if (flag === undefined) throw new UsageError(`no detector parameter is called ${id} ${name}`)
      const isWhole = flag.definition.type !== 'Float64'
      if (!(value >= 0) || !Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) {
        throw new UsageError(
          `${flag.flag} takes ${isWhole ? 'a whole number' : 'a number'} from 0 up, not "${value}"`,
        )
      }
    }
  }
  return overrides
}
