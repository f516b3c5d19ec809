// The fields most RDATA is made of, from wire to presentation form: numbers, names, character strings (RFC 1035 sections 3.3 and 5.1).

import { writeIpv4, writeIpv6 } from '../../dns/address.ts'
import { type Bytes, reserve, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { nameRead, readName } from './name.ts'
import { writeQuoted, writeTime } from './rdata-text.ts'

/** The RDATA being read: `at` moves towards `end`. One object, reused for every record. */
export class RdataCursor {
  bytes: Uint8Array = new Uint8Array(0)
  messageStart = 0
  at = 0
  end = 0
  /** Set with a field's `false`: nothing is wrong with the bytes, but this variant has no presentation form. */
  hasNoText = false
}

/**
 * Reads one field at `from.at`, writes it and the space that parts it from the next, and moves `from.at` behind it; false when the bytes
 * do not hold such a field. A field that is absent writes nothing. The last space is taken back by `writeRdata`.
 */
export type RdataField = (from: RdataCursor, out: Bytes) => boolean

export function uint8(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  writeSpaced(out, from.bytes[from.at++])
  return true
}

export function uint16(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 2) return false
  writeSpaced(out, uint16At(from.bytes, from.at))
  from.at += 2
  return true
}

export function uint32(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 4) return false
  writeSpaced(out, uint32At(from.bytes, from.at))
  from.at += 4
  return true
}

export function uint48(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 6) return false
  writeSpaced(out, uint16At(from.bytes, from.at) * 2 ** 32 + uint32At(from.bytes, from.at + 2))
  from.at += 6
  return true
}

/** All 64 bits, past what a double holds; only a rare type has them. */
export function uint64(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 8) return false
  const high = BigInt(uint32At(from.bytes, from.at))
  writeAscii(out, ((high << 32n) + BigInt(uint32At(from.bytes, from.at + 4))).toString())
  writeSpace(out)
  from.at += 8
  return true
}

/** 32 bits of seconds since 1970, as RRSIG shows them. */
export function time(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 4) return false
  writeTime(out, uint32At(from.bytes, from.at))
  writeSpace(out)
  from.at += 4
  return true
}

/** A name, folded; false when anything is wrong with it (`nameRead.anomalies` says what). Compression is read wherever it stands. */
export function name(from: RdataCursor, out: Bytes): boolean {
  const after = readName(from.bytes, from.messageStart, from.at, from.end, out, false)
  if (nameRead.anomalies !== 0) return false
  writeSpace(out)
  from.at = after
  return true
}

/** A length-prefixed character string, always in quotes. */
export function string(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const textAt = from.at + 1
  const textEnd = textAt + from.bytes[from.at]
  if (textEnd > from.end) return false
  writeQuoted(out, from.bytes, textAt, textEnd)
  writeSpace(out)
  from.at = textEnd
  return true
}

/** Character strings up to the end, at least one. */
export function strings(from: RdataCursor, out: Bytes): boolean {
  do {
    if (!string(from, out)) return false
  } while (from.at < from.end)
  return true
}

/** A character string if there is one more (ISDN, RFC 1183 section 3.2). */
export function optionalString(from: RdataCursor, out: Bytes): boolean {
  return from.at === from.end || string(from, out)
}

/** Everything up to the end as one quoted text (CAA, URI); may be empty. */
export function quotedRest(from: RdataCursor, out: Bytes): boolean {
  writeQuoted(out, from.bytes, from.at, from.end)
  writeSpace(out)
  from.at = from.end
  return true
}

export function ipv4(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 4) return false
  writeIpv4(out, from.bytes, from.at)
  writeSpace(out)
  from.at += 4
  return true
}

export function ipv6(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 16) return false
  writeIpv6(out, from.bytes, from.at)
  writeSpace(out)
  from.at += 16
  return true
}

/** Big-endian 16 bits; the caller has checked the bounds. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

/** Big-endian unsigned 32 bits; the caller has checked the bounds. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) * 65536 + uint16At(bytes, at + 2)
}

/** Writes the space behind a field. */
export function writeSpace(out: Bytes): void {
  reserve(out, 1)
  out.buf[out.pos++] = 32
}

function writeSpaced(out: Bytes, value: number): void {
  writeDecimal(out, value)
  writeSpace(out)
}
