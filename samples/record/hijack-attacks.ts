// Sixteen ways to hijack a domain, each done to a watched domain of its own in the hijack lab.

import type { Hour, Site, Stage } from './hijack-stage.ts'
import { put, valuesOf } from './hijack-zones.ts'

/** Something that happens to a site at an hour; gives the hour at which it is over. */
export interface Kind {
  id: string
  suffix: 'example' | 'test'
  /** `LABEL TYPE` of what it changes; `@` is the domain itself. */
  focus: string[]
  happen(stage: Stage, site: Site, at: Hour): Hour
}

const short = { ttl: 60, raise: false }

/** All hijacks. */
export const attacks: Kind[] = [
  {
    id: 'name servers at the parent for three hours, look-alike',
    suffix: 'example',
    focus: ['@ NS', 'webmail A'],
    happen(stage, site, at) {
      const until = at + 3
      const webmail = `webmail.${site.name}`
      redelegate(stage, site, at, until, true, webmail)
      truth(stage, this.id, 'NS', site.name, at, until)
      truth(stage, 'host behind hijacked name servers', 'A', webmail, at, until)
      return until
    },
  },
  {
    id: 'name servers at the parent for ninety minutes, nothing else',
    suffix: 'example',
    focus: ['@ NS', '@ MX'],
    happen(stage, site, at) {
      const until = at + 1.5
      redelegate(stage, site, at, until, false)
      truth(stage, this.id, 'NS', site.name, at, until)
      return until
    },
  },
  {
    id: 'address of webmail for an hour, serial kept',
    suffix: 'example',
    focus: ['webmail A'],
    happen: (stage, site, at) => moveHost(stage, site, at, 1, 'webmail', short),
  },
  {
    id: 'address of vpn for an hour, serial raised',
    suffix: 'example',
    focus: ['vpn A'],
    happen: (stage, site, at) => moveHost(stage, site, at, 1, 'vpn', { ttl: 300, raise: true }),
  },
  {
    id: 'MX for twenty minutes',
    suffix: 'example',
    focus: ['@ MX'],
    happen(stage, site, at) {
      const until = at + 1 / 3
      const [host = ''] = stage.rogueHosts(site, false)
      const mail = host.replace('ns1', 'mail')
      during(stage, site, at, until, site.name, 'MX', [`10 ${mail}`], short)
      truth(stage, this.id, 'MX', site.name, at, until)
      return until
    },
  },
  {
    id: 'MX put before the real one for two hours',
    suffix: 'example',
    focus: ['@ MX'],
    happen(stage, site, at) {
      const until = at + 2
      const [host = ''] = stage.rogueHosts(site, false)
      const values = [`5 ${host.replace('ns1', 'mail')}`, ...valuesOf(site.own, site.name, 'MX')]
      during(stage, site, at, until, site.name, 'MX', values, { ttl: 300, raise: true })
      truth(stage, this.id, 'MX', site.name, at, until)
      return until
    },
  },
  {
    id: 'glue of both name servers for four hours',
    suffix: 'example',
    focus: ['webmail A', '@ NS'],
    happen(stage, site, at) {
      const until = at + 4
      const hosts = [1, 2].map((n) => `ns${n}.${site.name}`)
      const webmail = `webmail.${site.name}`
      const { address } = stage.rogue(site, (fake) => {
        for (const host of hosts) put(fake, host, 'A', 3600, [rogueAddress(site)])
        put(fake, webmail, 'A', 60, [rogueAddress(site)])
      })
      for (const [n, host] of hosts.entries()) {
        stage.at(at, ['parent'], () => put(site.parent, host, 'A', 3600, [address]))
        const real = site.servers[n] ?? ''
        stage.at(until, ['parent'], () => put(site.parent, host, 'A', 3600, [real]))
        truth(stage, 'glue of a name server for four hours', 'A', host, at, until)
      }
      truth(stage, 'host behind hijacked name servers', 'A', webmail, at, until)
      return until
    },
  },
  {
    id: 'DS removed, then name servers',
    suffix: 'test',
    focus: ['@ NS', '@ DS'],
    happen(stage, site, at) {
      const until = at + 6
      removeDs(stage, site, at, until)
      redelegate(stage, site, at + 1, until, false)
      truth(stage, 'DS removed', 'DS', site.name, at, until)
      truth(stage, 'name servers after DS', 'NS', site.name, at, until)
      return until
    },
  },
  {
    id: 'DS removed for eight hours',
    suffix: 'test',
    focus: ['@ DS', 'www A'],
    happen(stage, site, at) {
      removeDs(stage, site, at, at + 8)
      truth(stage, 'DS removed', 'DS', site.name, at, at + 8)
      return at + 8
    },
  },
  {
    id: 'TTL of nought',
    suffix: 'example',
    focus: ['www A'],
    happen: (stage, site, at) => moveHost(stage, site, at, 2, 'www', { ttl: 0, raise: false }),
  },
  {
    id: 'TTL of a week',
    suffix: 'example',
    focus: ['www A'],
    happen: (stage, site, at) =>
      moveHost(stage, site, at, 2, 'www', { ttl: 604_800, raise: false }),
  },
  {
    id: 'address near by',
    suffix: 'example',
    focus: ['webmail A'],
    happen(stage, site, at) {
      const near = `198.18.${150 + site.number}.66`
      return moveHost(stage, site, at, 1.5, 'webmail', short, near)
    },
  },
  {
    id: 'one resolver only',
    suffix: 'example',
    focus: ['webmail A'],
    happen(stage, site, at) {
      const until = at + 3
      const webmail = `webmail.${site.name}`
      const { address } = stage.rogue(site, (fake) =>
        put(fake, webmail, 'A', 300, [rogueAddress(site)]),
      )
      // What a poisoned cache does: one resolver goes to other servers for this zone.
      stage.control(at, 1, 'stub_add', site.name, address)
      stage.control(at, 1, 'flush_zone', site.name)
      stage.control(until, 1, 'stub_remove', site.name)
      stage.control(until, 1, 'flush_zone', site.name)
      truth(stage, 'one resolver only', 'A', webmail, at, until)
      return until
    },
  },
  {
    id: 'name servers one after the other',
    suffix: 'example',
    focus: ['@ NS', 'webmail A'],
    happen(stage, site, at) {
      const until = at + 60
      const hosts = stage.rogueHosts(site, false)
      const old = valuesOf(site.own, site.name, 'NS')
      const webmail = `webmail.${site.name}`
      const { fake } = stage.rogue(site)
      const step = (hour: Hour, values: string[]) =>
        stage.at(hour, ['parent', 'own', 'attacker'], () => {
          for (const each of [site.own, fake]) put(each, site.name, 'NS', 3600, values)
          stage.delegate(site.name, values)
        })
      step(at, [hosts[0] ?? '', old[1] ?? ''])
      step(at + 10, hosts)
      step(until, old)
      const real = valuesOf(site.own, webmail, 'A')
      stage.at(at + 30, ['attacker'], () => put(fake, webmail, 'A', 300, [rogueAddress(site)]))
      stage.at(at + 33, ['attacker'], () => put(fake, webmail, 'A', 3600, real))
      truth(stage, this.id, 'NS', site.name, at, until)
      truth(stage, 'host behind drifting name servers', 'A', webmail, at + 30, at + 33)
      return until
    },
  },
  {
    id: 'theft of the domain',
    suffix: 'example',
    focus: ['@ NS', 'www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      redelegate(stage, site, at, Infinity, false, www)
      truth(stage, this.id, 'NS', site.name, at, Infinity)
      truth(stage, 'host of a stolen domain', 'A', www, at, Infinity)
      return at + 24
    },
  },
  {
    id: 'alias to elsewhere',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const until = at + 3
      const www = `www.${site.name}`
      const [host = ''] = stage.rogueHosts(site, true)
      const old = valuesOf(site.own, www, 'A')
      stage.at(at, ['own'], () => {
        put(site.own, www, 'A', 0, [])
        put(site.own, www, 'CNAME', 60, [host.replace('ns1', 'www')])
      })
      stage.at(until, ['own'], () => {
        put(site.own, www, 'CNAME', 0, [])
        put(site.own, www, 'A', 3600, old)
      })
      truth(stage, this.id, 'CNAME', www, at, until)
      return until
    },
  },
]

