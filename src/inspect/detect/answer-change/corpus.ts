// What the rest of the store knows of new values: since when a host's domain or a network is in use, by how many others, and which certificates were asked for.

import type { Bench } from '../detector.ts'
import { hours } from './timeline.ts'
import { domainOf, siteOf } from '../network.ts'

/** Who used a value first: domains of other names with the hour (since 1970) they were first given it, earliest first. */
export interface Use {
  domain: string
  hour: number
}

/** What was looked up for one run. Keys are registrable domains of hosts, and networks (/24, /48) of addresses. */
export interface Corpus {
  hosts: Map<string, Use[]>
  networks: Map<string, Use[]>
  /** Hours at which a name's `_acme-challenge` was asked for, by name. */
  challenges: Map<string, number[]>
  /** Hour of the first answer in the store. */
  start: number
}

/** Uses looked at per value. */
const mostUses = 200

/** Looks all new values up, in four queries. */
export async function corpusOf(
  bench: Bench,
  wanted: { hosts: string[]; addresses: string[]; names: string[] },
): Promise<Corpus> {
  const domains = [...new Set(wanted.hosts.map(domainOf))]
  const networks = [
    ...new Set(wanted.addresses.map((text) => siteOf(text.includes(':') ? 'AAAA' : 'A', text))),
  ]
  const corpus: Corpus = { hosts: new Map(), networks: new Map(), challenges: new Map(), start: 0 }
  if (domains.length > 0) {
    for (const row of await bench.rows<Found>(hostUses, { domains })) add(corpus.hosts, row)
    for (const { value, first } of await bench.rows<Found>(asked, { domains })) {
      corpus.hosts.set(value, [
        ...(corpus.hosts.get(value) ?? []),
        { domain: value, hour: hours(first) },
      ])
    }
  }
  if (networks.length > 0) {
    for (const row of await bench.rows<Found>(networkUses, { networks })) add(corpus.networks, row)
  }
  if (wanted.names.length > 0) {
    const names = wanted.names.map((name) => `_acme-challenge.${name}`)
    for (const { value, first } of await bench.rows<Found>(challenges, {
      names,
      zones: wanted.names.map(domainOf),
    })) {
      const name = value.replace('_acme-challenge.', '')
      corpus.challenges.set(name, [...(corpus.challenges.get(name) ?? []), hours(first)])
    }
    const [row] = await bench.rows<{ first: string }>(start)
    corpus.start = row === undefined ? 0 : hours(row.first)
  }
  return corpus
}

interface Found {
  value: string
  name: string
  first: string
}

const history = `match IN ('answered', 'late') AND section IN ('answer', 'authority')`

/** Names whose NS, MX or CNAME records point into the domains. */
const hostUses = `SELECT value, name, toString(min(first_seen)) AS first FROM (
    SELECT name, first_seen, arrayFirst(domain -> target = domain OR endsWith(target, concat('.', domain)), {domains:Array(String)}) AS value
    FROM (SELECT name, first_seen, if(type = 'MX', arrayElement(splitByChar(' ', data), 2), data) AS target FROM rrsets WHERE type IN ('NS', 'MX', 'CNAME') AND ${history})
    WHERE value != ''
  ) GROUP BY value, name ORDER BY first, name LIMIT ${mostUses} BY value LIMIT 100000`

/** When names of the domains were first asked for. */
const asked = `SELECT toString(domain) AS value, '' AS name, toString(min(ts)) AS first FROM transactions
    WHERE domain IN {domains:Array(String)} GROUP BY domain LIMIT 10000`

/** Names with addresses in the networks. */
const networkUses = `SELECT if(type = 'A', concat(substring(data, 1, length(data) - position(reverse(data), '.')), '.0/24'),
      concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(data), 48), 1)), '/48')) AS value, name, toString(min(first_seen)) AS first
    FROM rrsets WHERE type IN ('A', 'AAAA') AND ${history} AND value IN {networks:Array(String)}
    GROUP BY value, name ORDER BY first, name LIMIT ${mostUses} BY value LIMIT 100000`

const challenges = `SELECT qname AS value, '' AS name, toString(toStartOfHour(ts)) AS first FROM transactions
    WHERE domain IN {zones:Array(String)} AND qname IN {names:Array(String)} GROUP BY value, first ORDER BY value, first LIMIT 100000`

const start = `SELECT toString(min(ts)) AS first FROM transactions WHERE ts > '1971-01-01 00:00:00'`

function add(uses: Map<string, Use[]>, { value, name, first }: Found): void {
  const use = { domain: domainOf(name), hour: hours(first) }
  const list = uses.get(value)
  if (list === undefined) uses.set(value, [use])
  else list.push(use)
}
