// Reflection amplification from both ends: a server of ours that is made to answer a victim, and a host that gets answers it never asked for.

import {
  type Bench,
  bothDirections,
  detector,
  type Draft,
  inWindow,
  type Points,
} from './detector.ts'
import { count, grouped, plainAddress } from './evidence.ts'

/** Types that reflectors are asked for: their answers are many times the size of the question. */
const amplifying = `('ANY', 'DNSKEY', 'RRSIG', 'TXT')`

/** The network of a client as a victim sees it: /24 or /56, the prefixes response rate limiting counts by. */
const prefixBits = `if(client BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'), 120, 56)`
const prefix = `tupleElement(IPv6CIDRToRange(client, ${prefixBits}), 1)`

/** One minute in steps of ten seconds. */
const reflectorSql = `SELECT server, prefix, bits, toString(min(w_first)) AS first, toString(max(w_last)) AS last,
    toFloat64(max(w_queries)) AS queries, max(w_factor) AS factor, max(w_repeated) AS repeated, max(w_abandoned) AS abandoned,
    toFloat64(max(w_answer_bytes)) AS answer_bytes
  FROM (
    SELECT server, prefix, bits, min(slot_first) OVER w AS w_first, max(slot_last) OVER w AS w_last,
      sum(slot_queries) OVER w AS w_queries, sum(slot_answer_bytes) OVER w AS w_answer_bytes,
      w_answer_bytes / greatest(sum(slot_query_bytes) OVER w, 1) AS w_factor,
      sum(slot_repeats) OVER w / greatest(w_queries, 1) AS w_repeated,
      sum(slot_truncated) OVER w AS w_truncated,
      if(w_truncated * 10 >= w_queries, sum(slot_abandoned) OVER w / greatest(w_truncated, 1), 0) AS w_abandoned
    FROM (
      SELECT server, ${prefix} AS prefix, ${prefixBits} AS bits, toUInt32(intDiv(toUnixTimestamp(ts), 10)) AS slot,
        min(ts) AS slot_first, max(ts) AS slot_last,
        sumIf(attempts, transport = 'udp') AS slot_queries,
        sumIf(toUInt64(query_bytes) * attempts, transport = 'udp') AS slot_query_bytes,
        sumIf(response_bytes, transport = 'udp') AS slot_answer_bytes,
        sumIf(attempts, transport = 'udp' AND repeat_in_ttl = 1) AS slot_repeats,
        countIf(transport = 'udp' AND response_frame > 0 AND bitTest(response_flags, 9)) AS slot_truncated,
        toUInt64(greatest(0, toInt64(slot_truncated) - toInt64(countIf(tcp_followup = 1)))) AS slot_abandoned
      FROM transactions
      WHERE ${inWindow} AND (transport = 'udp' OR tcp_followup = 1) AND attempts > 0 AND (server, ${prefix}) IN (
        SELECT server, ${prefix} FROM transactions
        WHERE ${inWindow} AND transport = 'udp' AND (repeat_in_ttl = 1 OR bitTest(response_flags, 9))
        GROUP BY server, ${prefix} HAVING sum(attempts) * 20 >= {minQueries:UInt32}
      )
      GROUP BY server, prefix, bits, slot
    )
    WINDOW w AS (PARTITION BY server, prefix ORDER BY slot RANGE BETWEEN CURRENT ROW AND 5 FOLLOWING)
  )
  WHERE w_queries >= {minQueries:UInt32} AND w_factor >= {minFactor:Float64}
    AND (w_repeated >= {minShare:Float64} OR w_abandoned >= {minShare:Float64})
  GROUP BY server, prefix, bits
  ORDER BY answer_bytes DESC
  LIMIT 200`

