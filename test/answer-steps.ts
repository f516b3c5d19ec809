// The pieces that incidents in a simulated world are made of: new states of records, rogue hosts, who suits what.

import type { WatchedDomain } from './answer-world.ts'

/** Something that happened to a domain; times are hours since the start. */
export interface Incident {
  kind: string
  isHijack: boolean
  domain: string
  from: number
  until: number
}

/** A kind of incident. */
export interface Kind {
  id: string
  suits(domain: WatchedDomain, at: number): boolean
  /** Lets it happen at an hour; gives the hour at which it is over. */
  happen(domain: WatchedDomain, at: number, random: () => number, hours: number): number
}

export const any = () => true
export const hasOwnServers = (domain: WatchedDomain) => domain.records.has(`ns1.${domain.name} A`)
export const isSigned = (domain: WatchedDomain, at: number) =>
  now(domain, `${domain.name} DS`, at).length > 0
export const hasPlainWeb = (domain: WatchedDomain) =>
  !domain.records.has(`www.${domain.name} CNAME`) && isPlain(domain, 'www')
export const isPlain = (domain: WatchedDomain, label: string) =>
  (domain.records.get(`${label}.${domain.name} A`)?.versions.length ?? 9) < 3

/** A new state of a record. */
export function set(
  domain: WatchedDomain,
  key: string,
  from: number,
  until: number,
  values: string[],
  ttl?: number,
  only?: string,
): void {
  const record = domain.records.get(key)!
  const before = record.versions.findLast(
    (version) => version.from <= from && version.only === undefined,
  )!
  record.versions.push({
    from,
    until,
    values,
    ttl: ttl ?? before.ttl,
    ...(only === undefined ? {} : { only }),
  })
  record.versions.sort((a, b) => a.from - b.from)
  domain.busy.push([from - 1.5, Math.min(until, from + 6)])
  if (until < Infinity) domain.busy.push([until - 0.5, until + 1.5])
}

/** What a record says for good at an hour. */
export function now(domain: WatchedDomain, key: string, at: number): string[] {
  const versions = domain.records.get(key)?.versions ?? []
  const holds = versions.findLast(
    ({ from, until, only }) => from <= at && until === Infinity && only === undefined,
  )
  return holds?.values ?? []
}

export function publish(domain: WatchedDomain, ...hours: number[]): void {
  domain.published.push(...hours)
}

/** Parent and child name other servers, which say the same of everything that is not changed too. */
export function redelegate(
  domain: WatchedDomain,
  from: number,
  until: number,
  zone: string,
  random: () => number,
): void {
  set(domain, `${domain.name} NS`, from, until, [`ns1.${zone}`, `ns2.${zone}`], 3600)
  if (random() < 0.5)
    set(domain, `${domain.name} SOA`, from, until, [`ns1.rogue.${zone} hostmaster.${zone}`])
}

export function alias(
  domain: WatchedDomain,
  from: number,
  until: number,
  target: string,
  addresses: string[],
): void {
  const name = `www.${domain.name}`
  const key = `${name} CNAME`
  if (!domain.records.has(key)) {
    domain.records.set(key, {
      name,
      type: 'CNAME',
      versions: [{ from: 0, until: Infinity, values: [], ttl: 300 }],
    })
  }
  set(domain, key, from, until, [target])
  set(domain, `${name} A`, from, until, addresses)
}

/** A host that carries mail or logins, unless it is dynamic. */
export function host(domain: WatchedDomain, random: () => number): string {
  const hosts = ['webmail', 'vpn', 'mail'].filter((each) => isPlain(domain, each))
  return `${pick(hosts, random)}.${domain.name} A`
}

/** A domain of the attacker's: a look-alike, or one of nothing at all. */
export function rogueZone(domain: WatchedDomain, random: () => number): string {
  if (random() < 0.4) return domain.name.replace('firm', 'flrm')
  return `quiet${Math.floor(random() * 1000)}.test`
}

export function rogueAddress(random: () => number): string {
  return `185.${Math.floor(random() * 200)}.${Math.floor(random() * 200)}.${1 + Math.floor(random() * 200)}`
}

export function pick<T>(of: readonly T[], random: () => number): T {
  return of[Math.floor(random() * of.length)]
}
