// Judges distances: answers of one server from two places, many servers at one place, and lone truncated answers.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points } from '../detector.ts'
import { answerEvidence, count } from '../evidence.ts'
import { isInside } from './inside.ts'
import { type AnswerRow, answersAt, contrastOf, milliseconds } from './pair.ts'

interface DistanceRow {
  client: string
  server: string
  ip_ttl: number
  answers: number
  latency_us: number
  first: string
  last: string
  truncated: number
  recursion: number
}

interface SampleRow {
  client: string
  server: string
  ip_ttl: number
  name: string
  answers: number
  data: string
  capture: string
  frame: number
}

/** Answers a server needs before its usual place is known, and the share that must come from there. */
const minUsual = 20
const minShare = 0.8
const minHops = 3
const fastShare = 0.3
/** Servers of different networks that cannot all be next door. */
export const minNeighbours = 4
const nearHops = 2
/** Answers a server needs before a truncated one is rare. */
export const minForTruncation = 1000

/** Drafts of all three. */
export async function judgeDistances(rows: DistanceRow[], bench: Bench): Promise<Draft[]> {
  const servers = new Map<string, DistanceRow[]>()
  const clients = new Map<string, DistanceRow[]>()
  for (const row of rows) {
    add(servers, `${row.client} ${row.server}`, row)
    add(clients, row.client, row)
  }
  return [
    ...(await interceptedServers([...servers.values()], bench)),
    ...(await interceptedClients([...clients.values()], bench)),
    ...(await truncations([...servers.values()], bench)),
  ]
}

/** Single answers of a server from elsewhere, for some names and only for those. */
async function interceptedServers(groups: DistanceRow[][], bench: Bench): Promise<Draft[]> {
  const odd = groups.flatMap(([usual, ...others]) => {
    const total = others.reduce((sum, row) => sum + row.answers, usual.answers)
    if (usual.answers < minUsual || usual.answers < minShare * total) return []
    const far = others.filter(
      (row) =>
        Math.abs(row.ip_ttl - usual.ip_ttl) >= minHops &&
        row.answers >= 4 &&
        row.latency_us < fastShare * usual.latency_us &&
        row.first > usual.first &&
        row.last < usual.last,
    )
    return far.map((row) => ({ usual, row }))
  })
  if (odd.length === 0) return []
  const samples = await samplesOf(
    bench,
    odd.map(({ row }) => row),
  )
  const found = odd.flatMap(({ usual, row }) => {
    const own = samples.filter((one) => one.client === row.client && one.server === row.server)
    const names = own.filter(({ ip_ttl, answers }) => ip_ttl === row.ip_ttl && answers >= 2)
    const only = names.filter(
      ({ name }) => !own.some((one) => one.name === name && one.ip_ttl !== row.ip_ttl),
    )
    const other = own.find(({ ip_ttl }) => ip_ttl === usual.ip_ttl)
    return only.length < 2 || other === undefined ? [] : [{ usual, row, only, other }]
  })
  const answerAt = await answersAt(
    bench,
    found.flatMap(({ only, other }) => [...only.slice(0, 3), other]),
  )
  return found.map(({ usual, row, only, other }) => {
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    const points: Points[] = [
      { name: 'another distance', points: 20 },
      { name: 'too fast for the way', points: 15 },
      { name: 'always for these names', points: 20 },
    ]
    const data = new Set(only.map((one) => one.data))
    if (data.size === 1 && only[0].data !== '')
      points.push({ name: 'one address for all of them', points: 20 })
    const forged = only.map(answerAt).filter((one) => one !== undefined)
    const real = answerAt(other)
    return {
      subject: { client, server, name: only[0].name },
      identity: [client, server],
      why: `${count(row.answers, 'answer')} in the name of ${server} came to ${client} with IP TTL ${row.ip_ttl} after ${milliseconds(row.latency_us)} ms, where ${usual.ip_ttl} and ${milliseconds(usual.latency_us)} ms are usual for it (${count(usual.answers, 'answer')}): for ${count(only.length, 'name')} such as ${only[0].name}, always and only for those. Somebody on the path answers for the server, and the true answer does not come through.`,
      first: row.first,
      last: row.last,
      measures: {
        hops_apart: { value: Math.abs(row.ip_ttl - usual.ip_ttl), threshold: minHops },
        latency_share: {
          value: Number((row.latency_us / usual.latency_us).toPrecision(2)),
          threshold: fastShare,
        },
        names_only_from_there: { value: only.length, threshold: 2 },
        different_addresses: { value: data.size, threshold: null },
      },
      points,
      counterEvidence: [],
      evidence: [...forged, ...(real === undefined ? [] : [real])].map(answerEvidence),
      ...(forged[0] === undefined || real === undefined
        ? {}
        : { contrast: contrastOf(forged[0], real, ['from elsewhere', 'usual']) }),
      focus: { client: row.client, server: row.server },
    }
  })
}

