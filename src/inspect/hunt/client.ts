// Everything about one client: the servers it uses, what it asks, how much of that fails, and when it is active.

import type { Database } from '../../database/database.ts'
import { findingsPart } from './findings.ts'
import {
  evidence,
  evidenceColumns,
  type HuntOptions,
  inRange,
  inWindow,
  normalise,
  type Part,
  rcodes,
  type Row,
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
  const ask = (kinds: readonly Kind[]) =>
    database.rows<Row & { kind: Kind }>(sqlOf(kinds), { ...bounds, ...options })
  // One address has few rows, and finding them is the work: they are read once. A prefix can have them all, and each kind counts other things.
  const questions = range.first === range.last ? [allKinds] : allKinds.map((kind) => [kind])
  const [answers, everyone, findings, twoAnswers] = await Promise.all([
    Promise.all(questions.map(ask)),
    database.rows<{ type: string; clients: number }>(everyoneSql),
    findingsPart(
      database,
      `arrayExists(role -> toIPv6OrDefault(subject[role]) BETWEEN {low:IPv6} AND {high:IPv6} AND subject[role] != '', ['client', 'victim'])`,
      { hunted: range.text, ...bounds },
      options,
    ),
    twoAnswersPart(database, inRange('client'), bounds, options),
  ])
  const rows = answers.flat()
  const partOf = (kind: Kind): Part => {
    const { columns } = parts[kind]
    const own = rows.filter((row) => row.kind === kind)
    return { ...parts[kind], rows: own.map((row) => normalise(row, columns)) }
  }
  const clients = new Map(everyone.map((each) => [each.type, each.clients]))
  for (const row of rows) {
    if (row.kind !== 'type') continue
    const type = String(row['type'])
    row['clients'] = clients.get(type) ?? 0
    row['rarity'] = everydayTypes.has(type) ? '' : 'rare'
  }
  return [
    partOf('client'),
    findings,
    partOf('server'),
    partOf('domain'),
    partOf('type'),
    twoAnswers,
  ]
}

/** Types that stub resolvers, mail servers and validators ask for every day; any other deserves a look (tunnels like NULL and KEY). */
const everydayTypes = new Set([
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
])

type Kind = 'client' | 'server' | 'domain' | 'type'
const allKinds: readonly Kind[] = ['client', 'server', 'domain', 'type']

const parts: Record<Kind, Omit<Part, 'rows'>> = {
  client: {
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
  },
  server: {
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
  },
  domain: {
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
  },
  type: {
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
  },
}

/** What each kind is grouped by. */
const keys: Record<Kind, string> = {
  client: 't.client',
  server: 't.server',
  domain: 't.domain_or_name',
  type: 't.type',
}

/** How the cells of the parts are counted, by their keys; `first` brings `last`, and `capture` the rest of the evidence. */
const measures: Record<string, string> = {
  queries: 'sum(t.attempts) AS queries',
  names: 'uniqExact(t.qname) AS names',
  domains: "uniqExactIf(t.domain, t.domain != '') AS domains",
  nxdomain:
    "countIf(t.rcode = 'NXDOMAIN') / greatest(countIf(t.response_frame > 0), 1) AS nxdomain",
  unanswered: "countIf(t.match = 'unanswered') / count() AS unanswered",
  hours: "sumMap(map(toHour(t.ts, 'UTC'), toUInt64(1))) AS hours",
  rcodes,
  first: seen,
  capture: evidence,
}

/** One pass over the rows of the client, or of all clients in the range, for all these kinds. */
function sqlOf(kinds: readonly Kind[]): string {
  const wanted = new Set(kinds.flatMap((kind) => parts[kind].columns.map(({ key }) => key)))
  const counted = Object.entries(measures).filter(([key]) => wanted.has(key))
  const kindOf = kinds.map((kind) => `grouping(${keys[kind]}) = 0, '${kind}'`)
  return `SELECT multiIf(${kindOf.join(', ')}, '') AS kind,
      ${kinds.map((kind) => `${keys[kind]} AS ${kind}`).join(', ')},
      ${counted.map(([, sql]) => sql).join(', ')}
    FROM (
      SELECT t.client, t.server, if(t.domain = '', t.qname, toString(t.domain)) AS domain_or_name, toString(t.qtype) AS type,
        t.qname, t.domain, t.attempts, t.rcode, t.match, t.ts, t.capture, t.frame, t.response_frame
      FROM transactions AS t
      WHERE ${inWindow} AND ${inRange('client')} AND t.attempts > 0
    ) AS t
    GROUP BY GROUPING SETS (${kinds.map((kind) => `(${keys[kind]})`).join(', ')})
    ORDER BY kind, queries DESC, ${kinds.join(', ')}
    LIMIT {limit:UInt32} BY kind`
}

/** How many clients of the whole store ask each type: from `client_types`, a thousandth of the rows. */
const everyoneSql =
  'SELECT toString(asked.type) AS type, count() AS clients FROM client_types AS asked WHERE asked.queries > 0 GROUP BY type'
