// The ten exchanges of formats.ts over TCP, in fragments and in tunnels: each file must give the rows of its plain twin.

import { pcapFile, type TimedPacket } from './capture.ts'
import { datagrams, exchanges, type Sent, wrapped } from './exchanges.ts'
import { type Endpoint, ethernet, type IpFields, tcpPacket } from './frame.ts'
import { captureFiles, type SampleFile } from './sample.ts'
import { erspan, fragments, geneve, gre, gtp, sixInFour, vxlan } from './tunnels.ts'

/** The files of formats/ whose messages come in several packets, or deeper inside them; nanoseconds. */
export function twins(): SampleFile[] {
  const four = exchanges(false)
  const six = exchanges(true)
  const inTunnel = (tunnel: (ip: Uint8Array, index: number) => Uint8Array) =>
    wrapped(datagrams(four), tunnel)
  const files: [string, string, TimedPacket[]][] = [
    ['tcp.pcap', 'over TCP, one segment a message', overTcp(four, whole)],
    [
      'tcp-pieces.pcap',
      'over TCP in pieces, cut inside the length and inside the message, out of order, one sent twice',
      overTcp(four, pieces),
    ],
    [
      'tcp-pipelined.pcap',
      'over one TCP connection, all questions at once, answered in another order; segments begin anywhere',
      pipelined(four),
    ],
    ['fragments.pcap', 'answers in IPv4 fragments, the last first', inFragments(four)],
    ['fragments-ipv6.pcap', 'answers in IPv6 fragments, the last first', inFragments(six)],
    ['vxlan.pcap', 'in VXLAN network 5001', inTunnel(vxlan)],
    ['geneve.pcap', 'in Geneve network 5002', inTunnel(geneve)],
    ['gre.pcap', 'in GRE with key 77', inTunnel(gre)],
    ['erspan.pcap', 'in ERSPAN II, session 100', inTunnel(erspan)],
    ['gtp.pcap', 'in GTP-U', inTunnel(gtp)],
    ['6in4.pcap', 'the IPv6 twin in IPv4 (6in4)', wrapped(datagrams(six), sixInFour)],
  ]
  return files.flatMap(([name, about, packets]) =>
    captureFiles(
      `formats/${name}`,
      pcapFile(
        wrapped(packets, (ip) => ethernet(ip)),
        { nanosecond: true },
      ),
      {
        about: `Ten exchanges: ${about}.`,
        packets: packets.length,
        messages: four.length,
        ...(name.startsWith('tcp') ? { tcp_messages: four.length } : {}),
        same_as: /ipv6|6in4/.test(name) ? 'formats/raw-ipv6.pcap' : 'formats/ns-le.pcap',
        time_digits: name === 'tcp-pipelined.pcap' ? 0 : /ipv6|6in4/.test(name) ? 6 : 9,
        findings: [],
      },
    ),
  )
}

const fin = 1
const syn = 2
const push = 8
const ack = 16

/** One piece of what a side sends: `bytes` at `at` in its stream. */
interface Piece {
  at: number
  bytes: Uint8Array
}

function whole(stream: Uint8Array): Piece[] {
  return [{ at: 0, bytes: stream }]
}

/** Three pieces, cut behind the first octet of the length and in the header: the last comes before the second, and the first twice. */
function pieces(stream: Uint8Array): Piece[] {
  const cut = (at: number, to?: number) => ({ at, bytes: stream.subarray(at, to) })
  return [cut(0, 1), cut(9), cut(0, 1), cut(1, 9)]
}

/** Each exchange as a connection; the last piece of a message comes at the time of its twin. */
function overTcp(sent: readonly Sent[], cut: (stream: Uint8Array) => Piece[]): TimedPacket[] {
  const packets: TimedPacket[] = []
  for (let i = 0; i < sent.length; i += 2) {
    const [question, answer] = [sent[i], sent[i + 1]]
    const connection = new Connection(question, packets)
    connection.open(question, -3000)
    connection.send(question, true, cut(withLength(question.message)))
    connection.send(answer, false, cut(withLength(answer.message)))
    connection.close(answer, 100)
  }
  return packets
}

/** Bytes of a segment where messages are pipelined: no message begins or ends with one but by chance. */
const segmentBytes = 100

