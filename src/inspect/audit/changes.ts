// The timeline of a domain: at each server, when a record set began to say something else, also where it later went back.

import type { Database } from '../../database/database.ts'
import { plainAddress } from '../../dns/address.ts'
import { time } from '../report/quantity.ts'
import type { Window } from '../window.ts'
import {
  type AuditRecord,
  inScope,
  isInside,
  recordColumns,
  roleOf,
  type Scope,
} from './records.ts'

/** A record set that said `from` until then and `to` from then on. Times are ISO UTC with nanoseconds; `frame` is the first that shows it. */
export interface AuditChange {
  at: string
  name: string
  type: string
  role: AuditRecord['role']
  from: string[]
  to: string[]
  /** Servers that changed so, each once; `at` is the time of the first. */
  servers: string[]
  capture: string
  frame: number
}

/** What a server said of a record set within five minutes. */
export interface Slice {
  name: string
  type: string
  role: AuditRecord['role']
  server: string
  values: string[]
  at: string
  place: [capture: string, frame: number]
}

/** Changes in order of time. */
export async function auditChanges(
  database: Database,
  scope: Scope,
  window: Window,
): Promise<AuditChange[]> {
  const slices = await database.rows<Slice>(sql, { ...scope, ...window })
  const sets = new Map<string, Slice[]>()
  for (const slice of slices) {
    const key = JSON.stringify([slice.name, slice.type, slice.role, slice.server])
    const set = sets.get(key)
    if (set === undefined) sets.set(key, [slice])
    else set.push(slice)
  }
  const changes = new Map<string, AuditChange>()
  const together = seenTogether(slices)
  for (const set of sets.values()) {
    for (const change of changesOf(set)) {
      if (isRotation(change, together)) continue
      const { name, type, role, from, to } = change
      // Half a day apart they are two changes, though they say the same.
      const day = Math.round(Date.parse(change.at) / 43_200_000)
      const key = JSON.stringify([name, type, role, from, to, day])
      const known = changes.get(key)
      if (known === undefined) changes.set(key, change)
      else {
        const earlier = change.at < known.at ? change : known
        changes.set(key, { ...earlier, servers: [...known.servers, ...change.servers].sort() })
      }
    }
  }
  return [...changes.values()].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
}

const sql = `SELECT owner AS name, toString(kind) AS type, ${roleOf} AS role, toString(server) AS server,
      arraySort(groupUniqArray(50)(text)) AS values, toString(min(response_ts)) AS at,
      argMin((toString(capture), response_frame), (response_ts, toString(capture), response_frame)) AS place
    FROM (${inScope(recordColumns, "AND match IN ('answered', 'late', 'unpaired')")})
    ARRAY JOIN rr.section AS part, rr.name AS owner, rr.type AS kind, rr.data AS text
    WHERE part IN ('answer', 'authority') AND ${isInside('owner')}
      AND kind NOT IN ('RRSIG', 'NSEC', 'NSEC3', 'ZONEMD', 'SIG', 'TSIG', 'TKEY')
    GROUP BY name, type, role, server, intDiv(toUnixTimestamp(response_ts), 300)
    ORDER BY name, type, role, server, at
    LIMIT 200000`

/** A set that changes more often than this rotates: its values are in the records, not in the timeline. */
const mostChanges = 8

function changesOf(set: readonly Slice[]): AuditChange[] {
  const changes: AuditChange[] = []
  for (const [i, slice] of set.entries()) {
    const before = set[i - 1]
    if (before === undefined || !isOther(before, slice)) continue
    changes.push({
      at: time(slice.at, 9),
      name: slice.name,
      type: slice.type,
      role: slice.role,
      from: before.values,
      to: slice.values,
      servers: [plainAddress(slice.server)],
      capture: slice.place[0],
      frame: slice.place[1],
    })
  }
  return changes.length > mostChanges ? [] : changes
}

/** Addresses of a name that some server gave within the same five minutes. */
function seenTogether(slices: readonly Slice[]): Set<string> {
  const pairs = new Set<string>()
  for (const { name, type, values } of slices) {
    if (type !== 'A' && type !== 'AAAA') continue
    for (const one of values) for (const other of values) pairs.add(`${name} ${one} ${other}`)
  }
  return pairs
}

/** A pool gives now some addresses and now others; somewhere it gave both. */
function isRotation(
  { name, type, from, to }: Pick<AuditChange, 'name' | 'type' | 'from' | 'to'>,
  together: Set<string>,
): boolean {
  const isAddress = type === 'A' || type === 'AAAA'
  return (
    isAddress && from.some((one) => to.some((other) => together.has(`${name} ${one} ${other}`)))
  )
}

/** Addresses rotate, so some of them may stay away for five minutes; of anything else the set is whole in each answer. */
export function isOther(before: Slice, now: Slice): boolean {
  if (now.type === 'A' || now.type === 'AAAA') {
    return !now.values.some((value) => before.values.includes(value))
  }
  return now.values.join('\n') !== before.values.join('\n')
}

/** True for slices of one record set at one server that only rotate: too often, or among addresses that `all` hold together. */
export function rotates(set: readonly Slice[], all: readonly Slice[]): boolean {
  let changes = 0
  const together = seenTogether(all)
  for (const [i, slice] of set.entries()) {
    const before = set[i - 1]
    if (before === undefined || !isOther(before, slice)) continue
    const { name, type } = slice
    if (isRotation({ name, type, from: before.values, to: slice.values }, together)) return true
    changes++
  }
  return changes > mostChanges
}
