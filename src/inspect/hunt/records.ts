// Passive-DNS records with the packet that first showed each one; the part that names, addresses, domains and answers share.

import type { Database } from '../../database/database.ts'
import {
  evidenceColumns,
  type HuntOptions,
  inWindow,
  normalise,
  type Part,
  type Row,
  seenColumns,
} from './part.ts'

/**
 * Records of `rrsets AS r` that meet `condition` (SQL of ours, values bound in `parameters`) and were seen inside the bounds. First, last,
 * count and TTL are of all time; answers nobody asked for stay apart under their own `match`.
 */
export async function recordsPart(
  database: Database,
  description: { kind: string; title: string },
  condition: string,
  parameters: Record<string, unknown>,
  options: HuntOptions,
): Promise<Part> {
  const rows = await database.rows<Row>(
    `SELECT r.name AS name, toString(r.type) AS type, r.data AS data, toString(r.section) AS section,
        toString(r.server_role) AS role, toString(r.match) AS match,
        min(r.first_seen) AS first, max(r.last_seen) AS last, sum(r.count) AS answers,
        min(r.ttl_min) AS ttl, max(r.ttl_max) AS ttl_max
      FROM rrsets AS r
      WHERE ${condition}
      GROUP BY name, type, data, section, role, match
      HAVING last >= {since:DateTime64(9, 'UTC')} AND first < {until:DateTime64(9, 'UTC')}
      ORDER BY match IN ('answered', 'late') DESC, section = 'answer' DESC, last DESC, name, data
      LIMIT {limit:UInt32}`,
    { ...parameters, ...options },
  )
  const found = await packetsOf(database, rows, options)
  return {
    ...description,
    columns: recordColumns,
    rows: rows.map((row) =>
      normalise({ ...row, ...(found.get(keyOf(row)) ?? notHeld(row)) }, recordColumns),
    ),
  }
}

const recordColumns = [
  { key: 'name', title: 'name', kind: 'text' },
  { key: 'type', title: 'type', kind: 'word' },
  { key: 'data', title: 'data', kind: 'text' },
  { key: 'section', title: 'section', kind: 'word', usual: 'answer' },
  { key: 'role', title: 'said by', kind: 'role', usual: 'resolver' },
  { key: 'match', title: 'verdict', kind: 'word', usual: 'answered' },
  ...seenColumns,
  { key: 'answers', title: 'answers', kind: 'count', spare: 1 },
  { key: 'ttl', title: 'ttl', kind: 'ttl', spare: 2 },
  { key: 'ttl_max', title: 'ttl max', kind: 'hidden', as: 'count' },
  { key: 'clients', title: 'clients', kind: 'count', spare: 2 },
  { key: 'asked_as', title: 'asked as', kind: 'hidden' },
  ...evidenceColumns,
] as const satisfies readonly Part['columns'][number][]

/** Names that led to a record, at most this many: a popular delivery network stands behind thousands. */
const mostAskedAs = 5

/** The earliest packet inside the bounds, the number of clients and the names asked, by record. Bloom filter on the data first. */
async function packetsOf(
  database: Database,
  records: readonly Row[],
  options: HuntOptions,
): Promise<Map<string, Row>> {
  if (records.length === 0) return new Map()
  const rows = await database.rows<Row>(
    `SELECT record_name AS name, toString(record_type) AS type, record_data AS data,
        toString(record_section) AS section,
        if(bitTest(t.response_flags, 10), 'authoritative', 'resolver') AS role,
        toString(t.match) AS match, uniqExact(t.client) AS clients,
        arraySort(groupUniqArray(${mostAskedAs})(t.qname)) AS asked_as,
        (argMin((t.response_capture, t.response_frame, t.response_ts),
          (t.response_ts, t.response_capture, t.response_frame)) AS earliest).1 AS capture,
        earliest.2 AS frame, earliest.3 AS ts
      FROM transactions AS t
      ARRAY JOIN t.rr.name AS record_name, t.rr.type AS record_type, t.rr.data AS record_data,
        t.rr.section AS record_section
      WHERE ${inWindow} AND t.response_frame > 0 AND hasAny(t.rr.data, {data:Array(String)})
        AND record_data IN {data:Array(String)} AND record_name IN {names:Array(String)}
      GROUP BY name, type, data, section, role, match`,
    {
      data: [...new Set(records.map((record) => record['data']))],
      names: [...new Set(records.map((record) => record['name']))],
      since: options.since,
      until: options.until,
    },
  )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

function keyOf(row: Row): string {
  return JSON.stringify(['name', 'type', 'data', 'section', 'role', 'match'].map((key) => row[key]))
}

/** Evidence of a record whose transactions are gone (retention) or outside the bounds: no frame, and its first sight as the time. */
function notHeld(row: Row): Row {
  return { clients: 0, asked_as: [], capture: '', frame: 0, ts: row['first'] }
}
