// The scene of zones with faults: each domain of the lab has one, or none; what health must say of it stands beside it.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { captureFiles } from '../make/sample.ts'
import { pcapFile } from '../make/capture.ts'
import { Random } from '../make/random.ts'
import { packetsOf, type Shift, shifted } from './hijack-capture.ts'
import { Lab, resolvers } from './hijack-machines.ts'
import { type Question, type Site, Stage } from './hijack-stage.ts'
import { copyOf, makeKey, put } from './hijack-zones.ts'

/** A fault: what is done to a domain, what is asked of it beside the usual, and the rules of health that must name it. */
interface Fault {
  id: string
  suffix: 'example' | 'test'
  rules: string[]
  asks?: string[]
  happen?: (stage: Stage, site: Site, second: Map<string, Site['own']>) => void
}

const changedAt = 24
/** Hours of the visits; caches have run out in between. */
const visits = [1, 26, 50]
const start = Date.UTC(2026, 2, 2)

const faults: Fault[] = [
  { id: 'nothing is wrong', suffix: 'example', rules: [] },
  { id: 'nothing is wrong, and it is signed', suffix: 'test', rules: [] },
  {
    id: 'the second server does not know the zone',
    suffix: 'example',
    rules: ['lame'],
    happen: (_, site, second) => second.delete(site.name),
  },
  {
    id: 'the second server holds an old copy',
    suffix: 'example',
    rules: ['soa-serial', 'stale-answer'],
    happen: (stage, site) =>
      stage.change(site, changedAt, `www.${site.name}`, 'A', [`${site.network}.81`]),
  },
  {
    id: 'the second server leaves signatures out',
    suffix: 'test',
    rules: ['unsigned-server'],
    happen: (_, site, second) => {
      const copy = second.get(site.name)
      if (copy !== undefined) copy.keys = []
    },
  },
  {
    id: 'signatures have expired',
    suffix: 'test',
    rules: ['signature-time'],
    asks: ['@ TXT'],
    happen: (_, site, second) => {
      for (const zone of [site.own, second.get(site.name)]) {
        if (zone !== undefined) zone.signedUntil = '20260301000000'
      }
    },
  },
  {
    id: 'the DS names another key',
    suffix: 'test',
    rules: ['delegation-signer'],
    asks: ['@ TXT'],
    happen: (stage, site) =>
      put(site.parent, site.name, 'DS', 3600, [makeKey(stage.folder, site.name).ds]),
  },
  {
    id: 'it has one name server',
    suffix: 'example',
    rules: ['few-servers'],
    happen: (_, site, second) => {
      for (const zone of [site.own, site.parent, second.get(site.name)]) {
        if (zone !== undefined) put(zone, site.name, 'NS', 3600, [`ns1.${site.name}`])
      }
    },
  },
  {
    id: 'its name servers stand in one network',
    suffix: 'example',
    rules: ['one-network'],
    happen: (_, site, second) => {
      site.servers[1] = `${site.network}.54`
      for (const zone of [site.own, site.parent, second.get(site.name)]) {
        if (zone !== undefined) put(zone, `ns2.${site.name}`, 'A', 3600, [`${site.network}.54`])
      }
    },
  },
  {
    id: 'its MX is an alias, and its shop an alias of nothing',
    suffix: 'example',
    rules: ['mail-exchange', 'dangling-alias'],
    asks: ['mail A', 'shop A'],
    happen: (_, site, second) => {
      for (const zone of [site.own, second.get(site.name)]) {
        if (zone === undefined) continue
        put(zone, `mail.${site.name}`, 'A', 3600, [])
        put(zone, `mail.${site.name}`, 'CNAME', 3600, [`www.${site.name}`])
        put(zone, `shop.${site.name}`, 'CNAME', 3600, [`gone.${site.name}`])
      }
    },
  },
  {
    id: 'one resolver keeps the old address',
    suffix: 'example',
    rules: ['stale-answer'],
    happen: (stage, site, second) => {
      const name = `www.${site.name}`
      stage.control(0, 1, 'local_data', `${name} 3600 IN A ${site.network}.80`)
      stage.at(changedAt, ['own', 'second'], () => {
        for (const zone of [site.own, second.get(site.name)]) {
          if (zone === undefined) continue
          put(zone, name, 'A', 3600, [`${site.network}.82`])
          zone.serial++
        }
      })
    },
  },
  {
    id: 'a server is slow for ten minutes and down for five',
    suffix: 'example',
    rules: ['slow', 'unanswered'],
  },
]

