// The stage of the hijack lab: root, parents, providers, an attacker, watched domains, and the calendar of what happens to them and who asks.

import type { Random } from '../make/random.ts'
import { copyOf, makeKey, type Operator, put, zone, type Zone } from './hijack-zones.ts'

/** Hours since the start of the recording. */
export type Hour = number

/** Something done to the zones, or to a resolver by unbound-control. */
export interface Action {
  at: Hour
  act: () => void
  /** Operators whose zones it changes. */
  operators: string[]
  /** Number of a resolver and words for its unbound-control. */
  control?: [resolver: number, ...words: string[]]
}

/** Questions asked at one time, each to some resolver. */
export interface Visit {
  at: Hour
  questions: Question[]
}

/** `resolver` is the number of one of the lab's, or the address of any server. */
export interface Question {
  name: string
  type: string
  resolver: number | string
  client: string
}

/** An entry of the label. */
export interface Truth {
  scenario: string
  kind: string
  entity: Record<string, string>
  from: Hour
  until: Hour
}

/** A watched domain. */
export interface Site {
  name: string
  number: number
  /** As its own servers hold it. */
  own: Zone
  /** Its delegating zone. */
  parent: Zone
  /** What happens to it. */
  event: string
  /** `NAME TYPE` of what its event changes: asked for at every visit. */
  focus: string[]
  /** Where it has its hosts, and its two name servers. */
  network: string
  servers: string[]
}

export const days = 26
export const addresses = { root: '198.18.0.1', parent: '198.18.0.2' }
export const providers = ['zonely.test', 'dnsworks.test']
export const mailer = 'postly.test'
export const cdn = 'fastedge.test'
const providerServers = ['198.18.3.53', '198.19.3.53']
/** Seconds that delegations are kept. */
const delegationTtl = 3600

/** Everything that the servers hold and that will happen. */
export class Stage {
  readonly operators = new Map<string, Operator>()
  readonly actions: Action[] = []
  readonly visits: Visit[] = []
  readonly truths: Truth[] = []
  readonly sites: Site[] = []
  readonly random: Random
  readonly folder: string
  /** DS data of the parent whose answers resolvers validate. */
  readonly anchor: string
  readonly #parents: Map<string, Zone>

  constructor(folder: string, random: Random) {
    this.folder = folder
    this.random = random
    const root = zone('', 'ns.nic.test', 1)
    const parents = ['example', 'test'].map((name) => zone(name, 'ns.nic.test', 1))
    this.#parents = new Map(parents.map((each) => [each.name, each]))
    put(root, '', 'NS', 518400, ['root.nic.test'])
    for (const parent of parents) {
      put(root, parent.name, 'NS', 172800, ['ns.nic.test'])
      put(parent, parent.name, 'NS', 172800, ['ns.nic.test'])
    }
    for (const each of [root, this.parentOf('test')]) {
      put(each, 'root.nic.test', 'A', 518400, [addresses.root])
      put(each, 'ns.nic.test', 'A', 172800, [addresses.parent])
    }
    const { key, ds } = makeKey(folder, 'test')
    this.anchor = ds
    this.parentOf('test').keys.push(key)
    this.operator('root', [addresses.root], [root])
    this.operator('parent', [addresses.parent], parents)
    this.operator('own', [], [])
    this.operator('provider', providerServers, [])
    this.operator('attacker', [], [])
    for (const name of [...providers, mailer, cdn]) this.#addProvider(name)
    for (let n = 1; n <= 6; n++) this.#addStranger(`other${n}.example`, n)
  }

  operator(id: string, listens: string[], zones: Zone[]): void {
    const byName = new Map(zones.map((each) => [each.name, each]))
    this.operators.set(id, { id, addresses: listens, zones: byName })
  }

  /** Puts a zone, or another version of it, on an operator's servers. */
  serve(id: string, served: Zone, ...listens: string[]): void {
    const operator = this.operators.get(id)
    if (operator === undefined) throw new Error(`no operator ${id}`)
    operator.zones.set(served.name, served)
    operator.addresses = [...new Set([...operator.addresses, ...listens])]
  }

  parentOf(name: string): Zone {
    const parent = this.#parents.get(name.split('.').at(-1) ?? '')
    if (parent === undefined) throw new Error(`no parent for ${name}`)
    return parent
  }

  /** Names the servers of a domain at its parent, with the addresses of those below it. */
  delegate(name: string, hosts: string[], glue: Record<string, string> = {}): void {
    put(this.parentOf(name), name, 'NS', delegationTtl, hosts)
    for (const [host, address] of Object.entries(glue)) {
      put(this.parentOf(name), host, 'A', delegationTtl, [address])
    }
  }

