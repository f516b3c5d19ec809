// One part of a hunt's answer: a kind of evidence, its columns and its rows; and the pieces of SQL every part is built from.

import type { Database } from '../../database/database.ts'
import { plainAddress } from '../../dns/address.ts'
import { time } from '../report/quantity.ts'
import { tailsOf } from '../watch/name.ts'

/**
 * What a cell holds, and so how it is normalised and shown: `time` is ISO UTC with nanoseconds, `last` a time shown as how long after `first`,
 * `counts` an object of counts by name, `hours` 24 counts by hour of day (UTC), `share` a number from 0 to 1, `ttl` shown with its `ttl_max`,
 * `role` whether the zone itself speaks, a resolver, or a server above the zone.
 */
export type CellKind =
  | 'text'
  | 'sentence'
  | 'word'
  | 'address'
  | 'addresses'
  | 'count'
  | 'counts'
  | 'list'
  | 'time'
  | 'last'
  | 'hours'
  | 'share'
  | 'ttl'
  | 'frame'
  | 'role'
  | 'hidden'

/** A column of a part. A text table leaves it out when every cell is `usual`, and `spare` ones when the screen is narrow, 2 before 1. */
export interface PartColumn {
  key: string
  title: string
  kind: CellKind
  /** What a hidden cell is normalised as. */
  as?: CellKind
  usual?: string
  spare?: 1 | 2
}

/** A row; its keys are the columns' keys, its values ready for JSON. */
export type Row = Record<string, unknown>

/** Rows of one kind; `kind` is a word for machines, `title` a heading for people. A part of `one` row is shown as a list of facts. */
export interface Part {
  kind: string
  title: string
  columns: readonly PartColumn[]
  rows: Row[]
}

/** Bounds of a hunt: packet times as the engine writes them (`2026-01-01 00:00:00.5`, UTC; `until` excluded), rows per part. */
export interface HuntOptions {
  since: string
  until: string
  limit: number
}

/** Condition on `transactions AS t`. */
export const inWindow = `t.ts >= {since:DateTime64(9, 'UTC')} AND t.ts < {until:DateTime64(9, 'UTC')}`

/** Condition on `transactions AS t`: the name asked. The domains it can be sorted under (see domainsOf) lead the primary key to it. */
export const ofName = 't.domain IN {domains:Array(String)} AND t.qname = {name:String}'

/**
 * Condition on `transactions AS t`: the registrable domains at, above and under `{name:String}`, which lead the primary key to its rows.
 * Measured on 20 million rows: reading the domains takes 50 ms of CPU, reading all names for their ends 400.
 */
export const ofDomains = `t.domain IN (
      SELECT d.domain FROM transactions AS d
      WHERE d.domain IN {domains:Array(String)} OR endsWith(d.domain, {under:String})
      GROUP BY d.domain)`

/** Condition on an address column of `transactions AS t`: from low to high. The equality is for one address: bloom filters know no ranges. */
export function inRange(column: 'client' | 'server'): string {
  return `t.${column} BETWEEN {low:IPv6} AND {high:IPv6}
      AND ({low:IPv6} != {high:IPv6} OR t.${column} = {low:IPv6})`
}

/** Registrable domains that a name may be stored with, whatever list of public suffixes it was stored by; none for a suffix itself. */
export function domainsOf(name: string): string[] {
  return ['', ...tailsOf(name)]
}

/** The earliest packet of a group of `transactions AS t`: one tuple, so that capture and frame belong together; ties go to the lower id. */
export const evidence = `(argMin((t.capture, if(t.frame > 0, t.frame, t.response_frame)), (t.ts, t.capture, t.frame)) AS earliest).1 AS capture,
      earliest.2 AS frame, min(t.ts) AS ts`

/** First and last sight of a group of `transactions AS t`. */
export const seen = 'min(t.ts) AS first, max(t.ts) AS last'

/** Response codes of a group with how often each came. */
export const rcodes = "sumMapIf(map(toString(t.rcode), toUInt64(1)), t.rcode != '') AS rcodes"

/** Query types of a group with how often each was asked. */
export const types =
  "sumMapIf(map(toString(t.qtype), toUInt64(t.attempts)), t.qtype != '') AS types"

/** The columns that say where the evidence is; last in every part. */
export const evidenceColumns: readonly PartColumn[] = [
  { key: 'capture', title: 'capture', kind: 'hidden' },
  { key: 'frame', title: 'frame', kind: 'frame' },
  { key: 'ts', title: 'ts', kind: 'hidden', as: 'time' },
]

/** Columns for `seen`. */
export const seenColumns: readonly PartColumn[] = [
  { key: 'first', title: 'first seen', kind: 'time' },
  { key: 'last', title: 'for', kind: 'last', spare: 1 },
]

/** Runs one query of a hunt and normalises its rows to the columns; every value in it is a bound parameter. */
export async function part(
  database: Database,
  description: Omit<Part, 'rows'>,
  sql: string,
  parameters: Record<string, unknown>,
  options: HuntOptions,
): Promise<Part> {
  const rows = await database.rows<Row>(sql, { ...parameters, ...options })
  return { ...description, rows: rows.map((row) => normalise(row, description.columns)) }
}

/** A row with exactly the columns' keys: numbers as numbers, times as ISO, IPv4 addresses in dotted form. */
export function normalise(row: Row, columns: readonly PartColumn[]): Row {
  return Object.fromEntries(
    columns.map((column) => [column.key, cells[column.as ?? column.kind](row[column.key])]),
  )
}

const asIs = (value: unknown) => value

const cells: Record<CellKind, (value: unknown) => unknown> = {
  text: asIs,
  sentence: asIs,
  word: asIs,
  role: asIs,
  list: asIs,
  hidden: asIs,
  count: Number,
  share: Number,
  ttl: Number,
  frame: Number,
  time: (value) => time(String(value), 9),
  last: (value) => time(String(value), 9),
  address: (value) => plainAddress(String(value)),
  addresses: (value) => (value as string[]).map(plainAddress),
  counts: (value) => byCount(value as Record<string, unknown>),
  hours: (value) => Array.from({ length: 24 }, (_, i) => Number((value as Row)[i] ?? 0)),
}

/** Entries by falling count. */
function byCount(counts: Record<string, unknown>): Record<string, number> {
  const entries = Object.entries(counts).map(([name, n]): [string, number] => [name, Number(n)])
  return Object.fromEntries(entries.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)))
}
