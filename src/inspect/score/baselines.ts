// Rules that other programs ship, a query each, with the thresholds of their sources: what our own have to be better than.

import { plainAddress } from '../../dns/address.ts'
import type { Database } from '../../database/database.ts'
import { inWindow, type Subject } from '../detect/detector.ts'
import { isoTime } from '../engine-time.ts'
import { wholeHistory } from '../window.ts'
import { alertScore, type Claim } from './match.ts'

/** A rule of another program. */
export interface Baseline {
  id: string
  /** As a row of the score card names it. */
  title: string
  /** What it says, in words. */
  rule: string
  /** The detector it is measured against. */
  kind: string
  source: string
  /** A row for each thing it would alert on: fields of a subject, `first` and `last`. */
  sql: string
  /** True where it needs watched names. */
  needsWatch?: true
}

const asked = `${inWindow} AND attempts > 0`
const span = 'toString(min(ts)) AS first, toString(max(ts)) AS last'

/** The rules, in order of detectors. */
export const baselines: readonly Baseline[] = [
  ritaRule(100),
  ritaRule(500),
  {
    id: 'sigma-name-length',
    title: 'Sigma length',
    rule: 'name longer than 70',
    kind: 'exfiltration',
    source: 'SigmaHQ, net_dns_susp_long_domain_query',
    sql: `SELECT toString(client) AS client, toString(domain) AS domain, ${span}
    FROM transactions WHERE ${asked} AND length(qname) > 70
    GROUP BY client, domain`,
  },
  {
    id: 'ndpi-label-length',
    title: 'nDPI label',
    rule: 'first label longer than 48',
    kind: 'exfiltration',
    source: 'ntop/nDPI, src/lib/protocols/dns.c',
    sql: `SELECT toString(client) AS client, toString(domain) AS domain, ${span}
    FROM transactions WHERE ${asked} AND length(splitByChar('.', qname)[1]) > 48
    GROUP BY client, domain`,
  },
  {
    id: 'anomalous-dns',
    title: 'anomalous-dns',
    rule: 'more than 8 distinct names of a domain in an hour',
    kind: 'exfiltration',
    source: 'jbaggs/anomalous-dns, domain_query_thresh',
    sql: `SELECT domain, toString(min(from)) AS first, toString(max(to)) AS last
    FROM (
      SELECT toString(domain) AS domain, min(ts) AS from, max(ts) AS to
      FROM transactions WHERE ${asked} AND domain != '' AND NOT endsWith(qname, '.arpa')
      GROUP BY domain, toStartOfHour(ts) HAVING uniqExact(qname) > 8
    )
    GROUP BY domain`,
  },
  {
    id: 'sigma-subdomain-rate',
    title: 'Sigma rate',
    rule: 'more than 200 distinct names of a domain and client in 15 minutes',
    kind: 'exfiltration',
    source: 'SigmaHQ, unsupported/net_dns_large_domain_name',
    sql: `SELECT toString(client) AS client, domain, toString(min(from)) AS first, toString(max(to)) AS last
    FROM (
      SELECT client, toString(domain) AS domain, min(ts) AS from, max(ts) AS to
      FROM transactions WHERE ${asked} AND domain != ''
      GROUP BY client, domain, intDiv(toUnixTimestamp(ts), 900) HAVING uniqExact(qname) > 200
    )
    GROUP BY client, domain`,
  },
  {
    id: 'et-answer-rate',
    title: 'ET rate',
    rule: '100 answers to one host in 10 seconds',
    kind: 'amplification',
    source: 'Emerging Threats Open, excessive DNS responses',
    sql: `SELECT victim, toString(min(from)) AS first, toString(max(to)) AS last
    FROM (
      SELECT toString(client) AS victim, min(response_ts) AS from, max(response_ts) AS to
      FROM transactions WHERE ${inWindow} AND transport = 'udp' AND response_frame > 0
      GROUP BY client, intDiv(toUnixTimestamp(response_ts), 10) HAVING count() >= 100
    )
    GROUP BY victim`,
  },
  {
    id: 'dnsdist-any-rate',
    title: 'dnsdist ANY',
    rule: 'more than 5 queries of type ANY a second, over 10 seconds',
    kind: 'amplification',
    source: 'dnsdist manual, dynamic blocks: setQTypeRate(ANY, 5, 10)',
    sql: `SELECT victim, toString(min(from)) AS first, toString(max(to)) AS last
    FROM (
      SELECT toString(client) AS victim, min(ts) AS from, max(ts) AS to
      FROM transactions WHERE ${asked} AND qtype = 'ANY'
      GROUP BY client, intDiv(toUnixTimestamp(ts), 10) HAVING sum(attempts) > 50
    )
    GROUP BY victim`,
  },
  {
    id: 'powerdns-near-miss',
    title: 'PowerDNS',
    rule: 'one answer with a wrong id',
    kind: 'poisoning',
    source: 'PowerDNS Recursor, spoof-nearmiss-max 1',
    sql: `SELECT toString(client) AS client, toString(server) AS server, any(qname) AS name,
      toString(min(response_ts)) AS first, toString(max(response_ts)) AS last
    FROM transactions WHERE ${inWindow} AND match = 'wrong_id'
    GROUP BY client, server`,
  },
  {
    id: 'exact-set',
    title: 'exact set',
    rule: 'the answer of a watched name differs from the one before',
    kind: 'answer-change',
    source: 'what a daily diff of zone look-ups does',
    needsWatch: true,
    sql: `SELECT name, type, toString(min(seen)) AS first, toString(max(seen)) AS last
    FROM (
      SELECT qname AS name, toString(qtype) AS type, response_ts AS seen,
        lagInFrame(answer_digest, 1, answer_digest) OVER (
          PARTITION BY qname, qtype ORDER BY response_ts, response_frame ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS before, answer_digest AS now
      FROM transactions
      WHERE ${inWindow} AND match = 'answered' AND rcode IN ('NOERROR', 'NXDOMAIN') AND has(rr.section, 'answer')
        AND (qname IN {watch:Array(String)} OR domain IN {watch:Array(String)})
    )
    WHERE before != now
    GROUP BY name, type`,
  },
]

