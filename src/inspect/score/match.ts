// Which finding belongs to which event: same detector, same entity, and times that meet.

import { parseAddress } from '../../dns/address.ts'
import type { Subject } from '../detect/detector.ts'
import type { Truth } from './label.ts'

/** Score from which a finding alerts, and from which it asks for a look. */
export const alertScore = 50
export const reviewScore = 30

/** What matching needs of a finding, of a draft, or of what a baseline rule says. */
export interface Claim {
  detector: string
  score: number
  subject: Subject
  /** ISO UTC. */
  first_seen: string
  last_seen: string
}

/** Claims beside the truths they belong to. */
export interface Matched<C extends Claim> {
  /** For each truth the claims that are about it, highest score first; empty where it was missed. */
  byTruth: C[][]
  /** Claims that are about no truth. */
  strangers: C[]
}

/** Puts claims to truths. One claim may be about several truths, and several claims about one. */
export function matchClaims<C extends Claim>(
  truths: readonly Truth[],
  claims: readonly C[],
): Matched<C> {
  const byTruth = truths.map((truth) =>
    claims.filter((claim) => isAbout(claim, truth)).sort((a, b) => b.score - a.score),
  )
  const known = new Set(byTruth.flat())
  return { byTruth, strangers: claims.filter((claim) => !known.has(claim)) }
}

/** Same detector, same entity as far as both name it, and times no more than a minute apart. */
export function isAbout(claim: Claim, truth: Truth): boolean {
  return (
    claim.detector === truth.kind &&
    isSameEntity(truth.entity, claim.subject) &&
    meets(claim, truth)
  )
}

/** How far times may lie apart: detectors count in windows, and labels come from the clock of who made the traffic. */
const slackMs = 60_000

function meets(claim: Claim, { first, last }: Truth): boolean {
  return (
    (first === null || Date.parse(claim.last_seen) >= Date.parse(first) - slackMs) &&
    (last === null || Date.parse(claim.first_seen) <= Date.parse(last) + slackMs)
  )
}

/** Fields of a subject that can stand for a field of an entity, nearest first. */
const comparable: Readonly<Record<string, readonly (keyof Subject)[]>> = {
  client: ['client', 'victim'],
  victim: ['victim', 'client'],
  domain: ['domain', 'name'],
  name: ['name', 'domain'],
}

/** True when at least one field of the entity is there to compare, and none that is differs. An empty entity is any. */
function isSameEntity(entity: Truth['entity'], subject: Subject): boolean {
  const results = Object.entries(entity).flatMap(([field, wanted]) => {
    const fields = comparable[field] ?? [field as keyof Subject]
    const found = fields.find((candidate) => subject[candidate] !== undefined)
    if (found === undefined) return []
    return [isSame(wanted.toLowerCase(), (subject[found] as string).toLowerCase(), found === field)]
  })
  return Object.keys(entity).length === 0 || (results.length > 0 && results.every(Boolean))
}

/** Equal; or the address in the prefix; or, of two different fields, the one name below the other. */
function isSame(wanted: string, found: string, isSameField: boolean): boolean {
  if (wanted === found) return true
  if (found.includes('/')) return isInPrefix(wanted, found)
  return !isSameField && (found.endsWith(`.${wanted}`) || wanted.endsWith(`.${found}`))
}

function isInPrefix(address: string, prefix: string): boolean {
  const [network = '', length = ''] = prefix.split('/')
  const one = parseAddress(address)
  const other = parseAddress(network)
  if (one === null || other === null) return false
  const bits = Number(length) + (network.includes(':') ? 0 : 96)
  for (let bit = 0; bit < bits; bit++) {
    const mask = 128 >> (bit & 7)
    if ((one[bit >> 3] & mask) !== (other[bit >> 3] & mask)) return false
  }
  return true
}
