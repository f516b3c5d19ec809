// An office on the wire: clients, a caching resolver in front of the world of names.ts, and the small faults of every network.

import type { Edns, ResourceRecord, TypeName } from './message.ts'
import { type Answer, ordinaryAnswer, popularNames, serverOf, zoneOf } from './names.ts'
import { zipf } from './random.ts'
import type { Fields, Query, Recording } from './recording.ts'
import { address, nameRecord, rrsig } from './records.ts'

/** The office's resolver. */
export const resolver = '192.0.2.53'
/** The same one over IPv6. */
export const resolverSix = '2001:db8:1::53'
/** The server that refers to every zone. */
export const registryServer = '198.51.100.250'

/** What the mirrored port sees and who is there. */
export interface OfficeOptions {
  clients: number
  /** Whether the resolver's own queries pass the mirrored port too. */
  upstream: boolean
}

interface CacheEntry {
  storedAt: number
  expires: number
  answer: Answer
}

/** Runs looked-up names through one cache in time order. Schedule first, then `run`. */
export class Office {
  readonly clients: string[]
  readonly #recording: Recording
  readonly #upstream: boolean
  readonly #cache = new Map<string, CacheEntry>()
  readonly #delegations = new Set<string>()
  readonly #signatures = new Map<string, ResourceRecord>()
  readonly #zones = new Map<string, typeof ordinaryAnswer>()
  #jobs: { at: number; run: () => void }[] = []

  constructor(recording: Recording, options: OfficeOptions) {
    this.#recording = recording
    this.#upstream = options.upstream
    this.clients = Array.from({ length: options.clients }, (_, i) =>
      i % 6 === 5 ? `2001:db8:1::${(16 + i).toString(16)}` : `192.0.2.${10 + i}`,
    )
  }

  /** Replaces what this zone answers. */
  serve(zone: string, answer: typeof ordinaryAnswer): void {
    this.#zones.set(zone, answer)
  }

  /** Does something at a time, seconds after the start. */
  at(at: number, run: () => void): void {
    this.#jobs.push({ at, run })
  }

  /** Puts all that was scheduled on the wire. */
  run(): void {
    for (const job of this.#jobs.toSorted((a, b) => a.at - b.at)) job.run()
    this.#jobs = []
  }

  /** Schedules `count` page visits between two times: few names often, most hardly ever, A with AAAA and sometimes HTTPS. */
  browse(from: number, until: number, count: number, names = 400): void {
    const random = this.#recording.random
    const list = popularNames(random, names)
    const draw = zipf(random, names)
    for (let i = 0; i < count; i++) {
      const client = random.pick(this.clients)
      const name = list[draw()]
      const at = random.between(from, until)
      const types: TypeName[] = ['A']
      if (random.chance(0.5)) types.push('AAAA')
      if (random.chance(0.2)) types.push('HTTPS')
      types.forEach((type, order) =>
        this.at(at + order * 0.0004, () => this.lookUp(at + order * 0.0004, client, name, type)),
      )
    }
  }

  /** A client's question, the resolver's work for it and the answer. */
  lookUp(at: number, client: string, name: string, type: TypeName, fields: Fields = {}): Query {
    const recording = this.#recording
    const random = recording.random
    const server = client.includes(':') ? resolverSix : resolver
    const query = recording.ask(at, client, server, { name, type }, { rd: true, ...fields })
    if (random.chance(0.002)) return query
    const [delay, answer] = this.#resolve(at, name, type)
    const reply: Fields = { ra: true, ...answer }
    if (random.chance(0.008)) {
      query.at = at + 5
      recording.repeat(query, query.at)
    }
    recording.answer(query, delay, reply)
    // Some networks deliver a datagram twice.
    if (random.chance(0.003)) recording.answer(query, delay + 0.00002, reply)
    return query
  }

  /** Seconds until the resolver knows, and the answer with its remaining time to live. */
  #resolve(at: number, name: string, type: TypeName): [number, Answer] {
    const random = this.#recording.random
    const key = `${name.toLowerCase()} ${type}`
    const cached = this.#cache.get(key)
    if (cached && cached.expires > at) {
      return [random.between(0.0002, 0.0009), aged(cached.answer, at - cached.storedAt)]
    }
    const zone = zoneOf(name)
    const from = at + 0.0003
    const answer = (this.#zones.get(zone) ?? ordinaryAnswer)(name, type, at)
    if (answer.rcode === 2) return [this.#failUpstream(from, name, type, zone), answer]
    const delay = 0.0004 + this.#askUpstream(from, name, type, zone, answer)
    const storedAt = at + delay
    const records = [...(answer.answers ?? []), ...(answer.authorities ?? [])]
    const ttl = Math.min(86400, ...records.map((record) => record.ttl))
    this.#cache.set(key, { storedAt, expires: storedAt + ttl, answer })
    return [delay, answer]
  }

  /** Refers, then asks the zone's server; returns the seconds it took. */
  #askUpstream(at: number, name: string, type: TypeName, zone: string, answer: Answer): number {
    const server = serverOf(zone)
    let elapsed = 0
    if (!this.#delegations.has(zone)) {
      this.#delegations.add(zone)
      elapsed += this.#exchange(at, registryServer, name, type, {
        authorities: [nameRecord('NS', zone, 86400, `ns1.${zone}`)],
        additionals: [address(`ns1.${zone}`, 86400, server)],
      })
    }
    const signed = answer.answers && zone.length % 11 === 0
    const answers = signed ? [...answer.answers!, this.#signature(zone, type)] : answer.answers
    const fields = { aa: true, ...answer, ...(answers && { answers }) }
    return elapsed + this.#exchange(at + elapsed, server, name, type, fields)
  }

  #exchange(at: number, server: string, name: string, type: TypeName, fields: Fields): number {
    const random = this.#recording.random
    const distance = 0.006 + (Number(server.split('.').at(-1)) % 17) * 0.004
    const roundTrip = distance * random.between(1, 1.3)
    if (this.#upstream) {
      const query = this.#recording.ask(at, resolver, server, { name, type }, { edns: wantsSigned })
      this.#recording.answer(query, roundTrip, fields)
    }
    return roundTrip
  }

  /** The zone's server is down: three tries, then SERVFAIL. */
  #failUpstream(at: number, name: string, type: TypeName, zone: string): number {
    if (this.#upstream) {
      for (const wait of [0, 0.4, 1.2]) {
        const question = { name, type }
        this.#recording.ask(at + wait, resolver, serverOf(zone), question, { edns: wantsSigned })
      }
    }
    return 2.8
  }

  #signature(zone: string, type: TypeName): ResourceRecord {
    const key = `${zone} ${type}`
    const recording = this.#recording
    const known = this.#signatures.get(key)
    const record = known ?? rrsig(recording.random, zone, 300, type, recording.start - 86400)
    this.#signatures.set(key, record)
    return record
  }
}

const wantsSigned: Edns = { size: 1232, do: true }

function aged(answer: Answer, seconds: number): Answer {
  const age = (records: ResourceRecord[]): ResourceRecord[] =>
    records.map((record) => ({ ...record, ttl: Math.max(0, Math.floor(record.ttl - seconds)) }))
  const { answers, authorities, ...rest } = answer
  return {
    ...rest,
    ...(answers && { answers: age(answers) }),
    ...(authorities && { authorities: age(authorities) }),
  }
}
