// Judges names with inside and outside addresses by what one client was told by one server, in order.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { insideSql, isInside } from './inside.ts'
import { answersAt, contrastOf } from './pair.ts'

interface NameRow {
  name: string
  inside: string[]
  outside: string[]
}

interface Timeline {
  client: string
  server: string
  owner: string
  domain: string
  type: string
  /** Time in milliseconds, inside records, outside records, TTL, capture, answer frame; in order. */
  answers: [number, number, number, number, string, number][]
}

type Told = Timeline['answers'][number]

/** The step from outside to inside that speaks most clearly. */
interface Step {
  before: Told
  after: Told
  seconds: number
}

/** A page stays open that long, and browsers keep an address for less. */
const mostSeconds = 600
const shortTtl = 60
/** The unspecified addresses. */
const nowhere = /^(0\.0\.0\.0|::)$/

/** One draft for each name and server: the client that shows it best. */
export async function judgeRebinding(names: NameRow[], bench: Bench): Promise<Draft[]> {
  if (names.length === 0) return []
  const timelines = await bench.rows<Timeline>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, owner, toString(any(of_domain)) AS domain, toString(any(of_type)) AS type,
      arraySort(groupArray(400)((at, n_inside, n_outside, ttl, toString(of_capture), of_frame))) AS answers
    FROM (
      SELECT client AS of_client, server AS of_server, record_name AS owner, domain AS of_domain, qtype AS of_type,
        toFloat64(toUnixTimestamp64Milli(response_ts)) AS at, countIf(${insideSql('record_data')}) AS n_inside,
        countIf(NOT ${insideSql('record_data')}) AS n_outside, min(record_ttl) AS ttl, response_capture AS of_capture, response_frame AS of_frame
      FROM (
        SELECT client, server, domain, qtype, response_ts, response_capture, response_frame, rr.name, rr.type, rr.data, rr.ttl, rr.section
        FROM transactions
        PREWHERE qname IN {names:Array(String)} OR arrayExists(owner -> owner IN {names:Array(String)}, rr.owner)
        WHERE ${inWindow} AND match IN ('answered', 'late') AND rcode = 'NOERROR'
      )
      ARRAY JOIN rr.name AS record_name, rr.type AS record_type, rr.data AS record_data, rr.ttl AS record_ttl, rr.section AS record_section
      WHERE record_name IN {names:Array(String)} AND record_section = 'answer' AND record_type IN ('A', 'AAAA')
      GROUP BY of_client, of_server, owner, of_domain, of_type, at, of_capture, of_frame
    )
    GROUP BY of_client, of_server, owner
    LIMIT 5000`,
    { names: names.map(({ name }) => name) },
  )
  const found = new Map<string, { timeline: Timeline; step: Step; backs: number }>()
  for (const timeline of timelines) {
    const step = stepOf(timeline.answers)
    if (step === null) continue
    const key = `${timeline.server} ${timeline.owner}`
    const known = found.get(key)
    if (known === undefined || step.seconds < known.step.seconds)
      found.set(key, { timeline, step, backs: backsOf(timeline.answers) })
  }
  const all = [...found.values()]
  if (all.length === 0) return []
  const answerAt = await answersAt(
    bench,
    all.flatMap(({ step }) => [placeOf(step.before), placeOf(step.after)]),
  )
  const blocked = await blockersOf(bench, names)
  return all.flatMap(({ timeline, step, backs }) => {
    const [before, after] = [answerAt(placeOf(step.before)), answerAt(placeOf(step.after))]
    if (before === undefined || after === undefined) return []
    const row = names.find(({ name }) => name === timeline.owner)!
    const inside = after.records.map(([, data]) => data).find(isInside) ?? row.inside[0]
    const points: Points[] = []
    const counterEvidence: string[] = []
    const isOne = step.before === step.after
    if (isOne) points.push({ name: 'both in one answer', points: 25 })
    else points.push({ name: 'public, then inside', points: 40 })
    if (!isOne && step.seconds <= mostSeconds)
      points.push({ name: 'within ten minutes', points: 10 })
    if (step.before[3] <= shortTtl) points.push({ name: 'short TTL', points: 15 })
    const others = row.inside.reduce((most, data) => Math.max(most, blocked(data)), 0)
    if (others >= 3) {
      points.push({ name: 'address of a blocker', points: -30 })
      counterEvidence.push(`${count(others, 'domain')} got the same inside address`)
    }
    if (nowhere.test(inside)) {
      // Browsers do connect to 0.0.0.0; but a name that was made for that is quick, a name that a list took up is not.
      const isQuick = !isOne && step.seconds <= mostSeconds && step.before[3] <= shortTtl
      points.push({ name: 'address that leads nowhere', points: isQuick ? -20 : -50 })
      counterEvidence.push(`${inside} is what blocking resolvers answer`)
    }
    if (row.inside.some((data) => timeline.owner.replaceAll('-', '.').includes(data))) {
      points.push({ name: 'name carries the address', points: -40 })
      counterEvidence.push('the name spells the address it answers with')
    }
    if (backs >= 3) {
      points.push({ name: 'views of one name', points: -20 })
      counterEvidence.push(`it went back to a public address ${count(backs, 'time')}`)
    }
    const client = plainAddress(timeline.client)
    const server = plainAddress(timeline.server)
    const when = isOne
      ? 'in one answer'
      : `${step.seconds < 1 ? 'less than a second' : `${Math.round(step.seconds)} s`} later`
    return [
      {
        subject: { client, server, name: timeline.owner, type: timeline.type },
        identity: [server, timeline.owner],
        why: `${server} told ${client} that ${timeline.owner} is ${row.outside[0]}, outside, and ${when} that it is ${inside}, an address of inside networks; the public one was to be kept ${step.before[3]} s. A page loaded from the first address can so speak to a machine inside as if it were the same site.`,
        first: before.response_ts,
        last: after.response_ts,
        measures: {
          seconds_between: { value: Math.round(step.seconds), threshold: mostSeconds },
          ttl_of_the_public_one: { value: step.before[3], threshold: shortTtl },
          inside_addresses: { value: row.inside.join(', '), threshold: null },
          other_domains_with_that_address: { value: others, threshold: 3 },
        },
        points,
        counterEvidence,
        evidence: (isOne ? [before] : [before, after]).map(answerEvidence),
        ...(isOne ? {} : { contrast: contrastOf(before, after, ['public', 'inside']) }),
        focus: { name: timeline.owner },
      },
    ]
  })
}

/** The quickest step from an outside address to an inside one; an answer with both is a step of its own. */
function stepOf(answers: readonly Told[]): Step | null {
  let best: Step | null = null
  let outside: Told | null = null
  for (const told of answers) {
    const [at, inside, public_] = told
    if (inside > 0) {
      const before = public_ > 0 ? told : outside
      const seconds = before === null ? Infinity : (at - before[0]) / 1000
      if (before !== null && (best === null || seconds < best.seconds))
        best = { before, after: told, seconds }
    }
    if (inside === 0 && public_ > 0) outside = told
  }
  return best
}

function backsOf(answers: readonly Told[]): number {
  return answers.filter(
    ([, inside, public_], i) => i > 0 && inside === 0 && public_ > 0 && answers[i - 1][1] > 0,
  ).length
}

/** How many domains an inside address was given for. */
async function blockersOf(
  bench: Bench,
  names: readonly NameRow[],
): Promise<(data: string) => number> {
  const rows = await bench.rows<{ data: string; n: number }>(
    `SELECT r.data AS data, toFloat64(uniqExact(arrayStringConcat(arraySlice(splitByChar('.', r.name), -2), '.'))) AS n
    FROM rrsets AS r
    WHERE r.data IN {data:Array(String)} AND r.type IN ('A', 'AAAA') AND r.section = 'answer'
    GROUP BY data`,
    { data: [...new Set(names.flatMap(({ inside }) => inside))] },
  )
  return (data) => rows.find((row) => row.data === data)?.n ?? 0
}

function placeOf([, , , , capture, frame]: Told): { capture: string; frame: number } {
  return { capture, frame }
}