/** Ten seconds in steps of five. */
const victimSql = `SELECT client, toString(min(w_first)) AS first, toString(max(w_last)) AS last,
    toFloat64(max(w_unasked)) AS unasked, max(w_servers) AS servers, min(w_share) AS share, toFloat64(max(w_bytes)) AS bytes
  FROM (
    SELECT client, arrayJoin([slot, slot - 1]) AS start,
      minIf(ts, match = 'unsolicited') AS w_first, maxIf(ts, match = 'unsolicited') AS w_last,
      countIf(match = 'unsolicited') AS w_unasked, uniqExactIf(server, match = 'unsolicited') AS w_servers,
      w_unasked / count() AS w_share, sumIf(response_bytes, match = 'unsolicited') AS w_bytes
    FROM (
      SELECT ts, client, server, match, response_bytes, toUInt32(intDiv(toUnixTimestamp(response_ts), 5)) AS slot
      FROM transactions
      WHERE ${inWindow} AND transport = 'udp' AND response_frame > 0 AND ${bothDirections}
        AND client IN (
          SELECT client FROM transactions
          WHERE ${inWindow} AND transport = 'udp' AND match = 'unsolicited' AND ${bothDirections}
          GROUP BY client
          HAVING (count() >= {minAnswers:UInt32} AND uniq(server) * 2 >= {minServers:UInt32}) OR sum(response_bytes) >= {minFloodBytes:UInt64}
        )
    )
    GROUP BY client, start
    HAVING ((w_unasked >= {minAnswers:UInt32} AND w_servers >= {minServers:UInt32}) OR w_bytes >= {minFloodBytes:UInt64})
      AND w_share >= {minUnasked:Float64}
  )
  GROUP BY client
  ORDER BY bytes DESC
  LIMIT 200`

/** Small questions with a forged sender, large answers to the victim. */
export default detector({
  id: 'amplification',
  version: 1,
  title: 'Reflection amplification',
  asks: 'Is a server made to flood a victim with answers, or a host flooded with answers it never asked for?',
  why: 'A real resolver keeps an answer for its TTL, fetches a truncated one over TCP, and asks before it is answered. A forged sender does none of this: the same question comes again inside the TTL, truncation is ignored, and at the other end answers arrive from many servers without any question. Answers of five times the size of the question are above 99 % of ordinary traffic.',
  attack: ['T1498.002'],
  parameters: {
    minQueries: {
      type: 'UInt32',
      default: 100,
      help: 'reflector: queries for one /24 or /56 within a minute',
      unit: 'queries',
    },
    minFactor: {
      type: 'Float64',
      default: 5,
      help: 'reflector: bytes answered for each byte asked',
    },
    minShare: {
      type: 'Float64',
      default: 0.8,
      help: 'reflector: share of questions repeated inside their TTL, or of truncated answers never fetched over TCP',
    },
    minAnswers: {
      type: 'UInt32',
      default: 50,
      help: 'victim: answers nobody asked for within ten seconds',
      unit: 'answers',
    },
    minServers: {
      type: 'UInt32',
      default: 10,
      help: 'victim: servers they come from',
      unit: 'servers',
    },
    minUnasked: {
      type: 'Float64',
      default: 0.9,
      help: 'victim: their share of all answers to this host',
    },
    minFloodBytes: {
      type: 'UInt64',
      default: 1_000_000,
      help: 'victim: bytes within ten seconds that are a flood from any number of servers',
      unit: 'bytes',
    },
  },
  rules: [
    {
      id: 'reflector',
      title: 'A server is used to flood a victim',
      sql: reflectorSql,
      subject: 'server = {server:IPv6} AND prefix = {prefix:IPv6}',
      judge: judgeReflector,
    },
    {
      id: 'victim',
      title: 'A host is flooded with answers it never asked for',
      needs: 'both-directions',
      sql: victimSql,
      subject: 'client = {client:IPv6}',
      judge: judgeVictim,
    },
  ],
  points: {
    'repeated inside the TTL': '30: the sender never heard the answer',
    'truncation ignored': '30, unless repeats have counted already: nobody came back over TCP',
    'answers from many servers': '30: nobody asked for them',
    'flood volume': '20, or 30 where it is the only reason: a megabyte within ten seconds',
    'amplification factor': '10 from 10 times, 20 from 30 times',
    'amplifying types': '15: ANY, DNSKEY, RRSIG or TXT in four of five',
    'one question': '15: nine of ten at a reflector, half at a victim',
    'one sender behind many addresses': '10: several addresses, one IP TTL',
    'large answers': '10: 512 bytes on average',
    'high rate': '30: a megabit a second to one network',
    'other hosts are paired': '15: both directions are known to be captured',
    'direction unknown': '-15: too few hosts to tell, and no question stands out',
  },
  benign: [
    'a forwarder without a cache, or a load test, behind one address',
    'monitoring that asks for a large record every second',
    'a capture that sees answers only: check the note on directions',
  ],
  next: [
    'overhear hunt address {victim}',
    'overhear hunt address {server}',
    'overhear hunt name {name}',
  ],
  references: [
    'US-CERT TA14-017A (amplification factors)',
    'Rossow, Amplification Hell, NDSS 2014',
    'RFC 8482 (minimal answers to ANY)',
    'RFC 5358 (BCP 140)',
  ],
})

