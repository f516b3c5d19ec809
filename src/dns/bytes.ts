// A growable byte buffer that decoders write text into, so that a name or an address never becomes a JavaScript string.

/** Bytes written so far are `buf[0 .. pos)`; reserve before writing, then write and advance `pos`. */
export class Bytes {
  buf: Uint8Array<ArrayBuffer>
  /** The same bytes, to be read and written by four. */
  view: DataView<ArrayBuffer>
  pos = 0
  constructor(capacity: number) {
    this.buf = new Uint8Array(capacity)
    this.view = new DataView(this.buf.buffer)
  }
}

/** Makes room for `sizeBytes` more bytes; the only place where capacity is checked. Doubles, so writes stay linear. */
export function reserve(out: Bytes, sizeBytes: number): void {
  const needed = out.pos + sizeBytes
  if (needed <= out.buf.length) return
  let capacity = out.buf.length * 2
  while (capacity < needed) capacity *= 2
  const grown = new Uint8Array(capacity)
  grown.set(out.buf.subarray(0, out.pos))
  out.buf = grown
  out.view = new DataView(grown.buffer)
}

/** Writes a non-negative integer in decimal, up to 2^53. */
export function writeDecimal(out: Bytes, value: number): void {
  reserve(out, 16)
  const buf = out.buf
  if (value < 10) {
    buf[out.pos++] = 48 + value
    return
  }
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  let at = out.pos + digits
  out.pos = at
  while (value > 0xffffffff) {
    const rest = Math.floor(value / 10)
    buf[--at] = 48 + (value - rest * 10)
    value = rest
  }
  while (value >= 10) {
    const rest = (value / 10) >>> 0
    buf[--at] = 48 + (value - rest * 10)
    value = rest
  }
  buf[--at] = 48 + value
}

/** Writes an ASCII string; for constants such as mnemonics, not for wire data. */
export function writeAscii(out: Bytes, text: string): void {
  reserve(out, text.length)
  const buf = out.buf
  for (let i = 0; i < text.length; i++) buf[out.pos++] = text.charCodeAt(i)
}

const hexDigits = new TextEncoder().encode('0123456789abcdef')

/** Writes bytes `from..to` of `bytes` as lower-case hexadecimal without separators. */
export function writeHex(out: Bytes, bytes: Uint8Array, from: number, to: number): void {
  reserve(out, 2 * (to - from))
  const buf = out.buf
  let at = out.pos
  for (let i = from; i < to; i++) {
    const byte = bytes[i]
    buf[at++] = hexDigits[byte >> 4]
    buf[at++] = hexDigits[byte & 15]
  }
  out.pos = at
}

const decoder = new TextDecoder('latin1')

/** The text of `buf[from .. to)` as a string; for reports and JSON, never on the packet path. */
export function textOf(buf: Uint8Array, from: number, to: number): string {
  return decoder.decode(buf.subarray(from, to))
}
