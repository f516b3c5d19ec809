// Whether both directions were captured, for each sensor and stretch of time: without that, "nobody asked for this answer" means nothing.

import type { Parameters } from '../../database/database.ts'
import { isoTime } from '../engine-time.ts'
import { inWindow, tap, tapOf } from './detector.ts'
import type { Asked } from './seen.ts'

/** A stretch of time in which a sensor captured one direction only; times are ISO UTC, `until` excluded. */
export interface OneWay {
  /** The sensor, or the capture where the sensor has no name. */
  tap: string
  captures: string[]
  since: string
  until: string
  /** What is not there: answers to what was asked, or the questions that were answered. */
  missing: 'answers' | 'queries'
  /** Hosts that were looked at, and the paired share of the median one, at its worst. */
  hosts: number
  median: number
}

/** What the captures can see. */
export interface Vantage {
  /** Captures with one direction from their beginning to their end. */
  oneWay: string[]
  /** Captures with enough hosts to say that both directions are there, all the time. */
  twoWay: string[]
  /** Everything with one direction, in order of place and time. */
  stretches: OneWay[]
}

/** Hosts a stretch needs before its median says anything: one victim of a flood must not switch its own detector off. */
const minHosts = 3
/** Messages a host needs to count. */
const minMessages = 20
/** Share of paired messages of the median host. Ordinary loss is below 1 %. */
const minPaired = 0.9
const sliceSeconds = 300
/** One-way slices this near to each other, with nothing known in between, are one stretch. */
const joinSeconds = 3600
/** A tap that comes and goes more often than this is not believed at all from its first gap to its last. */
const mostStretches = 500

/**
 * Judges five minutes of a sensor by the median over their clients; where they hold too few hosts the whole capture decides, and where that
 * does too, the whole sensor. The median and not the total, since a flood at one victim pulls the total down. A quick look at captures as a
 * whole and at slices with unpaired messages finds the sensors where any median is low; only they are looked at in full, and with their
 * victims left out.
 */
export async function vantageOf(database: Asked, window: Parameters): Promise<Vantage> {
  const [captures, whole, doubtful] = await Promise.all([
    database.rows<Captured>(capturesSql, window),
    database.rows<Judged>(mediansSql('1', 'no slices'), window),
    database.rows<{ place: string; step: number }>(suspectsSql, window),
  ])
  const suspects =
    doubtful.length === 0
      ? []
      : await database.rows<Judged>(mediansSql(`(${tap}, ${step}) IN (${suspectsSql})`), window)
  const coarse = whole.filter((row) => !isSlice(row))
  const low = new Set([...coarse, ...suspects.filter(isSlice)].filter(isLow).map((row) => row.tap))
  const quick =
    low.size === 0
      ? coarse
      : [
          ...coarse.filter((row) => !low.has(row.tap)),
          ...(await database.rows<Judged>(mediansSql(`${tap} IN {taps:Array(String)}`), {
            ...window,
            taps: [...low],
          })),
        ]
  // Where all but a few slices are well, those few are looked at again, else all of it.
  const isWhole = quick.some((row) => isLow(row) && row.level !== 'slice')
  const verdicts = quick.filter((row) => !low.has(row.tap) || (!isWhole && !isLow(row)))
  if (low.size > 0) {
    const steps = quick.filter(isLow).map((row) => row.slice / sliceSeconds)
    const bound = { ...window, taps: [...low], steps: [...new Set(steps)] }
    const again = `${tap} IN {taps:Array(String)} AND ${isWhole ? '1' : `${step} IN {steps:Array(UInt32)}`} AND ${withoutFloods}`
    const thorough = await database.rows<Judged>(mediansSql(again), bound)
    verdicts.push(...thorough.filter((row) => isWhole || row.level === 'slice'))
  }
  const stretches = [...low].sort().flatMap((place) =>
    stretchesOf(
      captures.filter((capture) => capture.tap === place),
      verdicts.filter((row) => row.tap === place),
    ),
  )
  return {
    oneWay: captures.filter((each) => stretches.some((one) => holds(one, each))).map(idOf),
    twoWay: captures
      .filter((each) => {
        const verdict = verdictOn(each, verdicts)
        const isTouched = stretches.some((one) => touches(one, each))
        return verdict !== undefined && !isLow(verdict) && !isTouched
      })
      .map(idOf),
    stretches: stretches.map(({ from, to, ...rest }) => ({
      ...rest,
      since: isoTime(new Date(from * 1000).toISOString().slice(0, 19)),
      until: isoTime(new Date(to * 1000).toISOString().slice(0, 19)),
    })),
  }
}

