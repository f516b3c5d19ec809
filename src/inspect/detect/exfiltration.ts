// Data leaving in names: how many compressed bytes of never-repeated subdomains one client sent under one domain.

import { gzipSync } from 'node:zlib'
import { alphabetOf } from './alphabet.ts'
import {
  type Bench,
  bothDirections,
  detector,
  type Draft,
  inWindow,
  type Points,
  type Rule,
} from './detector.ts'
import { count, grouped, plainAddress } from './evidence.ts'
import { knownService } from './known-services.ts'

/** Parts a window is made of. It moves by one of them, so whatever leaves within five sixths of the window is in one piece. */
const slots = 6
/** Names kept of one slot or window; a window this full is far over any threshold. */
const keptNames = 4000

/** Suffixes that resolve inside a network only; nothing leaves under them. */
const localSuffixes = 'local|localdomain|localhost|internal|intranet|home|lan|corp|private|arpa'

/** The last label; the whole name where it has only one. */
const lastLabel = `substring(qname, length(qname) - position(reverse(concat('.', qname)), '.') + 2)`

/** Rows whose name may hold data: not the suffix itself, not reverse names, not local ones, not browsers' random probes of one label. */
const mayHoldData = `opcode = 'QUERY' AND qname NOT IN ('', '.')
      AND (attempts > 0 OR (match = 'unsolicited' AND NOT (${bothDirections})))
      AND if(tld_listed = 1,
        domain != '' AND length(qname) > length(domain)
          AND NOT (endsWith(domain, '.arpa') AND match(qname, '^(?:[0-9]{1,3}\\\\.){1,4}in-addr\\\\.arpa$|^(?:[0-9a-f]\\\\.){1,32}ip6\\\\.arpa$')),
        NOT match(qname, '(?:^|\\\\.)(?:${localSuffixes})$|^[a-z]{7,15}$'))`

/** Where data ends in a name. An unlisted suffix that many names share is somebody's private one; hexadecimal "suffixes" are data. */
const zone = `if(tld_listed = 1 OR ${lastLabel} IN (
        SELECT ${lastLabel} AS label FROM transactions
        WHERE ${inWindow} AND tld_listed = 0
        GROUP BY label HAVING uniq(qname) >= 8 AND NOT match(label, '^[0-9a-f]+$')
      ), toString(domain), '')`

/** Most domains have few names; leaving them out first makes the rest cheap. The table is in order of domain. */
const isBusyDomain = `(tld_listed = 0 OR domain IN (
          SELECT domain FROM transactions
          WHERE ${inWindow} AND tld_listed = 1
          GROUP BY domain HAVING uniq(qname) >= {minNames:UInt32}
        ))`

/** Data in names that leaves through any resolver, however the network is walled off. */
export default detector({
  id: 'exfiltration',
  version: 1,
  title: 'Data leaving in DNS names',
  asks: 'Does a client send more never-repeated text under one domain than names need?',
  why: 'Whatever the encoding, what leaves has to be in names that were not asked before. The compressed size of the distinct subdomains of a client and domain bounds it from above: among a million ordinary queries the busiest hour held 472 bytes, and the busiest day 922. Where the suffix of a name is not a public one, the domain itself may be data, so names are counted for each client and server.',
  attack: ['T1048.003', 'T1071.004', 'T1572', 'T1132.001'],
  parameters: {
    minBytes: {
      type: 'UInt32',
      default: 1024,
      help: 'compressed bytes of distinct subdomains within one hour',
      unit: 'bytes',
    },
    minBytesDay: {
      type: 'UInt32',
      default: 2048,
      help: 'compressed bytes of distinct subdomains within 24 hours',
      unit: 'bytes',
    },
    minNames: {
      type: 'UInt32',
      default: 8,
      help: 'distinct subdomains within the same time',
      unit: 'names',
    },
  },
  rules: [
    volumeRule('volume-1h', 3600, 'minBytes', 'one hour'),
    volumeRule('volume-24h', 86_400, 'minBytesDay', '24 hours'),
  ],
  points: {
    'bytes over the threshold': '30, and 10 for each doubling, 60 at most',
    'rare query types': '15: NULL, KEY, unassigned and the like in half of the queries',
    'encoded alphabet': '10: letters used as evenly as an encoder does',
    'few clients ask this domain': '10: one or two',
    'most clients ask this domain': '-30: half of them or more',
    'domain is new': '10: first seen within 7 days, in a store that goes back 30',
    'domain is old': '-10: first seen 30 days before or earlier',
    'data comes back': '10: answers hold half as many bytes or more',
    'answers are not cached': '5: TTL of 1 s or less in most answers',
    'known service': '-60: names and zone are those of a known service',
  },
  benign: [
    'file and mail reputation look-ups, which put hashes and addresses into names',
    'content delivery, telemetry and advertising names with one-time labels',
    'a monitor or crawler that asks for every host of a large domain',
  ],
  next: ['overhear hunt domain {domain}', 'overhear hunt client {client}'],
  references: [
    'Paxson et al., Practical Comprehensive Bounds on Surreptitious Communication over DNS, USENIX Security 2013',
    'RFC 1035 section 2.3.4 (255 octets of name)',
  ],
})

