// Domains made by a program: a client that asks for many registrable domains that do not exist, within minutes, in letters nobody registers.

import { plainAddress } from '../../../dns/address.ts'
import { type Bench, detector, type Draft, inWindow, type Points } from '../detector.ts'
import { count, grouped } from '../evidence.ts'
import { localSuffixes } from '../exfiltration/names.ts'
import { bitsPerCharacter } from './letters.ts'

/** Length of the window, which begins at any of the questions. */
const windowSeconds = 600

/** Bits a character from which letters are unlike names: 30 registered domains together never had more than 4.6, random letters have 6. */
const unlikeNames = 5.2

/** Share of the domains that nobody else may have asked. */
const ownShare = 0.8

/**
 * Only names that a program would reach a host by: the domain itself. Missing hosts and mail policies are below it. Under suffixes that are
 * not public, local names and browsers' probes with a search list added are left out.
 */
const asksForDomain = `domain != '' AND qtype IN ('A', 'AAAA') AND qname IN (toString(domain), concat('www.', domain))
        AND (tld_listed = 1 OR NOT match(qname, '^[a-z]{7,15}\\\\.|\\\\.(?:${localSuffixes})$'))`

/** Bursts of missing domains, as malware makes them while it looks for its command server. */
export default detector({
  id: 'dga',
  version: 1,
  title: 'Many domains that do not exist',
  asks: 'Does a client try domains that no person would register, until one exists?',
  why: 'Malware that finds its command server by generated names asks for dozens of domains that do not exist within minutes. People mistype one at a time, browsers probe single labels, and search lists stay below one domain. Letters tell the generated ones: their pairs cost 6 bits a character and more, those of 30 registered domains together at most 4.6.',
  attack: ['T1568.002'],
  parameters: {
    minDomains: {
      type: 'UInt32',
      default: 30,
      help: 'distinct registrable domains that do not exist, within ten minutes',
      unit: 'domains',
    },
  },
  rules: [
    {
      id: 'burst',
      title: 'Many domains that do not exist',
      subject: 'client = {client:IPv6}',
      sql: `SELECT client, arrayMap(one -> one.1, series) AS asked, arrayMap(one -> one.2, series) AS domains
  FROM (
    SELECT client, groupArraySorted(5000)((first, name)) AS series
    FROM (
      SELECT client, toString(domain) AS name, min(toUnixTimestamp64Milli(toDateTime64(ts, 3)) / 1000) AS first
      FROM transactions
      PREWHERE rcode = 'NXDOMAIN'
      WHERE ${inWindow} AND match = 'answered' AND ${asksForDomain}
      GROUP BY client, name
    )
    GROUP BY client
    HAVING count() >= {minDomains:UInt32}
  )
  ORDER BY length(domains) DESC, client
  LIMIT 200`,
      judge: (rows: BurstRow[], bench: Bench) => judgeBursts(rows, bench),
    },
  ],
  points: {
    'missing domains': '15, and 5 for each doubling over the threshold, 30 at most',
    'nobody else asks them': '10: four of five were asked by no other client',
    'others ask them too': '-20: fewer than that',
    'letters unlike names': '25: pairs of letters that registered domains do not have',
    'one like them exists':
      '30: the same letters, the same length, asked meanwhile by nobody else: likely the command server',
  },
  benign: [
    'a crawler or mail filter that checks old lists of domains',
    'an advertisement blocker or sinkhole that answers as if domains did not exist',
    'a network without a working way out, whose resolver denies everything',
  ],
  next: ['overhear hunt client {client}', 'overhear hunt domain {domain}'],
  references: ['Antonakakis et al., From Throw-Away Traffic to Bots, USENIX Security 2012'],
})

interface BurstRow {
  client: string
  asked: number[]
  domains: string[]
}

async function judgeBursts(rows: readonly BurstRow[], bench: Bench): Promise<Draft[]> {
  const minDomains = bench.parameters['minDomains'] ?? 0
  const drafts: Draft[] = []
  for (const row of rows) {
    const { from, to } = fullest(row.asked)
    const domains = row.domains.slice(from, to)
    if (domains.length < minDomains) continue
    // Without unlike letters nothing below twice the threshold can score: the questions that follow need not be asked.
    if (!isUnlike(domains) && domains.length < 2 * minDomains) continue
    const [since, until] = [row.asked[from] ?? 0, row.asked[to - 1] ?? 0]
    const detail = await detailOf(row.client, domains, since, until, bench)
    if (detail === null || detail.relayed > 0) continue
    drafts.push(draftOf(row, domains, detail, minDomains))
  }
  return drafts
}

interface BurstDetail {
  first: string
  last: string
  /** Domains that another client asked as well. */
  shared: number
  clients: number
  /** Domains this client asked meanwhile that exist and nobody else asks. */
  existing: string[]
  /** Queries that others sent to this client: then it only passes on. */
  relayed: number
}

