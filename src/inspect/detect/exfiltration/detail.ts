// What is known of a candidate beyond its names: who else asks, since when, with which types, what came back.

import type { Bench } from '../detector.ts'
import { inWindow } from '../detector.ts'
import type { Candidate } from './candidates.ts'
import { leftAsSent } from './names.ts'
import { focusOf, type Key, rowsOf } from './series.ts'

/** Numbers of all rows of a candidate; times are engine times. */
export interface Detail {
  first: string
  last: string
  queries: number
  names: number
  /** Characters of the distinct names, without the zone. */
  characters: number
  /** Shares of the rows: types hardly anybody asks, names sent in mixed case, answers a block list would give, answers with a TTL of 1 s or less. */
  rare: number
  mixed: number
  refused: number
  uncached: number
  answers: number
  /** Asked again inside the TTL: what a fixed set of names can tell. */
  repeats: number
  types: string[]
  servers: string[]
  /** Distinct octets that came back in record types that can carry data. */
  down: number
  /** Who asks for the domain, relays left out. */
  clients: number
  /** Who asks this client for the domain: then it only passes on. */
  askers: string[]
  zoneFirst: string
  /** The first names as they were sent, letter case kept. */
  asSent: string[]
}

const ordinaryTypes = `('A', 'AAAA', 'TXT', 'CNAME', 'MX', 'NS', 'SOA', 'PTR', 'SRV', 'HTTPS', 'SVCB', 'DS', 'DNSKEY', 'CAA', 'NAPTR', 'TLSA', 'ANY')`

/** Record types whose data its sender chooses freely. */
export const carryingTypes = `('TXT', 'NULL', 'CNAME', 'MX', 'SRV', 'AAAA', 'KEY', 'TYPE65399', 'HTTPS', 'SVCB', 'PTR', 'NAPTR')`

/** Octets of a record's data: presentation escapes and RFC 3597 hexadecimal undone. */
export function dataBytes(data: string, type: string): string {
  return `multiIf(${type} = 'AAAA', 16, startsWith(${data}, '\\\\# '), toUInt64OrZero(splitByChar(' ', ${data})[2]), length(replaceRegexpAll(${data}, '\\\\\\\\[0-9]{3}', '.')))`
}

/** Null when nothing is left of the candidate. */
export async function detailOf(
  key: Key,
  candidate: Candidate,
  bench: Bench,
): Promise<Detail | null> {
  const zone = '{zone:String}'
  const [detail] = await bench.rows<Detail>(
    `WITH (SELECT (min(ts), groupUniqArray(1000)(client), groupUniqArray(1000)(server), groupUniqArrayIf(20)(client, server = {client:IPv6}))
      FROM transactions WHERE domain = ${zone} AND domain != '' AND service = 'dns') AS of_zone
    SELECT toString(min(ts)) AS first, toString(max(ts)) AS last, sum(greatest(attempts, 1)) AS queries,
      uniqExact(qname) AS names, toFloat64(names) * avg(length(qname) - length(${zone})) AS characters,
      countIf(qtype NOT IN ${ordinaryTypes}) / count() AS rare,
      countIf(qname_raw != '') / count() AS mixed,
      countIf(qr = 1) AS answers,
      countIf(qr = 1 AND (rcode = 'NXDOMAIN' OR arrayExists(data -> startsWith(data, '127.'), rr.data))) / greatest(answers, 1) AS refused,
      countIf(has(rr.section, 'answer') AND arrayMax(arrayMap((ttl, section) -> if(section = 'answer', ttl, 0), rr.ttl, rr.section)) <= 1)
        / greatest(countIf(has(rr.section, 'answer')), 1) AS uncached,
      sum(repeat_in_ttl) AS repeats,
      arrayMap(type -> toString(type), topK(3)(qtype)) AS types,
      groupUniqArray(5)(toString(server)) AS servers,
      sumArray(arrayMap((data, section, type) -> if(section = 'answer' AND type IN ${carryingTypes}, ${dataBytes('data', 'type')}, 0), rr.data, rr.section, rr.type)) AS down_all,
      toFloat64(down_all) * uniqExactIf(answer_digest, has(rr.section, 'answer')) / greatest(countIf(has(rr.section, 'answer')), 1) AS down,
      length(arrayFilter(address -> NOT has(of_zone.3, address), of_zone.2)) AS clients,
      arrayMap(address -> toString(address), of_zone.4) AS askers,
      toString(of_zone.1) AS zoneFirst,
      arrayMap(one -> one.2, groupArraySorted(400)((ts, ${leftAsSent(zone)}))) AS asSent
    FROM transactions
    WHERE ${inWindow} AND ${rowsOf[key]}
    HAVING count() > 0`,
    focusOf(candidate),
  )
  return detail ?? null
}

/** What is known of the whole store: how many clients, since when, and who asks which server for recursion. */
export interface Surroundings {
  clients: number
  first: string
  /** Clients of each server that more than two ask. */
  shared: ReadonlySet<string>
}

export async function surroundingsOf(bench: Bench): Promise<Surroundings> {
  const [all] = await bench.rows<{ clients: number; first: string }>(
    `SELECT uniqExact(client) AS clients, toString((SELECT min(ts) FROM transactions)) AS first FROM transactions WHERE ${inWindow}`,
  )
  const servers = await bench.rows<{ server: string }>(
    `SELECT toString(server) AS server FROM transactions
    WHERE ${inWindow} AND attempts > 0
    GROUP BY server HAVING uniqUpTo(3)(client) >= 3 LIMIT 10000`,
  )
  return {
    clients: all?.clients ?? 0,
    first: all?.first ?? '',
    shared: new Set(servers.map(({ server }) => server)),
  }
}

/** Whether a client mixes the case of other names too: then it guards against forgery (0x20) and says nothing by it. */
export async function mixesCaseElsewhere(candidate: Candidate, bench: Bench): Promise<boolean> {
  const [row] = await bench.rows<{ share: number }>(
    `SELECT countIf(qname_raw != '') / greatest(count(), 1) AS share FROM transactions
    WHERE ${inWindow} AND client = {client:IPv6} AND domain != {zone:String}`,
    { client: candidate.client, zone: candidate.zone },
  )
  return (row?.share ?? 0) >= 0.3
}