/** A candidate: the fullest window of a client under a zone. `zone` is empty where the suffix is not a public one. */
interface VolumeRow {
  client: string
  server: string
  zone: string
  start: string
  names: string[]
  distinct: number
  characters: number
}

function volumeRule(
  id: string,
  seconds: number,
  threshold: 'minBytes' | 'minBytesDay',
  window: string,
): Rule {
  const minBytes = `{${threshold}:UInt32}`
  const slotSeconds = seconds / slots
  return {
    id,
    title: 'Data leaving in DNS names',
    family: 'volume',
    subject: 'client = {client:IPv6} AND server = {server:IPv6} AND zone = {zone:String}',
    sql: `SELECT client, if(zone = '', server, toIPv6('::')) AS server, zone,
    fromUnixTimestamp(slot * ${slotSeconds}, 'UTC') AS start, names, distinct, characters
  FROM (
    SELECT client, server, zone, slot,
      groupUniqArrayArray(${keptNames})(slot_names) OVER (
        PARTITION BY client, server, zone ORDER BY slot RANGE BETWEEN CURRENT ROW AND ${slots - 1} FOLLOWING
      ) AS names,
      length(names) AS distinct, arraySum(name -> length(name) + 1, names) AS characters
    FROM (
      SELECT client, if(zone = '', server, toIPv6('::')) AS server, zone,
        toUInt32(intDiv(toUnixTimestamp(ts), ${slotSeconds})) AS slot,
        groupUniqArray(${keptNames})(if(zone = '', qname, substring(qname, 1, greatest(length(qname) - length(zone), 1) - 1))) AS slot_names
      FROM (
        SELECT ts, client, server, qname, ${zone} AS zone
        FROM transactions
        WHERE ${inWindow} AND ${mayHoldData} AND ${isBusyDomain}
      )
      WHERE (client, zone) IN (
        SELECT client, ${zone} AS zone
        FROM transactions
        WHERE ${inWindow} AND ${mayHoldData} AND ${isBusyDomain}
        GROUP BY client, zone, toDate(ts)
        HAVING count() * 2 >= {minNames:UInt32} AND sum(length(qname) - length(zone)) * 2 >= ${minBytes}
          AND uniq(qname) * 2 >= {minNames:UInt32}
      )
      GROUP BY client, server, zone, slot
    )
  )
  WHERE distinct >= {minNames:UInt32} AND characters >= ${minBytes}
  ORDER BY characters DESC, slot
  LIMIT 1 BY client, server, zone
  LIMIT 300`,
    judge: (rows: VolumeRow[], bench: Bench) => judgeVolume(rows, bench, threshold, window),
  }
}

async function judgeVolume(
  rows: VolumeRow[],
  bench: Bench,
  threshold: 'minBytes' | 'minBytesDay',
  window: string,
): Promise<Draft[]> {
  const minBytes = bench.parameters[threshold]
  const measured = rows
    .map((row) => ({ row, bytes: compressedBytes(row.names) }))
    .filter(({ bytes }) => bytes >= minBytes)
  if (measured.length === 0) return []
  const [all] = await bench.rows<{ clients: number; first: string }>(
    `SELECT uniqExact(client) AS clients, toString(min(ts)) AS first FROM transactions WHERE ${inWindow}`,
  )
  const drafts: Draft[] = []
  for (const { row, bytes } of measured) {
    const detail = await detailOf(row, bench)
    if (detail === null || isRelayed(row, detail, measured)) continue
    drafts.push(draftOf({ row, bytes, minBytes, window, detail, all: all }))
  }
  return drafts
}

