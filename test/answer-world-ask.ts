// Asks about the records of a simulated world: at the parent, at their servers and at three resolvers with caches, often while something goes on.

import type { Answer, RecordHistory, Version, WatchedDomain, World } from './answer-world.ts'

export const resolvers = ['192.0.2.53', '192.0.2.54', '192.0.2.55']
export const parent = '199.19.56.1'
/** Providers in use by many: name servers, mail, content delivery, hosting. */
export const providers = ['hostco', 'zonely', 'dnsworks', 'netnames']
export const mailers = ['mailco', 'postly', 'inboxed']
export const cdns = ['fastedge', 'cachely']

/** The version that holds at an hour, at one server. */
export function versionAt(record: RecordHistory, hour: number, server: string): Version {
  const found = record.versions.findLast(
    ({ from, until, only }) => from <= hour && hour < until && (only ?? server) === server,
  )
  if (found === undefined) throw new Error(`${record.name} ${record.type} at ${hour}`)
  return found
}

/** Every record at every server now and then, often while something goes on. */
export function ask(domains: WatchedDomain[], hours: number, random: () => number): World {
  const world: World = {
    domains,
    answers: [],
    rows: [],
    servers: [],
    clients: [],
    incidents: domains.flatMap(({ incidents }) => incidents),
  }
  const answers = new Map<string, number>()
  const places = new Map<string, number>()
  const place = (list: string[], text: string) => {
    const known = places.get(text)
    if (known !== undefined) return known
    places.set(text, list.length)
    return list.push(text) - 1
  }
  const add = (hour: number, server: string, client: string, ttl: number, answer: Answer) => {
    const key = `${answer.qname} ${answer.qtype} ${answer.flags} ${answer.rr.flat().join(' ')}`
    let index = answers.get(key)
    if (index === undefined) {
      index = world.answers.push(answer) - 1
      answers.set(key, index)
    }
    world.rows.push({
      answer: index,
      seconds: Math.round(hour * 3600),
      server: place(world.servers, server),
      client: place(world.clients, `c${client}`),
      ttl: Math.max(0, Math.round(ttl)),
    })
  }
  const others = ['x', 'y', 'z', 'w', 'v', 'u']
  for (const [n, zone] of [
    ...providers.map((p) => `${p}.test`),
    ...mailers.map((m) => `${m}.test`),
    ...cdns.map((c) => `${c}.test`),
  ].entries()) {
    for (let hour = 3; hour < hours; hour += 40) {
      for (const other of others) {
        const domain = `${other}${n}-other.example`
        add(
          hour + random(),
          resolvers[n % 3],
          '10.1.1.1',
          3600,
          answerOf(domain, 'NS', domain, 0x8180, [`ns1.${zone}`, `ns2.${zone}`]),
        )
        add(
          hour + random(),
          resolvers[n % 3],
          '10.1.1.1',
          3600,
          answerOf(domain, 'MX', domain, 0x8180, [`10 mx1.${zone}`]),
        )
        add(
          hour + random(),
          resolvers[n % 3],
          '10.1.1.1',
          300,
          answerOf(`ads.${domain}`, 'A', domain, 0x8180, [
            n % 3 === 2 ? '146.112.61.106' : `146.1.${n}.8`,
          ]),
        )
      }
    }
  }
  for (const domain of domains) {
    const times = (every: number) => {
      const list: number[] = []
      for (let hour = random() * every; hour < hours - 1; hour += every * (0.8 + 0.4 * random()))
        list.push(hour)
      return list
    }
    const busy = domain.busy.flatMap(([from, until]) => {
      const list: number[] = []
      for (
        let hour = Math.max(0, from);
        hour < Math.min(until, hours - 1);
        hour += 0.12 + 0.06 * random()
      )
        list.push(hour)
      return list
    })
    for (const hour of [...times(12), ...busy]) askParent(domain, hour, add)
    const touched = new Set(
      [...domain.records.values()]
        .filter(({ versions }) => versions.length > 1 && versions.length < 9)
        .map(({ name, type }) => `${name} ${type}`),
    )
    for (const record of domain.records.values()) {
      const isTouched = touched.has(`${record.name} ${record.type}`)
      const dense = isTouched ? busy : busy.filter((_, n) => n % 8 === 0)
      for (const hour of [...times(24), ...dense]) {
        const ns = versionAt(domain.records.get(`${domain.name} NS`)!, hour, parent).values
        const server = serverOf(domain, ns, random() < 0.5 ? 0 : 1, hour)
        add(
          hour,
          server,
          resolvers[Math.floor(random() * 3)],
          versionAt(record, hour, server).ttl,
          said(domain, record, hour, server, 0x8400),
        )
      }
      for (const [n, resolver] of resolvers.entries()) {
        // A resolver fetches when what it kept has run out, and keeps nothing longer than a day.
        let kept = { since: 0, until: 0 }
        for (const hour of [...times(16), ...dense].sort((a, b) => a - b)) {
          if (hour >= kept.until) {
            const { ttl } = versionAt(record, hour, resolver)
            const age = Math.min(hour, (random() * Math.min(ttl, 86400)) / 3600)
            const stale = versionAt(record, hour - age, resolver)
            // Others asked it too: what it holds was fetched up to a TTL ago.
            kept = { since: hour - age, until: hour - age + Math.min(stale.ttl, 86400) / 3600 }
            if (kept.until <= hour)
              kept = { since: hour, until: hour + Math.min(ttl, 86400) / 3600 }
          }
          const left = versionAt(record, kept.since, resolver).ttl - (hour - kept.since) * 3600
          add(
            hour,
            resolver,
            `10.0.${n}.${1 + Math.floor(random() * 20)}`,
            left,
            said(domain, record, kept.since, resolver, 0x8180),
          )
        }
      }
    }
  }
  return world
}

