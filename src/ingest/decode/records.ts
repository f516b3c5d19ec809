// Resource records as columns: decoding appends here, and the columns go into a block as they are.

import { grow16, grow32, grow8, StringColumn } from '../../database/native.ts'

/** Sections as the `rr.section` column numbers them; a query's own records are shifted by `querySection`. */
export const Section = { question: 0, answer: 1, authority: 2, additional: 3 } as const

/** What is added to the section number of a record that stands in a query. */
export const querySection = 4

/**
 * A name that cannot be read, as the one octet in the `name` column: a lone backslash, which no name in presentation form is. An empty
 * entry there means the name asked: nearly all owner names are that, and neither copying nor storing it again costs anything.
 */
export const noOwner = 92

/** Growing columns, one entry a record. */
export class Records {
  count = 0
  section: Uint8Array<ArrayBuffer>
  type: Uint16Array<ArrayBuffer>
  class: Uint16Array<ArrayBuffer>
  ttl: Uint32Array<ArrayBuffer>
  readonly name: StringColumn
  readonly data: StringColumn
  constructor(capacity: number) {
    this.section = new Uint8Array(capacity)
    this.type = new Uint16Array(capacity)
    this.class = new Uint16Array(capacity)
    this.ttl = new Uint32Array(capacity)
    this.name = new StringColumn(capacity * 16)
    this.data = new StringColumn(capacity * 32)
  }
}

/** Appends the fixed part of a record; its name and data are appended to the string columns beside it. */
export function appendRecord(
  records: Records,
  section: number,
  type: number,
  rrClass: number,
  ttl: number,
): void {
  if (records.count === records.section.length) {
    records.section = grow8(records.section)
    records.type = grow16(records.type)
    records.class = grow16(records.class)
    records.ttl = grow32(records.ttl)
  }
  const row = records.count++
  records.section[row] = section
  records.type[row] = type
  records.class[row] = rrClass
  records.ttl[row] = ttl
}

/** A place to roll back to: messages that are not stored yet leave nothing behind. */
export interface RecordMark {
  count: number
  namePosition: number
  dataPosition: number
}

/** Notes where the columns end now, into a reused mark. */
export function markRecords(records: Records, mark: RecordMark): void {
  mark.count = records.count
  mark.namePosition = records.name.bytes.pos
  mark.dataPosition = records.data.bytes.pos
}

/** Drops everything appended since the mark. */
export function rollBack(records: Records, mark: RecordMark): void {
  records.count = mark.count
  records.name.bytes.pos = mark.namePosition
  records.data.bytes.pos = mark.dataPosition
}
