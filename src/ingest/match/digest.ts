// A digest of an answer: equal for equal rcode and answer section, whatever the order of the records and their TTLs.

import { spread } from '../../dns/words.ts'
import type { Message } from '../decode/message.ts'
import { type RecordMark, type Records, Section } from '../decode/records.ts'

/** The two halves of the last digest; one object, reused. */
export const answerDigest = { low: 0, high: 0 }

/**
 * Digests the records appended since `mark` into `answerDigest`. Each record is hashed in two independent 32-bit lanes and the lanes are
 * added up, which makes the order irrelevant. Fixed seeds, so a digest is comparable between runs; not a cryptographic hash: it tells
 * ordinary answers apart, and a finding always shows the records themselves.
 */
export function digestAnswer(message: Message, records: Records, mark: RecordMark): void {
  let low = Math.imul(message.rcode + 1, 0x9e3779b1)
  let high = Math.imul(message.rcode + 1, 0x85ebca77)
  const names = records.name.bytes.buf
  const datas = records.data.bytes.buf
  let name = mark.namePosition
  let data = mark.dataPosition
  for (let row = mark.count; row < records.count; row++) {
    let nameBytes = names[name++]
    if (nameBytes > 127) nameBytes = (nameBytes & 127) | (names[name++] << 7)
    let dataBytes = datas[data++]
    if (dataBytes > 127) {
      dataBytes &= 127
      for (let shift = 7; ; shift += 7) {
        const next = datas[data++]
        dataBytes |= (next & 127) << shift
        if (next < 128) break
      }
    }
    if (records.section[row] === Section.answer) {
      let a = 0x811c9dc5 ^ records.type[row]
      let b = 0xc2b2ae3d ^ records.class[row]
      for (let i = name, stop = name + nameBytes; i < stop; i++) {
        const octet = names[i]
        a = Math.imul(a ^ octet, 0x01000193)
        b = Math.imul(b + octet, 0x5bd1e995) ^ (b >>> 15)
      }
      a = Math.imul(a ^ 0xff, 0x01000193)
      b = Math.imul(b + 0xff, 0x5bd1e995)
      for (let i = data, stop = data + dataBytes; i < stop; i++) {
        const octet = datas[i]
        a = Math.imul(a ^ octet, 0x01000193)
        b = Math.imul(b + octet, 0x5bd1e995) ^ (b >>> 15)
      }
      low = (low + spread(a)) | 0
      high = (high + spread(b ^ a)) | 0
    }
    name += nameBytes
    data += dataBytes
  }
  // 0 is what rows without an answer hold.
  answerDigest.low = (spread(low ^ high) | 1) >>> 0
  answerDigest.high = spread(high) >>> 0
}
