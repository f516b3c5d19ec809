// A block as the bytes of ClickHouse's Native format: a header per column, then the column as it lies in memory.

import { writeVarint } from '../../database/native.ts'
import { Bytes, writeAscii } from '../../dns/bytes.ts'
import { className, opcodeName, rcodeName, typeName } from '../../dns/codes.ts'
import { noCode } from '../decode/message.ts'
import { verdictNames } from '../match/verdict.ts'
import type { Block, CodeLists } from './block.ts'

/** Constants of the rows of one capture. */
export interface BlockOrigin {
  /** Id of the capture; of several read together that of the first. */
  capture: string
  /** Ids of all captures read together so far, by the number that the rows hold; only `capture` when absent. */
  captures?: readonly string[]
  sensor: string
  /** Day of ingest in days since 1970 (UTC); the day the block is encoded when absent. */
  day?: number
}

/** Today in days since 1970 (UTC). */
export function today(): number {
  return Math.floor(Date.now() / 86_400_000)
}

/** The Native form of all rows of `block` as a list of buffers to be written one after another. They view the block: write them before it is reused. */
export function encodeBlock(block: Block, origin: BlockOrigin): Uint8Array[] {
  const headline = new Bytes(16)
  writeVarint(headline, columns.length)
  writeVarint(headline, block.rows)
  const parts = [written(headline)]
  for (const [name, type, data] of columns) {
    const header = new Bytes(256)
    for (const text of [name, type]) {
      writeVarint(header, text.length)
      writeAscii(header, text)
    }
    parts.push(written(header), ...data(block, block.rows, origin))
  }
  return parts
}

const timeType = "DateTime64(9, 'UTC')"
const opcodeType = enumType([...Array(16).keys()].map((opcode) => [opcodeName(opcode), opcode]))
const matchType = enumType(verdictNames.map((name, verdict) => [name, verdict]))
const sectionType = enumType([
  ['question', 0],
  ['answer', 1],
  ['authority', 2],
  ['additional', 3],
  ['query_answer', 5],
  ['query_authority', 6],
  ['query_additional', 7],
])

function enumType(values: readonly (readonly [string, number])[]): string {
  return `Enum8(${values.map(([name, number]) => `'${name}' = ${number}`).join(', ')})`
}

type Values = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** The first `length` elements as bytes; a view, not a copy. Columns are little-endian, as is every machine Node runs on here. */
function view(column: Values, length: number): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, length * column.BYTES_PER_ELEMENT)
}

function written(bytes: Bytes): Uint8Array {
  return bytes.buf.subarray(0, bytes.pos)
}

function list(rows: number, lists: CodeLists): Uint8Array[] {
  return [view(lists.end, 2 * rows), view(lists.values, lists.count)]
}

function ends(block: Block): Uint8Array {
  return view(block.recordEnd, 2 * block.rows)
}

/** LowCardinality: version of the key serialization, once before the column. */
const keyVersion = view(Uint32Array.of(1, 0), 2)

/** LowCardinality data: flags with the index width, the dictionary, an index a row. Nothing at all for no rows. */
function lowCardinality(
  keys: Uint8Array,
  keyCount: number,
  indexes: Values,
  rows: number,
): Uint8Array[] {
  if (rows === 0) return []
  const width = indexes.BYTES_PER_ELEMENT === 1 ? 0 : indexes.BYTES_PER_ELEMENT === 2 ? 1 : 2
  const head = Uint32Array.of(width | (1 << 9) | (1 << 10), 0, keyCount, 0)
  return [view(head, 4), keys, view(Uint32Array.of(rows, 0), 2), view(indexes, rows)]
}

function constant(text: string, rows: number): Uint8Array[] {
  const key = new Bytes(text.length + 5)
  writeVarint(key, text.length)
  writeAscii(key, text)
  return [keyVersion, ...lowCardinality(written(key), 1, new Uint8Array(rows), rows)]
}

/** The ids of the captures that these rows name: one nearly always, so that is looked for first. */
function captureIds(
  numbers: Uint16Array<ArrayBuffer>,
  rows: number,
  { capture, captures = [capture] }: BlockOrigin,
): Uint8Array[] {
  const [first, last] = range(numbers, rows)
  const ids = captures.slice(first, last + 1)
  if (ids.length === 1) return constant(ids[0], rows)
  const keys = new Bytes(1024)
  for (const id of ids) {
    writeVarint(keys, id.length)
    writeAscii(keys, id)
  }
  const indexes = numbers.slice(0, rows)
  for (let row = 0; row < rows; row++) indexes[row] -= first
  return [keyVersion, ...lowCardinality(written(keys), ids.length, indexes, rows)]
}

