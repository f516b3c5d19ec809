// What an audit would have to see and the traffic does not show: names and types that nobody asked for, or that were denied.

import type { Database } from '../../database/database.ts'
import type { Window } from '../window.ts'
import { time } from '../report/quantity.ts'
import type { AuditRecord, Scope } from './records.ts'

/** A record set that was not seen, and why: nobody asked, it was denied (NXDOMAIN, or no data), or the queries got nothing useful. */
export interface NotSeen {
  name: string
  type: string
  /** What it is for. */
  what: string
  why: 'never asked' | 'denied' | 'no answer'
  queries: number
  /** ISO UTC; null where nobody asked. */
  last_asked: string | null
}

/** What belongs to a domain that is in use, by name below it and type. */
const expected: readonly (readonly [name: string, type: string, what: string])[] = [
  ['', 'SOA', 'the zone itself'],
  ['', 'NS', 'name servers'],
  ['', 'A', 'address of the apex'],
  ['', 'AAAA', 'IPv6 address of the apex'],
  ['', 'MX', 'mail exchanges'],
  ['', 'TXT', 'SPF and proofs of ownership'],
  ['', 'CAA', 'who may issue certificates'],
  ['', 'DS', 'DNSSEC, at the parent'],
  ['', 'DNSKEY', 'DNSSEC, in the zone'],
  ['', 'HTTPS', 'how the web site is reached'],
  ['www', 'A', 'web site'],
  ['www', 'AAAA', 'web site over IPv6'],
  ['_dmarc', 'TXT', 'mail policy (DMARC)'],
  ['_mta-sts', 'TXT', 'mail encryption policy (MTA-STS)'],
  ['_smtp._tls', 'TXT', 'mail encryption reports'],
]

/** What is missing of the usual records and of the addresses of the name servers and mail exchanges below the domain. */
export async function notSeen(
  database: Database,
  scope: Scope,
  window: Window,
  records: readonly AuditRecord[],
): Promise<NotSeen[]> {
  if (scope.domain === '.') return []
  const there = new Set(records.map(({ name, type }) => `${type} ${name}`))
  const aliases = new Set(records.filter(({ type }) => type === 'CNAME').map(({ name }) => name))
  const wanted = [
    ...expected.map(([label, type, what]) => ({
      name: label === '' ? scope.domain : `${label}.${scope.domain}`,
      type,
      what,
    })),
    ...hostsOf(records, scope),
  ].filter(({ name, type }) => !there.has(`${type} ${name}`) && !aliases.has(name))
  const rows = await database.rows<Asked>(sql, {
    ...window,
    registrable: scope.registrable,
    names: [...new Set(wanted.map(({ name }) => name))],
  })
  const asked = new Map(rows.map((row) => [`${row.type} ${row.name}`, row]))
  return wanted.map((each) => {
    const row = asked.get(`${each.type} ${each.name}`)
    if (row === undefined) return { ...each, why: 'never asked', queries: 0, last_asked: null }
    const why = row.denied > 0 ? 'denied' : 'no answer'
    return { ...each, why, queries: row.queries, last_asked: time(row.last, 9) }
  })
}

interface Asked {
  name: string
  type: string
  queries: number
  denied: number
  last: string
}

/** A referral is no denial: it has neither authority nor recursion. */
const sql = `SELECT qname AS name, toString(qtype) AS type, toFloat64(sum(attempts)) AS queries,
      toFloat64(countIf(match IN ('answered', 'late') AND (rcode = 'NXDOMAIN' OR (rcode = 'NOERROR'
        AND (bitTest(response_flags, 10) OR bitTest(response_flags, 7)))))) AS denied, toString(max(ts)) AS last
    FROM transactions
    WHERE ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')} AND attempts > 0
      AND domain IN {registrable:Array(String)} AND qname IN {names:Array(String)}
    GROUP BY name, type
    LIMIT 100000`

/** Hosts inside the domain that its NS and MX records point to, each once, the first fifty. */
function hostsOf(
  records: readonly AuditRecord[],
  { under, domain }: Scope,
): { name: string; type: string; what: string }[] {
  const hosts = new Map<string, string>()
  for (const { type, data } of records) {
    if (type !== 'NS' && type !== 'MX') continue
    const host = (type === 'MX' ? (data.split(' ')[1] ?? '') : data).toLowerCase()
    if (host !== domain && host.endsWith(under)) {
      hosts.set(host, type === 'NS' ? 'name server' : 'mail exchange')
    }
  }
  return [...hosts].slice(0, 50).flatMap(([name, what]) => [
    { name, type: 'A', what: `address of a ${what}` },
    { name, type: 'AAAA', what: `IPv6 address of a ${what}` },
  ])
}
