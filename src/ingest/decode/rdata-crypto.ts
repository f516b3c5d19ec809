// RDATA fields that carry keys, digests and signatures (RFC 4034, 4255, 5155, 8945, 8976).

import { type Bytes, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { type RdataCursor, uint16At, uint8, writeSpace } from './rdata-field.ts'
import { writeBase32Hex, writeBase64, writeUpperHex } from './rdata-text.ts'

/** Everything up to the end in base64, at least one byte. */
export function base64(from: RdataCursor, out: Bytes): boolean {
  return from.at < from.end && optionalBase64(from, out)
}

/** Everything up to the end in base64; nothing is fine (KEY without a key, RFC 2535 section 3.1.2). */
export function optionalBase64(from: RdataCursor, out: Bytes): boolean {
  if (from.at === from.end) return true
  writeBase64(out, from.bytes, from.at, from.end)
  writeSpace(out)
  from.at = from.end
  return true
}

/** Everything up to the end in base64, `-` when there is nothing (DOA). */
export function base64OrDash(from: RdataCursor, out: Bytes): boolean {
  if (from.at < from.end) return optionalBase64(from, out)
  writeAscii(out, '- ')
  return true
}

/** A 16-bit size in decimal and as many bytes in base64 (TSIG, TKEY). */
export function sizedBase64(from: RdataCursor, out: Bytes): boolean {
  if (from.end - from.at < 2) return false
  const size = uint16At(from.bytes, from.at)
  const dataAt = from.at + 2
  if (dataAt + size > from.end) return false
  writeDecimal(out, size)
  writeSpace(out)
  if (size > 0) {
    writeBase64(out, from.bytes, dataAt, dataAt + size)
    writeSpace(out)
  }
  from.at = dataAt + size
  return true
}

/** Everything up to the end in hex, at least one byte. */
export function hex(from: RdataCursor, out: Bytes): boolean {
  return from.at < from.end && hexBytes(from, out, from.end - from.at)
}

/** DS: digest type and digest (SHA-1, SHA-256, GOST, SHA-384: RFC 4034, 4509, 5933, 6605). */
export function dsDigest(from: RdataCursor, out: Bytes): boolean {
  return digest(from, out, dsDigestBytes, 1)
}

/** SSHFP: fingerprint type and fingerprint (SHA-1, SHA-256: RFC 4255, 6594). */
export function sshFingerprint(from: RdataCursor, out: Bytes): boolean {
  return digest(from, out, sshFingerprintBytes, 1)
}

/** ZONEMD: hash algorithm and digest (SHA-384, SHA-512), never shorter than 12 octets (RFC 8976 section 2.2.4). */
export function zoneDigest(from: RdataCursor, out: Bytes): boolean {
  return digest(from, out, zoneDigestBytes, 12)
}

// Indexed by digest type; 0 for a type whose length is not registered.
const dsDigestBytes = [0, 20, 32, 32, 48]
const sshFingerprintBytes = [0, 20, 32]
const zoneDigestBytes = [0, 48, 64]

function digest(
  from: RdataCursor,
  out: Bytes,
  bytesByType: readonly number[],
  minimumBytes: number,
): boolean {
  if (from.at >= from.end) return false
  const length = from.end - from.at - 1
  const type = from.bytes[from.at]
  const expected = type < bytesByType.length ? bytesByType[type] : 0
  if (expected === 0 ? length < minimumBytes : length !== expected) return false
  return uint8(from, out) && hex(from, out)
}

/** NSEC3: a length-prefixed salt in hex, `-` when empty. */
export function salt(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const length = from.bytes[from.at++]
  if (length > 0) return hexBytes(from, out, length)
  writeAscii(out, '- ')
  return true
}

/** NSEC3: a length-prefixed hash in base32hex, at least one byte. */
export function nextHash(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const hashAt = from.at + 1
  const hashEnd = hashAt + from.bytes[from.at]
  if (hashEnd === hashAt || hashEnd > from.end) return false
  writeBase32Hex(out, from.bytes, hashAt, hashEnd)
  writeSpace(out)
  from.at = hashEnd
  return true
}

/** As many bytes in hex as the caller has read a length of. */
export function hexBytes(from: RdataCursor, out: Bytes, length: number): boolean {
  if (from.at + length > from.end) return false
  writeUpperHex(out, from.bytes, from.at, from.at + length)
  writeSpace(out)
  from.at += length
  return true
}
