// How RDATA spells bytes: quoted text, `\DDD`, upper-case hex, base64, base32hex, time (RFC 1035 section 5.1, RFC 4648, RFC 4034 section 3.2).

import { type Bytes, reserve } from '../../dns/bytes.ts'

/** Writes bytes `from..to` in double quotes: `"` and `\` escaped, what does not print as `\DDD`. */
export function writeQuoted(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  reserve(out, 4 * (to - from) + 2)
  const buf = out.buf
  let pos = out.pos
  buf[pos++] = 34
  for (let i = from; i < to; i++) {
    const octet = bytes[i]
    if (octet < 32 || octet > 126) {
      out.pos = pos
      writeEscape(out, octet)
      pos = out.pos
      continue
    }
    if (octet === 34 || octet === 92) buf[pos++] = 92
    buf[pos++] = octet
  }
  buf[pos++] = 34
  out.pos = pos
}

/** Writes an octet as `\DDD`. */
export function writeEscape(out: Bytes, octet: number): void {
  reserve(out, 4)
  const buf = out.buf
  const hundreds = (octet / 100) | 0
  const tens = ((octet - hundreds * 100) / 10) | 0
  buf[out.pos++] = 92
  buf[out.pos++] = 48 + hundreds
  buf[out.pos++] = 48 + tens
  buf[out.pos++] = 48 + octet - hundreds * 100 - tens * 10
}

const encoder = new TextEncoder()
const upperHexDigits = encoder.encode('0123456789ABCDEF')

/** Writes bytes `from..to` in upper-case hexadecimal, the case in which RFC 3597, RFC 4034 and dig show RDATA. */
export function writeUpperHex(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  reserve(out, 2 * (to - from))
  const buf = out.buf
  let pos = out.pos
  for (let i = from; i < to; i++) {
    const octet = bytes[i]
    buf[pos++] = upperHexDigits[octet >> 4]
    buf[pos++] = upperHexDigits[octet & 15]
  }
  out.pos = pos
}

const base64Digits = encoder.encode(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
)

/** Writes bytes `from..to` in base64 with padding (RFC 4648 section 4). */
export function writeBase64(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  reserve(out, 4 * Math.ceil((to - from) / 3))
  const buf = out.buf
  let pos = out.pos
  let at = from
  for (; at + 2 < to; at += 3) {
    const group = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
    buf[pos++] = base64Digits[group >> 18]
    buf[pos++] = base64Digits[(group >> 12) & 63]
    buf[pos++] = base64Digits[(group >> 6) & 63]
    buf[pos++] = base64Digits[group & 63]
  }
  if (at < to) {
    const hasTwo = at + 1 < to
    const group = (bytes[at] << 16) | (hasTwo ? bytes[at + 1] << 8 : 0)
    buf[pos++] = base64Digits[group >> 18]
    buf[pos++] = base64Digits[(group >> 12) & 63]
    buf[pos++] = hasTwo ? base64Digits[(group >> 6) & 63] : 61
    buf[pos++] = 61
  }
  out.pos = pos
}

const base32HexDigits = encoder.encode('0123456789ABCDEFGHIJKLMNOPQRSTUV')

/** Writes bytes `from..to` in base32 with the extended hex alphabet and no padding (RFC 4648 section 7), as NSEC3 does. */
export function writeBase32Hex(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  reserve(out, 2 * (to - from))
  const buf = out.buf
  let pos = out.pos
  let pending = 0
  let pendingBits = 0
  for (let i = from; i < to; i++) {
    pending = ((pending & 15) << 8) | bytes[i]
    for (pendingBits += 8; pendingBits >= 5; pendingBits -= 5) {
      buf[pos++] = base32HexDigits[(pending >> (pendingBits - 5)) & 31]
    }
  }
  if (pendingBits > 0) buf[pos++] = base32HexDigits[(pending << (5 - pendingBits)) & 31]
  out.pos = pos
}

/** Writes unsigned 32-bit seconds since 1970 as YYYYMMDDHHmmSS in UTC. */
export function writeTime(out: Bytes, seconds: number): void {
  const days = (seconds / 86400) | 0
  const secondOfDay = seconds - days * 86400
  // Years counted from 1 March, so that the leap day comes last; days from 0000-03-01, 719468 days before 1970.
  const shiftedDays = days + 719468
  const era = (shiftedDays / 146097) | 0
  const dayOfEra = shiftedDays - era * 146097
  const leapDays = -((dayOfEra / 1460) | 0) + ((dayOfEra / 36524) | 0) - ((dayOfEra / 146096) | 0)
  const yearOfEra = ((dayOfEra + leapDays) / 365) | 0
  const yearStart = 365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0)
  const monthFromMarch = ((5 * (dayOfEra - yearStart) + 2) / 153) | 0
  const day = dayOfEra - yearStart - (((153 * monthFromMarch + 2) / 5) | 0) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = 400 * era + yearOfEra + (month <= 2 ? 1 : 0)
  reserve(out, 14)
  writeTwoDigits(out, (year / 100) | 0)
  writeTwoDigits(out, year % 100)
  writeTwoDigits(out, month)
  writeTwoDigits(out, day)
  writeTwoDigits(out, (secondOfDay / 3600) | 0)
  writeTwoDigits(out, ((secondOfDay / 60) | 0) % 60)
  writeTwoDigits(out, secondOfDay % 60)
}

/** Writes a prepared run of ASCII bytes, for mnemonics. */
export function writeConstant(out: Bytes, text: Uint8Array): void {
  reserve(out, text.length)
  const buf = out.buf
  let pos = out.pos
  for (let i = 0; i < text.length; i++) buf[pos++] = text[i]
  out.pos = pos
}

function writeTwoDigits(out: Bytes, value: number): void {
  out.buf[out.pos++] = 48 + ((value / 10) | 0)
  out.buf[out.pos++] = 48 + (value % 10)
}
