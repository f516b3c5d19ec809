// Other programs read the same messages: tshark's readings of the real captures, and dns-packet's of their payloads.

import { createRequire } from 'node:module'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { addressText, parseAddress } from '../src/dns/address.ts'
import { className, opcodeName, rcodeName, typeName } from '../src/dns/codes.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { Bin } from '../src/ingest/decode/bins.ts'
import { type MessageJson, messageJson } from '../src/ingest/decode/json.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { decodePacket, Packet, portTable } from '../src/ingest/decode/packet.ts'
import { Records } from '../src/ingest/decode/records.ts'
import { quoted } from './rdata-spelling.ts'

const captures = join(import.meta.dirname, '../../shared/captures')
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`oracle: ${captures} is absent, other programs' readings are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}

/** One message as tshark read it; the keys that are compared here. */
interface Truth {
  frame: number
  t: string
  tr: string
  app: string
  src: string
  dst: string
  sport: number
  dport: number
  id: number
  opcode: number
  rcode: number
  qr: number
  q?: [name: string, type: number, rrClass: number][]
  rr?: [section: string, name: string | null, type: number, rrClass: number, ttl: number][]
  qwire?: string
  edns?: { size: number; do?: boolean; xrcode?: number }
  malformed?: string[]
  snap?: unknown
  [flag: string]: unknown
}

interface Reading {
  json: MessageJson
  payload: Buffer
}

/** Where the two readings differ, and why ours is the one we want. */
const known: { fields: string[]; at: RegExp; why: string }[] = [
  {
    fields: ['time'],
    at: /^(pcapplusplus-fuzz-5188876846235648\.pcap 1|tcpdump-time-2107\.pcapng 1): /,
    why: 'a time that no DateTime64 holds: a fraction above a second is carried over, and what lies beyond 2106 stays at that border',
  },
  {
    fields: ['edns'],
    at: /^sv-dns-corrupt-additionals\.pcap 2: /,
    why: 'an OPT record whose options are broken: tshark gives up the whole record, we keep its fixed fields and name the anomaly',
  },
  {
    fields: ['question', 'qname'],
    at: /^ndpi-fuzz-2006\.pcap \d+: /,
    why: 'a question with reserved label bits: tshark guesses where its type stands, to us it is unreadable',
  },
  {
    fields: ['qname'],
    at: /^compactor-(knot-live-ignored\.pcap\.xz|nsd-live\.pcapng\.xz) \d+: tshark "n-command\.integra\.net\.blf\.local/,
    why: 'a name of more than 255 octets: tshark prints on, we keep what fits and name the anomaly',
  },
  {
    fields: ['qname'],
    at: /^packetq-rfc1035escape\.pcap\.gz 9: /,
    why: 'a dot inside a label: tshark prints it bare, here it is escaped',
  },
  {
    fields: ['qname'],
    at: /^sv-dns-forward-pointer\.pcap 1: /,
    why: 'a pointer that leads forward: tshark follows it, we name the anomaly',
  },
  {
    fields: ['qname'],
    at: /^zeek-dns-invalid-names\.pcap 2: /,
    why: 'a pointer that leads to itself: the truth holds its two octets, here the name is empty',
  },
]

const sections: Record<string, string> = { an: 'answer', ns: 'authority', ar: 'additional' }

describe.skipIf(!hasCaptures)('tshark', () => {
  const agreement = new Map<string, { same: number; differences: string[] }>()
  let compared = 0
  let unseen = 0

  beforeAll(async () => {
    for (const name of captureNames()) {
      const readings = await readingsOf(name)
      for (const truth of truthOf(name)) {
        if (!isPlainUdp(truth)) continue
        const reading = readings.get(truth.frame)
        if (reading === undefined) {
          unseen++
          continue
        }
        compared++
        compare(`${name} ${truth.frame}`, truth, reading.json)
      }
    }
    for (const [field, { same, differences }] of agreement) {
      const total = same + differences.length
      console.info(`${field.padEnd(10)} ${same} of ${total} agree`)
    }
  }, 600_000)

  it('reads the same messages', () => {
    expect(compared).toBeGreaterThan(100_000)
    console.info(
      `${compared} messages compared; ${unseen} stand in layers or on ports not read here`,
    )
  })

  it('reads the same in at least 999 of 1000 fields', () => {
    let same = 0
    let total = 0
    for (const each of agreement.values()) {
      same += each.same
      total += each.same + each.differences.length
    }
    expect(same / total).toBeGreaterThan(0.999)
  })

  it('differs only where it is known why', () => {
    const used = new Set<string>()
    const unexplained = [...agreement].flatMap(([field, { differences }]) =>
      differences.filter((difference) => {
        const found = known.find((each) => each.fields.includes(field) && each.at.test(difference))
        if (found !== undefined) used.add(found.why)
        return found === undefined
      }),
    )
    expect(unexplained.slice(0, 20)).toEqual([])
    expect([...used].sort()).toEqual(known.map(({ why }) => why).sort())
  })

  function compare(where: string, truth: Truth, json: MessageJson): void {
    const check = (field: string, theirs: unknown, ours: unknown) => {
      let each = agreement.get(field)
      if (each === undefined) agreement.set(field, (each = { same: 0, differences: [] }))
      const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)]
      if (a === b) each.same++
      else each.differences.push(`${where}: tshark ${a}, here ${b}`)
    }
    check('time', truth.t, epochOf(json.ts))
    check('addresses', [truth.src, truth.dst], [json.src, json.dst])
    check('ports', [truth.sport, truth.dport], [json.src_port, json.dst_port])
    check('id', truth.id, json.id)
    check('response', truth.qr === 1, json.response)
    check('opcode', opcodeName(truth.opcode), json.opcode)
    const flags = Object.keys(json.flags) as (keyof MessageJson['flags'])[]
    check(
      'flags',
      flags.map((flag) => truth[flag] === 1),
      flags.map((flag) => json.flags[flag]),
    )
    check('rcode', rcodeName(truth.rcode | ((truth.edns?.xrcode ?? 0) << 4)), json.rcode)
    check('edns', truth.edns?.size ?? null, json.edns?.size ?? null)
    if (truth.malformed !== undefined || truth.snap !== undefined) return
    const asked = truth.q ?? []
    check(
      'question',
      asked.map(([, ...rest]) => typed(rest)),
      json.questions.map((each) => [each.type, each.class]),
    )
    if (asked.length > 0) check('qname', nameOf(truth), json.questions[0]?.name)
    const rr = (truth.rr ?? []).filter(([, , type]) => type !== 41)
    const owners = rr.map(([, owner]) => (owner === null ? null : plainName(owner)))
    const comparable = (_: unknown, i: number) => owners[i] !== null
    check(
      'owners',
      owners.filter(comparable),
      json.records.map((each) => each.name).filter(comparable),
    )
    check(
      'records',
      rr.map(([section, , ...rest]) => [sections[section], ...typed([rest[0], rest[1]]), rest[2]]),
      json.records.map((each) => [each.section, each.type, each.class, each.ttl]),
    )
  }
})

describe.skipIf(!hasCaptures)('dns-packet', () => {
  it('reads the same records of the types it knows', async () => {
    let compared = 0
    let refused = 0
    const differences: string[] = []
    for (const name of captureNames()) {
      for (const [frame, { json, payload }] of await readingsOf(name)) {
        // It reads an address where an UPDATE has none, and what follows wrongly.
        if (json.anomalies.length > 0 || json.records.some(({ data }) => data === '')) continue
        const theirs = theirRecords(payload)
        if (theirs === null) {
          refused++
          continue
        }
        json.records.forEach((ours, i) => {
          const data = isShared(ours.type) ? spelledData(theirs[i]) : null
          if (data === null) return
          compared++
          const same = ours.type === theirs[i].type && ours.ttl === theirs[i].ttl
          if (!same || data !== ours.data)
            differences.push(`${name} ${frame}: ${data} ${ours.data}`)
        })
      }
    }
    console.info(`${compared} records compared with dns-packet, which refused ${refused} messages`)
    expect(compared).toBeGreaterThan(300_000)
    expect(differences.slice(0, 20)).toEqual([])
  }, 600_000)

  /** Its records but for OPT; null when it throws, which it does at types and options that it knows only in part. */
  function theirRecords(payload: Buffer): TheirRecord[] | null {
    try {
      const { answers, authorities, additionals } = dnsPacket.decode(payload)
      return [...answers, ...authorities, ...additionals].filter(({ type }) => type !== 'OPT')
    } catch {
      return null
    }
  }
})

/** A record as dns-packet gives it; the type says what `data` is. */
interface TheirRecord {
  type: string
  ttl: number
  data: unknown
}

const dnsPacket = createRequire(import.meta.url)('dns-packet') as {
  decode(payload: Buffer): Record<'answers' | 'authorities' | 'additionals', TheirRecord[]>
}

const sharedTypes = new Set(['A', 'AAAA', 'NS', 'CNAME', 'PTR', 'MX', 'TXT', 'SOA', 'SRV'])

function isShared(type: string): boolean {
  return sharedTypes.has(type)
}

/** Their data in presentation form; null when a name in it is one that they do not escape. */
function spelledData({ type, data }: TheirRecord): string | null {
  if (type === 'TXT') {
    return (data as Buffer[]).map((each) => quoted(each.toString('latin1'))).join(' ')
  }
  if (typeof data === 'string') {
    if (type === 'AAAA') return addressText(parseAddress(data) ?? new Uint8Array(16))
    return type === 'A' ? data : plainName(data)
  }
  const fields = data as Record<string, string | number>
  const words = fieldsOf[type].map((field) => {
    const value = fields[field]
    return typeof value === 'number' ? String(value) : plainName(value)
  })
  return words.includes(null) ? null : words.join(' ')
}

const fieldsOf: Record<string, string[]> = {
  MX: ['preference', 'exchange'],
  SRV: ['priority', 'weight', 'port', 'target'],
  SOA: ['mname', 'rname', 'serial', 'refresh', 'retry', 'expire', 'minimum'],
}

function plainName(name: string): string | null {
  if (name === '' || name === '.') return '.'
  return /^[\w.-]+$/.test(name) ? name.toLowerCase() : null
}

function typed([type, rrClass]: [number, number] | number[]): string[] {
  return [typeName(type), className(rrClass)]
}

function nameOf({ q, qwire }: Truth): string | undefined {
  if (qwire === undefined) return q?.[0][0].toLowerCase()
  return spelled(Buffer.from(qwire, 'hex'))
}

/** Labels of an uncompressed name in presentation form. */
function spelled(wire: Buffer): string {
  const labels: string[] = []
  for (let at = 0; wire[at] > 0; at += 1 + wire[at]) {
    const octets = [...wire.subarray(at + 1, at + 1 + wire[at])]
    labels.push(
      octets
        .map((octet) => {
          const letter = String.fromCharCode(octet)
          if (octet <= 32 || octet >= 127) return `\\${String(octet).padStart(3, '0')}`
          return /[".;\\()@$]/.test(letter) ? `\\${letter}` : letter.toLowerCase()
        })
        .join(''),
    )
  }
  return labels.length === 0 ? '.' : labels.join('.')
}

/** No fragments, no tunnels, no ICMP error around it, and something tshark could read. */
function isPlainUdp(truth: Truth): boolean {
  const odd = ['ipfrag', 'outer', 'icmperr', 'stub', 'unreassembled']
  return truth.tr === 'udp' && odd.every((key) => truth[key] === undefined) && !('n' in truth)
}

function captureNames(): string[] {
  return readdirSync(captures)
    .filter((name) => name.endsWith('.truth.jsonl.gz'))
    .map((name) => name.replace('.truth.jsonl.gz', ''))
}

function truthOf(name: string): Truth[] {
  const lines = gunzipSync(readFileSync(join(captures, `${name}.truth.jsonl.gz`))).toString('utf8')
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Truth)
}

/** Every UDP message of a capture by its frame. */
async function readingsOf(name: string): Promise<Map<number, Reading>> {
  const readings = new Map<number, Reading>()
  const capture = await openCapture(join(captures, name))
  const packet = new Packet()
  const message = new Message()
  const ports = portTable([])
  for await (const batch of capture.batches()) {
    for (let i = 0; i < batch.count; i++) {
      if (decodePacket(batch, i, ports, packet) !== Bin.dns || packet.transport !== 17) continue
      const { payloadStart: start, payloadEnd: end } = packet
      const records = new Records(16)
      decodeMessage(batch.bytes, start, end, packet.service !== 0, message, records, 0)
      const json = messageJson(packet, message, records, batch.bytes)
      readings.set(packet.frame, { json, payload: Buffer.from(batch.bytes.subarray(start, end)) })
    }
  }
  return readings
}

function epochOf(iso: string): string {
  const [date, fraction] = iso.replace('Z', '').split('.')
  return `${Date.parse(`${date}Z`) / 1000}.${fraction}`
}
