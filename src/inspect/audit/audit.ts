// Everything the store knows about a domain, as a record audit wants it: records, servers, changes, faults, and what was not seen.

import type { Database } from '../../database/database.ts'
import type { Finding } from '../detect/detector.ts'
import health from '../detect/health/health.ts'
import { run } from '../detect/run.ts'
import type { CaptureSeen } from '../detect/seen.ts'
import { time } from '../report/quantity.ts'
import type { Window } from '../window.ts'
import { type AuditChange, auditChanges } from './changes.ts'
import { type NotSeen, notSeen } from './coverage.ts'
import { type AuditRecord, auditRecords, isInside, type Scope, scopeOf } from './records.ts'
import { type AuditServer, auditServers } from './servers.ts'

/** The answer of `overhear audit --json`. */
export interface Audit {
  domain: string
  /** First and last exchange about the domain, ISO UTC; null where there is none. */
  window: { since: string | null; until: string | null; exchanges: number; clients: number }
  captures: CaptureSeen[]
  notes: string[]
  findings: Finding[]
  records: AuditRecord[]
  changes: AuditChange[]
  servers: AuditServer[]
  not_seen: NotSeen[]
}

/** Audits a domain in the store's form (see nameOf); the store is only read. */
export async function audit(database: Database, domain: string, window: Window): Promise<Audit> {
  const scope = await scopeOf(database, domain)
  const watch = domain === '.' ? [] : [domain, ...scope.registrable.filter(isBelow(domain))]
  const records = await auditRecords(database, scope, window)
  const { captures, notes, findings } = await run(database, [health], { ...window, watch })
  return {
    domain,
    window: await windowOf(database, scope, window),
    captures,
    notes,
    findings,
    records,
    changes: await auditChanges(database, scope, window),
    servers: await auditServers(database, scope, window),
    not_seen: await notSeen(database, scope, window, records),
  }
}

function isBelow(domain: string): (name: string) => boolean {
  return (name) => name.endsWith(`.${domain}`)
}

async function windowOf(
  database: Database,
  scope: Scope,
  window: Window,
): Promise<Audit['window']> {
  const [row] = await database.rows<{ n: number; asking: number; first: string; last: string }>(
    `SELECT toFloat64(count()) AS n, toFloat64(uniqExact(client)) AS asking, toString(min(ts)) AS first, toString(max(ts)) AS last
    FROM transactions
    WHERE ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')}
      AND domain IN {registrable:Array(String)} AND ${isInside('qname')}`,
    { ...scope, ...window },
  )
  if (row === undefined || row.n === 0) {
    return { since: null, until: null, exchanges: 0, clients: 0 }
  }
  return {
    since: time(row.first, 9),
    until: time(row.last, 9),
    exchanges: row.n,
    clients: row.asking,
  }
}
