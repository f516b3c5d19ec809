// RDATA fields whose numbers have names of their own: certificate types, DNSSEC algorithms, TSIG errors, DSYNC schemes (RFC 4398, 8945, 9859, IANA).

import { type Bytes, writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { type RdataCursor, uint16At, uint8, writeSpace } from './rdata-field.ts'

/** CERT: certificate type by mnemonic (RFC 4398 section 2.1). */
export function certificateType(from: RdataCursor, out: Bytes): boolean {
  return mnemonic16(from, out, certificateTypes)
}

/** CERT: DNSSEC algorithm by mnemonic (IANA "DNS Security Algorithm Numbers"). */
export function algorithm(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  const number = from.bytes[from.at]
  if (algorithms[number] === undefined) return uint8(from, out)
  from.at++
  writeAscii(out, algorithms[number])
  writeSpace(out)
  return true
}

/** TSIG, TKEY: error by mnemonic; 16 is BADSIG here, not BADVERS (RFC 8945 section 3, RFC 2930 section 2.6). */
export function tsigError(from: RdataCursor, out: Bytes): boolean {
  return mnemonic16(from, out, tsigErrors)
}

/** DSYNC: how to tell of a change; 1 is NOTIFY (RFC 9859 section 2). */
export function syncScheme(from: RdataCursor, out: Bytes): boolean {
  if (from.at >= from.end) return false
  if (from.bytes[from.at] !== 1) return uint8(from, out)
  from.at++
  writeAscii(out, 'NOTIFY ')
  return true
}

type Mnemonics = Readonly<Record<number, string>>

const certificateTypes: Mnemonics = {
  1: 'PKIX',
  2: 'SPKI',
  3: 'PGP',
  4: 'IPKIX',
  5: 'ISPKI',
  6: 'IPGP',
  7: 'ACPKIX',
  8: 'IACPKIX',
  253: 'URI',
  254: 'OID',
}

const algorithms: Mnemonics = {
  1: 'RSAMD5',
  2: 'DH',
  3: 'DSA',
  5: 'RSASHA1',
  6: 'NSEC3DSA',
  7: 'NSEC3RSASHA1',
  8: 'RSASHA256',
  10: 'RSASHA512',
  12: 'ECCGOST',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
  252: 'INDIRECT',
  253: 'PRIVATEDNS',
  254: 'PRIVATEOID',
}

const tsigErrors: Mnemonics = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
  16: 'BADSIG',
  17: 'BADKEY',
  18: 'BADTIME',
  19: 'BADMODE',
  20: 'BADNAME',
  21: 'BADALG',
  22: 'BADTRUNC',
}

function mnemonic16(from: RdataCursor, out: Bytes, mnemonics: Mnemonics): boolean {
  if (from.end - from.at < 2) return false
  const number = uint16At(from.bytes, from.at)
  const mnemonic = mnemonics[number]
  if (mnemonic === undefined) writeDecimal(out, number)
  else writeAscii(out, mnemonic)
  writeSpace(out)
  from.at += 2
  return true
}
