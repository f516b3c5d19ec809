// The history of one record at one kind of server: which values were there first and long, and where something new begins and ends.

/** Answers of five minutes that say the same at one server. Times are engine times. */
export interface Sighting {
  name: string
  type: string
  vantage: string
  server: string
  /** What is compared: networks, hosts, policies. */
  units: string[]
  /** Records as answered. */
  values: string[]
  answers: number
  first: string
  last: string
  ttl_max: number
  clients: string[]
  serial: string
  capture: string
  frame: number
}

/** A stretch in which values appeared that were never there before. */
export interface Change {
  name: string
  type: string
  vantage: string
  /** New units; empty where records vanished. */
  units: Set<string>
  /** What the record said before: units in a tenth or more of the answers. */
  baseline: Set<string>
  /** Every unit seen before. */
  known: Set<string>
  first: string
  last: string
  answers: number
  clients: Set<string>
  isReverted: boolean
  /** The old values alternate with the new ones at the same server. */
  isRotating: boolean
  /** Most of the new answers still hold old values. */
  isAdded: boolean
  /** Only one set of values before. */
  wasFixed: boolean
  isPool: boolean
  before: Sighting[]
  during: Sighting[]
  /** First sighting of the old values afterwards. */
  after: Sighting | undefined
}

/** Share of the answers a unit needs to belong to the baseline. */
const minShare = 0.1
/** Networks, or later additions, from which a name counts as a pool. */
const poolUnits = 8
const poolAdditions = 3
/** Answers that confirm a change; more where the values rotate anyway, since a late member of a rotation comes alone too. */
const confirming = { fixed: 2, rotating: 5 }

/** The changes in sightings of one name, type and vantage, ordered by first sight. */
export function changesOf(
  sightings: readonly Sighting[],
  minAnswers: number,
  minHours: number,
): Change[] {
  const known = new Set<string>()
  const changes: Change[] = []
  let answers = 0
  let additions = 0
  let open: { units: Set<string>; first: string; known: Set<string>; additions: number } | null =
    null
  const start = sightings[0]?.first ?? ''
  for (const sighting of sightings) {
    const fresh = unitsOf(sighting).filter((unit) => !known.has(unit))
    const isReady = answers >= minAnswers && hoursBetween(start, sighting.first) >= minHours
    if (fresh.length > 0 && isReady) {
      const goesOn = open !== null && !isBaseline(sightings, open, sighting.first)
      if (open !== null && goesOn) for (const unit of fresh) open.units.add(unit)
      else {
        if (open !== null) changes.push(describe(sightings, open))
        open = { units: new Set(fresh), first: sighting.first, known: new Set(known), additions }
        additions++
      }
    }
    for (const unit of fresh) known.add(unit)
    answers += sighting.answers
  }
  if (open !== null) changes.push(describe(sightings, open))
  return changes.filter((change) => isConfirmed(change) && hasLongBaseline(change, minHours))
}

/** Hours from one engine time to another. */
export function hoursBetween(from: string, to: string): number {
  return (millisecondsOf(to) - millisecondsOf(from)) / 3_600_000
}

/** Records that vanished are a unit of their own, so that their absence can be new. */
const nothing = '(none)'

function unitsOf(sighting: Sighting): string[] {
  return sighting.units.length === 0 ? [nothing] : sighting.units
}

function millisecondsOf(time: string): number {
  return Date.parse(`${time.slice(0, 23).replace(' ', 'T')}Z`)
}

/** Whether only old values were seen between the start of a change and `until`, after its last new value. */
function isBaseline(
  sightings: readonly Sighting[],
  open: { units: Set<string>; first: string },
  until: string,
): boolean {
  const between = sightings.filter(({ first }) => first > open.first && first < until)
  const last = between.at(-1)
  return last !== undefined && !unitsOf(last).some((unit) => open.units.has(unit))
}

function describe(
  sightings: readonly Sighting[],
  open: { units: Set<string>; first: string; known: Set<string>; additions: number },
): Change {
  const isNew = (sighting: Sighting) => unitsOf(sighting).some((unit) => open.units.has(unit))
  const before = sightings.filter((sighting) => sighting.first < open.first && !isNew(sighting))
  const during = sightings.filter(isNew)
  const total = sum(before)
  const counts = new Map<string, number>()
  for (const sighting of before) {
    for (const unit of unitsOf(sighting))
      counts.set(unit, (counts.get(unit) ?? 0) + sighting.answers)
  }
  const often = [...counts].filter(([, n]) => n >= total * minShare).map(([unit]) => unit)
  const baseline = new Set(often.length > 0 ? often : counts.keys())
  const isOld = (sighting: Sighting) =>
    !isNew(sighting) && unitsOf(sighting).some((unit) => baseline.has(unit))
  const last = during.reduce((latest, row) => (row.last > latest ? row.last : latest), open.first)
  const after = sightings.find((sighting) => sighting.first > last && isOld(sighting))
  const servers = new Set(during.map(({ server }) => server))
  const between = sightings.filter(
    (sighting) =>
      isOld(sighting) &&
      sighting.first > open.first &&
      sighting.last < last &&
      servers.has(sighting.server),
  )
  const answers = sum(during)
  const mixed = sum(
    during.filter((sighting) => unitsOf(sighting).some((unit) => baseline.has(unit))),
  )
  const { name, type, vantage } = during[0]
  return {
    name,
    type,
    vantage,
    units: open.units,
    baseline,
    known: open.known,
    first: open.first,
    last,
    answers,
    clients: new Set(during.flatMap(({ clients }) => clients)),
    isReverted: after !== undefined && hoursBetween(open.first, last) < 24,
    isRotating: sum(between) * 5 >= sum(between) + answers && sum(between) > 0,
    isAdded: mixed * 2 >= answers,
    wasFixed: new Set(before.map(({ units }) => units.join(' '))).size === 1,
    isPool: open.known.size >= poolUnits || open.additions >= poolAdditions,
    before,
    during,
    after,
  }
}

function isConfirmed(change: Change): boolean {
  const sets = new Set(change.before.map(({ units }) => units.join(' ')))
  const needed = sets.size > 1 && !change.isAdded ? confirming.rotating : confirming.fixed
  return change.answers >= needed || (sets.size === 1 && change.vantage === 'authoritative')
}

/** First and long: what came later must not have lasted longer than what was there before. An unfinished change is compared so far. */
function hasLongBaseline(change: Change, minHours: number): boolean {
  const start = change.before[0]?.first
  if (start === undefined) return false
  const held = hoursBetween(start, change.first)
  return held >= minHours && (!change.isReverted || held >= hoursBetween(change.first, change.last))
}

function sum(sightings: readonly Sighting[]): number {
  return sightings.reduce((total, { answers }) => total + answers, 0)
}