/** RITA counts every name and parent below a domain over the whole data set; 100 is where its score begins, 500 its lowest severity. */
function ritaRule(names: number): Baseline {
  return {
    id: `rita-${names}`,
    title: `RITA ${names}`,
    rule: `${names} distinct names and parents below a domain, in the whole capture`,
    kind: 'exfiltration',
    source: 'activecm/rita v5, C2 over DNS',
    sql: `SELECT toString(domain) AS domain, ${span}
    FROM (
      SELECT ts, domain, arrayJoin(arrayMap(
        n -> arrayStringConcat(arraySlice(splitByChar('.', qname), n), '.'),
        range(1, length(splitByChar('.', qname)) - length(splitByChar('.', toString(domain))) + 1))) AS name
      FROM transactions WHERE ${asked} AND domain != '' AND NOT endsWith(qname, '.arpa')
    )
    GROUP BY domain HAVING uniqExact(name) >= ${names}`,
  }
}

type Row = Subject & { first: string; last: string }

/** What one rule would say of the store. */
export async function claimsOf(
  database: Database,
  baseline: Baseline,
  watch: readonly string[],
): Promise<Claim[]> {
  if (baseline.needsWatch === true && watch.length === 0) return []
  const bound = { ...wholeHistory, watch: [...watch] }
  const rows = await database.rows<Row>(baseline.sql, bound)
  return rows.map(({ first, last, ...subject }) => {
    for (const field of ['client', 'server', 'victim'] as const) {
      const address = subject[field]
      if (address !== undefined) subject[field] = plainAddress(address)
    }
    return {
      detector: baseline.kind,
      score: alertScore,
      subject,
      first_seen: isoTime(first),
      last_seen: isoTime(last),
    }
  })
}
