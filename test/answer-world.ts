// A simulated sixty days of watched domains: what every record said when, who was asked about it, and what was a hijack.

import { benignKinds } from './answer-benign.ts'
import { hijackKinds } from './answer-hijacks.ts'
import type { Incident } from './answer-steps.ts'
import { ask, cdns, mailers, providers } from './answer-world-ask.ts'

/** A record set from some hour to another; where several hold, the latest counts. `only` limits it to one server, as a poisoned or filtering resolver does. */
export interface Version {
  from: number
  until: number
  values: string[]
  ttl: number
  only?: string
}

/** The history of one record set. */
export interface RecordHistory {
  name: string
  type: string
  versions: Version[]
  /** Address answers stand behind an alias. */
  alias?: string
}

/** One watched domain. Times are hours since the start. */
export interface WatchedDomain {
  name: string
  records: Map<string, RecordHistory>
  servers: string[]
  /** Hours around which it is asked every few minutes. */
  busy: [number, number][]
  /** SOA serials: hours at which the zone was published anew. */
  published: number[]
  serialStyle: 'date' | 'counter'
  /** First two octets of its own network. */
  network: string
  incidents: Incident[]
}

/** What is inserted: an answer (see `answers`), when, from whom, to whom, with which TTL. */
export interface Row {
  answer: number
  seconds: number
  server: number
  client: number
  ttl: number
}

/** The text of one answer, but for its TTL. */
export interface Answer {
  qname: string
  qtype: string
  domain: string
  flags: number
  do: number
  rr: [section: string, name: string, type: string, data: string][]
}

/** How a world is made. */
export interface WorldOptions {
  seed: number
  domains: number
  days: number
  /** Incidents of each hijack kind; benign ones come in any case. */
  hijacksOfAKind: number
  benignOfAKind: number
}

export interface World {
  domains: WatchedDomain[]
  answers: Answer[]
  rows: Row[]
  servers: string[]
  clients: string[]
  incidents: Incident[]
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Makes domains, lets things happen to them, and asks. */
export function makeWorld(options: WorldOptions): World {
  const random = randomFrom(options.seed)
  const hours = options.days * 24
  const domains = Array.from({ length: options.domains }, (_, i) => makeDomain(i, hours, random))
  let turn = 0
  const happen = (kinds: typeof hijackKinds, times: number, isHijack: boolean) => {
    for (let time = 0; time < times; time++) {
      for (const kind of kinds) {
        // Every domain in turn; where one thing happened the next comes five days or more away.
        for (let tries = 0; tries < domains.length; tries++) {
          const domain = domains[turn++ % domains.length]
          const at = Math.floor(hours * (0.3 + 0.6 * random())) + random()
          const isFree = domain.incidents.every(
            ({ from, until }) => at > until + 120 || at < from - 240,
          )
          if (!isFree || !kind.suits(domain, at)) continue
          const incident = { kind: kind.id, isHijack, domain: domain.name, from: at, until: at }
          domain.incidents.push(incident)
          incident.until = kind.happen(domain, at, random, hours)
          break
        }
      }
    }
  }
  happen(hijackKinds, options.hijacksOfAKind, true)
  happen(benignKinds, options.benignOfAKind, false)
  return ask(domains, hours, random)
}

function makeDomain(i: number, hours: number, random: () => number): WatchedDomain {
  const name = `firm${String(i).padStart(3, '0')}.example`
  const network = `${20 + (i % 150)}.${10 + Math.floor(random() * 200)}`
  const domain: WatchedDomain = {
    name,
    records: new Map(),
    servers: [`${network}.53.1`, `${network}.54.1`],
    busy: [],
    published: [],
    serialStyle: random() < 0.5 ? 'date' : 'counter',
    network,
    incidents: [],
  }
  const put = (owner: string, type: string, values: string[], ttl: number) => {
    const history = { name: owner, type, versions: [{ from: 0, until: Infinity, values, ttl }] }
    domain.records.set(`${owner} ${type}`, history)
  }
  const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]
  const isOwn = random() < 0.6
  const zone = isOwn ? name : `${pick(providers)}.test`
  put(name, 'NS', [`ns1.${zone}`, `ns2.${zone}`], 86400)
  if (isOwn) domain.servers.forEach((ip, n) => put(`ns${n + 1}.${name}`, 'A', [ip], 86400))
  const mailer = pick(mailers)
  const mx =
    random() < 0.5 ? [`10 mail.${name}`] : [`10 mx1.${mailer}.test`, `20 mx2.${mailer}.test`]
  put(name, 'MX', mx, 3600)
  put(name, 'A', [`${network}.80.10`], 3600)
  const webTtl = pick([60, 300, 3600])
  const web = random()
  if (web < 0.25) {
    const edge = `${name.replace('.', '-')}.${pick(cdns)}.test`
    put(`www.${name}`, 'CNAME', [edge], 300)
    put(`www.${name}`, 'A', [], 30)
    const record = domain.records.get(`www.${name} A`)!
    record.alias = edge
    rotate(
      record,
      hours,
      () =>
        `${pick(['151.101', '104.16', '23.45'])}.${Math.floor(random() * 60)}.${1 + Math.floor(random() * 200)}`,
      3,
      random,
    )
  } else if (web < 0.4) {
    put(
      `www.${name}`,
      'A',
      [1, 2, 3].map((n) => `${network}.${80 + n}.10`),
      webTtl,
    )
  } else put(`www.${name}`, 'A', [`${network}.80.10`], webTtl)
  put(`mail.${name}`, 'A', [`${network}.25.25`], 3600)
  put(`webmail.${name}`, 'A', [`${network}.25.26`], pick([300, 3600]))
  put(`vpn.${name}`, 'A', [`${network}.99.1`], 3600)
  if (random() < 0.1) {
    const isp = pick(['81.62', '81.63', '85.195'])
    rotate(
      domain.records.get(`vpn.${name} A`)!,
      hours,
      () =>
        `${pick([isp, '178.83', '62.202'])}.${Math.floor(random() * 250)}.${1 + Math.floor(random() * 250)}`,
      24,
      random,
    )
  }
  put(name, 'TXT', ['"v=spf1 mx -all"'], 3600)
  put(`_dmarc.${name}`, 'TXT', ['"v=DMARC1; p=reject"'], 3600)
  put(name, 'CAA', random() < 0.5 ? ['0 issue "ca.example"'] : [], 3600)
  put(name, 'DS', random() < 0.5 ? [`${10000 + i} 13 2 ${'AB'.repeat(16)}`] : [], 3600)
  put(name, 'SOA', [`ns1.${zone} hostmaster.${name}`], 3600)
  return domain
}

/** Another address every so many hours. */
function rotate(
  record: RecordHistory,
  hours: number,
  address: () => string,
  every: number,
  random: () => number,
): void {
  record.versions = []
  for (let from = 0; from < hours; ) {
    const until = from + every * (0.7 + 0.6 * random())
    record.versions.push({
      from,
      until: until >= hours ? Infinity : until,
      values: [address()],
      ttl: 60,
    })
    from = until
  }
}