interface ReflectorRow {
  server: string
  prefix: string
  bits: number
  first: string
  last: string
  queries: number
  factor: number
  repeated: number
  abandoned: number
  answer_bytes: number
}

interface FloodDetail {
  queries: number
  answers: number
  bytes: number
  mean: number
  amplifying: number
  addresses: number
  address: string
  servers: number
  ip_ttls: number
  name: string
  type: string
  top: number
  captures: string[]
}

/** What the exchanges of a flood have in common; `{condition}` is ours, values are bound. */
function floodDetail(condition: string): string {
  return `SELECT toFloat64(sum(n)) AS queries, toFloat64(sum(of_answers)) AS answers, toFloat64(sum(of_bytes)) AS bytes,
      bytes / greatest(answers, 1) AS mean, sumIf(n, qtype IN ${amplifying}) / greatest(queries, 1) AS amplifying,
      uniqExactMerge(of_clients) AS addresses, any(of_client) AS address, uniqExactMerge(of_servers) AS servers, uniqExactMerge(of_ttls) AS ip_ttls,
      argMax(qname, (n, qname)) AS name, argMax(toString(qtype), (n, qname)) AS type, max(n) / greatest(queries, 1) AS top,
      arrayDistinct(arrayFlatten(groupArray(of_captures))) AS captures
    FROM (
      SELECT qname, qtype, sum(greatest(attempts, 1)) AS n, countIf(response_frame > 0) AS of_answers,
        sum(response_bytes) AS of_bytes, uniqExactState(client) AS of_clients, any(client) AS of_client, uniqExactState(server) AS of_servers,
        uniqExactState(query_ip_ttl) AS of_ttls, groupUniqArray(20)(toString(capture)) AS of_captures
      FROM transactions
      WHERE ${inWindow} AND ${condition}
        AND ts BETWEEN toDateTime64({first:String}, 9, 'UTC') AND toDateTime64({last:String}, 9, 'UTC')
      GROUP BY qname, qtype
    )`
}

/** Of 595,959 ordinary answers 99 in 100 stay below this many times the size of their question. */
const ordinaryFactor = 5.1
/** Share of answers whose question is not in the capture, in 995,840 ordinary exchanges: lost packets. */
const ordinaryUnasked = 0.0072

const ofReflector = `server = {server:IPv6} AND ${prefix} = {prefix:IPv6} AND transport = 'udp' AND attempts > 0`
const ofVictim = `client = {client:IPv6} AND match = 'unsolicited' AND ${bothDirections}`

async function judgeReflector(rows: ReflectorRow[], bench: Bench): Promise<Draft[]> {
  const drafts: Draft[] = []
  const { minQueries, minFactor, minShare } = bench.parameters
  for (const row of rows) {
    const focus = { server: row.server, prefix: row.prefix }
    const bound = { ...focus, first: row.first, last: row.last }
    const [detail] = await bench.rows<FloodDetail>(floodDetail(ofReflector), bound)
    if (detail === undefined) continue
    const server = plainAddress(row.server)
    const bits = row.bits === 120 ? 24 : row.bits
    const network = `${plainAddress(row.prefix)}/${bits}`
    const victim = detail.addresses === 1 ? plainAddress(detail.address) : network
    const bitsPerSecond = (row.answer_bytes * 8) / 60
    const points: Points[] = [
      row.repeated >= minShare
        ? { name: 'repeated inside the TTL', points: 30 }
        : { name: 'truncation ignored', points: 30 },
    ]
    if (row.factor >= 10)
      points.push({ name: 'amplification factor', points: row.factor >= 30 ? 20 : 10 })
    if (detail.amplifying >= 0.8) points.push({ name: 'amplifying types', points: 15 })
    if (detail.top >= 0.9) points.push({ name: 'one question', points: 15 })
    if (detail.addresses > 1 && detail.ip_ttls === 1)
      points.push({ name: 'one sender behind many addresses', points: 10 })
    if (bitsPerSecond >= 1e6) points.push({ name: 'high rate', points: 30 })
    drafts.push({
      subject: { server, victim, name: detail.name, type: detail.type },
      identity: [server, network],
      why: `${server} answered ${count(detail.queries, 'query')} that claim to come from ${victim} with ${grouped(detail.bytes)} bytes, ${row.factor.toFixed(1)} times what was asked; ${percent(row.repeated)} of the questions came again inside their TTL and ${percent(detail.top)} were ${detail.type} ${detail.name}; the busiest minute held ${count(row.queries, 'query')} and ${grouped(bitsPerSecond)} bit/s of answers.`,
      first: row.first,
      last: row.last,
      measures: {
        queries_per_minute: { value: row.queries, threshold: minQueries },
        amplification_factor: {
          value: round(row.factor),
          threshold: minFactor,
          baseline: ordinaryFactor,
        },
        repeated_inside_ttl: { value: round(row.repeated), threshold: minShare },
        truncation_ignored: { value: round(row.abandoned), threshold: minShare },
        bytes: { value: detail.bytes, threshold: null },
        bits_per_second: { value: Math.round(bitsPerSecond), threshold: null },
        addresses: { value: detail.addresses, threshold: null },
        top_question_share: { value: round(detail.top), threshold: null },
      },
      points,
      ...(detail.top < 0.5
        ? { counterEvidence: ['many different questions, as a crowd behind one address would ask'] }
        : {
            counterEvidence: [],
            lookedAt: [
              'the questions are not the many different ones of a crowd behind one address',
            ],
          }),
      evidence: { where: ofReflector, parameters: focus },
      focus,
    })
  }
  return drafts
}

