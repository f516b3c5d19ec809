// Open resolvers: servers that look names up for anybody, so that anybody can make them part of an attack.

import { plainAddress } from '../../dns/address.ts'
import { amplifying } from './amplification/flood.ts'
import { type Bench, detector, type Draft, inWindow, type Points } from './detector.ts'
import { count, grouped } from './evidence.ts'

const isFour = `client BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')`
/** The network a stranger is counted by: /16 or /32, what one organisation has. */
const network = `tupleElement(IPv6CIDRToRange(client, if(${isFour}, 112, 32)), 1)`
const serverNetwork = `tupleElement(IPv6CIDRToRange(server, if(server BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'), 112, 32)), 1)`

const within = (block: string, bits: number) =>
  `client BETWEEN tupleElement(IPv6CIDRToRange(toIPv6('${block}'), ${bits}), 1) AND tupleElement(IPv6CIDRToRange(toIPv6('${block}'), ${bits}), 2)`
/** Private, shared (RFC 6598), loopback, link-local and unique local addresses are nobody's from outside. */
const isPrivate = [
  within('::ffff:10.0.0.0', 104),
  within('::ffff:172.16.0.0', 108),
  within('::ffff:192.168.0.0', 112),
  within('::ffff:100.64.0.0', 106),
  within('::ffff:169.254.0.0', 112),
  within('::ffff:127.0.0.0', 104),
  within('fc00::', 7),
  within('fe80::', 10),
  `client = toIPv6('::1')`,
].join(' OR ')

/** Names that scanners for open resolvers ask. */
const scanners = ['dnsscan.shadowserver.org', 'openresolvertest.net', 'openresolverproject.org']
const isScan = scanners
  .map((name) => `qname = '${name}' OR endsWith(qname, '.${name}')`)
  .join(' OR ')
/** The domains of these names, which the rows are sorted by: no other name is read. */
const scanDomains = `('shadowserver.org', 'openresolvertest.net', 'openresolverproject.org')`

/** Recursion done: RA without AA, and neither refused nor failed. Data or no data, the server went and asked. */
const isRecursed = `rcode IN ('NOERROR', 'NXDOMAIN') AND qr = 1 AND attempts > 0 AND bitTest(response_flags, 7) AND NOT bitTest(response_flags, 10)`

const sql = `SELECT server, toString(min(n_first)) AS first, toString(max(n_last)) AS last, toFloat64(sum(n_queries)) AS queries,
    count() AS networks, toFloat64(sum(n_clients)) AS clients, quantileExact(0.5)(n_clients) AS median_clients,
    toFloat64(sum(n_amplifying)) AS amplifying, toFloat64(sum(n_scans)) AS scans, toFloat64(any(server_queries)) AS all_queries
  FROM (
    SELECT server, net, min(c_first) AS n_first, max(c_last) AS n_last, sum(c_queries) AS n_queries, count() AS n_clients,
      sum(c_amplifying) AS n_amplifying, sum(c_scans) AS n_scans, any(is_own) AS n_own,
      sum(n_queries) OVER (PARTITION BY server) AS server_queries
    FROM (
      SELECT server, client, ${network} AS net, net = ${serverNetwork} OR ${isPrivate} AS is_own, c_first, c_last, c_queries, c_amplifying, c_scans
      FROM (
        SELECT server, client, min(ts) AS c_first, max(ts) AS c_last, count() AS c_queries, countIf(qtype IN ${amplifying}) AS c_amplifying
        FROM transactions
        WHERE ${inWindow} AND ${isRecursed}
        GROUP BY server, client
      ) AS asked
      LEFT JOIN (
        SELECT server, client, count() AS c_scans FROM transactions
        WHERE ${inWindow} AND ${isRecursed} AND domain IN ${scanDomains} AND (${isScan})
        GROUP BY server, client
      ) AS scanned USING (server, client)
    )
    GROUP BY server, net
  )
  WHERE NOT n_own AND (n_queries * 10 < server_queries OR n_scans > 0 OR server_queries < 100)
  GROUP BY server
  HAVING (networks >= {minNetworks:UInt32} AND median_clients <= {maxClients:Float64}) OR scans > 0
  ORDER BY networks DESC
  LIMIT 200`

