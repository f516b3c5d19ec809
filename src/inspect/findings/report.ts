// A report: a run of the detectors, put beside what the store remembers and what its allow list leaves out.

import type { Database } from '../../database/database.ts'
import { StoreError } from '../../errors.ts'
import { allowEntries } from '../allow/list.ts'
import { type AllowEntry, conditionsText, covers, isInForce } from '../allow/entry.ts'
import {
  type Detector,
  type Finding,
  type Severity,
  severities,
  type Subject,
} from '../detect/detector.ts'
import { run, type RunOptions, type RunResult } from '../detect/run.ts'
import { wholeHistory } from '../window.ts'
import {
  type Evaluation,
  foundAgain,
  type KnownFinding,
  knownFindings,
  notFoundAgain,
  writeFindings,
} from './store.ts'

/** A finding with what the store remembers of it; both are null in a throw-away store. */
export interface ReportedFinding extends Finding {
  /** Wall clock: the first report that found it; this report's `evaluated` when it is new. */
  known_since?: string | null
  /** The score it had before the present one; null when it never had another. */
  previous_score?: number | null
}

/** A finding that was found and left out, and the entry that says so. */
export interface AllowedFinding {
  id: string
  entry: string
  reason: string
  until: string | null
  detector: string
  rule: string
  severity: Severity
  score: number
  title: string
  subject: Subject
  first_seen: string
  last_seen: string
}

/** A finding of an earlier report that this one looked for and did not find. */
export type GoneFinding = Pick<
  KnownFinding,
  'id' | 'detector' | 'rule' | 'title' | 'subject' | 'first_seen' | 'last_seen' | 'known_since'
>

/** A run, and what the store adds. */
export interface Report extends RunResult {
  findings: ReportedFinding[]
  /** Wall clock: when this evaluation began; null when nothing is remembered. */
  evaluated?: string | null
  allowed?: AllowedFinding[]
  gone?: GoneFinding[]
}

/** How a report is made. */
export interface ReportOptions extends RunOptions {
  /** The wall clock. */
  now: Date
  /** False for a throw-away store, which has nothing to remember. */
  isRemembered: boolean
  /** Told when what was found could not be remembered. */
  onUnwritten?: (error: StoreError) => void
}

/** Runs the detectors, applies the allow list to what they found, and remembers the rest; a store that cannot be written is only read. */
export async function report(
  database: Database,
  detectors: readonly Detector[],
  options: ReportOptions,
): Promise<Report> {
  const { now, isRemembered, minSeverity = 'low' } = options
  const result = await run(database, detectors, { ...options, minSeverity: searched(minSeverity) })
  const entries = isRemembered ? await allowEntries(database) : []
  const inForce = entries.filter((entry) => isInForce(entry, now))
  const entryFor = new Map<string, AllowEntry>()
  for (const finding of result.findings) {
    const entry = inForce.find((each) => covers(each, finding))
    if (entry !== undefined) entryFor.set(finding.id, entry)
  }
  const memory = isRemembered
    ? await remember(database, detectors, result, entryFor, options)
    : undefined
  const least = severities.indexOf(minSeverity)
  const shown = result.findings.filter(({ severity }) => severities.indexOf(severity) >= least)
  const findings = shown.filter(({ id }) => !entryFor.has(id))
  return {
    ...result,
    evaluated: isRemembered ? now.toISOString() : null,
    notes: [...result.notes, ...expiredNotes(entries, shown, entryFor, now)],
    detectors: result.detectors.map((each) => ({
      ...each,
      findings: findings.filter(({ detector }) => detector === each.id).length,
    })),
    findings: findings.map((finding) => {
      const known = memory?.found.get(finding.id)
      return {
        ...finding,
        known_since: known?.known_since ?? null,
        previous_score: known?.scores.at(-2) ?? null,
      }
    }),
    allowed: shown.flatMap((finding) => {
      const entry = entryFor.get(finding.id)
      return entry === undefined ? [] : [allowedFinding(finding, entry)]
    }),
    gone: memory?.gone.map(goneFinding) ?? [],
  }
}

