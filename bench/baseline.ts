// The baseline: the same path as it is written with the packages everyone takes (pcap-parser, dns-packet), plainly, and not slower than need be.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** What dns-packet gives for a record. */
export interface DecodedRecord {
  name: string
  type: string
  class: string
  ttl: number
  data: unknown
}

/** What dns-packet gives for a message. */
export interface DecodedMessage {
  id: number
  type: 'query' | 'response'
  flags: number
  rcode: string
  opcode: string
  questions: { name: string; type: string; class: string }[]
  answers: DecodedRecord[]
  authorities: DecodedRecord[]
  additionals: DecodedRecord[]
}

/** Decodes a message; throws when one part of it does not parse. */
export const { decode } = require('dns-packet') as { decode: (payload: Buffer) => DecodedMessage }

/** A packet as pcap-parser gives it. */
export interface ParsedPacket {
  header: { timestampSeconds: number; timestampMicroseconds: number; capturedLength: number }
  data: Buffer
}

/** What pcap-parser is used through here; `stream` is its file stream, which the reader may pause. */
export interface PcapParser {
  on(event: 'packet', listener: (packet: ParsedPacket) => void): PcapParser
  on(event: 'end', listener: () => void): PcapParser
  on(event: 'error', listener: (error: Error) => void): PcapParser
  readonly stream: { pause(): void; resume(): void; destroy(): void }
}

const { parse } = require('pcap-parser') as { parse: (path: string) => PcapParser }

/** Starts reading a capture. pcap-parser uses `new Buffer`, whose deprecation warning is not our subject. */
export function parseCapture(path: string): PcapParser {
  process.noDeprecation = true
  return parse(path)
}

/** Where a UDP payload came from and went to. */
export interface Datagram {
  source: string
  destination: string
  sourcePort: number
  destinationPort: number
  payload: Buffer
}

/** The UDP datagram in an untagged Ethernet frame; undefined for anything else. */
export function datagramOf(frame: Buffer): Datagram | undefined {
  const etherType = frame.readUInt16BE(12)
  let source: string
  let destination: string
  let udp: number
  if (etherType === 0x0800) {
    if (frame[23] !== 17) return undefined
    source = `::ffff:${frame[26]}.${frame[27]}.${frame[28]}.${frame[29]}`
    destination = `::ffff:${frame[30]}.${frame[31]}.${frame[32]}.${frame[33]}`
    udp = 14 + (frame[14] & 15) * 4
  } else if (etherType === 0x86dd) {
    if (frame[20] !== 17) return undefined
    source = ipv6(frame, 22)
    destination = ipv6(frame, 38)
    udp = 54
  } else return undefined
  return {
    source,
    destination,
    sourcePort: frame.readUInt16BE(udp),
    destinationPort: frame.readUInt16BE(udp + 2),
    payload: frame.subarray(udp + 8, udp + frame.readUInt16BE(udp + 4)),
  }
}

function ipv6(frame: Buffer, at: number): string {
  const groups: string[] = []
  for (let i = at; i < at + 16; i += 2) groups.push(frame.readUInt16BE(i).toString(16))
  return groups.join(':')
}

/** A message with what its packet said. */
export interface Seen {
  timeUs: number
  datagram: Datagram
  message: DecodedMessage
}

/** Pairs queries with answers in a Map keyed by strings. A query without an answer for 10 s is given up. */
export class MapMatcher {
  readonly #pending = new Map<string, Seen>()
  readonly #take: (query: Seen | undefined, response: Seen | undefined) => void

  constructor(take: (query: Seen | undefined, response: Seen | undefined) => void) {
    this.#take = take
  }

  add(seen: Seen): void {
    const { datagram, message } = seen
    const { source, destination, sourcePort, destinationPort } = datagram
    const question = message.questions[0]
    const asked = `${message.id} ${question?.name.toLowerCase()} ${question?.type}`
    if (message.type === 'query') {
      const key = `${source} ${sourcePort} ${destination} ${destinationPort} ${asked}`
      this.#expire(seen.timeUs)
      this.#pending.set(key, seen)
      return
    }
    const key = `${destination} ${destinationPort} ${source} ${sourcePort} ${asked}`
    const query = this.#pending.get(key)
    this.#pending.delete(key)
    this.#take(query, seen)
  }

  finish(): void {
    for (const query of this.#pending.values()) this.#take(query, undefined)
    this.#pending.clear()
  }

  /** A Map keeps the order of insertion, so the oldest stand first. */
  #expire(timeUs: number): void {
    for (const [key, query] of this.#pending) {
      if (timeUs - query.timeUs < 10e6) return
      this.#pending.delete(key)
      this.#take(query, undefined)
    }
  }
}
