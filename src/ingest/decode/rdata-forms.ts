// Which fields each type's RDATA consists of: to add a type, add its line here and its sample to the test.

import { types } from '../../dns/codes.ts'
import * as crypto from './rdata-crypto.ts'
import * as field from './rdata-field.ts'
import { amtRelay, hostIdentity, ipsecKey } from './rdata-gateway.ts'
import { algorithm, certificateType, syncScheme, tsigError } from './rdata-mnemonics.ts'
import * as place from './rdata-place.ts'
import { caaTag, serviceParameters } from './rdata-service.ts'
import { filledTypeMap, flatTypeMap, typeCovered, typeMap } from './rdata-types.ts'

/** The fields of one type, in order; together they must consume the RDATA exactly. */
export type Form = readonly field.RdataField[]

const { uint8, uint16, uint32, name, string, strings, time } = field
const oneName: Form = [name]
const twoNames: Form = [name, name]
const preferredName: Form = [uint16, name]
const delegationSigner: Form = [uint16, uint8, crypto.dsDigest]
const publicKey: Form = [uint16, uint8, uint8, crypto.base64]
const signature: Form = [typeCovered, uint8, uint8, uint32, time, time, uint16, name, crypto.base64]

/** The form of types that are shown as unknown RDATA. */
export const noForm: Form = []

// NULL, UINFO, UID, GID and UNSPEC have no presentation form, NXNAME, OPT and the question types no RDATA of their own.
// A, NS, CNAME, SOA, PTR, MX, TXT and AAAA are not here: `writeRdata` writes them itself.
const formsByName: Readonly<Record<string, Form>> = {
  MD: oneName,
  MF: oneName,
  MB: oneName,
  MG: oneName,
  MR: oneName,
  WKS: [field.ipv4, uint8, place.ports],
  HINFO: [string, string],
  MINFO: twoNames,
  RP: twoNames,
  AFSDB: preferredName,
  X25: [string],
  ISDN: [string, field.optionalString],
  RT: preferredName,
  NSAP: [place.nsap],
  'NSAP-PTR': oneName,
  SIG: signature,
  KEY: [uint16, uint8, uint8, crypto.optionalBase64],
  PX: [uint16, name, name],
  GPOS: [string, string, string],
  LOC: [place.location],
  NXT: [name, flatTypeMap],
  EID: [crypto.hex],
  NIMLOC: [crypto.hex],
  SRV: [uint16, uint16, uint16, name],
  ATMA: [place.atmAddress],
  NAPTR: [uint16, uint16, string, string, string, name],
  KX: preferredName,
  CERT: [certificateType, uint16, algorithm, crypto.base64],
  A6: [place.chainedAddress],
  DNAME: oneName,
  SINK: [uint8, uint8, uint8, crypto.optionalBase64],
  APL: [place.prefixes],
  DS: delegationSigner,
  SSHFP: [uint8, crypto.sshFingerprint],
  IPSECKEY: [ipsecKey],
  RRSIG: signature,
  NSEC: [name, filledTypeMap],
  DNSKEY: publicKey,
  DHCID: [crypto.base64],
  NSEC3: [uint8, uint8, uint16, crypto.salt, crypto.nextHash, typeMap],
  NSEC3PARAM: [uint8, uint8, uint16, crypto.salt],
  TLSA: [uint8, uint8, uint8, crypto.hex],
  SMIMEA: [uint8, uint8, uint8, crypto.hex],
  HIP: [hostIdentity],
  NINFO: [strings],
  RKEY: publicKey,
  TALINK: twoNames,
  CDS: delegationSigner,
  CDNSKEY: publicKey,
  OPENPGPKEY: [crypto.base64],
  CSYNC: [uint32, uint16, typeMap],
  ZONEMD: [uint32, uint8, crypto.zoneDigest],
  SVCB: [uint16, name, serviceParameters],
  HTTPS: [uint16, name, serviceParameters],
  DSYNC: [typeCovered, syncScheme, uint16, name],
  HHIT: [crypto.base64],
  BRID: [crypto.base64],
  SPF: [strings],
  NID: [uint16, place.fourGroups],
  L32: [uint16, field.ipv4],
  L64: [uint16, place.fourGroups],
  LP: preferredName,
  EUI48: [place.eui48],
  EUI64: [place.eui64],
  TKEY: [name, uint32, uint32, uint16, tsigError, crypto.sizedBase64, crypto.sizedBase64],
  TSIG: [name, field.uint48, uint16, crypto.sizedBase64, uint16, tsigError, crypto.sizedBase64],
  URI: [uint16, uint16, field.quotedRest],
  CAA: [uint8, caaTag, field.quotedRest],
  AVC: [strings],
  DOA: [uint32, uint32, uint8, string, crypto.base64OrDash],
  AMTRELAY: [amtRelay],
  RESINFO: [strings],
  WALLET: [strings],
  CLA: [strings],
  IPN: [field.uint64],
}

const forms: Form[] = Array.from({ length: types.IPN + 1 }, () => noForm)
for (const [type, form] of Object.entries(formsByName)) forms[types[type]] = form

/** The form of a type. TA and DLV (32768, 32769) sign delegations like DS and are not worth a table of that length. */
export function formOf(type: number): Form {
  if (type < forms.length) return forms[type]
  return type >> 1 === 0x4000 ? delegationSigner : noForm
}
