// SOA serials: name servers of one zone that stay behind the newest copy (RFC 1982 arithmetic, RFC 1035 section 3.3.13).

import { plainAddress } from '../../../dns/address.ts'
import { millisecondsOf } from '../../engine-time.ts'
import type { Draft, Rule } from '../detector.ts'
import { aa, answered, draftOf, isWatched, type Level, remembered } from './fault.ts'

/** SOA records of zones that showed more than one serial; constant for the engine, so that the filter on data skips what holds none of them. */
const candidates = `SELECT groupArrayArray(texts) FROM (
        SELECT name, groupUniqArray(100)(data) AS texts FROM rrsets
        WHERE ${remembered} AND type = 'SOA' AND server_role = 'authoritative' AND ${isWatched('name')}
        GROUP BY name HAVING uniqExact(splitByChar(' ', data)[3]) > 1
        LIMIT 1000
      )`

/** The last serial of each zone at each server, with authority, and since when it was given. */
const sql = `SELECT zone, toString(server) AS server, argMax(soa, seen) AS record, toString(argMax(since_seen, seen)) AS since,
    toString(max(seen)) AS last, toString(min(since_seen)) AS first, toFloat64(sum(n)) AS answers
  FROM (
    SELECT owner AS zone, server, text AS soa, min(response_ts) AS since_seen, max(response_ts) AS seen, count() AS n
    FROM transactions
    ARRAY JOIN rr.name AS owner, rr.type AS kind, rr.data AS text
    WHERE ${answered} AND ${aa} AND kind = 'SOA' AND hasAny(rr.data, (${candidates}))
    GROUP BY zone, server, soa
  )
  GROUP BY zone, server
  ORDER BY zone, server
  LIMIT 5000`

/** Rule `soa-serial`. */
export const serialRule: Rule = {
  id: 'soa-serial',
  title: 'A name server serves an old copy of its zone',
  sql,
  subject: 'zone = {zone:String}',
  judge: judgeSerials,
}

interface Serial {
  zone: string
  server: string
  record: string
  since: string
  first: string
  last: string
  answers: number
}

/** Whether serial `a` is newer than `b`: 1 newer, -1 older, 0 the same or not defined (RFC 1982 section 3.2). */
export function compareSerials(a: number, b: number): number {
  const distance = (a - b) >>> 0
  if (distance === 0 || distance === 0x8000_0000) return 0
  return distance < 0x8000_0000 ? 1 : -1
}

function judgeSerials(rows: Serial[]): Draft[] {
  const zones = grouped(rows)
  return [...zones.values()].flatMap((servers) => {
    const newest = servers.reduce((top, row) =>
      compareSerials(serialOf(row), serialOf(top)) > 0 ? row : top,
    )
    const same = servers.filter((row) => serialOf(row) === serialOf(newest))
    const since = same.reduce((start, row) => (row.since < start ? row.since : start), newest.since)
    const behind = servers.flatMap((row) => {
      const lagSeconds = (millisecondsOf(row.last) - millisecondsOf(since)) / 1000
      const level = levelOf(newest.record, lagSeconds)
      const isOlder = compareSerials(serialOf(row), serialOf(newest)) < 0
      return isOlder && level !== null ? [{ row, lagSeconds, level }] : []
    })
    const [worst] = behind.sort((a, b) => b.lagSeconds - a.lagSeconds)
    if (worst === undefined) return []
    const { zone } = newest
    const names = behind.map(({ row, lagSeconds }) => {
      return `${plainAddress(row.server)} still gives ${serialOf(row)} ${hours(lagSeconds)} later`
    })
    return [
      draftOf({
        level: worst.level,
        test: 'CONSISTENCY01',
        subject: { domain: zone, server: plainAddress(worst.row.server) },
        identity: [zone],
        why: `Serial ${serialOf(newest)} of ${zone} is at ${plainAddress(newest.server)} since ${since.slice(0, 19)} UTC, and ${names.join(', ')}; ${servers.length} servers were asked.`,
        first: since,
        last: worst.row.last,
        answers: servers.reduce((sum, row) => sum + row.answers, 0),
        measures: {
          behind_seconds: {
            value: Math.round(worst.lagSeconds),
            threshold: Math.max(3600, timersOf(newest.record).refresh),
          },
          newest_serial: { value: String(serialOf(newest)), threshold: null },
          oldest_serial: { value: String(serialOf(worst.row)), threshold: null },
        },
        against: ['sites of one anycast address may hold different copies for a while'],
        where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0 AND server IN {servers:Array(IPv6)}`,
        show: 'answer',
        bound: {
          zone,
          records: [newest.record, worst.row.record],
          servers: [newest.server, worst.row.server],
        },
      }),
    ]
  })
}

function grouped(rows: readonly Serial[]): Map<string, Serial[]> {
  const zones = new Map<string, Serial[]>()
  for (const row of rows) zones.set(row.zone, [...(zones.get(row.zone) ?? []), row])
  return zones
}

function serialOf(row: Serial): number {
  return Number(row.record.split(' ')[2])
}

function timersOf(record: string): { refresh: number; retry: number; expire: number } {
  const [, , , refresh, retry, expire] = record.split(' ').map(Number)
  return { refresh, retry, expire }
}

/** A copy may be as old as the refresh time (NOTIFY makes it shorter); an hour is nothing. */
function levelOf(record: string, lagSeconds: number): Level | null {
  const { refresh, retry, expire } = timersOf(record)
  if (lagSeconds <= Math.max(refresh, 3600)) return null
  if (lagSeconds > expire / 2) return 'ERROR'
  return lagSeconds > refresh + retry ? 'WARNING' : 'NOTICE'
}

function hours(seconds: number): string {
  return seconds < 172_800
    ? `${(seconds / 3600).toFixed(1)} hours`
    : `${Math.round(seconds / 86_400)} days`
}
