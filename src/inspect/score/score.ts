// Scores one labelled capture that stands alone in a store: what was found, what was missed, what was said for nothing, and when.

import type { Database } from '../../database/database.ts'
import type { Detector, Finding, Subject } from '../detect/detector.ts'
import { run, type RunResult } from '../detect/run.ts'
import { engineTimeOf, millisecondsOf } from '../engine-time.ts'
import { wholeHistory } from '../window.ts'
import { recording, type Written } from './ablation.ts'
import { type Baseline, claimsOf } from './baselines.ts'
import type { Label, Truth } from './label.ts'
import { type Claim, isAbout, matchClaims } from './match.ts'
import { bytesLeft, clientsAnswered, type Exposure, exposureOf } from './measure.ts'

/** What became of one event. Times are ISO UTC. */
export interface TruthScore extends Truth {
  isFound: boolean
  /** Highest score of a finding about it; 0 where there is none. */
  score: number
  rule: string | null
  /** When the store first held enough for a finding that counts, and how long after the first packet of the event that was. */
  alertAt: string | null
  secondsToAlert: number | null
  /** Exfiltration: bytes that had left by then, by the label's rate or as compressed names. */
  leakedBytes: number | null
  /** Answer changes: clients that had an answer by then. */
  exposedClients: number | null
}

/** Something that was said and is not true, as far as the label knows. */
export interface FalseFinding {
  detector: string
  rule: string
  score: number
  subject: Subject
  why: string
}

/** What a baseline rule said of one capture. */
export interface BaselineScore {
  id: string
  /** For each truth of the capture whether the rule found it; null where it is of another kind. */
  found: (boolean | null)[]
  false: number
}

/** The score of one capture. */
export interface CaptureScore {
  path: string
  benign: boolean
  exposure: Exposure
  truths: TruthScore[]
  false: FalseFinding[]
  baselines: BaselineScore[]
  seconds: number
}

/** Which parts are asked for. */
export interface ScoreOptions {
  detectors: readonly Detector[]
  baselines: readonly Baseline[]
  /** False leaves out when alerts came, which takes most of the time. */
  times: boolean
}

/** Scores the capture in the store; `written` are the drafts behind it. */
export async function scoreCapture(
  database: Database,
  path: string,
  label: Label,
  options: ScoreOptions,
): Promise<{ score: CaptureScore; written: Written[] }> {
  const start = performance.now()
  const written: Written[] = []
  const { watch } = label
  const exposure = await exposureOf(database)
  const detectors = recording(options.detectors, written)
  const { findings } = await run(database, detectors, { watch })
  // Rules run at the same time, so the order in which they wrote is chance.
  written.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0))
  const truths = label.truths.filter(({ kind }) => options.detectors.some(({ id }) => id === kind))
  const { byTruth, strangers } = matchClaims<Finding>(truths, findings)
  const score: CaptureScore = {
    path,
    benign: label.benign,
    exposure,
    truths: [],
    false: strangers.map(({ detector, rule, score: points, subject, why }) => {
      return { detector, rule, score: points, subject, why }
    }),
    baselines: [],
    seconds: 0,
  }
  const earlier = new Map<string, Promise<RunResult>>()
  for (const [i, truth] of truths.entries()) {
    const [best] = byTruth[i]
    const of: TruthScore = {
      ...truth,
      isFound: best !== undefined && best.score >= truth.minScore,
      score: best?.score ?? 0,
      rule: best?.rule ?? null,
      alertAt: null,
      secondsToAlert: null,
      leakedBytes: null,
      exposedClients: null,
    }
    score.truths.push(of)
    if (!options.times || !of.isFound || best === undefined) continue
    const detector = options.detectors.find(({ id }) => id === truth.kind) as Detector
    const runUntil = (until: string) => {
      const key = `${truth.kind} ${until}`
      const known = earlier.get(key) ?? run(database, [detector], { until, watch })
      earlier.set(key, known)
      return known
    }
    await addTimes(database, of, best, exposure, runUntil)
  }
  for (const baseline of options.baselines) {
    const claims = await claimsOf(database, baseline, watch)
    score.baselines.push(baselineScore(baseline, truths, claims))
  }
  score.seconds = (performance.now() - start) / 1000
  return { score, written }
}

function placeOf({ detector, rule }: Written): string {
  return `${detector} ${rule.id}`
}

function baselineScore(
  { id, kind }: Baseline,
  truths: readonly Truth[],
  claims: readonly Claim[],
): BaselineScore {
  const { byTruth, strangers } = matchClaims(truths, claims)
  const found = byTruth.map((about, i) => (truths[i].kind === kind ? about.length > 0 : null))
  return { id, found, false: strangers.length }
}

/** First look after a quarter of a second, then four times as long each; then halves down to 0.5 % of the time: a tunnel sends a kilobyte within a second. */
const firstLookMs = 250
const growth = 4
const nearEnough = 0.005

/** Finds the shortest stretch of packet time that already gives a finding that counts, and what had happened by then. */
async function addTimes(
  database: Database,
  truth: TruthScore,
  best: Finding,
  exposure: Exposure,
  runUntil: (until: string) => Promise<RunResult>,
): Promise<void> {
  const beginMs = Date.parse(truth.first ?? best.first_seen)
  const endMs = millisecondsOf(exposure.newest) + 1000
  let earliest = best
  const isFoundBy = async (ms: number) => {
    const { findings } = await runUntil(boundOf(ms))
    const first = findings.find((found) => found.score >= truth.minScore && isAbout(found, truth))
    earliest = first ?? earliest
    return first !== undefined
  }
  let low = beginMs
  let high = Math.min(endMs, beginMs + firstLookMs)
  while (high < endMs && !(await isFoundBy(high))) {
    low = high
    high = Math.min(endMs, beginMs + (high - beginMs) * growth)
  }
  while (high - low > Math.max(1, nearEnough * (high - beginMs))) {
    const middle = Math.round((low + high) / 2)
    if (await isFoundBy(middle)) high = middle
    else low = middle
  }
  // A row stands at the time of its query: what it says of the answer is known only when that has come.
  high = Math.max(high, Date.parse(earliest.last_seen))
  const until = boundOf(high)
  truth.alertAt = new Date(high).toISOString()
  truth.secondsToAlert = Math.max(0, (high - beginMs) / 1000)
  const entity: Subject = { ...truth.entity, ...best.subject }
  if (truth.kind === 'exfiltration') {
    const lastMs = truth.last === null ? high : Math.min(high, Date.parse(truth.last))
    truth.leakedBytes =
      truth.rate === undefined
        ? await bytesLeft(database, entity, until)
        : Math.round(truth.rate * Math.max(0, (lastMs - beginMs) / 1000))
  }
  if (truth.kind === 'answer-change') {
    truth.exposedClients = await clientsAnswered(database, entity, boundOf(beginMs), until)
  }
}

function boundOf(ms: number): string {
  const bounded = Math.min(Math.max(ms, 0), Date.parse(`${wholeHistory.until.slice(0, 10)}Z`))
  return engineTimeOf(bounded)
}
