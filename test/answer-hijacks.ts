// Twelve ways to hijack a name in a simulated world.

import {
  alias,
  any,
  hasOwnServers,
  hasPlainWeb,
  host,
  isSigned,
  type Kind,
  now,
  publish,
  redelegate,
  rogueAddress,
  rogueZone,
  set,
} from './answer-steps.ts'
import { resolvers } from './answer-world-ask.ts'

/** Twelve templates of hijacks. */
export const hijackKinds: Kind[] = [
  {
    id: 'name servers at the parent for hours',
    suits: any,
    happen(domain, at, random) {
      const until = at + 2 + 3 * random()
      redelegate(domain, at, until, rogueZone(domain, random), random)
      if (random() < 0.5) set(domain, host(domain, random), at, until, [rogueAddress(random)], 60)
      return until
    },
  },
  {
    id: 'address of a mail or access host for an hour',
    suits: any,
    happen(domain, at, random) {
      const until = at + 0.75 + 0.75 * random()
      set(
        domain,
        host(domain, random),
        at,
        until,
        [rogueAddress(random)],
        random() < 0.5 ? 60 : 3600,
      )
      if (random() < 0.5) publish(domain, at, until)
      return until
    },
  },
  {
    id: 'MX for twenty minutes',
    suits: any,
    happen(domain, at, random) {
      const until = at + 1 / 3 + 0.1 * random()
      set(domain, `${domain.name} MX`, at, until, [`10 mail.${rogueZone(domain, random)}`], 60)
      if (random() < 0.5) publish(domain, at, until)
      return until
    },
  },
  {
    id: 'glue',
    suits: hasOwnServers,
    happen(domain, at, random) {
      const until = at + 1 + 5 * random()
      const address = rogueAddress(random)
      set(domain, `ns1.${domain.name} A`, at, until, [address], 86400)
      if (random() < 0.5) set(domain, `ns2.${domain.name} A`, at, until, [address], 86400)
      if (random() < 0.4) set(domain, host(domain, random), at, until, [address], 60)
      return until
    },
  },
  {
    id: 'DS removed',
    suits: isSigned,
    happen(domain, at, random) {
      const until = at + 3 + 9 * random()
      set(domain, `${domain.name} DS`, at, until, [])
      if (random() < 0.5) redelegate(domain, at + 1, until, rogueZone(domain, random), random)
      return until
    },
  },
  {
    id: 'TTL 0',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const until = at + 1 + 2 * random()
      set(domain, `www.${domain.name} A`, at, until, [rogueAddress(random)], 0)
      return until
    },
  },
  {
    id: 'TTL of a week',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const until = at + 1 + 2 * random()
      set(domain, `www.${domain.name} A`, at, until, [rogueAddress(random)], 604800)
      return until
    },
  },
  {
    id: 'address near by',
    suits: any,
    happen(domain, at, random) {
      const until = at + 1 + random()
      set(
        domain,
        host(domain, random),
        at,
        until,
        [`${domain.network}.${150 + Math.floor(random() * 50)}.66`],
        60,
      )
      return until
    },
  },
  {
    id: 'one resolver only',
    suits: hasPlainWeb,
    happen(domain, at, random) {
      const until = at + 2 + 2 * random()
      const key = random() < 0.5 ? host(domain, random) : `www.${domain.name} A`
      set(domain, key, at, until, [rogueAddress(random)], 3600, resolvers[Math.floor(random() * 3)])
      return until
    },
  },
  {
    id: 'slow drift of the name servers',
    suits: any,
    happen(domain, at, random) {
      const zone = rogueZone(domain, random)
      const key = `${domain.name} NS`
      const [, second] = now(domain, key, at)
      const until = at + 60
      set(domain, key, at, at + 10, [`ns1.${zone}`, second])
      set(domain, key, at + 10, until, [`ns1.${zone}`, `ns2.${zone}`])
      set(domain, `${domain.name} SOA`, at + 10, until, [`ns1.rogue.${zone} hostmaster.${zone}`])
      set(domain, host(domain, random), at + 30, at + 33, [rogueAddress(random)], 300)
      return until
    },
  },
  {
    id: 'theft of the domain',
    suits: any,
    happen(domain, at, random, hours) {
      const zone = rogueZone(domain, random)
      redelegate(domain, at, hours, zone, random)
      set(domain, `www.${domain.name} A`, at + 2, Infinity, [rogueAddress(random)], 3600)
      return hours
    },
  },
  {
    id: 'alias to elsewhere',
    suits: (domain) => domain.records.has(`www.${domain.name} CNAME`) || hasPlainWeb(domain),
    happen(domain, at, random) {
      const until = at + 2 + 4 * random()
      alias(domain, at, until, `www.${rogueZone(domain, random)}`, [rogueAddress(random)])
      return until
    },
  },
]
