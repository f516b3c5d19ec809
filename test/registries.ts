// Test helper: schemas/032-codes.sql as it must be, from the mnemonics of src/dns and the documents that define them.

import { className, opcodeName, rcodeName, typeName } from '../src/dns/codes.ts'
import { edeName, ednsOptionName } from '../src/ingest/decode/edns.ts'

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
  return [
    ...named('type', typeName, typeReferences),
    ...named('class', className, { 2136: ['NONE'], 1035: ['IN', 'CH', 'HS', 'ANY'] }),
    ...named('opcode', opcodeName, opcodeReferences),
    ...named('rcode', rcodeName, rcodeReferences),
    ...named('ede', edeName, extendedErrorReferences),
    ...named('option', ednsOptionName, optionReferences),
  ]
}

/** The numbers that have a name of their own: others get one that ends in the number. */
function named(registry: string, nameOf: (code: number) => string, references: References): Code[] {
  const codes: Code[] = []
  for (let number = 0; number < 65_536; number++) {
    const name = nameOf(number)
    if (/^(TYPE|CLASS|OPCODE|RCODE|EDE|OPT)\d+$/.test(name)) continue
    const rfc = Object.keys(references).find((key) => references[Number(key)].includes(name))
    codes.push([registry, number, name, rfc === undefined ? '' : `RFC ${rfc}`])
  }
  return codes
}

/** Mnemonics by the number of the RFC that defines them, as IANA's registries cite it. */
type References = Readonly<Record<number, readonly string[]>>

const typeReferences: References = {
  1035: 'A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT MAILB MAILA'.split(' '),
  1183: 'RP AFSDB X25 ISDN RT'.split(' '),
  1706: 'NSAP NSAP-PTR'.split(' '),
  1712: 'GPOS'.split(' '),
  1876: 'LOC'.split(' '),
  1995: 'IXFR'.split(' '),
  2163: 'PX'.split(' '),
  2230: 'KX'.split(' '),
  2535: 'SIG KEY NXT'.split(' '),
  2782: 'SRV'.split(' '),
  2874: 'A6'.split(' '),
  2930: 'TKEY'.split(' '),
  3123: 'APL'.split(' '),
  3403: 'NAPTR'.split(' '),
  3596: 'AAAA'.split(' '),
  4025: 'IPSECKEY'.split(' '),
  4034: 'DS RRSIG NSEC DNSKEY'.split(' '),
  4255: 'SSHFP'.split(' '),
  4398: 'CERT'.split(' '),
  4431: 'DLV'.split(' '),
  4701: 'DHCID'.split(' '),
  5155: 'NSEC3 NSEC3PARAM'.split(' '),
  5936: 'AXFR'.split(' '),
  6672: 'DNAME'.split(' '),
  6698: 'TLSA'.split(' '),
  6742: 'NID L32 L64 LP'.split(' '),
  6891: 'OPT'.split(' '),
  7043: 'EUI48 EUI64'.split(' '),
  7208: 'SPF'.split(' '),
  7344: 'CDS CDNSKEY'.split(' '),
  7477: 'CSYNC'.split(' '),
  7553: 'URI'.split(' '),
  7929: 'OPENPGPKEY'.split(' '),
  8005: 'HIP'.split(' '),
  8162: 'SMIMEA'.split(' '),
  8482: 'ANY'.split(' '),
  8659: 'CAA'.split(' '),
  8777: 'AMTRELAY'.split(' '),
  8945: 'TSIG'.split(' '),
  8976: 'ZONEMD'.split(' '),
  9460: 'SVCB HTTPS'.split(' '),
  9606: 'RESINFO'.split(' '),
  9824: 'NXNAME'.split(' '),
  9859: 'DSYNC'.split(' '),
}

const opcodeReferences: References = {
  1035: 'QUERY IQUERY STATUS'.split(' '),
  1996: 'NOTIFY'.split(' '),
  2136: 'UPDATE'.split(' '),
  8490: 'DSO'.split(' '),
}

const rcodeReferences: References = {
  1035: 'NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED'.split(' '),
  2136: 'YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE'.split(' '),
  2930: 'BADMODE BADNAME BADALG'.split(' '),
  6891: 'BADVERS'.split(' '),
  7873: 'BADCOOKIE'.split(' '),
  8490: 'DSOTYPENI'.split(' '),
  8945: 'BADKEY BADTIME BADTRUNC'.split(' '),
}

const optionReferences: References = {
  5001: 'NSID'.split(' '),
  6975: 'DAU DHU N3U'.split(' '),
  7314: 'EXPIRE'.split(' '),
  7828: 'TCP-KEEPALIVE'.split(' '),
  7830: 'PADDING'.split(' '),
  7871: 'ECS'.split(' '),
  7873: 'COOKIE'.split(' '),
  7901: 'CHAIN'.split(' '),
  8145: 'KEY-TAG'.split(' '),
  8764: 'LLQ'.split(' '),
  8914: 'EDE'.split(' '),
  9567: 'REPORT-CHANNEL'.split(' '),
  9660: 'ZONEVERSION'.split(' '),
  9664: 'UL'.split(' '),
}

const extendedErrorReferences: References = {
  8914: Array.from({ length: 25 }, (_, code) => edeName(code)),
  9250: ['Too Early'],
  9276: ['Unsupported NSEC3 Iterations Value'],
  9824: ['Invalid Query Type'],
}
