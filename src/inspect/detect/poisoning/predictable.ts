// Resolvers whose ports or ids can be guessed (RFC 5452 section 10): no attack, but what makes one cheap.

import { plainAddress } from '../../../dns/address.ts'
import { inWindow, type Bench, type Draft, type Points, type Rule } from '../detector.ts'
import { count, grouped } from '../evidence.ts'

interface PredictableRow {
  client: string
  queries: number
  servers: number
  first: string
  last: string
  /** Ports and ids of the first queries, in order. */
  ports: number[]
  ids: number[]
}

/** Queries looked at for order and spread. */
const sampled = 2000
/** Ports that a resolver uses in effect, below which guessing is cheap: a sixteenth of what there is. */
const minPorts = 4096
/** Steps this small look like counting. */
const smallStep = 8
/** Share of small steps among ports, and among ids, that is no chance: random ones have 0.02 %. */
const mostPortSteps = 0.5
const mostIdSteps = 0.2
const allIds = 65_536

/** Resolvers that are easy to guess at. */
export const predictable: Rule = {
  id: 'predictable',
  title: 'The ports or ids of a resolver can be guessed',
  sql: `SELECT toString(of_client) AS client, toFloat64(count()) AS queries, toFloat64(uniqExact(of_server)) AS servers,
    toString(min(ts)) AS first, toString(max(ts)) AS last,
    groupArraySorted(${sampled})((ts, client_port, id)) AS sample, arrayMap(one -> one.2, sample) AS ports, arrayMap(one -> one.3, sample) AS ids
  FROM (
    SELECT client AS of_client, server AS of_server, ts, client_port, id,
      client IN (SELECT server FROM transactions PREWHERE match = 'answered' WHERE ${inWindow}) AS is_server
    FROM transactions
    PREWHERE attempts > 0 AND (NOT bitTest(query_flags, 8) OR is_server)
    WHERE ${inWindow} AND transport = 'udp' AND opcode = 'QUERY' AND client_port != 53
  )
  GROUP BY of_client
  HAVING queries >= {minQueries:UInt32} AND (servers >= 3 OR max(is_server) = 1)
  ORDER BY queries DESC, client
  LIMIT 50`,
  subject: `client = toString({client:IPv6})`,
  benign: [
    'an address translation that numbers ports in order (the danger is the same)',
    'a fixed query source port set on purpose (the danger is the same)',
    'a load generator or a monitor',
  ],
  judge: judgePredictable,
}

/** Its parameter. */
export const predictableParameters = {
  minQueries: {
    type: 'UInt32',
    default: 200,
    help: 'queries of a resolver over UDP before its ports and ids are judged',
    unit: 'queries',
  },
} as const

/** Its points, by name. */
export const predictablePoints = {
  'ports can be guessed': '30: fewer than 4,096 in effect, or numbered in order',
  'ids can be guessed': '30: numbered in order, or far from evenly spread',
  'guesses came': '30: answers with wrong ids or ports came for it',
} as const

