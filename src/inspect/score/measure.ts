// What a capture exposes detectors to, and what had got away by the time an alert came: counted in the stored rows, apart from any detector.

import { gzipSync } from 'node:zlib'
import type { Database } from '../../database/database.ts'
import { inWindow, type Subject } from '../detect/detector.ts'
import { wholeHistory } from '../window.ts'

/** What stands in the store. */
export interface Exposure {
  queries: number
  clients: number
  /** Hours of the clock in which each client asked, summed over clients. */
  clientHours: number
  /** Rows, answers alone among them. */
  rows: number
  /** Engine time of the newest row; empty in an empty store. */
  newest: string
}

/** Counts what is in the store. */
export async function exposureOf(database: Database): Promise<Exposure> {
  const [row] = await database.rows<Exposure>(
    `SELECT toFloat64(sum(attempts)) AS queries, uniqExactIf(client, attempts > 0) AS clients,
      uniqExactIf((client, toStartOfHour(ts)), attempts > 0) AS clientHours, count() AS rows,
      if(rows = 0, '', toString(max(greatest(ts, response_ts)))) AS newest
    FROM transactions WHERE ${inWindow}`,
    { ...wholeHistory },
  )
  return row
}

/** Names of a subject that are looked at for what they carried; a capture that has more leaked more than anybody counts. */
const mostNames = 1_000_000

/** Compressed bytes of the distinct names that a client asked under a domain (or of a server) before `until`: what can have left by then. */
export async function bytesLeft(
  database: Database,
  { client = '', domain = '', server = '' }: Subject,
  until: string,
): Promise<number> {
  const rows = await database.rows<{ name: string }>(
    `SELECT DISTINCT substring(qname, 1, length(qname) - length({domain:String})) AS name
    FROM transactions
    WHERE ${inWindow} AND attempts > 0 AND ({client:String} = '' OR client = toIPv6OrDefault({client:String}))
      AND if({domain:String} != '', qname = {domain:String} OR endsWith(qname, concat('.', {domain:String})),
        {server:String} = '' OR (server = toIPv6OrDefault({server:String}) AND tld_listed = 0))
    ORDER BY name
    LIMIT ${mostNames}`,
    { ...wholeHistory, until, client, domain, server },
  )
  if (rows.length === 0) return 0
  return gzipSync(rows.map(({ name }) => name).join('\n'), { level: 6 }).length
}

/** Clients that were answered with records of this name and type between two times. */
export async function clientsAnswered(
  database: Database,
  { name = '', type = '' }: Subject,
  since: string,
  until: string,
): Promise<number> {
  const [row] = await database.rows<{ clients: number }>(
    `SELECT uniqExact(client) AS clients FROM transactions
    WHERE ${inWindow} AND response_frame > 0
      AND ((qname = {name:String} AND toString(qtype) = {type:String})
        OR arrayExists((owner, kind) -> owner = {name:String} AND toString(kind) = {type:String}, rr.name, rr.type))`,
    { since, until, name, type },
  )
  return row?.clients ?? 0
}

/** Empties every table but the memory of migrations, so that nothing of one capture is known when the next is judged. */
export async function emptyStore(database: Database): Promise<void> {
  const tables = await database.rows<{ name: string }>(
    `SELECT name FROM system.tables
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree%' AND name != 'schema_migrations'`,
  )
  for (const { name } of tables) {
    if (/^\w+$/.test(name)) await database.command(`TRUNCATE TABLE ${name}`)
  }
}
