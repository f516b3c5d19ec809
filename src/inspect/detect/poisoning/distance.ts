// One look at how far away each server is and how fast it answers: answers in its name from another place, and truncated ones nobody follows.

import { inWindow, type Rule } from '../detector.ts'
import { judgeDistances, minForTruncation, minNeighbours } from './distance-judge.ts'

/**
 * Clients with something to judge: a server at two distances, four servers, or so many answers of one that a truncated one is rare. Of the
 * others nothing is kept: 560 ms of CPU become 85 over 1.2 million rows of 20,000 clients.
 */
const judged = `SELECT client FROM transactions
      PREWHERE match = 'answered'
      WHERE ${inWindow} AND transport = 'udp'
      GROUP BY client
      HAVING min(response_ip_ttl) != max(response_ip_ttl) OR uniqUpTo(${minNeighbours})(server) >= ${minNeighbours}
        OR (count() >= ${minForTruncation} AND max(bitTest(response_flags, 9)) = 1)`

/** Answers that come from elsewhere than the server is (interception), and answers that push a client to TCP (truncation). */
export const distances: Rule = {
  id: 'interception',
  title: 'Answers in the name of a server come from somewhere else',
  sql: `SELECT toString(of_client) AS client, toString(of_server) AS server, response_ip_ttl AS ip_ttl, toFloat64(count()) AS answers,
    toFloat64(quantileBFloat16(0.5)(latency_ns)) / 1000 AS latency_us, toString(min(ts)) AS first, toString(max(ts)) AS last,
    toFloat64(countIf(bitTest(response_flags, 9))) AS truncated, max(bitTest(response_flags, 7)) AS recursion
  FROM (
    SELECT client AS of_client, server AS of_server, response_ip_ttl, latency_ns, ts, response_flags
    FROM transactions
    PREWHERE match = 'answered'
    WHERE ${inWindow} AND transport = 'udp' AND client IN (${judged})
  )
  GROUP BY of_client, of_server, ip_ttl
  ORDER BY answers DESC, client, server, ip_ttl
  LIMIT 20000`,
  subject: `client = toString({client:IPv6}) AND (server = toString({server:IPv6}) OR {server:IPv6} = toIPv6('::'))`,
  benign: [
    'a transparent DNS proxy, on purpose',
    'an anycast server whose nearest site changed (then all names change together)',
    'several machines behind one address',
    'a server that truncates at times to slow down floods (RRL)',
  ],
  judge: judgeDistances,
}

/** Its points, by name. */
export const distancesPoints = {
  'another distance': '20: three hops or more from most of its answers',
  'too fast for the way': '15: less than three tenths of its usual time',
  'always for these names':
    '20: two names or more are only ever answered so, twice each, in between others that are not',
  'one address for all of them': '20: those names all got the same address',
  'all servers at one distance':
    '50: four servers of different networks, outside, all two hops away at most and exactly as far',
  'truncated without need':
    '30: one answer in a thousand at most, without data, never followed over TCP',
} as const