  /** Adds a watched domain with servers, hosts and mail of its own. */
  addSite(suffix: 'example' | 'test', number: number): Site {
    const name = `firm${String(number).padStart(2, '0')}.${suffix}`
    const network = `198.18.${10 + number}`
    const servers = [`${network}.53`, `198.19.${10 + number}.53`]
    const own = zone(name, `ns1.${name}`, 2026020100 + number)
    const hosts = [`ns1.${name}`, `ns2.${name}`]
    put(own, name, 'NS', delegationTtl, hosts)
    put(own, name, 'MX', 3600, [`10 mail.${name}`])
    put(own, name, 'TXT', 3600, ['"v=spf1 mx -all"'])
    const places = { [name]: 80, www: 80, mail: 25, webmail: 26, vpn: 99 }
    for (const [host, last] of Object.entries(places)) {
      const owner = host === name ? name : `${host}.${name}`
      put(own, owner, 'A', 3600, [`${network}.${last}`])
    }
    const glue = Object.fromEntries(hosts.map((host, n) => [host, servers[n] ?? '']))
    for (const [host, address] of Object.entries(glue)) put(own, host, 'A', 3600, [address])
    const parent = this.parentOf(name)
    this.delegate(name, hosts, glue)
    if (suffix === 'test') {
      const { key, ds } = makeKey(this.folder, name)
      own.keys.push(key)
      put(parent, name, 'DS', 3600, [ds])
    }
    this.serve('own', own, ...servers)
    const site: Site = { name, number, own, parent, event: 'nothing', focus: [], network, servers }
    this.sites.push(site)
    return site
  }

  /** Does something at an hour, which changes what these operators serve. */
  at(hour: Hour, operators: string[], act: () => void): void {
    this.actions.push({ at: hour, operators, act })
  }

  control(hour: Hour, resolver: number, ...words: string[]): void {
    this.actions.push({ at: hour, operators: [], act: () => {}, control: [resolver, ...words] })
  }

  /** Changes one record set of a site from an hour on; `raise` is whether the zone's serial goes up with it. */
  change(
    site: Site,
    hour: Hour,
    owner: string,
    type: string,
    values: string[],
    { ttl = 3600, raise = true }: { ttl?: number; raise?: boolean } = {},
  ): void {
    this.at(hour, ['own'], () => {
      put(site.own, owner, type, ttl, values)
      if (raise) site.own.serial++
    })
  }

  /** The attacker's version of a site, served at its own address. */
  rogue(site: Site, changes: (fake: Zone) => void = () => {}): { address: string; fake: Zone } {
    const address = `198.19.${100 + site.number}.66`
    const fake = copyOf(site.own)
    fake.keys = []
    changes(fake)
    this.serve('attacker', fake, address)
    return { address, fake }
  }

  /** Delegates a domain of the attacker's and gives its two hosts. */
  rogueHosts(site: Site, isLookAlike: boolean): string[] {
    const name = `${isLookAlike ? 'flrm' : 'quiet'}${String(site.number).padStart(2, '0')}.example`
    const address = `198.19.${100 + site.number}.66`
    const own = zone(name, `ns1.${name}`, 1)
    const hosts = [`ns1.${name}`, `ns2.${name}`]
    put(own, name, 'NS', 3600, hosts)
    for (const host of [...hosts, `mail.${name}`, `www.${name}`])
      put(own, host, 'A', 3600, [address])
    this.serve('attacker', own, address)
    this.delegate(name, hosts, Object.fromEntries(hosts.map((host) => [host, address])))
    return hosts
  }

  #addProvider(name: string): void {
    const hosts = [`ns1.${name}`, `ns2.${name}`]
    const own = zone(name, `ns1.${name}`, 7)
    put(own, name, 'NS', 3600, hosts)
    const glue = Object.fromEntries(hosts.map((host, n) => [host, providerServers[n] ?? '']))
    for (const [host, address] of Object.entries(glue)) put(own, host, 'A', 3600, [address])
    for (const n of [1, 2]) put(own, `mx${n}.${name}`, 'A', 3600, [`198.19.5.${n}`])
    const edges = ['198.19.4.7', '198.19.4.8', '198.19.6.7']
    put(own, `*.${name}`, 'A', 60, edges)
    this.delegate(name, hosts, glue)
    this.serve('provider', own)
  }

  /** A domain of somebody else that uses the providers, so that they are known when a watched one moves there. */
  #addStranger(name: string, n: number): void {
    const provider = providers[n % 2] ?? ''
    const own = zone(name, `ns1.${provider}`, 3)
    const hosts = [`ns1.${provider}`, `ns2.${provider}`]
    put(own, name, 'NS', 3600, hosts)
    put(own, name, 'MX', 3600, [`10 mx1.${mailer}`])
    put(own, `www.${name}`, 'CNAME', 300, [`${name.replace('.', '-')}.${cdn}`])
    put(own, `shop.${name}`, 'A', 3600, [`198.19.60.${n}`])
    this.delegate(name, hosts)
    this.serve('provider', own)
  }
}