/** The values of the placeholders in `bothDirections`, and of `{oneWay}`. */
export function vantageParameters({ oneWay, stretches }: Vantage): Parameters {
  const seconds = (time: string) => Date.parse(time) / 1000
  return {
    oneWay,
    oneWayTaps: stretches.map((stretch) => stretch.tap),
    oneWayFrom: stretches.map((stretch) => seconds(stretch.since)),
    oneWayUntil: stretches.map((stretch) => seconds(stretch.until)),
  }
}

interface Captured {
  capture: string
  tap: string
  first: number
  last: number
}

/** The median of a slice (its first second), of a capture, or of all that a sensor captured. */
interface Judged {
  level: 'slice' | 'capture' | 'tap'
  tap: string
  capture: string
  slice: number
  hosts: number
  median: number
  unanswered: number
  unasked: number
}

type Stretch = Omit<OneWay, 'since' | 'until'> & { from: number; to: number }

/** One key of fixed size for capture and sensor: grouping by the two texts takes three times as long. */
const placeKey = `CAST(cityHash64(capture) AS UInt64), CAST(cityHash64(sensor) AS UInt64)`

const step = `toUInt32(intDiv(toUnixTimestamp(ts), ${sliceSeconds}))`

const capturesSql = `SELECT toString(of_capture) AS capture, ${tapOf('of_capture', 'of_sensor')} AS tap, first, last
  FROM (
    SELECT any(capture) AS of_capture, any(sensor) AS of_sensor, toUnixTimestamp(min(ts)) AS first, toUnixTimestamp(max(ts)) AS last
    FROM transactions WHERE ${inWindow} GROUP BY ${placeKey}
  )
  ORDER BY tap, first, capture`

/** Leaves out unasked answers to hosts that got few different ones over and over: those hosts are victims themselves. */
const withoutFloods = `NOT (match = 'unsolicited' AND (capture, client, ${step}) IN (
            SELECT capture, client, ${step} AS flooded FROM transactions
            WHERE ${inWindow} AND match = 'unsolicited'
            GROUP BY capture, client, flooded HAVING count() >= ${minMessages} AND uniq(qname) * 10 <= count()
          ))`

/** Slices that can be one-way at all: of three hosts two miss a tenth of their twenty messages. Few rows are unpaired, so this is cheap. */
const suspectsSql = `SELECT place, step FROM (
      SELECT ${tap} AS place, ${step} AS step, client FROM transactions
      WHERE ${inWindow} AND match IN ('unanswered', 'unsolicited')
      GROUP BY place, step, client HAVING count() >= 2
    ) GROUP BY place, step HAVING count() >= 2`

/** Medians at three levels, or at those of captures and sensors alone, over the rows that meet a condition. */
function mediansSql(condition: string, slices: 'slices' | 'no slices' = 'slices'): string {
  const moment = slices === 'slices' ? step : 'toUInt32(0)'
  return `SELECT multiIf(whole = 3, 'tap', whole = 1, 'capture', 'slice') AS level, place AS tap, capture_id AS capture,
      toUInt32(step * ${sliceSeconds}) AS slice, count() AS hosts, quantileExact(0.5)(share) AS median,
      toFloat64(sum(no_answers)) AS unanswered, toFloat64(sum(no_queries)) AS unasked
    FROM (
      SELECT place, capture_id, step, client, grouping(capture_id, step) AS whole,
        sum(paired) AS pairs, sum(no_answer) AS no_answers, sum(no_query) AS no_queries,
        pairs / (pairs + no_answers + no_queries) AS share
      FROM (
        SELECT ${tapOf('any(capture)', 'any(sensor)')} AS place, toString(any(capture)) AS capture_id, ${moment} AS step, client,
          countIf(match IN ('answered', 'late')) AS paired, countIf(match = 'unanswered') AS no_answer,
          countIf(match = 'unsolicited') AS no_query
        FROM transactions
        WHERE ${inWindow} AND ${condition}
        GROUP BY ${placeKey}, step, client
      )
      GROUP BY GROUPING SETS ((place, step, client), (place, capture_id, client), (place, client))
      HAVING 2 * pairs + no_answers + no_queries >= ${minMessages}
    )
    GROUP BY place, capture_id, step, whole
    HAVING hosts >= ${minHosts}
    ORDER BY place, step, capture_id`
}

