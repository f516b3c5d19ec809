// Columns of a ClickHouse Native block, filled by index arithmetic: what the decoder writes is what the engine reads.

import { Bytes, reserve } from '../dns/bytes.ts'
import { copyRun } from '../dns/words.ts'

/** A String column: each value length-prefixed (varint) bytes, appended in row order. */
export class StringColumn {
  readonly bytes: Bytes
  constructor(capacity: number) {
    this.bytes = new Bytes(capacity)
  }
}

/** Appends one value: `sizeBytes` bytes of `from` at `at`. */
export function appendString(
  column: StringColumn,
  from: DataView,
  at: number,
  sizeBytes: number,
): void {
  const out = column.bytes
  reserve(out, sizeBytes + 5)
  writeVarint(out, sizeBytes)
  copyRun(out.view, out.pos, from, at, sizeBytes)
  out.pos += sizeBytes
}

/** Appends the empty string. */
export function appendEmpty(column: StringColumn): void {
  reserve(column.bytes, 1)
  column.bytes.buf[column.bytes.pos++] = 0
}

/** Opens a value of unknown length: text is then written to `column.bytes`, and `closeString` puts the length before it. */
export function openString(column: StringColumn): number {
  reserve(column.bytes, 1)
  return ++column.bytes.pos
}

/** Ends a value begun by `openString` at `start`. One length byte was kept free; a longer value moves up by the bytes its length needs. */
export function closeString(column: StringColumn, start: number): void {
  const out = column.bytes
  const sizeBytes = out.pos - start
  if (sizeBytes < 128) {
    out.buf[start - 1] = sizeBytes
    return
  }
  const extra = sizeBytes < 16_384 ? 1 : sizeBytes < 2_097_152 ? 2 : 3
  reserve(out, extra)
  out.buf.copyWithin(start + extra, start, out.pos)
  out.pos = start - 1
  writeVarint(out, sizeBytes)
  out.pos += sizeBytes
}

/** Doubles a column, keeping its content. */
export function grow8(column: Uint8Array): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(column.length * 2)
  grown.set(column)
  return grown
}

/** Doubles a column, keeping its content. */
export function grow16(column: Uint16Array): Uint16Array<ArrayBuffer> {
  const grown = new Uint16Array(column.length * 2)
  grown.set(column)
  return grown
}

/** Doubles a column, keeping its content. */
export function grow32(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(column.length * 2)
  grown.set(column)
  return grown
}

/** Writes an unsigned LEB128 number below 2^32. */
export function writeVarint(out: Bytes, value: number): void {
  reserve(out, 5)
  while (value >= 128) {
    out.buf[out.pos++] = (value & 127) | 128
    value >>>= 7
  }
  out.buf[out.pos++] = value
}
