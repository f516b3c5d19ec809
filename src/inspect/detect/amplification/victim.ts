// The other end of a reflection: a host, or a network, that gets answers it never asked for.

import { plainAddress } from '../../../dns/address.ts'
import {
  answeredWire,
  bitRate,
  type FloodDetail,
  floodDetail,
  floodParameters,
  percent,
  prefix,
  prefixBits,
  questionPoints,
  round,
} from './flood.ts'
import {
  type Bench,
  bothDirections,
  type Draft,
  inWindow,
  type Points,
  type Rule,
} from '../detector.ts'
import { count, grouped, insideFinding } from '../evidence.ts'

/** Mean size of unasked answers from which few servers are enough: ordinary answers stay below, reflected ones do not. */
const largeBytes = 512

const isUnasked = `match = 'unsolicited' AND attempts = 0`

/** Share of answers whose question is not in the capture, in 995,840 ordinary exchanges: lost packets. */
const ordinaryUnasked = 0.0072

/** A flood by its numbers: many servers, large answers, or a megabyte. */
const isFlood = (unasked: string, servers: string, bytes: string) =>
  `((${unasked} >= {minAnswers:UInt32} AND (${servers} >= {minServers:UInt32} OR ${bytes} >= ${largeBytes} * ${unasked})) OR ${bytes} >= {minFloodBytes:UInt64})`

/**
 * Ten seconds in steps of five. Hosts that get answers of their own are left out before their network is added up, so that a flood at
 * every address of a network is seen although each gets little, and neighbours do not hide it.
 */
const sql = `SELECT prefix, bits, toString(min(w_first)) AS first, toString(max(w_last)) AS last, toFloat64(max(w_unasked)) AS unasked,
    max(w_servers) AS servers, max(w_clients) AS clients, min(w_share) AS share, toFloat64(max(w_bytes)) AS bytes, toFloat64(max(w_wire)) AS wire_bytes
  FROM (
    SELECT ${prefix} AS prefix, ${prefixBits} AS bits, start, min(c_first) AS w_first, max(c_last) AS w_last, sum(c_unasked) AS w_unasked,
      uniqExactMerge(c_servers) AS w_servers, count() AS w_clients, w_unasked / sum(c_all) AS w_share, sum(c_bytes) AS w_bytes, sum(c_wire) AS w_wire
    FROM (
      SELECT client, arrayJoin([slot, slot - 1]) AS start, minIf(ts, is_unasked) AS c_first, maxIf(ts, is_unasked) AS c_last,
        countIf(is_unasked) AS c_unasked, count() AS c_all, uniqExactStateIf(server, is_unasked) AS c_servers,
        sumIf(response_bytes, is_unasked) AS c_bytes, sumIf(wire, is_unasked) AS c_wire
      FROM (
        SELECT ts, client, server, ${isUnasked} AS is_unasked, response_bytes, ${answeredWire} AS wire,
          toUInt32(intDiv(toUnixTimestamp(response_ts), 5)) AS slot
        FROM transactions
        WHERE ${inWindow} AND transport = 'udp' AND response_frame > 0 AND ${bothDirections} AND client IN (
          SELECT client FROM (
            SELECT client, ${prefix} AS prefix, count() AS n, sum(response_bytes) AS n_bytes FROM transactions
            WHERE ${inWindow} AND transport = 'udp' AND ${isUnasked} AND ${bothDirections}
            GROUP BY client
          )
          WHERE prefix IN (
            SELECT ${prefix} AS prefix FROM transactions
            WHERE ${inWindow} AND transport = 'udp' AND ${isUnasked} AND ${bothDirections}
            GROUP BY prefix HAVING count() >= {minAnswers:UInt32} OR sum(response_bytes) >= {minFloodBytes:UInt64}
          )
        )
      )
      GROUP BY client, start
      HAVING c_unasked > 0 AND c_unasked / c_all >= {minUnasked:Float64}
    )
    GROUP BY prefix, bits, start
    HAVING ${isFlood('w_unasked', 'w_servers', 'w_bytes')}
  )
  GROUP BY prefix, bits
  ORDER BY bytes DESC
  LIMIT 1000`

/** Answers without questions. */
export const victim: Rule = {
  id: 'victim',
  title: 'A host is flooded with answers it never asked for',
  needs: 'both-directions',
  sql,
  subject: 'prefix = {prefix:IPv6}',
  judge: judgeVictim,
}

