// Ordinary changes of records in a simulated world, which a hijack must be told from.

import {
  alias,
  any,
  hasPlainWeb,
  isSigned,
  type Kind,
  now,
  pick,
  publish,
  set,
} from './answer-steps.ts'
import { cdns, mailers, providers, resolvers } from './answer-world-ask.ts'

/** Ordinary changes. */
export const benignKinds: Kind[] = [
  {
    id: 'move to another DNS provider, both serving for days',
    suits: (domain, at) => !isSigned(domain, at),
    happen(domain, at, random) {
      const provider = `${pick(providers, random)}.test`
      const old = now(domain, `${domain.name} NS`, at)
      const fresh = [`ns1.${provider}`, `ns2.${provider}`]
      const until = at + 48 + 48 * random()
      set(domain, `${domain.name} NS`, at, until, [...old, ...fresh])
      set(domain, `${domain.name} NS`, until, Infinity, fresh)
      set(domain, `${domain.name} SOA`, at + 30, Infinity, [
        `ns1.${provider} hostmaster.${domain.name}`,
      ])
      publish(domain, at, until)
      return until
    },
  },
  {
    id: 'web site moves, both up for a day',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const key = `www.${domain.name} A`
      const old = now(domain, key, at)
      const fresh = `146.1.${Math.floor(random() * 8)}.${1 + Math.floor(random() * 200)}`
      set(domain, key, at, at + 26, [...old, fresh])
      set(domain, key, at + 26, Infinity, [fresh])
      publish(domain, at, at + 26)
      return at + 26
    },
  },
  {
    id: 'web site moves at once',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const fresh = [`${130 + Math.floor(random() * 10)}.20.7.${1 + Math.floor(random() * 200)}`]
      set(domain, `www.${domain.name} A`, at, Infinity, fresh)
      set(domain, `${domain.name} A`, at, Infinity, fresh)
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'mail moves to a mail provider',
    suits: (domain, at) => now(domain, `${domain.name} MX`, at)[0].endsWith(domain.name),
    happen(domain, at, random) {
      const mailer = pick(mailers, random)
      const key = `${domain.name} MX`
      const fresh = [`10 mx1.${mailer}.test`, `20 mx2.${mailer}.test`]
      const overlap = random() < 0.7 ? 24 + 24 * random() : 0
      set(domain, key, at, at + overlap, [...now(domain, key, at), ...fresh])
      set(domain, key, at + overlap, Infinity, fresh)
      set(domain, `${domain.name} TXT`, at, Infinity, [`"v=spf1 include:${mailer}.test -all"`])
      publish(domain, at, at + overlap)
      return at + overlap + 1
    },
  },
  {
    id: 'mail host moves at once',
    suits: any,
    happen(domain, at, random) {
      set(domain, `mail.${domain.name} A`, at, Infinity, [
        `${130 + Math.floor(random() * 10)}.20.9.25`,
      ])
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'web site moves behind a delivery network',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const edge = `${domain.name.replace('.', '-')}.${pick(cdns, random)}.test`
      alias(domain, at, Infinity, edge, ['104.16.3.9'])
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'failover to the other site and back',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const key = `www.${domain.name} A`
      const standby = `${130 + Math.floor(random() * 10)}.77.3.80`
      const record = domain.records.get(key)!
      for (const version of record.versions) if (version.until === Infinity) version.ttl = 60
      let from = at
      for (let time = 0; time < 1 + Math.floor(random() * 3); time++) {
        set(domain, key, from, from + 0.5 + 4 * random(), [standby], 60)
        from += 30 + 60 * random()
      }
      return from
    },
  },
  {
    id: 'renumbering inside its network',
    suits: any,
    happen(domain, at, random) {
      for (const name of ['mail', 'webmail']) {
        set(domain, `${name}.${domain.name} A`, at, Infinity, [
          `${domain.network}.${150 + Math.floor(random() * 50)}.25`,
        ])
      }
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'key rollover, both keys signed for days',
    suits: isSigned,
    happen(domain, at, random) {
      const key = `${domain.name} DS`
      const fresh = `${20000 + Math.floor(random() * 9999)} 13 2 ${'CD'.repeat(16)}`
      const until = at + 48 + 24 * random()
      set(domain, key, at, until, [...now(domain, key, at), fresh])
      set(domain, key, until, Infinity, [fresh])
      return until
    },
  },
  {
    id: 'another server in the rotation',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const key = `www.${domain.name} A`
      set(domain, key, at, Infinity, [
        ...now(domain, key, at),
        `146.1.${Math.floor(random() * 8)}.80`,
      ])
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'one resolver blocks the site',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const page = pick(['0.0.0.0', '10.9.9.9', '146.112.61.106'], random)
      const until = at + 5 + 40 * random()
      set(domain, `www.${domain.name} A`, at, until, [page], 300, resolvers[2])
      return until
    },
  },
  {
    id: 'sender policy edited',
    suits: any,
    happen(domain, at) {
      set(domain, `${domain.name} TXT`, at, Infinity, ['"v=spf1 mx include:news.example.com -all"'])
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'short TTL for a maintenance, nothing else',
    suits: hasPlainWeb,
    happen(domain, at) {
      const key = `www.${domain.name} A`
      set(domain, key, at, at + 24, now(domain, key, at), 30)
      publish(domain, at, at + 24)
      return at + 24
    },
  },
  {
    id: 'third name server at the same operator',
    suits: any,
    happen(domain, at) {
      const key = `${domain.name} NS`
      const hosts = now(domain, key, at)
      const zone = hosts[0].replace(/^ns1\./, '')
      set(domain, key, at, Infinity, [...hosts, `ns3.${zone}`])
      publish(domain, at)
      return at + 1
    },
  },
  {
    id: 'certificate authority added',
    suits: any,
    happen(domain, at) {
      const key = `${domain.name} CAA`
      set(domain, key, at, Infinity, [...now(domain, key, at), '0 issue "letters.example"'])
      publish(domain, at)
      return at + 1
    },
  },
]