/** Where an attacker has its hosts. */
function rogueAddress({ number }: Site): string {
  return `198.19.${100 + number}.66`
}

function moveHost(
  stage: Stage,
  site: Site,
  at: Hour,
  hours: number,
  label: string,
  how: { ttl: number; raise: boolean },
  address = rogueAddress(site),
): Hour {
  const owner = `${label}.${site.name}`
  during(stage, site, at, at + hours, owner, 'A', [address], how)
  const what = address.startsWith('198.18.') ? 'in a neighbouring network' : 'in another network'
  const scenario = `address of ${label} ${what}, TTL ${how.ttl}`
  truth(stage, scenario, 'A', owner, at, at + hours)
  return at + hours
}

/** Other records from one hour to another, then the old ones with their old TTL. */
function during(
  stage: Stage,
  site: Site,
  at: Hour,
  until: Hour,
  owner: string,
  type: string,
  values: string[],
  how: { ttl: number; raise: boolean },
): void {
  const old = valuesOf(site.own, owner, type)
  stage.change(site, at, owner, type, values, how)
  stage.change(site, until, owner, type, old, { raise: how.raise })
}

/** The parent names the attacker's servers, which say the same of everything but their own names and one host. */
function redelegate(
  stage: Stage,
  site: Site,
  at: Hour,
  until: Hour,
  isLookAlike: boolean,
  host = '',
): void {
  const hosts = stage.rogueHosts(site, isLookAlike)
  const old = valuesOf(site.own, site.name, 'NS')
  stage.rogue(site, (fake) => {
    put(fake, site.name, 'NS', 3600, hosts)
    if (host !== '') put(fake, host, 'A', 60, [rogueAddress(site)])
  })
  stage.at(at, ['parent'], () => stage.delegate(site.name, hosts))
  if (until < Infinity) stage.at(until, ['parent'], () => stage.delegate(site.name, old))
}

function removeDs(stage: Stage, site: Site, at: Hour, until: Hour): void {
  const old = valuesOf(site.parent, site.name, 'DS')
  stage.at(at, ['parent'], () => put(site.parent, site.name, 'DS', 3600, []))
  stage.at(until, ['parent'], () => put(site.parent, site.name, 'DS', 3600, old))
}

function truth(
  stage: Stage,
  scenario: string,
  type: string,
  name: string,
  from: Hour,
  until: Hour,
): void {
  stage.truths.push({ scenario, kind: 'answer-change', entity: { name, type }, from, until })
}
