// The EDNS columns of a row: codes and data of the options, client subnet, cookie and extended errors, out of an OPT record (RFC 6891).

import { appendEmpty, closeString, openString, type StringColumn } from '../../database/native.ts'
import { type Bytes, reserve, writeAscii, writeHex } from '../../dns/bytes.ts'
import { copyRun, isSameRun } from '../../dns/words.ts'
import {
  clientSubnetCode,
  cookieCode,
  extendedErrorCode,
  optionRead,
  readOption,
  writeEcs,
} from '../decode/edns.ts'
import { writeCookie, writeOptionText, writePrintable } from '../decode/edns-text.ts'
import { appendToList, type Block } from './block.ts'

// What has a column of its own (subnet, cookie, extended errors) leaves its line empty: nothing is stored twice.
// The texts of one message are lines of one String. Measured with a cookie in each answer: 170 ns of insert a row, 239 ns as an Array(String).

/** Options of the query of the row being written. */
export function queryOptions(block: Block, bytes: Uint8Array, at: number, end: number): void {
  asked.cookieBytes = 0
  if (at === end) {
    noOptions(block)
    return
  }
  let hasSubnet = false
  let hasCookie = false
  const column = block.ednsOptionText
  const data = column.bytes
  const first = openString(column)
  let lines = 0
  for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end)) {
    const { code, at: dataAt, length } = optionRead
    appendToList(block.ednsOptions, code)
    if (lines++ > 0) writeAscii(data, '\n')
    if (code === clientSubnetCode && !hasSubnet) {
      hasSubnet = true
      const start = openString(block.ecs)
      const isWritten = writeEcs(block.ecs.bytes, bytes, dataAt, length)
      closeString(block.ecs, start)
      if (!isWritten) writeOptionText(data, code, bytes, dataAt, length)
    } else if (code === cookieCode && !hasCookie) {
      hasCookie = true
      asked.bytes = bytes
      asked.cookieAt = dataAt
      asked.cookieBytes = length
      const start = openString(block.cookie)
      writeHex(block.cookie.bytes, bytes, dataAt, dataAt + Math.min(length, longestCookie))
      closeString(block.cookie, start)
      if (length > longestCookie) writeOptionText(data, code, bytes, dataAt, length)
    } else {
      writeOptionText(data, code, bytes, dataAt, length)
    }
  }
  closeString(column, first)
  if (!hasSubnet) appendEmpty(block.ecs)
  if (!hasCookie) appendEmpty(block.cookie)
}

/** The columns of a query without options, or of one that was not seen. */
export function noOptions(block: Block): void {
  asked.cookieBytes = 0
  appendEmpty(block.ednsOptionText)
  appendEmpty(block.ecs)
  appendEmpty(block.cookie)
}

/** Options of the answer of the row being written, after the query's: its subnet goes where the query's columns hold none. */
export function responseOptions(block: Block, bytes: Uint8Array, at: number, end: number): void {
  if (at === end) {
    noResponseOptions(block)
    return
  }
  let hasText = false
  const column = block.responseEdnsOptionText
  const data = column.bytes
  const first = openString(column)
  let lines = 0
  for (let next = readOption(bytes, at, end); next >= 0; next = readOption(bytes, next, end)) {
    const { code, at: dataAt, length } = optionRead
    appendToList(block.responseEdnsOptions, code)
    if (lines++ > 0) writeAscii(data, '\n')
    if (code === cookieCode) {
      writeAnsweredCookie(data, bytes, dataAt, length)
    } else if (code === clientSubnetCode) {
      writeAnsweredSubnet(data, bytes, dataAt, length, block.ecs)
    } else if (code === extendedErrorCode && length >= 2) {
      appendToList(block.ede, (bytes[dataAt] << 8) | bytes[dataAt + 1])
      if (length === 2) continue
      if (hasText) {
        writeOptionText(data, code, bytes, dataAt, length)
        continue
      }
      hasText = true
      const start = openString(block.edeText)
      writePrintable(block.edeText.bytes, bytes, dataAt + 2, dataAt + length)
      closeString(block.edeText, start)
    } else {
      writeOptionText(data, code, bytes, dataAt, length)
    }
  }
  closeString(column, first)
  if (!hasText) appendEmpty(block.edeText)
}

/** The columns of an answer without options, or of one that was not seen. */
export function noResponseOptions(block: Block): void {
  appendEmpty(block.responseEdnsOptionText)
  appendEmpty(block.edeText)
}

/** The query's cookie: where it lies until its row is written. One object, reused. */
const asked: { bytes: Uint8Array; cookieAt: number; cookieBytes: number } = {
  bytes: new Uint8Array(0),
  cookieAt: 0,
  cookieBytes: 0,
}

/** Longest cookie of RFC 7873 section 4: 8 octets of the client, 8 to 32 of the server. */
const longestCookie = 40

/** The answer's cookie: nothing where it is the query's, `+SERVER` where the client's half is, else `CLIENT+SERVER`. */
function writeAnsweredCookie(out: Bytes, bytes: Uint8Array, at: number, length: number): void {
  let same = 0
  const limit = Math.min(length, asked.cookieBytes)
  while (same < limit && bytes[at + same] === asked.bytes[asked.cookieAt + same]) same++
  if (same === length && length === asked.cookieBytes && length > 0) return
  if (writeCookie(out, bytes, at, length, same < 8)) return
  writeOptionText(out, cookieCode, bytes, at, length)
}

/** The answer's subnet: into `ecs` when that is empty, else beside the code unless it says what `ecs` says. */
function writeAnsweredSubnet(
  out: Bytes,
  bytes: Uint8Array,
  at: number,
  length: number,
  ecs: StringColumn,
): void {
  const start = out.pos
  if (!writeEcs(out, bytes, at, length)) {
    writeOptionText(out, clientSubnetCode, bytes, at, length)
  } else if (isEmptyLast(ecs)) {
    moveText(out, start, ecs)
  } else if (isTail(ecs.bytes, out, start)) {
    out.pos = start
  }
}

/** True when the last value is empty: a subnet ends with a digit, so a zero octet can only be a length. */
function isEmptyLast(column: StringColumn): boolean {
  return column.bytes.buf[column.bytes.pos - 1] === 0
}

/** Moves what was written from `start` on into the empty last value of `column`. */
function moveText(from: Bytes, start: number, column: StringColumn): void {
  const out = column.bytes
  const valueStart = out.pos
  const sizeBytes = from.pos - start
  reserve(out, sizeBytes)
  copyRun(out.view, out.pos, from.view, start, sizeBytes)
  out.pos += sizeBytes
  from.pos = start
  closeString(column, valueStart)
}

/** True when the last value of the column is what was written to `from` from `start` on; subnets are shorter than 128 bytes. */
function isTail(column: Bytes, from: Bytes, start: number): boolean {
  const sizeBytes = from.pos - start
  const at = column.pos - sizeBytes
  return column.buf[at - 1] === sizeBytes && isSameRun(column.view, at, from.view, start, sizeBytes)
}
