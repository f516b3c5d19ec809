// Fragments of an answer in two versions: only the first fragment holds id and port, so the second can be swapped without guessing them.

import { plainAddress } from '../../../dns/address.ts'
import { inWindow, type Bench, type Draft, type Points, type Rule } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { answersAt, contrastOf } from './pair.ts'

interface FragmentRow {
  client: string
  server: string
  conflicts: number
  unfinished: number
  name: string
  type: string
  domain: string
  first: string
  last: string
  /** Capture, answer frame and query frame of answers with fragments that contradict each other. */
  places: [string, number, number][]
}

/** Fragments that contradict each other. */
export const fragments: Rule = {
  id: 'fragments',
  title: 'Two versions of a fragment of one answer',
  sql: `SELECT toString(of_client) AS client, toString(of_server) AS server, toFloat64(countIf(is_conflict)) AS conflicts,
    toFloat64(countIf(is_missing)) AS unfinished, argMaxIf(qname, response_ts, is_conflict) AS name,
    toString(argMaxIf(qtype, response_ts, is_conflict)) AS type, toString(argMaxIf(domain, response_ts, is_conflict)) AS domain,
    toString(minIf(response_ts, is_conflict)) AS first, toString(maxIf(response_ts, is_conflict)) AS last,
    arrayMap(place -> (place.2, place.3, place.4), groupArraySortedIf(4)((response_ts, toString(response_capture), response_frame, frame), is_conflict)) AS places
  FROM (
    SELECT client AS of_client, server AS of_server, qname, qtype, domain, response_ts, response_capture, response_frame, frame,
      bitTest(anomaly_bits, 25) AND response_frame > 0 AS is_conflict, bitTest(anomaly_bits, 26) AS is_missing
    FROM transactions
    PREWHERE bitAnd(anomaly_bits, ${(1 << 25) | (1 << 26)}) > 0
    WHERE ${inWindow}
  )
  GROUP BY of_client, of_server
  HAVING conflicts > 0
  ORDER BY conflicts DESC, client, server
  LIMIT 200`,
  subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6})`,
  benign: [
    'a host that used the same IP id again within a second, after an answer that was never completed',
    'a network card that damages packets',
  ],
  judge: judgeFragments,
}

/** Its points, by name. */
export const fragmentsPoints = {
  'fragments contradict each other': '60: same IP id and place, other bytes or another length',
  'several times': '20: in three answers or more',
  'answers differ': '10: the versions give answers with other records',
} as const

async function judgeFragments(rows: FragmentRow[], bench: Bench): Promise<Draft[]> {
  const places = rows.flatMap((row) => row.places.map(([capture, frame]) => ({ capture, frame })))
  const answerAt = await answersAt(bench, places)
  const versions = await bench.rows<{ capture: string; frame: number; query: number }>(
    `SELECT toString(of_capture) AS capture, of_frame AS frame, of_query AS query
    FROM (
      SELECT response_capture AS of_capture, response_frame AS of_frame, frame AS of_query FROM transactions
      WHERE ${inWindow} AND frame > 0 AND response_frame > 0 AND frame IN {queries:Array(UInt64)}
        AND match IN ('answered', 'late', 'duplicate', 'conflict')
    )
    ORDER BY capture, frame
    LIMIT 2000`,
    { queries: rows.flatMap((row) => row.places.map(([, , query]) => query)) },
  )
  const others = await answersAt(bench, versions)
  return rows.map((row) => {
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    const found = row.places
      .map(([capture, frame]) => answerAt({ capture, frame }))
      .filter((answer) => answer !== undefined)
    const [capture, frame, query] = row.places[0]
    const sibling = versions.find(
      (one) => query > 0 && one.capture === capture && one.query === query && one.frame !== frame,
    )
    const other = sibling === undefined ? undefined : others(sibling)
    const points: Points[] = [{ name: 'fragments contradict each other', points: 60 }]
    if (row.conflicts >= 3) points.push({ name: 'several times', points: 20 })
    const isOther = found.some(({ match }) => match === 'conflict') || other?.match === 'conflict'
    if (isOther) points.push({ name: 'answers differ', points: 10 })
    const shown = other === undefined ? found : [...found, other]
    shown.sort((a, b) => a.response_frame - b.response_frame)
    const versionsOfOne = shown.filter(
      (answer) => answer === other || answer.response_frame === frame,
    )
    return {
      subject: { client, server, name: row.name, type: row.type },
      identity: [client, server],
      why: `In ${count(row.conflicts, 'answer')} of ${server} to ${client}, such as that for ${row.type} ${row.name}, fragments with the same IP id and place have other bytes or another end. The id and the port of a query stand in the first fragment only: somebody off the path can send another second one without knowing them. ${isOther ? 'The versions give different records.' : 'Which version the client put together is not seen here.'}`,
      first: row.first,
      last: row.last,
      measures: {
        answers_with_two_versions: { value: row.conflicts, threshold: 1 },
        answers_never_completed: { value: row.unfinished, threshold: null },
      },
      points,
      counterEvidence:
        row.unfinished > 0
          ? [
              `${count(row.unfinished, 'answer')} of the same server were never completed, so the capture or the path loses fragments too`,
            ]
          : [],
      evidence: shown.slice(0, 5).map(answerEvidence),
      ...(versionsOfOne.length < 2
        ? {}
        : {
            contrast: contrastOf(versionsOfOne[0], versionsOfOne[1], [
              'put together first',
              'other version',
            ]),
          }),
      focus: { client: row.client, server: row.server },
    }
  })
}
