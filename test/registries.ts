// Test helper: schemas/032-codes.sql as it must be, from the mnemonics of src/dns and the documents that define them.

import { classes, opcodes, rcodes, types } from '../src/dns/codes.ts'
import { ednsOptionNames } from '../src/ingest/decode/edns.ts'

/** The view `codes`: every number this program knows by name, with the RFC that gives it its meaning. */
export function codesSchema(): string {
  const rows = registries().map(
    ([registry, number, name, reference]) =>
      `  ('${registry}', ${number}, '${name}', '${reference}')`,
  )
  return `-- IANA's DNS registries as this program knows them. Made by test/schema.test.ts from src/dns/codes.ts: npx vitest run test/schema.test.ts --update
CREATE VIEW IF NOT EXISTS codes (
  registry  LowCardinality(String) COMMENT 'type, class, opcode, rcode, ede (extended DNS errors) or option (EDNS)',
  number    UInt16 COMMENT 'number on the wire',
  name      String COMMENT 'mnemonic, as transactions has it; of extended errors the purpose',
  reference String COMMENT 'RFC that defines it; empty where there is none'
) AS
SELECT registry, number, name, reference
FROM VALUES('registry String, number UInt16, name String, reference String',
${rows.join(',\n')}
)
COMMENT 'numbers and names of the DNS registries; the dictionary code_names looks them up'
`
}

type Code = [registry: string, number: number, name: string, reference: string]

function registries(): Code[] {
  const named = (registry: string, codes: Readonly<Record<string, number>>, from: References) =>
    Object.entries(codes).map(([name, number]): Code => [registry, number, name, rfcOf(from, name)])
  return [
    ...named('type', types, typeReferences),
    ...named('class', classes, { 2136: 'NONE', 1035: 'IN CH HS ANY' }),
    ...named('opcode', opcodes, opcodeReferences),
    ...named('rcode', rcodes, rcodeReferences),
    ...extendedErrors.map(([number, name, rfc]): Code => ['ede', number, name, `RFC ${rfc}`]),
    ...Object.entries(ednsOptionNames).map(
      ([number, name]): Code => ['option', Number(number), name, rfcOf(optionReferences, name)],
    ),
  ]
}

/** Mnemonics by the number of the RFC that defines them, as IANA's registries cite it. */
type References = Readonly<Record<number, string>>

function rfcOf(references: References, name: string): string {
  const found = Object.entries(references).find(([, names]) => names.split(' ').includes(name))
  return found === undefined ? '' : `RFC ${found[0]}`
}

const typeReferences: References = {
  1035: 'A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT MAILB MAILA',
  1183: 'RP AFSDB X25 ISDN RT',
  1706: 'NSAP NSAP-PTR',
  1712: 'GPOS',
  1876: 'LOC',
  1995: 'IXFR',
  2163: 'PX',
  2230: 'KX',
  2535: 'SIG KEY NXT',
  2782: 'SRV',
  2874: 'A6',
  2930: 'TKEY',
  3123: 'APL',
  3403: 'NAPTR',
  3596: 'AAAA',
  4025: 'IPSECKEY',
  4034: 'DS RRSIG NSEC DNSKEY',
  4255: 'SSHFP',
  4398: 'CERT',
  4431: 'DLV',
  4701: 'DHCID',
  5155: 'NSEC3 NSEC3PARAM',
  5936: 'AXFR',
  6672: 'DNAME',
  6698: 'TLSA',
  6742: 'NID L32 L64 LP',
  6891: 'OPT',
  7043: 'EUI48 EUI64',
  7208: 'SPF',
  7344: 'CDS CDNSKEY',
  7477: 'CSYNC',
  7553: 'URI',
  7929: 'OPENPGPKEY',
  8005: 'HIP',
  8162: 'SMIMEA',
  8482: 'ANY',
  8659: 'CAA',
  8777: 'AMTRELAY',
  8945: 'TSIG',
  8976: 'ZONEMD',
  9460: 'SVCB HTTPS',
  9606: 'RESINFO',
  9824: 'NXNAME',
  9859: 'DSYNC',
}

const opcodeReferences: References = {
  1035: 'QUERY IQUERY STATUS',
  1996: 'NOTIFY',
  2136: 'UPDATE',
  8490: 'DSO',
}

const rcodeReferences: References = {
  1035: 'NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED',
  2136: 'YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE',
  2930: 'BADMODE BADNAME BADALG',
  6891: 'BADVERS',
  7873: 'BADCOOKIE',
  8490: 'DSOTYPENI',
  8945: 'BADKEY BADTIME BADTRUNC',
}

const optionReferences: References = {
  5001: 'NSID',
  6975: 'DAU DHU N3U',
  7314: 'EXPIRE',
  7828: 'TCP-KEEPALIVE',
  7830: 'PADDING',
  7871: 'ECS',
  7873: 'COOKIE',
  7901: 'CHAIN',
  8145: 'KEY-TAG',
  8764: 'LLQ',
  8914: 'EDE',
  9567: 'REPORT-CHANNEL',
  9660: 'ZONEVERSION',
  9664: 'UL',
}

const extendedErrors: [number: number, purpose: string, rfc: number][] = [
  [0, 'Other Error', 8914],
  [1, 'Unsupported DNSKEY Algorithm', 8914],
  [2, 'Unsupported DS Digest Type', 8914],
  [3, 'Stale Answer', 8914],
  [4, 'Forged Answer', 8914],
  [5, 'DNSSEC Indeterminate', 8914],
  [6, 'DNSSEC Bogus', 8914],
  [7, 'Signature Expired', 8914],
  [8, 'Signature Not Yet Valid', 8914],
  [9, 'DNSKEY Missing', 8914],
  [10, 'RRSIGs Missing', 8914],
  [11, 'No Zone Key Bit Set', 8914],
  [12, 'NSEC Missing', 8914],
  [13, 'Cached Error', 8914],
  [14, 'Not Ready', 8914],
  [15, 'Blocked', 8914],
  [16, 'Censored', 8914],
  [17, 'Filtered', 8914],
  [18, 'Prohibited', 8914],
  [19, 'Stale NXDomain Answer', 8914],
  [20, 'Not Authoritative', 8914],
  [21, 'Not Supported', 8914],
  [22, 'No Reachable Authority', 8914],
  [23, 'Network Error', 8914],
  [24, 'Invalid Data', 8914],
  [26, 'Too Early', 9250],
  [27, 'Unsupported NSEC3 Iterations Value', 9276],
  [30, 'Invalid Query Type', 9824],
]
