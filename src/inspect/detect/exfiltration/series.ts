// The distinct names of candidates in the order they were first asked: what the sliding windows run over.

import { type Bench, inWindow } from '../detector.ts'
import { type Candidate, ownServerRows } from './candidates.ts'
import { isListed, isPublic, isUnlisted, left, unlistedZone } from './names.ts'
import type { AskedNames } from './windows.ts'

/** What names are counted for: a client and domain, a client and a suffix (or server) that is not public, a client and its own server, a domain. */
export type Key = 'domain' | 'suffix' | 'server' | 'everyone'

/** The condition on `transactions` that leaves the rows of one candidate; its values are those of `focusOf`. */
export const rowsOf: Readonly<Record<Key, string>> = {
  domain: `client = {client:IPv6} AND domain = {zone:String} AND ${isListed}`,
  suffix: `client = {client:IPv6} AND if({zone:String} = '', server = {server:IPv6}, domain = {zone:String}) AND ${isUnlisted}`,
  server: `client = {client:IPv6} AND server = {server:IPv6} AND {zone:String} = '' AND ${isPublic}`,
  everyone: `domain = {zone:String} AND {client:IPv6} = toIPv6('::') AND ${isListed}`,
}

/** Values for `rowsOf`, and for the `subject` of a rule. */
export function focusOf({ client, server, zone }: Candidate): Record<string, string> {
  return { client, server, zone }
}

/** Candidates asked about in one query, and names kept of each: a window this full is far over any threshold. */
const batch = 100
const keptNames = 20_000

/** Yields each candidate with its names. */
export async function* seriesOf(
  key: Key,
  candidates: readonly Candidate[],
  bench: Bench,
): AsyncGenerator<{ candidate: Candidate; series: AskedNames }> {
  for (let at = 0; at < candidates.length; at += batch) {
    const some = candidates.slice(at, at + batch)
    const byId = new Map(some.map((candidate) => [idOf(candidate), candidate]))
    const rows = await bench.rows<{ id: string; asked: number[]; names: string[] }>(
      `SELECT id, arrayMap(one -> one.1, series) AS asked, arrayMap(one -> one.2, series) AS names
    FROM (
      SELECT id, groupArraySorted(${keptNames})((first, name)) AS series
      FROM (
        SELECT id, ${left('zone')} AS name, min(seconds) AS first
        FROM (SELECT concat(toString(client), ' ', toString(server), ' ', zone) AS id, zone, qname, seconds FROM (${sources[key]}))
        WHERE id IN {ids:Array(String)}
        GROUP BY id, name
      )
      GROUP BY id
    )`,
      { ids: [...byId.keys()], zones: some.map(({ zone }) => zone) },
    )
    for (const { id, asked, names } of rows) {
      const candidate = byId.get(id)
      if (candidate !== undefined) yield { candidate, series: { asked, names } }
    }
  }
}

function idOf({ client, server, zone }: Candidate): string {
  return `${client} ${server} ${zone}`
}

const nobody = `toIPv6('::')`
const seconds = `toUnixTimestamp64Milli(toDateTime64(ts, 3)) / 1000 AS seconds`

const sources: Readonly<Record<Key, string>> = {
  domain: `SELECT client, ${nobody} AS server, toString(domain) AS zone, qname, ${seconds}
        FROM transactions WHERE ${inWindow} AND domain IN {zones:Array(String)} AND ${isListed}`,
  suffix: `SELECT client, if(zone = '', server_asked, ${nobody}) AS server, zone, qname, ${seconds}
        FROM (SELECT ts, client, server AS server_asked, qname, ${unlistedZone} AS zone FROM transactions WHERE ${inWindow} AND ${isUnlisted})`,
  server: `SELECT client, server, zone, qname, ${seconds} FROM (${ownServerRows})`,
  everyone: `SELECT ${nobody} AS client, ${nobody} AS server, toString(domain) AS zone, qname, ${seconds}
        FROM transactions WHERE ${inWindow} AND domain IN {zones:Array(String)} AND ${isListed}`,
}
