// Test helper: messages fed to the real matcher and row writer as packets, and the rows read back out of the block's columns.

import { addressText } from '../src/dns/address.ts'
import { typeName } from '../src/dns/codes.ts'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { Message, noCode } from '../src/ingest/decode/message.ts'
import { Packet } from '../src/ingest/decode/packet.ts'
import { Matcher, type MatchOptions, matchOptions } from '../src/ingest/match/match.ts'
import { verdictNames } from '../src/ingest/match/verdict.ts'
import type { Block } from '../src/ingest/store/block.ts'
import { RowWriter } from '../src/ingest/store/rows.ts'
import { addressBytes } from '../samples/make/frame.ts'
import { encodeMessage, type Message as Wire, type TypeName } from '../samples/make/message.ts'
import { address } from '../samples/make/records.ts'

/** A row as its block holds it. */
export interface Row {
  match: string
  attempts: number
  ts: bigint
  responseTs: bigint
  latencyUs: number
  frame: number
  responseFrame: number
  vlan: number
  vlanOuter: number
  client: string
  server: string
  clientPort: number
  serverPort: number
  id: number
  qname: string
  qnameRaw: string
  qtype: number
  domain: string
  isTldListed: boolean
  queryFlags: number
  responseFlags: number
  rcode: number
  repeatInTtl: number
  ecs: string
  cookie: string
  edeText: string
  digest: bigint
  anomalies: string[]
  raw: string
  /** `section name type data`, one text a record. */
  records: string[]
}

/** What one message's packet says; ports 50000 and 53, no tag, `client` asks `server`. */
export interface Flow {
  client: string
  server: string
  clientPort: number
  serverPort: number
  vlan: number
  vlanOuter: number
  service: number
}

const usual: Flow = {
  client: '192.0.2.10',
  server: '192.0.2.53',
  clientPort: 50_000,
  serverPort: 53,
  vlan: 0,
  vlanOuter: 0,
  service: 0,
}

/** One capture: messages in, rows out. Frames count from 1. */
export class Traffic {
  readonly writer: RowWriter
  readonly matcher: Matcher
  frames = 0
  private readonly packet = new Packet()
  private readonly message = new Message()
  private readonly done: Row[] = []

  constructor(options: Partial<MatchOptions> = {}, blockRows = 1024) {
    this.writer = new RowWriter(blockRows)
    this.matcher = new Matcher(this.writer, { ...matchOptions, ...options })
    this.writer.table = this.matcher.table
  }

  /** Takes one message in, sent at `seconds` (a fraction is kept to the microsecond). QR decides who sends; `more` has the last word. */
  take(
    seconds: number,
    bytes: Uint8Array,
    flow: Partial<Flow> = {},
    more: Partial<Packet> = {},
  ): number {
    const { client, server, clientPort, serverPort, vlan, vlanOuter, service } = {
      ...usual,
      ...flow,
    }
    const packet = this.packet
    const isResponse = bytes.length > 2 && bytes[2] >= 128
    packet.frame = ++this.frames
    packet.seconds = Math.floor(seconds)
    packet.nanoseconds = Math.round((seconds - packet.seconds) * 1e6) * 1000
    packet.vlan = vlan
    packet.vlanOuter = vlanOuter
    const addresses = new Uint8Array(packet.addresses.buffer)
    setAddress(addresses, 0, isResponse ? server : client)
    setAddress(addresses, 16, isResponse ? client : server)
    packet.sourcePort = isResponse ? serverPort : clientPort
    packet.destinationPort = isResponse ? clientPort : serverPort
    packet.transport = 17
    packet.service = service
    packet.ipTtl = 64
    packet.ipId = this.frames & 0xffff
    packet.anomalies = 0
    packet.payloadStart = 0
    packet.payloadEnd = bytes.length
    Object.assign(packet, more)
    this.matcher.take(bytes, packet, this.message)
    this.collect()
    return packet.frame
  }

  /** Ends the capture, at the time of its last packet when that was another one, and gives all rows. */
  finish(seconds = 0): Row[] {
    this.matcher.finish(seconds, 0)
    this.writer.flush()
    this.collect()
    return this.done
  }

  private collect(): void {
    for (let block = this.writer.full.shift(); block !== undefined; ) {
      this.done.push(...rowsOf(block))
      this.writer.recycle(block)
      block = this.writer.full.shift()
    }
  }
}

function setAddress(into: Uint8Array, at: number, text: string): void {
  const bytes = addressBytes(text)
  into.fill(0, at, at + 16)
  into.set(bytes, at + 16 - bytes.length)
  if (bytes.length === 4) into.fill(255, at + 10, at + 12)
}

