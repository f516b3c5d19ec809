// A decoded message as one JSON object: the contract of `overhear decode`.

import { addressText } from '../../dns/address.ts'
import { textOf } from '../../dns/bytes.ts'
import { className, opcodeName, rcodeName, typeName } from '../../dns/codes.ts'
import { isoNanoseconds } from '../../dns/time.ts'
import { anomaliesOf } from './anomaly.ts'
import { type EdnsOption, optionsToJson } from './edns-json.ts'
import type { Message } from './message.ts'
import type { Packet } from './packet.ts'
import { type Records, Section } from './records.ts'

/** One message as `overhear decode` prints it. Types, classes, rcodes and opcodes are IANA mnemonics; names are escaped, lower case, without trailing dot. */
export interface MessageJson {
  frame: number
  /** ISO 8601, UTC, nanoseconds. */
  ts: string
  transport: 'udp' | 'tcp'
  src: string
  src_port: number
  dst: string
  dst_port: number
  /** Bytes of the DNS message. */
  size: number
  id: number
  response: boolean
  opcode: string
  flags: Record<'aa' | 'tc' | 'rd' | 'ra' | 'ad' | 'cd', boolean>
  rcode: string
  /** `unicast_response` only where it is set: mDNS (RFC 6762 section 5.4). */
  questions: { name: string; type: string; class: string; unicast_response?: true }[]
  records: {
    section: string
    name: string
    type: string
    class: string
    ttl: number
    data: string
    /** Only where it is set: mDNS (RFC 6762 section 10.2). */
    cache_flush?: true
  }[]
  edns: { size: number; version: number; do: boolean; options: EdnsOption[] } | null
  anomalies: string[]
}

/** Builds the object from a message just decoded out of `bytes`; `records` hold this message's records alone. */
export function messageJson(
  packet: Packet,
  message: Message,
  records: Records,
  bytes: Uint8Array,
): MessageJson {
  const addresses = new Uint8Array(packet.addresses.buffer)
  const { flags } = message
  const json: MessageJson = {
    frame: packet.frame,
    ts: isoNanoseconds(packet.seconds, packet.nanoseconds),
    transport: packet.transport === 6 ? 'tcp' : 'udp',
    src: addressText(addresses, 0),
    src_port: packet.sourcePort,
    dst: addressText(addresses, 16),
    dst_port: packet.destinationPort,
    size: message.size,
    id: message.id,
    response: message.isResponse,
    opcode: opcodeName(message.opcode),
    flags: {
      aa: (flags & 0x400) !== 0,
      tc: (flags & 0x200) !== 0,
      rd: (flags & 0x100) !== 0,
      ra: (flags & 0x80) !== 0,
      ad: (flags & 0x20) !== 0,
      cd: (flags & 0x10) !== 0,
    },
    rcode: rcodeName(message.rcode),
    questions: [],
    records: [],
    edns: message.hasOpt
      ? {
          size: message.ednsSize,
          version: message.ednsVersion,
          do: message.isDnssecOk,
          options: optionsToJson(bytes, message.optStart, message.optEnd),
        }
      : null,
    anomalies: anomaliesOf(message.anomalies | packet.anomalies),
  }
  const topBits = new TopBits(message)
  if (message.questions > 0) {
    json.questions.push({
      name: textOf(message.qname.buf, 0, message.qname.pos),
      type: typeName(message.qtype),
      class: className(message.qclass),
      ...(topBits.isNext(0) ? { unicast_response: true } : {}),
    })
  }
  const names = new Strings(records.name.bytes.buf)
  const datas = new Strings(records.data.bytes.buf)
  for (let row = 0; row < records.count; row++) {
    const name = ownerText(names.next(), message)
    const data = datas.next()
    const type = typeName(records.type[row])
    const rrClass = className(records.class[row])
    const section = records.section[row]
    const isFlagged = topBits.isNext(row + 1)
    if (section === Section.question)
      json.questions.push({
        name,
        type,
        class: rrClass,
        ...(isFlagged ? { unicast_response: true } : {}),
      })
    else
      json.records.push({
        section: sectionNames[section],
        name,
        type,
        class: rrClass,
        ttl: records.ttl[row],
        data,
        ...(isFlagged ? { cache_flush: true } : {}),
      })
  }
  return json
}

const sectionNames = ['question', 'answer', 'authority', 'additional']

/** The owner's name, from what the records keep of it. */
function ownerText(kept: string, message: Message): string {
  if (kept === '') return textOf(message.qname.buf, 0, message.qname.pos)
  return kept === '\\' ? '' : kept
}

/** Reads length-prefixed strings one after another. */
class Strings {
  private at = 0
  private readonly buf: Uint8Array
  constructor(buf: Uint8Array) {
    this.buf = buf
  }
  next(): string {
    let sizeBytes = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.buf[this.at++]
      sizeBytes |= (byte & 127) << shift
      if (byte < 128) break
    }
    const start = this.at
    this.at += sizeBytes
    return textOf(this.buf, start, this.at)
  }
}

/** Which classes had their top bit set, asked in message order. */
class TopBits {
  private at = 0
  private readonly message: Message
  constructor(message: Message) {
    this.message = message
  }
  isNext(place: number): boolean {
    const { topBits, topBitCount } = this.message
    if (this.at === topBitCount || topBits[this.at] !== place) return false
    this.at++
    return true
  }
}
