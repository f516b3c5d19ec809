// RDATA fields of service bindings and CAA: SvcParams (RFC 9460, 9461, 9540, 9848) and the CAA tag (RFC 8659 section 4.1).

import { writeIpv4, writeIpv6 } from '../../dns/address.ts'
import { type Bytes, reserve, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { type RdataCursor, uint16At, writeSpace } from './rdata-field.ts'
import { writeBase64, writeEscape, writeQuoted } from './rdata-text.ts'

// SvcParamKeys by number (IANA "Service Parameter Keys"), as written in presentation form.
const keyNames = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]

/** SVCB, HTTPS: `key=value` pairs up to the end, keys strictly ascending (RFC 9460 section 2.2). */
export function serviceParameters(from: RdataCursor, out: Bytes): boolean {
  let previousKey = -1
  while (from.at < from.end) {
    if (from.end - from.at < 4) return false
    const key = uint16At(from.bytes, from.at)
    const valueAt = from.at + 4
    const valueEnd = valueAt + uint16At(from.bytes, from.at + 2)
    if (key <= previousKey || valueEnd > from.end) return false
    writeKey(out, key)
    if (!writeValue(out, key, from.bytes, valueAt, valueEnd)) return false
    writeSpace(out)
    previousKey = key
    from.at = valueEnd
  }
  return true
}

/** CAA: a length-prefixed tag of letters and digits. */
export function caaTag(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const tagAt = from.at + 1
  const tagEnd = tagAt + from.bytes[from.at]
  if (tagEnd === tagAt || tagEnd > from.end) return false
  reserve(out, tagEnd - tagAt)
  for (let i = tagAt; i < tagEnd; i++) {
    const octet = from.bytes[i]
    const lower = octet | 32
    if (!(octet >= 48 && octet <= 57) && !(lower >= 97 && lower <= 122)) return false
    out.buf[out.pos++] = octet
  }
  writeSpace(out)
  from.at = tagEnd
  return true
}

function writeKey(out: Bytes, key: number): void {
  if (key < keyNames.length) {
    writeAscii(out, keyNames[key])
    return
  }
  writeAscii(out, 'key')
  writeDecimal(out, key)
}

function writeValue(out: Bytes, key: number, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  switch (key) {
    case 0: // mandatory
      return writeKeyList(out, bytes, from, to)
    case 1: // alpn
      return writeProtocols(out, bytes, from, to)
    case 2: // no-default-alpn
    case 8: // ohttp
      return length === 0
    case 3: // port
      if (length !== 2) return false
      writeAscii(out, '=')
      writeDecimal(out, uint16At(bytes, from))
      return true
    case 4: // ipv4hint
      return writeAddresses(out, bytes, from, to, 4)
    case 5: // ech
      if (length === 0) return false
      writeAscii(out, '=')
      writeBase64(out, bytes, from, to)
      return true
    case 6: // ipv6hint
      return writeAddresses(out, bytes, from, to, 16)
    default: // dohpath and keys without a form of their own; an empty value has no "="
      if (length === 0) return key !== 7
      writeAscii(out, '=')
      writeQuoted(out, bytes, from, to)
      return true
  }
}

/** Section 8: at least one key, strictly ascending, never `mandatory` itself. */
function writeKeyList(out: Bytes, bytes: Uint8Array, from: number, to: number): boolean {
  if (to === from || (to - from) % 2 !== 0) return false
  let previousKey = 0
  for (let at = from; at < to; at += 2) {
    const key = uint16At(bytes, at)
    if (key <= previousKey) return false
    writeAscii(out, at === from ? '=' : ',')
    writeKey(out, key)
    previousKey = key
  }
  return true
}

/** Section 7.1.1: at least one protocol id of 1 to 255 octets; a list in a string, so commas and backslashes are escaped twice. */
function writeProtocols(out: Bytes, bytes: Uint8Array, from: number, to: number): boolean {
  if (to === from) return false
  writeAscii(out, '="')
  for (let at = from; at < to; ) {
    const idEnd = at + 1 + bytes[at]
    if (idEnd === at + 1 || idEnd > to) return false
    if (at > from) writeAscii(out, ',')
    for (let i = at + 1; i < idEnd; i++) writeListed(out, bytes[i])
    at = idEnd
  }
  writeAscii(out, '"')
  return true
}

function writeListed(out: Bytes, octet: number): void {
  if (octet < 32 || octet > 126) writeEscape(out, octet)
  else if (octet === 44) writeAscii(out, '\\\\,')
  else if (octet === 92) writeAscii(out, '\\\\\\\\')
  else {
    reserve(out, 2)
    if (octet === 34) out.buf[out.pos++] = 92
    out.buf[out.pos++] = octet
  }
}

/** Section 7.3: at least one address, nothing left over. */
function writeAddresses(
  out: Bytes,
  bytes: Uint8Array,
  from: number,
  to: number,
  addressBytes: number,
): boolean {
  if (to === from || (to - from) % addressBytes !== 0) return false
  for (let at = from; at < to; at += addressBytes) {
    writeAscii(out, at === from ? '=' : ',')
    if (addressBytes === 4) writeIpv4(out, bytes, at)
    else writeIpv6(out, bytes, at)
  }
  return true
}
