// The finding of one change: what it was and became, the window in which the other answer was given, and to whom.

import { plainAddress } from '../../../dns/address.ts'
import { tailsOf } from '../../watch/name.ts'
import { freshValues, type Surroundings } from './own.ts'
import { type Change, nothing, type Told } from './timeline.ts'
import type { Bench, DiffLine, Draft, Points } from '../detector.ts'
import { isoTime } from '../../engine-time.ts'
import { count } from '../evidence.ts'
import type { Network } from '../network.ts'

/** A change with its points, and all vantages that saw it. */
export interface Case {
  change: Change
  points: Points[]
  views: Change[]
}

/** Clients that are named; the rest is counted. */
const namedClients = 500
/** Records shown of each side of a diff. */
const shownRecords = 12

/** The draft of one case; asks for the clients that were given the other answer. */
export async function draftOf(found: Case, around: Surroundings, bench: Bench): Promise<Draft> {
  const { change, points, views } = found
  const { name, type } = change.history
  const clients = await clientsOf(found, bench)
  const old = lastValues(change.before)
  const fresh = valuesOf(change.during)
  const answers = views.reduce((total, view) => total + view.answers, 0)
  const first = views.reduce((least, { during }) => earlier(least, during), '9')
  const last = views.reduce((most, { during }) => later(most, during), '')
  const held = change.from - (change.before[0]?.from ?? change.from)
  const lastBefore = change.before.reduce((best, told) => (told.last > best.last ? told : best))
  const isBeside = lastBefore.last > last
  const until = isBeside
    ? 'while others went on to be given the old'
    : change.after === undefined
      ? 'still so at the end'
      : `old values again from ${change.after.first.slice(0, 19)}`
  const shown =
    clients.slice(0, 5).join(', ') + (clients.length > 5 ? ` and ${clients.length - 5} more` : '')
  const seenBy = [...new Set(views.map((view) => view.history.vantage))].sort()
  const packets = [
    lastBefore,
    ...change.during.slice(0, 2),
    ...(change.after === undefined ? [] : [change.after]),
  ]
  const told = (value: number | string) => ({ value, threshold: null })
  return {
    rule: type.toLowerCase(),
    subject: { name, type },
    identity: [name, type, ...(change.during[0]?.values ?? [])],
    why: `${type} of ${name} said ${list(old)} for ${duration(held)}, then ${list(fresh)} in ${count(answers, 'answer')} from ${first.slice(0, 19)} to ${last.slice(0, 19)} UTC (${named(seenBy)} answers), ${until}; ${count(clients.length, 'client')} got it: ${shown}.`,
    first,
    last,
    measures: {
      before: told(list(old)),
      after: told(list(fresh)),
      volatility: told(change.volatility),
      baseline_answers: {
        value: change.before.reduce((total, row) => total + row.answers, 0),
        threshold: bench.parameters['minAnswers'] ?? null,
      },
      baseline_hours: {
        value: Math.round(held * 10) / 10,
        threshold: bench.parameters['minHours'] ?? null,
      },
      changed_answers: told(answers),
      exposed_from: told(isoTime(lastBefore.last < first ? lastBefore.last : first)),
      exposed_until: told(
        isBeside ? isoTime(last) : change.after === undefined ? '' : isoTime(change.after.first),
      ),
      exposed_clients: told(clients.length),
      clients: told(clients.slice(0, 50).join(' ')),
      ttl_before: told(Math.max(...change.before.map(({ ttl_max }) => ttl_max))),
      ttl_after: told(Math.max(...change.during.map(({ ttl_max }) => ttl_max))),
    },
    diff: diffOf(change, around.networks),
    points,
    counterEvidence: points.filter((part) => part.points < 0).map((part) => part.name),
    evidence: {
      where: `domain IN {near:Array(String)} AND response_capture IN {captures:Array(String)} AND response_frame IN {frames:Array(UInt64)} AND (qname = {name:String} OR has(rr.name, {name:String}))`,
      parameters: {
        near: nearOf(name, bench.watch),
        captures: packets.map(({ capture }) => capture),
        frames: packets.map(({ frame }) => frame),
        name,
      },
      order: 'response_ts',
      show: 'answer',
      record: { name, type },
    },
    focus: { name, type },
  }
}

