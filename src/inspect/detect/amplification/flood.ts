// What both ends of a reflection share: networks, bytes on the wire, and what the exchanges of a flood have in common.

import { inWindow, type Points } from '../detector.ts'

const isFour = `client BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255')`

/** The network of a client as a victim sees it: /24 or /56, the prefixes response rate limiting counts by. */
export const prefixBits = `if(${isFour}, 120, 56)`
export const prefix = `tupleElement(IPv6CIDRToRange(client, ${prefixBits}), 1)`

/** Types that reflectors are asked for: their answers are many times the size of the question. */
export const amplifying = `('ANY', 'DNSKEY', 'RRSIG', 'TXT')`
/** Those of them that no program behind a resolver asks for. */
const serverTypes = `('ANY', 'DNSKEY', 'RRSIG')`

const ipHeader = `if(${isFour}, 20, 40)`
/** IPv6 fragments carry a header of eight bytes more. */
const fragmentHeader = `if(${isFour}, 20, 48)`

/** IP packets of what was asked, headers included. Over TCP with SYN, two ACKs and FIN of 20 bytes more each. */
export const askedWire = `attempts * if(transport = 'udp', query_bytes + 8 + ${ipHeader}, query_bytes + 2 + 5 * (20 + ${ipHeader}))`
/** IP packets of the answer: each fragment with its header; over TCP segments of 1,440 bytes, SYN and FIN. */
export const answeredWire = `if(response_frame = 0, 0, if(transport = 'udp',
        response_bytes + 8 + if(fragments > 1, fragments * ${fragmentHeader}, ${ipHeader}),
        response_bytes + 2 + (3 + intDiv(response_bytes, 1440)) * (20 + ${ipHeader})))`

/** What was asked and answered in one flood. */
export interface FloodDetail {
  place: number
  queries: number
  answers: number
  bytes: number
  wire_bytes: number
  mean: number
  amplifying: number
  /** Share of questions that only servers ask. */
  server_types: number
  addresses: number
  address: string
  servers: number
  server: string
  ip_ttls: number
  ports: number
  /** Share of questions that claim to come from a port below 1024 other than 53. */
  service_ports: number
  fragmented: number
  cookies: number
  name: string
  type: string
  questions: number
  /** Share of the question asked most, and of the ten asked most. */
  top: number
  top_ten: number
  captures: string[]
}

/** One flood to look at: who, and from when to when (engine times). */
export interface FloodPlace {
  prefix: string
  server?: string
  first: string
  last: string
}

/**
 * What the exchanges of each of these floods have in common, in one query for all; `condition` is ours, `isByServer` says whether floods
 * are told apart by server too. Values are bound: see `floodParameters`.
 */
export function floodDetail(condition: string, isByServer: boolean): string {
  const key = isByServer ? 'server, prefix' : 'prefix'
  const places = isByServer
    ? 'toIPv6(of_server) AS server, toIPv6(of_prefix) AS prefix'
    : 'toIPv6(of_prefix) AS prefix'
  return `WITH places AS (
      SELECT toUInt32(place) AS place, ${places}, toDateTime64(of_first, 9, 'UTC') AS since_ts, toDateTime64(of_last, 9, 'UTC') AS until_ts
      FROM (SELECT {prefixes:Array(String)} AS prefixes, {servers:Array(String)} AS servers, {firsts:Array(String)} AS firsts, {lasts:Array(String)} AS lasts)
      ARRAY JOIN prefixes AS of_prefix, servers AS of_server, firsts AS of_first, lasts AS of_last, arrayEnumerate(prefixes) AS place
    )
    SELECT place, toFloat64(sum(n)) AS queries, toFloat64(sum(of_answers)) AS answers, toFloat64(sum(of_bytes)) AS bytes,
      toFloat64(sum(of_wire)) AS wire_bytes, bytes / greatest(answers, 1) AS mean,
      sumIf(n, qtype IN ${amplifying}) / greatest(queries, 1) AS amplifying, sumIf(n, qtype IN ${serverTypes}) / greatest(queries, 1) AS server_types,
      uniqExactMerge(of_clients) AS addresses, min(a_client) AS address, uniqExactMerge(of_servers) AS servers, min(a_server) AS server,
      uniqExactMerge(of_ttls) AS ip_ttls, uniqMerge(of_ports) AS ports, sum(of_service_ports) / greatest(queries, 1) AS service_ports,
      toFloat64(sum(of_fragmented)) AS fragmented, sum(of_cookies) / greatest(queries, 1) AS cookies,
      argMax(qname, (n, qname)) AS name, argMax(toString(qtype), (n, qname)) AS type, count() AS questions, max(n) / greatest(queries, 1) AS top,
      arraySum(arraySlice(arrayReverseSort(groupArray(n)), 1, 10)) / greatest(queries, 1) AS top_ten,
      arrayDistinct(arrayFlatten(groupArray(of_captures))) AS captures
    FROM (
      SELECT place, qname, qtype, sum(greatest(attempts, 1)) AS n, countIf(is_answered) AS of_answers, sum(response_bytes) AS of_bytes,
        sum(wire) AS of_wire, uniqExactState(client) AS of_clients, min(client) AS a_client, uniqExactState(server) AS of_servers,
        min(server) AS a_server, uniqExactState(query_ip_ttl) AS of_ttls, uniqState(client_port) AS of_ports,
        countIf(client_port < 1024 AND client_port != 53) AS of_service_ports, countIf(fragments > 1) AS of_fragmented,
        countIf(length(cookie) > 16) AS of_cookies, groupUniqArray(20)(toString(capture)) AS of_captures
      FROM (
        SELECT ts, client, server, ${prefix} AS prefix, client_port, qname, qtype, attempts, response_bytes, query_ip_ttl, fragments, cookie, capture,
          response_frame > 0 AS is_answered, ${answeredWire} AS wire
        FROM transactions
        WHERE ${inWindow} AND ${condition} AND (${key}) IN (SELECT ${key} FROM places)
      ) AS exchange
      INNER JOIN places USING (${key})
      WHERE ts BETWEEN since_ts AND until_ts
      GROUP BY place, qname, qtype
    )
    GROUP BY place
    ORDER BY place`
}

/** The values that `floodDetail` has placeholders for. */
export function floodParameters(places: readonly FloodPlace[]): Record<string, string[]> {
  return {
    prefixes: places.map((place) => place.prefix),
    servers: places.map((place) => place.server ?? '::'),
    firsts: places.map((place) => place.first),
    lasts: places.map((place) => place.last),
  }
}

/** Points for what was asked: the same at both ends. */
export function questionPoints(detail: FloodDetail, topShare: number): Points[] {
  const points: Points[] = []
  if (detail.amplifying >= 0.8) points.push({ name: 'amplifying types', points: 15 })
  if (detail.top >= topShare) points.push({ name: 'one question', points: 15 })
  else if (detail.top_ten >= 0.9) points.push({ name: 'few questions', points: 10 })
  return points
}

/** `47 %`. */
export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`
}

/** Two digits behind the point. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** `840 bit/s`, `12 kbit/s`, `3.4 Mbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 999_500) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
  if (bitsPerSecond >= 1000) return `${Math.round(bitsPerSecond / 1000)} kbit/s`
  return `${Math.round(bitsPerSecond)} bit/s`
}
