// Hosts that mail and delegations point to: aliases, names that do not exist, names that break the rules, addresses whose reverse says another name.

import type { Bench, Draft, Rule } from '../detector.ts'
import {
  answeredAnywhere,
  bindable,
  draftOf,
  isWatched,
  listed,
  remembered,
  targetsOf,
} from './fault.ts'

/** Targets of MX records that are aliases, addresses, or without an address that was seen. */
const exchangeSql = `SELECT zone, host, toFloat64(max(n)) AS answers, toString(min(first)) AS first, toString(max(last)) AS last, any(record) AS record,
    anyIf(a.data, a.type = 'CNAME') AS alias, countIf(a.type IN ('A', 'AAAA')) AS addresses, match(host, '^[0-9.]+$') AS is_address
  FROM (
    SELECT name AS zone, lower(splitByChar(' ', data)[2]) AS host, any(data) AS record, sum(count) AS n, min(first_seen) AS first, max(last_seen) AS last
    FROM rrsets
    WHERE ${remembered} AND type = 'MX' AND ${isWatched('name')}
    GROUP BY zone, host
  ) AS mx
  LEFT JOIN (
    SELECT name, toString(type) AS type, data FROM rrsets WHERE ${remembered} AND type IN ('A', 'AAAA', 'CNAME') AND name IN (${targetsOf('MX')})
    GROUP BY name, type, data
  ) AS a ON a.name = mx.host
  WHERE host NOT IN ('', '.')
  GROUP BY zone, host
  HAVING alias != '' OR addresses = 0 OR is_address
  ORDER BY answers DESC, zone, host
  LIMIT 1000`

/** Which of these hosts do not exist; they may stand in any domain, watched or not. */
const deniedSql = `SELECT DISTINCT qname AS host FROM transactions
  WHERE ${answeredAnywhere} AND rcode = 'NXDOMAIN' AND qname IN {hosts:Array(String)}`

/** NS and MX targets and primary servers that are no host names (RFC 952, RFC 1123 section 2.1). */
const hostSql = `SELECT name AS zone, toString(type) AS type, lower(multiIf(type = 'MX', splitByChar(' ', data)[2], type = 'SOA', splitByChar(' ', data)[1], data)) AS host,
    any(data) AS record, toFloat64(sum(count)) AS answers, toString(min(first_seen)) AS first, toString(max(last_seen)) AS last
  FROM rrsets
  WHERE ${remembered} AND type IN ('NS', 'MX', 'SOA') AND host NOT IN ('', '.') AND ${isWatched('name')}
    AND NOT match(host, '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\\\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$')
  GROUP BY zone, type, host
  ORDER BY answers DESC, zone, type, host
  LIMIT 50`

/** The name that asks back for an address. */
const reverseName = `if(a.type = 'A', concat(arrayStringConcat(arrayReverse(splitByChar('.', a.data)), '.'), '.in-addr.arpa'),
        concat(arrayStringConcat(arrayReverse(arrayMap(i -> substring(lower(hex(toIPv6OrDefault(a.data))), i, 1), range(1, 33))), '.'), '.ip6.arpa'))`

/** Mail hosts with an address whose PTR record was seen and names no host that leads back to it. */
const reverseSql = `SELECT zone, host, address, groupUniqArray(5)(said) AS names, toFloat64(max(n)) AS answers, toString(min(first)) AS first,
    toString(max(last)) AS last
  FROM (
    SELECT mx.zone AS zone, mx.host AS host, a.data AS address, ${reverseName} AS reverse
    FROM (
      SELECT name AS zone, lower(splitByChar(' ', data)[2]) AS host FROM rrsets WHERE ${remembered} AND type = 'MX' AND ${isWatched('name')}
      GROUP BY zone, host
    ) AS mx
    INNER JOIN (
      SELECT name, toString(type) AS type, data FROM rrsets WHERE ${remembered} AND type IN ('A', 'AAAA') AND name IN (${targetsOf('MX')})
      GROUP BY name, type, data
    ) AS a ON a.name = mx.host
  ) AS forward
  INNER JOIN (
    SELECT name, lower(data) AS said, sum(count) AS n, min(first_seen) AS first, max(last_seen) AS last
    FROM rrsets WHERE ${remembered} AND type = 'PTR' AND (endsWith(name, '.in-addr.arpa') OR endsWith(name, '.ip6.arpa')) GROUP BY name, said
  ) AS ptr ON ptr.name = forward.reverse
  GROUP BY zone, host, address
  HAVING countIf(said = host OR (said, address) IN (SELECT name, data FROM rrsets WHERE ${remembered} AND type IN ('A', 'AAAA')
    AND name IN (SELECT lower(data) FROM rrsets WHERE ${remembered} AND type = 'PTR'))) = 0
  ORDER BY answers DESC, zone, host, address
  LIMIT 50`

