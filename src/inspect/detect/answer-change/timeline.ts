// The history of one record at one kind of server: what it said for long, and where something new begins and ends.

import { millisecondsOf } from '../../engine-time.ts'
import { domainOf, siteOf } from '../network.ts'
import { type Volatility, volatilityOf } from './volatility.ts'

/** A stretch of answers that say the same, as the query gives it. Times are engine times. */
export interface Stretch {
  name: string
  type: string
  vantage: 'authoritative' | 'resolver' | 'parent'
  values: string[]
  answers: number
  first: string
  last: string
  ttl_min: number
  ttl_max: number
  /** Where the address records stood, when not at the name itself. */
  alias: string
  /** Of an SOA. */
  serial: string
  servers: string[]
  /** Empty where there would be too many: over more than two days. */
  clients: string[]
  capture: string
  frame: number
}

/** A stretch with what is compared of it, and its times in hours since 1970. */
export interface Told extends Stretch {
  units: string[]
  from: number
  until: number
}

/** All that one record said to one kind of asker. */
export interface History {
  name: string
  type: string
  vantage: Stretch['vantage']
  told: Told[]
}

/** Something new that a record said, as one vantage saw it. */
export interface Change {
  history: History
  /** What was never there before. */
  units: Set<string>
  /** What was trusted until then. */
  trusted: ReadonlySet<string>
  volatility: Volatility
  /** Sets of values before: one, where it was always the same. */
  setsBefore: number
  before: Told[]
  during: Told[]
  /** First sight of the old values afterwards, at a server that had said otherwise. */
  after: Told | undefined
  /** Answers with something new in them. */
  answers: number
  /** Hours since 1970. */
  from: number
  until: number
  /** The old values were given beside the new ones in all of these answers. */
  isAdded: boolean
  /** They were given together for a day or more before the old ones went. */
  isHandedOver: boolean
  /** The same server gives old and new in turn. */
  isRotating: boolean
  isReverted: boolean
  /** Still there a week later: the new normal. */
  isSettled: boolean
  /** All of its values were seen in an earlier change. */
  seenBefore: boolean
}

/** What counts as enough. */
export interface Limits {
  minAnswers: number
  minHours: number
}

/** Absence is a value of its own, so that it can be new. */
export const nothing = '(none)'
/** An address behind an alias to elsewhere: what counts then is the alias. */
export const behindAlias = '(alias)'

/** Hours after which something new that is still there is the new normal. */
const settleHours = 7 * 24
/** A change that comes again within this time is the same change. */
const joinHours = 24
/** Answers that confirm a change where the values rotate: a late member of a rotation comes alone too. */
const rotationAnswers = 5
/** Hours that old and new must be given together to count as a handing over. */
const overlapHours = 24

/** Groups stretches by record and vantage. */
export function historiesOf(stretches: readonly Stretch[]): History[] {
  const histories = new Map<string, History>()
  for (const stretch of stretches) {
    const { name, type, vantage } = stretch
    const key = `${name} ${type} ${vantage}`
    let history = histories.get(key)
    if (history === undefined) {
      history = { name, type, vantage, told: [] }
      histories.set(key, history)
    }
    const units = unitsOf(stretch)
    const from = hours(stretch.first)
    const until = hours(stretch.last)
    const last = history.told.at(-1)
    const isSame =
      last !== undefined &&
      last.serial === stretch.serial &&
      sameSet(last.units, units) &&
      isNearTtl(last, stretch)
    if (isSame) extend(last, stretch, until)
    else history.told.push({ ...stretch, units, from, until })
  }
  return [...histories.values()]
}

/** The changes of one history, in order of time; `accepted` says what an analyst declared good. */
export function changesOf(
  history: History,
  limits: Limits,
  accepted: (unit: string, hour: number) => boolean,
): Change[] {
  const trusted = new Set<string>()
  const seen = new Set<string>()
  const changes: Change[] = []
  const before: Told[] = []
  let answers = 0
  let open: { units: Set<string>; during: Told[]; between: Told[]; trusted: Set<string> } | null =
    null
  const close = () => {
    if (open === null) return
    const change = describe(history, open, before, seen)
    if (isConfirmed(change) && hasLongBaseline(change, limits)) changes.push(change)
    for (const unit of open.units) seen.add(unit)
    before.push(...open.between)
    open = null
  }
  const start = history.told[0]?.from ?? 0
  for (const told of history.told) {
    const fresh = told.units.filter((unit) => !trusted.has(unit) && !accepted(unit, told.from))
    const isReady = answers >= limits.minAnswers && told.from - start >= limits.minHours
    answers += told.answers
    if (open !== null && told.from - lastOf(open.during) > joinHours && fresh.length > 0) {
      // Gone and come back much later, or something else: another change.
      if (
        !told.units.some((unit) => open?.units.has(unit)) ||
        lastOf(open.between) > lastOf(open.during)
      )
        close()
    }
    if (fresh.length === 0 || !isReady) {
      for (const unit of told.units) trusted.add(unit)
      if (open === null) before.push(told)
      else open.between.push(told)
      continue
    }
    open ??= { units: new Set(), during: [], between: [], trusted: new Set(trusted) }
    for (const unit of fresh) open.units.add(unit)
    open.during.push(told)
    const first = open.during[0]?.from ?? told.from
    if (told.until - first >= settleHours && told.answers >= limits.minAnswers) {
      const { during } = open
      close()
      for (const unit of told.units) trusted.add(unit)
      before.push(...during)
      before.sort((a, b) => a.from - b.from)
    }
  }
  close()
  return changes
}

