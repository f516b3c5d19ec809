// EDNS options as text for columns: each as its RFC, or else dig, shows it, and without an allocation.

import { type Bytes, reserve, writeAscii, writeDecimal, writeHex } from '../../dns/bytes.ts'
import { typeName } from '../../dns/codes.ts'
import { clientSubnetCode, cookieCode, extendedErrorCode, writeEcs } from './edns.ts'
import { nameRead, readName } from './name.ts'
import { uint16At, uint32At } from './rdata-field.ts'
import { writeEscape } from './rdata-text.ts'

/** Bytes of one option's data that become text; a client cookie takes 8, common padding 128 to 468. */
const dataLimit = 512

/**
 * Writes the data of an option. A known code has the form below; an unknown one is lower-case hex. `\# LENGTH HEX` stands for data that has not
 * the form of its code, and for data longer than 512 bytes (then HEX is its beginning). Overwrites `nameRead`.
 */
export function writeOptionText(
  out: Bytes,
  code: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const start = out.pos
  if (code === paddingCode) {
    writePadding(out, bytes, at, length)
    return
  }
  const isWhole = length <= dataLimit
  if (isWhole && writeKnown(out, code, bytes, at, length)) return
  out.pos = start
  if (hasForm || !isWhole) {
    writeAscii(out, '\\# ')
    writeDecimal(out, length)
    if (length > 0) writeAscii(out, ' ')
  }
  writeHex(out, bytes, at, at + Math.min(length, dataLimit))
}

/** Writes a cookie (RFC 7873 section 4) as `CLIENT+SERVER` in hex, without CLIENT when `withClient` is false; false, and nothing written, when malformed. */
export function writeCookie(
  out: Bytes,
  bytes: Uint8Array,
  at: number,
  length: number,
  withClient: boolean,
): boolean {
  if (length !== 8 && (length < 16 || length > 40)) return false
  if (withClient) writeHex(out, bytes, at, at + 8)
  writeAscii(out, '+')
  writeHex(out, bytes, at + 8, at + length)
  return true
}

/** Writes text from a stranger: a backslash and what is not printable ASCII as `\DDD`. */
export function writePrintable(out: Bytes, bytes: Uint8Array, at: number, end: number): void {
  reserve(out, 4 * (end - at))
  for (; at < end; at++) {
    const octet = bytes[at]
    if (octet >= 32 && octet < 127 && octet !== 92) out.buf[out.pos++] = octet
    else writeEscape(out, octet)
  }
}

const paddingCode = 12

/** Set by `writeKnown`: false for a code that has no form of its own. */
let hasForm = false

