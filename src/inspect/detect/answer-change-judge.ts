// Weighs changes of watched records: what changed, how it looked before, and what else moved at the same time.

import { type Change, changesOf, hoursBetween, type Sighting } from './answer-timeline.ts'
import type { Bench, Draft, Points } from './detector.ts'
import { count, isoTime, plainAddress } from './evidence.ts'
import { regionOf } from './network.ts'

/** Hosts that carry credentials or mail: the first targets of a hijack. */
const sensitive =
  /^(?:mail|mx|smtp|imap|pop|webmail|owa|vpn|remote|autodiscover|login|sso)[0-9-]*\./
const week = 604_800

/** Finds and weighs the changes of all watched records. */
export function judgeChanges(rows: Sighting[], bench: Bench): Draft[] {
  const { minAnswers, minHours } = bench.parameters
  const groups = new Map<string, Sighting[]>()
  for (const row of rows) {
    const key = `${row.name} ${row.type} ${row.vantage}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const changes = [...groups.values()].flatMap((group) => changesOf(group, minAnswers, minHours))
  const best = new Map<string, { change: Change; points: Points[] }>()
  for (const change of changes) {
    const points = pointsOf(change, changes, rows)
    const key = `${change.name} ${change.type}`
    const before = best.get(key)
    if (points.length === 0 || (before !== undefined && sum(before.points) >= sum(points))) continue
    best.set(key, { change, points })
  }
  return [...best.values()].map(({ change, points }) => draftOf(change, points, changes, bench))
}

function sum(points: Points[]): number {
  return points.reduce((total, part) => total + part.points, 0)
}

function pointsOf(change: Change, changes: Change[], rows: Sighting[]): Points[] {
  const points = ownPoints(change)
  if (points.length === 0) return []
  const add = (name: string, value: number) => points.push({ name, points: value })
  const ttlBefore = Math.max(...change.before.map(({ ttl_max }) => ttl_max))
  const ttlAfter = Math.max(...change.during.map(({ ttl_max }) => ttl_max))
  if (change.wasFixed) add('was always the same', 10)
  if (ttlBefore >= 10 && ttlAfter * 10 <= ttlBefore && change.during[0].units.length > 0)
    add('TTL cut', 10)
  if (ttlAfter >= week && ttlBefore < week) add('TTL of a week', 10)
  if (change.type !== 'SOA' && isSerialKept(change, rows)) add('serial did not move', 15)
  const isAddress = change.type === 'A' || change.type === 'AAAA'
  if (change.isRotating) add('rotates with the old values', -40)
  else if (change.isReverted) add('reverted', 25)
  if (isAddress && change.isAdded) add('added to the old values', -20)
  if (isAddress && change.isPool) add('name is a pool', -30)
  const isOther = (other: Change) => other.name !== change.name || other.type !== change.type
  const isNear = (other: Change) => Math.abs(hoursBetween(other.first, change.first)) <= 24
  if (changes.some((other) => isOther(other) && isNear(other) && ownPoints(other).length > 0))
    add('another watched record changed too', 20)
  const elsewhere =
    changes.length === 0
      ? []
      : rows.filter(
          ({ name, type, first }) =>
            name !== change.name && type === change.type && first < change.first,
        )
  if (elsewhere.some(({ units }) => units.some((unit) => change.units.has(unit))))
    add('value is known from another watched name', -20)
  return points
}

/** What the change itself is worth; nothing where it is ordinary. */
function ownPoints(change: Change): Points[] {
  const part = (name: string, points: number) => [{ name, points }]
  const isGone = change.units.size === 1 && change.units.has('(none)')
  switch (change.type) {
    case 'NS':
      return part('NS changed', 40)
    case 'MX':
      return part('MX changed', 30)
    case 'SOA':
      return part('SOA names changed', 20)
    case 'TXT':
      return part('SPF changed', 15)
    case 'CAA':
      return part('CAA changed', 10)
    case 'CNAME': {
      const parent = (name: string) => name.split('.').slice(-2).join('.')
      const known = new Set([...change.known].map(parent))
      return part(
        'alias changed',
        [...change.units].some((unit) => !known.has(parent(unit))) ? 20 : 5,
      )
    }
    case 'DS':
      if (isGone) return part('DS removed', 30)
      return change.isAdded || change.baseline.has('(none)') ? [] : part('DS replaced', 25)
    case 'A':
    case 'AAAA': {
      const wide = new Set([...change.known].map((unit) => regionOf(change.type, unit)))
      const isFar = [...change.units].some((unit) => !wide.has(regionOf(change.type, unit)))
      if (isFar) return part('address in another network', sensitive.test(change.name) ? 30 : 25)
      return change.isPool ? [] : part('address in a neighbouring network', 10)
    }
    default:
      return []
  }
}

/** True when the zone's serial was seen on both sides of the change and is the same. */
function isSerialKept(change: Change, rows: Sighting[]): boolean {
  const serials = rows.filter(
    ({ type, name, serial }) =>
      type === 'SOA' && serial !== '' && (change.name === name || change.name.endsWith(`.${name}`)),
  )
  const before = serials.filter(({ first }) => first < change.first)
  const since = serials.find(({ first }) => first >= change.first)
  const latest = before.reduce<Sighting | undefined>(
    (best, row) => (best === undefined || row.first > best.first ? row : best),
    undefined,
  )
  return latest !== undefined && since !== undefined && latest.serial === since.serial
}

function draftOf(change: Change, points: Points[], changes: Change[], bench: Bench): Draft {
  const { name, type } = change
  const views = changes.filter(
    (other) =>
      other.name === name &&
      other.type === type &&
      hoursBetween(change.first, other.first) ** 2 <= 576,
  )
  const values = (sightings: readonly Sighting[]) =>
    [...new Set(sightings.flatMap((sighting) => sighting.values))].sort()
  const old = values(
    change.before.filter(({ units }) => units.some((unit) => change.baseline.has(unit))),
  )
  const fresh = values(change.during)
  const lastBefore = change.before.reduce((best, row) => (row.last > best.last ? row : best))
  const clients = [...new Set(views.flatMap((view) => [...view.clients]))].map(plainAddress).sort()
  const shown = `${clients.slice(0, 5).join(', ')}${clients.length > 5 ? ` and ${clients.length - 5} more` : ''}`
  const answers = views.reduce((total, view) => total + view.answers, 0)
  const heldHours = hoursBetween(change.before[0].first, change.first)
  const until =
    change.after === undefined
      ? 'still so at the end'
      : `old values again from ${isoTime(change.after.first).slice(0, 19)}`
  const packets = [
    lastBefore,
    ...change.during.slice(0, 2),
    ...(change.after === undefined ? [] : [change.after]),
  ]
  return {
    rule: type.toLowerCase(),
    subject: { name, type },
    identity: [name, type],
    why: `${type} of ${name} said ${list(old)} for ${duration(heldHours)}, then ${list(fresh)} in ${count(answers, 'answer')} from ${change.first.slice(0, 19)} to ${change.last.slice(0, 19)} UTC (${[...new Set(views.map((view) => view.vantage))].sort().join(' and ')} answers), ${until}; ${count(clients.length, 'client')} got it: ${shown}.`,
    first: change.first,
    last: change.last,
    measures: {
      before: { value: list(old), threshold: null },
      after: { value: list(fresh), threshold: null },
      baseline_answers: {
        value: change.before.reduce((total, row) => total + row.answers, 0),
        threshold: bench.parameters['minAnswers'],
      },
      baseline_hours: {
        value: Math.round(heldHours * 10) / 10,
        threshold: bench.parameters['minHours'],
      },
      changed_answers: { value: answers, threshold: null },
      exposed_from: { value: isoTime(lastBefore.last), threshold: null },
      exposed_until: {
        value: change.after === undefined ? '' : isoTime(change.after.first),
        threshold: null,
      },
      exposed_clients: { value: clients.length, threshold: null },
      clients: { value: clients.slice(0, 50).join(' '), threshold: null },
      ttl_before: {
        value: Math.max(...change.before.map(({ ttl_max }) => ttl_max)),
        threshold: null,
      },
      ttl_after: {
        value: Math.max(...change.during.map(({ ttl_max }) => ttl_max)),
        threshold: null,
      },
    },
    points,
    counterEvidence: points.filter((part) => part.points < 0).map((part) => part.name),
    evidence: {
      where: `response_capture IN {captures:Array(String)} AND response_frame IN {frames:Array(UInt64)} AND (qname = {name:String} OR has(rr.name, {name:String}))`,
      parameters: {
        captures: packets.map(({ capture }) => capture),
        frames: packets.map(({ frame }) => frame),
        name,
      },
      order: 'response_ts',
      show: 'answer',
    },
    focus: { name, type },
  }
}

/** Values for a sentence, five at most. */
function list(values: readonly string[]): string {
  if (values.length === 0) return 'nothing'
  return `${values.slice(0, 5).join(', ')}${values.length > 5 ? ` and ${values.length - 5} more` : ''}`
}

function duration(hours: number): string {
  return hours >= 48 ? `${Math.round(hours / 24)} days` : `${Math.round(hours * 10) / 10} hours`
}
