// Two answers to one query that differ: the query is found by its frame, so that the same id and port an hour later is another one.

import { inWindow, type Rule } from '../detector.ts'
import { judgeTwoAnswers } from './two-answers-judge.ts'

/** Bits of anomalies that make an answer a fragment of itself: it can differ from its copy for no reason of its own. */
const unreadable = `bitTest(anomaly_bits, 0) OR bitTest(anomaly_bits, 1) OR bitTest(anomaly_bits, 2) OR bitTest(anomaly_bits, 3) OR bitTest(anomaly_bits, 18)`

const answerColumns = `toString(capture) AS capture, toString(response_capture) AS answer_capture, frame, response_frame, ts, response_ts, client, server, client_port,
      id, qname, toString(qtype) AS type, toString(rcode) AS code, attempts, latency_us, response_ip_ttl AS ip_ttl, response_ip_id AS ip_id,
      response_bytes AS bytes, response_flags AS flags, toString(ecs) AS subnet,
      arrayFilter((record, section) -> section = 'answer', arrayMap((type, data, ttl) -> (toString(type), data, ttl), rr.type, rr.data, rr.ttl), rr.section) AS records`

const sql = `SELECT toString(first.client) AS client, toString(first.server) AS server, first.qname AS qname, first.type AS type,
    first.id AS id, first.client_port AS port, first.attempts AS attempts, first.subnet AS subnet,
    first.capture AS query_capture, first.frame AS query_frame,
    ${side('first', 1)}, first.latency_us AS latency_1,
    ${side('second', 2)}, greatest(0, dateDiff('microsecond', first.ts, second.response_ts)) AS latency_2
  FROM (
    SELECT ${answerColumns}
    FROM transactions
    PREWHERE match = 'conflict'
    WHERE ${inWindow} AND NOT (${unreadable})
    ORDER BY ts, response_frame
    LIMIT 2000
  ) AS second
  INNER JOIN (
    SELECT ${answerColumns}
    FROM transactions
    PREWHERE frame IN (SELECT frame FROM transactions PREWHERE match = 'conflict' WHERE ${inWindow})
    WHERE ${inWindow} AND match IN ('answered', 'late') AND NOT (${unreadable}) AND frame > 0
  ) AS first USING (capture, frame, client, server, qname, type)
  WHERE second.response_ts >= first.response_ts AND second.response_ts <= first.response_ts + INTERVAL 30 SECOND
  ORDER BY ts_2, frame_2, ts_1
  LIMIT 1 BY capture_2, frame_2`

/** Two answers to one query whose records have nothing to do with each other. */
export const twoAnswers: Rule = {
  id: 'two-answers',
  title: 'Two answers to one query differ',
  sql,
  subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6}) AND qname = {name:String} AND type = {type:String}`,
  judge: judgeTwoAnswers,
}

/** Its points, by name. */
export const twoAnswersPoints = {
  'two answers differ': '50: the record sets have nothing to do with each other',
  'hop counts differ': '15: IP TTLs two or more apart, so two senders',
  'first answer came early': '15: in less than half of the usual time of this server',
  'headers differ': '10: other flags, or an IP id of zero in one only',
  'one TTL is far longer': '10: a day or more, and ten times that of the other answer',
  'guesses came before': '20: answers with wrong ids or ports for the same name, within a minute',
  'query was sent again': '-30: each copy may have got its own answer',
  'answers overlap': '-30: they share a record',
  'client subnet': '-20: the answer may depend on the subnet given',
  'address of a translator': '-30: one answer is an IPv4 address inside IPv6 (DNS64)',
  'server does this often':
    '-30: of one server, more than one answer in a hundred, for five names or more, with the same hop count',
} as const

function side(table: string, n: number): string {
  return `${table}.answer_capture AS capture_${n}, ${table}.response_frame AS frame_${n},
    ${table}.response_ts AS ts_${n}, ${table}.code AS code_${n}, ${table}.ip_ttl AS ip_ttl_${n}, ${table}.ip_id AS ip_id_${n},
    ${table}.bytes AS bytes_${n}, ${table}.flags AS flags_${n}, arraySlice(${table}.records, 1, 50) AS records_${n}`
}
