// RDATA texts of ours back to bytes, by small encoders of their own, to be compared with the bytes that tshark saw.

import { typeName, types } from '../src/dns/codes.ts'
import { labelsOf, wireLabels } from './agreement-names.ts'

/** True for types whose text can be turned back to bytes here: those below, and those that nobody has a form for. */
export function isEncoded(type: number): boolean {
  return typeName(type) in encoders || formless.test(typeName(type))
}

/** RDATA bytes of a type's text; null when the text is not in the form of its type. */
export function encodeRdata(type: number, text: string): Buffer | null {
  if (text === '') return Buffer.alloc(0)
  const isUnknown = text.startsWith('\\# ')
  if (isUnknown !== formless.test(typeName(type))) return null
  return isUnknown ? unknown(text) : encoders[typeName(type)](fieldsOf(text))
}

/** Types without a presentation form of their own. */
const formless = /^(NULL|A6|TYPE\d+)$/

/** RFC 3597 form to bytes. */
function unknown(text: string): Buffer {
  const [, size, ...hex] = text.split(' ')
  const bytes = Buffer.from(hex.join(''), 'hex')
  if (bytes.length !== Number(size)) throw new Error(`wrong length in ${text}`)
  return bytes
}

/** RDATA bytes with the name in them uncompressed and folded; null when that name cannot be read. */
export function normalRdata(type: number, rdata: Buffer, message: Buffer): Buffer | null {
  const at = nameAt[typeName(type)]
  if (at === undefined) return rdata
  const { labels, end } = wireLabels(rdata, at, message)
  if (end < 0) return null
  return Buffer.concat([rdata.subarray(0, at), wireName(labels), rdata.subarray(end)])
}

/** The character strings of a text. */
export function quotedFields(text: string): Buffer[] {
  return fieldsOf(text).map(quotedBytes)
}

/** Where a name stands in the RDATA of a type. */
const nameAt: Readonly<Record<string, number>> = {
  NS: 0,
  CNAME: 0,
  PTR: 0,
  DNAME: 0,
  SIG: 18,
  RRSIG: 18,
  NSEC: 0,
  TSIG: 0,
  TKEY: 0,
  SVCB: 2,
  HTTPS: 2,
}

const oneName = ([text]: string[]) => name(text)
const hex = (...texts: string[]) => Buffer.from(texts.join(''), 'hex')
const base64 = (...texts: string[]) => Buffer.from(texts.join(''), 'base64')

const delegation = ([tag, algorithm, kind, ...digest]: string[]) =>
  Buffer.concat([uint(2, tag), uint(1, algorithm), uint(1, kind), hex(...digest)])

const key = ([flags, protocol, algorithm, ...rest]: string[]) =>
  Buffer.concat([uint(2, flags), uint(1, protocol), uint(1, algorithm), base64(...rest)])

const signature = (fields: string[]) => {
  const [covered, algorithm, labels, ttl, expiration, inception, tag, signer, ...rest] = fields
  return Buffer.concat([
    uint(2, typeNumber(covered)),
    uint(1, algorithm),
    uint(1, labels),
    uint(4, ttl),
    uint(4, seconds(expiration)),
    uint(4, seconds(inception)),
    uint(2, tag),
    name(signer),
    base64(...rest),
  ])
}

const service = ([priority, target, ...parameters]: string[]) =>
  Buffer.concat([uint(2, priority), name(target), ...parameters.map(parameter)])

const encoders: Readonly<Record<string, (fields: string[]) => Buffer>> = {
  NS: oneName,
  CNAME: oneName,
  PTR: oneName,
  DNAME: oneName,
  TXT: (fields) => Buffer.concat(fields.map((field) => sized(1, quotedBytes(field)))),
  SPF: (fields) => Buffer.concat(fields.map((field) => sized(1, quotedBytes(field)))),
  DS: delegation,
  CDS: delegation,
  DNSKEY: key,
  CDNSKEY: key,
  RRSIG: signature,
  SIG: signature,
  NSEC: ([next, ...covered]) => Buffer.concat([name(next), typeMap(covered)]),
  NSEC3: ([algorithm, flags, iterations, salt, next, ...covered]) =>
    Buffer.concat([
      hash(algorithm, flags, iterations, salt),
      sized(1, base32Hex(next)),
      typeMap(covered),
    ]),
  NSEC3PARAM: ([algorithm, flags, iterations, salt]) => hash(algorithm, flags, iterations, salt),
  TLSA: ([usage, selector, matching, ...data]) =>
    Buffer.concat([uint(1, usage), uint(1, selector), uint(1, matching), hex(...data)]),
  CAA: ([flags, tag, value]) =>
    Buffer.concat([uint(1, flags), sized(1, Buffer.from(tag)), quotedBytes(value)]),
  SVCB: service,
  HTTPS: service,
  WKS: ([address, protocol, ...ports]) =>
    Buffer.concat([address4(address), uint(1, protocol), bitMap(ports.map(Number))]),
  TSIG: ([algorithm, time, fudge, size, ...rest]) => {
    const mac = Number(size) > 0 ? rest.shift()! : ''
    const [id, error, otherSize, ...other] = rest
    return Buffer.concat([
      name(algorithm),
      uint(6, time),
      uint(2, fudge),
      uint(2, size),
      base64(mac),
      uint(2, id),
      uint(2, errors.indexOf(error)),
      uint(2, otherSize),
      base64(...other),
    ])
  },
  TKEY: ([algorithm, inception, expiration, mode, error, size, data, otherSize, ...other]) =>
    Buffer.concat([
      name(algorithm),
      uint(4, seconds(inception)),
      uint(4, seconds(expiration)),
      uint(2, mode),
      uint(2, errors.indexOf(error)),
      uint(2, size),
      base64(data),
      uint(2, otherSize),
      base64(...other),
    ]),
}

