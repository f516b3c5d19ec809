// Every record seen at and below a domain: on which servers, in which section, by what right, from when to when.

import type { Database } from '../../database/database.ts'
import { plainAddress } from '../../dns/address.ts'
import { time } from '../report/quantity.ts'
import type { Window } from '../window.ts'

/** What one server gave of a record. Times are ISO UTC with nanoseconds. */
export interface Given {
  server: string
  first: string
  last: string
  answers: number
  ttl_min: number
  ttl_max: number
}

/** A record as it stood in one section of answers of one kind; `frame` is the earliest answer that holds it. */
export interface AuditRecord {
  name: string
  type: string
  data: string
  section: 'answer' | 'authority' | 'additional'
  /** Who said it: the zone itself (AA), a resolver (RA), or a server above it that only refers. */
  role: 'authoritative' | 'resolver' | 'parent'
  match: string
  first: string
  last: string
  answers: number
  ttl_min: number
  ttl_max: number
  /** The different TTLs, ascending, the first 200: a cache counts down through all of them. */
  ttls: number[]
  capture: string
  frame: number
  servers: Given[]
}

/** The audited domain and what its rows are found by: the registrable domains at, above or below it. */
export interface Scope {
  domain: string
  under: string
  registrable: string[]
}

/** The scope of a domain; only the column that rows are sorted by is read. */
export async function scopeOf(database: Database, domain: string): Promise<Scope> {
  const labels = domain.split('.')
  const above = labels.map((_, i) => labels.slice(i).join('.'))
  const under = domain === '.' ? '' : `.${domain}`
  const rows = await database.rows<{ domain: string }>(
    `SELECT DISTINCT toString(domain) AS domain FROM transactions
    WHERE domain IN {above:Array(String)} OR endsWith(domain, {under:String})
    ORDER BY domain LIMIT 2000`,
    { above, under },
  )
  return { domain, under, registrable: rows.map((row) => row.domain) }
}

/** Condition that a column holds the domain or a name below it. */
export function isInside(name: string): string {
  return `(${name} = {domain:String} OR endsWith(${name}, {under:String}))`
}

/** Most records of an audit; a domain with more is not administered by people. */
const mostRecords = 100_000

/** Records in order of name, type, data. Rows of the domain are read by key, those of other domains that lead here by the data they hold. */
export async function auditRecords(
  database: Database,
  scope: Scope,
  window: Window,
): Promise<AuditRecord[]> {
  const rows = await database.rows<Row>(sql, { ...scope, ...window })
  return rows.map((row) => ({
    ...row,
    first: time(row.first, 9),
    last: time(row.last, 9),
    servers: row.servers
      .map(([server, first, last, answers, ttl_min, ttl_max]) => ({
        server: plainAddress(server),
        first: time(first, 9),
        last: time(last, 9),
        answers,
        ttl_min,
        ttl_max,
      }))
      .sort((a, b) => b.answers - a.answers || (a.server < b.server ? -1 : 1)),
  }))
}

type GivenRow = [string, string, string, number, number, number]
type Row = Omit<AuditRecord, 'servers'> & { servers: GivenRow[] }

/** Columns of `transactions` that a record and its place are made of. */
export const recordColumns =
  'server, capture, match, ts, response_ts, response_frame, response_flags, rr.section, rr.name, rr.type, rr.ttl, rr.data'

/** Who said it, from the flags of the answer. */
export const roleOf = `multiIf(bitTest(response_flags, 10), 'authoritative', bitTest(response_flags, 7), 'resolver', 'parent')`

const inWindow = `ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')} AND frame_gap != 0`

/** Answers that may hold records of the domain: its own by key, those of other domains by the data they hold. */
export function inScope(columns: string, more = ''): string {
  return `SELECT ${columns} FROM transactions
        WHERE ${inWindow} ${more} AND domain IN {registrable:Array(String)}
        UNION ALL
        SELECT ${columns} FROM transactions
        WHERE ${inWindow} ${more} AND domain NOT IN {registrable:Array(String)}
          AND hasAny(rr.data, (SELECT groupUniqArray(data) FROM rrsets WHERE ${isInside('name')}))`
}

const sql = `SELECT name, type, data, section, role, verdict AS match, toString(min(begun)) AS first, toString(max(ended)) AS last,
      toFloat64(sum(n)) AS answers, min(least) AS ttl_min, max(most) AS ttl_max, arraySlice(arraySort(groupUniqArrayArray(all_ttls)), 1, 200) AS ttls,
      argMin(place, (begun, place)).1 AS capture, argMin(place, (begun, place)).2 AS frame,
      groupArray((address, toString(begun), toString(ended), toFloat64(n), least, most)) AS servers
    FROM (
      SELECT owner AS name, toString(kind) AS type, text AS data, toString(part) AS section,
        ${roleOf} AS role,
        toString(match) AS verdict, toString(server) AS address, min(response_ts) AS begun, max(response_ts) AS ended, count() AS n,
        min(seconds) AS least, max(seconds) AS most, groupUniqArray(200)(seconds) AS all_ttls,
        argMin((toString(capture), response_frame), (response_ts, toString(capture), response_frame)) AS place
      FROM (${inScope(recordColumns)})
      ARRAY JOIN rr.section AS part, rr.name AS owner, rr.type AS kind, rr.ttl AS seconds, rr.data AS text
      WHERE part IN ('answer', 'authority', 'additional') AND ${isInside('owner')}
      GROUP BY name, type, data, section, role, verdict, address
    )
    GROUP BY name, type, data, section, role, match
    ORDER BY name, type, data, section, role, match
    LIMIT ${mostRecords}`
