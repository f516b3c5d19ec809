// What the captures behind a finding could not see, said beside it: one direction only, or packets that were lost.

import type { Finding } from './detector.ts'
import { count } from './evidence.ts'
import type { CaptureSeen } from './seen.ts'
import type { OneWay, Vantage } from './vantage.ts'

/** Adds to a finding whether its captures saw both directions while it lasted, and whether they lost packets. */
export function addCaptureHealth(
  finding: Finding,
  captures: readonly CaptureSeen[],
  vantage: Vantage,
): void {
  const ids = [...new Set(finding.evidence.map(({ capture }) => capture))]
  if (ids.length === 0) return
  const oneWay = vantage.stretches.filter(
    (stretch) =>
      stretch.captures.some((id) => ids.includes(id)) &&
      stretch.since <= finding.last_seen &&
      finding.first_seen < stretch.until,
  )
  if (oneWay.length > 0) {
    const missing = [...new Set(oneWay.map((stretch) => stretch.missing))].join(' and ')
    finding.counter_evidence.push(
      `the capture is one-way for some of this time: ${missing} are missing`,
    )
  } else if (ids.every((id) => vantage.twoWay.includes(id))) {
    finding.looked_at.push('both directions were captured: other hosts have their answers')
  }
  const lost = captures
    .filter(({ id }) => ids.includes(id))
    .reduce((sum, { dropped = 0 }) => sum + dropped, 0)
  if (lost > 0) {
    finding.counter_evidence.push(`${count(lost, 'packet')} were lost while this was captured`)
  } else finding.looked_at.push('no packet is known to be lost')
}

/** True where the sensor has no name, so that its capture stands for it. */
function isCapture({ tap, captures }: OneWay): boolean {
  return captures.includes(tap)
}

/** Stretches named in a note; all of them are in the JSON. */
const shownStretches = 3

/** A sentence for each sensor; captures of no sensor that miss the same share theirs. */
export function oneWayNotes(
  stretches: readonly OneWay[],
  captures: readonly CaptureSeen[],
): string[] {
  const groups = new Map<string, OneWay[]>()
  for (const stretch of stretches) {
    const key = isCapture(stretch) ? stretch.missing : `sensor ${stretch.tap}`
    groups.set(key, [...(groups.get(key) ?? []), stretch])
  }
  return [...groups].map(([key, group]) => {
    const minute = (time: string) => time.slice(0, 16).replace('T', ' ')
    const shown = group.slice(0, shownStretches).map((stretch) => {
      const path = captures.find(({ id }) => id === stretch.tap)?.path ?? stretch.tap
      const where = isCapture(stretch) ? `${path}, ` : ''
      return `${where}${minute(stretch.since)} to ${minute(stretch.until)}`
    })
    const more = group.length > shownStretches ? ` and ${group.length - shownStretches} more` : ''
    const place = key.startsWith('sensor ') ? `by ${key}` : 'in'
    const missing = new Set(group.map((stretch) => stretch.missing))
    const what = [...missing].map((noun) => `${noun} are missing`).join(', or ')
    const share = Math.round(Math.min(...group.map(({ median }) => median)) * 100)
    return `one direction only is captured ${place} ${shown.join('; ')}${more} (UTC): ${what}, the median host has ${share} % of its messages paired; rules that need both directions are silent there`
  })
}