interface VictimRow {
  client: string
  first: string
  last: string
  unasked: number
  servers: number
  share: number
  bytes: number
}

async function judgeVictim(rows: VictimRow[], bench: Bench): Promise<Draft[]> {
  const drafts: Draft[] = []
  const { minAnswers, minServers, minUnasked, minFloodBytes } = bench.parameters
  for (const row of rows) {
    const focus = { client: row.client }
    const bound = { ...focus, first: row.first, last: row.last }
    const [detail] = await bench.rows<FloodDetail>(floodDetail(ofVictim), bound)
    if (detail === undefined) continue
    const victim = plainAddress(row.client)
    const isSpread = row.unasked >= minAnswers && row.servers >= minServers
    const isTwoWay = detail.captures.every((capture) => bench.vantage.twoWay.includes(capture))
    const points: Points[] = []
    if (isSpread) points.push({ name: 'answers from many servers', points: 30 })
    if (row.bytes >= minFloodBytes)
      points.push({ name: 'flood volume', points: isSpread ? 20 : 30 })
    if (detail.top >= 0.5) points.push({ name: 'one question', points: 15 })
    if (detail.amplifying >= 0.8) points.push({ name: 'amplifying types', points: 15 })
    if (detail.mean >= 512) points.push({ name: 'large answers', points: 10 })
    if (isTwoWay) points.push({ name: 'other hosts are paired', points: 15 })
    else if (detail.top < 0.5) points.push({ name: 'direction unknown', points: -15 })
    drafts.push({
      subject: { victim, name: detail.name, type: detail.type },
      identity: [victim],
      why: `${victim} got ${count(detail.answers, 'answer')} (${grouped(detail.bytes)} bytes) from ${count(detail.servers, 'server')} without asking; the busiest ten seconds held ${grouped(row.unasked)} from ${count(row.servers, 'server')}, at least ${percent(row.share)} of all its answers; ${percent(detail.top)} were ${detail.type} ${detail.name}.`,
      first: row.first,
      last: row.last,
      measures: {
        unasked_answers: { value: row.unasked, threshold: minAnswers },
        servers: { value: row.servers, threshold: minServers },
        unasked_share: {
          value: round(row.share),
          threshold: minUnasked,
          baseline: ordinaryUnasked,
        },
        bytes_in_ten_seconds: { value: row.bytes, threshold: minFloodBytes },
        bytes: { value: detail.bytes, threshold: null },
        bits_per_second: { value: Math.round((row.bytes * 8) / 10), threshold: null },
        mean_answer_bytes: { value: Math.round(detail.mean), threshold: null },
        top_question_share: { value: round(detail.top), threshold: null },
      },
      points,
      counterEvidence: isTwoWay
        ? []
        : ['too few hosts in the capture to be sure that it holds both directions'],
      evidence: { where: ofVictim, parameters: focus, show: 'answer' },
      focus,
    })
  }
  return drafts
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
