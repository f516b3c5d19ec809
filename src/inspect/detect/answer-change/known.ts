// Whether the new values of a change are known from elsewhere in the store: in use by others for long, never seen, look-alikes, block pages.

import type { Use } from './corpus.ts'
import { freshValues, type Surroundings } from './own.ts'
import { type Change, nothing } from './timeline.ts'
import { domainOf, isLocalAddress, siteOf } from '../network.ts'

/** Others that use a value, and hours since they do, for it to be well known. */
const knownUsers = 3
const knownHours = 14 * 24
/** Hours of store before the change, for "never seen before" to mean something. */
const corpusHours = 7 * 24
/** Who else uses the new values, and since when. */
export function addKnowledge(
  change: Change,
  { corpus }: Surroundings,
  add: (name: string, points: number) => void,
): void {
  const { name, type } = change.history
  const own = domainOf(name)
  const isFresh = change.from - corpus.start < corpusHours
  if (type === 'NS' || type === 'MX' || type === 'CNAME') {
    const old = new Set([...change.trusted].map(domainOf))
    const domains = [
      ...new Set([...change.units].filter((unit) => unit !== nothing).map(domainOf)),
    ].filter((domain) => !old.has(domain))
    if (domains.length === 0) return
    if (domains.some((domain) => [own, ...old].some((known) => isLookAlike(domain, known))))
      add('look-alike domain', 20)
    else if (
      !isFresh &&
      domains.some((domain) =>
        (corpus.hosts.get(domain) ?? []).every(({ hour }) => hour > change.from - 1),
      )
    )
      add('domain never seen before', type === 'CNAME' ? 10 : 20)
    if (domains.every((domain) => isWellKnown(corpus.hosts.get(domain) ?? [], own, change.from)))
      add('well known elsewhere', -20)
  }
  if (type === 'A' || type === 'AAAA') {
    const sites = [...new Set(freshValues(change).map((value) => siteOf(type, value)))]
    if (sites.length === 0) return
    const uses = sites.map((site) => corpus.networks.get(site) ?? [])
    if (!isFresh && uses.some((list) => list.every(({ hour }) => hour > change.from - 1)))
      add('network never seen before', 10)
    if (uses.every((list) => isWellKnown(list, own, change.from))) add('well known elsewhere', -20)
    if (
      freshValues(change).some((value) =>
        change.during.some(
          ({ servers, vantage }) =>
            vantage === 'authoritative' &&
            servers.some((server) => server.replace('::ffff:', '') === value),
        ),
      )
    )
      add('answered by the new address itself', 20)
  }
}

function isWellKnown(uses: readonly Use[], own: string, hour: number): boolean {
  const users = uses.filter((use) => use.domain !== own && use.hour <= hour - knownHours)
  return new Set(users.map(({ domain }) => domain)).size >= knownUsers
}

/** One or two letters apart, and not the same. */
function isLookAlike(one: string, other: string): boolean {
  if (one === other || Math.abs(one.length - other.length) > 2 || other.length < 6) return false
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return (row.at(-1) ?? 9) <= 2
}

/**
 * Addresses that lead nowhere, or that three other domains were given for two weeks: a resolver that was taken over sends many names to one
 * place too, but not for that long.
 */
export function isBlockPage(change: Change, { corpus }: Surroundings): boolean {
  const { type, name } = change.history
  const values = freshValues(change)
  if (values.length === 0 || (type !== 'A' && type !== 'AAAA')) return false
  return values.every((value) => {
    const uses = corpus.networks.get(siteOf(type, value)) ?? []
    return isLocalAddress(value) || isWellKnown(uses, domainOf(name), change.from)
  })
}
