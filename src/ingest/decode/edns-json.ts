// EDNS options as JSON for people who read a message (RFC 5001, 6975, 7314, 7828, 7871, 7873, 7901, 8145, 8764, 8914, 9567, 9660, 9664, 10029).

import { Bytes, textOf, writeHex } from '../../dns/bytes.ts'
import { typeName } from '../../dns/codes.ts'
import { edeName, ednsOptionName, optionRead, readOption, writeEcs } from './edns.ts'
import { nameRead, readName } from './name.ts'
import { uint16At, uint32At } from './rdata-field.ts'

/** One EDNS option for people; fields of its own only where the data has the form its RFC gives it. */
export interface EdnsOption {
  code: number
  name: string
  /** The data in hex. */
  data: string
  /** True when the data has not the form its RFC gives it. */
  malformed?: true
  ecs?: string
  cookie?: { client: string; server: string | null }
  ede?: { code: number; name: string; text: string }
  nsid?: string
  /** Bytes of padding. */
  padding?: number
  /** TCP idle timeout in seconds; null in a query (RFC 7828). */
  keepaliveSeconds?: number | null
  /** Zone expiry in seconds; null in a query (RFC 7314). */
  expireSeconds?: number | null
  /** Algorithm numbers (RFC 6975). */
  algorithms?: number[]
  /** Key tags of trust anchors (RFC 8145). */
  keyTags?: number[]
  /** CHAIN's closest trust point, REPORT-CHANNEL's agent domain (RFC 7901, RFC 9567). */
  domain?: string
  /** Lease and key lease in seconds (RFC 9664). */
  lease?: { seconds: number; keySeconds: number | null }
  /** Zone version (RFC 9660); null in a query. */
  zoneVersion?: { labels: number; type: number; version: string } | null
  /** Long-lived query (RFC 8764 section 3.2); the lease in seconds. */
  llq?: { version: number; opcode: number; error: number; id: string; seconds: number }
  /** Who a sleep proxy answers for (draft-cheshire-edns0-owner-option): MAC addresses with dashes, password in hex. */
  owner?: {
    version: number
    sequence: number
    address: string
    wakeupAddress: string | null
    password: string | null
  }
  /** CLIENT-TAG, SERVER-TAG (draft-bellis-dnsop-edns-tags). */
  tag?: number
  /** More types asked, or answered (RFC 10029). */
  types?: string[]
}

/** The options at `at..end` for reports; stops at the first that does not fit. Text from the wire is made printable. */
export function optionsToJson(bytes: Uint8Array, at: number, end: number): EdnsOption[] {
  const options: EdnsOption[] = []
  for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end)) {
    const { code, at: dataAt, length } = optionRead
    const data = bytes.subarray(dataAt, dataAt + length)
    const option: EdnsOption = { code, name: ednsOptionName(code), data: hexOf(data) }
    const fields = fieldsOf(code, data)
    options.push(fields === malformed ? { ...option, malformed: true } : { ...option, ...fields })
  }
  return options
}

type Fields = Partial<EdnsOption>
const malformed: Fields = {}

function fieldsOf(code: number, data: Uint8Array): Fields {
  const length = data.length
  switch (code) {
    case 1:
      if (length !== 18) return malformed
      return {
        llq: {
          version: uint16At(data, 0),
          opcode: uint16At(data, 2),
          error: uint16At(data, 4),
          id: hexOf(data.subarray(6, 14)),
          seconds: uint32At(data, 14),
        },
      }
    case 2:
      if (length !== 4 && length !== 8) return malformed
      return {
        lease: { seconds: uint32At(data, 0), keySeconds: length === 8 ? uint32At(data, 4) : null },
      }
    case 3:
      return { nsid: printable(data) }
    case 4:
      return ownerOf(data)
    case 5:
    case 6:
    case 7:
      return { algorithms: [...data] }
    case 8:
      scratch.pos = 0
      if (!writeEcs(scratch, data, 0, length)) return malformed
      return { ecs: textOf(scratch.buf, 0, scratch.pos) }
    case 9:
      if (length !== 0 && length !== 4) return malformed
      return { expireSeconds: length === 4 ? uint32At(data, 0) : null }
    case 10:
      if (length !== 8 && (length < 16 || length > 40)) return malformed
      return {
        cookie: {
          client: hexOf(data.subarray(0, 8)),
          server: length > 8 ? hexOf(data.subarray(8)) : null,
        },
      }
    case 11:
      if (length !== 0 && length !== 2) return malformed
      return { keepaliveSeconds: length === 2 ? uint16At(data, 0) / 10 : null }
    case 12:
      return { padding: length }
    case 13:
    case 18:
      return domainOf(data)
    case 14:
      if (length === 0 || length % 2 !== 0) return malformed
      return { keyTags: Array.from({ length: length / 2 }, (_, i) => uint16At(data, 2 * i)) }
    case 15: {
      if (length < 2) return malformed
      const infoCode = uint16At(data, 0)
      return {
        ede: { code: infoCode, name: edeName(infoCode), text: printable(data.subarray(2)) },
      }
    }
    case 16:
    case 17:
      return length === 2 ? { tag: uint16At(data, 0) } : malformed
    case 19:
      if (length === 0) return { zoneVersion: null }
      if (length < 2) return malformed
      return {
        zoneVersion: { labels: data[0], type: data[1], version: hexOf(data.subarray(2)) },
      }
    case 20:
    case 21:
      if (length === 0 || length % 2 !== 0) return malformed
      return {
        types: Array.from({ length: length / 2 }, (_, i) => typeName(uint16At(data, 2 * i))),
      }
    default:
      return {}
  }
}

const scratch = new Bytes(2048)

function ownerOf(data: Uint8Array): Fields {
  if (![8, 14, 18, 20].includes(data.length)) return malformed
  const address = (at: number) => hexOf(data.subarray(at, at + 6)).replace(/..(?!$)/g, '$&-')
  return {
    owner: {
      version: data[0],
      sequence: data[1],
      address: address(2),
      wakeupAddress: data.length > 8 ? address(8) : null,
      password: data.length > 14 ? hexOf(data.subarray(14)) : null,
    },
  }
}

function domainOf(data: Uint8Array): Fields {
  scratch.pos = 0
  const after = readName(data, 0, 0, data.length, scratch, false)
  if (after !== data.length || nameRead.anomalies !== 0) return malformed
  return { domain: textOf(scratch.buf, 0, scratch.pos) }
}

function hexOf(data: Uint8Array): string {
  const out = new Bytes(2 * data.length + 1)
  writeHex(out, data, 0, data.length)
  return textOf(out.buf, 0, out.pos)
}

const utf8 = new TextDecoder('utf-8')

/** UTF-8 text (RFC 8914 section 2) with everything a terminal could act on, and what turns text around, shown as its code point. */
function printable(data: Uint8Array): string {
  return utf8
    .decode(data)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
