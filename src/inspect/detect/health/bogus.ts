// What resolvers say about answers they could not get or not validate: extended errors (RFC 8914), and failures that go away with checking disabled.

import { plainAddress } from '../../../dns/address.ts'
import type { Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { answered, draftOf, type Level, listed } from './fault.ts'

/** Extended errors that tell of a fault (IANA registry); filters and blocks of the resolver's owner are none. */
const faults: Readonly<Record<number, { says: string; kind: 'validation' | 'reach' | 'stale' }>> = {
  1: { says: 'unsupported DNSKEY algorithm', kind: 'validation' },
  2: { says: 'unsupported DS digest type', kind: 'validation' },
  3: { says: 'stale answer', kind: 'stale' },
  5: { says: 'DNSSEC indeterminate', kind: 'validation' },
  6: { says: 'DNSSEC bogus', kind: 'validation' },
  7: { says: 'signature expired', kind: 'validation' },
  8: { says: 'signature not yet valid', kind: 'validation' },
  9: { says: 'DNSKEY missing', kind: 'validation' },
  10: { says: 'RRSIGs missing', kind: 'validation' },
  11: { says: 'no zone key bit set', kind: 'validation' },
  12: { says: 'NSEC missing', kind: 'validation' },
  19: { says: 'stale NXDOMAIN answer', kind: 'stale' },
  22: { says: 'no reachable authority', kind: 'reach' },
  23: { says: 'network error', kind: 'reach' },
}

const extendedSql = `SELECT toString(domain) AS domain, arraySort(groupUniqArray(8)(code)) AS codes, toFloat64(count()) AS answers,
    toFloat64(countIf(rcode = 'SERVFAIL')) AS failures, toFloat64(uniqExact(client)) AS clients,
    arraySort(groupUniqArray(8)(toString(server))) AS servers, arraySort(groupUniqArray(5)(qname)) AS names,
    multiIf(code IN (3, 19), 'stale', code IN (22, 23), 'reach', 'validation') AS kind, toString(min(ts)) AS first, toString(max(ts)) AS last
  FROM transactions
  ARRAY JOIN ede AS code
  WHERE ${answered} AND notEmpty(ede) AND code IN (${Object.keys(faults).join(', ')})
  GROUP BY domain, kind
  ORDER BY failures DESC, answers DESC, domain, kind
  LIMIT 100`

/** A question that fails for a client and is answered, within ten seconds, once it asks not to check. */
const checkingSql = `SELECT toString(domain) AS domain, toFloat64(count()) AS pairs, toFloat64(uniqExact(client)) AS clients, toFloat64(sum(n)) AS answers,
    arraySort(groupUniqArray(5)(qname)) AS names, arraySort(groupUniqArray(8)(toString(server))) AS servers,
    toString(min(first_failed)) AS first, toString(max(last_failed)) AS last
  FROM (
    SELECT domain, qname, qtype, client, server, count() AS n,
      arraySort(groupArrayIf(1000)(ts, rcode = 'SERVFAIL' AND NOT bitTest(query_flags, 4))) AS failed,
      arraySort(groupArrayIf(1000)(ts, rcode = 'NOERROR' AND bitTest(query_flags, 4))) AS unchecked,
      arrayMin(failed) AS first_failed, arrayMax(failed) AS last_failed
    FROM transactions
    WHERE ${answered} AND (domain, qname) IN (
      SELECT domain, qname FROM transactions WHERE ${answered} AND rcode = 'NOERROR' AND bitTest(query_flags, 4)
    ) AND rcode IN ('SERVFAIL', 'NOERROR')
    GROUP BY domain, qname, qtype, client, server
    HAVING notEmpty(failed) AND notEmpty(unchecked)
      AND arrayExists(asked -> arrayExists(got -> got >= asked AND got <= asked + INTERVAL 10 SECOND, unchecked), failed)
  )
  GROUP BY domain
  HAVING clients >= 2 OR pairs >= 3
  ORDER BY pairs DESC, domain
  LIMIT 100`

/** Rules `extended-error` and `checking`. */
export const bogusRules: Rule[] = [
  {
    id: 'extended-error',
    title: 'A resolver says why it could not answer well',
    sql: extendedSql,
    subject: 'domain = {domain:String} AND kind = {kind:String}',
    judge: (rows: Extended[]) => rows.flatMap(extended),
  },
  {
    id: 'checking',
    title: 'A zone fails validation',
    sql: checkingSql,
    subject: 'domain = {domain:String}',
    judge: (rows: Checking[]) => rows.map(checking),
  },
]

interface Checking {
  domain: string
  answers: number
  clients: number
  pairs: number
  servers: string[]
  names: string[]
  first: string
  last: string
}
interface Extended extends Omit<Checking, 'pairs'> {
  codes: number[]
  failures: number
  kind: string
}

function extended(row: Extended): Draft[] {
  // One answer may be an accident on the way; a failed validation is a verdict.
  if (row.kind !== 'validation' && row.answers < 3) return []
  const said = row.codes.map((code) => `${faults[code]?.says ?? 'error'} (${code})`)
  const servers = row.servers.map(plainAddress)
  return [
    draftOf({
      level: extendedLevel(row),
      test: '',
      subject: { domain: row.domain },
      identity: [row.domain, row.kind],
      why: `${listed(servers, 3)} said "${said.join(', ')}" in ${count(row.answers, 'answer')} about ${listed(row.names, 3)}, ${count(row.failures, 'SERVFAIL')} among them, to ${count(row.clients, 'client')}.`,
      first: row.first,
      last: row.last,
      answers: row.answers,
      measures: { failures: { value: row.failures, threshold: null } },
      where: `domain = {domain:String} AND hasAny(ede, {codes:Array(UInt16)})`,
      bound: { domain: row.domain, kind: row.kind, codes: row.codes },
    }),
  ]
}

function extendedLevel({ kind, failures }: Extended): Level {
  if (kind === 'stale' || failures === 0) return 'NOTICE'
  return kind === 'validation' ? 'ERROR' : 'WARNING'
}

function checking(row: Checking): Draft {
  return draftOf({
    level: 'ERROR',
    test: '',
    subject: { domain: row.domain },
    identity: [row.domain],
    why: `${listed(row.names, 3)} got SERVFAIL from ${listed(row.servers.map(plainAddress), 3)} and, asked again with checking disabled within ten seconds, an answer: ${count(row.pairs, 'pair')} from ${count(row.clients, 'client')}.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { pairs: { value: row.pairs, threshold: 3 } },
    where: `domain = {domain:String} AND qname IN {names:Array(String)} AND (rcode = 'SERVFAIL' OR bitTest(query_flags, 4))`,
    bound: { domain: row.domain, names: row.names },
  })
}
