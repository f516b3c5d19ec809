// Forged answers: two answers to one query that differ, and answers that fit a query in all but what a forger has to guess.

import { bothDirections, detector, inWindow } from './detector.ts'
import { judgeNearMisses, type NearMissKind } from './poisoning-near-miss.ts'
import { judgeTwoAnswers } from './poisoning-two-answers.ts'

/** Bits of anomalies that make an answer a fragment of itself: it can differ from its copy for no reason of its own. */
const unreadable = `bitTest(anomaly_bits, 0) OR bitTest(anomaly_bits, 1) OR bitTest(anomaly_bits, 2) OR bitTest(anomaly_bits, 3) OR bitTest(anomaly_bits, 18)`

const answerColumns = `toString(capture) AS capture, toString(response_capture) AS response_capture, frame, response_frame, offset, response_offset, ts, response_ts, client, server, client_port,
      id, qname, toString(qtype) AS type, toString(rcode) AS code, attempts, latency_us, response_ip_ttl AS ip_ttl, response_ip_id AS ip_id,
      response_bytes AS bytes, response_flags AS flags, toString(ecs) AS subnet, toString(match) AS verdict,
      arrayFilter((record, section) -> section = 'answer', arrayMap((type, data) -> (toString(type), data), rr.type, rr.data), rr.section) AS records`

const twoAnswersSql = `SELECT toString(first.client) AS client, toString(first.server) AS server, first.qname AS qname, first.type AS type,
    first.id AS id, first.client_port AS port, first.attempts AS attempts, first.subnet AS subnet,
    first.response_capture AS capture_1, first.response_frame AS frame_1, first.response_offset AS offset_1, first.response_ts AS ts_1,
    first.frame AS query_frame, first.offset AS query_offset,
    first.code AS code_1, first.latency_us AS latency_1, first.ip_ttl AS ip_ttl_1, first.ip_id AS ip_id_1, first.bytes AS bytes_1,
    first.flags AS flags_1, arraySlice(first.records, 1, 50) AS records_1,
    second.response_capture AS capture_2, second.response_frame AS frame_2, second.response_offset AS offset_2, second.response_ts AS ts_2,
    second.code AS code_2, dateDiff('microsecond', first.ts, second.response_ts) AS latency_2,
    second.ip_ttl AS ip_ttl_2, second.ip_id AS ip_id_2, second.bytes AS bytes_2, second.flags AS flags_2,
    arraySlice(second.records, 1, 50) AS records_2
  FROM (
    SELECT ${answerColumns}
    FROM transactions
    WHERE ${inWindow} AND match = 'conflict' AND NOT (${unreadable})
    ORDER BY ts, response_frame
    LIMIT 2000
  ) AS second
  INNER JOIN (
    SELECT ${answerColumns}
    FROM transactions
    WHERE ${inWindow} AND match IN ('answered', 'late') AND NOT (${unreadable})
      AND (client, server, client_port, id, qname) IN (
        SELECT client, server, client_port, id, qname FROM transactions WHERE ${inWindow} AND match = 'conflict'
      )
  ) AS first USING (client, server, client_port, id, qname, type)
  WHERE second.response_ts >= first.response_ts AND second.response_ts <= first.response_ts + INTERVAL 30 SECOND
  ORDER BY ts_2, frame_2, ts_1 DESC
  LIMIT 1 BY capture_2, frame_2`

/** What an answer may miss by, the threshold that counts, and what its group is. */
const kinds: readonly NearMissKind[] = [
  {
    rule: 'near-miss-id',
    verdict: 'wrong_id',
    title: 'Somebody guesses the id of a query',
    server: 'server',
    zone: `if(domain = '', qname, toString(domain))`,
    guessed: 'id',
    noun: 'id',
    base: 50,
  },
  {
    rule: 'near-miss-port',
    verdict: 'wrong_port',
    title: 'Somebody guesses the port of a query',
    server: 'server',
    zone: `if(domain = '', qname, toString(domain))`,
    guessed: 'client_port',
    noun: 'port',
    base: 50,
  },
  {
    rule: 'near-miss-question',
    verdict: 'wrong_question',
    title: 'Answers to another question than the one asked',
    server: 'server',
    zone: `''`,
    guessed: '(qname, qtype)',
    noun: 'question',
    base: 40,
  },
  {
    rule: 'near-miss-server',
    verdict: 'wrong_server',
    title: 'Answers from servers that were not asked',
    server: `toIPv6('::')`,
    zone: `if(domain = '', qname, toString(domain))`,
    guessed: 'server',
    noun: 'server',
    base: 30,
  },
]

