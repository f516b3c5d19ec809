// Random-subdomain attacks (water torture): names that no cache can know, so that every one of them reaches the servers of one zone.

import { plainAddress } from '../../dns/address.ts'
import { percent, round } from './amplification/flood.ts'
import {
  type Bench,
  bothDirections,
  detector,
  type Draft,
  inWindow,
  type Points,
} from './detector.ts'
import { count, grouped, insideFinding } from './evidence.ts'
import { labelShape } from './label-shape.ts'

const isFailed = `(rcode IN ('NXDOMAIN', 'SERVFAIL') OR match = 'unanswered')`
const isAsked = `${inWindow} AND attempts > 0 AND ${bothDirections} AND domain NOT IN ('', 'in-addr.arpa', 'ip6.arpa') AND NOT endsWith(domain, '.arpa')`

/** One minute in steps of thirty seconds; only zones where enough has failed are looked at name by name. */
const sql = `SELECT domain, toString(min(w_first)) AS first, toString(max(w_last)) AS last, toFloat64(max(w_names)) AS names, min(w_failed) AS failed,
    toFloat64(max(w_queries)) AS queries, count() AS minutes
  FROM (
    SELECT domain, arrayJoin([slot, slot - 1]) AS start, min(s_first) AS w_first, max(s_last) AS w_last, uniqMerge(s_names) AS w_names,
      sum(s_queries) AS w_queries, sum(s_failed) / greatest(w_queries, 1) AS w_failed
    FROM (
      SELECT domain, toUInt32(intDiv(toUnixTimestamp(ts), 30)) AS slot, min(ts) AS s_first, max(ts) AS s_last, uniqState(qname) AS s_names,
        sum(attempts) AS s_queries, sumIf(attempts, ${isFailed}) AS s_failed
      FROM transactions
      WHERE ${isAsked} AND domain IN (
        SELECT domain FROM transactions WHERE ${isAsked} AND ${isFailed} GROUP BY domain HAVING count() >= {minNames:UInt32}
      )
      GROUP BY domain, slot
    )
    GROUP BY domain, start
    HAVING w_names >= {minNames:UInt32} AND w_failed >= {minFailed:Float64}
  )
  GROUP BY domain
  ORDER BY names DESC
  LIMIT 200`

/** Names nobody has, to tire out the servers that must say so. */
export default detector({
  id: 'random-subdomains',
  version: 1,
  title: 'Random-subdomain attack',
  asks: 'Are the servers of a zone flooded with questions for names that do not exist?',
  why: 'A cache answers what it has heard before, so an attacker who wants to reach the servers behind it asks for a new name each time. Hundreds of names of one zone within a minute, four of five without an answer, are ordinary nowhere: in ordinary traffic 1 answer in 270 says that the name does not exist.',
  attack: ['T1498.001', 'T1499.002'],
  parameters: {
    minNames: {
      type: 'UInt32',
      default: 200,
      help: 'different names below one domain within a minute',
      unit: 'names',
    },
    minFailed: {
      type: 'Float64',
      default: 0.8,
      help: 'share of queries that end in NXDOMAIN, SERVFAIL or silence',
    },
  },
  rules: [
    {
      id: 'flood',
      title: 'A zone is flooded with questions for random names',
      needs: 'both-directions',
      sql,
      subject: 'domain = {domain:String}',
      judge,
    },
  ],
  points: {
    'names that do not exist': '30: hundreds of different ones within a minute',
    'random labels': '20: letters are used evenly, as a generator does and people do not',
    'never asked again': '10: nine of ten names are asked once or twice',
    'high rate': '20: twenty new names a second or more',
    'servers give up': '15: SERVFAIL or silence for one query in five',
    'many relays': '10: ten clients or more ask, as open resolvers do',
    'asked again and again': '-30: five queries a name, as in an outage of a popular zone',
    'reversed addresses': '-80: block-list look-ups',
    'hashes of one length': '-80: file reputation look-ups',
    'names of other zones': '-80: a search list appends this domain to every name',
    'names as long as a tunnel makes them': '-30: one client, 40 characters or more',
  },
  benign: [
    'a search list that appends this domain to every name: look at the names',
    'reputation look-ups that answer NXDOMAIN for what they do not know',
    'an outage of the zone, or an inventory of its names by its owner',
  ],
  next: [
    'overhear hunt domain {domain}',
    'overhear hunt address {server}',
    'overhear hunt client {client}',
  ],
  references: [
    'RFC 8198 (aggressive use of NSEC)',
    'RFC 9520 (caching of resolution failures)',
    'BIND: fetches-per-zone, fetches-per-server',
  ],
})

interface FloodRow {
  domain: string
  first: string
  last: string
  names: number
  failed: number
  queries: number
  minutes: number
}

interface NamesDetail {
  domain: string
  queries: number
  names: number
  given_up: number
  clients: number
  client: string
  servers: number
  server: string
  before: number
  sample: string[]
}

/** Names looked at of each zone; letters are counted in them. */
const sampled = 1000

