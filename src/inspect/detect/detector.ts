// The detector contract: one definition yields the flags, the bound parameters, the help, the report text and the findings.

import type { Parameters } from '../../database/database.ts'
import type { Contrast } from './contrast.ts'
import type { Evidence, EvidenceOptions } from './evidence.ts'
import type { Vantage } from './vantage.ts'

/** How serious a finding is. `high` and `critical` alert (score from 50), `low` and `medium` want a look (from 30). */
export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/** A threshold: a flag on the command line, and `{name:type}` in the detector's SQL. */
export interface Parameter {
  type: 'UInt32' | 'UInt64' | 'Float64'
  default: number
  help: string
  /** What the number counts, for help: bytes, queries, seconds. */
  unit?: string
}

/** A number that spoke for a finding. `threshold` is null where the number only informs; `baseline` is what is ordinary, where it is known. */
export interface Measure {
  value: number | string
  threshold: number | string | null
  baseline?: number | string
}

/** A named part of the score; below zero where it speaks against the finding. */
export interface Points {
  name: string
  points: number
  /** What the name stands for; the runner takes it from the detector's list of points. */
  means?: string
}

/** Whom or what a finding is about. Names are as stored (lower case, escaped), addresses as text. */
export interface Subject {
  client?: string
  server?: string
  domain?: string
  name?: string
  type?: string
  /** An address, or a prefix such as 198.51.100.0/24. */
  victim?: string
}

/** A record before and after a change: gone, new, or there all the time. Times are ISO UTC with nanoseconds. */
export interface DiffLine {
  sign: '-' | '+' | ' '
  type: string
  data: string
  ttl: number
  first: string
  last: string
  answers: number
}

/** One result, ready for JSON; times are ISO UTC with nanoseconds. The id is the same in every run that finds the same thing. */
export interface Finding {
  id: string
  detector: string
  rule: string
  version: number
  severity: Severity
  score: number
  title: string
  why: string
  subject: Subject
  first_seen: string
  last_seen: string
  measures: Record<string, Measure>
  points: Points[]
  counter_evidence: string[]
  /** What was looked at and does not speak against it. */
  looked_at: string[]
  /** How likely this is without a cause, where that can be said: `1 in 4.3e9`. */
  odds: string | null
  /** What a record said before and after, where the finding is about a change. */
  diff?: DiffLine[]
  evidence: Evidence[]
  /** The two answers side by side, where a finding is that they differ. */
  contrast?: Contrast
  attack: string[]
  benign_causes: string[]
  next: string[]
  sql: string
}

/** What a rule says of one subject; the runner adds score, id, texts, evidence and SQL, and drops what scores below 30. */
export interface Draft {
  /** Rule id, where one query serves several rules. */
  rule?: string
  /** Its title, where that is not the rule's. */
  title?: string
  subject: Subject
  /** What the id stands for: nothing that changes when more data arrives. */
  identity: readonly string[]
  why: string
  /** Engine times (`2026-01-01 00:00:00.000000000`). */
  first: string
  last: string
  measures: Record<string, Measure>
  points: Points[]
  counterEvidence: string[]
  /** What was looked at and does not speak against it, each in a few words: `7 of 9 clients never asked this domain`. */
  lookedAt?: readonly string[]
  /** How likely this is without a cause: `1 in 4.3e9`. */
  odds?: string
  diff?: DiffLine[]
  /** Evidence at hand, or the condition on `transactions` that finds it. */
  evidence: Evidence[] | EvidenceOptions
  /** The two answers side by side, where the finding is that they differ. */
  contrast?: Contrast
  /** Values for the rule's `subject` condition. */
  focus: Parameters
}

/** What a rule has at hand when it judges. */
export interface Bench {
  /** The detector's parameters, overrides applied. */
  parameters: Readonly<Record<string, number>>
  watch: readonly string[]
  vantage: Vantage
  /** Runs another query inside the window; what `givenParameters` names and the detector's parameters are bound already. */
  rows<Row>(sql: string, parameters?: Parameters): Promise<Row[]>
}

