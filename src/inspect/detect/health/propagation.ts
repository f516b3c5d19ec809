// Propagation: after a record changed at an authority, who still gives the old answer longer than its TTL allows.

import { plainAddress } from '../../../dns/address.ts'
import { millisecondsOf } from '../../engine-time.ts'
import type { Draft, Rule } from '../detector.ts'
import { aa, answered, draftOf, isWatched, listed, remembered } from './fault.ts'
import { isWhole } from './whole.ts'

/** Records of which one began later than another: few values, so that pools stay out. The old one may go on, at a server that stayed behind. */
const changed = `SELECT name FROM rrsets
      WHERE ${remembered} AND section = 'answer' AND server_role = 'authoritative' AND ${isWatched('name')}
        AND type IN ('A', 'AAAA', 'MX', 'NS', 'CNAME', 'TXT')
      GROUP BY name, type
      HAVING uniqExact(data) BETWEEN 2 AND 16 AND min(first_seen) < max(first_seen)
      LIMIT 2000`

/** What each server said of them: one row per set of records, with how often, from when and until when. */
const sql = `SELECT qname AS name, toString(qtype) AS type, toString(server) AS server, ${aa} AS own, texts AS records, toFloat64(count()) AS answers,
    toString(min(response_ts)) AS first, toString(max(response_ts)) AS last, max(ttl) AS ttl_max
  FROM (
    SELECT qname, qtype, server, response_flags, response_ts,
      arraySort(arrayDistinct(arrayFilter((text, kind, part) -> part = 'answer' AND kind = qtype, rr.data, rr.type, rr.section))) AS texts,
      arrayMax(arrayConcat([toUInt32(0)], arrayFilter((ttl, part) -> part = 'answer', rr.ttl, rr.section))) AS ttl
    FROM transactions
    WHERE ${answered} AND ${isWhole} AND rcode = 'NOERROR' AND qname IN (${changed})
      AND qtype IN ('A', 'AAAA', 'MX', 'NS', 'CNAME', 'TXT')
  )
  WHERE notEmpty(texts)
  GROUP BY name, type, server, own, records
  ORDER BY name, type, first, server
  LIMIT 20000`

/** Rule `stale-answer`. */
export const propagationRule: Rule = {
  id: 'stale-answer',
  title: 'Servers still give an answer that was replaced',
  sql,
  subject: 'name = {name:String} AND type = {type:String}',
  judge: (rows: Said[]) =>
    [...groupedByName(rows).values()].flatMap((said) => {
      const change = changeOf(said)
      return change === null ? [] : staleness(said, change)
    }),
}

interface Said {
  name: string
  type: string
  server: string
  own: number
  records: string[]
  answers: number
  first: string
  last: string
  ttl_max: number
}

/** A change at an authority: the old set for the last time, then only the new one. */
interface Change {
  old: Said
  now: Said
}

function groupedByName(rows: readonly Said[]): Map<string, Said[]> {
  const names = new Map<string, Said[]>()
  for (const row of rows) {
    const key = `${row.type} ${row.name}`
    names.set(key, [...(names.get(key) ?? []), row])
  }
  return names
}

/** A clean switch at one authoritative server: two sets, one after the other, each seen twice. A rotation comes back and is none. */
function changeOf(said: readonly Said[]): Change | null {
  const changes = said.flatMap((now) => {
    const same = said.filter(({ own, server }) => own === 1 && server === now.server)
    const [old, ...others] = same.filter((row) => row !== now)
    const isSwitch =
      now.own === 1 && old !== undefined && others.length === 0 && old.last < now.first
    return isSwitch && old.answers >= 2 && now.answers >= 2 ? [{ old, now }] : []
  })
  return changes.sort((a, b) => (a.now.first < b.now.first ? -1 : 1))[0] ?? null
}

function staleness(said: readonly Said[], { old, now }: Change): Draft[] {
  const isOld = (row: Said) => row.records.join() === old.records.join()
  const ttlMs = Math.max(...said.filter(isOld).map((row) => row.ttl_max)) * 1000
  const changedMs = millisecondsOf(now.first)
  const late = said.filter((row) => {
    // A server that went forth and back is one of a pool.
    const others = said.filter((each) => each.server === row.server && !isOld(each))
    const isRotating = others.some((each) => each.first < row.last)
    return isOld(row) && !isRotating && millisecondsOf(row.last) > changedMs + ttlMs + 60_000
  })
  const worst = late.sort((a, b) => (a.last > b.last ? -1 : 1))[0]
  if (worst === undefined) return []
  const { name, type } = old
  const servers = new Set(said.filter((row) => row.last >= now.first).map(({ server }) => server))
  const lateMs = millisecondsOf(worst.last) - changedMs
  const stale = late.map((row) => `${plainAddress(row.server)} until ${row.last.slice(0, 19)} UTC`)
  return [
    draftOf({
      level: lateMs > 2 * ttlMs + 60_000 ? 'WARNING' : 'NOTICE',
      test: '',
      subject: { name, type, server: plainAddress(worst.server) },
      identity: [name, type, old.records.join(' ')],
      why: `${type} ${name} changed at ${plainAddress(now.server)} from ${listed(old.records, 3)} to ${listed(now.records, 3)} by ${now.first.slice(0, 19)} UTC. The old answer had a TTL of ${ttlMs / 1000} s and was still given by ${listed(stale)}; ${servers.size - late.length} of ${servers.size} servers asked since are up to date.`,
      first: now.first,
      last: worst.last,
      answers: said.reduce((sum, row) => sum + row.answers, 0),
      measures: {
        old_for_seconds: { value: Math.round(lateMs / 1000), threshold: ttlMs / 1000 + 60 },
        servers_with_old: { value: late.length, threshold: 1 },
        servers_asked: { value: servers.size, threshold: null },
      },
      against: [
        'a resolver may be told to serve stale answers when it cannot reach the zone (RFC 8767)',
      ],
      where: `qname = {name:String} AND qtype = {type:String} AND server = {staleServer:IPv6} AND response_frame > 0
        AND response_ts > toDateTime64({changed:String}, 9, 'UTC') AND hasAny(rr.data, {records:Array(String)})`,
      show: 'answer',
      bound: {
        name,
        type,
        staleServer: worst.server,
        changed: now.first,
        records: old.records,
      },
    }),
  ]
}
