// The servers that were asked about a domain: what they left unanswered, how fast they were, what they said.

import type { Database } from '../../database/database.ts'
import { plainAddress } from '../../dns/address.ts'
import { wilsonLower } from '../detect/health/servers.ts'
import { time } from '../report/quantity.ts'
import type { Window } from '../window.ts'
import { isInside, type Scope } from './records.ts'

/** One server; latencies in milliseconds over what it answered, null where it answered nothing. Shares are from 0 to 1. */
export interface AuditServer {
  server: string
  queries: number
  clients: number
  unanswered: number
  unanswered_share: number
  /** Lower bound of the share with 95 % confidence (Wilson). */
  unanswered_at_least: number
  p50_ms: number | null
  p95_ms: number | null
  p99_ms: number | null
  rcodes: Record<string, number>
  first: string
  last: string
}

/** Servers by falling number of queries. */
export async function auditServers(
  database: Database,
  scope: Scope,
  window: Window,
): Promise<AuditServer[]> {
  const rows = await database.rows<Row>(sql, { ...scope, ...window })
  return rows.map(({ address, quantiles, first, last, ...row }) => {
    const [p50, p95, p99] = quantiles.map((us) => (us > 0 ? Math.round(us) / 1000 : null))
    return {
      server: plainAddress(address),
      queries: row.queries,
      clients: row.clients,
      unanswered: row.unanswered,
      unanswered_share: share(row.unanswered, row.queries),
      unanswered_at_least: Math.round(wilsonLower(row.unanswered, row.queries) * 10_000) / 10_000,
      p50_ms: p50 ?? null,
      p95_ms: p95 ?? null,
      p99_ms: p99 ?? null,
      rcodes: Object.fromEntries(row.rcodes),
      first: time(first, 9),
      last: time(last, 9),
    }
  })
}

interface Row {
  address: string
  queries: number
  clients: number
  unanswered: number
  quantiles: number[]
  rcodes: [string, number][]
  first: string
  last: string
}

const sql = `SELECT address, toFloat64(countIf(match IN ('answered', 'late', 'unanswered'))) AS queries, toFloat64(uniqExact(client)) AS clients,
      toFloat64(countIf(match = 'unanswered')) AS unanswered,
      arrayMap(us -> ifNotFinite(us, 0), quantilesExactInclusiveIf(0.5, 0.95, 0.99)(latency_us, response_frame > 0)) AS quantiles,
      arraySort(said -> (-said.2, said.1), arrayZip((sumMapIf([code], [toFloat64(1)], code != '') AS codes).1, codes.2)) AS rcodes,
      toString(min(ts)) AS first, toString(max(ts)) AS last
    FROM (
      SELECT toString(server) AS address, client, match, latency_us, response_frame, toString(rcode) AS code, ts
      FROM transactions
      WHERE ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')} AND service = 'dns' AND attempts > 0
        AND domain IN {registrable:Array(String)} AND ${isInside('qname')} AND match IN ('answered', 'late', 'unanswered')
    )
    GROUP BY address
    ORDER BY queries DESC, address
    LIMIT 10000`

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000
}