/** All exchanges on one connection, the questions a millisecond apart; of each two answers the second comes first. */
function pipelined(sent: readonly Sent[]): TimedPacket[] {
  const packets: TimedPacket[] = []
  const [first] = sent
  const connection = new Connection(first, packets)
  connection.open(first, -3000)
  const questions = sent.filter((_, i) => i % 2 === 0)
  const answers = sent.filter((_, i) => i % 2 === 1)
  const swapped = answers.map((_, i) => answers[i ^ 1])
  for (const [side, isClient] of [
    [questions, true],
    [swapped, false],
  ] as const) {
    const stream = Buffer.concat(side.map(({ message }) => withLength(message)))
    const { fields } = side[0]
    for (let at = 0; at < stream.length; at += segmentBytes) {
      const bytes = stream.subarray(at, at + segmentBytes)
      const delay = (isClient ? 0 : 20_000) + (at / segmentBytes) * 1000
      connection.send({ ...later(first, delay), fields }, isClient, [{ at: 0, bytes }])
    }
  }
  connection.close(later(first, 60_000), 100)
  return packets
}

/** The answers in fragments of 48 bytes, the last one first; the one that completes it comes at the time of its twin. */
function inFragments(sent: readonly Sent[]): TimedPacket[] {
  return datagrams(sent).flatMap((packet, i) => {
    if (i % 2 === 0) return [packet]
    const parts = fragments(packet.bytes, 48)
    const order = [parts.length - 1, ...parts.keys()].slice(0, parts.length)
    return order.map((part, place) => ({
      ...later(packet, (place - order.length + 1) * 10),
      bytes: parts[part],
    }))
  })
}

type Time = Pick<TimedPacket, 'seconds' | 'nanoseconds'>

/** A TCP connection being written: numbers, acknowledgements and IP fields of both sides. */
class Connection {
  readonly #client: Endpoint
  readonly #server: Endpoint
  readonly #fields: IpFields
  readonly #packets: TimedPacket[]
  /** Next sequence numbers of client and server; the client's soon begin again at 0. */
  readonly #next: [number, number]

  constructor({ from, to, fields }: Sent, packets: TimedPacket[]) {
    this.#client = from
    this.#server = to
    this.#fields = fields
    this.#packets = packets
    this.#next = [0xffff_ffe0, 0x2000_0000 + fields.id]
  }

  /** Three packets, the first `delay` microseconds after `time`, then one each millisecond. */
  open(time: Time, delay: number): void {
    this.#packet(later(time, delay), true, syn)
    this.#next[0]++
    this.#packet(later(time, delay + 1000), false, syn | ack)
    this.#next[1]++
    this.#packet(later(time, delay + 2000), true, ack)
  }

  /** Sends pieces 50 microseconds apart, the last at `time`; the other side acknowledges all of it a little later. */
  send(sent: Time & Pick<Sent, 'fields'>, isClient: boolean, parts: readonly Piece[]): void {
    const side = isClient ? 0 : 1
    const start = this.#next[side]
    let sizeBytes = 0
    for (const [i, { at, bytes }] of parts.entries()) {
      this.#next[side] = start + at
      const time = later(sent, (i - parts.length + 1) * 50)
      this.#packet(time, isClient, push | ack, bytes, sent.fields)
      sizeBytes = Math.max(sizeBytes, at + bytes.length)
    }
    this.#next[side] = start + sizeBytes
    this.#packet(later(sent, 30), !isClient, ack)
  }

  /** The client ends it. */
  close(time: Time, delay: number): void {
    this.#packet(later(time, delay), true, fin | ack)
    this.#next[0]++
    this.#packet(later(time, delay + 100), false, fin | ack)
    this.#next[1]++
    this.#packet(later(time, delay + 200), true, ack)
  }

  #packet(
    time: Time,
    isClient: boolean,
    flags: number,
    payload: Uint8Array = new Uint8Array(0),
    fields: IpFields = this.#fields,
  ): void {
    const [from, to] = isClient ? [this.#client, this.#server] : [this.#server, this.#client]
    const [sequence, acknowledged] = isClient ? this.#next : this.#next.toReversed()
    const bytes = tcpPacket(
      from,
      to,
      sequence,
      (flags & ack) === 0 ? 0 : acknowledged,
      flags,
      payload,
      fields,
    )
    this.#packets.push({ seconds: time.seconds, nanoseconds: time.nanoseconds, bytes })
  }
}

/** Microseconds after (or before) a time. */
function later<T extends Time>(time: T, microseconds: number): T {
  const nanoseconds = time.nanoseconds + microseconds * 1000
  const carry = Math.floor(nanoseconds / 1e9)
  return { ...time, seconds: time.seconds + carry, nanoseconds: nanoseconds - carry * 1e9 }
}

function withLength(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
}
