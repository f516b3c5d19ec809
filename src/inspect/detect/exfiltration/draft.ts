// Says what was found of data leaving in names: the points for and against, and one paragraph that needs no manual.

import { plainAddress } from '../../../dns/address.ts'
import { alphabetOf } from './alphabet.ts'
import type { Draft, Points } from '../detector.ts'
import { count, grouped } from '../evidence.ts'
import type { Detail, Surroundings } from './detail.ts'
import { decodeSample, sampleText } from './sample.ts'
import { focusOf, type Key, rowsOf } from './series.ts'
import type { Measured } from './volume.ts'
import { recognise } from './known-services.ts'

/** A candidate over a threshold with all that is known of it. */
export interface Found {
  key: Key
  found: Measured
  detail: Detail
  surroundings: Surroundings
  /** Whether letter case carries data. */
  isMixed: boolean
}

/** Days a store must go back before a domain can be new in it, and days in which it is. */
const learningDays = 14
const newDays = 7
const oldDays = 30

/** Null where the key asks for more than bytes: a server of one's own with ordinary names, a domain everybody has known for long. */
export function draftOf({ key, found, detail, surroundings, isMixed }: Found): Draft | null {
  const { candidate, window, minBytes, rule } = found
  const names = isMixed ? detail.asSent : found.names
  const alphabet = alphabetOf(names, isMixed)
  const isPublic = candidate.zone !== ''
  const clients = Math.max(1, detail.clients)
  const age = days(detail.zoneFirst, detail.last)
  if (key === 'server' && !alphabet.isEven && detail.rare < 0.5) return null
  if (key === 'everyone' && (age > oldDays || clients < 3)) return null

  const ratio = window.bytes / Math.max(1, found.names.join('\n').length)
  const caseBytes = isMixed ? lettersIn(found.names) / 8 : 0
  const mostBytes = Math.max(window.bytes, found.allCharacters * ratio) + caseBytes
  const service = recognise({
    zone: candidate.zone,
    subdomains: found.names,
    refused: detail.refused,
    isEven: alphabet.isEven,
  })
  const points: Points[] = [
    {
      name: 'bytes over the threshold',
      points: Math.min(60, 30 + 10 * Math.log2(window.bytes / Math.max(1, minBytes))),
    },
  ]
  const against: string[] = []
  const lookedAt: string[] = []
  if (detail.rare >= 0.5) points.push({ name: 'rare query types', points: 15 })
  if (alphabet.isEven) points.push({ name: 'encoded alphabet', points: 10 })
  else lookedAt.push('the letters are not used as evenly as an encoder would')
  if (isPublic) {
    const share = `${grouped(clients)} of ${count(surroundings.clients, 'client')} ask this domain`
    if (surroundings.clients >= 4 && clients * 2 >= surroundings.clients) {
      points.push({ name: 'most clients ask this domain', points: -30 })
      against.push(share)
    } else {
      if (clients <= 2) points.push({ name: 'few clients ask this domain', points: 10 })
      lookedAt.push(share)
    }
    const seen = `the domain was first seen ${detail.zoneFirst.slice(0, 10)}`
    if (age >= oldDays) {
      points.push({ name: 'domain is old', points: -10 })
      against.push(`${seen}, ${grouped(age)} days before`)
    } else if (
      days(detail.zoneFirst, detail.first) <= newDays &&
      days(surroundings.first, detail.zoneFirst) >= learningDays
    ) {
      points.push({ name: 'domain is new', points: 10 })
    } else lookedAt.push(seen)
  }
  const owned = ownServers(detail, surroundings)
  if (owned && key !== 'everyone') points.push({ name: 'server of its own', points: 15 })
  if (detail.down * 2 >= mostBytes) points.push({ name: 'data comes back', points: 10 })
  if (detail.uncached >= 0.5) points.push({ name: 'answers are not cached', points: 5 })
  if (service.what !== null) {
    points.push({ name: 'known service', points: service.points })
    against.push(`the names are those of ${service.what}`)
  } else lookedAt.push(...service.lookedAt)

  const client = plainAddress(candidate.client)
  const server = plainAddress(isPublic ? (detail.servers[0] ?? candidate.server) : candidate.server)
  const source = key === 'everyone' ? count(clients, 'client') : client
  const sample = decodeSample(isMixed ? detail.asSent : found.names, alphabet.name)
  const target = {
    domain: candidate.zone,
    suffix: isPublic ? candidate.zone : `${server}, in names without a public suffix`,
    server: `${server}, a server nobody else asks, in names of many domains`,
    everyone: candidate.zone,
  }[key]
  const written = alphabet.name === 'text' ? '' : `, written in ${alphabet.name}`
  const why = `At most ${bytesText(mostBytes)} could have left from ${source} to ${target} between ${detail.first.slice(0, 19)} and ${detail.last.slice(0, 19)} UTC: ${count(detail.names, 'distinct name')} in ${count(detail.queries, 'query')}${written}. The fullest ${rule.words} held ${count(found.names.length, 'new name')} that compress to ${grouped(window.bytes)} bytes; ordinary clients stay below ${grouped(minBytes)}.${sampleText(sample)}`
  return {
    rule: rule.id,
    subject: {
      ...(key === 'everyone' ? {} : { client, server }),
      ...(isPublic ? { domain: candidate.zone } : {}),
    },
    identity: [client, isPublic ? '' : server, candidate.zone],
    why,
    first: detail.first,
    last: detail.last,
    measures: {
      compressed_bytes: { value: window.bytes, threshold: minBytes },
      names: { value: found.names.length, threshold: null },
      most_bytes_left: { value: Math.round(mostBytes), threshold: null },
      queries: { value: detail.queries, threshold: null },
      ...(detail.repeats > 0
        ? { bytes_in_repeats: { value: repeatBytes(detail), threshold: null } }
        : {}),
      bytes_returned: { value: Math.round(detail.down), threshold: null },
      alphabet: { value: alphabet.name, threshold: null },
      ...(isPublic ? { clients_of_domain: { value: clients, threshold: null } } : {}),
      types: { value: detail.types.join(' '), threshold: null },
    },
    points,
    counterEvidence: against,
    lookedAt,
    evidence: { where: rowsOf[key], parameters: focusOf(candidate) },
    focus: focusOf(candidate),
  }
}

/** `9,335 bytes (9.1 kB)` where a thousand makes the number hard to take in. */
function bytesText(bytes: number): string {
  if (bytes < 10_000) return `${grouped(bytes)} bytes`
  const [unit, name] = bytes < 1e6 ? [1e3, 'kB'] : [1e6, 'MB']
  return `${grouped(bytes)} bytes (${(bytes / unit).toFixed(1)} ${name})`
}

/** A client that has a shared server at hand and asks another one, alone. */
function ownServers(detail: Detail, { clients, shared }: Surroundings): boolean {
  return clients >= 5 && shared.size > 0 && !detail.servers.some((server) => shared.has(server))
}

/** What asking again inside the TTL can tell: which of the names, at most. Reported, not scored: clients that never cache do it too. */
function repeatBytes({ repeats, names }: Detail): number {
  return Math.round((repeats * Math.log2(Math.max(1, names))) / 8)
}

function lettersIn(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (name.match(/[a-z]/g)?.length ?? 0), 0)
}

function days(from: string, to: string): number {
  return (Date.parse(`${to.slice(0, 10)}Z`) - Date.parse(`${from.slice(0, 10)}Z`)) / 86_400_000
}
