// Judges answers that missed a query narrowly: how many guesses, what the odds were, whether one of them hit, and what loss would explain.

import { plainAddress } from '../../../dns/address.ts'
import type { Bench, Draft, Points } from '../detector.ts'
import { answerEvidence, count, exchangeEvidence, grouped } from '../evidence.ts'
import {
  askedGroups,
  guessedGroups,
  askedOf,
  type Background,
  backgroundOf,
  detailsOf,
  type NearMissDetail,
  type NearMissRow,
} from './near-miss-facts.ts'
import { type AnswerRow, answersAt, contrastOf } from './pair.ts'

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

/** Both sides of a group: the query with the answer it took, and the first guesses. */
interface Sides {
  asked: AnswerRow | undefined
  guesses: AnswerRow[]
}

const ids = 65_536
/** Ports a resolver may choose from. */
const ports = 64_512
/** Misses, and names among them, from which a flood of siblings is one. */
const minSiblingMisses = 20
const minSiblingNames = 10
/** Above this share it is no loss: then the answers come from somebody else, or the capture sees one direction. */
const mostLost = 0.5

/** A judge for one kind. */
export function judgeNearMisses(kind: NearMissKind) {
  return async (candidates: NearMissRow[], bench: Bench): Promise<Draft[]> => {
    if (candidates.length === 0) return []
    const rows = await guessedGroups(bench, kind, await askedGroups(bench, kind, candidates))
    if (rows.length === 0) return []
    const details = await detailsOf(bench, kind, rows)
    const background = await backgroundOf(bench, kind, rows)
    const asked = await askedOf(bench, details)
    const places = details.flatMap((detail) => detail.places)
    const answerAt = await answersAt(
      bench,
      places.map(([capture, frame]) => ({ capture, frame })),
    )
    return rows.flatMap((row) => {
      const isOfRow = (other: { client: string; zone: string }) =>
        other.client === row.client && other.zone === row.zone
      const detail = details.find((one) => isOfRow(one) && one.server === row.server)
      if (detail === undefined) return []
      const guesses = detail.places
        .map(([capture, frame]) => answerAt({ capture, frame }))
        .filter((guess) => guess !== undefined)
      const sides = { asked: askedFor(detail, asked), guesses }
      return [draftOf(kind, row, detail, background.find(isOfRow), sides, bench)]
    })
  }
}

/** The query that the first miss was near to; where none is linked, one of the same name. */
function askedFor(detail: NearMissDetail, asked: AnswerRow[]): AnswerRow | undefined {
  const [, , name, capture, frame] = detail.places[0]
  const ofClient = asked.filter(({ client }) => client === detail.client)
  return (
    ofClient.find((row) => frame > 0 && row.capture === capture && row.frame === frame) ??
    ofClient.find(({ qname }) => qname === name || qname === detail.name)
  )
}

function draftOf(
  kind: NearMissKind,
  row: NearMissRow,
  detail: NearMissDetail,
  background: Background | undefined,
  { asked, guesses }: Sides,
  bench: Bench,
): Draft {
  const { misses, name, names, type, same, conflicts } = detail
  const threshold = bench.parameters[row.blind ? 'minBlind' : 'minGuesses']
  const over = Math.min(30, Math.max(0, 10 * Math.log10(row.guesses / Math.max(1, threshold))))
  const points: Points[] = [{ name: 'guesses', points: kind.base + over }]
  const counterEvidence: string[] = []
  const isSiblings =
    names >= minSiblingNames &&
    misses >= minSiblingMisses &&
    row.zone !== '' &&
    (background?.names ?? 0) >= bench.parameters['minSiblings']
  if (isSiblings) points.push({ name: 'flood of siblings', points: 20 })
  if (kind.verdict === 'wrong_server' && detail.servers >= 3)
    points.push({ name: 'many servers', points: 20 })
  const isAccepted = same >= 0.9 && conflicts > 0
  if (isAccepted) points.push({ name: 'a guess was accepted', points: 30 })
  else if (same >= 0.9) {
    points.push({ name: 'same as the accepted answer', points: -40 })
    counterEvidence.push('the answers say the same as the one that was accepted')
  }
  const expected = expectedByLoss(kind, background)
  if (row.guesses <= expected && !isAccepted) {
    points.push({ name: 'as many as the capture loses', points: -60 })
    counterEvidence.push(
      `the capture misses the query of ${(100 * background!.lost).toFixed(1)} % of the answers in other zones too: up to ${grouped(expected)} such answers in ten seconds are expected here`,
    )
  }
  const client = plainAddress(row.client)
  const server = plainAddress(row.server)
  const claimed = kind.verdict === 'wrong_server' ? '' : ` in the name of ${server}`
  const about = names === 1 ? `${type} ${name}` : `${count(names, 'name')} such as ${name}`
  const siblings = isSiblings
    ? ` Up to ${count(background!.names, 'name')} of ${row.zone} were asked in a minute meanwhile, each a new try: a forged answer to any of them can take over the whole domain.`
    : ''
  const accepted = isAccepted
    ? ' One of them was accepted: the query took an answer that says the same, and a differing one came after it.'
    : ''
  return {
    ...(isSiblings ? { rule: 'siblings', title: `Guesses at many names of one domain` } : {}),
    subject: {
      client,
      ...(kind.verdict === 'wrong_server' ? {} : { server }),
      ...(row.zone === '' ? {} : { domain: row.zone }),
      name,
      type,
    },
    identity: [client, server, row.zone],
    why: `${client} got ${count(misses, 'answer')}${claimed} for ${about} that fit an open query in all but the ${row.blind ? 'id and port' : kind.noun}; ${grouped(row.guesses)} different ones within ten seconds${oddsText(kind, row)}.${siblings}${accepted} Who guesses does not see the queries: somebody off the path.`,
    first: row.first,
    last: row.last,
    measures: {
      guesses_in_ten_seconds: { value: row.guesses, threshold },
      misses: { value: misses, threshold: null },
      names: { value: names, threshold: isSiblings ? minSiblingNames : null },
      names_asked_in_a_minute: {
        value: background?.names ?? 0,
        threshold: bench.parameters['minSiblings'],
      },
      odds_of_a_hit: { value: odds(kind, row), threshold: null },
      same_as_accepted: { value: Math.round(same * 100) / 100, threshold: 0.9 },
      expected_by_loss: { value: expected, threshold: null },
    },
    points,
    counterEvidence,
    evidence: [
      ...(asked === undefined ? [] : [exchangeEvidence(asked)]),
      ...guesses.map(answerEvidence),
    ],
    ...(asked === undefined || asked.response_frame === 0 || guesses.length === 0
      ? {}
      : { contrast: contrastOf(asked, guesses[0], ['was accepted', 'missed']) }),
    focus: { client: row.client, server: row.server, zone: row.zone },
  }
}

/** Answers in ten seconds whose queries the capture lost, with room for chance: six standard deviations. */
function expectedByLoss(kind: NearMissKind, background: Background | undefined): number {
  if (kind.verdict !== 'wrong_id' || background === undefined) return 0
  const mean = 2 * Math.min(mostLost, background.lost) * background.answers
  return mean === 0 ? 0 : Math.round(mean + 6 * Math.sqrt(mean) + 3)
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
