// Loops: two servers that answer each other's answers, or send each other the same question round and round.

import { plainAddress } from '../../dns/address.ts'
import { type Bench, detector, type Draft, inWindow, type Points } from './detector.ts'
import { count, grouped } from './evidence.ts'

const pair = `least(client, server) AS one, greatest(client, server) AS other`
const isOneWay = `client = one`

/** Ten seconds in steps of five. */
function windows(source: string): string {
  return `SELECT one, other, qname, qtype, toString(min(w_first)) AS first, toString(max(w_last)) AS last, toFloat64(max(w_there)) AS there,
    toFloat64(max(w_back)) AS back, toFloat64(max(w_repeats)) AS repeats, toFloat64(sum(w_bytes)) AS bytes
  FROM (
    SELECT one, other, qname, qtype, arrayJoin([slot, slot - 1]) AS start, min(ts) AS w_first, max(ts) AS w_last, sumIf(n, is_there) AS w_there,
      sumIf(n, NOT is_there) AS w_back, sum(n) / uniqExact(id) AS w_repeats, sum(bytes) AS w_bytes
    FROM (${source})
    GROUP BY one, other, qname, qtype, start
    HAVING least(w_there, w_back) >= {minMessages:UInt32}`
}

const slot = `toUInt32(intDiv(toUnixTimestamp(ts), 5)) AS slot`

/** Answers from port 53 to port 53 that nobody asked for, the same one over and over in both directions. */
const answersSql = `${windows(`SELECT ts, ${pair}, qname, qtype, id, 1 AS n, response_bytes AS bytes, ${isOneWay} AS is_there, ${slot}
      FROM transactions
      WHERE ${inWindow} AND transport = 'udp' AND client_port = 53 AND server_port = 53 AND attempts = 0 AND response_frame > 0`)}
      AND w_repeats >= {minRepeats:Float64}
  )
  GROUP BY one, other, qname, qtype
  ORDER BY bytes DESC
  LIMIT 200`

/** Who asks whom, of clients that are asked themselves. */
const askingPairs = `
          SELECT client, server FROM transactions
          WHERE ${inWindow} AND attempts > 0 AND client IN (SELECT DISTINCT server FROM transactions WHERE ${inWindow} AND attempts > 0)
          GROUP BY client, server
        `

/** Questions between two servers that ask each other; pairs that do are few, so the rest is never looked at by name. */
const forwardingSql = `${windows(`SELECT ts, ${pair}, qname, qtype, id, attempts AS n, query_bytes AS bytes, ${isOneWay} AS is_there, ${slot}
      FROM transactions
      WHERE ${inWindow} AND transport = 'udp' AND attempts > 0 AND opcode = 'QUERY' AND client != server AND bitTest(query_flags, 8)
        AND (client, server) IN (${askingPairs}) AND (server, client) IN (${askingPairs})`)}
  )
  GROUP BY one, other, qname, qtype
  ORDER BY least(there, back) DESC
  LIMIT 200`

/** Traffic that feeds on itself. */
export default detector({
  id: 'loop',
  version: 1,
  title: 'Loop between servers',
  asks: 'Do two servers keep each other busy with the same message?',
  why: 'A server that answers an answer, or an error, starts a loop with any other that does: one forged packet is enough, and only a lost packet ends it. Two forwarders that point at each other do the same with questions. The same message in both directions, many times within seconds, has no other cause.',
  attack: ['T1498.001'],
  parameters: {
    minMessages: {
      type: 'UInt32',
      default: 10,
      help: 'messages in each direction within ten seconds',
      unit: 'messages',
    },
    minRepeats: {
      type: 'Float64',
      default: 5,
      help: 'answers: messages for each message id',
      unit: 'messages',
    },
  },
  rules: [
    {
      id: 'answers',
      title: 'Two servers answer each other',
      sql: answersSql,
      subject:
        'one = {one:IPv6} AND other = {other:IPv6} AND qname = {qname:String} AND qtype = {qtype:String}',
      judge: (rows: LoopRow[], bench: Bench) => rows.map((row) => draftOf(row, 'answers', bench)),
    },
    {
      id: 'forwarding',
      title: 'Two servers ask each other the same question',
      sql: forwardingSql,
      subject:
        'one = {one:IPv6} AND other = {other:IPv6} AND qname = {qname:String} AND qtype = {qtype:String}',
      judge: (rows: LoopRow[], bench: Bench) =>
        rows.map((row) => draftOf(row, 'forwarding', bench)),
    },
  ],
  points: {
    'answers to answers': '50: from port 53 to port 53, the same message id again and again',
    'the same question both ways': '50: each asks the other what it was asked',
    'high rate': '20: a hundred messages a second or more',
  },
  benign: ['two test servers that were pointed at each other on purpose'],
  next: ['overhear hunt address {client}', 'overhear hunt address {server}'],
  references: [
    'CISPA: Loop DoS, application-layer loops (2024)',
    'RFC 1035 section 4.1.1 (QR)',
    'RFC 5625 section 6.2 (forwarding loops)',
  ],
})

interface LoopRow {
  one: string
  other: string
  qname: string
  qtype: string
  first: string
  last: string
  there: number
  back: number
  repeats: number
  bytes: number
}

function draftOf(row: LoopRow, kind: 'answers' | 'forwarding', bench: Bench): Draft {
  const { minMessages = 0, minRepeats = 0 } = bench.parameters
  const [client, server] = [plainAddress(row.one), plainAddress(row.other)]
  const perSecond = (row.there + row.back) / 10
  const isAnswers = kind === 'answers'
  const points: Points[] = [
    { name: isAnswers ? 'answers to answers' : 'the same question both ways', points: 50 },
  ]
  if (perSecond >= 100) points.push({ name: 'high rate', points: 20 })
  const focus = { one: row.one, other: row.other, qname: row.qname, qtype: row.qtype }
  const question = row.qname === '' ? 'without a question' : `for ${row.qtype} ${row.qname}`
  return {
    subject: { client, server, ...(row.qname !== '' && { name: row.qname, type: row.qtype }) },
    identity: [client, server, row.qname, row.qtype],
    why: `${client} and ${server} sent each other ${isAnswers ? 'answers' : 'questions'} ${question}: the busiest ten seconds held ${count(row.back, 'message')} one way and ${grouped(row.there)} the other${isAnswers ? `, ${grouped(row.repeats)} for each message id and none of them asked for` : ''}.`,
    first: row.first,
    last: row.last,
    measures: {
      messages_one_way: { value: row.back, threshold: minMessages },
      messages_other_way: { value: row.there, threshold: minMessages },
      messages_per_id: { value: Math.round(row.repeats), threshold: isAnswers ? minRepeats : null },
      messages_per_second: { value: perSecond, threshold: null },
    },
    points,
    counterEvidence: [],
    evidence: {
      where: `least(client, server) = {one:IPv6} AND greatest(client, server) = {other:IPv6} AND qname = {qname:String} AND qtype = {qtype:String}
        AND ${isAnswers ? 'attempts = 0 AND response_frame > 0' : 'attempts > 0'}`,
      parameters: focus,
      ...(isAnswers && { show: 'answer' as const }),
    },
    focus,
  }
}
