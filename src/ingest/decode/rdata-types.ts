// Types inside RDATA: the covered type of a signature and the type bit maps (RFC 4034 section 4.1.2, RFC 2535 section 5.2, RFC 3597 section 5).

import { type Bytes, writeDecimal } from '../../dns/bytes.ts'
import { types } from '../../dns/codes.ts'
import { type RdataCursor, uint16At, writeSpace } from './rdata-field.ts'
import { writeConstant } from './rdata-text.ts'

/** The mnemonic of the type covered by a signature. */
export function typeCovered(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 2) return false
  writeType(out, uint16At(from.bytes, from.at))
  from.at += 2
  return true
}

/**
 * A map that names more types is shown as unknown RDATA. IANA has assigned about 110; without a limit 8.7 kB of hostile wire would become
 * 650 kB of text.
 */
const maximumTypes = 1024

/**
 * A windowed bit map up to the end; may be empty (NSEC3, CSYNC).
 * Trailing zero octets are let pass: a MUST forbids them, but the map still reads in one way only.
 */
export function typeMap(from: RdataCursor, out: Bytes): boolean {
  let previousWindow = -1
  let typesWritten = 0
  while (from.at < from.end) {
    if (from.end - from.at < 3) return false
    const window = from.bytes[from.at]
    const length = from.bytes[from.at + 1]
    from.at += 2
    if (window <= previousWindow || length === 0 || length > 32) return false
    if (from.at + length > from.end) return false
    typesWritten += writeMapped(out, from.bytes, from.at, length, window << 8)
    if (typesWritten > maximumTypes) {
      from.hasNoText = true
      return false
    }
    previousWindow = window
    from.at += length
  }
  return true
}

/** NSEC's map: at least one window. */
export function filledTypeMap(from: RdataCursor, out: Bytes): boolean {
  return from.at < from.end && typeMap(from, out)
}

/** The flat bit map (types 0 to 127) that ends the obsolete NXT record; a set first bit announces a format nobody defined. */
export function flatTypeMap(from: RdataCursor, out: Bytes): boolean {
  const length = from.end - from.at
  if (length < 1 || length > 16) return false
  if ((from.bytes[from.at] & 0x80) !== 0) {
    from.hasNoText = true
    return false
  }
  writeMapped(out, from.bytes, from.at, length, 0)
  from.at = from.end
  return true
}

function writeMapped(
  out: Bytes,
  bytes: Uint8Array,
  at: number,
  length: number,
  firstType: number,
): number {
  let written = 0
  for (let i = 0; i < length; i++) {
    const octet = bytes[at + i]
    if (octet === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      if ((octet & (0x80 >> bit)) === 0) continue
      writeType(out, firstType + 8 * i + bit)
      written++
    }
  }
  return written
}

const encoder = new TextEncoder()
const unknownPrefix = encoder.encode('TYPE')
const mnemonics = new Map<number, Uint8Array>()
for (const [name, number] of Object.entries(types)) mnemonics.set(number, encoder.encode(name))

function writeType(out: Bytes, type: number): void {
  const mnemonic = mnemonics.get(type)
  writeConstant(out, mnemonic ?? unknownPrefix)
  if (mnemonic === undefined) writeDecimal(out, type)
  writeSpace(out)
}