/** Bytes after gzip level 6 of the sorted names, a line each: the bound on what they can carry, and the number to reproduce. */
export function compressedBytes(names: readonly string[]): number {
  return gzipSync(names.toSorted().join('\n'), { level: 6 }).length
}

/** What is known of a candidate beyond its window. */
interface Detail {
  first: string
  last: string
  queries: number
  names: number
  characters: number
  rare: number
  mixed: number
  refused: number
  answers: number
  uncached: number
  types: [string, number][]
  servers: string[]
  down: number
  /** Who else asked for the domain, relays left out. */
  clients: number
  /** Whether others ask this client for the domain: then it only passes on. */
  askers: string[]
  zoneFirst: string
}

const ordinaryTypes = `('A', 'AAAA', 'TXT', 'CNAME', 'MX', 'NS', 'SOA', 'PTR', 'SRV', 'HTTPS', 'SVCB', 'DS', 'DNSKEY', 'CAA', 'NAPTR', 'TLSA', 'ANY')`

async function detailOf(row: VolumeRow, bench: Bench): Promise<Detail | null> {
  const [detail] = await bench.rows<Detail>(
    `WITH (SELECT (min(ts), groupUniqArray(1000)(client), groupUniqArray(1000)(server), groupUniqArrayIf(20)(client, server = {client:IPv6}))
      FROM transactions WHERE domain = {zone:String} AND domain != '' AND service = 'dns') AS of_zone
    SELECT toString(min(ts)) AS first, toString(max(ts)) AS last, sum(greatest(attempts, 1)) AS queries,
      uniqExact(qname) AS names, toFloat64(names) * avg(length(qname) - length({zone:String})) AS characters,
      countIf(qtype NOT IN ${ordinaryTypes}) / count() AS rare,
      countIf(qname_raw != '') / count() AS mixed,
      countIf(response_frame > 0) AS answers,
      countIf(response_frame > 0 AND (rcode = 'NXDOMAIN' OR arrayExists(data -> startsWith(data, '127.'), rr.data))) / greatest(answers, 1) AS refused,
      countIf(has(rr.section, 'answer') AND arrayMax(arrayMap((ttl, section) -> if(section = 'answer', ttl, 0), rr.ttl, rr.section)) <= 1)
        / greatest(countIf(has(rr.section, 'answer')), 1) AS uncached,
      topK(3)(toString(qtype)) AS type_names,
      arrayMap(type -> (type, 1), type_names) AS types,
      groupUniqArray(5)(toString(server)) AS servers,
      sumArrayIf(arrayMap((data, section, type) -> if(section = 'answer' AND type != 'A', length(data), 0), rr.data, rr.section, rr.type), 1) AS down_all,
      toFloat64(down_all) * uniqExactIf(rr.data, has(rr.section, 'answer')) / greatest(countIf(has(rr.section, 'answer')), 1) AS down,
      length(arrayFilter(address -> NOT has(of_zone.3, address), of_zone.2)) AS clients,
      arrayMap(address -> toString(address), of_zone.4) AS askers,
      toString(of_zone.1) AS zoneFirst
    FROM transactions
    WHERE ${ofSubject} AND ${inWindow} AND ${mayHoldData}
    HAVING count() > 0`,
    focusOf(row),
  )
  return detail ?? null
}

const ofSubject = `client = {client:IPv6}
      AND if({zone:String} = '', tld_listed = 0 AND server = {server:IPv6}, domain = {zone:String})`

function focusOf(row: VolumeRow): Record<string, string> {
  return { client: row.client, server: row.server, zone: row.zone }
}