/** Rules `mail-exchange`, `host-name` and `reverse`. */
export const mailRules: Rule[] = [
  {
    id: 'mail-exchange',
    title: 'A mail exchange that mail cannot rely on',
    sql: exchangeSql,
    subject: 'zone = {zone:String} AND host = {host:String}',
    judge: judgeExchanges,
  },
  {
    id: 'host-name',
    title: 'A server name that is no host name',
    sql: hostSql,
    subject: 'zone = {zone:String} AND type = {type:String} AND host = {host:String}',
    judge: (rows: Host[]) => rows.map(hostName),
  },
  {
    id: 'reverse',
    title: 'The reverse of a mail host names another host',
    sql: reverseSql,
    subject: 'zone = {zone:String} AND host = {host:String} AND address = {address:String}',
    judge: (rows: Reverse[]) => rows.map(reverse),
  },
]

interface Seen {
  zone: string
  host: string
  answers: number
  first: string
  last: string
}
interface Exchange extends Seen {
  record: string
  alias: string
  addresses: number
  is_address: number
}
interface Host extends Seen {
  type: 'NS' | 'MX' | 'SOA'
  record: string
}
interface Reverse extends Seen {
  address: string
  names: string[]
}

async function judgeExchanges(rows: Exchange[], bench: Bench): Promise<Draft[]> {
  const hosts = rows.filter(({ addresses }) => addresses === 0).map(({ host }) => host)
  const denied =
    hosts.length === 0
      ? []
      : await bench.rows<{ host: string }>(deniedSql, { hosts: bindable(hosts) })
  const isMissing = new Set(denied.map(({ host }) => host))
  return rows
    .filter(
      ({ host, alias, is_address }) => alias !== '' || is_address === 1 || isMissing.has(host),
    )
    .map(exchange)
}

function exchange(row: Exchange): Draft {
  const said =
    row.alias !== ''
      ? `an alias of ${row.alias}, which MX records must not point to (RFC 2181 section 10.3)`
      : row.is_address === 1
        ? 'an address, where a host name belongs'
        : 'a name that does not exist (NXDOMAIN): mail through it is lost or delayed'
  return draftOf({
    level: 'ERROR',
    test: row.alias === '' ? 'ZONE09' : 'ZONE08',
    subject: { domain: row.zone, name: row.host },
    identity: [row.zone, row.host],
    why: `The mail exchange ${row.host} of ${row.zone} is ${said}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    where: `(hasAny(rr.data, {records:Array(String)}) AND has(rr.name, {zone:String})) AND response_frame > 0`,
    bound: { zone: row.zone, host: row.host, records: [row.record] },
  })
}

const hostTests = { NS: 'SYNTAX04', MX: 'SYNTAX08', SOA: 'SYNTAX07' } as const
const hostRoles = { NS: 'name server', MX: 'mail exchange', SOA: 'primary name server' } as const

function hostName(row: Host): Draft {
  return draftOf({
    level: row.type === 'SOA' ? 'NOTICE' : 'WARNING',
    test: hostTests[row.type],
    subject: { domain: row.zone, name: row.host },
    identity: [row.zone, row.type, row.host],
    why: `The ${hostRoles[row.type]} ${row.host} of ${row.zone} is no host name: letters, digits and inner hyphens only (RFC 952, RFC 1123 section 2.1).`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    where: `(hasAny(rr.data, {records:Array(String)}) AND has(rr.name, {zone:String})) AND response_frame > 0`,
    bound: { zone: row.zone, host: row.host, type: row.type, records: [row.record] },
  })
}

function reverse(row: Reverse): Draft {
  return draftOf({
    level: 'NOTICE',
    test: 'ADDRESS03',
    subject: { domain: row.zone, name: row.host },
    identity: [row.zone, row.host, row.address],
    why: `${row.host}, mail exchange of ${row.zone}, has the address ${row.address}, whose reverse says ${listed(row.names, 3)}: receivers that check both may refuse its mail.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0`,
    bound: {
      zone: row.zone,
      host: row.host,
      address: row.address,
      records: [row.address, ...row.names],
    },
  })
}
