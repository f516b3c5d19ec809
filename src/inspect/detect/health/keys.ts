// The chain of trust as it was seen: DS records that fit no key of the zone, and servers that leave signatures out.

import { plainAddress } from '../../../dns/address.ts'
import type { Draft, Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { aa, answered, draftOf, isWatched, listed, remembered } from './fault.ts'
import { isWhole, ownersSeenWhole } from './whole.ts'

/** DS sets as last seen beside all keys ever seen of the zone. */
const keySql = `SELECT name AS zone, groupUniqArrayIf(20)(data, type = 'DS' AND last_seen >= newest - toIntervalSecond(ttl_max)) AS delegations,
    groupUniqArrayIf(20)(data, type = 'DNSKEY') AS keys, toFloat64(sum(count)) AS answers,
    toString(min(first_seen)) AS first, toString(max(last_seen)) AS last
  FROM (
    SELECT name, type, data, count, first_seen, last_seen, ttl_max, maxIf(last_seen, type = 'DS') OVER (PARTITION BY name) AS newest
    FROM rrsets
    WHERE ${remembered} AND type IN ('DS', 'DNSKEY') AND section = 'answer' AND ${isWatched('name')}
      OR ${remembered} AND type = 'DS' AND section = 'authority' AND ${isWatched('name')}
  )
  GROUP BY name
  HAVING notEmpty(delegations) AND notEmpty(keys)
  ORDER BY zone
  LIMIT 5000`

/** Answers with authority to queries that wanted signatures: per question, the servers that gave some and those that gave none. */
const unsignedSql = `SELECT toString(domain) AS domain, toString(bare) AS server, toFloat64(sum(n)) AS answers, arraySort(groupUniqArray(5)(qname)) AS names,
    toString(min(first)) AS first, toString(max(last)) AS last, arraySort(groupUniqArrayArray(4)(with_signatures)) AS signing
  FROM (
    SELECT domain, qname, arrayJoin(bares).1 AS bare, bares[indexOf(arrayMap(b -> b.1, bares), bare)].2 AS n,
      bares[indexOf(arrayMap(b -> b.1, bares), bare)].3 AS first, bares[indexOf(arrayMap(b -> b.1, bares), bare)].4 AS last,
      arrayMap(s -> toString(s.1), signed) AS with_signatures
    FROM (
      SELECT domain, qname, qtype, groupArrayIf((server, n, first, last), NOT has_signature) AS bares,
        groupArrayIf((server, n), has_signature) AS signed
      FROM (
        SELECT domain, qname, qtype, server, max(has(rr.type, 'RRSIG')) AS has_signature, count() AS n, min(ts) AS first, max(ts) AS last
        FROM transactions
        WHERE ${answered} AND do = 1 AND ${aa} AND ${isWhole} AND rcode = 'NOERROR' AND has(rr.section, 'answer') AND qtype NOT IN ('RRSIG', 'ANY', 'SIG')
          AND domain IN (
            SELECT domain FROM transactions WHERE ${answered} AND do = 1 AND ${aa} AND has(rr.type, 'RRSIG') AND domain != ''
          )
        GROUP BY domain, qname, qtype, server
      )
      GROUP BY domain, qname, qtype
      HAVING notEmpty(bares) AND notEmpty(signed)
    )
  )
  GROUP BY domain, server
  HAVING answers >= 2
  ORDER BY answers DESC, domain, server
  LIMIT 100`

/** Rules `delegation-signer` and `unsigned-server`. */
export const keyRules: Rule[] = [
  {
    id: 'delegation-signer',
    title: 'No key of a zone fits its DS records',
    sql: keySql,
    subject: 'zone = {zone:String}',
    async judge(rows: Keys[], bench) {
      const broken = rows.filter((row) => !isFitting(row))
      const keys = broken.flatMap((row) => row.keys)
      const whole = await ownersSeenWhole(bench, 'DNSKEY', keys)
      return broken.filter(({ zone }) => whole.has(zone)).map(delegation)
    },
  },
  {
    id: 'unsigned-server',
    title: 'One server of a signed zone leaves signatures out',
    sql: unsignedSql,
    subject: 'domain = {domain:String} AND server = {server:String}',
    judge: (rows: Unsigned[]) => rows.map(unsigned),
  },
]

interface Keys {
  zone: string
  delegations: string[]
  keys: string[]
  answers: number
  first: string
  last: string
}

interface Unsigned {
  domain: string
  server: string
  answers: number
  names: string[]
  signing: string[]
  first: string
  last: string
}

function isFitting(row: Keys): boolean {
  const tags = new Set(row.keys.map(keyOf))
  return row.delegations.some((text) => tags.has(text.split(' ', 2).join(' ')))
}

function delegation(row: Keys): Draft {
  const wanted = row.delegations.map((text) => text.split(' ', 2).join('/'))
  const there = [...new Set(row.keys.map(keyOf))].map((text) => text.replace(' ', '/'))
  return draftOf({
    level: 'ERROR',
    test: 'DNSSEC02',
    subject: { domain: row.zone },
    identity: [row.zone],
    why: `The DS records of ${row.zone} name keys ${listed(wanted)} (tag/algorithm), the zone showed ${listed(there)}: validating resolvers cannot answer for it.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: {
      delegation_signers: { value: row.delegations.length, threshold: null },
      keys: { value: row.keys.length, threshold: null },
    },
    against: ['the key that fits may not have been asked for while the capture ran'],
    where: `hasAny(rr.data, {records:Array(String)}) AND response_frame > 0`,
    bound: { zone: row.zone, records: [...row.delegations, ...row.keys] },
  })
}

/** Key tag and algorithm of a DNSKEY in presentation format, as a DS names them (RFC 4034 appendix B). */
export function keyOf(text: string): string {
  const [flags, protocol, algorithm, ...key] = text.split(' ')
  const rest = Buffer.from(key.join(''), 'base64')
  const octets = [Number(flags) >> 8, Number(flags) & 255, Number(protocol), Number(algorithm)]
  // Algorithm 1 has its tag in the modulus (appendix B.1).
  if (algorithm === '1') return `${(rest.at(-3) ?? 0) * 256 + (rest.at(-2) ?? 0)} 1`
  const sum = [...octets, ...rest].reduce(
    (total, octet, i) => total + (i % 2 === 0 ? octet << 8 : octet),
    0,
  )
  return `${(sum + ((sum >> 16) & 0xffff)) & 0xffff} ${algorithm}`
}

function unsigned(row: Unsigned): Draft {
  const server = plainAddress(row.server)
  return draftOf({
    level: 'ERROR',
    test: 'DNSSEC09',
    subject: { domain: row.domain, server },
    identity: [row.domain, server],
    why: `${server} answered ${count(row.answers, 'query')} for ${listed(row.names, 3)} without signatures though they were asked for (DO); ${listed(row.signing.map(plainAddress), 3)} gave them for the same questions.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { unsigned_answers: { value: row.answers, threshold: 2 } },
    where: `domain = {domain:String} AND server = {address:IPv6} AND do = 1 AND qname IN {names:Array(String)}`,
    bound: { domain: row.domain, server: row.server, address: row.server, names: row.names },
  })
}
