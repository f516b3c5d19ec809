// Data coming in answers: how many distinct bytes of record data one client was given under a domain in 24 hours.

import { plainAddress } from '../../../dns/address.ts'
import { alphabetOf } from './alphabet.ts'
import { type Bench, type Draft, inWindow, type Points, type Rule } from '../detector.ts'
import { count, grouped } from '../evidence.ts'
import { carryingTypes, dataBytes } from './detail.ts'
import { isListed, mayHave } from './names.ts'
import { rowsOf } from './series.ts'
import { recognise } from './known-services.ts'

/** Types whose answers are as good as never anything but addresses, keys or referrals; their rows are not read. */
const plainTypes = `('A', 'PTR', 'NS', 'SOA', 'DS', 'DNSKEY', 'RRSIG', 'NSEC', 'NSEC3', 'HTTPS', 'SVCB', 'CAA')`

/** Keys (a domain, or a client and a domain) that may have given one client enough: most domains do not, and are out by the cheap one. */
function richKeys(key: string, also = ''): string {
  return `SELECT ${key} FROM transactions
        WHERE ${inWindow} AND ${isListed} AND qtype NOT IN ${plainTypes} AND qr = 1${also}
        GROUP BY ${key}
        HAVING sum(response_bytes) >= {minReplyBytes:UInt32} AND ${mayHave('qname', '{minReplyNames:UInt32}')}
          AND ${mayHave('answer_digest', '{minReplyNames:UInt32} * 0.9')}`
}

/** Answers to many never-repeated names, each different: a download. One finding with the names that asked, by whichever scores more. */
export const reply: Rule = {
  id: 'reply-24h',
  title: 'Data coming in DNS answers',
  family: 'volume',
  subject: 'client = {client:IPv6} AND zone = {zone:String}',
  sql: `SELECT client, toString(domain) AS zone, toString(min(ts)) AS first, toString(max(ts)) AS last, count() AS answers,
    uniqExact(answer_digest) AS different, uniqExact(qname) AS names, toUInt64(sum(octets) * least(1, different / answers)) AS bytes,
    groupUniqArray(5)(toString(server)) AS servers, countIf(rcode = 'NXDOMAIN') / count() AS refused, arrayMap(type -> toString(type), topK(3)(qtype)) AS types,
    groupUniqArray(400)(substring(qname, 1, length(qname) - length(domain) - 1)) AS some
  FROM (
    SELECT ts, client, domain, server, qname, qtype, rcode, answer_digest,
      arraySum(arrayMap((data, section, type) -> if(section = 'answer' AND type IN ${carryingTypes}, ${dataBytes('data', 'type')}, 0), rr.data, rr.section, rr.type)) AS octets
    FROM transactions
    WHERE ${inWindow} AND ${isListed} AND qtype NOT IN ${plainTypes} AND qr = 1
      AND (client, domain) IN (
        ${richKeys('client, domain', ` AND domain IN (${richKeys('domain')})`)}
      )
  )
  -- A day that begins at midnight and one that begins at noon: what comes within twelve hours is whole in one of them.
  ARRAY JOIN [toUInt32(intDiv(toUnixTimestamp(ts), 86400)), toUInt32(intDiv(toUnixTimestamp(ts) + 43200, 86400) + 1000000)] AS day
  WHERE octets > 0
  GROUP BY client, domain, day
  HAVING bytes >= {minReplyBytes:UInt32} AND names >= {minReplyNames:UInt32} AND different >= 0.9 * answers
  ORDER BY bytes DESC, zone, day
  LIMIT 1 BY client, domain
  LIMIT 100`,
  judge: (rows: ReplyRow[], bench: Bench) => judgeReply(rows, bench),
}

interface ReplyRow {
  client: string
  zone: string
  first: string
  last: string
  bytes: number
  answers: number
  different: number
  names: number
  servers: string[]
  some: string[]
  refused: number
  types: string[]
}

async function judgeReply(rows: readonly ReplyRow[], bench: Bench): Promise<Draft[]> {
  const drafts: Draft[] = []
  const minBytes = bench.parameters['minReplyBytes'] ?? 0
  for (const row of rows) {
    const [of] = await bench.rows<{ clients: number; all: number; relayed: number }>(
      `SELECT uniqExactIf(client, domain = {zone:String}) AS clients, uniqExact(client) AS all,
        countIf(domain = {zone:String} AND server = {client:IPv6}) AS relayed
      FROM transactions WHERE ${inWindow}`,
      { zone: row.zone, client: row.client },
    )
    // A resolver that passes answers on is not who wanted them.
    if (of === undefined || of.relayed > 0) continue
    const alphabet = alphabetOf(row.some, false)
    const { zone, some, refused } = row
    const service = recognise({ zone, subdomains: some, refused, isEven: alphabet.isEven })
    const points: Points[] = [
      {
        name: 'bytes returned',
        points: Math.min(45, 30 + 5 * Math.log2(row.bytes / Math.max(1, minBytes))),
      },
    ]
    const against: string[] = []
    const lookedAt = [`${grouped(of.clients)} of ${count(of.all, 'client')} ask this domain`]
    if (alphabet.isEven) points.push({ name: 'encoded alphabet', points: 10 })
    if (of.all >= 4 && of.clients * 2 >= of.all) {
      points.push({ name: 'most clients ask this domain', points: -30 })
      against.push(...lookedAt.splice(0))
    } else if (of.clients <= 2) points.push({ name: 'few clients ask this domain', points: 10 })
    if (service.what !== null) {
      points.push({ name: 'known service', points: service.points })
      against.push(`the names are those of ${service.what}`)
    } else lookedAt.push(...service.lookedAt)
    const client = plainAddress(row.client)
    const server = plainAddress(row.servers[0] ?? '')
    const focus = { client: row.client, zone, server: '::' }
    drafts.push({
      subject: { client, server, domain: zone },
      identity: [client, '', zone],
      why: `At most ${grouped(row.bytes)} bytes came to ${client} from ${zone} within 24 hours, between ${row.first.slice(0, 19)} and ${row.last.slice(0, 19)} UTC, in records of type ${row.types.join(' and ')}: ${count(row.names, 'distinct name')}, and ${grouped((100 * row.different) / row.answers)} % of the ${count(row.answers, 'answer')} were different from all others. Ordinary domains give the same few records again, below ${grouped(minBytes)} bytes.`,
      first: row.first,
      last: row.last,
      measures: {
        bytes_returned: { value: Math.round(row.bytes), threshold: minBytes },
        names: { value: row.names, threshold: null },
        different_answers: { value: row.different, threshold: null },
        clients_of_domain: { value: of.clients, threshold: null },
        types: { value: row.types.join(' '), threshold: null },
      },
      points,
      counterEvidence: against,
      lookedAt,
      evidence: { where: rowsOf.domain, parameters: focus, show: 'answer' },
      focus,
    })
  }
  return drafts
}