/** Records three days of them into `health-zones.pcap.gz`. */
export async function recordFaults(space: string, work: string, folder: string): Promise<void> {
  const stage = new Stage(work, new Random(64))
  const second = new Map<string, Site['own']>()
  const sites = faults.map(({ suffix, id }, n) => {
    const site = stage.addSite(suffix, n + 1)
    site.event = id
    second.set(site.name, copyOf(site.own))
    return site
  })
  faults.forEach(({ happen }, n) => happen?.(stage, sites[n], second))
  const [own, watched] = [stage.operators.get('own'), sites.at(-1)]
  if (own === undefined || watched === undefined) throw new Error('no sites')
  own.addresses = sites.map(({ servers: [first] }) => first)
  const others = sites.filter((site) => site !== watched)
  stage.operators.set('second', {
    id: 'second',
    addresses: others.map(({ servers }) => servers[1]),
    zones: second,
  })
  const third = { id: 'third', addresses: [watched.servers[1]], zones: second }
  stage.operators.set('third', third)
  const lab = new Lab(space, work)
  const shifts: Shift[] = []
  let virtualMs = start
  const setClock = async (hour: number) => {
    virtualMs = Math.max(start + hour * 3_600_000, virtualMs + 2000)
    const seconds = Math.round((virtualMs - Date.now()) / 1000)
    shifts.push({ fromMs: await lab.setClock(seconds), seconds })
  }
  await setClock(0)
  await lab.startServers(stage.operators.values())
  await lab.startResolvers(stage.anchor)
  const paths = await lab.startCapture('to-clients', 'to-servers')
  const actions = stage.actions.toSorted((a, b) => a.at - b.at)
  let done = 0
  for (const at of visits) {
    const due = actions.slice(done).filter((action) => action.at <= at)
    done += due.length
    for (const action of due) action.act()
    const dirty = new Set(due.flatMap(({ operators }) => operators))
    await lab.startServers([...stage.operators.values()].filter(({ id }) => dirty.has(id)))
    await setClock(at)
    for (const { control } of due) if (control !== undefined) lab.control(...control)
    const before = Date.now()
    // One after the other: tcpdump would lose packets of a burst.
    for (const [n, site] of sites.entries()) {
      for (const question of questionsOf(site, faults[n].asks ?? [])) await lab.ask([question])
    }
    for (const site of sites) await lab.ask(controlQuestions(site), 'resolvers')
    virtualMs += Date.now() - before
  }
  // Eight slices of five minutes: two of them slow, one without any answer.
  for (let slice = 0; slice < 8; slice++) {
    await setClock((visits.at(-1) ?? 0) + 1 + (slice + 0.5) / 12)
    const isSlow = slice === 3 || slice === 4
    if (slice === 6) await lab.stopServers('third')
    if (slice === 7) await lab.startServers([third])
    const before = Date.now()
    // A few at a time: tcpdump would lose packets of a burst.
    for (let round = 0; round < 4; round++) {
      if (isSlow) lab.hold('third')
      const asked = lab.ask(monitorQuestions(watched), 'resolvers')
      if (isSlow) setTimeout(() => lab.release('third'), 400)
      await asked
    }
    virtualMs += Date.now() - before
  }
  await lab.stop()
  const packets = shifted(packetsOf(paths), shifts)
  const label = {
    about: `Three days of ${sites.length} domains at NSD, asked through three unbound resolvers; each has a fault of its own, or none. An attack is not among them. Recorded by samples/record/hijack-lab.sh; days passed in minutes.`,
    packets: packets.length,
    benign: true,
    truth: [],
    health: [
      ...sites.map(({ name, event, servers }, n) => {
        return { domain: name, servers, event, rules: faults[n].rules }
      }),
      ...['example', 'test'].map((domain) => {
        return { domain, servers: [], event: 'the lab has one parent', rules: ['few-servers'] }
      }),
      {
        domain: '',
        servers: resolvers,
        event: 'two zones do not validate',
        rules: ['failing-server', 'failing-zone'],
      },
    ],
  }
  mkdirSync(folder, { recursive: true })
  for (const { path, bytes } of captureFiles('health-zones.pcap.gz', pcapFile(packets), label)) {
    writeFileSync(join(folder, path), bytes)
  }
  console.error(
    `health-zones: ${packets.length} packets, ${lab.unanswered} unanswered, ${lab.failures} failed`,
  )
}

/** What clients of each resolver want at a visit. */
function questionsOf({ name, number }: Site, more: readonly string[]): Question[] {
  return [0, 1, 2].flatMap((resolver) =>
    ['@ SOA', '@ MX', 'www A', ...more].map((key) => {
      const [host, type] = key.split(' ')
      const client = `192.0.2.${10 + ((number + resolver * 7) % 20)}`
      return { name: host === '@' ? name : `${host}.${name}`, type, resolver, client }
    }),
  )
}

/** What a monitor asks both servers of a zone that changes. */
function controlQuestions({ name, servers, event }: Site): Question[] {
  if (!faults.some(({ id, rules }) => id === event && rules.includes('stale-answer'))) return []
  const keys = [`www.${name} A`, `${name} SOA`]
  return [...servers, ...servers].flatMap((resolver) =>
    keys.map((key) => {
      const [asked, type] = key.split(' ')
      return { name: asked, type, resolver, client: '192.0.2.60' }
    }),
  )
}

function monitorQuestions({ name, servers }: Site): Question[] {
  return Array.from({ length: 20 }, (_, n) => {
    const type = n % 2 === 0 ? 'A' : 'TXT'
    return { name: `www.${name}`, type, resolver: servers[1], client: '192.0.2.60' }
  })
}
