// Finds the changes of watched records in their histories, weighs them, and makes one draft of what several vantages saw of one.

import { acceptance, type Accepted, acceptedSql } from '../../watch/accepted.ts'
import { corpusOf } from './corpus.ts'
import { draftOf, type Case } from './finding.ts'
import { freshValues, type Surroundings } from './own.ts'
import { pointsOf } from './points.ts'
import {
  type Change,
  changesOf,
  historiesOf,
  type History,
  nothing,
  type Stretch,
  unitOf,
} from './timeline.ts'
import { type Bench, type Draft, scoreOf } from '../detector.ts'
import { networksOf } from '../network.ts'

/** Score from which a change is worth its clients and frames; below it is dropped in any case. */
const leastScore = 30

/** Finds and weighs the changes of all watched records. */
export async function judgeChanges(rows: Stretch[], bench: Bench): Promise<Draft[]> {
  const histories = historiesOf(rows)
  const isAccepted = acceptance(await bench.rows<Accepted>(acceptedSql))
  const { minAnswers = 0, minHours = 0 } = bench.parameters
  const changes = histories.flatMap((history) =>
    changesOf(history, { minAnswers, minHours }, isAccepted(history.name, history.type)),
  )
  if (changes.length === 0) return []
  const around = await surroundings(histories, changes, bench)
  const drafts: Draft[] = []
  for (const views of casesOf(changes)) {
    const weighed = views.map((change) => ({ change, points: pointsOf(change, around) }))
    const best = weighed.reduce((one, other) =>
      scoreOf(other.points) > scoreOf(one.points) ? other : one,
    )
    if (scoreOf(best.points) < leastScore) continue
    const found: Case = { change: best.change, points: best.points, views }
    drafts.push(await draftOf(found, around, bench))
  }
  return drafts
}

/** What the hosts are for, who else uses the new values, and whose networks the addresses are in. */
async function surroundings(
  histories: History[],
  changes: Change[],
  bench: Bench,
): Promise<Surroundings> {
  const hosts = (type: string) =>
    new Set(
      histories
        .filter((history) => history.type === type)
        .flatMap(({ told }) =>
          told.flatMap(({ values }) => values.map((data) => unitOf(type, data))),
        ),
    )
  const isHost = ({ history: { type } }: Change) => ['NS', 'MX', 'CNAME'].includes(type)
  const isAddress = ({ history: { type } }: Change) => type === 'A' || type === 'AAAA'
  const addressed = changes.filter(isAddress)
  const corpus = await corpusOf(bench, {
    hosts: changes
      .filter(isHost)
      .flatMap(({ units }) => [...units].filter((unit) => unit !== nothing)),
    addresses: addressed.flatMap(freshValues),
    names: [...new Set(changes.map(({ history }) => history.name))],
  })
  const addresses = addressed.flatMap((change) =>
    [...change.before, ...change.during].flatMap(({ values }) => values),
  )
  return {
    histories,
    changes,
    corpus,
    networks: await networksOf(bench, [...new Set(addresses)]),
    nameServers: hosts('NS'),
    mailHosts: hosts('MX'),
  }
}

/** Changes of one record that several vantages saw at about the same time. */
function casesOf(changes: readonly Change[]): Change[][] {
  const cases = new Map<string, Change[][]>()
  for (const change of changes.toSorted((a, b) => a.from - b.from)) {
    const key = `${change.history.name} ${change.history.type}`
    const list = cases.get(key) ?? []
    cases.set(key, list)
    const joined = list.find((views) => views.some((view) => isSameCase(view, change)))
    if (joined === undefined) list.push([change])
    else joined.push(change)
  }
  return [...cases.values()].flat()
}

/** Two vantages tell of the same thing when it began about the same day, or while one goes on the other says the same. */
function isSameCase(one: Change, other: Change): boolean {
  if (one.history === other.history) return false
  if (Math.abs(one.from - other.from) <= 24) return true
  return other.from <= one.until + 24 && [...other.units].some((unit) => one.units.has(unit))
}