/** A resolver that passes on what its clients ask is not the source, as long as one of them is found itself. */
function isRelayed(row: VolumeRow, detail: Detail, found: { row: VolumeRow }[]): boolean {
  return found.some(
    ({ row: other }) => other.zone === row.zone && detail.askers.includes(other.client),
  )
}

function draftOf(found: {
  row: VolumeRow
  bytes: number
  minBytes: number
  window: string
  detail: Detail
  all: { clients: number; first: string }
}): Draft {
  const { row, bytes, minBytes, window, detail, all } = found
  const client = plainAddress(row.client)
  const server = plainAddress(row.zone === '' ? row.server : (detail.servers[0] ?? row.server))
  const alphabet = alphabetOf(row.names, detail.mixed > 0.3)
  const service = knownService(row.zone, row.names, detail.refused)
  const characters = Math.max(1, row.names.join('\n').length)
  const mostBytes = Math.max(bytes, (detail.characters * bytes) / characters)
  const points: Points[] = [
    {
      name: 'bytes over the threshold',
      points: Math.min(60, 30 + 10 * Math.log2(bytes / Math.max(1, minBytes))),
    },
  ]
  const counterEvidence: string[] = []
  const clients = Math.max(1, detail.clients)
  if (detail.rare >= 0.5) points.push({ name: 'rare query types', points: 15 })
  if (alphabet.isEven) points.push({ name: 'encoded alphabet', points: 10 })
  if (row.zone !== '') {
    if (all.clients >= 4 && clients * 2 >= all.clients) {
      points.push({ name: 'most clients ask this domain', points: -30 })
      counterEvidence.push(`${clients} of ${count(all.clients, 'client')} ask this domain`)
    } else if (clients <= 2) points.push({ name: 'few clients ask this domain', points: 10 })
    const age = days(detail.zoneFirst, detail.first)
    if (days(detail.zoneFirst, detail.last) >= 30) {
      points.push({ name: 'domain is old', points: -10 })
      counterEvidence.push(`the domain was first seen ${detail.zoneFirst.slice(0, 10)}`)
    } else if (age <= 7 && days(all.first, detail.zoneFirst) >= 30) {
      points.push({ name: 'domain is new', points: 10 })
    }
  }
  if (detail.down * 2 >= mostBytes) points.push({ name: 'data comes back', points: 10 })
  if (detail.uncached >= 0.5) points.push({ name: 'answers are not cached', points: 5 })
  if (service !== null) {
    points.push({ name: 'known service', points: -60 })
    counterEvidence.push(`the names look like ${service}`)
  }
  const target = row.zone === '' ? `names without a public suffix, asked of ${server}` : row.zone
  const written = alphabet.name === 'text' ? '' : `, written in ${alphabet.name}`
  return {
    subject: row.zone === '' ? { client, server } : { client, server, domain: row.zone },
    identity: [client, row.zone === '' ? server : '', row.zone],
    why: `At most ${grouped(mostBytes)} bytes could have left from ${client} to ${target} between ${detail.first.slice(0, 19)} and ${detail.last.slice(0, 19)} UTC: ${count(detail.names, 'distinct name')} in ${count(detail.queries, 'query')}${written}; the fullest ${window} held ${grouped(bytes)} compressed bytes in ${count(row.distinct, 'name')}, where ordinary clients stay below ${grouped(minBytes)}.`,
    first: detail.first,
    last: detail.last,
    measures: {
      compressed_bytes: { value: bytes, threshold: minBytes },
      names: { value: row.distinct, threshold: null },
      most_bytes_left: { value: Math.round(mostBytes), threshold: null },
      queries: { value: detail.queries, threshold: null },
      bytes_returned: { value: Math.round(detail.down), threshold: null },
      alphabet: { value: alphabet.name, threshold: null },
      clients_of_domain: { value: clients, threshold: null },
      types: { value: detail.types.map(([type]) => type).join(' '), threshold: null },
    },
    points,
    counterEvidence,
    evidence: { where: `${ofSubject} AND ${mayHoldData}`, parameters: focusOf(row) },
    focus: focusOf(row),
  }
}

function days(from: string, to: string): number {
  return (Date.parse(`${to.slice(0, 10)}Z`) - Date.parse(`${from.slice(0, 10)}Z`)) / 86_400_000
}
