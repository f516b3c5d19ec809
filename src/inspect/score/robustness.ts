// How much a worse vantage changes: for each kind of twin what was still found, and what was said for nothing in addition.

import type { Database } from '../../database/database.ts'
import type { Detector } from '../detect/detector.ts'
import { run } from '../detect/run.ts'
import type { Label } from './label.ts'
import { alertScore, matchClaims } from './match.ts'
import type { CaptureScore, FalseFinding } from './score.ts'

/** What came of one twin of one capture. */
export interface TwinScore {
  kind: string
  path: string
  truths: number
  found: number
  foundBefore: number
  false: FalseFinding[]
  falseBefore: number
}

/** A row of the table: all twins of one kind. */
export interface TwinRow {
  kind: string
  captures: number
  truths: number
  found: number
  foundBefore: number
  falseAlerts: number
  falseReviews: number
  falseBefore: number
  /** True while there are at most twice as many false findings as in the captures themselves. */
  isWithinTwice: boolean
}

/** Twins of fewer messages say nothing: a twentieth of them is none. */
export const fewestRows = 20

/** Runs the detectors over the twin in the store. */
export async function scoreTwin(
  database: Database,
  kind: string,
  label: Label,
  before: CaptureScore,
  detectors: readonly Detector[],
): Promise<TwinScore> {
  const { findings } = await run(database, detectors, { watch: label.watch })
  const { byTruth, strangers } = matchClaims(before.truths, findings)
  return {
    kind,
    path: before.path,
    truths: before.truths.length,
    found: byTruth.filter((about, i) => (about[0]?.score ?? 0) >= before.truths[i].minScore).length,
    foundBefore: before.truths.filter(({ isFound }) => isFound).length,
    false: strangers.map(({ detector, rule, score, subject, why }) => {
      return { detector, rule, score, subject, why }
    }),
    falseBefore: before.false.length,
  }
}

/** One row for each kind. */
export function twinRows(scores: readonly TwinScore[]): TwinRow[] {
  return [...new Set(scores.map(({ kind }) => kind))].map((kind) => {
    const own = scores.filter((score) => score.kind === kind)
    const sum = (amount: (score: TwinScore) => number) =>
      own.reduce((total, score) => total + amount(score), 0)
    const wrong = own.flatMap((score) => score.false)
    const falseBefore = sum((score) => score.falseBefore)
    return {
      kind,
      captures: own.length,
      truths: sum((score) => score.truths),
      found: sum((score) => score.found),
      foundBefore: sum((score) => score.foundBefore),
      falseAlerts: wrong.filter(({ score }) => score >= alertScore).length,
      falseReviews: wrong.filter(({ score }) => score < alertScore).length,
      falseBefore,
      isWithinTwice: wrong.length <= 2 * falseBefore,
    }
  })
}
