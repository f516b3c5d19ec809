// A capture being made: queries and answers put on the wire at given times, kept in time order, counted as they are written.

import type { TimedPacket } from './capture.ts'
import { addressBytes, type Endpoint, ethernet, tcpPacket, udpPacket } from './frame.ts'
import { encodeMessage, type Message, type TypeName } from './message.ts'
import type { Random } from './random.ts'

/** A query that was sent, so that it can be repeated or answered. */
export interface Query {
  /** Seconds after the recording's start. */
  at: number
  client: Endpoint
  server: Endpoint
  message: Message
}

/** Message fields that differ from the usual ones. */
export type Fields = Partial<Omit<Message, 'questions'>>

/** How an answer is sent where it does not simply go back. */
export interface Route {
  from?: Endpoint
  to?: Endpoint
  /** IP time to live. */
  ttl?: number
}

/** Packets and their counts; times are seconds after the start, with microseconds kept. */
export class Recording {
  /** Seconds since 1970. */
  readonly start: number
  readonly random: Random
  /** DNS messages so far, over UDP and TCP. */
  messages = 0
  /** Those of them over TCP. */
  tcpMessages = 0
  #packets: { at: number; bytes: Uint8Array }[] = []
  #ipIds = new Map<string, number>()

  constructor(start: string, random: Random) {
    this.start = Date.parse(start) / 1000
    this.random = random
  }

  /** Sends a question; the port and id are drawn unless given. */
  ask(
    at: number,
    client: string | Endpoint,
    server: string,
    question: { name: string; type: TypeName },
    fields: Fields = {},
  ): Query {
    const port = this.random.integer(49152, 65536)
    const message = { id: this.random.integer(0, 65536), ...fields, questions: [question] }
    const query = {
      at,
      client: typeof client === 'string' ? { address: client, port } : client,
      server: { address: server, port: 53 },
      message,
    }
    this.repeat(query, at)
    return query
  }

  /** Sends the very same question again, as a stub does that heard nothing. */
  repeat(query: Query, at: number): void {
    this.datagram(at, query.client, query.server, encodeMessage(query.message))
  }

  /** Answers `delay` seconds after the question: same id, question and flags RD and CD, unless the fields say otherwise. */
  answer(query: Query, delay: number, fields: Fields, route: Route = {}): void {
    const { id, rd = false, cd = false, questions, edns } = query.message
    const reply = { id, rd, cd, response: true, questions, ...(edns && { edns: { size: 1232 } }) }
    this.datagram(
      query.at + delay,
      route.from ?? query.server,
      route.to ?? query.client,
      encodeMessage({ ...reply, ...fields }),
      route.ttl,
    )
  }

  /** Asks the same over TCP: a whole connection with one query and one answer in segments of at most 1,448 bytes. */
  overTcp(query: Query, at: number, fields: Fields): void {
    const roundTrip = 0.0006
    const client = { ...query.client, port: this.random.integer(49152, 65536) }
    const { server, message } = query
    const { id, rd = false, questions } = message
    let clientNext = this.random.integer(0, 2 ** 31)
    let serverNext = this.random.integer(0, 2 ** 31)
    let now = at
    const none = new Uint8Array(0)
    const send = (fromClient: boolean, flags: number, payload: Uint8Array = none): void => {
      const [from, to] = fromClient ? [client, server] : [server, client]
      const [next, seen] = fromClient ? [clientNext, serverNext] : [serverNext, clientNext]
      const acknowledged = flags === syn ? 0 : seen
      const ip = this.#ipFields(from.address)
      this.frame(now, ethernet(tcpPacket(from, to, next, acknowledged, flags, payload, ip)))
      const advance = payload.length + ((flags & (syn | fin)) === 0 ? 0 : 1)
      if (fromClient) clientNext += advance
      else serverNext += advance
      now += roundTrip / 2
    }
    send(true, syn)
    send(false, syn | ack)
    send(true, ack)
    send(true, push | ack, withLength(encodeMessage(message)))
    const reply = encodeMessage({ id, rd, response: true, questions, ...fields })
    const stream = withLength(reply)
    for (let sent = 0; sent < stream.length; sent += 1448) {
      send(false, push | ack, stream.subarray(sent, sent + 1448))
    }
    send(true, ack)
    send(true, fin | ack)
    send(false, fin | ack)
    send(true, ack)
    this.messages += 2
    this.tcpMessages += 2
  }

  /** Sends one message in one UDP datagram. */
  datagram(at: number, from: Endpoint, to: Endpoint, payload: Uint8Array, ttl?: number): void {
    const fields = this.#ipFields(from.address, ttl)
    this.frame(at, ethernet(udpPacket(from, to, payload, fields)))
    this.messages++
  }

  /** Puts any frame on the wire. */
  frame(at: number, bytes: Uint8Array): void {
    this.#packets.push({ at: Math.round(at * 1e6), bytes })
  }

  /** The packets in time order; those of one time in the order they were sent. */
  packets(): TimedPacket[] {
    return this.#packets
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, bytes }) => ({
        seconds: this.start + Math.floor(at / 1e6),
        nanoseconds: (at % 1e6) * 1000,
        bytes,
      }))
  }

  #ipFields(address: string, ttl = usualTtl(address)): { ttl: number; id: number } {
    const id = ((this.#ipIds.get(address) ?? this.random.integer(0, 65536)) + 1) & 0xffff
    this.#ipIds.set(address, id)
    return { ttl, id }
  }
}

const fin = 1
const syn = 2
const push = 8
const ack = 16

function withLength(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}

/** Hosts of the office arrive with the value they sent, 64 or 128; others some hops lower, the same for all their packets. */
function usualTtl(address: string): number {
  const last = addressBytes(address).at(-1)!
  const initial = last % 3 === 0 ? 128 : 64
  const inside = address.startsWith('192.0.2.') || address.startsWith('2001:db8:1::')
  return inside ? initial : initial - 5 - (last % 13)
}