/** Of all zones at once, each in its own time; `before` counts names of the hour before. */
const detailSql = `WITH places AS (
    SELECT of_domain AS domain, toDateTime64(of_first, 9, 'UTC') AS since_ts, toDateTime64(of_last, 9, 'UTC') AS until_ts
    FROM (SELECT {domains:Array(String)} AS domains, {firsts:Array(String)} AS firsts, {lasts:Array(String)} AS lasts)
    ARRAY JOIN domains AS of_domain, firsts AS of_first, lasts AS of_last
  )
  SELECT domain, toFloat64(sumIf(n, is_in)) AS queries, toFloat64(uniqIf(qname, is_in)) AS names,
    sumIf(n, is_in AND is_given_up) / queries AS given_up, uniqExactIf(asker, is_in) AS clients, minIf(asker, is_in) AS client,
    uniqExactIf(asked, is_in) AS servers, topKIf(1)(asked, is_in)[1] AS server, toFloat64(uniqIf(qname, NOT is_in)) AS before,
    groupUniqArrayIf(${sampled})(subdomain, is_in) AS sample
  FROM (
    SELECT domain, qname, subdomain, n, client AS asker, server AS asked, is_given_up, ts >= since_ts AS is_in
    FROM (
      SELECT ts, toString(transactions.domain) AS domain, qname, subdomain, attempts AS n, client, server, (rcode = 'SERVFAIL' OR match = 'unanswered') AS is_given_up
      FROM transactions
      WHERE ${isAsked} AND transactions.domain IN {domains:Array(String)}
    ) AS exchange
    INNER JOIN places USING (domain)
    WHERE ts BETWEEN since_ts - INTERVAL 1 HOUR AND until_ts
  )
  GROUP BY domain
  ORDER BY domain`

async function judge(rows: FloodRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const details = await bench.rows<NamesDetail>(detailSql, {
    domains: rows.map((row) => row.domain),
    firsts: rows.map((row) => row.first),
    lasts: rows.map((row) => row.last),
  })
  return details.flatMap((detail) => {
    const row = rows.find(({ domain }) => domain === detail.domain)
    return row === undefined ? [] : [draftOf(row, detail, bench.parameters)]
  })
}

function draftOf(
  row: FloodRow,
  detail: NamesDetail,
  { minNames = 0, minFailed = 0 }: Readonly<Record<string, number>>,
): Draft {
  const { domain } = row
  const shape = labelShape(detail.sample)
  const server = plainAddress(detail.server)
  const client = detail.clients === 1 ? plainAddress(detail.client) : undefined
  const perName = detail.queries / Math.max(1, detail.names)
  const perSecond = row.names / 60
  const points: Points[] = [{ name: 'names that do not exist', points: 30 }]
  if (shape.isEven) points.push({ name: 'random labels', points: 20 })
  if (perName <= 2) points.push({ name: 'never asked again', points: 10 })
  else if (perName >= 5) points.push({ name: 'asked again and again', points: -30 })
  if (perSecond >= 20) points.push({ name: 'high rate', points: 20 })
  if (detail.given_up >= 0.2) points.push({ name: 'servers give up', points: 15 })
  if (detail.clients >= 10) points.push({ name: 'many relays', points: 10 })
  if (shape.addresses >= 0.9) points.push({ name: 'reversed addresses', points: -80 })
  if (shape.hashes >= 0.9) points.push({ name: 'hashes of one length', points: -80 })
  if (shape.foreign >= 0.5) points.push({ name: 'names of other zones', points: -80 })
  if (detail.clients === 1 && shape.meanLength >= 40)
    points.push({ name: 'names as long as a tunnel makes them', points: -30 })
  const examples = detail.sample.slice(0, 3).join(', ')
  return {
    subject: { domain, server, ...(client && { client }) },
    identity: [domain],
    why: `${grouped(detail.names)} different names below ${domain} were asked for in ${count(detail.queries, 'query')} from ${count(detail.clients, 'client')} to ${count(detail.servers, 'server')}; ${percent(row.failed)} or more failed in every such minute, ${percent(detail.given_up)} with SERVFAIL or silence; the busiest minute held ${grouped(row.names)} names, against ${grouped(detail.before)} in the hour before; labels such as ${examples}: ${shape.text}.`,
    first: row.first,
    last: row.last,
    measures: {
      names_per_minute: { value: row.names, threshold: minNames },
      failed_share: { value: round(row.failed), threshold: minFailed },
      names_in_the_hour_before: { value: detail.before, threshold: null },
      queries_per_name: { value: round(perName), threshold: null },
      given_up_share: { value: round(detail.given_up), threshold: null },
      clients: { value: detail.clients, threshold: null },
      servers: { value: detail.servers, threshold: null },
      mean_label_length: { value: Math.round(shape.meanLength), threshold: null },
    },
    points,
    counterEvidence: points.filter((part) => part.points < 0).map((part) => part.name),
    evidence: {
      where: `domain = {domain:String} AND ${isFailed} AND ${insideFinding}`,
      parameters: { domain, first: row.first, last: row.last },
    },
    focus: { domain },
  }
}
