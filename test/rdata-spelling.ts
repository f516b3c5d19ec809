// What the tests of RDATA and EDNS share: fields spelled a second time and without regard to speed, and bytes that watch their readers.

import { Bytes, textOf } from '../src/dns/bytes.ts'
import { writeRdata } from '../src/ingest/decode/rdata.ts'

/** The text and the anomalies that `writeRdata` gives for bytes that stand alone. */
export function decodeRdata(type: number, rdata: Uint8Array): { text: string; anomalies: number } {
  const out = new Bytes(8)
  const anomalies = writeRdata(rdata, 0, rdata.length, type, 0, rdata.length, out)
  return { text: textOf(out.buf, 0, out.pos), anomalies }
}

/** RDATA hex, upper case. */
export function hexOf(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase()
}

/** RRSIG's time, by way of Date. */
export function time(seconds: number): string {
  return new Date(1000 * seconds).toISOString().replace(/\.000Z$|[-:T]/g, '')
}

/** A character string in quotes, escaped. */
export function quoted(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~]/g, (char) =>
    char === '"' || char === '\\'
      ? `\\${char}`
      : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  )
  return `"${escaped}"`
}

/** The same bytes, with a note of the lowest and the highest index that anyone asks for. */
export function watched(bytes: Uint8Array): { bytes: Uint8Array; lowest: number; highest: number } {
  const seen = { bytes, lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY }
  seen.bytes = new Proxy(bytes, {
    get(target, property) {
      const index = typeof property === 'string' && property !== '' ? Number(property) : Number.NaN
      if (!Number.isNaN(index)) {
        seen.lowest = Math.min(seen.lowest, index)
        seen.highest = Math.max(seen.highest, index)
      }
      return Reflect.get(target, property, target) as unknown
    },
  })
  return seen
}
