// Weighs one change of a watched record: what changed, how it looked before, who else uses the new values, and what moved at the same time.

import { addKnowledge, isBlockPage } from './known.ts'
import { freshValues, ownPoints, type Surroundings } from './own.ts'
import type { Change, Told } from './timeline.ts'
import type { Points } from '../detector.ts'
import { domainOf } from '../network.ts'

const week = 604_800
/** Seconds: what load balancers that switch between sites answer with. */
const shortTtl = 60
/** A baseline younger than this is one to be careful with. */
const matureHours = 7 * 24
const matureAnswers = 20

/** Points of a change as one vantage saw it; none where it is ordinary. */
export function pointsOf(change: Change, around: Surroundings): Points[] {
  const points = ownPoints(change, around)
  if (points.length === 0) return []
  const add = (name: string, value: number) => points.push({ name, points: value })
  const { history, before, during } = change
  const { name, type } = history
  const isAddress = type === 'A' || type === 'AAAA'
  const isWeb = isAddress || type === 'CNAME'
  const ttlBefore = mostTtl(before)
  const ttlAfter = mostTtl(during)
  if (change.setsBefore === 1) add('was always the same', 10)
  if (isTtlCut(change, ttlBefore, ttlAfter)) add('TTL cut', 10)
  if (ttlAfter >= week && ttlBefore < week) add('TTL of a week', 10)
  const isSteered =
    isWeb && ttlBefore > 0 && ttlBefore <= shortTtl && ttlAfter > 0 && ttlAfter <= shortTtl
  const serial =
    history.vantage === 'parent' || type === 'DS' ? 'unknown' : serialOf(change, around)
  if (serial === 'kept' && !isSteered) add('serial did not move', 15)
  if (serial === 'raised') add('serial was raised as usual', -10)
  addKnowledge(change, around, add)
  addVantages(change, around, ttlBefore, add)
  if (isOneResolver(change, around, ttlBefore)) add('one resolver only', 15)
  const speakers = new Set(during.flatMap((told) => told.servers))
  if (history.vantage === 'resolver' && speakers.size === 1 && isBlockPage(change, around)) {
    add('block page of one resolver', -75)
  }
  if (change.isRotating) add('rotates with the old values', -40)
  else if (change.isReverted) add('reverted', 25)
  if (change.isAdded && !isBetterMx(change)) add('added to the old values', -20)
  if (change.isHandedOver) add('handed over with overlap', -20)
  if (change.seenBefore) add('seen in an earlier change', -25)
  if (isAddress && change.volatility === 'pool') add('name is a pool', -30)
  if (isSteered) add('switched by short TTL', -25)
  const held = change.from - (before[0]?.from ?? change.from)
  if (held < matureHours || before.reduce((sum, told) => sum + told.answers, 0) < matureAnswers)
    add('young baseline', -5)
  const zone = domainOf(name)
  const challenged = [name, zone].flatMap((each) => around.corpus.challenges.get(each) ?? [])
  if (challenged.some((hour) => Math.abs(hour - change.from) <= 24))
    add('certificate asked for', 15)
  const isSigning = (other: Change) => other.history.type === 'DS'
  const others = around.changes.filter(
    (other) =>
      kindOf(other, around) !== kindOf(change, around) &&
      Math.abs(other.from - change.from) <= 24 &&
      domainOf(other.history.name) === zone &&
      isAbrupt(other) &&
      // A new operator brings its own SOA: no surprise where the move is an orderly one.
      (isAbrupt(change) || other.history.type !== 'SOA') &&
      // Nor is it a second finding beside the one about the name servers.
      (type !== 'SOA' || kindOf(other, around) !== 'delegation') &&
      ownPoints(other, around).some((part) => part.points >= 20),
  )
  // A policy that follows a move of the mail says nothing about it.
  if (others.length > 0 && type !== 'TXT' && type !== 'CAA') {
    const isStripped = type === 'NS' ? others.some(isSigning) : isSigning(change)
    add(isStripped ? 'DNSSEC stripped with it' : 'another watched record changed too', 20)
  }
  return points
}

/** The time to live went down to a tenth at the change, or in the two days before. */
function isTtlCut(change: Change, ttlBefore: number, ttlAfter: number): boolean {
  const isThere = change.during.some((told) => told.values.length > 0)
  if (isThere && ttlBefore >= 10 && ttlAfter * 10 <= ttlBefore) return true
  const late = change.before.filter(({ from }) => from >= change.from - 48)
  const early = change.before.filter(({ from }) => from < change.from - 48)
  return (
    change.history.vantage !== 'resolver' && late.length > 0 && mostTtl(late) * 10 <= mostTtl(early)
  )
}