/** The smallest and the largest of the first `rows` numbers. */
function range(numbers: Uint16Array<ArrayBuffer>, rows: number): [first: number, last: number] {
  let [first] = numbers
  let last = first
  for (let row = 1; row < rows; row++) {
    if (numbers[row] < first) first = numbers[row]
    if (numbers[row] > last) last = numbers[row]
  }
  return [first, last]
}

const indexOfCode = new Uint32Array(noCode + 1)

/** Numbers as mnemonics: `noCode` is the empty string. */
function codes(
  column: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  rows: number,
  nameOf: (code: number) => string,
): Uint8Array[] {
  const seen: number[] = []
  const wide = indexed(column, rows, seen)
  const keys = new Bytes(1024)
  for (const code of seen) {
    indexOfCode[code] = 0
    const name = code === noCode ? '' : nameOf(code)
    writeVarint(keys, name.length)
    writeAscii(keys, name)
  }
  return lowCardinality(written(keys), seen.length, narrowed(wide, seen.length), rows)
}

/** An index into `seen` for each number, which is filled in order of first use. */
function indexed(
  column: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  rows: number,
  seen: number[],
): Uint32Array<ArrayBuffer> {
  const wide = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) {
    const code = column[row]
    let index = indexOfCode[code]
    if (index === 0) {
      seen.push(code)
      index = indexOfCode[code] = seen.length
    }
    wide[row] = index - 1
  }
  return wide
}

function domains(block: Block): Uint8Array[] {
  const { domain, rows } = block
  const indexes = narrowed(domain.indexes.subarray(0, rows), domain.count)
  return lowCardinality(written(domain.values.bytes), domain.count, indexes, rows)
}

/** Indexes into a dictionary of `keyCount` keys in as few bytes as hold them; hostile traffic can use all 65,536 types and none. */
function narrowed(indexes: Uint32Array<ArrayBuffer>, keyCount: number): Values {
  if (keyCount <= 256) return new Uint8Array(indexes)
  return keyCount <= 65_536 ? new Uint16Array(indexes) : indexes
}

/** One column of a block: its name and type in the header, and its bytes. */
type Column = readonly [
  name: string,
  type: string,
  data: (block: Block, rows: number, origin: BlockOrigin) => Uint8Array[],
]

