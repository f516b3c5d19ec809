// The options of an OPT record (RFC 6891 section 6.1.2): a walk that allocates nothing, client subnets as text (RFC 7871), names.

import { writeIpv4, writeIpv6 } from '../../dns/address.ts'
import { type Bytes, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { uint16At } from './rdata-field.ts'

/** What `readOption` found last; one object, reused, so that walking options allocates nothing. */
export const optionRead = {
  code: 0,
  /** Position of the option's data. */
  at: 0,
  length: 0,
  /** True when the walk ended because an option did not fit into the RDATA. */
  isMalformed: false,
}

/**
 * Reads the option header at `at` into `optionRead` and returns the position of the next option, or -1 when there is none left:
 * `for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end))`.
 */
export function readOption(bytes: Uint8Array, at: number, end: number): number {
  optionRead.isMalformed = false
  if (at === end) return -1
  if (end - at >= 4) {
    const next = at + 4 + uint16At(bytes, at + 2)
    if (next <= end) {
      optionRead.code = uint16At(bytes, at)
      optionRead.at = at + 4
      optionRead.length = next - at - 4
      return next
    }
  }
  optionRead.isMalformed = true
  return -1
}

/** Option code of EDNS client subnet. */
export const clientSubnetCode = 8
/** Option code of DNS cookies. */
export const cookieCode = 10
/** Option code of extended DNS errors. */
export const extendedErrorCode = 15

const prefixAddress = new Uint8Array(16)

/**
 * Writes a client subnet as `192.0.2.0/24`, with `/scope` behind it when the scope is not 0; `0/0` for the empty subnet without a family
 * that asks for no subnet at all. False, and nothing written, when malformed: unknown family, prefix too long, too many or too few
 * address octets, bits set behind the prefix (RFC 7871 sections 6 and 7.1).
 */
export function writeEcs(out: Bytes, bytes: Uint8Array, at: number, length: number): boolean {
  if (length < 4) return false
  const family = uint16At(bytes, at)
  const sourceBits = bytes[at + 2]
  const scopeBits = bytes[at + 3]
  const addressBytes = length - 4
  const maximumBits = family === 1 ? 32 : family === 2 ? 128 : 0
  if (family > 2 || sourceBits > maximumBits || scopeBits > maximumBits) return false
  if (addressBytes !== Math.ceil(sourceBits / 8)) return false
  for (let i = 0; i < 16; i++) prefixAddress[i] = i < addressBytes ? bytes[at + 4 + i] : 0
  const bitsInLast = sourceBits & 7
  if (bitsInLast > 0 && (prefixAddress[addressBytes - 1] & (0xff >> bitsInLast)) !== 0) return false
  if (family === 0) writeAscii(out, '0')
  else if (family === 1) writeIpv4(out, prefixAddress, 0)
  else writeIpv6(out, prefixAddress, 0)
  writeAscii(out, '/')
  writeDecimal(out, sourceBits)
  if (scopeBits > 0) {
    writeAscii(out, '/')
    writeDecimal(out, scopeBits)
  }
  return true
}

/** EDNS options by code (IANA "DNS EDNS0 Option Codes (OPT)"; 4 is reserved for what sleep proxies send). */
const ednsOptionNames: Readonly<Record<number, string>> = {
  1: 'LLQ',
  2: 'UL',
  3: 'NSID',
  4: 'OWNER',
  5: 'DAU',
  6: 'DHU',
  7: 'N3U',
  8: 'ECS',
  9: 'EXPIRE',
  10: 'COOKIE',
  11: 'TCP-KEEPALIVE',
  12: 'PADDING',
  13: 'CHAIN',
  14: 'KEY-TAG',
  15: 'EDE',
  16: 'CLIENT-TAG',
  17: 'SERVER-TAG',
  18: 'REPORT-CHANNEL',
  19: 'ZONEVERSION',
  20: 'MQTYPE-QUERY',
  21: 'MQTYPE-RESPONSE',
  20292: 'UMBRELLA-IDENT',
  26946: 'DEVICEID',
}

/** The name of an EDNS option; `OPT65001` when IANA has none. */
export function ednsOptionName(code: number): string {
  return ednsOptionNames[code] ?? `OPT${code}`
}

/** Extended DNS errors by info-code (RFC 8914 section 5.2 and its registry). */
const edeNames: readonly string[] = [
  'Other Error',
  'Unsupported DNSKEY Algorithm',
  'Unsupported DS Digest Type',
  'Stale Answer',
  'Forged Answer',
  'DNSSEC Indeterminate',
  'DNSSEC Bogus',
  'Signature Expired',
  'Signature Not Yet Valid',
  'DNSKEY Missing',
  'RRSIGs Missing',
  'No Zone Key Bit Set',
  'NSEC Missing',
  'Cached Error',
  'Not Ready',
  'Blocked',
  'Censored',
  'Filtered',
  'Prohibited',
  'Stale NXDomain Answer',
  'Not Authoritative',
  'Not Supported',
  'No Reachable Authority',
  'Network Error',
  'Invalid Data',
  'Signature Expired before Valid',
  'Too Early',
  'Unsupported NSEC3 Iterations Value',
  'Unable to conform to policy',
  'Synthesized',
  'Invalid Query Type',
]

/** The purpose of an extended DNS error; `EDE4711` when it is not registered. */
export function edeName(code: number): string {
  return edeNames[code] ?? `EDE${code}`
}