/** False when the data has not the form of its code, or the code has none. */
function writeKnown(
  out: Bytes,
  code: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): boolean {
  hasForm = true
  const end = at + length
  switch (code) {
    case 1: // LLQ: version, opcode, error, id, lease in seconds (RFC 8764 section 3.2)
      if (length !== 18) return false
      writeNumbers16(out, bytes, at, at + 6)
      writeAscii(out, ' ')
      writeHex(out, bytes, at + 6, at + 14)
      writeAscii(out, ' ')
      writeDecimal(out, uint32At(bytes, at + 14))
      return true
    case 2: // UL: lease, key lease in seconds (RFC 9664 section 4)
      if (length !== 4 && length !== 8) return false
      writeDecimal(out, uint32At(bytes, at))
      if (length === 4) return true
      writeAscii(out, ' ')
      writeDecimal(out, uint32At(bytes, at + 4))
      return true
    case 3: // NSID (RFC 5001)
      writePrintable(out, bytes, at, end)
      return true
    case 4: // OWNER: version, sequence, MAC, MAC to wake, password (draft-cheshire-edns0-owner-option)
      return writeOwner(out, bytes, at, length)
    case 5: // DAU, DHU, N3U: algorithm numbers (RFC 6975)
    case 6:
    case 7:
      for (let i = at; i < end; i++) {
        if (i > at) writeAscii(out, ' ')
        writeDecimal(out, bytes[i])
      }
      return true
    case clientSubnetCode:
      return writeEcs(out, bytes, at, length)
    case 9: // EXPIRE: seconds; nothing in a query (RFC 7314)
      if (length !== 0 && length !== 4) return false
      if (length === 4) writeDecimal(out, uint32At(bytes, at))
      return true
    case cookieCode:
      return writeCookie(out, bytes, at, length, true)
    case 11: // TCP keepalive: tenths of a second; nothing in a query (RFC 7828)
      if (length !== 0 && length !== 2) return false
      if (length === 2) writeTenths(out, uint16At(bytes, at))
      return true
    case 13: // CHAIN: closest trust point (RFC 7901); REPORT-CHANNEL: agent domain (RFC 9567)
    case 18:
      return readName(bytes, at, at, end, out, false) === end && nameRead.anomalies === 0
    case 14: // KEY-TAG: tags of trust anchors (RFC 8145)
      if (length === 0 || length % 2 !== 0) return false
      writeNumbers16(out, bytes, at, end)
      return true
    case extendedErrorCode: // code and text (RFC 8914)
      if (length < 2) return false
      writeDecimal(out, uint16At(bytes, at))
      if (length > 2) writeAscii(out, ' ')
      writePrintable(out, bytes, at + 2, end)
      return true
    case 16: // CLIENT-TAG, SERVER-TAG (draft-bellis-dnsop-edns-tags)
    case 17:
      if (length !== 2) return false
      writeDecimal(out, uint16At(bytes, at))
      return true
    case 19: // ZONEVERSION: labels, kind, version; nothing in a query (RFC 9660)
      return writeZoneVersion(out, bytes, at, length)
    case 20: // MQTYPE-Query, MQTYPE-Response: more types asked and answered (RFC 10029)
    case 21:
      if (length === 0 || length % 2 !== 0) return false
      for (let i = at; i < end; i += 2) {
        if (i > at) writeAscii(out, ' ')
        writeAscii(out, typeName(uint16At(bytes, i)))
      }
      return true
    default:
      hasForm = false
      return false
  }
}

/** How many bytes of padding; behind it their hex where they are not all zero, as RFC 7830 section 3 has them: they could carry something. */
function writePadding(out: Bytes, bytes: Uint8Array, at: number, length: number): void {
  writeDecimal(out, length)
  let zeros = 0
  while (zeros < length && bytes[at + zeros] === 0) zeros++
  if (zeros === length) return
  writeAscii(out, ' ')
  writeHex(out, bytes, at, at + Math.min(length, dataLimit))
}

function writeOwner(out: Bytes, bytes: Uint8Array, at: number, length: number): boolean {
  if (length !== 8 && length !== 14 && length !== 18 && length !== 20) return false
  writeDecimal(out, bytes[at])
  writeAscii(out, ' ')
  writeDecimal(out, bytes[at + 1])
  for (let i = 2; i < Math.min(length, 14); i++) {
    writeAscii(out, i % 6 === 2 ? ' ' : '-')
    writeHex(out, bytes, at + i, at + i + 1)
  }
  if (length <= 14) return true
  writeAscii(out, ' ')
  writeHex(out, bytes, at + 14, at + length)
  return true
}

function writeZoneVersion(out: Bytes, bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 0) return true
  if (length < 2) return false
  writeDecimal(out, bytes[at])
  if (bytes[at + 1] === 0 && length === 6) {
    writeAscii(out, ' SOA-SERIAL ')
    writeDecimal(out, uint32At(bytes, at + 2))
    return true
  }
  writeAscii(out, ' ')
  writeDecimal(out, bytes[at + 1])
  if (length > 2) writeAscii(out, ' ')
  writeHex(out, bytes, at + 2, at + length)
  return true
}

function writeNumbers16(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i += 2) {
    if (i > from) writeAscii(out, ' ')
    writeDecimal(out, uint16At(bytes, i))
  }
}

function writeTenths(out: Bytes, tenths: number): void {
  writeDecimal(out, Math.floor(tenths / 10))
  if (tenths % 10 === 0) return
  writeAscii(out, '.')
  writeDecimal(out, tenths % 10)
}
