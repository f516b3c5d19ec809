// Makes the bench capture: seeded traffic of some hundred clients at a few resolvers, the same bytes on every machine, kept in the temporary folder.

import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcapFile, type TimedPacket } from '../samples/make/capture.ts'
import { type Endpoint, ethernet, udpPacket } from '../samples/make/frame.ts'
import { encodeMessage, type ResourceRecord, type TypeName } from '../samples/make/message.ts'
import { type Answer, negative, ordinaryAnswer } from '../samples/make/names.ts'
import { base36Digits, Random } from '../samples/make/random.ts'
import { nameRecord } from '../samples/make/records.ts'

/** The path of a capture with `packets` packets; made when this version of it is not there yet. */
export function benchCapture(packets: number): string {
  const path = join(tmpdir(), `overhear-bench-${packets}-${version()}.pcap`)
  if (existsSync(path)) return path
  process.stderr.write(`making ${path}, once\n`)
  const file = openSync(`${path}.part`, 'w')
  writeSync(file, pcapFile([]))
  for (const some of traffic(packets)) writeSync(file, pcapFile(some).subarray(24))
  closeSync(file)
  renameSync(`${path}.part`, path)
  return path
}

const seed = 20_260_302

/** Changes whenever the code that makes the capture does. */
function version(): string {
  const hash = createHash('sha256').update(String(seed))
  for (const name of ['bench/make-capture', ...sources.map((source) => `samples/make/${source}`)]) {
    hash.update(readFileSync(new URL(`../${name}.ts`, import.meta.url)))
  }
  return hash.digest('hex').slice(0, 12)
}

const sources = ['capture', 'frame', 'message', 'names', 'random', 'records']

/** A question and its answer as wire bytes with id 0; `label` is the position of eight letters to be made new, 0 for none. */
interface Exchange {
  query: Uint8Array
  response: Uint8Array
  label: number
}

const queriesPerMillisecond = 20
const startSeconds = 1_772_442_000

/** Packets in order of time, one list for each half second; half of the queries repeat a popular question, half ask a new name. */
function* traffic(packets: number): Generator<TimedPacket[]> {
  const random = new Random(seed)
  const popular = exchanges(random, 6000, false)
  const fresh = exchanges(random, 3000, true)
  const popularRank = ranks(popular.length)
  const clients = Array.from({ length: 400 }, (_, i) => clientAddress(i))
  const later = new Map<number, TimedPacket[]>()
  const send = (us: number, from: Endpoint, to: Endpoint, payload: Uint8Array) => {
    const bytes = ethernet(udpPacket(from, to, payload, { ttl: 64, id: random.integer(0, 65_536) }))
    const time = { seconds: startSeconds + Math.floor(us / 1e6), nanoseconds: (us % 1e6) * 1000 }
    const slot = Math.floor(us / 5e5)
    const list = later.get(slot) ?? []
    later.set(slot, list)
    list.push({ ...time, bytes })
  }
  for (let slot = 0, made = 0; made < packets; slot++) {
    for (let i = 0; i < queriesPerMillisecond * 500; i++) {
      const isNew = random.chance(0.5)
      const exchange = isNew ? random.pick(fresh) : popular[popularRank(random.next())]
      const us = slot * 5e5 + Math.floor(i * (1000 / queriesPerMillisecond)) + random.integer(0, 40)
      const client = { address: random.pick(clients), port: random.integer(32_768, 61_000) }
      const server = { address: resolverOf(client.address, random.integer(1, 5)), port: 53 }
      ask(random, exchange, us, client, server, send)
    }
    const list = (later.get(slot) ?? []).sort(inTime).slice(0, packets - made)
    later.delete(slot)
    made += list.length
    yield list
  }
}

/** One query with its answer, mostly: 1 in 100 is not answered, 1 in 200 is sent again, 1 in 500 is answered twice. */
function ask(
  random: Random,
  exchange: Exchange,
  us: number,
  client: Endpoint,
  server: Endpoint,
  send: (us: number, from: Endpoint, to: Endpoint, payload: Uint8Array) => void,
): void {
  const id = random.integer(0, 65_536)
  const name = exchange.label === 0 ? '' : random.text(8, base36Digits)
  const query = stamped(exchange.query, id, exchange.label, name)
  send(us, client, server, query)
  if (random.chance(0.005)) send(us + 400_000, client, server, query)
  if (random.chance(0.01)) return
  const isCached = random.chance(0.7)
  const latencyUs = isCached ? random.integer(40, 900) : random.integer(4000, 90_000)
  const response = stamped(exchange.response, id, exchange.label, name)
  send(us + latencyUs, server, client, response)
  if (random.chance(0.002)) send(us + latencyUs + 30, server, client, response)
}