async function detailOf(
  client: string,
  domains: readonly string[],
  since: number,
  until: number,
  bench: Bench,
): Promise<BurstDetail | null> {
  const meanwhile = `ts BETWEEN toDateTime64({from:Float64} - 1, 9) AND toDateTime64({to:Float64} + ${windowSeconds}, 9)`
  const ofBurst = `client = {client:IPv6} AND ${meanwhile} AND domain IN {domains:Array(String)} AND rcode = 'NXDOMAIN'`
  const [row] = await bench.rows<Omit<BurstDetail, 'shared' | 'existing'>>(
    `SELECT toString(minIf(ts, ${ofBurst})) AS first, toString(maxIf(ts, ${ofBurst})) AS last, uniqExact(client) AS clients,
      countIf(server = {client:IPv6}) AS relayed
    FROM transactions WHERE ${inWindow}`,
    { client, domains: [...domains], from: since, to: until },
  )
  const others = await bench.rows<{ domain: string }>(
    `SELECT DISTINCT toString(domain) AS domain FROM transactions
    WHERE ${inWindow} AND domain IN {domains:Array(String)} AND client != {client:IPv6}
      AND client NOT IN (SELECT DISTINCT server FROM transactions WHERE ${inWindow} AND client = {client:IPv6}) LIMIT 10000`,
    { client, domains: [...domains] },
  )
  const existing = await bench.rows<{ domain: string }>(
    `SELECT toString(domain) AS domain FROM transactions
    WHERE ${inWindow} AND rcode = 'NOERROR' AND ${asksForDomain} AND has(rr.section, 'answer')
      AND domain IN (SELECT domain FROM transactions WHERE ${inWindow} AND client = {client:IPv6} AND ${meanwhile})
    GROUP BY domain
    HAVING countIf(client != {client:IPv6} AND client NOT IN (SELECT DISTINCT server FROM transactions WHERE ${inWindow} AND client = {client:IPv6})) = 0
    ORDER BY domain LIMIT 1000`,
    { client, from: since, to: until },
  )
  if (row === undefined) return null
  return {
    ...row,
    shared: others.length,
    existing: existing.map(({ domain }) => domain),
  }
}

function draftOf(
  row: BurstRow,
  domains: readonly string[],
  detail: BurstDetail,
  minDomains: number,
): Draft {
  const client = plainAddress(row.client)
  const labels = domains.map(labelOf)
  const bits = meanBits(domains)
  const own = 1 - detail.shared / domains.length
  const points: Points[] = [
    {
      name: 'missing domains',
      points: Math.min(30, 15 + 5 * Math.log2(domains.length / Math.max(1, minDomains))),
    },
  ]
  const against: string[] = []
  const lookedAt: string[] = []
  const asked = `${count(detail.shared, 'domain')} of ${grouped(domains.length)} were asked by other clients too`
  if (own >= ownShare) {
    points.push({ name: 'nobody else asks them', points: 10 })
    lookedAt.push(`${asked}, among ${count(detail.clients, 'client')}`)
  } else {
    points.push({ name: 'others ask them too', points: -20 })
    against.push(asked)
  }
  const hasUnlikeLetters = isUnlike(domains)
  if (hasUnlikeLetters) points.push({ name: 'letters unlike names', points: 25 })
  else against.push(`the letters are those of ordinary names (${bits.toFixed(1)} bits a character)`)
  const lengths = labels.map((label) => label.length)
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)]
  const found = detail.existing.filter((domain) => {
    const label = labelOf(domain)
    const fits = label.length >= shortest && label.length <= longest
    return fits && bitsPerCharacter(label) >= unlikeNames
  })
  if (hasUnlikeLetters && found.length > 0)
    points.push({ name: 'one like them exists', points: 30 })
  else lookedAt.push('no domain like them that exists was asked within ten minutes')
  const existing =
    hasUnlikeLetters && found.length > 0
      ? ` One like them exists and was answered: ${found.slice(0, 3).join(', ')}.`
      : ''
  return {
    subject: {
      client,
      ...(found[0] === undefined || !hasUnlikeLetters ? {} : { domain: found[0] }),
    },
    identity: [client],
    why: `${client} asked for ${count(domains.length, 'domain')} that do not exist within ten minutes, between ${detail.first.slice(0, 19)} and ${detail.last.slice(0, 19)} UTC, such as ${domains.slice(0, 3).join(', ')}; their letters cost ${bits.toFixed(1)} bits each, those of registered domains about 3.9.${existing}`,
    first: detail.first,
    last: detail.last,
    measures: {
      missing_domains: { value: domains.length, threshold: minDomains },
      bits_per_character: { value: Number(bits.toFixed(2)), threshold: unlikeNames },
      asked_by_nobody_else: { value: Number(own.toFixed(2)), threshold: ownShare },
      missing_domains_in_all: { value: row.domains.length, threshold: null },
    },
    points,
    counterEvidence: against,
    lookedAt,
    evidence: {
      where: `client = {client:IPv6} AND domain IN {domains:Array(String)} AND rcode = 'NXDOMAIN'`,
      parameters: { client: row.client, domains: [...domains] },
    },
    focus: { client: row.client },
  }
}

function isUnlike(domains: readonly string[]): boolean {
  return meanBits(domains) >= unlikeNames
}

function meanBits(domains: readonly string[]): number {
  const bits = domains.reduce((sum, domain) => sum + bitsPerCharacter(labelOf(domain)), 0)
  return bits / Math.max(1, domains.length)
}

/** Positions of the ten minutes with the most questions. */
function fullest(asked: readonly number[]): { from: number; to: number } {
  let best = { from: 0, to: 0 }
  let to = 0
  for (const [from, start] of asked.entries()) {
    while (to < asked.length && (asked[to] ?? 0) < start + windowSeconds) to++
    if (to - from > best.to - best.from) best = { from, to }
  }
  return best
}

/** The label that was registered. */
function labelOf(domain: string): string {
  return domain.slice(0, Math.max(0, domain.indexOf('.')))
}