const columns: readonly Column[] = [
  ['ts', timeType, (block, rows) => [view(block.ts, 2 * rows)]],
  ['latency_ns', 'Int64', (block, rows) => [view(block.latencyNs, 2 * rows)]],
  [
    'capture',
    'LowCardinality(String)',
    ({ capture }, rows, origin) => captureIds(capture, rows, origin),
  ],
  ['sensor', 'LowCardinality(String)', (_, rows, origin) => constant(origin.sensor, rows)],
  ['frame', 'UInt64', (block, rows) => [view(block.frame, 2 * rows)]],
  ['frame_gap', 'Int64', (block, rows) => [view(block.frameGap, 2 * rows)]],
  [
    'response_capture',
    'LowCardinality(String)',
    ({ responseCapture }, rows, origin) => captureIds(responseCapture, rows, origin),
  ],
  ['vlan', 'UInt16', (block, rows) => [view(block.vlan, rows)]],
  ['vlan_outer', 'UInt16', (block, rows) => [view(block.vlanOuter, rows)]],
  ['tunnel', 'String', (block) => [written(block.tunnel.bytes)]],
  ['client', 'IPv6', (block, rows) => [view(block.client, 4 * rows)]],
  ['server', 'IPv6', (block, rows) => [view(block.server, 4 * rows)]],
  ['client_port', 'UInt16', (block, rows) => [view(block.clientPort, rows)]],
  ['server_port', 'UInt16', (block, rows) => [view(block.serverPort, rows)]],
  ['transport', "Enum8('tcp' = 6, 'udp' = 17)", (block, rows) => [view(block.transport, rows)]],
  [
    'service',
    "Enum8('dns' = 0, 'mdns' = 1, 'llmnr' = 2)",
    (block, rows) => [view(block.service, rows)],
  ],
  ['id', 'UInt16', (block, rows) => [view(block.id, rows)]],
  ['opcode', opcodeType, (block, rows) => [view(block.opcode, rows)]],
  ['qname', 'String', (block) => [written(block.qname.bytes)]],
  ['qname_raw', 'String', (block) => [written(block.qnameRaw.bytes)]],
  [
    'qtype',
    'LowCardinality(String)',
    (block, rows) => [keyVersion, ...codes(block.qtype, rows, typeName)],
  ],
  [
    'qclass',
    'LowCardinality(String)',
    (block, rows) => [keyVersion, ...codes(block.qclass, rows, className)],
  ],
  ['domain', 'LowCardinality(String)', (block) => [keyVersion, ...domains(block)]],
  ['tld_listed', 'UInt8', (block, rows) => [view(block.tldListed, rows)]],
  ['query_flags', 'UInt16', (block, rows) => [view(block.queryFlags, rows)]],
  ['response_flags', 'UInt16', (block, rows) => [view(block.responseFlags, rows)]],
  [
    'rcode',
    'LowCardinality(String)',
    (block, rows) => [keyVersion, ...codes(block.rcode, rows, rcodeName)],
  ],
  ['query_bytes', 'UInt32', (block, rows) => [view(block.queryBytes, rows)]],
  ['response_bytes', 'UInt32', (block, rows) => [view(block.responseBytes, rows)]],
  ['match', matchType, (block, rows) => [view(block.match, rows)]],
  ['attempts', 'UInt16', (block, rows) => [view(block.attempts, rows)]],
  ['repeat_in_ttl', 'UInt8', (block, rows) => [view(block.repeatInTtl, rows)]],
  ['tcp_followup', 'UInt8', (block, rows) => [view(block.tcpFollowup, rows)]],
  ['fragments', 'UInt16', (block, rows) => [view(block.fragments, rows)]],
  ['edns_version', 'UInt8', (block, rows) => [view(block.ednsVersion, rows)]],
  ['edns_size', 'UInt16', (block, rows) => [view(block.ednsSize, rows)]],
  ['do', 'UInt8', (block, rows) => [view(block.isDnssecOk, rows)]],
  ['ecs', 'String', (block) => [written(block.ecs.bytes)]],
  ['cookie', 'String', (block) => [written(block.cookie.bytes)]],
  ['edns_options', 'Array(UInt16)', (block, rows) => [...list(rows, block.ednsOptions)]],
  ['edns_option_text', 'String', (block) => [written(block.ednsOptionText.bytes)]],
  ['response_edns_size', 'UInt16', (block, rows) => [view(block.responseEdnsSize, rows)]],
  [
    'response_edns_options',
    'Array(UInt16)',
    (block, rows) => [...list(rows, block.responseEdnsOptions)],
  ],
  ['response_edns_option_text', 'String', (block) => [written(block.responseEdnsOptionText.bytes)]],
  ['ede', 'Array(UInt16)', (block, rows) => [...list(rows, block.ede)]],
  ['ede_text', 'String', (block) => [written(block.edeText.bytes)]],
  [
    'rr.section',
    `Array(${sectionType})`,
    (block) => [ends(block), view(block.records.section, block.records.count)],
  ],
  ['rr.owner', 'Array(String)', (block) => [ends(block), written(block.records.name.bytes)]],
  [
    'rr.type',
    'Array(LowCardinality(String))',
    (block) => [
      keyVersion,
      ends(block),
      ...codes(block.records.type, block.records.count, typeName),
    ],
  ],
  [
    'rr.class',
    'Array(LowCardinality(String))',
    (block) => [
      keyVersion,
      ends(block),
      ...codes(block.records.class, block.records.count, className),
    ],
  ],
  [
    'rr.ttl',
    'Array(UInt32)',
    (block) => [ends(block), view(block.records.ttl, block.records.count)],
  ],
  ['rr.data', 'Array(String)', (block) => [ends(block), written(block.records.data.bytes)]],
  ['class_top_bits', 'String', (block) => [written(block.classTopBits.bytes)]],
  ['answer_digest', 'UInt64', (block, rows) => [view(block.digest, 2 * rows)]],
  ['query_ip_ttl', 'UInt8', (block, rows) => [view(block.queryIpTtl, rows)]],
  ['response_ip_ttl', 'UInt8', (block, rows) => [view(block.responseIpTtl, rows)]],
  ['query_ip_id', 'UInt16', (block, rows) => [view(block.queryIpId, rows)]],
  ['response_ip_id', 'UInt16', (block, rows) => [view(block.responseIpId, rows)]],
  ['anomaly_bits', 'UInt64', (block, rows) => [view(block.anomalies, 2 * rows)]],
  ['raw', 'String', (block) => [written(block.raw.bytes)]],
  [
    'ingested',
    'Date',
    (_, rows, origin) => [view(new Uint16Array(rows).fill(origin.day ?? today()), rows)],
  ],
]

/** Columns of a block, in its order; what the INSERT names. Columns of the table that are not here take their defaults. */
export const columnNames: readonly string[] = columns.map(([name]) => name)
