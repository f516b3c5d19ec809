// What is asked about near misses in all groups at once: what they said, what the query really got, and what loss alone would bring.

import { type Bench, inWindow } from '../detector.ts'
import { answerRecords } from '../evidence.ts'
import type { NearMissKind } from './near-miss-judge.ts'
import { type AnswerRow, answersWhere } from './pair.ts'

/** A group of misses that passed the threshold; `guesses` is the most within ten seconds. */
export interface NearMissRow {
  client: string
  server: string
  zone: string
  first: string
  last: string
  guesses: number
  blind: number
}

/** What the misses of a group have in common. */
export interface NearMissDetail {
  client: string
  server: string
  zone: string
  misses: number
  names: number
  name: string
  type: string
  servers: number
  ports: number
  /** Share that says what an accepted answer says. */
  same: number
  /** Second, differing answers to the names. */
  conflicts: number
  /** The first misses: capture and frame, the name, and capture and frame of the query they are near to. */
  places: [string, number, string, string, number][]
}

/** What a client otherwise has. */
export interface Background {
  client: string
  zone: string
  /** Answers without their query, for each answer with it, in other zones. */
  lost: number
  /** Most answers in ten seconds, and most names in a minute, of this zone. */
  answers: number
  names: number
}

/** SQL that leaves the misses of the groups bound as clients, servers and zones. */
function missesOf(kind: NearMissKind): string {
  return `match IN {verdicts:Array(String)} AND client IN {clients:Array(IPv6)} AND ${kind.server} IN {servers:Array(IPv6)} AND ${kind.zone} IN {zones:Array(String)}`
}

/** The values for `missesOf`. Blind misses have an unasked answer's verdict. */
function groupValues(kind: NearMissKind, rows: readonly NearMissRow[]) {
  const isBlind = rows.some(({ blind }) => blind !== 0)
  return {
    verdicts: isBlind ? [kind.verdict, 'unsolicited'] : [kind.verdict],
    clients: [...new Set(rows.map(({ client }) => client))],
    servers: [...new Set(rows.map(({ server }) => server))],
    zones: [...new Set(rows.map(({ zone }) => zone))],
  }
}

/** Groups whose questions were asked: blind misses of a name nobody asked for are somebody else's noise. */
export async function askedGroups(
  bench: Bench,
  kind: NearMissKind,
  rows: readonly NearMissRow[],
): Promise<NearMissRow[]> {
  const blind = rows.filter((row) => row.blind !== 0)
  if (blind.length === 0) return [...rows]
  const asked = await bench.rows<Pick<NearMissRow, 'client' | 'server' | 'zone'>>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, zone
    FROM (
      SELECT client AS of_client, ${kind.server} AS of_server, ${kind.zone} AS zone, qname
      FROM transactions
      WHERE ${inWindow} AND ${missesOf(kind)}
    )
    WHERE (of_client, qname) IN (
      SELECT client, qname FROM transactions
      WHERE ${inWindow} AND attempts > 0 AND client IN {clients:Array(IPv6)} AND ${kind.zone} IN {zones:Array(String)}
    )
    GROUP BY client, server, zone
    HAVING count() >= {minBlind:UInt32}`,
    groupValues(kind, blind),
  )
  const isAsked = (row: NearMissRow) =>
    asked.some(
      ({ client, server, zone }) =>
        client === row.client && server === row.server && zone === row.zone,
    )
  return rows.filter((row) => row.blind === 0 || isAsked(row))
}

/**
 * Groups without those of which most fit, in id, port and name, a query of the client that is left without an answer: they answer it, and
 * were captured before it, by a second clock that is slow. Nobody guesses what is asked a second later.
 */
export async function guessedGroups(
  bench: Bench,
  kind: NearMissKind,
  rows: readonly NearMissRow[],
): Promise<NearMissRow[]> {
  if (rows.length === 0) return []
  const early = await bench.rows<Pick<NearMissRow, 'client' | 'server' | 'zone'>>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, zone
    FROM (
      SELECT client AS of_client, ${kind.server} AS of_server, ${kind.zone} AS zone, server AS from_server, client_port, id, qname
      FROM transactions
      WHERE ${inWindow} AND ${missesOf(kind)}
    )
    GROUP BY client, server, zone
    HAVING countIf((of_client, from_server, client_port, id, qname) IN (
      SELECT client, server, client_port, id, qname FROM transactions
      WHERE ${inWindow} AND match IN ('unanswered', 'open') AND client IN {clients:Array(IPv6)} AND ${kind.zone} IN {zones:Array(String)}
    )) * 2 > count()`,
    groupValues(kind, rows),
  )
  const isEarly = (row: NearMissRow) =>
    early.some(
      ({ client, server, zone }) =>
        client === row.client && server === row.server && zone === row.zone,
    )
  return rows.filter((row) => !isEarly(row))
}

