// What each point is worth: drafts are kept as the rules wrote them and weighed again without one of their points.

import type { Detector, Draft, Rule } from '../detect/detector.ts'
import { isoTime } from '../detect/evidence.ts'
import { findingId } from '../detect/run.ts'
import { type Claim, reviewScore } from './match.ts'

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

/** The point sources that count in these drafts, by detector and name. */
export function sourcesIn(written: readonly Written[]): PointSource[] {
  const seen = new Map<string, PointSource>()
  for (const { detector, draft } of written) {
    for (const { name } of draft.points) seen.set(`${detector}/${name}`, { detector, name })
  }
  return [...seen.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
}

/** What would be claimed without a source of points: one claim for each finding id, from 30 points up, as the runner does it. */
export function claimsWithout(
  written: readonly Written[],
  source: PointSource | null,
): (Claim & { id: string })[] {
  const best = new Map<string, Claim & { id: string }>()
  for (const { detector, rule, draft } of written) {
    const isMeant = source !== null && (source.detector ?? detector) === detector
    const score = draft.points
      .filter(({ name }) => !isMeant || name !== source.name)
      .reduce((sum, { points }) => sum + Math.round(points), 0)
    if (score < reviewScore) continue
    const id = findingId(detector, draft.rule ?? rule.family ?? rule.id, draft.identity)
    if ((best.get(id)?.score ?? 0) >= score) continue
    const { subject } = draft
    const times = { first_seen: isoTime(draft.first), last_seen: isoTime(draft.last) }
    best.set(id, { id, detector, score, subject, ...times })
  }
  return [...best.values()]
}
