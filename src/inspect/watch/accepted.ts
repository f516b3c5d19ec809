// Values that an analyst declared good: a ticket, a planned move. The detector trusts them at once.

import type { Database } from '../../database/database.ts'
import { hours, unitOf } from '../detect/answer-change/timeline.ts'

/** A value that is good for a record. Times are engine times; `until` is packet time. */
export interface Accepted {
  name: string
  type: string
  value: string
  given: string
  reason: string
  until: string
  changed: string
}

/** Everything accepted, to be read through `Database.rows` or a detector's bench. */
export const acceptedSql = `SELECT name, toString(type) AS type, value, given, reason, toString(until) AS until, toString(changed) AS changed
  FROM watch_accepted FINAL ORDER BY name, type, value LIMIT 100000`

/** The end of what has no end. */
export const never = '2262-01-01 00:00:00.000'

/** Remembers a value as good; what is remembered of it is what the detector compares. */
export async function accept(
  database: Database,
  { name, type, given, reason, until }: Omit<Accepted, 'value' | 'changed'>,
): Promise<string> {
  const value = given === '(none)' ? given : unitOf(type, given)
  await database.command(
    `INSERT INTO watch_accepted SELECT {name:String}, {type:String}, {value:String}, {given:String}, {reason:String}, {until:DateTime64(3, 'UTC')}, now64(6, 'UTC')`,
    { name, type, value, given, reason, until },
  )
  return value
}

/** Everything accepted in a store. */
export async function acceptedIn(database: Database): Promise<Accepted[]> {
  return database.rows<Accepted>(acceptedSql)
}

/** Answers whether a unit of a record was good at an hour since 1970. */
export function acceptance(
  rows: readonly Accepted[],
): (name: string, type: string) => (unit: string, hour: number) => boolean {
  const until = new Map(
    rows.map((row) => [`${row.name} ${row.type} ${row.value}`, hours(row.until)]),
  )
  return (name, type) => (unit, hour) => hour < (until.get(`${name} ${type} ${unit}`) ?? -Infinity)
}
