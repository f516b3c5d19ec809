// Answers that fit a query in all but what a forger has to guess: its id, its port, its question or its server.

import { bothDirections, inWindow, type Rule } from '../detector.ts'
import { judgeNearMisses, type NearMissKind } from './near-miss-judge.ts'

/** The registrable domain; reading whole names as well would double the time. */
const zone = 'toString(domain)'

/** What an answer may miss by, the threshold that counts, and what its group is. */
const kinds: readonly NearMissKind[] = [
  {
    rule: 'near-miss-id',
    verdict: 'wrong_id',
    title: 'Somebody guesses the id of a query',
    server: 'server',
    zone,
    guessed: 'id',
    noun: 'id',
    base: 50,
  },
  {
    rule: 'near-miss-port',
    verdict: 'wrong_port',
    title: 'Somebody guesses the port of a query',
    server: 'server',
    zone,
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
    zone,
    guessed: 'server',
    noun: 'server',
    base: 30,
  },
]

/** A rule for each way to miss. */
export const nearMisses: readonly Rule[] = kinds.map((kind) => ({
  id: kind.rule,
  title: kind.title,
  needs: 'both-directions',
  sql: nearMissSql(kind),
  subject: 'client = {client:IPv6} AND server = {server:IPv6} AND zone = {zone:String}',
  judge: judgeNearMisses(kind),
}))

/** Their parameters. */
export const nearMissParameters = {
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
  minSiblings: {
    type: 'UInt32',
    default: 50,
    help: 'names of one domain asked once each within the time of the guesses that make it a flood of siblings',
    unit: 'names',
  },
} as const

/** Their points, by name. */
export const nearMissPoints = {
  guesses:
    '50 (40 for questions, 30 for servers), 10 more for each ten times, 30 at most: guesses within ten seconds',
  'a guess was accepted':
    '30: what was guessed is what the query took, and another answer came after it',
  'flood of siblings':
    '20: fifty names or more of the domain were asked once each while the guesses came',
  'many servers': '20: three or more that were not asked',
  'same as the accepted answer': '-40: nothing would change if one of them hit',
  'as many as the capture loses':
    '-60: no more than would come because the queries are missing from the capture',
} as const

/** Groups with enough misses in ten seconds. Whether blind ones were asked for at all is looked up in the judge, when there are any. */
function nearMissSql(kind: NearMissKind): string {
  const { verdict, server, guessed } = kind
  const verdicts = verdict === 'wrong_id' ? `('wrong_id', 'unsolicited')` : `('${verdict}')`
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
      SELECT response_ts AS seen, client, ${server} AS of_server, ${kind.zone} AS zone, id, ${guessed} AS guess, match,
        toUInt32(intDiv(toUnixTimestamp(response_ts), 5)) AS slot
      FROM transactions
      PREWHERE match IN ${verdicts}
      WHERE ${inWindow} AND ${bothDirections}
    )
    GROUP BY client, server, zone, start
    HAVING ${enough}
  )
  GROUP BY client, server, zone
  ORDER BY guesses DESC
  LIMIT 200`
}