/** Clients for whom servers all over the world are next door. */
async function interceptedClients(groups: DistanceRow[][], bench: Bench): Promise<Draft[]> {
  const found = groups.flatMap((group) => {
    const outside = group.filter(
      ({ server, recursion }) => recursion !== 0 && !isInside(plainAddress(server)),
    )
    const networks = new Set(outside.map(({ server }) => networkOf(plainAddress(server))))
    const ttls = new Set(outside.map(({ ip_ttl }) => ip_ttl))
    const [ttl] = ttls
    return networks.size >= minNeighbours && ttls.size === 1 && hopsOf(ttl) <= nearHops
      ? [outside]
      : []
  })
  if (found.length === 0) return []
  const samples = await samplesOf(bench, found.flat())
  const places = found.map((outside) =>
    outside.flatMap(({ client, server }) => {
      const one = samples.find((sample) => sample.client === client && sample.server === server)
      return one === undefined ? [] : [one]
    }),
  )
  const answerAt = await answersAt(bench, places.flat())
  return found.map((outside, i) => {
    const [{ client: address, ip_ttl }] = outside
    const client = plainAddress(address)
    const shown = places[i].map(answerAt).filter((one): one is AnswerRow => one !== undefined)
    const servers = outside.map(({ server }) => plainAddress(server))
    const latencies = outside.map(({ latency_us }) => latency_us)
    return {
      subject: { client },
      identity: [client, 'all'],
      why: `${count(outside.length, 'server')} of different networks (${servers.slice(0, 4).join(', ')}) all answer ${client} with IP TTL ${ip_ttl}, so from at most ${count(hopsOf(ip_ttl), 'hop')} away, after ${milliseconds(Math.min(...latencies))} to ${milliseconds(Math.max(...latencies))} ms: one machine nearby answers for all of them.`,
      first: outside.map(({ first }) => first).sort()[0],
      last: outside
        .map(({ last }) => last)
        .sort()
        .at(-1)!,
      measures: {
        servers_at_one_distance: { value: outside.length, threshold: minNeighbours },
        hops_away: { value: hopsOf(ip_ttl), threshold: nearHops },
      },
      points: [{ name: 'all servers at one distance', points: 50 }],
      counterEvidence: ['a capture made beside the servers, or in a laboratory, looks the same'],
      evidence: shown.slice(0, 5).map(answerEvidence),
      ...(shown.length < 2
        ? {}
        : { contrast: contrastOf(shown[0], shown[1], ['one server', 'another server']) }),
      focus: { client: address, server: '::' },
    }
  })
}

