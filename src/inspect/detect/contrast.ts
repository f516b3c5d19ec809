// Two answers side by side: what a finding says when its point is that the one is not the other.

/** One of the two: what to call it, and the packet it is in. */
export interface ContrastSide {
  title: string
  capture: string
  frame: number
}

/** Something both have, said in a few words each. */
export interface ContrastFact {
  name: string
  first: string
  second: string
}

/** A record, and which of the two has it. */
export interface ContrastRecord {
  side: 'first' | 'second' | 'both'
  text: string
}

/** What two answers have apart and in common. */
export interface Contrast {
  first: ContrastSide
  second: ContrastSide
  facts: ContrastFact[]
  records: ContrastRecord[]
}

/** A record as an answer holds it. */
export interface PlainRecord {
  type: string
  data: string
  ttl: number
}

/** The records of two answers: those of the first alone, those of both, those of the second alone. TTLs are shown, and do not make a difference. */
export function contrastRecords(
  first: readonly PlainRecord[],
  second: readonly PlainRecord[],
): ContrastRecord[] {
  const key = ({ type, data }: PlainRecord) => `${type} ${data}`
  const inFirst = new Set(first.map(key))
  const inSecond = new Map(second.map((record) => [key(record), record]))
  const alone = first.filter((record) => !inSecond.has(key(record)))
  const common = first.filter((record) => inSecond.has(key(record)))
  return [
    ...alone.map((record) => lineOf('first', record)),
    ...common.map((record) => lineOf('both', record, inSecond.get(key(record))?.ttl)),
    ...second.filter((record) => !inFirst.has(key(record))).map((r) => lineOf('second', r)),
  ]
}

/** What answers may have in their header, in the order of the bits. */
const flagBits: readonly [number, string][] = [
  [0x400, 'aa'],
  [0x200, 'tc'],
  [0x100, 'rd'],
  [0x80, 'ra'],
  [0x40, 'z'],
  [0x20, 'ad'],
  [0x10, 'cd'],
]

/** The set flags of a header word by name, `-` for none. */
export function flagText(flags: number): string {
  const names = flagBits.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  return names.length === 0 ? '-' : names.join(' ')
}

function lineOf(
  side: ContrastRecord['side'],
  record: PlainRecord,
  other = record.ttl,
): ContrastRecord {
  const ttl = other === record.ttl ? String(record.ttl) : `${record.ttl} and ${other}`
  return { side, text: `${record.type} ${record.data}, TTL ${ttl}` }
}