async function judgePredictable(rows: PredictableRow[], bench: Bench): Promise<Draft[]> {
  const judged = rows
    .map((row) => ({ row, port: spreadOf(row.ports), id: spreadOf(row.ids) }))
    .filter(({ port, id }) => isPortWeak(port) || isIdWeak(id))
  if (judged.length === 0) return []
  const guessed = await bench.rows<{ client: string; n: number }>(
    `SELECT toString(of_client) AS client, toFloat64(count()) AS n
    FROM (
      SELECT client AS of_client FROM transactions
      WHERE ${inWindow} AND match IN ('wrong_id', 'wrong_port') AND client IN {clients:Array(IPv6)}
    )
    GROUP BY client`,
    { clients: judged.map(({ row }) => row.client) },
  )
  return judged.map(({ row, port, id }) => {
    const client = plainAddress(row.client)
    const n = guessed.find((one) => one.client === row.client)?.n ?? 0
    const points: Points[] = []
    if (isPortWeak(port)) points.push({ name: 'ports can be guessed', points: 30 })
    if (isIdWeak(id)) points.push({ name: 'ids can be guessed', points: 30 })
    if (points.length === 2) points[1] = { name: 'ids can be guessed', points: 15 }
    if (n >= bench.parameters['minGuesses']) points.push({ name: 'guesses came', points: 30 })
    const effectivePorts = port.step >= mostPortSteps ? 2 * smallStep : port.effective
    const effectiveIds = id.step >= mostIdSteps ? 2 * smallStep : Math.min(allIds, id.effective)
    const needed = Math.ceil(Math.LN2 * effectivePorts * effectiveIds)
    const ports =
      port.distinct === 1 ? 'one single port' : `${grouped(effectivePorts)} ports in effect`
    return {
      subject: { client },
      identity: [client],
      why: `${client} sent ${count(row.queries, 'query')} to ${count(row.servers, 'server')} from ${ports}${port.step >= mostPortSteps ? ', numbered in order' : ''}${isIdWeak(id) ? ', with ids that can be foreseen' : ''}: ${grouped(needed)} forged packets within the time of an answer hit with a chance of one in two, where random ports and ids need ${grouped(Math.LN2 * 64512 * allIds)}. ${n > 0 ? `${count(n, 'answer')} with a wrong id or port came for it.` : 'Nobody was seen guessing.'}`,
      first: row.first,
      last: row.last,
      measures: {
        packets_for_half_a_chance: { value: needed, threshold: null },
        ports_in_effect: { value: Math.round(port.effective), threshold: minPorts },
        port_spread: { value: Math.round(port.deviation), threshold: 4000 },
        small_port_steps: { value: round(port.step), threshold: mostPortSteps },
        small_id_steps: { value: round(id.step), threshold: mostIdSteps },
        queries: { value: row.queries, threshold: bench.parameters['minQueries'] },
        guesses: { value: n, threshold: bench.parameters['minGuesses'] },
      },
      points,
      counterEvidence: n > 0 ? [] : ['no answer with a wrong id or port was seen for it'],
      evidence: {
        where: `client = {client:IPv6} AND attempts > 0 AND transport = 'udp'`,
        parameters: { client: row.client },
      },
      focus: { client: row.client },
    }
  })
}

/** How widely numbers are spread. `effective` is how many equally likely ones would collide as often; `step` the share of small steps. */
interface Spread {
  distinct: number
  effective: number
  deviation: number
  step: number
}

function spreadOf(numbers: readonly number[]): Spread {
  const counts = new Map<number, number>()
  let steps = 0
  for (const [i, number] of numbers.entries()) {
    counts.set(number, (counts.get(number) ?? 0) + 1)
    const change = i === 0 ? 0 : (number - numbers[i - 1]) & 0xffff
    if (change > 0 && (change <= smallStep || change >= allIds - smallStep)) steps++
  }
  let pairs = 0
  for (const n of counts.values()) pairs += (n * (n - 1)) / 2
  const n = numbers.length
  const mean = numbers.reduce((total, number) => total + number, 0) / n
  const square = numbers.reduce((total, number) => total + (number - mean) ** 2, 0) / n
  const effective = counts.size === 1 ? 1 : (n * (n - 1)) / 2 / Math.max(pairs, 1)
  return { distinct: counts.size, effective, deviation: Math.sqrt(square), step: steps / (n - 1) }
}

/** Too few collisions say nothing: 200 random ports have 0.3 pairs in 64,512, and 5 pairs where there are 4,096. */
function isPortWeak(spread: Spread): boolean {
  return spread.step >= mostPortSteps || (spread.effective < minPorts && spread.deviation < 16_000)
}

function isIdWeak({ step, distinct }: Spread): boolean {
  return step >= mostIdSteps || distinct === 1
}

function round(share: number): number {
  return Math.round(share * 100) / 100
}