/** A lone truncated answer of a server that does not truncate, which the client did not follow. */
async function truncations(groups: DistanceRow[][], bench: Bench): Promise<Draft[]> {
  const rare = groups.flatMap((group) => {
    const answers = group.reduce((sum, row) => sum + row.answers, 0)
    const truncated = group.reduce((sum, row) => sum + row.truncated, 0)
    const isRare = answers >= minForTruncation && truncated > 0 && truncated * 1000 <= answers
    return isRare ? [{ row: group[0], answers, truncated }] : []
  })
  if (rare.length === 0) return []
  const rows = await bench.rows<{
    client: string
    server: string
    name: string
    n: number
    followed: number
    first: string
    last: string
    capture: string
    frame: number
  }>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, topK(1)(qname)[1] AS name, toFloat64(countIf(is_cut)) AS n,
      toFloat64(countIf(NOT is_cut)) AS followed, toString(minIf(ts, is_cut)) AS first, toString(maxIf(ts, is_cut)) AS last,
      argMinIf(toString(of_capture), ts, is_cut) AS capture, argMinIf(of_frame, ts, is_cut) AS frame
    FROM (
      SELECT client AS of_client, server AS of_server, qname, ts, response_capture AS of_capture, response_frame AS of_frame, transport = 'udp' AS is_cut
      FROM transactions
      WHERE ${inWindow} AND client IN {clients:Array(IPv6)} AND server IN {servers:Array(IPv6)}
        AND (match = 'answered' AND transport = 'udp' AND bitTest(response_flags, 9) AND length(rr.type) = 0 OR transport = 'tcp')
    )
    GROUP BY of_client, of_server`,
    {
      clients: [...new Set(rare.map(({ row }) => row.client))],
      servers: [...new Set(rare.map(({ row }) => row.server))],
    },
  )
  const answerAt = await answersAt(bench, rows)
  return rare.flatMap(({ row, answers }) => {
    const own = rows.find((one) => one.client === row.client && one.server === row.server)
    if (own === undefined || own.n === 0 || own.followed > 0) return []
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    const shown = answerAt(own)
    return [
      {
        rule: 'truncation',
        title: 'A truncated answer that nobody followed',
        subject: { client, server, name: own.name },
        identity: [client, server],
        why: `${count(own.n, 'answer')} of ${count(answers, 'answer')} of ${server} to ${client} had the TC bit and no data, and ${client} did not ask again over TCP: this server does not truncate by itself, so somebody may have told the client that there is nothing to be had over UDP.`,
        first: own.first,
        last: own.last,
        measures: {
          truncated_answers: { value: own.n, threshold: 1 },
          answers: { value: answers, threshold: minForTruncation },
          exchanges_over_tcp: { value: own.followed, threshold: 0 },
        },
        points: [{ name: 'truncated without need', points: 30 }],
        counterEvidence: [
          'the capture holds no TCP of this client, which a filter can be the reason of',
        ],
        evidence: shown === undefined ? [] : [answerEvidence(shown)],
        focus: { client: row.client, server: row.server },
      },
    ]
  })
}

/** Names by client, server and distance, each with how often it was answered so, its first data and where that is. */
function samplesOf(bench: Bench, rows: readonly DistanceRow[]): Promise<SampleRow[]> {
  return bench.rows<SampleRow>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server, of_ttl AS ip_ttl, qname AS name, toFloat64(count()) AS answers,
      (argMin((of_data, toString(of_capture), of_frame), (response_ts, of_frame)) AS earliest).1 AS data, earliest.2 AS capture, earliest.3 AS frame
    FROM (
      SELECT client AS of_client, server AS of_server, response_ip_ttl AS of_ttl, qname, arrayStringConcat(arraySlice(rr.data, 1, 1)) AS of_data,
        response_capture AS of_capture, response_frame AS of_frame, response_ts
      FROM transactions
      WHERE ${inWindow} AND match = 'answered' AND transport = 'udp' AND client IN {clients:Array(IPv6)} AND server IN {servers:Array(IPv6)}
    )
    GROUP BY client, server, ip_ttl, name
    ORDER BY answers DESC, name
    LIMIT 20000`,
    {
      clients: [...new Set(rows.map(({ client }) => client))],
      servers: [...new Set(rows.map(({ server }) => server))],
    },
  )
}

/** Hops from the sender, by the next higher value that systems start with. */
function hopsOf(ipTtl: number): number {
  return [32, 64, 128, 255].find((start) => start >= ipTtl)! - ipTtl
}

function networkOf(address: string): string {
  return address.includes(':')
    ? address.split(':').slice(0, 2).join(':')
    : address.split('.').slice(0, 2).join('.')
}

function add<Value>(groups: Map<string, Value[]>, key: string, value: Value): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [value])
  else group.push(value)
}
