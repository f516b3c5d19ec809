// Nineteen ordinary changes, each of a watched domain of its own in the hijack lab: what a hijack has to be told from.

import type { Kind } from './hijack-attacks.ts'
import { cdn, days, mailer, providers } from './hijack-stage.ts'
import { copyOf, makeKey, put, valuesOf } from './hijack-zones.ts'

/** All ordinary changes. */
export const ordinary: Kind[] = [
  {
    id: 'move to another DNS provider, both serving for two days',
    suffix: 'example',
    focus: ['@ NS'],
    happen(stage, { name, own }, at) {
      const provider = providers[1] ?? ''
      const fresh = [`ns1.${provider}`, `ns2.${provider}`]
      const both = [...valuesOf(own, name, 'NS'), ...fresh]
      const publish = (hour: number, hosts: string[], primary: string) =>
        stage.at(hour, ['parent', 'own', 'provider'], () => {
          put(own, name, 'NS', 3600, hosts)
          put(own, name, 'SOA', 3600, [`${primary} hostmaster.${name}`])
          own.serial++
          stage.delegate(name, hosts)
          stage.serve('provider', copyOf(own))
        })
      publish(at, both, `ns1.${name}`)
      publish(at + 50, fresh, fresh[0] ?? '')
      return at + 50
    },
  },
  {
    id: 'move to another DNS provider at once',
    suffix: 'example',
    focus: ['@ NS'],
    happen(stage, { name, own }, at) {
      const provider = providers[1] ?? ''
      const fresh = [`ns1.${provider}`, `ns2.${provider}`]
      stage.at(at, ['parent', 'own', 'provider'], () => {
        put(own, name, 'NS', 3600, fresh)
        put(own, name, 'SOA', 3600, [`${fresh[0] ?? ''} hostmaster.${name}`])
        own.serial++
        stage.delegate(name, fresh)
        stage.serve('provider', copyOf(own))
      })
      return at + 2
    },
  },
  {
    id: 'web site moves, both up for a day',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      const fresh = `198.19.60.${site.number}`
      stage.change(site, at, www, 'A', [...valuesOf(site.own, www, 'A'), fresh])
      stage.change(site, at + 26, www, 'A', [fresh])
      return at + 26
    },
  },
  {
    id: 'web site moves at once',
    suffix: 'example',
    focus: ['www A', '@ A'],
    happen(stage, site, at) {
      for (const owner of [`www.${site.name}`, site.name]) {
        stage.change(site, at, owner, 'A', [`198.19.61.${site.number}`])
      }
      return at + 2
    },
  },
  {
    id: 'mail moves to a mail provider, announced by serial',
    suffix: 'example',
    focus: ['@ MX', '@ TXT'],
    happen(stage, site, at) {
      const { name, own } = site
      const fresh = [`10 mx1.${mailer}`, `20 mx2.${mailer}`]
      stage.change(site, at, name, 'MX', [...valuesOf(own, name, 'MX'), ...fresh])
      stage.change(site, at, name, 'TXT', [`"v=spf1 include:${mailer} -all"`])
      stage.change(site, at + 30, name, 'MX', fresh)
      return at + 30
    },
  },
  {
    id: 'mail moves to a mail provider at once',
    suffix: 'example',
    focus: ['@ MX'],
    happen(stage, site, at) {
      stage.change(site, at, site.name, 'MX', [`10 mx1.${mailer}`, `20 mx2.${mailer}`])
      return at + 2
    },
  },
  {
    id: 'mail host moves at once',
    suffix: 'example',
    focus: ['mail A'],
    happen(stage, site, at) {
      stage.change(site, at, `mail.${site.name}`, 'A', [`198.19.62.${site.number}`])
      return at + 2
    },
  },
  {
    id: 'web site moves behind a delivery network',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      stage.at(at, ['own'], () => {
        put(site.own, www, 'A', 0, [])
        put(site.own, www, 'CNAME', 300, [`${site.name.replace('.', '-')}.${cdn}`])
        site.own.serial++
      })
      return at + 2
    },
  },
  {
    id: 'delivery network turns through its networks',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      put(site.own, www, 'A', 0, [])
      put(site.own, www, 'CNAME', 300, [`${site.name.replace('.', '-')}.${cdn}`])
      for (let turn = 0; turn < 6; turn++) {
        stage.at(at + 20 * turn, ['provider'], () => {
          const held = stage.operators.get('provider')?.zones.get(cdn)
          if (held === undefined) return
          const edges = [7, 8].map((last) => `198.19.${64 + turn}.${last}`)
          put(held, `*.${cdn}`, 'A', 60, edges)
        })
      }
      return at + 100
    },
  },
  {
    id: 'failover to the other site and back',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      const [main = ''] = valuesOf(site.own, www, 'A')
      const how = { ttl: 60, raise: false }
      put(site.own, www, 'A', 60, [main])
      stage.change(site, at, www, 'A', [`198.19.${10 + site.number}.80`], how)
      stage.change(site, at + 2, www, 'A', [main], how)
      return at + 2
    },
  },
  {
    id: 'renumbering inside its network',
    suffix: 'example',
    focus: ['webmail A', 'mail A'],
    happen(stage, site, at) {
      for (const label of ['mail', 'webmail']) {
        const near = `198.18.${150 + site.number}.25`
        stage.change(site, at, `${label}.${site.name}`, 'A', [near])
      }
      return at + 2
    },
  },
  {
    id: 'key rollover, both keys for two days',
    suffix: 'test',
    focus: ['@ DS', '@ DNSKEY'],
    happen(stage, site, at) {
      const { name, own, parent } = site
      const [oldKey = ''] = own.keys
      const { key, ds } = makeKey(stage.folder, name)
      const old = valuesOf(parent, name, 'DS')
      const roll = (hour: number, keys: string[], records: string[]) =>
        stage.at(hour, ['own', 'parent'], () => {
          own.keys = keys
          own.serial++
          put(parent, name, 'DS', 3600, records)
        })
      roll(at, [oldKey, key], [...old, ds])
      roll(at + 50, [key], [ds])
      return at + 50
    },
  },
  {
    id: 'another server in the rotation',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      const turn = [1, 2, 3].map((n) => `${site.network.replace('.18.', '.19.')}.${80 + n}`)
      const all = [...valuesOf(site.own, www, 'A'), ...turn]
      put(site.own, www, 'A', 300, all)
      const options = { ttl: 300 }
      stage.change(site, at, www, 'A', [...all, `198.19.60.${site.number}`], options)
      return at + 2
    },
  },
  {
    id: 'host with a dynamic address',
    suffix: 'example',
    focus: ['vpn A'],
    happen(stage, site, at) {
      for (let hour = 5; hour < days * 24; hour += 21) {
        const address = `198.19.${70 + stage.random.integer(0, 30)}.${stage.random.integer(1, 250)}`
        stage.change(site, hour, `vpn.${site.name}`, 'A', [address], { ttl: 60 })
      }
      return at + 2
    },
  },
  {
    id: 'one resolver blocks the site',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      stage.control(at, 2, 'local_data', www, '300', 'IN', 'A', '0.0.0.0')
      stage.control(at + 20, 2, 'local_data_remove', www)
      return at + 20
    },
  },
  {
    id: 'sender policy edited',
    suffix: 'example',
    focus: ['@ TXT'],
    happen(stage, site, at) {
      stage.change(site, at, site.name, 'TXT', ['"v=spf1 mx include:news.example.com -all"'])
      return at + 2
    },
  },
  {
    id: 'short TTL for a maintenance, nothing else',
    suffix: 'example',
    focus: ['www A'],
    happen(stage, site, at) {
      const www = `www.${site.name}`
      const values = valuesOf(site.own, www, 'A')
      stage.change(site, at, www, 'A', values, { ttl: 30 })
      stage.change(site, at + 24, www, 'A', values)
      return at + 24
    },
  },
  {
    id: 'third name server of its own',
    suffix: 'example',
    focus: ['@ NS'],
    happen(stage, site, at) {
      const { name, own } = site
      const hosts = [...valuesOf(own, name, 'NS'), `ns3.${name}`]
      const [, second = ''] = site.servers
      const third = second.replace(/53$/, '54')
      stage.serve('own', own, third)
      stage.at(at, ['own', 'parent'], () => {
        put(own, name, 'NS', 3600, hosts)
        put(own, `ns3.${name}`, 'A', 3600, [third])
        own.serial++
        stage.delegate(name, hosts, { [`ns3.${name}`]: third })
      })
      return at + 2
    },
  },
  {
    id: 'certificate authority added',
    suffix: 'example',
    focus: ['@ CAA'],
    happen(stage, site, at) {
      put(site.own, site.name, 'CAA', 3600, ['0 issue "ca.example"'])
      const both = ['0 issue "ca.example"', '0 issue "letters.example"']
      stage.change(site, at, site.name, 'CAA', both)
      return at + 2
    },
  },
]