/** Answers that lie. */
export default detector({
  id: 'poisoning',
  version: 1,
  title: 'Cache poisoning and forged answers',
  asks: 'Did a query get two answers that differ, or answers that missed it narrowly?',
  why: 'A forger on the path answers first and the true answer follows: two answers to one query whose records differ. In 27 million transactions of two universities two servers did this on their own, in a million of ours none. A forger off the path does not see the query and has to guess id and port: the misses arrive before the hit does.',
  attack: ['T1557', 'T1565.002'],
  parameters: {
    minGuesses: {
      type: 'UInt32',
      default: 5,
      help: 'different guesses within ten seconds at the queries of one client to one server for one domain',
      unit: 'guesses',
    },
    minBlind: {
      type: 'UInt32',
      default: 50,
      help: 'the same where both id and port are wrong, so that only the question shows whom it was for',
      unit: 'guesses',
    },
  },
  rules: [
    {
      id: 'two-answers',
      title: 'Two answers to one query differ',
      sql: twoAnswersSql,
      subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6}) AND qname = {name:String} AND type = {type:String}`,
      judge: judgeTwoAnswers,
    },
    ...kinds.map((kind) => ({
      id: kind.rule,
      title: kind.title,
      needs: 'both-directions' as const,
      sql: nearMissSql(kind),
      subject: 'client = {client:IPv6} AND server = {server:IPv6} AND zone = {zone:String}',
      judge: judgeNearMisses(kind),
    })),
  ],
  points: {
    'two answers differ': '50: the record sets have nothing to do with each other',
    'hop counts differ': '15: IP TTLs two or more apart, so two senders',
    'first answer came early': '15: in less than half of the usual time of this server',
    'headers differ': '10: other flags, or an IP id of zero in one only',
    'query was sent again': '-30: each copy may have got its own answer',
    'answers overlap': '-30: they share a record',
    'client subnet': '-20: the answer may depend on the subnet given',
    guesses: '50 (question: 40, server: 30), and 10 for each ten times more, 30 at most',
    'a guess was accepted':
      '30: what was guessed is what the query took, and another answer came after it',
    'many servers': '20: three or more that were not asked',
    'same as the accepted answer': '-40: nothing would change if one of them hit',
  },
  benign: [
    'a resolver that answers each retransmission from a rotating set',
    'a middlebox that answers for a blocked name (then it is the forger, on purpose)',
    'an address translation that changes ports, or a server that answers from its other address',
    'answers to queries that the capture lost',
  ],
  next: [
    'overhear hunt name {name}',
    'overhear hunt client {client}',
    'overhear hunt domain {domain}',
  ],
  references: [
    'Duan et al., Hold-On: Protecting Against On-Path DNS Poisoning, SATIN 2012',
    'RFC 5452 (measures against forged answers)',
    'Man et al., SAD DNS, CCS 2020',
  ],
})

/** Misses in ten seconds, in steps of five, for each client, server and zone. */
function nearMissSql(kind: NearMissKind): string {
  const { verdict, server, zone, guessed } = kind
  const blind = `match = 'unsolicited' AND (client, server, qname, qtype) IN (
          SELECT client, server, qname, qtype FROM transactions
          WHERE ${inWindow} AND attempts > 0 AND client IN (
            SELECT client FROM transactions WHERE ${inWindow} AND match = 'unsolicited'
            GROUP BY client, server, domain HAVING count() >= {minBlind:UInt32} AND uniq(id) >= {minBlind:UInt32}
          )
        )`
  const near = verdict === 'wrong_id' ? `(match = 'wrong_id' OR ${blind})` : `match = '${verdict}'`
  const enough =
    verdict === 'wrong_id'
      ? `(uniqExactIf(id, match = 'wrong_id') >= {minGuesses:UInt32} OR uniqExact(id) >= {minBlind:UInt32})`
      : `${verdict === 'wrong_server' ? 'count()' : 'w_guesses'} >= {minGuesses:UInt32}`
  return `SELECT client, server, zone, toString(min(w_first)) AS first, toString(max(w_last)) AS last,
    toFloat64(max(w_guesses)) AS guesses, max(w_blind) AS blind
  FROM (
    SELECT client, of_server AS server, zone, arrayJoin([slot, slot - 1]) AS start,
      min(seen) AS w_first, max(seen) AS w_last, uniqExact(guess) AS w_guesses,
      countIf(match = 'unsolicited') * 2 > count() AS w_blind
    FROM (
      SELECT response_ts AS seen, client, ${server} AS of_server, ${zone} AS zone, id, ${guessed} AS guess, match,
        toUInt32(intDiv(toUnixTimestamp(response_ts), 5)) AS slot
      FROM transactions
      WHERE ${inWindow} AND ${near} AND ${bothDirections}
    )
    GROUP BY client, server, zone, start
    HAVING ${enough}
  )
  GROUP BY client, server, zone
  ORDER BY guesses DESC
  LIMIT 200`
}
