// What is usual for a server, learned from its plain answers: how far away it is, how long it takes, how often it says two things at once.

import { type Bench, inWindow } from '../detector.ts'

/** What one server usually does for one client. */
export interface Usual {
  client: string
  server: string
  /** Plain answers this is learned from. */
  answers: number
  /** Median time to an answer, microseconds; 0 with too few answers. */
  latency_us: number
  /** The most frequent IP TTL of its answers; 0 with too few answers. */
  ip_ttl: number
  /** Second answers that differed, their names, and repeated ones. */
  conflicts: number
  conflict_names: number
  duplicates: number
}

/** Answers a server needs before its usual values mean anything. */
const minAnswers = 10

/** What is usual for each pair of these clients and servers; pairs never seen are left out. */
export async function usualOf(
  bench: Bench,
  pairs: readonly { client: string; server: string }[],
): Promise<(pair: { client: string; server: string }) => Usual> {
  const rows =
    pairs.length === 0
      ? []
      : await bench.rows<Usual>(
          `SELECT toString(t.client) AS client, toString(t.server) AS server, toFloat64(countIf(plain)) AS answers,
            toFloat64(quantileIf(0.5)(latency_us, plain)) AS latency_us, topKIf(1)(response_ip_ttl, plain)[1] AS ip_ttl,
            toFloat64(countIf(match = 'conflict')) AS conflicts, toFloat64(uniqExactIf(cityHash64(qname), match = 'conflict')) AS conflict_names,
            toFloat64(countIf(match = 'duplicate')) AS duplicates
          FROM (
            SELECT client, server, latency_us, response_ip_ttl, match, if(match = 'conflict', qname, '') AS qname, match = 'answered' AS plain
            FROM transactions
            WHERE ${inWindow} AND match IN ('answered', 'conflict', 'duplicate')
              AND client IN {clients:Array(IPv6)} AND server IN {servers:Array(IPv6)}
          ) AS t
          GROUP BY client, server`,
          {
            clients: [...new Set(pairs.map((pair) => pair.client))],
            servers: [...new Set(pairs.map((pair) => pair.server))],
          },
        )
  const known = new Map(rows.map((row) => [`${row.client} ${row.server}`, row]))
  return ({ client, server }) => {
    const row = known.get(`${client} ${server}`)
    if (row === undefined) return { ...nothing, client, server }
    return row.answers >= minAnswers ? row : { ...row, latency_us: 0, ip_ttl: 0 }
  }
}

/** True when IP TTLs are too far apart for one sender: neighbouring routes differ by one hop. */
export function isOtherDistance(one: number, other: number): boolean {
  return Math.abs(one - other) >= 2
}

const nothing = {
  answers: 0,
  latency_us: 0,
  ip_ttl: 0,
  conflicts: 0,
  conflict_names: 0,
  duplicates: 0,
}
