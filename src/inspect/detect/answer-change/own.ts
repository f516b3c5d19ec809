// What a change of a watched record is worth by itself, before anything around it is looked at.

import type { Corpus } from './corpus.ts'
import { behindAlias, type Change, type History, nothing } from './timeline.ts'
import type { Points } from '../detector.ts'
import { domainOf, type Network, regionOf } from '../network.ts'

/** What is known beside the change itself. */
export interface Surroundings {
  histories: readonly History[]
  changes: readonly Change[]
  corpus: Corpus
  networks: ReadonlyMap<string, Network>
  /** Hosts that NS, and that MX records named. */
  nameServers: ReadonlySet<string>
  mailHosts: ReadonlySet<string>
}

/** Hosts that carry credentials or mail: the first targets of a hijack. */
const sensitive =
  /^(?:mail|mx|smtp|imap|pop|webmail|owa|vpn|remote|autodiscover|login|sso)[0-9-]*\./
/** What the change itself is worth; nothing where it is ordinary. */
export function ownPoints(change: Change, around: Surroundings): Points[] {
  const part = (name: string, points: number) => [{ name, points }]
  const { name, type } = change.history
  const isGone = change.units.size === 1 && change.units.has(nothing)
  const isRestless = change.volatility === 'dynamic'
  switch (type) {
    case 'NS':
      return part('NS changed', 40)
    case 'MX':
      return part('MX changed', 30)
    case 'SOA':
      return part('SOA names changed', 20)
    case 'TXT':
      return isRestless
        ? []
        : part(name.startsWith('_dmarc.') ? 'DMARC changed' : 'SPF changed', 15)
    case 'CAA':
      return part('CAA changed', 10)
    case 'CNAME': {
      if (isRestless) return []
      if (isGone) return part('alias changed', 5)
      const known = new Set([...change.trusted].map(domainOf))
      return part(
        'alias changed',
        [...change.units].some((unit) => !known.has(domainOf(unit))) ? 20 : 5,
      )
    }
    case 'DS':
      if (isGone) return part('DS removed', 30)
      return change.isAdded || change.isHandedOver || change.trusted.has(nothing)
        ? []
        : part('DS replaced', 25)
    case 'DNSKEY':
      return isGone || change.isAdded || change.isHandedOver ? [] : part('DNSKEY replaced', 25)
    case 'A':
    case 'AAAA':
      return isRestless ? [] : addressPoints(change, around)
    default:
      return []
  }
}

function addressPoints(change: Change, around: Surroundings): Points[] {
  const { name, type } = change.history
  const fresh = [...change.units].filter((unit) => unit !== behindAlias && unit !== nothing)
  if (fresh.length === 0) return []
  const regions = new Set([...change.trusted].map((unit) => regionOf(type, unit)))
  const isFar = fresh.some((unit) => !regions.has(regionOf(type, unit)))
  const isGlue = around.nameServers.has(name)
  const isCredential = sensitive.test(name) || around.mailHosts.has(name)
  if (!isFar && change.volatility === 'pool') return []
  const points: Points[] = []
  if (isGlue) points.push({ name: 'address of a name server in another network', points: 35 })
  else if (isFar)
    points.push({ name: 'address in another network', points: isCredential ? 30 : 25 })
  else points.push({ name: 'address in a neighbouring network', points: isCredential ? 15 : 10 })
  if (isFar && isSameOwner(change, around)) points.push({ name: 'same network owner', points: -15 })
  return points
}

/** True when all new addresses belong to owners the name had before; false where no table of networks says so. */
function isSameOwner(change: Change, { networks }: Surroundings): boolean {
  const owner = (value: string) => networks.get(value)?.asn ?? 0
  const old = new Set(change.before.flatMap((told) => told.values.map(owner)))
  const fresh = freshValues(change).map(owner)
  return fresh.length > 0 && fresh.every((asn) => asn !== 0 && old.has(asn))
}

/** Records of the change with something new in them. */
export function freshValues(change: Change): string[] {
  const { type } = change.history
  const old = new Set(change.before.flatMap((told) => told.values))
  const values = new Set(change.during.flatMap((told) => told.values))
  return [...values].filter((value) => !old.has(value) || type === 'SOA')
}