/** What is not severe enough to be shown is still looked for, so that it does not count as gone; but for mere information. */
function searched(minSeverity: Severity): Severity {
  return minSeverity === 'info' ? 'info' : 'low'
}

/** Writes what was found and what is gone; gives both back, as they are now known. */
async function remember(
  database: Database,
  detectors: readonly Detector[],
  result: RunResult,
  entryFor: ReadonlyMap<string, AllowEntry>,
  options: ReportOptions,
): Promise<{ found: Map<string, KnownFinding>; gone: KnownFinding[] }> {
  const evaluation = {
    at: options.now,
    transactions: result.window.transactions,
    isPartial: isPartial(options),
  }
  const known = await knownFindings(database)
  const found = new Map(
    result.findings.map((finding) => [
      finding.id,
      foundAgain(finding, entryFor.get(finding.id)?.id ?? '', known.get(finding.id), evaluation),
    ]),
  )
  const gone = [...known.values()]
    .filter((each) => each.status !== 'gone' && !found.has(each.id))
    .filter((each) => isGone(each, detectors, result, evaluation, options))
    .map((each) => notFoundAgain(each, evaluation))
  try {
    await writeFindings(database, [...found.values(), ...gone])
    return { found, gone }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown
    options.onUnwritten?.(thrown)
    return { found: known, gone }
  }
}

function isPartial({ since, until, overrides }: ReportOptions): boolean {
  const isWindowed =
    (since ?? wholeHistory.since) !== wholeHistory.since ||
    (until ?? wholeHistory.until) !== wholeHistory.until
  return isWindowed || Object.keys(overrides ?? {}).length > 0
}

/** True when its detector looked at all that it was found in, and more, with the same thresholds and names. */
function isGone(
  known: KnownFinding,
  detectors: readonly Detector[],
  { window }: RunResult,
  { transactions, isPartial: isPart }: Evaluation,
  { watch = [], minSeverity = 'low' }: ReportOptions,
): boolean {
  const detector = detectors.find(({ id }) => id === known.detector)
  if (isPart || detector === undefined || window.since === null) return false
  if (known.severity === 'info' && minSeverity !== 'info') return false
  // Data that was removed takes findings along, which says nothing about them.
  if (transactions < known.transactions || window.since > known.first_seen) return false
  if (!detector.rules.some((rule) => rule.needs === 'watch-list')) return true
  const { name } = known.subject
  return name !== undefined && watch.some((each) => name === each || name.endsWith(`.${each}`))
}

function allowedFinding(finding: Finding, entry: AllowEntry): AllowedFinding {
  const { id, detector, rule, severity, score, title, subject, first_seen, last_seen } = finding
  return {
    id,
    entry: entry.id,
    reason: entry.reason,
    until: entry.until,
    detector,
    rule,
    severity,
    score,
    title,
    subject,
    first_seen,
    last_seen,
  }
}

function goneFinding(known: KnownFinding): GoneFinding {
  const { id, detector, rule, title, subject, first_seen, last_seen, known_since } = known
  return { id, detector, rule, title, subject, first_seen, last_seen, known_since }
}

/** Entries that would still leave findings out, had they not come to their end. */
function expiredNotes(
  entries: readonly AllowEntry[],
  findings: readonly Finding[],
  entryFor: ReadonlyMap<string, AllowEntry>,
  now: Date,
): string[] {
  return entries
    .filter((entry) => !isInForce(entry, now))
    .flatMap((entry) => {
      const back = findings.filter(({ id, ...rest }) => {
        return !entryFor.has(id) && covers(entry, { id, ...rest })
      })
      if (back.length === 0) return []
      const counted = back.length === 1 ? 'a finding is' : `${back.length} findings are`
      return [
        `allow entry ${entry.id} (${conditionsText(entry.conditions)}) ended ${entry.until?.slice(0, 10)}: ${counted} back`,
      ]
    })
}
