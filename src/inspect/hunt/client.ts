// Everything about one client: the servers it uses, what it asks, how much of that fails, and when it is active.

import type { Database } from '../../database/database.ts'
import { findingsPart } from './findings.ts'
import {
  evidence,
  evidenceColumns,
  type HuntOptions,
  inRange,
  inWindow,
  type Part,
  part,
  rcodes,
  seen,
  seenColumns,
} from './part.ts'
import type { AddressRange } from './subject.ts'
import { twoAnswersPart } from './two-answers.ts'

/** Parts `client`, `finding`, `server`, `domain`, `type`, `two-answers` about a client address, or a prefix taken as one client each. */
export async function huntClient(
  database: Database,
  range: AddressRange,
  options: HuntOptions,
): Promise<Part[]> {
  const bounds = { low: range.first, high: range.last }
  return Promise.all([
    part(database, summary, summarySql, bounds, options),
    findingsPart(
      database,
      `arrayExists(role -> toIPv6OrDefault(subject[role]) BETWEEN {low:IPv6} AND {high:IPv6} AND subject[role] != '', ['client', 'victim'])`,
      { hunted: range.text, low: range.first, high: range.last },
      options,
    ),
    part(database, servers, serverSql, bounds, options),
    part(database, domains, domainSql, bounds, options),
    part(database, queryTypes, typeSql, { ...bounds, everyday: everydayTypes }, options),
    twoAnswersPart(database, inRange('client'), bounds, options),
  ])
}

/** Types that stub resolvers, mail servers and validators ask for every day; any other deserves a look (tunnels like NULL and KEY). */
const everydayTypes = [
  'A',
  'AAAA',
  'CAA',
  'CNAME',
  'DNSKEY',
  'DS',
  'HTTPS',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'SVCB',
  'TXT',
]

const ofClient = `${inWindow} AND ${inRange('client')} AND t.attempts > 0`

const summary: Omit<Part, 'rows'> = {
  kind: 'client',
  title: 'the client',
  columns: [
    { key: 'client', title: 'client', kind: 'address' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count', spare: 2 },
    { key: 'domains', title: 'domains', kind: 'count', spare: 2 },
    { key: 'nxdomain', title: 'NXDOMAIN', kind: 'share' },
    { key: 'unanswered', title: 'unanswered', kind: 'share' },
    { key: 'hours', title: 'by hour of day, UTC 0-23', kind: 'hours' },
    { key: 'first', title: 'first seen', kind: 'time', spare: 2 },
    { key: 'last', title: 'for', kind: 'last', spare: 2 },
    ...evidenceColumns,
  ],
}

const summarySql = `SELECT t.client AS client, sum(t.attempts) AS queries, uniqExact(t.qname) AS names,
      uniqExactIf(t.domain, t.domain != '') AS domains,
      countIf(t.rcode = 'NXDOMAIN') / greatest(countIf(t.response_frame > 0), 1) AS nxdomain,
      countIf(t.match = 'unanswered') / count() AS unanswered,
      sumMap(map(toHour(t.ts, 'UTC'), toUInt64(1))) AS hours, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${ofClient}
    GROUP BY client
    ORDER BY queries DESC, client
    LIMIT {limit:UInt32}`

const servers: Omit<Part, 'rows'> = {
  kind: 'server',
  title: 'servers it used',
  columns: [
    { key: 'server', title: 'server', kind: 'address' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'rcodes', title: 'rcodes', kind: 'counts' },
    { key: 'unanswered', title: 'unanswered', kind: 'share', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const serverSql = `SELECT t.server AS server, sum(t.attempts) AS queries, ${rcodes},
      countIf(t.match = 'unanswered') / count() AS unanswered, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${ofClient}
    GROUP BY server
    ORDER BY queries DESC, server
    LIMIT {limit:UInt32}`

const domains: Omit<Part, 'rows'> = {
  kind: 'domain',
  title: 'domains it asked for most',
  columns: [
    { key: 'domain', title: 'domain', kind: 'text' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count' },
    { key: 'nxdomain', title: 'NXDOMAIN', kind: 'share', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const domainSql = `SELECT if(t.domain = '', t.qname, toString(t.domain)) AS domain, sum(t.attempts) AS queries,
      uniqExact(t.qname) AS names,
      countIf(t.rcode = 'NXDOMAIN') / greatest(countIf(t.response_frame > 0), 1) AS nxdomain, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${ofClient}
    GROUP BY domain
    ORDER BY queries DESC, domain
    LIMIT {limit:UInt32}`

const queryTypes: Omit<Part, 'rows'> = {
  kind: 'type',
  title: 'types it asked for',
  columns: [
    { key: 'type', title: 'type', kind: 'word' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count', spare: 2 },
    { key: 'clients', title: 'clients asking it', kind: 'count' },
    { key: 'rarity', title: '', kind: 'word', usual: '' },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

/** How many clients of the whole store ask the type comes from `client_types`, a thousandth of the rows. */
const typeSql = `SELECT toString(t.qtype) AS type, sum(t.attempts) AS queries, uniqExact(t.qname) AS names,
      any(everyone.clients) AS clients,
      if(type IN {everyday:Array(String)}, '', 'rare') AS rarity, ${seen}, ${evidence}
    FROM transactions AS t
    INNER JOIN (
      SELECT asked.type AS asked_type, count() AS clients FROM client_types AS asked WHERE asked.queries > 0 GROUP BY asked_type
    ) AS everyone ON everyone.asked_type = t.qtype
    WHERE ${ofClient}
    GROUP BY type
    ORDER BY queries DESC, type
    LIMIT {limit:UInt32}`
