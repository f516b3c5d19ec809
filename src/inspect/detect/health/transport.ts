// Ways that do not work: TCP after truncation (RFC 7766), EDNS (RFC 6891), and clients that do not remember failures (RFC 9520).

import { plainAddress } from '../../../dns/address.ts'
import { bothDirections, type Draft, type Rule } from '../detector.ts'
import { count } from '../evidence.ts'
import { asked, draftOf, listed, percent } from './fault.ts'
import type { Server } from './servers.ts'

/** A question that fails over and over: its densest minute. */
const repeatedSql = `SELECT toString(client) AS client, toString(server) AS server, qname AS name, toString(qtype) AS type, toFloat64(sum(n)) AS queries,
    toFloat64(max(n)) AS busiest, arraySort(groupUniqArrayArray(4)(results)) AS results, toString(min(first)) AS first, toString(max(last)) AS last
  FROM (
    SELECT client, server, qname, qtype, toUInt32(intDiv(toUnixTimestamp(ts), 60)) AS minute, sum(attempts) AS n, min(ts) AS first, max(ts) AS last,
      groupUniqArray(4)(if(response_frame > 0, toString(rcode), 'no answer')) AS results
    FROM transactions
    WHERE ${asked} AND attempts > 0 AND match IN ('answered', 'late', 'unanswered') AND ${bothDirections}
      AND (rcode IN ('SERVFAIL', 'REFUSED') OR match = 'unanswered')
    GROUP BY client, server, qname, qtype, minute
    HAVING n > 60
  )
  GROUP BY client, server, name, type
  ORDER BY queries DESC, client, server, name, type
  LIMIT 50`

/** Rule `repeated-failure`. */
export const repeatedRule: Rule = {
  id: 'repeated-failure',
  title: 'A failing question is asked again and again',
  needs: 'both-directions',
  sql: repeatedSql,
  subject:
    'client = {client:String} AND server = {server:String} AND name = {name:String} AND type = {type:String}',
  judge: (rows: Repeated[]) => rows.map(repeated),
}

/** What became of truncated answers and of EDNS at one server, for rules `truncation` and `edns`. */
export function judgeWays(row: Server): Draft[] {
  const hasNoTcp = row.cut >= 3 && row.tcp_lost >= 3 && row.fetched === 0
  const hasNoEdns = row.edns_bad >= 3 && row.edns_bad === row.with_edns && row.plain >= 3
  return [...(hasNoTcp ? [truncation(row)] : []), ...(hasNoEdns ? [edns(row)] : [])]
}

interface Repeated {
  server: string
  first: string
  last: string
  client: string
  name: string
  type: string
  queries: number
  busiest: number
  results: string[]
}

function truncation(row: Server): Draft {
  const server = plainAddress(row.server)
  return draftOf({
    rule: 'truncation',
    title: 'Truncated answers cannot be fetched over TCP',
    level: 'ERROR',
    test: 'CONNECTIVITY02',
    subject: { server },
    identity: [server],
    why: `${server} truncated ${count(row.cut, 'answer')} and left all ${count(row.tcp_lost, 'query')} over TCP unanswered: what does not fit a datagram cannot be had.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { tcp_unanswered: { value: row.tcp_lost, threshold: 3 } },
    where: `server = {address:IPv6} AND (transport = 'tcp' OR bitTest(response_flags, 9))`,
    bound: { server: row.server, address: row.server },
  })
}

function edns(row: Server): Draft {
  const server = plainAddress(row.server)
  return draftOf({
    rule: 'edns',
    title: 'A server fails at EDNS',
    level: 'WARNING',
    test: 'NAMESERVER02',
    subject: { server },
    identity: [server],
    why: `${server} answered ${percent(row.edns_bad / row.with_edns)} of ${count(row.with_edns, 'query')} with EDNS by FORMERR or NOTIMP, and ${count(row.plain, 'query')} without it well.`,
    first: row.first,
    last: row.last,
    answers: row.answers,
    measures: { refused_edns: { value: row.edns_bad, threshold: 3 } },
    where: `server = {address:IPv6} AND edns_size > 0 AND rcode IN ('FORMERR', 'NOTIMP')`,
    bound: { server: row.server, address: row.server },
  })
}

function repeated(row: Repeated): Draft {
  const [client, server] = [plainAddress(row.client), plainAddress(row.server)]
  return draftOf({
    level: 'NOTICE',
    test: '',
    subject: { client, server, name: row.name, type: row.type },
    identity: [client, server, row.name, row.type],
    why: `${client} sent ${row.type} ${row.name} to ${server} ${count(row.queries, 'time')}, ${count(row.busiest, 'time')} within one minute, and got ${listed(row.results)} each time: a failure is to be remembered for a second at least (RFC 9520).`,
    first: row.first,
    last: row.last,
    answers: row.queries,
    measures: { queries_per_minute: { value: row.busiest, threshold: 60 } },
    where: `client = {asker:IPv6} AND server = {address:IPv6} AND qname = {name:String} AND qtype = {type:String}`,
    bound: {
      client: row.client,
      asker: row.client,
      server: row.server,
      address: row.server,
      name: row.name,
      type: row.type,
    },
  })
}