/** One sensor's stretches, in order of time. */
function stretchesOf(captures: Captured[], verdicts: Judged[]): Stretch[] {
  const slices = verdicts.filter(({ level }) => level === 'slice')
  const found: Stretch[] = slices.filter(isLow).map((row) => ({
    ...whatIsMissing(row),
    captures: [],
    from: row.slice,
    to: row.slice + sliceSeconds,
  }))
  for (const capture of captures) {
    const verdict = verdictOn(capture, verdicts)
    if (verdict === undefined || !isLow(verdict)) continue
    // Slices with hosts enough speak for themselves; the rest of the capture is as the whole of it.
    let from = sliceStart(capture.first)
    const end = sliceStart(capture.last) + sliceSeconds
    const known = slices.filter(({ slice }) => slice >= from && slice < end).map((row) => row.slice)
    for (const slice of [...known, end]) {
      if (slice > from) found.push({ ...whatIsMissing(verdict), captures: [], from, to: slice })
      from = slice + sliceSeconds
    }
  }
  const whole = joined(
    found,
    slices.filter((row) => !isLow(row)).map((row) => row.slice),
  )
  return whole.map((stretch) => ({
    ...stretch,
    captures: captures.filter((each) => touches(stretch, each)).map(idOf),
  }))
}

/** Neighbours become one, unless both directions were there in between. */
function joined(stretches: Stretch[], twoWaySlices: number[]): Stretch[] {
  const result: Stretch[] = []
  for (const next of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    const isNear =
      last !== undefined &&
      next.from - last.to <= joinSeconds &&
      !twoWaySlices.some((slice) => slice >= last.to && slice < next.from)
    if (!isNear) {
      result.push({ ...next })
      continue
    }
    last.to = Math.max(last.to, next.to)
    last.median = Math.min(last.median, next.median)
    last.hosts = Math.max(last.hosts, next.hosts)
  }
  const last = result.at(-1)
  return last === undefined || result.length <= mostStretches
    ? result
    : [{ ...result[0], to: last.to }]
}

function verdictOn(capture: Captured, verdicts: Judged[]): Judged | undefined {
  return (
    verdicts.find((row) => row.level === 'capture' && row.capture === capture.capture) ??
    verdicts.find((row) => row.level === 'tap' && row.tap === capture.tap)
  )
}

function whatIsMissing(row: Judged): Pick<OneWay, 'tap' | 'missing' | 'hosts' | 'median'> {
  const missing = row.unanswered > row.unasked ? 'answers' : 'queries'
  return { tap: row.tap, missing, hosts: row.hosts, median: row.median }
}

function isSlice({ level }: Judged): boolean {
  return level === 'slice'
}

function isLow(row: Judged): boolean {
  return row.median < minPaired
}

function sliceStart(seconds: number): number {
  return seconds - (seconds % sliceSeconds)
}

function touches(stretch: Stretch, capture: Captured): boolean {
  return stretch.tap === capture.tap && stretch.from <= capture.last && capture.first < stretch.to
}

function holds(stretch: Stretch, capture: Captured): boolean {
  return stretch.tap === capture.tap && stretch.from <= capture.first && capture.last < stretch.to
}

function idOf({ capture }: Captured): string {
  return capture
}
