// Findings as the store remembers them: since when each is known, the scores it had, and whether it is still found.

import type { Database } from '../../database/database.ts'
import type { Finding, Severity, Subject } from '../detect/detector.ts'
import { engineTime, isoTime } from '../engine-time.ts'

export type Status = 'open' | 'allowed' | 'gone'

/** A finding as remembered; `known_since`, `evaluated` and `scored` are wall clock, all times ISO UTC. */
export interface KnownFinding {
  id: string
  detector: string
  rule: string
  rule_version: number
  status: Status
  allowed_by: string
  severity: Severity
  score: number
  scores: number[]
  scored: string[]
  title: string
  why: string
  subject: Subject
  first_seen: string
  last_seen: string
  evidence: [string, number][]
  known_since: string
  evaluated: string
  transactions: number
  version: number
}

/** Every finding the store knows, by id. */
export async function knownFindings(database: Database): Promise<Map<string, KnownFinding>> {
  const rows = await database.rows<KnownFinding>(
    `SELECT id, toString(detector) AS detector, toString(rule) AS rule, rule_version, toString(status) AS status, allowed_by,
      toString(severity) AS severity, score, scores, arrayMap(time -> toString(time), scored) AS scored, title, why, subject,
      toString(first_seen) AS first_seen, toString(last_seen) AS last_seen,
      arrayMap(each -> (each.1, each.2), evidence) AS evidence, toString(known_since) AS known_since,
      toString(evaluated) AS evaluated, transactions, version
    FROM findings FINAL
    ORDER BY id`,
  )
  return new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        scored: row.scored.map(isoTime),
        first_seen: isoTime(row.first_seen),
        last_seen: isoTime(row.last_seen),
        known_since: isoTime(row.known_since),
        evaluated: isoTime(row.evaluated),
      },
    ]),
  )
}

/** What one evaluation says of a finding. */
export interface Evaluation {
  /** When it began, wall clock. */
  at: Date
  transactions: number
  /** True when only a part of the data was looked at, or with other thresholds: then it may add to what is known, not take away. */
  isPartial: boolean
}

/** A finding that was found now, put together with what is known of it. */
export function foundAgain(
  finding: Finding,
  allowedBy: string,
  known: KnownFinding | undefined,
  { at, transactions, isPartial }: Evaluation,
): KnownFinding {
  const now = at.toISOString()
  const isWeaker = isPartial && known !== undefined && known.score > finding.score
  const { score, severity, why } = isWeaker ? known : finding
  const scores = known?.scores ?? []
  const isNewScore = scores.at(-1) !== score
  return {
    id: finding.id,
    detector: finding.detector,
    rule: finding.rule,
    rule_version: finding.version,
    status: allowedBy === '' ? 'open' : 'allowed',
    allowed_by: allowedBy,
    severity,
    score,
    scores: isNewScore ? [...scores, score].slice(-keptScores) : scores,
    scored: isNewScore ? [...(known?.scored ?? []), now].slice(-keptScores) : (known?.scored ?? []),
    title: finding.title,
    why: why.slice(0, longestWhy),
    subject: finding.subject,
    first_seen: isPartial ? earliest(finding.first_seen, known?.first_seen) : finding.first_seen,
    last_seen: isPartial ? latest(finding.last_seen, known?.last_seen) : finding.last_seen,
    evidence: finding.evidence.slice(0, keptEvidence).map(({ capture, frame }) => [capture, frame]),
    known_since: known?.known_since ?? now,
    evaluated: now,
    transactions: isPartial ? Math.max(transactions, known?.transactions ?? 0) : transactions,
    version: versionOf(at),
  }
}

/** A finding that was looked for again and not found. */
export function notFoundAgain(known: KnownFinding, evaluation: Evaluation): KnownFinding {
  return {
    ...known,
    status: 'gone',
    allowed_by: '',
    evaluated: evaluation.at.toISOString(),
    transactions: evaluation.transactions,
    version: versionOf(evaluation.at),
  }
}

/**
 * Writes them. Whoever began later wins, in whatever order two reports end: the version is when the evaluation began, and a row written
 * twice is one row.
 */
export async function writeFindings(
  database: Database,
  findings: readonly KnownFinding[],
): Promise<void> {
  const lines = findings.map((finding) => JSON.stringify(rowOf(finding)))
  let chunk: string[] = []
  let sizeBytes = 0
  for (const line of lines) {
    const lineBytes = Buffer.byteLength(line) + 1
    if (sizeBytes + lineBytes > mostBytes && chunk.length > 0) {
      await insert(database, chunk)
      chunk = []
      sizeBytes = 0
    }
    chunk.push(line)
    sizeBytes += lineBytes
  }
  if (chunk.length > 0) await insert(database, chunk)
}

/** Scores of one finding kept, so that a row stays small. */
const keptScores = 20
const keptEvidence = 50
/** Answers in a sentence can be as long as a message. */
const longestWhy = 4000
/** A bound value is at most 120,000 bytes, with the backslashes that escape it. */
const mostBytes = 50_000

const structure = `id String, detector String, rule String, rule_version UInt32, status String, allowed_by String, severity String, score Int32,
  scores Array(Int32), scored Array(DateTime64(3, 'UTC')), title String, why String, subject Map(String, String),
  first_seen DateTime64(9, 'UTC'), last_seen DateTime64(9, 'UTC'), evidence Array(Tuple(String, UInt64)),
  known_since DateTime64(3, 'UTC'), evaluated DateTime64(3, 'UTC'), transactions UInt64, version UInt64`

const columns =
  'id, detector, rule, rule_version, status, allowed_by, severity, score, scores, scored, title, why, subject, first_seen, last_seen, evidence, known_since, evaluated, transactions, version'

async function insert(database: Database, lines: string[]): Promise<void> {
  await database.command(
    `INSERT INTO findings (${columns})
    SELECT ${columns} FROM format(JSONEachRow, {structure:String}, {lines:String})`,
    { structure, lines: lines.join('\n') },
  )
}

function rowOf(finding: KnownFinding): Record<string, unknown> {
  const { scored, first_seen, last_seen, known_since, evaluated, ...rest } = finding
  return {
    ...rest,
    scored: scored.map(engineTime),
    first_seen: engineTime(first_seen),
    last_seen: engineTime(last_seen),
    known_since: engineTime(known_since),
    evaluated: engineTime(evaluated),
  }
}

function versionOf(at: Date): number {
  return at.getTime() * 1000
}

function earliest(a: string, b = a): string {
  return a < b ? a : b
}

function latest(a: string, b = a): string {
  return a > b ? a : b
}
