// RDATA that leads to another host: IPSECKEY, AMTRELAY, HIP (RFC 4025, 8777, 8005).

import { type Bytes, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { hexBytes, optionalBase64 } from './rdata-crypto.ts'
import { ipv4, ipv6, name, type RdataCursor, uint16At, uint8, writeSpace } from './rdata-field.ts'
import { writeBase64 } from './rdata-text.ts'

/** IPSECKEY: precedence, gateway type, algorithm, gateway and key (RFC 4025 section 3). */
export function ipsecKey(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 3) return false
  const gatewayType = from.bytes[from.at + 1]
  uint8(from, out)
  uint8(from, out)
  uint8(from, out)
  return gateway(from, out, gatewayType) && optionalBase64(from, out)
}

/** AMTRELAY: precedence, discovery-optional bit, relay type and relay (RFC 8777 section 4.3). */
export function amtRelay(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 2) return false
  uint8(from, out)
  const octet = from.bytes[from.at++]
  writeDecimal(out, octet >> 7)
  writeSpace(out)
  writeDecimal(out, octet & 127)
  writeSpace(out)
  return gateway(from, out, octet & 127)
}

function gateway(from: RdataCursor, out: Bytes, type: number): boolean {
  if (type === 1) return ipv4(from, out)
  if (type === 2) return ipv6(from, out)
  if (type === 3) return name(from, out)
  if (type === 0) writeAscii(out, '. ')
  else from.hasNoText = true
  return type === 0
}

/** HIP: algorithm, host identity tag, public key, rendezvous servers (RFC 8005 section 5). */
export function hostIdentity(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 4) return false
  const tagBytes = from.bytes[from.at]
  const keyBytes = uint16At(from.bytes, from.at + 2)
  const keyAt = from.at + 4 + tagBytes
  const keyEnd = keyAt + keyBytes
  if (tagBytes === 0 || keyBytes === 0 || keyEnd > from.end) return false
  from.at += 1
  uint8(from, out)
  from.at = keyAt - tagBytes
  hexBytes(from, out, tagBytes)
  writeBase64(out, from.bytes, keyAt, keyEnd)
  writeSpace(out)
  from.at = keyEnd
  while (from.at < from.end) {
    if (isCompressed(from) || !name(from, out)) return false
  }
  return true
}

/**
 * Rendezvous servers are never compressed (RFC 8005 section 5), and here it matters: a list of 2-byte pointers would let 64 kB of hostile
 * wire become 32 MB of text.
 */
function isCompressed(from: RdataCursor): boolean {
  let at = from.at
  while (at < from.end && from.bytes[at] !== 0) {
    if (from.bytes[at] >= 64) return true
    at += 1 + from.bytes[at]
  }
  return false
}