interface VictimRow {
  prefix: string
  bits: number
  first: string
  last: string
  unasked: number
  servers: number
  clients: number
  share: number
  bytes: number
  wire_bytes: number
}

const ofFlood = `${isUnasked} AND transport = 'udp' AND ${bothDirections}`

async function judgeVictim(rows: VictimRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const details = await bench.rows<FloodDetail>(floodDetail(ofFlood, false), floodParameters(rows))
  return details.flatMap((detail) => {
    const row = rows[detail.place - 1]
    return row === undefined ? [] : [draftOf(row, detail, bench)]
  })
}

function draftOf(row: VictimRow, detail: FloodDetail, bench: Bench): Draft {
  const { minAnswers = 0, minServers = 0, minUnasked = 0, minFloodBytes = 0 } = bench.parameters
  const focus = { prefix: row.prefix }
  const network = `${plainAddress(row.prefix)}/${row.bits === 120 ? 24 : row.bits}`
  const isOne = detail.addresses === 1
  const name = isOne ? plainAddress(detail.address) : network
  const who = isOne ? name : `${count(detail.addresses, 'address')} of ${network}`
  const isTwoWay = detail.captures.every((capture) => bench.vantage.twoWay.includes(capture))
  const bitsPerSecond = (row.wire_bytes * 8) / 10
  return {
    subject: {
      victim: name,
      ...(detail.servers === 1 && { server: plainAddress(detail.server) }),
      name: detail.name,
      type: detail.type,
    },
    identity: [network],
    why: `${who} got ${count(detail.answers, 'answer')} (${grouped(detail.bytes)} bytes) from ${count(detail.servers, 'server')} without asking; the busiest ten seconds held ${grouped(row.unasked)} from ${count(row.servers, 'server')}, ${bitRate(bitsPerSecond)}, at least ${percent(row.share)} of all answers to these hosts; ${percent(detail.top)} were ${detail.type} ${detail.name}, ${grouped(detail.mean)} bytes on average.`,
    first: row.first,
    last: row.last,
    measures: {
      unasked_answers: { value: row.unasked, threshold: minAnswers },
      servers: { value: row.servers, threshold: minServers },
      unasked_share: { value: round(row.share), threshold: minUnasked, baseline: ordinaryUnasked },
      bytes_in_ten_seconds: { value: row.bytes, threshold: minFloodBytes },
      mean_answer_bytes: { value: Math.round(detail.mean), threshold: largeBytes },
      answers_per_second: { value: row.unasked / 10, threshold: null },
      bits_per_second: { value: Math.round(bitsPerSecond), threshold: null },
      bytes: { value: detail.bytes, threshold: null },
      wire_bytes: { value: detail.wire_bytes, threshold: null },
      fragmented_answers: { value: detail.fragmented, threshold: null },
      addresses: { value: detail.addresses, threshold: null },
      top_question_share: { value: round(detail.top), threshold: null },
    },
    points: pointsOf(row, detail, isTwoWay, bench.parameters),
    counterEvidence: isTwoWay
      ? []
      : ['too few hosts in the capture to be sure that it holds both directions'],
    evidence: {
      where: `${isOne ? 'client = {client:IPv6}' : `${prefix} = {prefix:IPv6}`} AND ${ofFlood} AND ${insideFinding}`,
      parameters: { ...focus, client: detail.address, first: row.first, last: row.last },
      show: 'answer',
    },
    focus,
  }
}

function pointsOf(
  row: VictimRow,
  detail: FloodDetail,
  isTwoWay: boolean,
  { minAnswers = 0, minServers = 0, minFloodBytes = 0 }: Readonly<Record<string, number>>,
): Points[] {
  const points: Points[] = []
  const isMany = row.unasked >= minAnswers && row.servers >= minServers
  const isAgain = !isMany && detail.top_ten >= 0.9 && detail.mean >= largeBytes
  if (isMany) points.push({ name: 'answers from many servers', points: 30 })
  else if (isAgain) points.push({ name: 'the same large answers again', points: 30 })
  if (row.bytes >= minFloodBytes)
    points.push({ name: 'flood volume', points: isMany || isAgain ? 20 : 30 })
  points.push(...questionPoints(detail, 0.5))
  if (detail.mean >= largeBytes) points.push({ name: 'large answers', points: 10 })
  if (isTwoWay) points.push({ name: 'other hosts are paired', points: 15 })
  else if (detail.top_ten < 0.9) points.push({ name: 'direction unknown', points: -30 })
  return points
}
