// The EDNS columns of a row: option codes, client subnet, cookie and extended errors out of the options of an OPT record.

import { appendEmpty, closeString, openString, type StringColumn } from '../../database/native.ts'
import { type Bytes, reserve, writeHex } from '../../dns/bytes.ts'
import {
  clientSubnetCode,
  cookieCode,
  extendedErrorCode,
  optionRead,
  readOption,
  writeEcs,
} from '../decode/edns.ts'
import { appendToList, type Block } from './block.ts'

/** Options of the query: codes, subnet and cookie of the row being written. */
export function queryOptions(block: Block, bytes: Uint8Array, at: number, end: number): void {
  let subnetAt = -1
  let subnetBytes = 0
  let cookieAt = -1
  let cookieBytes = 0
  for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end)) {
    appendToList(block.ednsOptions, optionRead.code)
    if (optionRead.code === clientSubnetCode && subnetAt < 0) {
      subnetAt = optionRead.at
      subnetBytes = optionRead.length
    } else if (optionRead.code === cookieCode && cookieAt < 0) {
      cookieAt = optionRead.at
      cookieBytes = optionRead.length
    }
  }
  if (subnetAt < 0) appendEmpty(block.ecs)
  else {
    const start = openString(block.ecs)
    writeEcs(block.ecs.bytes, bytes, subnetAt, subnetBytes)
    closeString(block.ecs, start)
  }
  if (cookieAt < 0) appendEmpty(block.cookie)
  else {
    const start = openString(block.cookie)
    writeHex(block.cookie.bytes, bytes, cookieAt, cookieAt + Math.min(cookieBytes, longestCookie))
    closeString(block.cookie, start)
  }
}

/** The columns of a query that was not seen. */
export function noOptions(block: Block): void {
  appendEmpty(block.ecs)
  appendEmpty(block.cookie)
}

/** Options of the answer: codes and extended errors of the row being written, and its subnet where the query's columns hold none. */
export function responseOptions(block: Block, bytes: Uint8Array, at: number, end: number): void {
  let hasText = false
  for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end)) {
    appendToList(block.responseEdnsOptions, optionRead.code)
    if (optionRead.code === clientSubnetCode && isEmptyLast(block.ecs)) {
      const start = block.ecs.bytes.pos
      writeEcs(block.ecs.bytes, bytes, optionRead.at, optionRead.length)
      closeString(block.ecs, start)
    }
    if (optionRead.code !== extendedErrorCode || optionRead.length < 2) continue
    appendToList(block.ede, (bytes[optionRead.at] << 8) | bytes[optionRead.at + 1])
    if (hasText || optionRead.length === 2) continue
    hasText = true
    writeText(block.edeText, bytes, optionRead.at + 2, optionRead.at + optionRead.length)
  }
  if (!hasText) appendEmpty(block.edeText)
}

/** True when the last value is empty: a subnet ends with a digit, so a zero octet can only be a length. */
function isEmptyLast(column: StringColumn): boolean {
  return column.bytes.buf[column.bytes.pos - 1] === 0
}

/** Longest cookie of RFC 7873 section 4: 8 octets of the client, 8 to 32 of the server. */
const longestCookie = 40

/** EXTRA-TEXT is UTF-8 (RFC 8914 section 2) from a stranger: bytes outside printable ASCII are written `\DDD`. */
function writeText(column: StringColumn, bytes: Uint8Array, at: number, end: number): void {
  const start = openString(column)
  const out: Bytes = column.bytes
  reserve(out, 4 * (end - at))
  for (; at < end; at++) {
    const octet = bytes[at]
    if (octet >= 32 && octet < 127 && octet !== 92) {
      out.buf[out.pos++] = octet
      continue
    }
    out.buf[out.pos++] = 92
    out.buf[out.pos++] = 48 + ((octet / 100) | 0)
    out.buf[out.pos++] = 48 + (((octet % 100) / 10) | 0)
    out.buf[out.pos++] = 48 + (octet % 10)
  }
  closeString(column, start)
}