/** Everybody who was given a record with something new in it, in the order of their addresses. */
async function clientsOf({ change, views }: Case, bench: Bench): Promise<string[]> {
  const { name, type } = change.history
  const known = views.flatMap(({ during }) => during)
  if (known.every((told) => told.clients.length > 0)) {
    return [...new Set(known.flatMap((told) => told.clients))].map(plainAddress).sort()
  }
  const isGone = change.units.has(nothing)
  const values = [...new Set(views.flatMap(freshValues))].slice(0, 200)
  const rows = await bench.rows<{ client: string }>(
    `SELECT DISTINCT toString(client) AS client FROM transactions
    WHERE domain IN {near:Array(String)} AND match IN ('answered', 'late') AND response_frame > 0
      AND response_ts >= {first:DateTime64(9, 'UTC')} AND response_ts <= {last:DateTime64(9, 'UTC')}
      AND (${isGone ? 'qname = {name:String} AND qtype = {type:String} AND NOT has(rr.type, {type:String})' : 'hasAny(rr.data, {values:Array(String)}) AND (qname = {name:String} OR has(rr.name, {name:String}))'})
    ORDER BY client LIMIT ${namedClients}`,
    {
      near: nearOf(name, bench.watch),
      first: views.reduce((least, { during }) => earlier(least, during), '9'),
      last: views.reduce((most, { during }) => later(most, during), ''),
      name,
      ...(isGone
        ? { type }
        : { values: type === 'SOA' ? await soaTexts(bench, name, change) : values }),
    },
  )
  return rows.map(({ client }) => plainAddress(client))
}

/** SOA records as answered: what is compared of them is less. */
async function soaTexts(bench: Bench, name: string, change: Change): Promise<string[]> {
  const rows = await bench.rows<{ data: string }>(
    `SELECT DISTINCT data FROM rrsets WHERE name = {name:String} AND type = 'SOA' ORDER BY data LIMIT 1000`,
    { name },
  )
  const starts = valuesOf(change.during)
  return rows
    .map(({ data }) => data)
    .filter((data) => starts.some((start) => data.toLowerCase().startsWith(start)))
}

/** Records that went, came and stayed, with the TTL and the times they were seen with. */
function diffOf(change: Change, networks: ReadonlyMap<string, Network>): DiffLine[] {
  const { type } = change.history
  const old = lastValues(change.before)
  const fresh = valuesOf(change.during)
  const line = (sign: DiffLine['sign'], data: string, told: readonly Told[]): DiffLine => {
    const holders = told.filter(
      ({ values }) => values.includes(data) || (data === nothing && values.length === 0),
    )
    const network = networks.get(data)
    return {
      sign,
      type,
      data: network === undefined ? data : `${data} (AS${network.asn} ${network.name})`,
      ttl: Math.max(0, ...holders.map(({ ttl_max }) => ttl_max)),
      first: isoTime(earlier('9', holders)),
      last: isoTime(later('', holders)),
      answers: holders.reduce((total, { answers }) => total + answers, 0),
    }
  }
  const of = (values: readonly string[]) =>
    (values.length === 0 ? [nothing] : values).slice(0, shownRecords)
  return [
    ...of(old).map((data) => line(fresh.includes(data) ? ' ' : '-', data, change.before)),
    ...of(fresh)
      .filter((data) => !old.includes(data))
      .map((data) => line('+', data, change.during)),
  ]
}

/** What was said last before a change: all members of what rotates. */
function lastValues(before: readonly Told[]): string[] {
  const recent = before.slice(-8)
  const all = valuesOf(recent)
  const units = new Set(recent.at(-1)?.units)
  return recent.some((told) => told.units.some((unit) => !units.has(unit)))
    ? all
    : (recent.at(-1)?.values ?? [])
}

function valuesOf(told: readonly Told[]): string[] {
  return [...new Set(told.flatMap(({ values }) => values))].sort()
}

function earlier(least: string, told: readonly Told[]): string {
  return told.reduce((best, { first }) => (first < best ? first : best), least)
}

function later(most: string, told: readonly Told[]): string {
  return told.reduce((best, { last }) => (last > best ? last : best), most)
}

/** Domains that messages with a record of this name are stored under; a host elsewhere can stand in answers about any watched name. */
function nearOf(name: string, watch: readonly string[]): string[] {
  const own = tailsOf(name)
  return own.some((tail) => watch.includes(tail)) ? own : [...own, ...watch]
}

/** `parent`, `authoritative and parent`, `authoritative, parent and resolver`. */
function named(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)]
    .filter((each) => each !== '')
    .join(' and ')
}

/** Values for a sentence, five at most. */
function list(values: readonly string[]): string {
  if (values.length === 0) return 'nothing'
  return `${values.slice(0, 5).join(', ')}${values.length > 5 ? ` and ${values.length - 5} more` : ''}`
}

function duration(hours: number): string {
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${Math.round(hours * 10) / 10} hours`
}
