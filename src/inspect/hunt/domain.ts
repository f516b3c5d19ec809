// Everything at and under a domain: names, clients, its name servers, mail servers and SOA, and what its names answered with.

import type { Database } from '../../database/database.ts'
import { findingsPart } from './findings.ts'
import {
  domainsOf,
  evidence,
  evidenceColumns,
  type HuntOptions,
  inWindow,
  ofDomains,
  type Part,
  part,
  rcodes,
  seen,
  seenColumns,
  types,
} from './part.ts'
import { recordsPart } from './records.ts'

/** Parts `domain`, `finding`, `name`, `client`, `delegation`, `answer` about a domain in the store's form (see nameOf) and all names under it. */
export async function huntDomain(
  database: Database,
  domain: string,
  options: HuntOptions,
): Promise<Part[]> {
  const under = domain === '.' ? '.' : `.${domain}`
  const bound = { name: domain, under, domains: domainsOf(domain) }
  return Promise.all([
    part(database, summary, summarySql, bound, options),
    findingsPart(
      database,
      `arrayExists(each -> each = {hunted:String} OR endsWith(each, {under:String}), [subject['name'], subject['domain']])`,
      { hunted: domain, under },
      options,
    ),
    part(database, names, nameSql, bound, options),
    part(database, clients, clientSql, bound, options),
    recordsPart(
      database,
      { kind: 'delegation', title: 'its name servers, mail servers and SOA' },
      "r.name = {name:String} AND r.type IN ('NS', 'MX', 'SOA')",
      bound,
      options,
    ),
    recordsPart(
      database,
      { kind: 'answer', title: 'what its names answered with' },
      `(r.name = {name:String} OR endsWith(r.name, {under:String}))
        AND NOT (r.name = {name:String} AND r.type IN ('NS', 'MX', 'SOA'))`,
      bound,
      options,
    ),
  ])
}

const inDomain = `${inWindow} AND ${ofDomains}
      AND (t.qname = {name:String} OR endsWith(t.qname, {under:String}))`

const summary: Omit<Part, 'rows'> = {
  kind: 'domain',
  title: 'the domain',
  columns: [
    { key: 'names', title: 'names', kind: 'count' },
    { key: 'clients', title: 'clients', kind: 'count' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'nxdomain', title: 'NXDOMAIN', kind: 'share' },
    { key: 'unanswered', title: 'unanswered', kind: 'share', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const summarySql = `SELECT uniqExact(t.qname) AS names, uniqExact(t.client) AS clients, sum(t.attempts) AS queries,
      countIf(t.rcode = 'NXDOMAIN') / greatest(countIf(t.response_frame > 0), 1) AS nxdomain,
      countIf(t.match = 'unanswered') / greatest(count(), 1) AS unanswered, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inDomain}
    HAVING names > 0`

const names: Omit<Part, 'rows'> = {
  kind: 'name',
  title: 'names asked for most',
  columns: [
    { key: 'name', title: 'name', kind: 'text' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'clients', title: 'clients', kind: 'count' },
    { key: 'types', title: 'types', kind: 'counts', spare: 2 },
    { key: 'rcodes', title: 'rcodes', kind: 'counts', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const nameSql = `SELECT t.qname AS name, sum(t.attempts) AS queries, uniqExact(t.client) AS clients, ${types}, ${rcodes},
      ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inDomain}
    GROUP BY name
    ORDER BY queries DESC, name
    LIMIT {limit:UInt32}`

const clients: Omit<Part, 'rows'> = {
  kind: 'client',
  title: 'clients that asked most',
  columns: [
    { key: 'client', title: 'client', kind: 'address' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'names', title: 'names', kind: 'count' },
    { key: 'rcodes', title: 'rcodes', kind: 'counts', spare: 2 },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const clientSql = `SELECT t.client AS client, sum(t.attempts) AS queries, uniqExact(t.qname) AS names, ${rcodes},
      ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inDomain} AND t.attempts > 0
    GROUP BY client
    ORDER BY queries DESC, client
    LIMIT {limit:UInt32}`
