// Everything about one name: who asked for it, what it ever answered with, how that changed, which queries got two answers, what reports found, what went wrong, and how much stands below it.

import type { Database } from '../../database/database.ts'
import { tailsOf } from '../watch/name.ts'
import { findingsPart } from './findings.ts'
import {
  domainsOf,
  evidence,
  evidenceColumns,
  type HuntOptions,
  inWindow,
  ofDomains,
  ofName,
  type Part,
  part,
  rcodes,
  seen,
  seenColumns,
  types,
} from './part.ts'
import { recordsPart } from './records.ts'
import { timelinePart } from './timeline.ts'
import { twoAnswersPart } from './two-answers.ts'

/** Parts `asked`, `finding`, `answer`, `timeline`, `two-answers`, `verdict`, `below` about a name in the store's form (see nameOf). */
export async function huntName(
  database: Database,
  name: string,
  options: HuntOptions,
): Promise<Part[]> {
  const named = { name, domains: domainsOf(name) }
  const under = name === '.' ? '.' : `.${name}`
  return Promise.all([
    part(database, asked, askedSql, named, options),
    findingsPart(
      database,
      `subject['name'] = {hunted:String} OR subject['domain'] IN {tails:Array(String)}`,
      { hunted: name, tails: tailsOf(name) },
      options,
    ),
    recordsPart(
      database,
      { kind: 'answer', title: 'what it answered with' },
      'r.name = {name:String}',
      { name },
      options,
    ),
    timelinePart(database, name, options),
    twoAnswersPart(database, ofName, named, options),
    part(database, verdicts, verdictSql, named, options),
    part(database, subdomains, subdomainSql, { under, domains: named.domains }, options),
  ])
}

const asked: Omit<Part, 'rows'> = {
  kind: 'asked',
  title: 'who asked',
  columns: [
    { key: 'client', title: 'client', kind: 'address' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'types', title: 'types', kind: 'counts' },
    { key: 'rcodes', title: 'rcodes', kind: 'counts' },
    { key: 'servers', title: 'servers', kind: 'hidden', as: 'addresses' },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const askedSql = `SELECT t.client AS client, sum(t.attempts) AS queries, ${types}, ${rcodes},
      arraySort(groupUniqArray(20)(t.server)) AS servers,
      ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inWindow} AND ${ofName} AND t.attempts > 0
    GROUP BY client
    ORDER BY queries DESC, client
    LIMIT {limit:UInt32}`

const verdicts: Omit<Part, 'rows'> = {
  kind: 'verdict',
  title: 'exchanges that were not a plain question and answer',
  columns: [
    { key: 'match', title: 'verdict', kind: 'word' },
    { key: 'transactions', title: 'exchanges', kind: 'count' },
    { key: 'clients', title: 'clients', kind: 'count' },
    { key: 'servers', title: 'servers', kind: 'count' },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const verdictSql = `SELECT toString(t.match) AS match, count() AS transactions, uniqExact(t.client) AS clients,
      uniqExact(t.server) AS servers, ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inWindow} AND ${ofName} AND t.match NOT IN ('answered', 'unpaired')
    GROUP BY match
    ORDER BY transactions DESC, match
    LIMIT {limit:UInt32}`

const subdomains: Omit<Part, 'rows'> = {
  kind: 'below',
  title: 'names below it',
  columns: [
    { key: 'names', title: 'names', kind: 'count' },
    { key: 'queries', title: 'queries', kind: 'count' },
    { key: 'clients', title: 'clients', kind: 'count' },
    ...seenColumns,
    ...evidenceColumns,
  ],
}

const subdomainSql = `SELECT uniqExact(t.qname) AS names, sum(t.attempts) AS queries, uniqExact(t.client) AS clients,
      ${seen}, ${evidence}
    FROM transactions AS t
    WHERE ${inWindow} AND ${ofDomains} AND endsWith(t.qname, {under:String})
      AND length(t.qname) > length({under:String})
    HAVING names > 0`
