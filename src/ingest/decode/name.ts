// A domain name from the wire to presentation bytes (RFC 1035 sections 3.1, 4.1.4 and 5.1, RFC 4343), in one pass and without a string.

import { type Bytes, reserve } from '../../dns/bytes.ts'
import { Anomaly } from './anomaly.ts'

/** Longest name in presentation form: 255 wire octets, each at most `\DDD`. */
export const maximumNameText = 1024

/** Pointers followed in one name at most: it has no more than 127 labels to jump between; hostile chains could have 8,191 links. */
const pointerLimit = 127

/** What the last name read was like; one object, reused, so that reading a name allocates nothing. */
export const nameRead = {
  /** Anomaly bits of this name alone; 0 for a good name. */
  anomalies: 0,
  /** True when some letter was upper case (the written form is folded unless `keepCase`). */
  hadUpperCase: false,
}

/**
 * Writes the name at `at` (lower case, escaped, without the trailing dot, `.` for the root, nothing when no label can be read) and returns the position after it in the record,
 * or -1 when the bytes end or turn unreadable before the name does: then the readable part is written and `nameRead.anomalies` says why.
 * A pointer that leads forward or round in circles ends the name but not the message: the position after the pointer is returned.
 * `messageStart` is what pointers count from; nothing at or past `end` is read. Terminates because each pointer must lead before the
 * start of the labels it ends, and at most `pointerLimit` are followed.
 */
export function readName(
  bytes: Uint8Array,
  messageStart: number,
  at: number,
  end: number,
  out: Bytes,
  keepCase: boolean,
): number {
  reserve(out, maximumNameText)
  const buf = out.buf
  const textStart = out.pos
  let pos = textStart
  let after = -1
  let runStart = at
  let wireOctets = 1
  let pointers = 0
  let upper = false
  nameRead.anomalies = 0
  for (;;) {
    if (at >= end) {
      nameRead.anomalies |= Anomaly.nameTruncated
      break
    }
    const length = bytes[at]
    if (length === 0) {
      if (after < 0) after = at + 1
      break
    }
    if (length < 64) {
      const labelEnd = at + 1 + length
      wireOctets += length + 1
      if (wireOctets > 255) {
        nameRead.anomalies |= Anomaly.nameTooLong
        if (after < 0) after = skipLabels(bytes, at, end)
        break
      }
      const cut = labelEnd > end
      const stop = cut ? end : labelEnd
      if (pos > textStart) buf[pos++] = 46
      for (let i = at + 1; i < stop; i++) {
        const octet = bytes[i]
        const kind = octetKind[octet]
        if (kind === plain) buf[pos++] = octet
        else if (kind === upperCase) {
          upper = true
          buf[pos++] = keepCase ? octet : octet | 32
        } else if (kind === escaped) {
          buf[pos++] = 92
          buf[pos++] = octet
        } else {
          buf[pos++] = 92
          const hundreds = (octet / 100) | 0
          const tens = ((octet - hundreds * 100) / 10) | 0
          buf[pos++] = 48 + hundreds
          buf[pos++] = 48 + tens
          buf[pos++] = 48 + octet - hundreds * 100 - tens * 10
        }
      }
      if (cut) {
        nameRead.anomalies |= Anomaly.nameTruncated
        break
      }
      at = labelEnd
      continue
    }
    if (length < 192) {
      nameRead.anomalies |= Anomaly.labelReserved
      break
    }
    if (at + 1 >= end) {
      nameRead.anomalies |= Anomaly.nameTruncated
      break
    }
    if (after < 0) after = at + 2
    const target = messageStart + (((length & 63) << 8) | bytes[at + 1])
    if (target >= runStart) {
      nameRead.anomalies |= target >= at ? Anomaly.pointerForward : Anomaly.pointerLoop
      break
    }
    if (++pointers > pointerLimit) {
      nameRead.anomalies |= Anomaly.pointerLoop
      break
    }
    runStart = at = target
  }
  if (pos === textStart && nameRead.anomalies === 0) buf[pos++] = 46
  out.pos = pos
  nameRead.hadUpperCase = upper
  return after
}

const plain = 0
const upperCase = 1
const escaped = 2
const numeric = 3

/** How each octet is written: as RFC 1035 section 5.1 and every name server's zone printer do, `\X` for the special and `\DDD` for the unprintable. */
const octetKind = new Uint8Array(256)
for (let octet = 0; octet < 256; octet++) {
  if (octet <= 32 || octet >= 127) octetKind[octet] = numeric
  else if (octet >= 65 && octet <= 90) octetKind[octet] = upperCase
  else if ('".;\\()@$'.includes(String.fromCharCode(octet))) octetKind[octet] = escaped
  else octetKind[octet] = plain
}

/** Where an over-long name ends, so that the record behind it can still be read; -1 when it does not end. Each step moves forward. */
function skipLabels(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const length = bytes[at]
    if (length === 0) return at + 1
    if (length >= 192) return at + 2 <= end ? at + 2 : -1
    if (length >= 64) return -1
    at += length + 1
  }
  return -1
}
