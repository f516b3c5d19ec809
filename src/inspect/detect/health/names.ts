// Names that should be there and are not, aliases that lead nowhere, and aliases that stand beside other data.

import type { Bench, Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import {
  type Place,
  aa,
  answered,
  bindable,
  draftOf,
  exchangeAt,
  exchangeColumns,
  firstExchange,
  isWatched,
  listed,
  ra,
  remembered,
  tc,
} from './fault.ts'

const isFront = `(qname = domain OR qname = concat('www.', domain))`

/** Domains whose apex or www was denied; where names are watched, those that gave no address too. */
const deniedDomains = `SELECT domain FROM transactions
      WHERE ${answered} AND (rcode = 'NXDOMAIN' OR (notEmpty({watch:Array(String)}) AND rcode = 'NOERROR' AND NOT has(rr.section, 'answer')))
        AND tld_listed AND domain != '' AND qtype = 'A' AND ${isFront}
      GROUP BY domain
      HAVING uniqExact(client) >= {minClients:UInt32} OR notEmpty({watch:Array(String)})`

/** The apex and www of domains that exist: asked for and never there, while another name of the domain was. */
const missingSql = `SELECT name, zone, answers, clients, refused, first, last
  FROM (
    SELECT qname AS name, toString(domain) AS zone, toFloat64(countIf(qtype IN ('A', 'AAAA'))) AS answers, toFloat64(uniqExact(client)) AS clients,
      toFloat64(countIf(rcode = 'NXDOMAIN')) AS refused, toString(min(ts)) AS first, toString(max(ts)) AS last,
      countIf(rcode = 'NOERROR' AND has(rr.section, 'answer')) AS good, sum(good) OVER (PARTITION BY zone) AS good_of_zone,
      countIf(qtype = 'A') AS asked_for_address
    FROM transactions
    WHERE ${answered} AND domain IN (${deniedDomains}) AND NOT ${tc} AND (rcode = 'NXDOMAIN' OR (rcode = 'NOERROR' AND (${ra} OR ${aa})))
    GROUP BY domain, qname
  )
  WHERE (name = zone OR name = concat('www.', zone)) AND good = 0 AND good_of_zone > 0 AND asked_for_address > 0
    AND (clients >= {minClients:UInt32} OR notEmpty({watch:Array(String)}))
  ORDER BY answers DESC, name
  LIMIT 50`

/** Aliases whose end does not exist, with the first such answer. */
const danglingSql = `SELECT qname AS name, toString(domain) AS zone, argMax(leads_to, ts) AS target, toFloat64(count()) AS answers,
    toFloat64(uniqExact(client)) AS clients, toString(min(ts)) AS first, toString(max(ts)) AS last, ${firstExchange}
  FROM (
    SELECT ${exchangeColumns}, domain,
      rr.data[arrayLastIndex((kind, part) -> kind = 'CNAME' AND part = 'answer', rr.type, rr.section)] AS leads_to
    FROM transactions
    WHERE ${answered} AND rcode = 'NXDOMAIN' AND has(rr.type, 'CNAME')
  )
  WHERE leads_to != ''
  GROUP BY domain, qname
  ORDER BY answers DESC, name
  LIMIT 200`

/** Which of these names were there at another time. */
const thereSql = `SELECT DISTINCT qname AS name FROM transactions
  WHERE ${answered} AND domain IN {zones:Array(String)} AND qname IN {names:Array(String)} AND rcode = 'NOERROR'`

/** Aliases given with authority while, in the same time, other records of the name were. */
const besideSql = `SELECT name, arraySort(groupUniqArrayIf(8)(kind, kind != 'CNAME')) AS types, argMinIf(data, first, kind = 'CNAME') AS target,
    toFloat64(sum(n)) AS answers, toString(min(first)) AS first_seen, toString(max(last)) AS last_seen, arraySort(groupUniqArray(10)(data)) AS records
  FROM (
    SELECT name, toString(type) AS kind, data, sum(count) AS n, min(first_seen) AS first, max(last_seen) AS last
    FROM rrsets
    WHERE ${remembered} AND section = 'answer' AND server_role = 'authoritative' AND ${isWatched('name')}
      AND type NOT IN ('RRSIG', 'NSEC', 'NSEC3', 'SIG', 'NXT', 'KEY', 'TSIG')
      AND name IN (SELECT name FROM rrsets WHERE type = 'CNAME' AND section = 'answer' AND server_role = 'authoritative')
    GROUP BY name, kind, data
  )
  GROUP BY name
  HAVING notEmpty(types) AND minIf(last, kind = 'CNAME') >= minIf(first, kind != 'CNAME') AND maxIf(first, kind = 'CNAME') <= maxIf(last, kind != 'CNAME')
  ORDER BY answers DESC, name
  LIMIT 50`

/** Rules `missing-name`, `dangling-alias` and `alias-beside-data`. */
export const nameRules: Rule[] = [
  {
    id: 'missing-name',
    title: 'A name that people ask for is not there',
    sql: missingSql,
    subject: 'name = {name:String}',
    judge: (rows: Missing[]) => rows.map(missing),
  },
  {
    id: 'dangling-alias',
    title: 'An alias leads to a name that does not exist',
    sql: danglingSql,
    subject: 'name = {name:String}',
    judge: judgeDangling,
  },
  {
    id: 'alias-beside-data',
    title: 'An alias stands beside other records',
    sql: besideSql,
    subject: 'name = {name:String}',
    judge: (rows: Beside[]) => rows.map(beside),
  },
]

interface Missing {
  name: string
  zone: string
  answers: number
  clients: number
  refused: number
  first: string
  last: string
}
interface Dangling extends Omit<Missing, 'refused'> {
  place: Place
  target: string
}
interface Beside {
  name: string
  types: string[]
  target: string
  answers: number
  first_seen: string
  last_seen: string
  records: string[]
}

function missing(row: Missing): Draft {
  const isApex = row.name === row.zone
  const isDenied = row.refused > 0
  const how = isDenied ? 'does not exist (NXDOMAIN)' : 'has no address'
  const against = isApex
    ? 'a domain may live without a web site at its apex'
    : 'a domain may live without a web site'
  return draftOf({
    // Names exist below an apex that is denied: its server is wrong (RFC 8020), not its owner's choice.
    level: isApex && isDenied ? 'ERROR' : 'NOTICE',
    test: '',
    subject: { domain: row.zone, name: row.name },
    identity: [row.name],
    why: `${row.name} ${how}: ${count(row.clients, 'client')} asked and got ${count(row.answers, 'answer')} of that kind and no other, while other names of ${row.zone} answer.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { clients: { value: row.clients, threshold: null } },
    against: [against],
    where: `domain = {domain:String} AND qname = {name:String}`,
    bound: { name: row.name, domain: row.zone },
  })
}

/** Faults are the aliases that never led anywhere while we looked. */
async function judgeDangling(rows: Dangling[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const zones = bindable([...new Set(rows.map(({ zone }) => zone))])
  const names = bindable(rows.map(({ name }) => name))
  const there = await bench.rows<{ name: string }>(thereSql, { zones, names })
  const isThere = new Set(there.map(({ name }) => name))
  return rows.filter(({ name }) => !isThere.has(name)).map(dangling)
}

/** Services where anyone can register the name that an alias left behind points to. */
const takenOver =
  /(^|\.)(azurewebsites\.net|cloudapp\.(net|azure\.com)|trafficmanager\.net|azureedge\.net|azurefd\.net|blob\.core\.windows\.net|s3[\w.-]*\.amazonaws\.com|elasticbeanstalk\.com|herokuapp\.com|herokudns\.com|github\.io|gitlab\.io|netlify\.app|vercel\.app|myshopify\.com|zendesk\.com|readthedocs\.io|pantheonsite\.io|surge\.sh|wpengine\.com|statuspage\.io|ghost\.io)$/

function dangling(row: Dangling): Draft {
  const isClaimable = takenOver.test(row.target)
  const risk = isClaimable ? ' Anyone may register that name there and speak for yours.' : ''
  return draftOf({
    level: isClaimable ? 'ERROR' : 'WARNING',
    test: '',
    subject: { domain: row.zone, name: row.name },
    identity: [row.name, row.target],
    why: `${row.name} is an alias of ${row.target}, which does not exist: ${count(row.answers, 'answer')} to ${count(row.clients, 'client')}, all NXDOMAIN.${risk}`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { clients: { value: row.clients, threshold: null } },
    evidence: [exchangeAt(row.place)],
    bound: { name: row.name },
  })
}

function beside(row: Beside): Draft {
  return draftOf({
    level: 'WARNING',
    test: '',
    subject: { name: row.name },
    identity: [row.name],
    why: `${row.name} is an alias of ${row.target} and has ${listed(row.types)} records of its own in the same time: an alias stands alone (RFC 1034 section 3.6.2), and who asks gets one or the other.`,
    first: row.first_seen,
    last: row.last_seen,
    answers: row.answers,
    measures: { other_types: { value: row.types.join(' '), threshold: null } },
    against: ['a server that chooses its answer by client may keep to the rule in each of them'],
    where: `hasAny(rr.data, {records:Array(String)}) AND has(rr.name, {name:String}) AND response_frame > 0`,
    show: 'answer',
    bound: { name: row.name, records: row.records },
  })
}
