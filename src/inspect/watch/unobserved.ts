// What is watched but was not seen: nobody asked, so nothing can be said about it, and it is not safe for that.

import type { Database, Parameters } from '../../database/database.ts'
import { inWindow } from '../detect/detector.ts'
import { isoTime } from '../engine-time.ts'
import { wholeHistory } from '../window.ts'
import { isRegistrable } from './name.ts'
import { asksWatched, namedHosts, usualHosts, watchedDomains } from './targets.ts'

/** Records of a name that were not seen in the window; `last_seen` (ISO UTC) is the last time before or after it, null for never. */
export interface Unobserved {
  name: string
  types: string[]
  last_seen: string | null
}

/** What a domain has; an address counts as seen when A or AAAA was. */
const apexTypes = ['A', 'NS', 'MX', 'SOA', 'TXT', 'CAA', 'DS'] as const

/** What is watched because of a name, why, and when it was last seen in the whole store (ISO UTC, null for never). */
export interface WatchedRecord {
  name: string
  types: string[]
  because: string
  last_seen: string | null
}

/** Looks for every watched record in the window `{since}` to `{until}`; in order of names. */
export async function unobservedIn(
  database: Database,
  watch: readonly string[],
  window: Parameters,
): Promise<Unobserved[]> {
  const last = await lastSeen(database, watch, window)
  const unobserved = new Map<string, Unobserved>()
  for (const { name, types } of await targetsOf(database, watch)) {
    const missing = new Map<string | null, string[]>()
    for (const type of types) {
      const found = last.get(`${name} ${type}`)
      if (found?.is_inside === 1) continue
      const time = found === undefined ? null : isoTime(found.last)
      missing.set(time, [...(missing.get(time) ?? []), type])
    }
    for (const [time, absent] of missing) {
      unobserved.set(`${name} ${absent.join()}`, { name, types: absent, last_seen: time })
    }
  }
  return [...unobserved.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Everything that is watched because of one name. */
export async function recordsOf(database: Database, name: string): Promise<WatchedRecord[]> {
  const last = await lastSeen(database, [name], { ...wholeHistory })
  return (await targetsOf(database, [name])).map((target) => {
    const times = target.types.flatMap((type) => last.get(`${target.name} ${type}`)?.last ?? [])
    const newest = times.sort().at(-1)
    return { ...target, last_seen: newest === undefined ? null : isoTime(newest) }
  })
}

/** Records that watching these names means. */
async function targetsOf(
  database: Database,
  watch: readonly string[],
): Promise<Omit<WatchedRecord, 'last_seen'>[]> {
  const targets: Omit<WatchedRecord, 'last_seen'>[] = []
  for (const name of watch) {
    if (!isRegistrable(name)) {
      targets.push({ name, types: ['A'], because: 'watched' })
      continue
    }
    targets.push({ name, types: [...apexTypes], because: 'watched' })
    for (const label of usualHosts) {
      if (label === '_acme-challenge') continue
      const types = [label === '_dmarc' ? 'TXT' : 'A']
      targets.push({ name: `${label}.${name}`, types, because: 'usual host' })
    }
  }
  const hosts = await database.rows<{ host: string }>(
    `SELECT host FROM (${namedHosts}) ORDER BY host`,
    { watch: [...watch] },
  )
  for (const { host } of hosts) targets.push({ name: host, types: ['A'], because: 'NS or MX host' })
  return targets
}

async function lastSeen(
  database: Database,
  watch: readonly string[],
  window: Parameters,
): Promise<Map<string, Seen>> {
  const rows = await database.rows<Seen>(seen, { ...window, watch: [...watch] })
  return new Map(rows.map((row) => [`${row.name} ${row.type}`, row]))
}

interface Seen {
  name: string
  type: string
  last: string
  is_inside: number
}

/** Questions with an answer, and NS, SOA and DS in referrals; AAAA counts as A. */
const seen = `SELECT name, type, toString(max(at)) AS last, max(inside) AS is_inside
  FROM (
    SELECT response_ts AS at, ${inWindow} AS inside, arrayJoin(arrayConcat(
      if(${asksWatched('qname', 'domain')} OR qname IN (${namedHosts}), [(qname, if(qtype = 'AAAA', 'A', toString(qtype)))], []),
      arrayFilter((record, part) -> part = 'authority' AND record.1 IN {watch:Array(String)},
        arrayMap((owner, kind) -> (owner, toString(kind)), rr.name, rr.type), rr.section))) AS found,
      found.1 AS name, found.2 AS type
    FROM transactions
    WHERE domain IN (${watchedDomains}) AND match IN ('answered', 'late') AND response_frame > 0 AND service = 'dns'
  )
  GROUP BY name, type
  ORDER BY name, type
  LIMIT 1000000`
