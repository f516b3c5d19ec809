// RDATA fields for addresses, networks and places: APL, WKS, NSAP, A6, ATMA, LOC, identifiers (RFC 3123, 1035, 1706, 2874, 1876, 6742, 7043).

import { writeIpv4, writeIpv6 } from '../../dns/address.ts'
import { type Bytes, reserve, writeAscii, writeDecimal, writeHex } from '../../dns/bytes.ts'
import { name, type RdataCursor, uint16At, uint32At, writeSpace } from './rdata-field.ts'

const prefixAddress = new Uint8Array(16)

/** APL: address prefixes, `!` before a negated one (RFC 3123 section 4). */
export function prefixes(from: RdataCursor, out: Bytes): boolean {
  while (from.at < from.end) {
    if (from.end - from.at < 4) return false
    const family = uint16At(from.bytes, from.at)
    const prefixBits = from.bytes[from.at + 2]
    const isNegated = from.bytes[from.at + 3] >= 128
    const length = from.bytes[from.at + 3] & 127
    const addressAt = from.at + 4
    if (addressAt + length > from.end) return false
    if (family !== 1 && family !== 2) {
      from.hasNoText = true
      return false
    }
    const addressBytes = family === 1 ? 4 : 16
    if (length > addressBytes || prefixBits > 8 * addressBytes) return false
    for (let i = 0; i < 16; i++) prefixAddress[i] = i < length ? from.bytes[addressAt + i] : 0
    if (isNegated) writeAscii(out, '!')
    writeAscii(out, family === 1 ? '1:' : '2:')
    if (family === 1) writeIpv4(out, prefixAddress, 0)
    else writeIpv6(out, prefixAddress, 0)
    writeAscii(out, '/')
    writeDecimal(out, prefixBits)
    writeSpace(out)
    from.at = addressAt + length
  }
  return true
}

/** A map with more ports is shown as unknown RDATA: 8 kB of hostile wire would become 380 kB of text. */
const maximumPorts = 1024

/** WKS: the ports of the bit map up to the end (RFC 1035 section 3.4.2). */
export function ports(from: RdataCursor, out: Bytes): boolean {
  const mapAt = from.at
  if (from.end - mapAt > 65536 / 8) return false
  let portsWritten = 0
  for (; from.at < from.end; from.at++) {
    const octet = from.bytes[from.at]
    if (octet === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      if ((octet & (0x80 >> bit)) === 0) continue
      writeDecimal(out, 8 * (from.at - mapAt) + bit)
      writeSpace(out)
      portsWritten++
    }
    if (portsWritten > maximumPorts) {
      from.hasNoText = true
      return false
    }
  }
  return true
}

/** NSAP: `0x` and the address in hex up to the end. */
export function nsap(from: RdataCursor, out: Bytes): boolean {
  writeAscii(out, '0x')
  writeHex(out, from.bytes, from.at, from.end)
  writeSpace(out)
  from.at = from.end
  return true
}

/** A6: prefix length, the rest of the address, and the name that has the prefix (RFC 2874 section 3.1). */
export function chainedAddress(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const prefixBits = from.bytes[from.at]
  if (prefixBits > 128) return false
  const first = prefixBits >> 3
  const suffixAt = from.at + 1
  if (suffixAt + 16 - first > from.end) return false
  writeDecimal(out, prefixBits)
  writeSpace(out)
  from.at = suffixAt + 16 - first
  if (prefixBits < 128) {
    for (let i = 0; i < 16; i++) prefixAddress[i] = i < first ? 0 : from.bytes[suffixAt + i - first]
    // Pad bits are ignored on receipt.
    prefixAddress[first] &= 0xff >> (prefixBits & 7)
    writeIpv6(out, prefixAddress, 0)
    writeSpace(out)
  }
  return prefixBits === 0 || name(from, out)
}

