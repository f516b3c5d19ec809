// How much a label looks like one that people registered: the likelihood of its letter pairs among 55,000 domains of a popularity list.

/**
 * Minus log2 of how likely a character follows another, in quarters of a bit, as one character of base 62. A row for each first character
 * (a to z, digit, hyphen, beginning of the label), a column for each second (the same without the beginning). Counted over the registrable
 * labels that resolved in a public crawl of a top-million list.
 */
const pairs: readonly string[] = [
  'NMIGVMJRKUNCHDTGTGIGKJOXPHOT',
  'CLKT6UXVEZPISMFVaKLRKSYVPWFM',
  '9VOLDTQDFYIHRRDRVLLELaZbSbOR',
  'EPONCQRSCXWRBGEOWHFNJMSZQYLP',
  'INIILRNSOYRHKEPOaADBQPNLRVOM',
  'FQNNHBPVAZUJRSDQUFNGJWUUQUKP',
  'CPOPARNKDVUKPLDSZCKPIUSbNUKQ',
  'BPOLARRRDVQMMLASVNMJHVSXPTLR',
  'FRELJQLZWYRII8HNWEIGTLYSTTUQ',
  'CLNJGMNLDLNNMPAMTPJLGQQROPHP',
  '9NOPCPRMDSNMMNFOYLFJKRQTNSJL',
  'DNNODSSUBXMCPSDReVJHJTSHOVLL',
  '9KPS9UPU9YTSMQDLdXKSNVYXPZPR',
  'HNHGDQFTFWNLRLARZVGEPSWWRPOG',
  'PKMLSINWNZMIGBJKgCGGHLNSQSFL',
  'DRMPFSQLDaKCRQBCcFLNMZWXTZNP',
  'GOPJNNNNIQQPNNPLLPON5PMOPOHN',
  '9MKKCROUDbKONJDOeQIGLMVXMTRR',
  'HOKLEQQHCYOGOSHIYRHALVPYOYJG',
  'ESOUBTVJCbRMORDRfGFJIPPWLULE',
  'HHKEKSMVKVPGIFSIbCBDUUWRTTSR',
  'AURR8WSQ8WORSPHObQMHMSWWUVLQ',
  'CQOPCRQO7WUSQMFRZRCSQZPRUTNT',
  'P6MRQSSSKWXRQRTKYVEMQRTIPVHA',
  'DMFMHNNNJQSKJKHKTNCJHQNQLPHI',
  'HRRPEUTM4WRPOQFQXTPNKUQTQKPM',
  'ONNPTRQSTTPUOTTNXTMOVTJGUV3J',
  'HIFKKLKMKOLLILFJQKFIOLKKQMDY',
  '2Pfhkigjimnhgklhojdhljinkk7z',
]

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const beginning = 28

/** Ten digits share a row: which of them it is costs this much more. */
const bitsOfDigit = Math.log2(10)

/**
 * Mean bits a character of this label costs: registered names have 3.9 (median) and 30 of them together never more than 4.6, random
 * letters have 6 and more, random hexadecimal digits 5.8. Characters beyond letters, digits and hyphen count as hyphens.
 */
export function bitsPerCharacter(label: string): number {
  let bits = 0
  let before = beginning
  for (const character of label) {
    const code = character.charCodeAt(0)
    const isDigit = code >= 48 && code <= 57
    const column = isDigit ? 26 : code >= 97 && code <= 122 ? code - 97 : 27
    bits += base62.indexOf(pairs[before]?.[column] ?? 'z') / 4 + (isDigit ? bitsOfDigit : 0)
    before = column
  }
  return bits / Math.max(1, label.length)
}