/** The details of all groups. Of answers the answer section alone: a forged one names the zone's real servers too, with addresses of its own. */
export function detailsOf(
  bench: Bench,
  kind: NearMissKind,
  rows: readonly NearMissRow[],
): Promise<NearMissDetail[]> {
  return bench.rows<NearMissDetail>(
    `SELECT toString(missed.client) AS client, toString(of_server) AS server, of_zone AS zone,
      toFloat64(count()) AS misses, toFloat64(uniqExact(qname)) AS names, topK(1)(qname)[1] AS name, toString(topK(1)(qtype)[1]) AS type,
      toFloat64(uniqExact(from_server)) AS servers, toFloat64(uniqExact(client_port)) AS ports,
      countIf(has(digests, answer_digest) OR hasAny(told, data)) / count() AS same,
      toFloat64(sum(conflicted)) AS conflicts,
      arrayMap(place -> (place.2, place.3, place.4, place.5, place.6), groupArraySorted(4)((response_ts, toString(answer_capture), response_frame, qname, toString(capture), frame))) AS places
    FROM (
      SELECT client, server AS from_server, ${kind.server} AS of_server, ${kind.zone} AS of_zone, qname, qtype, client_port,
        answer_digest, ${answerRecords} AS data, response_ts, response_capture AS answer_capture, response_frame, capture, frame
      FROM transactions
      WHERE ${inWindow} AND ${missesOf(kind)}
    ) AS missed
    LEFT JOIN (
      SELECT client, qname, groupUniqArrayIf(100)(answer_digest, match != 'conflict') AS digests,
        groupUniqArrayArrayIf(1000)(${answerRecords}, match != 'conflict') AS told, countIf(match = 'conflict') AS conflicted
      FROM transactions
      WHERE ${inWindow} AND match IN ('answered', 'late', 'conflict') AND client IN {clients:Array(IPv6)}
        AND qname IN (SELECT DISTINCT qname FROM transactions WHERE ${inWindow} AND ${missesOf(kind)})
      GROUP BY client, qname
    ) AS accepted USING (client, qname)
    GROUP BY client, server, zone`,
    groupValues(kind, rows),
  )
}

/** The queries that were nearly met, each with the answer it took; by capture and frame, else the first of that name. */
export function askedOf(bench: Bench, details: readonly NearMissDetail[]): Promise<AnswerRow[]> {
  const places = details.flatMap(({ places: [place] }) => (place === undefined ? [] : [place]))
  return answersWhere(
    bench,
    `attempts > 0 AND client IN {clients:Array(IPv6)} AND (frame IN {frames:Array(UInt64)} OR qname IN {names:Array(String)})`,
    {
      clients: [...new Set(details.map(({ client }) => client))],
      frames: places.map(([, , , , frame]) => frame).filter((frame) => frame > 0),
      names: [...new Set(details.map(({ name }) => name))],
    },
    `ORDER BY frame IN {frames:Array(UInt64)} DESC, response_frame > 0 DESC, ts
      LIMIT 1 BY client, qname
      LIMIT 400`,
  )
}

/** What each client has of the zones besides, and how much of all other traffic the capture lost. */
export async function backgroundOf(
  bench: Bench,
  kind: NearMissKind,
  rows: readonly NearMissRow[],
): Promise<Background[]> {
  const values = groupValues(kind, rows)
  const zones = await bench.rows<Background>(
    `SELECT toString(of_client) AS client, zone, 0 AS lost, toFloat64(max(answered)) AS answers, toFloat64(max(asked)) AS names
    FROM (
      SELECT client AS of_client, ${kind.zone} AS zone, intDiv(toUnixTimestamp(ts), 60) AS slot,
        countIf(match = 'answered') / 6 AS answered, uniqExactIf(qname, attempts > 0) AS asked
      FROM transactions
      WHERE ${inWindow} AND client IN {clients:Array(IPv6)} AND ${kind.zone} IN {zones:Array(String)}
      GROUP BY of_client, zone, slot
    )
    GROUP BY client, zone`,
    values,
  )
  const losses = await bench.rows<{ client: string; answered: number; alone: number }>(
    `SELECT toString(of_client) AS client, toFloat64(sum(n_answered)) AS answered, toFloat64(sum(n_alone)) AS alone
    FROM (
      SELECT client AS of_client, countIf(match IN ('answered', 'late')) AS n_answered, countIf(match IN ('unsolicited', 'wrong_id')) AS n_alone
      FROM transactions
      WHERE ${inWindow} AND client IN {clients:Array(IPv6)} AND ${kind.zone} NOT IN {zones:Array(String)}
      GROUP BY of_client
    )
    GROUP BY client`,
    values,
  )
  return zones.map((zone) => {
    const of = losses.find(({ client }) => client === zone.client)
    return { ...zone, lost: of === undefined ? 0 : of.alone / Math.max(1, of.answered) }
  })
}