/** The rows of a block, read straight from its columns. */
export function rowsOf(block: Block): Row[] {
  const qname = texts(block.qname.bytes.buf)
  const qnameRaw = texts(block.qnameRaw.bytes.buf)
  const domains = take(texts(block.domain.values.bytes.buf), block.domain.count)
  const ecs = texts(block.ecs.bytes.buf)
  const cookie = texts(block.cookie.bytes.buf)
  const edeText = texts(block.edeText.bytes.buf)
  const raw = texts(block.raw.bytes.buf)
  const recordName = texts(block.records.name.bytes.buf)
  const recordData = texts(block.records.data.bytes.buf)
  const clients = new Uint8Array(block.client.buffer)
  const servers = new Uint8Array(block.server.buffer)
  const rows: Row[] = []
  let record = 0
  for (let row = 0; row < block.rows; row++) {
    const records: string[] = []
    const asked = qname()
    for (; record < block.recordEnd[2 * row]; record++) {
      const { section, type } = block.records
      records.push(
        `${section[record]} ${owner(recordName(), asked)} ${typeName(type[record])} ${recordData()}`.trimEnd(),
      )
    }
    const isAnswered = wide(block.frameGap, row) !== 0n
    const latency = signed(block.latencyNs, row)
    rows.push({
      match: verdictNames[block.match[row]],
      attempts: block.attempts[row],
      ts: wide(block.ts, row),
      responseTs: isAnswered ? wide(block.ts, row) + latency : 0n,
      latencyUs: Math.min(Math.max(Number((latency + 500n) / 1000n), 0), 4_294_967_295),
      frame: Number(wide(block.frame, row)),
      responseFrame: isAnswered ? Number(wide(block.frame, row) + frameGap(block, row)) : 0,
      vlan: block.vlan[row],
      vlanOuter: block.vlanOuter[row],
      client: addressText(clients, 16 * row),
      server: addressText(servers, 16 * row),
      clientPort: block.clientPort[row],
      serverPort: block.serverPort[row],
      id: block.id[row],
      qname: asked,
      qnameRaw: qnameRaw(),
      qtype: block.qtype[row],
      domain: domains[block.domain.indexes[row]],
      isTldListed: block.tldListed[row] === 1,
      queryFlags: block.queryFlags[row],
      responseFlags: block.responseFlags[row],
      rcode: block.rcode[row] === noCode ? -1 : block.rcode[row],
      repeatInTtl: block.repeatInTtl[row],
      ecs: ecs(),
      cookie: cookie(),
      edeText: edeText(),
      digest: wide(block.digest, row),
      anomalies: anomaliesOf(block.anomalies[2 * row]),
      raw: Buffer.from(raw(), 'latin1').toString('hex'),
      records,
    })
  }
  return rows
}

function wide(column: Uint32Array, row: number): bigint {
  return BigInt(column[2 * row]) + (BigInt(column[2 * row + 1]) << 32n)
}

function signed(column: Uint32Array, row: number): bigint {
  return BigInt.asIntN(64, wide(column, row))
}

/** The least number says: the same frame number. */
function frameGap(block: Block, row: number): bigint {
  const gap = signed(block.frameGap, row)
  return gap === -(1n << 63n) ? 0n : gap
}

function owner(kept: string, asked: string): string {
  if (kept === '') return asked
  return kept === '\\' ? '' : kept
}

/** Reads length-prefixed strings one after another. */
function texts(buf: Uint8Array): () => string {
  let at = 0
  return () => {
    let sizeBytes = 0
    for (let shift = 0; ; shift += 7) {
      const byte = buf[at++]
      sizeBytes += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    at += sizeBytes
    return Buffer.from(buf.buffer, buf.byteOffset + at - sizeBytes, sizeBytes).toString('latin1')
  }
}

function take(next: () => string, count: number): string[] {
  return Array.from({ length: count }, next)
}

/** The name that `query` and `answer` are about. */
export const host = 'www.example.com'

/** A query for an address, id 7. */
export function query(more: Partial<Wire> = {}, asked = host, type: TypeName = 'A'): Uint8Array {
  return encodeMessage({ id: 7, rd: true, questions: [{ name: asked, type }], ...more })
}

/** Its answer: 192.0.2.80 for 300 s. */
export function answer(more: Partial<Wire> = {}, asked = host, type: TypeName = 'A'): Uint8Array {
  const answers = [address(asked, 300, '192.0.2.80')]
  return query({ response: true, ra: true, answers, ...more }, asked, type)
}

/** The rows, after a check that there are so many. */
export function only(rows: Row[], count: number): Row[] {
  if (rows.length !== count) throw new Error(`${rows.length} rows: ${verdicts(rows).join(' ')}`)
  return rows
}

/** The verdicts in row order. */
export function verdicts(rows: readonly Row[]): string[] {
  return rows.map(({ match }) => match)
}

/** Rows by verdict. */
export function countBy(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { match } of rows) counts[match] = (counts[match] ?? 0) + 1
  return counts
}
