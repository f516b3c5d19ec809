// Letters of the question that came back changed (0x20): who saw the query knows them, who guesses does not.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points, type Rule } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { answersAt } from './pair.ts'

interface LetterCaseRow {
  client: string
  server: string
  changed: number
  names: number
  name: string
  type: string
  domain: string
  first: string
  last: string
  /** Capture and answer frame. */
  places: [string, number][]
}

/** Answers that kept the letters before one that did not means anything. */
const minKept = 20
/** A server that changes more than one in twenty does so by itself. */
const mostChanged = 0.05

/** Letters that changed on the way. */
export const letterCase: Rule = {
  id: 'letter-case',
  title: 'An answer does not repeat the letters of its question',
  sql: `SELECT toString(of_client) AS client, toString(of_server) AS server, toFloat64(count()) AS changed, toFloat64(uniqExact(qname)) AS names,
    topK(1)(qname)[1] AS name, toString(argMax(qtype, response_ts)) AS type, toString(argMax(domain, response_ts)) AS domain,
    toString(min(response_ts)) AS first, toString(max(response_ts)) AS last,
    arrayMap(place -> (place.2, place.3), groupArraySorted(3)((response_ts, toString(response_capture), response_frame))) AS places
  FROM (
    SELECT client AS of_client, server AS of_server, qname, qtype, domain, response_ts, response_capture, response_frame
    FROM transactions
    PREWHERE bitTest(anomaly_bits, 21)
    WHERE ${inWindow} AND match IN ('answered', 'late', 'conflict', 'duplicate')
  )
  GROUP BY of_client, of_server
  ORDER BY changed, client, server
  LIMIT 500`,
  subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6})`,
  benign: [
    'a server or a cache that writes names in lower case (then it does so for all of them)',
    'a middlebox that rewrites messages',
  ],
  judge: judgeLetterCase,
}

/** Its points, by name. */
export const letterCasePoints = {
  'letters of the question changed':
    '40: this server kept them before, twenty times or more, and changes less than one in twenty',
} as const

async function judgeLetterCase(rows: LetterCaseRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const kept = await bench.rows<{ client: string; server: string; n: number }>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, toFloat64(count()) AS n
    FROM (
      SELECT client AS of_client, server AS of_server FROM transactions
      WHERE ${inWindow} AND match = 'answered' AND qname_raw != '' AND NOT bitTest(anomaly_bits, 21)
        AND client IN {clients:Array(IPv6)} AND server IN {servers:Array(IPv6)}
    )
    GROUP BY client, server`,
    {
      clients: [...new Set(rows.map(({ client }) => client))],
      servers: [...new Set(rows.map(({ server }) => server))],
    },
  )
  const judged = rows.flatMap((row) => {
    const n = kept.find((one) => one.client === row.client && one.server === row.server)?.n ?? 0
    return n >= minKept && row.changed <= mostChanged * n ? [{ row, n }] : []
  })
  const guesses = await guessesAt(
    bench,
    judged.map(({ row }) => row),
  )
  const answerAt = await answersAt(
    bench,
    judged.flatMap(({ row }) => row.places.map(([capture, frame]) => ({ capture, frame }))),
  )
  return judged.map(({ row, n }) => {
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    const points: Points[] = [{ name: 'letters of the question changed', points: 40 }]
    const guessed = guesses(row.client, row.domain)
    if (guessed > 0) points.push({ name: 'guesses came before', points: 20 })
    return {
      subject: { client, server, name: row.name, type: row.type },
      identity: [client, server],
      why: `${server} repeated the letters of the questions of ${client} as they were sent ${count(n, 'time')}, but ${row.changed === 1 ? 'one answer' : count(row.changed, 'answer')} for ${row.names === 1 ? row.name : `${count(row.names, 'name')} such as ${row.name}`} did not. Who sees a query can copy its letters: such an answer is from somebody off the path, or from another machine.`,
      first: row.first,
      last: row.last,
      measures: {
        answers_with_changed_letters: { value: row.changed, threshold: 1 },
        answers_with_kept_letters: { value: n, threshold: minKept },
        share_changed: { value: Number((row.changed / n).toPrecision(2)), threshold: mostChanged },
        guesses_at_the_domain: { value: guessed, threshold: 1 },
      },
      points,
      counterEvidence: [],
      evidence: row.places
        .map(([capture, frame]) => answerAt({ capture, frame }))
        .filter((answer) => answer !== undefined)
        .map(answerEvidence),
      focus: { client: row.client, server: row.server },
    }
  })
}

/** How many answers with a wrong id or port each of these clients got for a domain. */
export async function guessesAt(
  bench: Bench,
  subjects: readonly { client: string; domain: string }[],
): Promise<(client: string, domain: string) => number> {
  if (subjects.length === 0) return () => 0
  const rows = await bench.rows<{ client: string; domain: string; n: number }>(
    `SELECT toString(of_client) AS client, toString(of_domain) AS domain, toFloat64(count()) AS n
    FROM (
      SELECT client AS of_client, domain AS of_domain FROM transactions
      WHERE ${inWindow} AND match IN ('wrong_id', 'wrong_port') AND domain IN {domains:Array(String)} AND client IN {clients:Array(IPv6)}
    )
    GROUP BY client, domain`,
    {
      clients: [...new Set(subjects.map(({ client }) => client))],
      domains: [...new Set(subjects.map(({ domain }) => domain))],
    },
  )
  return (client, domain) =>
    rows.find((row) => row.client === client && row.domain === domain)?.n ?? 0
}
