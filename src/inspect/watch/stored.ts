// The watch list of a store: names added and removed, each decision a row.

import type { Database } from '../../database/database.ts'
import { fitting } from './list.ts'

/** A watched name; `added` is wall clock, in the engine's form. */
export interface Watched {
  name: string
  added: string
}

/** The names watched in a store, in order. */
export async function storedWatch(database: Database): Promise<Watched[]> {
  return database.rows<Watched>(
    `SELECT name, toString(changed) AS added FROM watch_names FINAL WHERE is_removed = 0 ORDER BY name LIMIT 100000`,
  )
}

/** Adds names; gives those that were not watched before. */
export async function addWatched(database: Database, names: readonly string[]): Promise<string[]> {
  const known = new Set((await storedWatch(database)).map(({ name }) => name))
  const fresh = names.filter((name) => !known.has(name))
  fitting([...known, ...fresh], 'the watch list')
  await decide(database, fresh, 0)
  return fresh
}

/** Takes names off the list; gives those that were on it. */
export async function removeWatched(
  database: Database,
  names: readonly string[],
): Promise<string[]> {
  const known = new Set((await storedWatch(database)).map(({ name }) => name))
  const gone = names.filter((name) => known.has(name))
  await decide(database, gone, 1)
  return gone
}

/** A bound value ends at 120,000 octets: a name with its quotes has 1,006 at most. */
const namesAtOnce = 100

async function decide(database: Database, names: readonly string[], removed: 0 | 1): Promise<void> {
  for (let from = 0; from < names.length; from += namesAtOnce) {
    await database.command(
      `INSERT INTO watch_names SELECT arrayJoin({names:Array(String)}), {removed:UInt8}, now64(6, 'UTC')`,
      { names: names.slice(from, from + namesAtOnce), removed },
    )
  }
}
