// What is trusted of a watched name: each value since when, how often seen, by which vantage, and how much it moves by itself.

import { plainAddress } from '../../dns/address.ts'
import type { Database } from '../../database/database.ts'
import { stretches } from '../detect/answer-change/query.ts'
import { volatilityOf, type Volatility } from '../detect/answer-change/volatility.ts'
import {
  changesOf,
  historiesOf,
  type History,
  type Limits,
  nothing,
  type Stretch,
  unitOf,
} from '../detect/answer-change/timeline.ts'
import { isoTime } from '../engine-time.ts'
import { wholeHistory } from '../window.ts'
import { type Accepted, acceptance, acceptedIn } from './accepted.ts'

/** One value of one record at one vantage. Times are ISO UTC. */
export interface BaselineRow {
  name: string
  type: string
  vantage: string
  volatility: Volatility
  value: string
  /** `learning` until enough was seen, `doubted` where a change brought it that has not settled. */
  state: 'trusted' | 'accepted' | 'learning' | 'doubted'
  since: string
  last: string
  answers: number
  ttl: number
  servers: string[]
  /** Why it was accepted, by whoever did. */
  reason: string
}

/** Every value of everything that is watched with these names, in order. */
export async function baselineOf(
  database: Database,
  watch: readonly string[],
  limits: Limits,
): Promise<BaselineRow[]> {
  const rows = await database.rows<Stretch>(stretches, { ...wholeHistory, watch: [...watch] })
  const accepted = await acceptedIn(database)
  return historiesOf(rows).flatMap((history) => valuesOf(history, limits, accepted))
}

function valuesOf(history: History, limits: Limits, accepted: readonly Accepted[]): BaselineRow[] {
  const { name, type, vantage, told } = history
  const good = acceptance(accepted)(name, type)
  const doubted = new Set(
    changesOf(history, limits, good)
      .filter(({ isSettled }) => !isSettled)
      .flatMap(({ units }) => [...units]),
  )
  const volatility = volatilityOf(
    told.filter(({ units }) => !units.some((unit) => doubted.has(unit))),
  )
  const answers = told.reduce((sum, each) => sum + each.answers, 0)
  const start = told[0]?.from ?? 0
  const isLearning =
    answers < limits.minAnswers || (told.at(-1)?.until ?? 0) - start < limits.minHours
  const rows = new Map<string, BaselineRow>()
  for (const each of told) {
    for (const value of each.values.length === 0 ? [nothing] : each.values) {
      const unit = value === nothing ? nothing : unitOf(type, value)
      const decision = accepted.find(
        (row) => row.name === name && row.type === type && row.value === unit,
      )
      const before = rows.get(value)
      const plain = isLearning ? 'learning' : 'trusted'
      rows.set(value, {
        name,
        type,
        vantage,
        volatility,
        value,
        state: good(unit, each.from) ? 'accepted' : doubted.has(unit) ? 'doubted' : plain,
        since: before?.since ?? isoTime(each.first),
        last: isoTime(each.last),
        answers: (before?.answers ?? 0) + each.answers,
        ttl: Math.max(before?.ttl ?? 0, each.ttl_max),
        servers: [
          ...new Set([...(before?.servers ?? []), ...each.servers.map(plainAddress)]),
        ].sort(),
        reason: decision?.reason ?? '',
      })
    }
  }
  // That a plain host has no alias is no news.
  return [...rows.values()].filter(
    (row) => type !== 'CNAME' || row.value !== nothing || rows.size > 1,
  )
}
