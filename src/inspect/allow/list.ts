// The allow list in the store: reading it, adding to it, taking from it.

import type { Database } from '../../database/database.ts'
import { UsageError } from '../../errors.ts'
import { engineTime, isoTime } from '../engine-time.ts'
import type { AllowEntry, Conditions } from './entry.ts'

/** Entries that were not removed, the oldest first; those past their end among them. */
export async function allowEntries(database: Database): Promise<AllowEntry[]> {
  const rows = await database.rows<Row>(
    `SELECT id, detector, finding, domain, client, network, server, reason, toString(ends) AS ends, toString(added) AS added
    FROM allow FINAL WHERE removed = 0 ORDER BY added, id`,
  )
  return rows.map(({ id, reason, ends, added, ...columns }) => {
    const filled = Object.entries(columns).filter(([, value]) => value !== '')
    return {
      id,
      conditions: Object.fromEntries(filled) as Conditions,
      reason,
      until: ends.startsWith('1970') ? null : isoTime(ends),
      added: isoTime(added),
    }
  })
}

/** Adds an entry; one with the same conditions gets its reason and end. */
export async function addAllowEntry(database: Database, entry: AllowEntry): Promise<void> {
  await write(database, entry, 0, new Date(entry.added))
}

/** Takes an entry out; gives back what it was. A UsageError when there is none of that id. */
export async function removeAllowEntry(
  database: Database,
  id: string,
  now: Date,
): Promise<AllowEntry> {
  const entry = (await allowEntries(database)).find((each) => each.id === id)
  if (entry === undefined) {
    throw new UsageError(`no allow entry has the id "${id}"; overhear allow list shows them`)
  }
  await write(database, entry, 1, now)
  return entry
}

interface Row extends Required<Conditions> {
  id: string
  reason: string
  ends: string
  added: string
}

async function write(
  database: Database,
  { id, conditions, reason, until, added }: AllowEntry,
  removed: 0 | 1,
  now: Date,
): Promise<void> {
  const {
    detector = '',
    finding = '',
    domain = '',
    client = '',
    network = '',
    server = '',
  } = conditions
  // The version is at least one above what is there: two changes may fall into one millisecond, or a clock may be set back.
  await database.command(
    `INSERT INTO allow (id, detector, finding, domain, client, network, server, reason, ends, added, removed, version)
    SELECT {id:String}, {detector:String}, {finding:String}, {domain:String}, {client:String}, {network:String}, {server:String},
      {reason:String}, {ends:DateTime64(3, 'UTC')}, {added:DateTime64(3, 'UTC')}, {removed:UInt8},
      greatest({version:UInt64}, (SELECT max(version) + 1 FROM allow WHERE id = {id:String}))`,
    {
      id,
      detector,
      finding,
      domain,
      client,
      network,
      server,
      reason,
      ends: engineTime(until ?? '1970-01-01T00:00:00.000Z'),
      added: engineTime(added),
      removed,
      version: now.getTime() * 1000,
    },
  )
}