const errors = ['NOERROR']

/** Words of a text, quoted strings and `key="value"` kept whole. */
function fieldsOf(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? []
}

function uint(sizeBytes: number, value: string | number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  bytes.writeUIntBE(Number(value), 0, sizeBytes)
  return bytes
}

function sized(lengthBytes: number, bytes: Buffer): Buffer {
  return Buffer.concat([uint(lengthBytes, bytes.length), bytes])
}

function name(text: string): Buffer {
  return wireName(labelsOf(text))
}

function wireName(labels: Buffer[]): Buffer {
  const folded = labels.map((label) => label.map((o) => (o >= 65 && o <= 90 ? o + 32 : o)))
  return Buffer.concat([...folded.map((label) => sized(1, Buffer.from(label))), Buffer.alloc(1)])
}

function typeNumber(text: string): number {
  return types[text] ?? Number(text.replace(/^TYPE/, ''))
}

/** YYYYMMDDHHmmSS to seconds since 1970. */
function seconds(text: string): number {
  if (text.length !== 14) return Number(text)
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)$/
    .exec(text)!
    .map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}

function quotedBytes(text: string): Buffer {
  const [label = Buffer.alloc(0)] = labelsOf(text.slice(1, -1).replaceAll('.', '\\046'))
  return label
}

function hash(algorithm: string, flags: string, iterations: string, salt: string): Buffer {
  return Buffer.concat([
    uint(1, algorithm),
    uint(1, flags),
    uint(2, iterations),
    sized(1, salt === '-' ? Buffer.alloc(0) : hex(salt)),
  ])
}

function base32Hex(text: string): Buffer {
  const bits = text.replace(/./g, (digit) =>
    Number.parseInt(digit, 32).toString(2).padStart(5, '0'),
  )
  const octets = bits.match(/.{8}/g) ?? []
  return Buffer.from(octets.map((octet) => Number.parseInt(octet, 2)))
}

/** The windows of a type bit map (RFC 4034 section 4.1.2). */
function typeMap(covered: string[]): Buffer {
  const windows = new Map<number, number[]>()
  for (const type of covered.map(typeNumber)) {
    const window = windows.get(type >> 8) ?? []
    windows.set(type >> 8, [...window, type & 255])
  }
  const parts = [...windows].map(([window, bits]) =>
    Buffer.concat([uint(1, window), sized(1, bitMap(bits))]),
  )
  return Buffer.concat(parts)
}

function bitMap(bits: number[]): Buffer {
  const bytes = Buffer.alloc((Math.max(-1, ...bits) >> 3) + 1)
  for (const bit of bits) bytes[bit >> 3] |= 0x80 >> (bit & 7)
  return bytes
}

function address4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number))
}

function address6(text: string): Buffer {
  const [head, tail] = text
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const missing = tail === undefined ? 0 : 8 - head.length - tail.length
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])]
  return Buffer.concat(groups.map((group) => uint(2, Number.parseInt(group, 16))))
}

/** One SvcParam (RFC 9460 section 2.2). */
function parameter(text: string): Buffer {
  const [, keyName, value] = /^([^=]+)=?(.*)$/s.exec(text)!
  const number = parameterNames.indexOf(keyName)
  const code = number < 0 ? Number(keyName.replace('key', '')) : number
  return Buffer.concat([uint(2, code), sized(2, parameterValue(keyName, value))])
}

function parameterValue(keyName: string, value: string): Buffer {
  switch (keyName) {
    case 'alpn':
      return Buffer.concat(
        value
          .slice(1, -1)
          .split(',')
          .map((id) => sized(1, Buffer.from(id))),
      )
    case 'port':
      return uint(2, value)
    case 'ipv4hint':
      return Buffer.concat(value.split(',').map(address4))
    case 'ipv6hint':
      return Buffer.concat(value.split(',').map(address6))
    case 'ech':
      return base64(value)
    default:
      return value === '' ? Buffer.alloc(0) : quotedBytes(value)
  }
}

const parameterNames = [
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