/** ATMA: an ATM end system address in hex, or `+` and an E.164 number (af-dans-0152, section 5.2). */
export function atmAddress(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 2) return false
  const format = from.bytes[from.at++]
  if (format > 1) {
    from.hasNoText = true
    return false
  }
  if (format === 0) {
    writeHex(out, from.bytes, from.at, from.end)
    from.at = from.end
  } else {
    writeAscii(out, '+')
    reserve(out, from.end - from.at)
    for (; from.at < from.end; from.at++) {
      const digit = from.bytes[from.at]
      if (digit < 48 || digit > 57) return false
      out.buf[out.pos++] = digit
    }
  }
  writeSpace(out)
  return true
}

/** NID, L64: 64 bits as four groups of hex digits. */
export function fourGroups(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 8) return false
  for (let group = 0; group < 4; group++) {
    if (group > 0) writeAscii(out, ':')
    writeShortHex(out, uint16At(from.bytes, from.at + 2 * group))
  }
  writeSpace(out)
  from.at += 8
  return true
}

/** EUI48: six octets in hex with dashes. */
export function eui48(from: RdataCursor, out: Bytes): boolean {
  return dashed(from, out, 6)
}

/** EUI64: eight octets in hex with dashes. */
export function eui64(from: RdataCursor, out: Bytes): boolean {
  return dashed(from, out, 8)
}

function dashed(from: RdataCursor, out: Bytes, length: number): boolean {
  if (from.end - from.at < length) return false
  for (let i = 0; i < length; i++) {
    if (i > 0) writeAscii(out, '-')
    writeHex(out, from.bytes, from.at, from.at + 1)
    from.at++
  }
  writeSpace(out)
  return true
}

/** LOC: latitude, longitude, altitude, size, horizontal and vertical precision (RFC 1876 sections 2 and 3). */
export function location(from: RdataCursor, out: Bytes): boolean {
  const bytes = from.bytes
  const at = from.at
  if (bytes[at] !== 0) {
    from.hasNoText = true
    return false
  }
  if (from.end - at < 16) return false
  for (let i = 1; i < 4; i++) {
    if (bytes[at + i] >> 4 > 9 || (bytes[at + i] & 15) > 9) return false
  }
  const latitude = uint32At(bytes, at + 4) - equator
  const longitude = uint32At(bytes, at + 8) - equator
  if (Math.abs(latitude) > 90 * degree || Math.abs(longitude) > 180 * degree) return false
  writeAngle(out, Math.abs(latitude), latitude < 0 ? ' S ' : ' N ')
  writeAngle(out, Math.abs(longitude), longitude < 0 ? ' W ' : ' E ')
  const altitude = uint32At(bytes, at + 12) - 10_000_000
  if (altitude < 0) writeAscii(out, '-')
  writeFraction(out, Math.abs(altitude), 100)
  for (let i = 1; i < 4; i++) {
    writeAscii(out, 'm ')
    const centimetres = (bytes[at + i] >> 4) * 10 ** (bytes[at + i] & 15)
    if ((bytes[at + i] & 15) >= 2) writeDecimal(out, centimetres / 100)
    else writeFraction(out, centimetres, 100)
  }
  writeAscii(out, 'm ')
  from.at += 16
  return true
}

// Angles are thousandths of a second of arc, counted from here.
const equator = 2 ** 31
const degree = 3_600_000

function writeAngle(out: Bytes, thousandths: number, hemisphere: string): void {
  writeDecimal(out, Math.floor(thousandths / degree))
  writeSpace(out)
  writeDecimal(out, Math.floor(thousandths / 60_000) % 60)
  writeSpace(out)
  writeFraction(out, thousandths % 60_000, 1000)
  writeAscii(out, hemisphere)
}

function writeFraction(out: Bytes, value: number, scale: number): void {
  const whole = Math.floor(value / scale)
  writeDecimal(out, whole)
  // `scale` + remainder is a 1 and exactly the digits wanted; the dot goes over the 1.
  const dotAt = out.pos
  writeDecimal(out, scale + value - whole * scale)
  out.buf[dotAt] = 46
}

function writeShortHex(out: Bytes, value: number): void {
  reserve(out, 4)
  for (let shift = 12; shift >= 0; shift -= 4) {
    if (shift > 0 && value >> shift === 0) continue
    const nibble = (value >> shift) & 15
    out.buf[out.pos++] = nibble < 10 ? 48 + nibble : 87 + nibble
  }
}