/** The server behind a name server host: its address record where the zone holds one, else one made from its name. */
function serverOf(domain: WatchedDomain, hosts: string[], n: number, hour: number): string {
  const host = hosts[n % hosts.length]
  const record = domain.records.get(`${host} A`)
  if (record !== undefined) return versionAt(record, hour, parent).values[0]
  let sum = 7
  for (const char of host) sum = (sum * 31 + char.charCodeAt(0)) % 65000
  return `160.${sum >> 8}.${sum & 255}.53`
}

function said(
  domain: WatchedDomain,
  record: RecordHistory,
  hour: number,
  server: string,
  flags: number,
): Answer {
  const { values } = versionAt(record, hour, server)
  if (record.type === 'SOA') {
    const serial = values[0].startsWith('ns1.rogue') ? 7 : serialOf(domain, hour)
    return answerOf(record.name, 'SOA', domain.name, flags, [
      `${values[0]} ${serial} 7200 3600 1209600 3600`,
    ])
  }
  const alias = domain.records.get(`${record.name} CNAME`)
  const target =
    alias === undefined || record.type !== 'A' ? [] : versionAt(alias, hour, server).values
  const result = answerOf(record.name, record.type, domain.name, flags, values)
  if (target.length > 0) {
    result.rr = result.rr.map(([section, , type, data]) => [section, target[0], type, data])
    result.rr.unshift(['answer', record.name, 'CNAME', target[0]])
  }
  return result
}

function askParent(
  domain: WatchedDomain,
  hour: number,
  add: (hour: number, server: string, client: string, ttl: number, answer: Answer) => void,
): void {
  const at = (key: string) => {
    const record = domain.records.get(key)
    return record === undefined ? [] : versionAt(record, hour, parent).values
  }
  const hosts = at(`${domain.name} NS`)
  const referral = answerOf(`www.${domain.name}`, 'A', domain.name, 0x8000, [])
  referral.do = 1
  for (const host of hosts) referral.rr.push(['authority', domain.name, 'NS', host])
  for (const ds of at(`${domain.name} DS`)) referral.rr.push(['authority', domain.name, 'DS', ds])
  for (const host of hosts) {
    for (const ip of at(`${host} A`)) referral.rr.push(['additional', host, 'A', ip])
  }
  add(hour, parent, resolvers[0], 86400, referral)
}

function answerOf(
  qname: string,
  qtype: string,
  domain: string,
  flags: number,
  values: string[],
): Answer {
  return {
    qname,
    qtype,
    domain,
    flags,
    do: 0,
    rr: values.map((data) => ['answer', qname, qtype, data]),
  }
}

function serialOf(domain: WatchedDomain, hour: number): number {
  const n = domain.published.filter((at) => at <= hour).length
  if (domain.serialStyle === 'counter') return 140 + n
  const last = Math.max(-24, ...domain.published.filter((at) => at <= hour))
  const day = new Date(Date.UTC(2026, 2, 2) + last * 3_600_000).toISOString().slice(0, 10)
  return Number(`${day.replaceAll('-', '')}01`) + n
}
