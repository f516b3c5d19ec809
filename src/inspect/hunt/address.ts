// Everything about an address or a prefix: names that resolved to it, queries it sent, queries it served.

import type { Database } from '../../database/database.ts'
import { findingsPart } from './findings.ts'
import {
  evidence,
  evidenceColumns,
  type HuntOptions,
  inRange,
  inWindow,
  type Part,
  part,
  rcodes,
  seen,
  seenColumns,
} from './part.ts'
import { recordsPart } from './records.ts'
import type { AddressRange } from './subject.ts'

/** Parts `finding`, `name` (passive DNS, inverse), `sent` and `served` about an address or a prefix. */
export async function huntAddress(
  database: Database,
  range: AddressRange,
  options: HuntOptions,
): Promise<Part[]> {
  const { first: low, last: high } = range
  // Equality on the data uses its bloom filter; a prefix has to parse what is there, and only A and AAAA hold addresses.
  const resolved = range.isSingle
    ? "r.type IN ('A', 'AAAA') AND r.data IN ({text:String}, {mapped:String})"
    : `r.type IN ('A', 'AAAA')
        AND ifNull(toIPv6OrNull(r.data) BETWEEN {low:IPv6} AND {high:IPv6}, 0)`
  const bounds = range.isSingle
    ? { text: range.text, mapped: `::ffff:${range.text}` }
    : { low, high }
  return Promise.all([
    findingsPart(
      database,
      `arrayExists(role -> toIPv6OrDefault(subject[role]) BETWEEN {low:IPv6} AND {high:IPv6} AND subject[role] != '', ['client', 'victim', 'server'])`,
      { hunted: range.text, low: range.first, high: range.last },
      options,
    ),
    recordsPart(
      database,
      { kind: 'name', title: 'names that resolved to it' },
      resolved,
      bounds,
      options,
    ),
    part(database, sent, sentSql, { low, high }, options),
    part(database, served, servedSql, { low, high }, options),
  ])
}

const sent: Omit<Part, 'rows'> = {
  kind: 'sent',
  title: 'queries it sent',
  columns: [
    { key: 'client', title: 'client', kind: 'address' },
    { key: 'server', title: 'to server', kind: 'address' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count' },
    { key: 'rcodes', title: 'rcodes', kind: 'counts', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const sentSql = `SELECT t.client AS client, t.server AS server, sum(t.attempts) AS queries,
      uniqExact(t.qname) AS names, ${rcodes}, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inWindow} AND ${inRange('client')} AND t.attempts > 0
    GROUP BY client, server
    ORDER BY queries DESC, client, server
    LIMIT {limit:UInt32}`

const served: Omit<Part, 'rows'> = {
  kind: 'served',
  title: 'queries it served',
  columns: [
    { key: 'server', title: 'server', kind: 'address' },
    { key: 'clients', title: 'clients', kind: 'count' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'answers', title: 'answers', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count', spare: 2 },
    { key: 'rcodes', title: 'rcodes', kind: 'counts', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const servedSql = `SELECT t.server AS server, uniqExact(t.client) AS clients, sum(t.attempts) AS queries,
      countIf(t.response_frame > 0) AS answers, uniqExact(t.qname) AS names, ${rcodes}, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inWindow} AND ${inRange('server')}
    GROUP BY server
    ORDER BY queries DESC, server
    LIMIT {limit:UInt32}`