/** Hours since 1970 of an engine time. */
export function hours(time: string): number {
  return millisecondsOf(time) / 3_600_000
}

/** What is compared of a record's data: the network of an address, the host of an MX, NS or CNAME, all of anything else. */
export function unitOf(type: string, data: string): string {
  if (type === 'A' || type === 'AAAA') return siteOf(type, data)
  if (type === 'MX') return host(data.split(' ')[1] ?? '')
  return type === 'NS' || type === 'CNAME' ? host(data) : data
}

/** What is compared of a stretch, sorted. An address behind an alias to another domain is the other's business. */
function unitsOf({ name, type, values, alias }: Stretch): string[] {
  if (values.length === 0) return [nothing]
  if (alias !== '' && domainOf(alias) !== domainOf(name)) return [behindAlias]
  return [...new Set(values.map((value) => unitOf(type, value)))].sort()
}

function host(text: string): string {
  return text.toLowerCase().replace(/(?<=[^\\.])\.$/, '')
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((unit, i) => unit === other[i])
}

/** At authoritative servers and parents a TTL that was cut is worth a stretch of its own. */
function isNearTtl(last: Told, stretch: Stretch): boolean {
  return stretch.vantage === 'resolver' || last.ttl_max === stretch.ttl_max
}

function extend(last: Told, stretch: Stretch, until: number): void {
  last.answers += stretch.answers
  if (until > last.until) {
    last.until = until
    last.last = stretch.last
  }
  last.ttl_max = Math.max(last.ttl_max, stretch.ttl_max)
  last.ttl_min = Math.min(last.ttl_min, stretch.ttl_min)
  if (stretch.values.some((value) => !last.values.includes(value))) {
    last.values = [...new Set([...last.values, ...stretch.values])].sort().slice(0, 64)
  }
  if (last.clients.length === 0 || stretch.clients.length === 0) last.clients = []
  else last.clients = [...new Set([...last.clients, ...stretch.clients])]
  if (stretch.servers.some((server) => !last.servers.includes(server))) {
    last.servers = [...new Set([...last.servers, ...stretch.servers])]
  }
}

function lastOf(told: readonly Told[]): number {
  return told.reduce((latest, { until }) => Math.max(latest, until), -Infinity)
}

function describe(
  history: History,
  open: { units: Set<string>; during: Told[]; between: Told[]; trusted: Set<string> },
  before: readonly Told[],
  seen: ReadonlySet<string>,
): Change {
  const { during, between, units, trusted } = open
  const from = during[0]?.from ?? 0
  const until = lastOf(during)
  const servers = new Set(during.flatMap((told) => told.servers))
  const isOld = (told: Told) => told.units.some((unit) => trusted.has(unit))
  const after = between.find((told) => told.until > until && isBackAt(told, until, servers))
  const mixed = during.filter(isOld)
  const isAdded = mixed.length === during.length
  return {
    history,
    units,
    trusted,
    volatility: volatilityOf(before),
    setsBefore: new Set(before.map((told) => told.units.join(' '))).size,
    before: [...before],
    during,
    after,
    answers: during.reduce((sum, told) => sum + told.answers, 0),
    from,
    until,
    isAdded,
    isHandedOver: !isAdded && mixed.length > 0 && lastOf(mixed) - from >= overlapHours,
    isRotating: flips(during, between, from + ttlHours(before)) >= 3,
    isReverted: after !== undefined && until - from < 24,
    isSettled: during.some((told) => told.until - from >= settleHours && told.answers >= 5),
    seenBefore: [...units].every((unit) => seen.has(unit)),
  }
}

/** Old values count as back when a server that had said otherwise says them, or, where those are heard no more, half an hour later. */
function isBackAt(told: Told, until: number, servers: ReadonlySet<string>): boolean {
  return told.servers.some((server) => servers.has(server)) || told.until > until + 0.5
}

function ttlHours(before: readonly Told[]): number {
  return Math.max(0, ...before.map(({ ttl_max }) => ttl_max)) / 3600
}

/** How often a single server went from old to new again, once what its caches held had run out. */
function flips(during: readonly Told[], between: readonly Told[], expired: number): number {
  const counts = new Map<string, number>()
  const said = new Map<string, boolean>()
  const all = [
    ...during.map((told) => ({ told, isNew: true })),
    ...between.filter(({ from }) => from >= expired).map((told) => ({ told, isNew: false })),
  ].sort((a, b) => a.told.from - b.told.from)
  for (const { told, isNew } of all) {
    for (const server of told.servers) {
      if (isNew && said.get(server) === false) counts.set(server, (counts.get(server) ?? 0) + 1)
      said.set(server, isNew)
    }
  }
  return Math.max(0, ...counts.values())
}

function isConfirmed(change: Change): boolean {
  const isSteady = change.setsBefore === 1
  if (isSteady && change.history.vantage !== 'resolver') return true
  return change.answers >= (isSteady || change.isAdded ? 2 : rotationAnswers)
}

/** First and long: what came later must not have lasted longer than what was there before. An unfinished change is compared so far. */
function hasLongBaseline(change: Change, limits: Limits): boolean {
  const start = change.before[0]?.from
  if (start === undefined) return false
  const held = change.from - start
  return held >= limits.minHours && (!change.isReverted || held >= change.until - change.from)
}
