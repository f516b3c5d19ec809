// A DNS message from the wire (RFC 1035 section 4): header, questions and records, as numbers and bytes in reused buffers. Total: it never throws.

import { closeString, grow16, openString } from '../../database/native.ts'
import { Bytes, reserve } from '../../dns/bytes.ts'
import { isOpcodeAssigned } from '../../dns/codes.ts'
import { isSameRun } from '../../dns/words.ts'
import { Anomaly } from './anomaly.ts'
import { maximumNameText, nameRead, readName } from './name.ts'
import { writeRdata } from './rdata.ts'
import { appendRecord, noOwner, type Records, Section } from './records.ts'

/** What the current message says; one object, reused for every message. */
export class Message {
  /** False when there are fewer than the 12 header bytes: then all other fields are zero. */
  hasHeader = false
  /** False when the first question cannot be read; true also when QDCOUNT is 0 (see `questions`). */
  isQuestionReadable = false
  id = 0
  /** The second header word as sent: QR, opcode, AA, TC, RD, RA, Z, AD, CD, rcode. */
  flags = 0
  opcode = 0
  isResponse = false
  /** Response code with the upper bits of OPT (RFC 6891 section 6.1.3). */
  rcode = 0
  /** Questions read. */
  questions = 0
  /** First question: `qname.buf[0 .. qname.pos)`, folded and escaped; empty when there is none. */
  readonly qname = new Bytes(maximumNameText)
  /** The same with its letters as sent; empty when they are all lower case. */
  readonly qnameRaw = new Bytes(maximumNameText)
  qtype = noCode
  qclass = noCode
  /** Message size in bytes. */
  size = 0
  /** Position of the message, and of the OPT options, in the buffer it was read from. */
  start = 0
  optStart = 0
  optEnd = 0
  hasOpt = false
  ednsSize = 0
  ednsVersion = 0
  isDnssecOk = false
  /**
   * Multicast: what had the top bit of its class set, `topBits[0 .. topBitCount)`: 0 is the first question, n the n-th record appended. A
   * question wants its answer by unicast then, a record flushes caches (RFC 6762 sections 5.4 and 10.2).
   */
  topBits: Uint16Array<ArrayBuffer> = new Uint16Array(16)
  topBitCount = 0
  /** Records that stood in the columns before this message's. */
  recordsBefore = 0
  /** Bits of `Anomaly`. */
  anomalies = 0
}

/** The code of an absent type, class or rcode: outside 16 bits, so no wire value collides. */
export const noCode = 65_536

/** Text written for one message at most: a 64 kB message of pointers could otherwise unfold to more than 10 MB. */
const maximumMessageText = 1 << 20

/**
 * Decodes bytes start..end into `message` and appends its records (without OPT; further questions as section `question`) to `records`.
 * `sectionShift` is added to the section number of every record, not of questions. Linear in the message size but for names, which are bounded by `maximumMessageText`.
 */