/** Answers for strangers. */
export default detector({
  id: 'open-resolver',
  version: 1,
  title: 'Open resolver',
  asks: 'Does a server look names up for strangers?',
  why: 'A resolver has clients: a few networks, each with many hosts or much traffic. One that answers recursively (RA, not AA, no error) to single hosts of many unrelated networks is open to anybody and will be used to reflect. Nothing here knows which networks are yours: private addresses, the network of the server and networks with a tenth of its questions count as its own.',
  attack: ['T1584.002', 'T1498.002'],
  parameters: {
    minNetworks: {
      type: 'UInt32',
      default: 5,
      help: 'networks of strangers (/16 or /32) that were answered',
      unit: 'networks',
    },
    maxClients: {
      type: 'Float64',
      default: 3,
      help: 'clients in the median one of them; a provider has more in each of its networks',
      unit: 'clients',
    },
  },
  rules: [
    {
      id: 'strangers',
      title: 'A server resolves names for strangers',
      sql,
      subject: 'server = {server:IPv6}',
      judge,
    },
  ],
  points: {
    'strangers are answered': '30: hosts of several unrelated networks',
    'many networks': '10 from ten, 20 from thirty',
    'names of many zones': '10: of three registrable domains or more, so it is no server of theirs',
    'asked for large answers': '15: ANY, DNSKEY, RRSIG or TXT in half of what strangers ask',
    'a scanner was answered': '50: a survey for open resolvers got what it looks for',
    'known public resolver': '-80: open on purpose',
  },
  benign: [
    'a public resolver, or one of a provider with many small networks',
    'clients that travel and come home through no tunnel',
    'a capture on a link between networks, where nobody is a stranger',
  ],
  next: [
    'overhear hunt address {server}',
    'overhear report --detector amplification',
    'dig @{server} example.com A # from outside, if the server is yours',
  ],
  references: ['RFC 5358 (BCP 140)', 'RFC 8499 (open resolver)', 'shadowserver.org: DNS Scan'],
})

/** Resolvers that are open on purpose, by address. */
const publicResolvers: Readonly<Record<string, string>> = {
  '1.1.1.1': 'Cloudflare',
  '1.0.0.1': 'Cloudflare',
  '2606:4700:4700::1111': 'Cloudflare',
  '2606:4700:4700::1001': 'Cloudflare',
  '8.8.8.8': 'Google',
  '8.8.4.4': 'Google',
  '2001:4860:4860::8888': 'Google',
  '2001:4860:4860::8844': 'Google',
  '9.9.9.9': 'Quad9',
  '149.112.112.112': 'Quad9',
  '2620:fe::fe': 'Quad9',
  '208.67.222.222': 'OpenDNS',
  '208.67.220.220': 'OpenDNS',
  '64.6.64.6': 'UltraDNS',
  '4.2.2.1': 'Level 3',
  '4.2.2.2': 'Level 3',
  '77.88.8.8': 'Yandex',
  '114.114.114.114': '114DNS',
  '223.5.5.5': 'AliDNS',
  '94.140.14.14': 'AdGuard',
}

interface StrangersRow {
  server: string
  first: string
  last: string
  queries: number
  networks: number
  clients: number
  median_clients: number
  amplifying: number
  scans: number
  all_queries: number
}

async function judge(rows: StrangersRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const zones = await bench.rows<{ server: string; zones: number }>(
    `SELECT server, uniqExact(domain) AS zones FROM transactions
    WHERE ${inWindow} AND ${isRecursed} AND server IN (SELECT toIPv6(arrayJoin({servers:Array(String)})))
    GROUP BY server`,
    { servers: rows.map((row) => row.server) },
  )
  return rows.map((row) =>
    draftOf(row, zones.find(({ server }) => server === row.server)?.zones ?? 0, bench.parameters),
  )
}

function draftOf(
  row: StrangersRow,
  zones: number,
  { minNetworks = 0, maxClients = 0 }: Readonly<Record<string, number>>,
): Draft {
  const server = plainAddress(row.server)
  const operator = publicResolvers[server]
  const isMany = row.networks >= minNetworks && row.median_clients <= maxClients
  const points: Points[] = []
  if (isMany) points.push({ name: 'strangers are answered', points: 30 })
  if (isMany && row.networks >= 10)
    points.push({ name: 'many networks', points: row.networks >= 30 ? 20 : 10 })
  if (zones >= 3) points.push({ name: 'names of many zones', points: 10 })
  if (row.amplifying * 2 >= row.queries)
    points.push({ name: 'asked for large answers', points: 15 })
  if (row.scans > 0) points.push({ name: 'a scanner was answered', points: 50 })
  if (operator !== undefined) points.push({ name: 'known public resolver', points: -80 })
  return {
    subject: { server },
    identity: [server],
    why: `${server} looked names up for ${count(row.clients, 'host')} of ${count(row.networks, 'network')} that have nothing else to do with it: ${count(row.queries, 'query')} of ${grouped(row.all_queries)} that it answered recursively, for names of ${count(zones, 'zone')}; ${grouped(row.amplifying)} were of types with large answers${row.scans > 0 ? `, ${grouped(row.scans)} came from surveys for open resolvers` : ''}.`,
    first: row.first,
    last: row.last,
    measures: {
      networks: { value: row.networks, threshold: minNetworks },
      clients_of_median_network: { value: row.median_clients, threshold: maxClients },
      strangers: { value: row.clients, threshold: null },
      queries: { value: row.queries, threshold: null },
      all_recursive_queries: { value: row.all_queries, threshold: null },
      zones: { value: zones, threshold: null },
      scans: { value: row.scans, threshold: null },
    },
    points,
    counterEvidence:
      operator === undefined ? [] : [`${server} is a public resolver of ${operator}`],
    evidence: {
      where: `server = {server:IPv6} AND ${isRecursed} AND NOT (${isPrivate}) AND ${network} != ${serverNetwork}`,
      parameters: { server: row.server },
    },
    focus: { server: row.server },
  }
}
