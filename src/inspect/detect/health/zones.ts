// Servers and the zones they are asked about: zones that only fail, servers that are listed for a zone but do not serve it, recursion for strangers.

import { plainAddress } from '../../../dns/address.ts'
import type { Bench, Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { aa, answered, draftOf, listed, percent, ra, remembered, targetsOf } from './fault.ts'

/** Zones whose answers at a server are SERVFAIL at least every other time. */
const failingSql = `SELECT toString(server) AS server, toFloat64(count()) AS zones, toFloat64(sum(failed)) AS failures, toFloat64(sum(n)) AS answers,
    arrayMap(zone -> zone.2, arraySlice(arraySort(zone -> (-zone.1, zone.2), groupArray((failed, domain))), 1, 20)) AS names,
    toString(min(first)) AS first, toString(max(last)) AS last
  FROM (
    SELECT server, toString(domain) AS domain, count() AS n, countIf(rcode = 'SERVFAIL') AS failed, min(ts) AS first, max(ts) AS last
    FROM transactions
    WHERE ${answered} AND domain != '' AND domain IN (
      SELECT domain FROM transactions WHERE ${answered} AND rcode = 'SERVFAIL' AND domain != ''
      GROUP BY server, domain HAVING count() >= {minFailures:UInt32}
    )
    GROUP BY server, domain
    HAVING failed * 2 >= n AND failed >= {minFailures:UInt32}
  )
  GROUP BY server
  ORDER BY failures DESC, server
  LIMIT 100`

/** Addresses of the name servers of each zone, as the records told. */
const listedServers = `SELECT a.address, ns.zone
      FROM (SELECT name AS zone, lower(data) AS host FROM rrsets WHERE ${remembered} AND type = 'NS' GROUP BY zone, host) AS ns
      INNER JOIN (
        SELECT name AS host, assumeNotNull(toIPv6OrNull(data)) AS address FROM rrsets
        WHERE ${remembered} AND type IN ('A', 'AAAA') AND isNotNull(toIPv6OrNull(data))
          AND name IN (${targetsOf('NS')})
        GROUP BY host, address
      ) AS a ON a.host = ns.host`

/** A referral names servers of the zone or below it; one that leads up or aside says: not mine. */
const leadsDown = `arrayExists((owner, kind, part) -> kind = 'NS' AND part = 'authority' AND (owner = domain OR endsWith(owner, concat('.', domain))),
        rr.name, rr.type, rr.section)`

const lameSql = `SELECT toString(server) AS server, toString(domain) AS domain, toFloat64(count()) AS answers, toFloat64(countIf(bad)) AS bad_answers,
    arraySort(groupUniqArrayIf(4)(reason, bad)) AS reasons, toString(min(ts)) AS first, toString(max(ts)) AS last
  FROM (
    SELECT server, domain, ts, ${aa} AS own,
      multiIf(rcode IN ('REFUSED', 'SERVFAIL'), toString(rcode),
        rcode = 'NOERROR' AND NOT own AND NOT ${ra} AND NOT ${leadsDown}, if(has(rr.type, 'NS'), 'a referral elsewhere', 'no authority'), '') AS reason,
      reason != '' AS bad
    FROM transactions
    WHERE ${answered} AND (server, domain) IN (${listedServers})
  )
  GROUP BY server, domain
  HAVING bad_answers >= 3 AND countIf(own) = 0
  ORDER BY bad_answers DESC, server, domain
  LIMIT 100`

const recursionSql = `SELECT toString(server) AS server, toFloat64(countIf(is_own AND ${aa})) AS own, toFloat64(countIf(is_foreign)) AS foreign,
    toFloat64(count()) AS answers, arraySort(groupUniqArrayIf(5)(toString(domain), is_foreign)) AS names,
    toFloat64(uniqExactIf(client, is_foreign)) AS clients, toString(min(ts)) AS first, toString(max(ts)) AS last
  FROM (
    SELECT server, client, domain, ts, response_flags, (server, domain) IN (${listedServers}) AS is_own,
      NOT is_own AND ${ra} AND NOT ${aa} AND rcode = 'NOERROR' AND has(rr.section, 'answer') AS is_foreign
    FROM transactions
    WHERE ${answered} AND domain != '' AND server IN (SELECT address FROM (${listedServers}))
  )
  GROUP BY server
  HAVING own > 0 AND foreign >= 3
  ORDER BY foreign DESC, server
  LIMIT 100`

/** Rules `failing-zone`, `lame` and `recursion`. */
export const zoneRules: Rule[] = [
  {
    id: 'failing-zone',
    title: 'Zones that a server cannot resolve',
    sql: failingSql,
    subject: 'server = {server:String}',
    judge: (rows: Failing[], bench) => rows.map((row) => failing(row, bench)),
  },
  {
    id: 'lame',
    title: 'A listed name server does not serve the zone',
    sql: lameSql,
    subject: 'server = {server:String} AND domain = {domain:String}',
    judge: (rows: Lame[]) => rows.map(lame),
  },
  {
    id: 'recursion',
    title: 'An authoritative server resolves for others',
    sql: recursionSql,
    subject: 'server = {server:String}',
    judge: (rows: Recursion[]) => rows.map(recursion),
  },
]

interface Seen {
  server: string
  answers: number
  first: string
  last: string
}
interface Failing extends Seen {
  zones: number
  failures: number
  names: string[]
}
interface Lame extends Seen {
  domain: string
  bad_answers: number
  reasons: string[]
}
interface Recursion extends Seen {
  own: number
  foreign: number
  clients: number
  names: string[]
}

function failing(row: Failing, bench: Bench): Draft {
  const server = plainAddress(row.server)
  const domain = row.zones === 1 ? { domain: row.names[0] } : {}
  return draftOf({
    level: 'WARNING',
    test: '',
    subject: { server, ...domain },
    identity: [server],
    why: `${server} answered SERVFAIL for ${count(row.zones, 'zone')}, ${count(row.failures, 'time')} in ${count(row.answers, 'answer')}: ${listed(row.names)}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: {
      zones: { value: row.zones, threshold: 1 },
      failures: { value: row.failures, threshold: bench.parameters['minFailures'] },
    },
    where: `server = {address:IPv6} AND domain IN {names:Array(String)} AND rcode = 'SERVFAIL'`,
    bound: { server: row.server, address: row.server, names: row.names },
  })
}

function lame(row: Lame): Draft {
  const server = plainAddress(row.server)
  const share = percent(row.bad_answers / row.answers)
  return draftOf({
    level: 'ERROR',
    test: 'DELEGATION04',
    subject: { server, domain: row.domain },
    identity: [server, row.domain],
    why: `${server} is listed as a name server of ${row.domain} but never answered with authority: ${share} of ${count(row.answers, 'answer')} said ${row.reasons.join(', ')}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { lame_answers: { value: row.bad_answers, threshold: 3 } },
    where: `server = {address:IPv6} AND domain = {domain:String}`,
    bound: { server: row.server, address: row.server, domain: row.domain },
  })
}

function recursion(row: Recursion): Draft {
  const server = plainAddress(row.server)
  return draftOf({
    level: 'WARNING',
    test: 'NAMESERVER01',
    subject: { server },
    identity: [server],
    why: `${server} is authoritative for zones that list it, and resolved ${count(row.foreign, 'query')} for other domains too, for ${count(row.clients, 'client')}: ${listed(row.names, 3)}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { foreign_answers: { value: row.foreign, threshold: 3 } },
    against: ['inside one organisation a server may do both, as domain controllers do'],
    where: `server = {address:IPv6} AND domain IN {names:Array(String)} AND bitTest(response_flags, 7)`,
    bound: { server: row.server, address: row.server, names: row.names },
  })
}