function mostTtl(told: readonly Told[]): number {
  return Math.max(0, ...told.map(({ ttl_max }) => ttl_max))
}

/** Whether the zone's serial moved with the change, as far as both sides were seen at its servers, or much later at a resolver. */
function serialOf(change: Change, { histories }: Surroundings): 'kept' | 'raised' | 'unknown' {
  const { name } = change.history
  const zones = histories.filter(
    (history) =>
      history.type === 'SOA' && (name === history.name || name.endsWith(`.${history.name}`)),
  )
  const zone = Math.max(0, ...zones.map((history) => history.name.length))
  // What a resolver answered last may be as old as its TTL.
  const age = change.history.vantage === 'resolver' ? mostTtl(change.before) / 3600 : 0
  const lastOld = Math.max(...change.before.map(({ until }) => Math.min(until, change.from))) - age
  for (const vantage of ['authoritative', 'resolver']) {
    const told =
      zones.find((history) => history.vantage === vantage && history.name.length === zone)?.told ??
      []
    const wait = vantage === 'resolver' ? 1 : 0
    const before = told.filter(({ from }) => from <= lastOld).at(-1)
    const since = told.find(({ until }) => until >= change.from + wait)
    if (before === undefined || since === undefined) continue
    if (since === before) return 'kept'
    if (since.from - change.from > 24) continue
    // Another primary counts from anywhere.
    if (since.units.join() !== before.units.join()) return 'unknown'
    const step = (Number(since.serial) - Number(before.serial)) >>> 0
    if (step === 0) return 'kept'
    return step < 2 ** 31 ? 'raised' : 'unknown'
  }
  return 'unknown'
}

/** Whether a single resolver says so while the others, and the zone's servers as far as they are heard, go on as before. */
function isOneResolver(change: Change, around: Surroundings, ttlBefore: number): boolean {
  if (change.history.vantage !== 'resolver') return false
  const servers = new Set(change.during.flatMap((told) => told.servers))
  if (servers.size > 1) return false
  const expired = Math.min(change.until, change.from + Math.min(ttlBefore, 6 * 3600) / 3600)
  const others = change.history.told.filter(
    (told) =>
      !change.during.includes(told) && told.until > expired && told.from <= change.until + 1,
  )
  return (
    others.some((told) => told.servers.some((server) => !servers.has(server))) &&
    viewsOf(change, around).every(({ history }) => history.vantage === 'resolver')
  )
}

/** Changes of the same record at about the same time, as other vantages saw them. */
function viewsOf(change: Change, { changes }: Surroundings): Change[] {
  const { name, type } = change.history
  return changes.filter(
    ({ history, from, until }) =>
      history.name === name &&
      history.type === type &&
      from <= change.until + 24 &&
      until >= change.from - 24,
  )
}

/** The parent against the zone, or all agreed. */
function addVantages(
  change: Change,
  around: Surroundings,
  ttlBefore: number,
  add: (name: string, points: number) => void,
): void {
  const { name, type, vantage } = change.history
  const views = viewsOf(change, around)
  const quiet = around.histories.filter(
    (history) =>
      history.name === name &&
      history.type === type &&
      views.every((view) => view.history !== history) &&
      history.told.some(({ from, until }) => from <= change.until + 1 && until >= change.from - 1),
  )
  if (
    type === 'NS' &&
    vantage === 'parent' &&
    quiet.some((history) => history.vantage === 'authoritative')
  )
    add('parent and zone differ', 15)
  const speakers = new Set(views.flatMap((view) => view.during.flatMap((told) => told.servers)))
  const isSettled =
    change.after === undefined && change.until - change.from >= (2 * ttlBefore) / 3600
  if (isSettled && speakers.size >= 3 && change.until - change.from >= 24)
    add('all agree long after', -10)
}

/** A new mail host that is asked before the old ones takes all mail, whether those stay or not. */
function isBetterMx(change: Change): boolean {
  if (change.history.type !== 'MX') return false
  const best = (values: readonly string[]) =>
    Math.min(...values.map((value) => Number(value.split(' ')[0])))
  return best(freshValues(change)) < best(change.before.at(-1)?.values ?? [])
}

/** Changes that come at once, without the old values beside the new ones. */
function isAbrupt(change: Change): boolean {
  return (
    !change.isAdded && !change.isHandedOver && !change.isRotating && change.volatility !== 'dynamic'
  )
}

/** What a record is for: two of a kind that move together are one change. */
function kindOf({ history }: Change, { nameServers }: Surroundings): string {
  if (history.type === 'NS' || nameServers.has(history.name)) return 'delegation'
  if (history.type === 'A' || history.type === 'AAAA' || history.type === 'CNAME') return 'host'
  return history.type === 'DNSKEY' ? 'DS' : history.type
}