export function decodeMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  isMulticast: boolean,
  message: Message,
  records: Records,
  sectionShift: number,
): void {
  message.start = start
  message.size = end - start
  message.qname.pos = 0
  message.qnameRaw.pos = 0
  message.qtype = noCode
  message.qclass = noCode
  message.questions = 0
  message.hasOpt = false
  message.ednsSize = 0
  message.ednsVersion = 0
  message.isDnssecOk = false
  message.optStart = 0
  message.optEnd = 0
  message.topBitCount = 0
  message.recordsBefore = records.count
  if (end - start < 12) {
    message.hasHeader = false
    message.isQuestionReadable = false
    message.id = end - start >= 2 ? (bytes[start] << 8) | bytes[start + 1] : 0
    message.flags = end - start >= 4 ? (bytes[start + 2] << 8) | bytes[start + 3] : 0
    message.isResponse = message.flags >= 0x8000
    message.opcode = (message.flags >> 11) & 15
    message.rcode = message.flags & 15
    message.anomalies = Anomaly.shortHeader
    return
  }
  message.hasHeader = true
  message.id = (bytes[start] << 8) | bytes[start + 1]
  const flags = (bytes[start + 2] << 8) | bytes[start + 3]
  message.flags = flags
  message.isResponse = flags >= 0x8000
  message.opcode = (flags >> 11) & 15
  message.rcode = flags & 15
  message.anomalies = flags & 0x40 ? Anomaly.zBit : 0
  if (message.opcode !== 0 && !isOpcodeAssigned(message.opcode)) {
    message.anomalies |= Anomaly.opcodeUnassigned
  }
  const questionCount = (bytes[start + 4] << 8) | bytes[start + 5]
  const answerCount = (bytes[start + 6] << 8) | bytes[start + 7]
  if (answerCount > 0 && flags < 0x8000 && message.opcode === 0 && !isMulticast) {
    message.anomalies |= Anomaly.queryHasAnswers
  }
  const textLimit = records.name.bytes.pos + records.data.bytes.pos + maximumMessageText
  let at = readQuestions(bytes, start, end, questionCount, isMulticast, message, records, textLimit)
  if (at < 0) return
  for (let section: number = Section.answer; section <= Section.additional; section++) {
    const place = start + 4 + 2 * section
    const count = (bytes[place] << 8) | bytes[place + 1]
    if (count === 0) continue
    const shifted = section + sectionShift
    at = readSection(bytes, at, end, shifted, count, isMulticast, message, records, textLimit)
    if (at < 0) return
  }
  if (at < end) message.anomalies |= Anomaly.trailingBytes
}

function readQuestions(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  isMulticast: boolean,
  message: Message,
  records: Records,
  textLimit: number,
): number {
  let at = start + 12
  message.isQuestionReadable = true
  if (count === 0) {
    if (message.opcode === 0 && !isMulticast) message.anomalies |= Anomaly.noQuestion
    return at
  }
  const qname = message.qname
  at = readName(bytes, start, at, end, qname, false)
  message.anomalies |= nameRead.anomalies
  const isNameWhole = nameRead.anomalies === 0
  if (nameRead.hadUpperCase) readName(bytes, start, start + 12, end, message.qnameRaw, true)
  if (at < 0 || at + 4 > end) {
    message.anomalies |= Anomaly.questionTruncated
    message.isQuestionReadable = false
    return -1
  }
  message.isQuestionReadable = isNameWhole
  message.qtype = (bytes[at] << 8) | bytes[at + 1]
  message.qclass = isMulticast ? multicastClass(bytes, at + 2, message, 0) : classAt(bytes, at + 2)
  message.questions = 1
  at += 4
  if (count === 1) return at
  message.anomalies |= Anomaly.severalQuestions
  while (message.questions < count) {
    const before = records.name.bytes.pos
    if (before + records.data.bytes.pos > textLimit) {
      message.anomalies |= Anomaly.recordLimit
      return -1
    }
    const name = openString(records.name)
    at = readName(bytes, start, at, end, records.name.bytes, false)
    message.anomalies |= nameRead.anomalies
    if (at < 0 || at + 4 > end) {
      records.name.bytes.pos = before
      message.anomalies |= Anomaly.questionTruncated
      return -1
    }
    if (records.name.bytes.pos === name) markOwner(message, records.name.bytes, name)
    closeString(records.name, name)
    closeString(records.data, openString(records.data))
    const type = (bytes[at] << 8) | bytes[at + 1]
    const rrClass = isMulticast
      ? multicastClass(bytes, at + 2, message, records.count - message.recordsBefore + 1)
      : classAt(bytes, at + 2)
    appendRecord(records, Section.question, type, rrClass, 0)
    message.questions++
    at += 4
  }
  return at
}

