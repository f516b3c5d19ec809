// A resolver's ports tried one after another in the name of a server: the first half of a side-channel attack (SAD DNS).

import { plainAddress } from '../../../dns/address.ts'
import {
  bothDirections,
  inWindow,
  type Bench,
  type Draft,
  type Points,
  type Rule,
} from '../detector.ts'
import { grouped } from '../evidence.ts'

interface PortScanRow {
  client: string
  server: string
  ports: number
  packets: number
  seconds: number
  empty: number
  first: string
  last: string
}

/** A message too short to have a QR bit is stored as if its source had asked: port 53 then stands on the client's side. */
const isTurned = `match = 'malformed' AND client_port = 53 AND server_port > 1023`

/** Ports tried in the name of a server. */
export const portScan: Rule = {
  id: 'port-scan',
  title: `A resolver's ports are tried in the name of a server`,
  needs: 'both-directions',
  sql: `SELECT toString(of_client) AS client, toString(of_server) AS server, toFloat64(max(n_ports)) AS ports, toFloat64(sum(n)) AS packets,
    toFloat64(count()) AS seconds, sum(n_empty) / sum(n) AS empty, toString(min(t_first)) AS first, toString(max(t_last)) AS last
  FROM (
    SELECT if(${isTurned}, server, client) AS of_client, if(${isTurned}, client, server) AS of_server,
      toUnixTimestamp(greatest(ts, response_ts)) AS slot, uniqExact(if(${isTurned}, server_port, client_port)) AS n_ports, count() AS n,
      countIf(length(rr.type) = 0) AS n_empty, min(greatest(ts, response_ts)) AS t_first, max(greatest(ts, response_ts)) AS t_last
    FROM transactions
    PREWHERE match IN ('unsolicited', 'wrong_port', 'malformed')
    WHERE ${inWindow} AND transport = 'udp' AND ${bothDirections}
    GROUP BY of_client, of_server, slot
    HAVING n_ports >= {minPorts:UInt32}
  )
  GROUP BY of_client, of_server
  HAVING empty >= 0.8
  ORDER BY ports DESC, client, server
  LIMIT 100`,
  subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6})`,
  benign: [
    'a flood of reflected answers (those hold records; these do not)',
    'a port scan that uses source port 53 to pass a filter',
  ],
  judge: judgePortScan,
}

/** Its parameter. */
export const portScanParameters = {
  minPorts: {
    type: 'UInt32',
    default: 500,
    help: 'ports of one resolver that packets in the name of one server try within a second',
    unit: 'ports',
  },
} as const

/** Its points, by name. */
export const portScanPoints = {
  'ports tried': '40, 10 more for each ten times, 20 at most: ports within one second',
  'victim is a resolver of that server': '20: it asked the very server whose name is used',
} as const

async function judgePortScan(rows: PortScanRow[], bench: Bench): Promise<Draft[]> {
  if (rows.length === 0) return []
  const asked = await bench.rows<{ client: string; server: string }>(
    `SELECT toString(of_client) AS client, toString(of_server) AS server
    FROM (
      SELECT client AS of_client, server AS of_server FROM transactions
      WHERE ${inWindow} AND attempts > 0 AND client IN {clients:Array(IPv6)} AND server IN {servers:Array(IPv6)}
    )
    GROUP BY client, server`,
    { clients: rows.map(({ client }) => client), servers: rows.map(({ server }) => server) },
  )
  const threshold = bench.parameters['minPorts']
  return rows.map((row) => {
    const over = Math.min(20, 10 * Math.log10(row.ports / Math.max(1, threshold)))
    const points: Points[] = [{ name: 'ports tried', points: 40 + over }]
    const isAsked = asked.some((one) => one.client === row.client && one.server === row.server)
    if (isAsked) points.push({ name: 'victim is a resolver of that server', points: 20 })
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    return {
      subject: { client, server, victim: client },
      identity: [client, server],
      why: `${grouped(row.packets)} packets from port 53 in the name of ${server} that no query of ${client} fits, up to ${grouped(row.ports)} different ports of it in one second, without records: somebody looks for the port of an open query. Whether the ports answered with ICMP errors is not seen here, ICMP is not stored.`,
      first: row.first,
      last: row.last,
      measures: {
        ports_in_one_second: { value: row.ports, threshold },
        packets: { value: row.packets, threshold: null },
        seconds_with_so_many: { value: row.seconds, threshold: null },
        share_without_records: { value: Math.round(row.empty * 100) / 100, threshold: 0.8 },
      },
      points,
      counterEvidence: isAsked ? [] : [`${client} was not seen asking ${server}`],
      evidence: {
        where: `(client = {client:IPv6} AND server = {server:IPv6} OR client = {server:IPv6} AND server = {client:IPv6}) AND match IN ('unsolicited', 'wrong_port', 'malformed')`,
        parameters: { client: row.client, server: row.server },
        order: 'greatest(ts, response_ts)',
      },
      focus: { client: row.client, server: row.server },
    }
  })
}
