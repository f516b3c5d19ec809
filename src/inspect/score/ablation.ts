// What each point is worth: drafts are kept as the rules wrote them and weighed again without one of their points.

import { type Detector, type Draft, type Rule, scoreOf } from '../detect/detector.ts'
import { findingId } from '../detect/run.ts'
import { isoTime } from '../engine-time.ts'
import type { Scored } from './card.ts'
import { alertScore, type Claim, matchClaims, reviewScore } from './match.ts'

/** A draft as a rule wrote it, also where it scored too little to be a finding. */
export interface Written {
  detector: string
  rule: Rule
  draft: Draft
}

/** The same detectors, whose rules write what they say into `written` as well. */
export function recording(detectors: readonly Detector[], written: Written[]): Detector[] {
  return detectors.map((detector) => ({
    ...detector,
    rules: detector.rules.map((rule) => ({
      ...rule,
      judge: async (rows, bench) => {
        const drafts = await rule.judge(rows, bench)
        written.push(...drafts.map((draft) => ({ detector: detector.id, rule, draft })))
        return drafts
      },
    })),
  }))
}

/** A source of points; `detector` is undefined for all detectors that have a point of this name. */
export interface PointSource {
  detector?: string
  name: string
}

/** Which point sources to take away: `all`, or those of this name. */
export type Ablate = 'all' | PointSource | null

/** What changes without a source of points. */
export interface AblationRow {
  detector: string
  point: string
  found: number
  foundWithout: number
  alertsFalse: number
  alertsFalseWithout: number
  reviewsFalse: number
  reviewsFalseWithout: number
}

/** A row for each source of points, those first that matter most. */
export function ablationRows(
  scored: readonly Scored[],
  ablate: 'all' | PointSource,
): AblationRow[] {
  const all = sourcesIn(scored.flatMap(({ written }) => written))
  const chosen =
    ablate === 'all'
      ? all
      : all.filter(
          ({ detector, name }) =>
            name === ablate.name && (ablate.detector ?? detector) === detector,
        )
  const rows = chosen.map((source): AblationRow => {
    const detector = source.detector as string
    const whole = tally(scored, detector, null)
    const without = tally(scored, detector, source)
    return {
      detector,
      point: source.name,
      found: whole.found,
      foundWithout: without.found,
      alertsFalse: whole.alerts,
      alertsFalseWithout: without.alerts,
      reviewsFalse: whole.reviews,
      reviewsFalseWithout: without.reviews,
    }
  })
  const weight = (row: AblationRow) =>
    Math.abs(row.found - row.foundWithout) +
    Math.abs(row.alertsFalse - row.alertsFalseWithout) +
    Math.abs(row.reviewsFalse - row.reviewsFalseWithout)
  return rows.toSorted((a, b) => weight(b) - weight(a))
}

function tally(scored: readonly Scored[], detector: string, without: PointSource | null) {
  const total = { found: 0, alerts: 0, reviews: 0 }
  for (const { label, written } of scored) {
    const own = written.filter((each) => each.detector === detector)
    const truths = label.truths.filter(({ kind }) => kind === detector)
    const { byTruth, strangers } = matchClaims(truths, claimsWithout(own, without))
    byTruth.forEach((claims, i) => {
      if ((claims[0]?.score ?? 0) >= truths[i].minScore) total.found++
    })
    total.alerts += strangers.filter(({ score }) => score >= alertScore).length
    total.reviews += strangers.filter(({ score }) => score < alertScore).length
  }
  return total
}

/** The point sources that count in these drafts, by detector and name. */
function sourcesIn(written: readonly Written[]): PointSource[] {
  const seen = new Map<string, PointSource>()
  for (const { detector, draft } of written) {
    for (const { name } of draft.points) seen.set(`${detector}/${name}`, { detector, name })
  }
  return [...seen.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
}

/** What would be claimed without a source of points: one claim for each finding id, from 30 points up, as the runner does it. */
function claimsWithout(
  written: readonly Written[],
  source: PointSource | null,
): (Claim & { id: string })[] {
  const best = new Map<string, Claim & { id: string }>()
  for (const { detector, rule, draft } of written) {
    const isMeant = source !== null && (source.detector ?? detector) === detector
    const score = scoreOf(draft.points.filter(({ name }) => !isMeant || name !== source.name))
    if (score < reviewScore) continue
    const id = findingId(detector, draft.rule ?? rule.family ?? rule.id, draft.identity)
    if ((best.get(id)?.score ?? 0) >= score) continue
    const { subject } = draft
    const times = { first_seen: isoTime(draft.first), last_seen: isoTime(draft.last) }
    best.set(id, { id, detector, score, subject, ...times })
  }
  return [...best.values()]
}
