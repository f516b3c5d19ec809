// Judges data leaving in names: the fullest sliding windows of each candidate against the thresholds, then everything for and against.

import type { Bench, Draft } from '../detector.ts'
import type { Candidate } from './candidates.ts'
import { listedSql } from './candidates.ts'
import { type Detail, detailOf, mixesCaseElsewhere, surroundingsOf } from './detail.ts'
import { draftOf } from './draft.ts'
import { type Key, seriesOf } from './series.ts'
import { type FullWindow, fullestWindow } from './windows.ts'

/** A window length with its threshold. */
export interface WindowRule {
  id: string
  seconds: number
  words: string
  bytes: 'minBytes' | 'minBytesDay' | 'minBytesMonth' | 'minBytesDomain'
  names: 'minNames' | 'minNamesMonth'
  /** Clients that may ask the domain, and days it must have been asked on. */
  mostClients?: number
  fewestDays?: number
}

const day = 86_400
const hourRule = { seconds: 3600, words: 'one hour', bytes: 'minBytes', names: 'minNames' } as const
const dayRule = {
  seconds: day,
  words: '24 hours',
  bytes: 'minBytesDay',
  names: 'minNames',
} as const
const monthRule = {
  seconds: 30 * day,
  words: '30 days',
  bytes: 'minBytesMonth',
  names: 'minNamesMonth',
  mostClients: 2,
  fewestDays: 3,
} as const

const windowsOfClient: readonly WindowRule[] = [
  { id: 'volume-1h', ...hourRule },
  { id: 'volume-24h', ...dayRule },
  { id: 'volume-30d', ...monthRule },
]

const windowsOf: Readonly<Record<Key, readonly WindowRule[]>> = {
  domain: windowsOfClient,
  suffix: windowsOfClient,
  server: [
    { id: 'server-1h', ...hourRule },
    { id: 'server-24h', ...dayRule },
  ],
  everyone: [{ ...dayRule, id: 'domain-24h', bytes: 'minBytesDomain', names: 'minNamesMonth' }],
}

/** A candidate over a threshold. */
export interface Measured {
  candidate: Candidate
  rule: WindowRule
  window: FullWindow
  minBytes: number
  /** The window's names, and those of all the time looked at. */
  names: string[]
  allNames: number
  allCharacters: number
  days: number
}

/** Candidates that are looked at closely, the fullest first. */
const closelyLooked = 100

/** Findings for the candidates of one key. */
export async function judgeVolume(
  key: Key,
  rows: readonly Candidate[],
  bench: Bench,
): Promise<Draft[]> {
  const measured = await measure(key, rows, bench)
  if (measured.length === 0) return []
  const surroundings = await surroundingsOf(bench)
  const elsewhere = key === 'everyone' ? await zonesOfClients(bench) : new Set<string>()
  const drafts: Draft[] = []
  for (const over of measured) {
    const { candidate } = over[0]
    if (elsewhere.has(candidate.zone)) continue
    const detail = await detailOf(key, candidate, bench)
    if (detail === null || isRelayed(candidate, detail, measured)) continue
    const found = over.find(({ rule, days }) => {
      if (rule.mostClients !== undefined && detail.clients > rule.mostClients) return false
      return days >= (rule.fewestDays ?? 0)
    })
    if (found === undefined) continue
    const isMixed = detail.mixed > 0.3 && !(await mixesCaseElsewhere(candidate, bench))
    const draft = draftOf({ key, found, detail, surroundings, isMixed })
    if (draft !== null) drafts.push(draft)
  }
  return drafts
}

/** For each candidate over a threshold the rules it is over, the one that is exceeded most first. */
async function measure(
  key: Key,
  rows: readonly Candidate[],
  bench: Bench,
): Promise<[Measured, ...Measured[]][]> {
  const measured: [Measured, ...Measured[]][] = []
  for await (const { candidate, series } of seriesOf(key, rows, bench)) {
    const characters = series.names.reduce((sum, name) => sum + name.length + 1, 0)
    const over: Measured[] = []
    for (const rule of windowsOf[key]) {
      const minBytes = bench.parameters[rule.bytes] ?? 0
      const window = fullestWindow(series, rule.seconds, minBytes)
      if (window === null || window.bytes < minBytes) continue
      const names = series.names.slice(window.from, window.to)
      if (names.length < (bench.parameters[rule.names] ?? 0)) continue
      const asked = series.asked.slice(window.from, window.to)
      const days = new Set(asked.map((seconds) => Math.floor(seconds / day))).size
      const whole = { allNames: series.names.length, allCharacters: characters }
      over.push({ candidate, rule, window, minBytes, names, days, ...whole })
    }
    const [first, ...others] = over.toSorted((a, b) => excess(b) - excess(a))
    if (first !== undefined) measured.push([first, ...others])
  }
  return measured.toSorted(([a], [b]) => excess(b) - excess(a)).slice(0, closelyLooked)
}

function excess({ window, minBytes }: Measured): number {
  return window.bytes / Math.max(1, minBytes)
}

/** A resolver that passes on what its clients ask is not the source, as long as one of them is found itself. */
function isRelayed(
  candidate: Candidate,
  detail: Detail,
  measured: readonly [Measured, ...Measured[]][],
): boolean {
  return measured.some(
    ([{ candidate: other }]) =>
      other.zone === candidate.zone && detail.askers.includes(other.client),
  )
}

/** Zones in which one client alone is over a threshold; asked only when a zone is over that of all clients. */
async function zonesOfClients(bench: Bench): Promise<Set<string>> {
  const measured = await measure('domain', await bench.rows<Candidate>(listedSql), bench)
  return new Set(measured.map(([{ candidate }]) => candidate.zone))
}
