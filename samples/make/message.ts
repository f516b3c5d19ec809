// DNS messages to bytes (RFC 1035 section 4.1, EDNS RFC 6891), with compression; independent of the decoder under test on purpose.

/** Type numbers by mnemonic (IANA), those the samples use. */
export const typeNumber = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  RRSIG: 46,
  DNSKEY: 48,
  HTTPS: 65,
  ANY: 255,
} as const

/** A mnemonic the samples use. */
export type TypeName = keyof typeof typeNumber

/** One record; `write` puts its data at the writer's position. Build it with the functions of records.ts. */
export interface ResourceRecord {
  name: string
  type: TypeName
  /** Seconds. */
  ttl: number
  write: (writer: Writer) => void
  /** Class with the mDNS cache-flush bit where wanted; IN by default. */
  class?: number
}

/** A message to write; flags not given are clear, the question class is IN. */
export interface Message {
  id: number
  response?: boolean
  aa?: boolean
  tc?: boolean
  rd?: boolean
  ra?: boolean
  ad?: boolean
  cd?: boolean
  rcode?: number
  questions: readonly { name: string; type: TypeName; class?: number }[]
  answers?: readonly ResourceRecord[]
  authorities?: readonly ResourceRecord[]
  additionals?: readonly ResourceRecord[]
  edns?: Edns
}

/** The OPT record's fields. */
export interface Edns {
  /** Largest UDP payload the sender takes, bytes. */
  size: number
  do?: boolean
  options?: readonly { code: number; data: Uint8Array }[]
}

/** The message's wire bytes. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer()
  writer.u16(message.id)
  writer.u16(
    (message.response ? 0x8000 : 0) |
      (message.aa ? 0x0400 : 0) |
      (message.tc ? 0x0200 : 0) |
      (message.rd ? 0x0100 : 0) |
      (message.ra ? 0x0080 : 0) |
      (message.ad ? 0x0020 : 0) |
      (message.cd ? 0x0010 : 0) |
      (message.rcode ?? 0),
  )
  const sections = [message.answers ?? [], message.authorities ?? [], message.additionals ?? []]
  writer.u16(message.questions.length)
  writer.u16(sections[0].length)
  writer.u16(sections[1].length)
  writer.u16(sections[2].length + (message.edns ? 1 : 0))
  for (const question of message.questions) {
    writer.name(question.name)
    writer.u16(typeNumber[question.type])
    writer.u16(question.class ?? 1)
  }
  for (const record of sections.flat()) {
    writer.name(record.name)
    writer.u16(typeNumber[record.type])
    writer.u16(record.class ?? 1)
    writer.u32(record.ttl)
    writer.sized(() => record.write(writer))
  }
  if (message.edns) writeOpt(writer, message.edns)
  return writer.finish()
}

function writeOpt(writer: Writer, edns: Edns): void {
  writer.u8(0)
  writer.u16(41)
  writer.u16(edns.size)
  writer.u32(edns.do ? 0x8000 : 0)
  writer.sized(() => {
    for (const option of edns.options ?? []) {
      writer.u16(option.code)
      writer.u16(option.data.length)
      writer.bytes(option.data)
    }
  })
}

/** A growing message: big-endian numbers, counted blocks and names with compression. */
export class Writer {
  #buffer = Buffer.allocUnsafe(65535)
  #position = 0
  #names = new Map<string, number>()

  u8(value: number): void {
    this.#position = this.#buffer.writeUInt8(value, this.#position)
  }

  u16(value: number): void {
    this.#position = this.#buffer.writeUInt16BE(value, this.#position)
  }

  u32(value: number): void {
    this.#position = this.#buffer.writeUInt32BE(value, this.#position)
  }

  bytes(value: Uint8Array): void {
    this.#buffer.set(value, this.#position)
    this.#position += value.length
  }

  /** A character-string: one length octet, then at most 255 octets. */
  string(value: string): void {
    const octets = Buffer.from(value, 'latin1')
    this.u8(octets.length)
    this.bytes(octets)
  }

  /** What `write` writes, after its length in two octets. */
  sized(write: () => void): void {
    const at = this.#position
    this.u16(0)
    write()
    this.#buffer.writeUInt16BE(this.#position - at - 2, at)
  }

  /** A name without the trailing dot, '' for the root. Suffixes match with their case, so that a mixed-case question keeps its own. */
  name(name: string, compress = true): void {
    const labels = name === '' ? [] : name.split('.')
    for (let i = 0; i < labels.length; i++) {
      const suffix = labels.slice(i).join('.')
      const known = this.#names.get(suffix)
      if (compress && known !== undefined) return this.u16(0xc000 | known)
      if (this.#position < 0x4000) this.#names.set(suffix, this.#position)
      this.string(labels[i])
    }
    this.u8(0)
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#buffer.subarray(0, this.#position))
  }
}
