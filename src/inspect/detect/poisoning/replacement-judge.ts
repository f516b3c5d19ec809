// Judges answers that changed inside their TTL: whether the new one has anything in common, and how often this resolver does that.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { siteOf } from '../network.ts'
import { guessesAt } from './letter-case.ts'
import { answersAt, contrastOf, said } from './pair.ts'

interface QuestionRow {
  server: string
  name: string
  type: string
}

interface Timeline extends QuestionRow {
  domain: string
  /** Time in seconds, TTL, data of the type asked, capture, answer frame; in order. */
  answers: [number, number, string[], string, number][]
}

type Told = Timeline['answers'][number]

interface Change {
  before: Told
  after: Told
  secondsLeft: number
  isLonger: boolean
}

/** Prefetching caches renew in the last tenth of a TTL; clocks and seconds cut off take a few more. */
const prefetchShare = 0.1
const minSecondsLeft = 60
const minRepeats = 20
const mostReplaced = 0.01
const manyNames = 3
const manySites = 3

/** One draft for each question whose answer was replaced. */
export async function judgeReplacements(rows: QuestionRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const timelines = await timelinesOf(bench, rows)
  const changes = timelines.flatMap((timeline) => {
    const change = changeOf(timeline)
    return change === null ? [] : [{ timeline, change }]
  })
  if (changes.length === 0) return []
  const servers = [...new Set(changes.map(({ timeline }) => timeline.server))]
  const repeats = await bench.rows<{ server: string; n: number }>(
    `SELECT toString(of_server) AS server, toFloat64(count()) AS n
    FROM (
      SELECT server AS of_server FROM transactions
      PREWHERE repeat_in_ttl = 1
      WHERE ${inWindow} AND match = 'answered' AND server IN {servers:Array(IPv6)}
    )
    GROUP BY server`,
    { servers },
  )
  const guesses = await guessesAt(
    bench,
    changes.map(({ timeline }) => ({ client: timeline.server, domain: timeline.domain })),
  )
  const answerAt = await answersAt(
    bench,
    changes.flatMap(({ change }) => [placeOf(change.before), placeOf(change.after)]),
  )
  return changes.flatMap(({ timeline, change }) => {
    const [before, after] = [answerAt(placeOf(change.before)), answerAt(placeOf(change.after))]
    if (before === undefined || after === undefined) return []
    const names = changes.filter((one) => one.timeline.server === timeline.server).length
    const repeated = repeats.find(({ server }) => server === timeline.server)?.n ?? 0
    const points: Points[] = [{ name: 'replaced before its time', points: 40 }]
    const counterEvidence: string[] = []
    if (change.isLonger) points.push({ name: 'new TTL is longer', points: 10 })
    const guessed = guesses(timeline.server, timeline.domain)
    if (guessed > 0) points.push({ name: 'guesses came before', points: 20 })
    if (names >= manyNames || names > mostReplaced * Math.max(repeated, 1 / mostReplaced)) {
      points.push({ name: 'resolver does this often', points: -40 })
      counterEvidence.push(
        `the resolver replaced ${count(names, 'name')} early in ${count(repeated, 'repeated question')}`,
      )
    }
    if (repeated < minRepeats) {
      points.push({ name: 'resolver is not known well', points: -20 })
      counterEvidence.push(
        `only ${count(repeated, 'question')} to it were repeated inside their TTL, so whether it is one cache is not known`,
      )
    }
    const sites = new Set(
      timeline.answers.flatMap(([, , data]) => data.map((one) => siteOf(timeline.type, one))),
    )
    if (sites.size >= manySites) {
      points.push({ name: 'name has many answers', points: -30 })
      counterEvidence.push(`the name was in ${count(sites.size, 'network')}`)
    }
    const client = plainAddress(after.client)
    const server = plainAddress(timeline.server)
    return [
      {
        subject: { client, server, name: timeline.name, type: timeline.type },
        identity: [server, timeline.name, timeline.type],
        why: `${server} answered ${timeline.type} ${timeline.name} with ${said(before)}, to be kept ${change.before[1]} s, and ${Math.round(change.secondsLeft)} s before that time was over with ${said(after)}: a cache does not change its mind by itself. ${guessed > 0 ? `It got ${count(guessed, 'answer')} with a wrong id or port for ${timeline.domain}: the new answer came from somebody off the path.` : 'How the new one came in is not seen here.'}`,
        first: before.response_ts,
        last: after.response_ts,
        measures: {
          seconds_left: { value: Math.round(change.secondsLeft), threshold: minSecondsLeft },
          new_ttl: { value: change.after[1], threshold: null },
          names_replaced_early: { value: names, threshold: manyNames },
          repeated_questions: { value: repeated, threshold: minRepeats },
          guesses_at_the_domain: { value: guessed, threshold: 1 },
        },
        points,
        counterEvidence,
        evidence: [before, after].map(answerEvidence),
        contrast: contrastOf(before, after, ['cached', 'replaced by']),
        focus: { server: timeline.server, name: timeline.name, type: timeline.type },
      },
    ]
  })
}

function timelinesOf(bench: Bench, rows: readonly QuestionRow[]): Promise<Timeline[]> {
  return bench.rows<Timeline>(
    `SELECT toString(of_server) AS server, qname AS name, toString(of_type) AS type, toString(any(of_domain)) AS domain,
      arraySort(groupArray(500)((at, ttl, data, toString(of_capture), of_frame))) AS answers
    FROM (
      SELECT server AS of_server, qname, qtype AS of_type, domain AS of_domain, toFloat64(toUnixTimestamp64Milli(response_ts)) / 1000 AS at,
        arrayMin(arrayFilter((value, section) -> section = 'answer', rr.ttl, rr.section)) AS ttl,
        arrayFilter((value, section, type) -> section = 'answer' AND type = qtype, rr.data, rr.section, rr.type) AS data,
        response_capture AS of_capture, response_frame AS of_frame
      FROM transactions
      PREWHERE qname IN {names:Array(String)}
      WHERE ${inWindow} AND match = 'answered' AND server IN {servers:Array(IPv6)}
        AND rcode = 'NOERROR' AND bitTest(response_flags, 7) AND NOT bitTest(response_flags, 10) AND ecs = '' AND has(rr.section, 'answer')
        AND qtype IN ('A', 'AAAA', 'NS', 'MX')
    )
    WHERE notEmpty(data)
    GROUP BY server, name, type
    HAVING length(answers) > 1`,
    {
      names: [...new Set(rows.map(({ name }) => name))],
      servers: [...new Set(rows.map(({ server }) => server))],
    },
  )
}

/** The change with the most time left; none where both answers share a network or the old one was due. */
function changeOf({ type, answers }: Timeline): Change | null {
  let best: Change | null = null
  let longest = 0
  for (const [i, after] of answers.entries()) {
    const before = answers[i - 1]
    if (before !== undefined) {
      const expiry = before[0] + before[1]
      const secondsLeft = expiry - after[0]
      const isDue = secondsLeft < Math.max(minSecondsLeft, prefetchShare * before[1])
      const isOutlived = after[0] + after[1] > expiry + 5
      const sites = new Set(before[2].map((data) => siteOf(type, data)))
      const isOther = !after[2].some((data) => sites.has(siteOf(type, data)))
      if (!isDue && isOutlived && isOther && secondsLeft > (best?.secondsLeft ?? 0))
        best = { before, after, secondsLeft, isLonger: after[1] > 1.05 * longest }
    }
    longest = Math.max(longest, after[1])
  }
  return best
}

function placeOf([, , , capture, frame]: Told): { capture: string; frame: number } {
  return { capture, frame }
}
