// IP addresses between bytes and text: IPv4 dotted, IPv6 as RFC 5952 writes it, and 16-byte columns (IPv4 mapped).

import { type Bytes, reserve } from './bytes.ts'

/** Writes the 4 bytes at `at` in dotted form. */
export function writeIpv4(out: Bytes, bytes: Uint8Array, at: number): void {
  reserve(out, 16)
  const { view } = out
  let pos = out.pos
  for (let i = 0; i < 4; i++) {
    const octet = bytes[at + i]
    view.setInt32(pos, octetText[octet], true)
    pos += octet >= 100 ? 4 : octet >= 10 ? 3 : 2
  }
  out.pos = pos - 1
}

/** Each octet in decimal with a dot behind it, as the four bytes that are written at once. */
const octetText = Int32Array.from({ length: 256 }, (_, octet) =>
  Buffer.from(`${octet}.`.padEnd(4)).readInt32LE(),
)

/** Writes the 16 bytes at `at` as RFC 5952 text: lower case, no leading zeros, the longest run of zero groups as `::`. */
export function writeIpv6(out: Bytes, bytes: Uint8Array, at: number): void {
  reserve(out, 46)
  if (isMapped(bytes, at)) {
    for (const char of mappedPrefix) out.buf[out.pos++] = char
    writeIpv4(out, bytes, at + 12)
    return
  }
  let runStart = -1
  let runLength = 1
  for (let group = 0; group < 8; ) {
    let end = group
    while (end < 8 && bytes[at + 2 * end] === 0 && bytes[at + 2 * end + 1] === 0) end++
    if (end - group > runLength) {
      runStart = group
      runLength = end - group
    }
    group = end + 1
  }
  const buf = out.buf
  let pos = out.pos
  for (let group = 0; group < 8; group++) {
    if (group === runStart) {
      buf[pos++] = 58
      if (group + runLength === 8) buf[pos++] = 58
      group += runLength - 1
      continue
    }
    if (group > 0) buf[pos++] = 58
    const value = (bytes[at + 2 * group] << 8) | bytes[at + 2 * group + 1]
    if (value >= 0x1000) buf[pos++] = hexChar(value >> 12)
    if (value >= 0x100) buf[pos++] = hexChar((value >> 8) & 15)
    if (value >= 0x10) buf[pos++] = hexChar((value >> 4) & 15)
    buf[pos++] = hexChar(value & 15)
  }
  out.pos = pos
}

/** True when the 16 bytes at `at` are an IPv4-mapped address (::ffff:0:0/96). */
export function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false
  return bytes[at + 10] === 255 && bytes[at + 11] === 255
}

/** The text of a 16-byte address; IPv4-mapped ones as plain dotted IPv4. */
export function addressText(bytes: Uint8Array, at = 0): string {
  if (isMapped(bytes, at)) return bytes.subarray(at + 12, at + 16).join('.')
  scratch.pos = 0
  writeIpv6(scratch, bytes, at)
  return String.fromCharCode(...scratch.buf.subarray(0, scratch.pos))
}

/** An address as people write it, IPv4-mapped ones dotted; what is no address stays as it is. */
export function plainAddress(text: string): string {
  const bytes = parseAddress(text)
  return bytes === null ? text : addressText(bytes)
}

/** Parses IPv4 or IPv6 text into 16 bytes (IPv4 mapped); null when the text is not an address. */
export function parseAddress(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16)
  if (!text.includes(':')) {
    if (!parseIpv4(text, bytes, 12)) return null
    bytes[10] = bytes[11] = 255
    return bytes
  }
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = groupsOf(halves[0])
  const tail = halves.length === 2 ? groupsOf(halves[1]) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...Array<number>(halves.length === 2 ? missing : 0).fill(0), ...tail]
  groups.forEach((group, i) => {
    bytes[2 * i] = group >> 8
    bytes[2 * i + 1] = group & 255
  })
  return bytes
}

const scratch = { buf: new Uint8Array(64), pos: 0 } as Bytes
const mappedPrefix = new TextEncoder().encode('::ffff:')

function hexChar(nibble: number): number {
  return nibble < 10 ? 48 + nibble : 87 + nibble
}

function groupsOf(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && i === parts.length - 1) {
      const tail = new Uint8Array(4)
      if (!parseIpv4(part, tail, 0)) return null
      groups.push((tail[0] << 8) | tail[1], (tail[2] << 8) | tail[3])
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else return null
  }
  return groups
}

function parseIpv4(text: string, into: Uint8Array, at: number): boolean {
  const parts = text.split('.')
  if (parts.length !== 4) return false
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return false
    into[at + i] = Number(part)
  }
  return true
}
