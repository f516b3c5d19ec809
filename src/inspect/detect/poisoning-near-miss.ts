// Judges answers that missed a query narrowly: how many guesses, what the odds were, and whether one of them hit.

import type { Bench, Draft, Points } from './detector.ts'
import { inWindow } from './detector.ts'
import { count, grouped, plainAddress } from './evidence.ts'

/** A way to miss. `server`, `zone` and `guessed` are SQL over `transactions`: who is claimed, what is attacked, what varies. */
export interface NearMissKind {
  rule: string
  verdict: 'wrong_id' | 'wrong_port' | 'wrong_question' | 'wrong_server'
  title: string
  server: string
  zone: string
  guessed: string
  noun: string
  /** Points at the threshold. */
  base: number
}

interface NearMissRow {
  client: string
  server: string
  zone: string
  first: string
  last: string
  guesses: number
  blind: number
}

interface NearMissDetail {
  misses: number
  names: number
  name: string
  type: string
  servers: number
  same: number
  conflicts: number
}

const ids = 65_536
/** Ports a resolver may choose from. */
const ports = 64_512

/** A judge for one kind. */
export function judgeNearMisses(kind: NearMissKind) {
  return async (rows: NearMissRow[], bench: Bench): Promise<Draft[]> => {
    const drafts: Draft[] = []
    for (const row of rows) drafts.push(await draftOf(kind, row, bench))
    return drafts
  }
}

/** The misses of one group; blind ones have an unasked answer's verdict. */
function missesOf(kind: NearMissKind, row: NearMissRow): string {
  const verdicts = row.blind ? `('${kind.verdict}', 'unsolicited')` : `('${kind.verdict}')`
  return `client = {client:IPv6} AND ${kind.server} = {server:IPv6} AND ${kind.zone} = {zone:String} AND match IN ${verdicts}`
}

async function draftOf(kind: NearMissKind, row: NearMissRow, bench: Bench): Promise<Draft> {
  const focus = { client: row.client, server: row.server, zone: row.zone }
  const [detail] = await bench.rows<NearMissDetail>(
    `SELECT toFloat64(count()) AS misses, uniqExact(qname) AS names, topK(1)(qname)[1] AS name, toString(topK(1)(qtype)[1]) AS type,
      uniqExact(server) AS servers,
      countIf((client, qname, answer_digest) IN (
        SELECT client, qname, answer_digest FROM transactions
        WHERE ${inWindow} AND client = {client:IPv6} AND match IN ('answered', 'late')
      )) / count() AS same,
      countIf((client, qname) IN (
        SELECT client, qname FROM transactions WHERE ${inWindow} AND client = {client:IPv6} AND match = 'conflict'
      )) AS conflicts
    FROM transactions
    WHERE ${inWindow} AND ${missesOf(kind, row)}`,
    focus,
  )
  const { misses, name, type, same, conflicts } = detail
  const names = detail.names
  const threshold = bench.parameters[row.blind ? 'minBlind' : 'minGuesses']
  const over = Math.min(30, Math.max(0, 10 * Math.log10(row.guesses / Math.max(1, threshold))))
  const points: Points[] = [{ name: 'guesses', points: kind.base + over }]
  const counterEvidence: string[] = []
  if (kind.verdict === 'wrong_server' && detail.servers >= 3)
    points.push({ name: 'many servers', points: 20 })
  if (same >= 0.9 && conflicts > 0) points.push({ name: 'a guess was accepted', points: 30 })
  else if (same >= 0.9) {
    points.push({ name: 'same as the accepted answer', points: -40 })
    counterEvidence.push('the answers say the same as the one that was accepted')
  }
  const client = plainAddress(row.client)
  const server = plainAddress(row.server)
  const claimed = kind.verdict === 'wrong_server' ? '' : ` in the name of ${server}`
  const about = names === 1 ? `${type} ${name}` : `${count(names, 'name')} such as ${name}`
  return {
    subject: {
      client,
      ...(kind.verdict === 'wrong_server' ? {} : { server }),
      ...(row.zone === '' ? {} : { domain: row.zone }),
      name,
      type,
    },
    identity: [client, server, row.zone],
    why: `${client} got ${count(misses, 'answer')}${claimed} for ${about} that fit an open query in all but the ${row.blind ? 'id and port' : kind.noun}; ${grouped(row.guesses)} different ones within ten seconds${oddsText(kind, row)}.`,
    first: row.first,
    last: row.last,
    measures: {
      guesses_in_ten_seconds: { value: row.guesses, threshold },
      misses: { value: misses, threshold: null },
      names: { value: names, threshold: null },
      odds_of_a_hit: { value: odds(kind, row), threshold: null },
      same_as_accepted: { value: Math.round(same * 100) / 100, threshold: null },
    },
    points,
    counterEvidence,
    evidence: {
      where: missesOf(kind, row),
      parameters: focus,
      order: 'response_ts',
      show: 'answer',
    },
    focus,
  }
}

/** The chance that one of the guesses hits, by RFC 5452 section 7 with one outstanding query. */
function odds(kind: NearMissKind, row: NearMissRow): number {
  if (kind.verdict !== 'wrong_id' && kind.verdict !== 'wrong_port') return 0
  const space = row.blind ? ids * ports : kind.verdict === 'wrong_id' ? ids : ports
  return Number(Math.min(1, row.guesses / space).toPrecision(2))
}

function oddsText(kind: NearMissKind, row: NearMissRow): string {
  const chance = odds(kind, row)
  if (chance === 0) return ''
  return chance >= 1
    ? ', enough to try all'
    : `, a chance of 1 in ${grouped(1 / chance)} that one hits`
}