/** `count` different exchanges. Those for new names have a first label of eight placeholder letters. */
function exchanges(random: Random, count: number, isNew: boolean): Exchange[] {
  return Array.from({ length: count }, (_, i) => {
    const domain = `${random.text(4 + (i % 9), letters)}.${random.pick(['example', 'example.org', 'example.net'])}`
    const type = random.pick(questionTypes)
    const host = isNew ? 'xxxxxxxx.' : random.pick(hosts)
    const name = type === 'PTR' ? reverseName(i, isNew) : host + domain
    const answer = answerTo(random, name, type)
    const hasEdns = random.chance(0.6)
    const edns = hasEdns ? { edns: ednsOf(random) } : {}
    const question = { id: 0, rd: true, questions: [{ name, type }], ...edns }
    const authorities: readonly ResourceRecord[] = answer.authorities ?? []
    return {
      query: encodeMessage(question),
      response: encodeMessage({ ...question, response: true, ra: true, ...answer, authorities }),
      label: isNew ? 13 : 0,
    }
  })
}

const letters = 'abcdefghijklmnopqrstuvwxyz'
const hosts = ['www.', '', 'www.', 'api.', 'mail.', 'static.', 'login.', 'img7.cdn.', '_dmarc.']
const questionTypes: readonly TypeName[] = [
  ...Array<TypeName>(11).fill('A'),
  ...Array<TypeName>(5).fill('AAAA'),
  'HTTPS',
  'PTR',
  'MX',
  'TXT',
]

function answerTo(random: Random, name: string, type: TypeName): Answer {
  if (random.chance(0.12)) return negative(name, 3)
  if (type === 'PTR') return { answers: [nameRecord('PTR', name, 3600, `host.${name.slice(-20)}`)] }
  const rest = ordinaryAnswer(name, type, startSeconds)
  if (type !== 'A' || !random.chance(0.2)) return rest
  // A chain: the name, its alias at a content network, and what that stands for.
  const alias = `www.${random.text(6, letters)}.example`
  const target = ordinaryAnswer(alias, type, startSeconds)
  return { answers: [nameRecord('CNAME', name, 300, alias), ...(target.answers ?? [])] }
}

function ednsOf(random: Random) {
  const cookie = { code: 10, data: random.bytes(8) }
  return { size: 1232, do: random.chance(0.4), options: random.chance(0.3) ? [cookie] : [] }
}

function reverseName(i: number, isNew: boolean): string {
  return `${isNew ? 'xxxxxxxx' : i & 255}.${(i >> 8) & 255}.51.198.in-addr.arpa`
}

/** A copy with the id and, where `name` is not empty, its own first label. */
function stamped(wire: Uint8Array, id: number, label: number, name: string): Uint8Array {
  const copy = wire.slice()
  copy[0] = id >> 8
  copy[1] = id
  for (let i = 0; i < name.length; i++) copy[label + i] = name.charCodeAt(i)
  return copy
}

function clientAddress(i: number): string {
  return i % 6 === 0
    ? `2001:db8:0:${(i >> 4).toString(16)}::${i.toString(16)}`
    : `192.0.2.${i % 254}`
}

function resolverOf(client: string, host: number): string {
  return client.includes(':') ? `2001:db8:53::${host}` : `203.0.113.${host}`
}

/** From a number in [0, 1) to an index with weight 1 / (index + 1): few questions are asked often. */
function ranks(count: number): (chance: number) => number {
  return (chance) => Math.min(count - 1, Math.floor((count + 1) ** chance) - 1)
}

function inTime(a: TimedPacket, b: TimedPacket): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds
}

if (import.meta.filename === process.argv[1]) {
  process.stdout.write(`${benchCapture(Number(process.argv[2] ?? 1_000_000))}\n`)
}