/** One way of finding: a query for candidates, and the judgement of what it gave. */
export interface Rule {
  id: string
  /** Title of a finding. */
  title: string
  /** Rules that are degrees of one another share a family: one finding, by the rule that scores highest. */
  family?: string
  /** `both-directions` says that its SQL keeps to `bothDirections`; `watch-list` keeps it from runs without watched names. */
  needs?: 'both-directions' | 'watch-list'
  /** A hint: something to know while looking at other findings, never an alert. Its findings are `info` whatever their score, so the rule runs only with `--min-severity info`. */
  isHint?: true
  /** What else it may be; the detector's where absent. */
  benign?: readonly string[]
  sql: string
  /** Condition on the rows of `sql` that leaves one subject. */
  subject: string
  judge(rows: never[], bench: Bench): Draft[] | Promise<Draft[]>
}

/** A detector as defined in its file. */
export interface Detector {
  id: string
  /** Raised when findings of the same data may change. */
  version: number
  title: string
  /** The question, in one sentence. */
  asks: string
  /** Why it can work, and where its numbers come from. */
  why: string
  /** MITRE ATT&CK technique ids. */
  attack: readonly string[]
  parameters: Readonly<Record<string, Parameter>>
  rules: readonly Rule[]
  /** Every point a finding can get, by name, with its number or range. */
  points: Readonly<Record<string, string>>
  benign: readonly string[]
  /** Commands to go on with; `{client}` and the like are filled from the subject. */
  next: readonly string[]
  references: readonly string[]
}

/** A detector, with its definition checked: a slip here is a bug, not a user's error. */
export function detector(definition: Detector): Detector {
  const word = /^[a-z][a-z0-9-]*$/
  if (!word.test(definition.id)) throw new Error(`detector id ${definition.id}`)
  for (const rule of definition.rules) {
    if (!word.test(rule.id)) throw new Error(`rule id ${definition.id}/${rule.id}`)
    for (const [, name, type] of rule.sql.matchAll(/\{(\w+):([^{}]+)\}/g)) {
      const known = definition.parameters[name]?.type ?? givenParameters[name]
      if (known !== type) throw new Error(`${definition.id}/${rule.id}: {${name}:${type}}`)
    }
  }
  return Object.freeze(definition)
}

/** Placeholders that every rule's SQL may use without declaring them. */
export const givenParameters: Readonly<Record<string, string>> = {
  since: "DateTime64(9, 'UTC')",
  until: "DateTime64(9, 'UTC')",
  oneWay: 'Array(String)',
  oneWayTaps: 'Array(String)',
  oneWayFrom: 'Array(UInt32)',
  oneWayUntil: 'Array(UInt32)',
  watch: 'Array(String)',
  allClients: 'UInt64',
}

/** Where a row was captured: its sensor, or its capture where the sensor has no name. */
export const tap = tapOf('capture', 'sensor')

/** The same of other expressions that stand for the two. */
export function tapOf(capture: string, sensor: string): string {
  return `if(${sensor} = '', toString(${capture}), toString(${sensor}))`
}

/**
 * Rows from stretches of time in which both directions were captured. What needs both (nobody asked for this, nobody answered) keeps to
 * them; its opposite `NOT (bothDirections)` is where a capture holds one direction only. The first half is a constant, which spares the second
 * where nothing is one-way: 22 ms become 9 over 613,300 rows.
 */
export const bothDirections = `(empty({oneWayTaps:Array(String)}) OR NOT arrayExists((place, low, high) -> place = ${tap} AND toUnixTimestamp(ts) >= low AND toUnixTimestamp(ts) < high,
        {oneWayTaps:Array(String)}, {oneWayFrom:Array(UInt32)}, {oneWayUntil:Array(UInt32)}))`

/** The condition every rule starts from. */
export const inWindow = `ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')} AND service = 'dns'`

/** A flag made from a parameter: `exfiltration` and `minBytes` give `--exfiltration-min-bytes`. */
export interface Flag {
  flag: string
  detector: string
  parameter: string
  definition: Parameter
}

/** The flags of these detectors, in order of definition. */
export function flagsOf(detectors: readonly Detector[]): Flag[] {
  return detectors.flatMap(({ id, parameters }) =>
    Object.entries(parameters).map(([name, definition]) => ({
      flag: `--${id}-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      detector: id,
      parameter: name,
      definition,
    })),
  )
}

/** The sum of named points. */
export function scoreOf(points: readonly Points[]): number {
  return points.reduce((sum, part) => sum + Math.round(part.points), 0)
}

/** Alert from 50, review from 30; `null` is no finding. */
export function severityOf(score: number): Severity | null {
  if (score >= 80) return 'critical'
  if (score >= 50) return 'high'
  if (score >= 40) return 'medium'
  return score >= 30 ? 'low' : null
}
