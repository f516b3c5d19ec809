// The score card: what the scores of all captures come to, by detector, by scenario, by baseline rule and without each point.

import type { Detector } from '../detect/detector.ts'
import { type Ablate, type AblationRow, ablationRows, type Written } from './ablation.ts'
import { type Baseline } from './baselines.ts'
import type { Label } from './label.ts'
import { alertScore } from './match.ts'
import { median, type Rate, rateOf } from './rate.ts'
import type { TwinRow, TwinScore } from './robustness.ts'
import type { CaptureScore, FalseFinding, TruthScore } from './score.ts'

/** How a rule did: ours or another program's. */
export interface Row {
  id: string
  title: string
  /** The detector, also of a baseline rule. */
  detector: string
  isBaseline: boolean
  truths: number
  found: number
  recall: number | null
  falseAlerts: number
  /** Findings below the alert score. */
  falseReviews: number
  precision: number | null
  /** False findings in benign captures, over what these expose it to. */
  perMillionQueries: Rate
  perClientDay: Rate
}

/** How one scenario went. */
export interface ScenarioRow {
  detector: string
  scenario: string
  truths: number
  found: number
  medianSecondsToAlert: number | null
  longestSecondsToAlert: number | null
  medianLeakedBytes: number | null
  exposedClients: number | null
}

/** Everything `overhear score` says. */
export interface Card {
  captures: { scored: number; benign: number; withTruth: number; unlabelled: number }
  queries: number
  clientDays: number
  rows: Row[]
  scenarios: ScenarioRow[]
  missed: (TruthScore & { path: string })[]
  false: (FalseFinding & { path: string; benign: boolean })[]
  ablation: AblationRow[]
}

/** The card, with the thresholds it was made with and what worse vantages change. */
export interface ScoreReport extends Card {
  thresholds: { hash: string; isFrozen: boolean; changes: string[] }
  robustness: { rows: TwinRow[]; twins: TwinScore[] } | null
  perCapture: CaptureScore[]
  /** What could not be read, a sentence each. */
  problems: string[]
}

/** True when every event that must be found was, and no benign capture alerts. */
export function isAsExpected({ missed, false: wrong }: Card): boolean {
  return (
    missed.every(({ mayMiss }) => mayMiss !== undefined) &&
    !wrong.some(({ benign, score }) => benign && score >= alertScore)
  )
}

/** A scored capture with the drafts behind it. */
export interface Scored {
  label: Label
  score: CaptureScore
  written: Written[]
}

/** Adds up. */
export function cardOf(
  scored: readonly Scored[],
  unlabelled: number,
  detectors: readonly Detector[],
  baselines: readonly Baseline[],
  ablate: Ablate,
): Card {
  const scores = scored.map(({ score }) => score)
  const benign = scores.filter((score) => score.benign)
  const hours = (all: readonly CaptureScore[]) =>
    all.reduce((sum, { exposure }) => sum + exposure.clientHours, 0)
  const queries = (all: readonly CaptureScore[]) =>
    all.reduce((sum, { exposure }) => sum + exposure.queries, 0)
  const exposure = { millions: queries(benign) / 1e6, days: hours(benign) / 24 }
  const rows = detectors.flatMap((detector) => [
    ownRow(detector, scores, exposure),
    ...baselines
      .filter(({ kind }) => kind === detector.id)
      .map((baseline) => baselineRow(baseline, scores, exposure)),
  ])
  return {
    captures: {
      scored: scored.length,
      benign: benign.length,
      withTruth: scores.filter(({ truths }) => truths.length > 0).length,
      unlabelled,
    },
    queries: queries(scores),
    clientDays: hours(scores) / 24,
    rows,
    scenarios: scenarioRows(scores),
    missed: scores.flatMap(({ path, truths }) =>
      truths.filter(({ isFound }) => !isFound).map((truth) => ({ ...truth, path })),
    ),
    false: scores.flatMap((score) =>
      score.false.map((finding) => ({ ...finding, path: score.path, benign: score.benign })),
    ),
    ablation: ablate === null ? [] : ablationRows(scored, ablate),
  }
}

interface BenignExposure {
  millions: number
  days: number
}

function ownRow(
  { id, title }: Detector,
  scores: readonly CaptureScore[],
  exposure: BenignExposure,
): Row {
  const truths = scores.flatMap((score) => score.truths).filter(({ kind }) => kind === id)
  const wrong = scores.flatMap((score) =>
    score.false.filter(({ detector }) => detector === id).map((each) => ({ ...each, score })),
  )
  const all = scores.flatMap((score) => score.false).filter(({ detector }) => detector === id)
  return rowOf(
    { id, title, detector: id, isBaseline: false },
    truths.map(({ isFound }) => isFound),
    all.filter(({ score }) => score >= alertScore).length,
    all.filter(({ score }) => score < alertScore).length,
    wrong.filter(({ score }) => score.benign).length,
    exposure,
  )
}

function baselineRow(
  { id, title, kind }: Baseline,
  scores: readonly CaptureScore[],
  exposure: BenignExposure,
): Row {
  const results = scores.flatMap(({ benign, baselines }) =>
    baselines.filter((baseline) => baseline.id === id).map((result) => ({ ...result, benign })),
  )
  const sum = (all: readonly { false: number }[]) =>
    all.reduce((total, result) => total + result.false, 0)
  return rowOf(
    { id, title, detector: kind, isBaseline: true },
    results.flatMap(({ found }) => found.filter((each) => each !== null)),
    sum(results),
    0,
    sum(results.filter(({ benign }) => benign)),
    exposure,
  )
}

function rowOf(
  head: Pick<Row, 'id' | 'title' | 'detector' | 'isBaseline'>,
  truths: readonly boolean[],
  falseAlerts: number,
  falseReviews: number,
  onBenign: number,
  { millions, days }: BenignExposure,
): Row {
  const found = truths.filter(Boolean).length
  const said = found + falseAlerts + falseReviews
  return {
    ...head,
    truths: truths.length,
    found,
    recall: truths.length === 0 ? null : found / truths.length,
    falseAlerts,
    falseReviews,
    precision: said === 0 ? null : found / said,
    perMillionQueries: rateOf(onBenign, millions),
    perClientDay: rateOf(onBenign, days),
  }
}

function scenarioRows(scores: readonly CaptureScore[]): ScenarioRow[] {
  const groups = new Map<string, TruthScore[]>()
  for (const truth of scores.flatMap(({ truths }) => truths)) {
    const key = `${truth.kind}\0${truth.scenario}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [truth])
    else group.push(truth)
  }
  return [...groups.values()].map((truths) => {
    const [{ kind, scenario }] = truths
    const numbers = (field: 'secondsToAlert' | 'leakedBytes' | 'exposedClients') =>
      truths.flatMap((truth) => truth[field] ?? [])
    const exposed = numbers('exposedClients')
    return {
      detector: kind,
      scenario,
      truths: truths.length,
      found: truths.filter(({ isFound }) => isFound).length,
      medianSecondsToAlert: median(numbers('secondsToAlert')),
      longestSecondsToAlert: numbers('secondsToAlert').reduce<number | null>(
        (longest, seconds) => Math.max(longest ?? 0, seconds),
        null,
      ),
      medianLeakedBytes: median(numbers('leakedBytes')),
      exposedClients: exposed.length === 0 ? null : exposed.reduce((sum, n) => sum + n, 0),
    }
  })
}