/** Reads `count` records from `at`; returns the position after them, or -1 when the section cannot be read to its end. */
function readSection(
  bytes: Uint8Array,
  at: number,
  end: number,
  section: number,
  count: number,
  isMulticast: boolean,
  message: Message,
  records: Records,
  textLimit: number,
): number {
  const start = message.start
  const name = records.name
  const data = records.data
  for (; count > 0; count--) {
    const nameBefore = name.bytes.pos
    const dataBefore = data.bytes.pos
    if (nameBefore + dataBefore > textLimit) {
      message.anomalies |= Anomaly.recordLimit
      return -1
    }
    const nameStart = openString(name)
    if (
      at + 1 < end &&
      bytes[at] === 0xc0 &&
      bytes[at + 1] === 12 &&
      message.isQuestionReadable &&
      message.questions > 0
    ) {
      at += 2
    } else {
      at = readName(bytes, start, at, end, name.bytes, false)
      message.anomalies |= nameRead.anomalies
      markOwner(message, name.bytes, nameStart)
    }
    if (at < 0 || at + 10 > end) {
      name.bytes.pos = nameBefore
      message.anomalies |= Anomaly.recordTruncated
      return -1
    }
    closeString(name, nameStart)
    const type = (bytes[at] << 8) | bytes[at + 1]
    const rdataAt = at + 10
    const length = (bytes[at + 8] << 8) | bytes[at + 9]
    if (type === 41) {
      readOpt(bytes, at, end, length, section, message)
      name.bytes.pos = nameBefore
      if (rdataAt + length > end) {
        message.anomalies |= Anomaly.recordTruncated
        return -1
      }
      at = rdataAt + length
      continue
    }
    if (rdataAt + length > end) {
      name.bytes.pos = nameBefore
      message.anomalies |= Anomaly.recordTruncated
      return -1
    }
    const ttl =
      ((bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]) >>> 0
    if (ttl >= 0x80000000) message.anomalies |= Anomaly.ttlHighBit
    const dataStart = openString(data)
    message.anomalies |= writeRdata(bytes, start, end, type, rdataAt, length, data.bytes)
    closeString(data, dataStart)
    const rrClass = isMulticast
      ? multicastClass(bytes, at + 2, message, records.count - message.recordsBefore + 1)
      : classAt(bytes, at + 2)
    appendRecord(records, section, type, rrClass, ttl)
    at = rdataAt + length
  }
  return at
}

function classAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

/** The class at `at` without its top bit, which is noted for `place` (see `Message.topBits`). */
function multicastClass(bytes: Uint8Array, at: number, message: Message, place: number): number {
  const rrClass = classAt(bytes, at)
  if (rrClass < 0x8000) return rrClass
  if (message.topBitCount === message.topBits.length) message.topBits = grow16(message.topBits)
  message.topBits[message.topBitCount++] = place
  return rrClass & 0x7fff
}

/** An owner just written from `from` on becomes empty where it is the name asked, `noOwner` where nothing of it could be read. */
function markOwner(message: Message, out: Bytes, from: number): void {
  const sizeBytes = out.pos - from
  if (sizeBytes === 0) {
    reserve(out, 1)
    out.buf[out.pos++] = noOwner
    return
  }
  const { qname } = message
  if (sizeBytes !== qname.pos || !message.isQuestionReadable || message.questions === 0) return
  if (isSameRun(out.view, from, qname.view, 0, sizeBytes)) out.pos = from
}

/** OPT (RFC 6891 section 6.1): the fields go into the message, the options are noted by position. */
function readOpt(
  bytes: Uint8Array,
  at: number,
  end: number,
  length: number,
  section: number,
  message: Message,
): void {
  if ((section & 3) !== Section.additional) message.anomalies |= Anomaly.optMisplaced
  if (message.hasOpt) {
    message.anomalies |= Anomaly.optRepeated
    return
  }
  message.hasOpt = true
  message.ednsSize = (bytes[at + 2] << 8) | bytes[at + 3]
  message.rcode |= bytes[at + 4] << 4
  message.ednsVersion = bytes[at + 5]
  message.isDnssecOk = (bytes[at + 6] & 0x80) !== 0
  message.optStart = at + 10
  message.optEnd = Math.min(at + 10 + length, end)
  let option = message.optStart
  while (option + 4 <= message.optEnd) {
    option += 4 + ((bytes[option + 2] << 8) | bytes[option + 3])
  }
  if (option !== message.optEnd) message.anomalies |= Anomaly.optMalformed
}
