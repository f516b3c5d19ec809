// Redundancy: zones with one name server, all of them in one network or at one operator, names that are aliases, addresses nobody outside can reach.

import type { Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { type Network, networksOf } from '../network.ts'
import { draftOf, isWatched, listed, remembered, targetsOf } from './fault.ts'
import { ownersSeenWhole } from './whole.ts'

/** The network of an address: /24, or /48 of IPv6. */
const network = `if(kind = 'A', concat(arrayStringConcat(arraySlice(splitByChar('.', address), 1, 3), '.'), '.0/24'),
        concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(address), 48), 1)), '/48'))`

/** Each zone with its name servers, their addresses, networks and aliases, as far as it meets a condition. */
const zonesWith = (
  condition: string,
  also = '',
) => `SELECT zone, arraySort(groupUniqArray(20)(host)) AS hosts, arraySort(groupUniqArrayIf(20)(host, address != '')) AS known,
    arraySort(groupUniqArrayIf(20)(net, address != '')) AS networks, arraySort(groupUniqArrayIf(20)(address, address != '')) AS addresses,
    arraySort(groupUniqArrayIf(20)(host, kind = 'CNAME')) AS aliases, any(text) AS record, toFloat64(max(n)) AS answers,
    toString(min(first)) AS first, toString(max(last)) AS last
  FROM (
    SELECT ns.zone AS zone, ns.host AS host, ns.text AS text, ns.n AS n, ns.first AS first, ns.last AS last, toString(a.type) AS kind,
      if(kind IN ('A', 'AAAA'), a.data, '') AS address, if(address = '', '', ${network}) AS net
    FROM (
      SELECT name AS zone, lower(data) AS host, any(data) AS text, sum(count) AS n, min(first_seen) AS first, max(last_seen) AS last
      FROM rrsets
      WHERE ${remembered} AND type = 'NS' AND name != '.' AND ${isWatched('name')}${also}
      GROUP BY zone, host
    ) AS ns
    LEFT JOIN (
      SELECT name, type, data FROM rrsets WHERE ${remembered} AND type IN ('A', 'AAAA', 'CNAME') AND name IN (${targetsOf('NS')})
      GROUP BY name, type, data
    ) AS a ON a.name = ns.host
  )
  GROUP BY zone
  HAVING ${condition}
  ORDER BY answers DESC, zone
  LIMIT 200`

const sql = zonesWith(
  `length(hosts) = 1 OR notEmpty(aliases) OR (length(known) = length(hosts) AND length(networks) = 1)
    OR arrayExists(text -> ${isPrivate('text')}, addresses)`,
)

/** Zones in several networks, where there is a table that tells whose they are. */
const spreadSql = zonesWith(
  'length(hosts) > 1 AND length(known) = length(hosts) AND length(networks) > 1',
  ` AND (SELECT count() FROM system.dictionaries WHERE database = currentDatabase() AND name = 'networks') > 0`,
)

/** Rules `few-servers`, `one-network`, `alias-server` and `private-server`. */
export const delegationRule: Rule = {
  id: 'delegation',
  title: 'The name servers of a zone are weakly set up',
  sql,
  subject: 'zone = {zone:String}',
  async judge(rows: Zone[], bench) {
    const lonely = rows.filter(({ hosts }) => hosts.length === 1).map(({ record }) => record)
    const whole = await ownersSeenWhole(bench, 'NS', lonely)
    return rows.flatMap((row) => faultsOf(row, whole.has(row.zone)))
  },
}

/** Rule `one-operator`: what one organisation announces can go away at once. */
export const operatorRule: Rule = {
  id: 'one-operator',
  title: 'All name servers of a zone are in one autonomous system',
  sql: spreadSql,
  subject: 'zone = {zone:String}',
  async judge(rows: Zone[], bench) {
    const networks = await networksOf(bench, [...new Set(rows.flatMap((row) => row.addresses))])
    return rows.flatMap((row) => {
      const owners = row.addresses.map((address) => networks.get(address))
      const numbers = new Set(owners.map((owner) => owner?.asn ?? 0))
      const [owner] = owners
      return numbers.size === 1 && owner !== undefined ? [oneOperator(row, owner)] : []
    })
  },
}

interface Zone {
  zone: string
  record: string
  hosts: string[]
  known: string[]
  networks: string[]
  addresses: string[]
  aliases: string[]
  answers: number
  first: string
  last: string
}

/** Special-purpose addresses that cannot be reached from elsewhere (RFC 6890). */
function isPrivate(text: string): string {
  return `match(${text}, '^(10|127|0)\\\\.|^192\\\\.168\\\\.|^172\\\\.(1[6-9]|2[0-9]|3[01])\\\\.|^169\\\\.254\\\\.|^100\\\\.(6[4-9]|[789][0-9]|1[01][0-9]|12[0-7])\\\\.|^f[cd]|^fe[89ab]|^::1?$')`
}

const privateAddress =
  /^(10|127|0)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\.|^100\.(6[4-9]|[789]\d|1[01]\d|12[0-7])\.|^f[cd]|^fe[89ab]|^::1?$/

/** Names that are not delegated from the root (RFC 6761, RFC 6762, and what people use beside them). */
const internalName =
  /(^|\.)(local|internal|localdomain|lan|home|corp|intranet|private|test|home\.arpa)$/

function oneOperator(row: Zone, { asn, name }: Network): Draft {
  const owner = name === '' ? `AS${asn}` : `AS${asn} (${name})`
  return draftOf({
    ...factsOf(row),
    level: 'WARNING',
    test: 'CONNECTIVITY03',
    why: `All ${count(row.hosts.length, 'name server')} of ${row.zone}, ${listed(row.hosts)}, have addresses that ${owner} announces: when its routes are gone the zone is (RFC 2182 section 3.1).`,
    measures: { autonomous_systems: { value: 1, threshold: 2 } },
    against: [
      'a large provider announces one number from many places, and the table may be out of date',
    ],
  })
}

/** What all findings about a zone's name servers share. */
function factsOf(row: Zone) {
  return {
    subject: { domain: row.zone },
    identity: [row.zone],
    first: row.first,
    last: row.last,
    answers: row.answers,
    where: `hasAny(rr.data, {hosts:Array(String)}) AND has(rr.name, {zone:String}) AND response_frame > 0`,
    bound: { zone: row.zone, hosts: row.hosts },
  }
}

function faultsOf(row: Zone, isWholeSet: boolean): Draft[] {
  const drafts: Draft[] = []
  const inside = row.addresses.filter((address) => privateAddress.test(address))
  const isInternal =
    (inside.length === row.addresses.length && inside.length > 0) || internalName.test(row.zone)
  const common = factsOf(row)
  if (row.hosts.length === 1 && isWholeSet) {
    drafts.push(
      draftOf({
        ...common,
        rule: 'few-servers',
        title: 'A zone has one name server',
        level: isInternal ? 'NOTICE' : 'ERROR',
        test: 'DELEGATION01',
        why: `${row.zone} has one name server, ${listed(row.hosts)}: when it is down the zone is gone (RFC 1034 section 4.1 asks for two).`,
        measures: { name_servers: { value: 1, threshold: 2 } },
      }),
    )
  } else if (
    row.hosts.length > 1 &&
    row.known.length === row.hosts.length &&
    row.networks.length === 1 &&
    !isInternal
  ) {
    drafts.push(
      draftOf({
        ...common,
        rule: 'one-network',
        title: 'All name servers of a zone are in one network',
        level: 'WARNING',
        test: 'CONNECTIVITY04',
        why: `All ${count(row.hosts.length, 'name server')} of ${row.zone} are in ${row.networks[0]}: ${listed(row.hosts)} (RFC 2182 section 3.1).`,
        measures: { networks: { value: 1, threshold: 2 } },
        against: ['one prefix may be announced from many places (anycast)'],
      }),
    )
  }
  if (row.aliases.length > 0) {
    drafts.push(
      draftOf({
        ...common,
        rule: 'alias-server',
        title: 'A name server is an alias',
        level: 'ERROR',
        test: 'DELEGATION05',
        why: `The name server ${listed(row.aliases)} of ${row.zone} is an alias (CNAME), which NS records must not point to (RFC 2181 section 10.3).`,
        measures: { aliases: { value: row.aliases.length, threshold: 1 } },
      }),
    )
  }
  if (inside.length > 0 && !isInternal) {
    drafts.push(
      draftOf({
        ...common,
        rule: 'private-server',
        title: 'A name server has a private address',
        level: 'ERROR',
        test: 'ADDRESS01',
        why: `Name servers of ${row.zone} have the addresses ${listed(inside)}, which cannot be reached from everywhere.`,
        measures: { private_addresses: { value: inside.length, threshold: 1 } },
      }),
    )
  }
  return drafts
}
