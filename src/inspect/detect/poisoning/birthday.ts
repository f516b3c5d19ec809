// The same question asked many times at once by one resolver: each more lets every guess fit one more open query (birthday attack, VU#457875).

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, type Draft, inWindow, type Points, type Rule } from '../detector.ts'
import { count, grouped } from '../evidence.ts'
import { guessesAt } from './letter-case.ts'

interface BirthdayRow {
  client: string
  server: string
  name: string
  type: string
  domain: string
  most: number
  bursts: number
  first: string
  last: string
}

/** A resolver that does so for this many domains does it always. */
const minHabit = 3

/** Queries of a burst that are laid beside one another: more than this are as many as they are. */
const compared = 200

/** The most of a burst that were open at one time: a resolver that got a bad answer asks again at once, and then nothing is open twice. */
const mostOpen = `if(n_all >= ${compared}, n_all, arrayMax(one -> arrayCount(other -> other.3 <= one.3 AND other.4 > one.3, asked), asked))`

/** Identical open queries. */
export const birthday: Rule = {
  id: 'birthday',
  title: 'A resolver asks the same question many times at once',
  sql: `SELECT toString(any(of_client)) AS client, toString(any(of_server)) AS server, any(of_name) AS name, toString(any(of_type)) AS type,
    toString(any(of_domain)) AS domain, toFloat64(max(n)) AS most, toFloat64(count()) AS bursts, toString(min(t_first)) AS first, toString(max(t_last)) AS last
  FROM (
    SELECT cityHash64(client, server, qname, qtype) AS question, intDiv(toUnixTimestamp64Milli(ts), 200) AS slot,
      any(client) AS of_client, any(server) AS of_server, any(qname) AS of_name, any(qtype) AS of_type, any(domain) AS of_domain,
      uniqExact(id, client_port) AS n_all, min(ts) AS t_first, max(ts) AS t_last,
      groupUniqArray(${compared})((id, client_port, toUnixTimestamp64Nano(ts), toUnixTimestamp64Nano(ts) + if(qr = 1, latency_ns, 10000000000))) AS asked,
      if(n_all < {minIdentical:UInt32}, 0, ${mostOpen}) AS n
    FROM transactions
    PREWHERE attempts > 0 AND (NOT bitTest(query_flags, 8) OR client IN (SELECT server FROM transactions PREWHERE match = 'answered' WHERE ${inWindow}))
    WHERE ${inWindow} AND transport = 'udp'
    GROUP BY question, slot
    HAVING n >= {minIdentical:UInt32}
  )
  GROUP BY question
  ORDER BY most DESC, client, name
  LIMIT 200`,
  subject: `client = toString({client:IPv6}) AND server = toString({server:IPv6}) AND name = {name:String} AND type = {type:String}`,
  benign: [
    'several resolvers behind one address',
    'a resolver that does not merge identical questions (then it is open to this attack)',
  ],
  judge: judgeBirthday,
}

/** Its parameter. */
export const birthdayParameters = {
  minIdentical: {
    type: 'UInt32',
    default: 3,
    help: 'identical questions with other ids or ports that a resolver sends to one server within a fifth of a second',
    unit: 'queries',
  },
} as const

/** Its points, by name. */
export const birthdayPoints = {
  'identical questions at once':
    '40, 10 more for each doubling, 30 at most: within a fifth of a second',
  'asks many names so': '-30: it does so for three domains or more, so that is how it works',
} as const

async function judgeBirthday(rows: BirthdayRow[], bench: Bench): Promise<Draft[]> {
  const guesses = await guessesAt(bench, rows)
  const threshold = bench.parameters['minIdentical']
  return rows.map((row) => {
    const over = Math.min(30, 10 * Math.log2(row.most / Math.max(1, threshold)))
    const points: Points[] = [{ name: 'identical questions at once', points: 40 + over }]
    const counterEvidence: string[] = []
    const domains = new Set(rows.filter(({ client }) => client === row.client).map((r) => r.domain))
    if (domains.size >= minHabit) {
      points.push({ name: 'asks many names so', points: -30 })
      counterEvidence.push(`the resolver does so for ${count(domains.size, 'domain')}`)
    }
    const guessed = guesses(row.client, row.domain)
    if (guessed > 0) points.push({ name: 'guesses came before', points: 20 })
    const client = plainAddress(row.client)
    const server = plainAddress(row.server)
    return {
      subject: { client, server, name: row.name, type: row.type },
      identity: [client, server, row.name, row.type],
      why: `${client} sent ${server} the question ${row.type} ${row.name} ${count(row.most, 'time')} within a fifth of a second, each with another id or port: a guess at the answer then fits any of them, so the ${grouped(65536 * 64512 * 0.69)} packets that make a hit likely become ${grouped((65536 * 64512 * 0.69) / row.most)}${guessed > 0 ? `. ${grouped(guessed)} wrong answers about ${row.domain} came as well` : '. No guesses were seen'}.`,
      first: row.first,
      last: row.last,
      measures: {
        identical_queries: { value: row.most, threshold },
        bursts: { value: row.bursts, threshold: null },
        domains_asked_so: { value: domains.size, threshold: minHabit },
        guesses_at_the_domain: { value: guessed, threshold: 1 },
      },
      points,
      counterEvidence,
      evidence: {
        where: `client = {client:IPv6} AND server = {server:IPv6} AND qname = {name:String} AND qtype = {type:String} AND attempts > 0`,
        parameters: { client: row.client, server: row.server, name: row.name, type: row.type },
      },
      focus: { client: row.client, server: row.server, name: row.name, type: row.type },
    }
  })
}
