// One block of transactions as columns: typed arrays and length-prefixed bytes, filled row by row and handed to the engine as they are.

import { StringColumn } from '../../database/native.ts'
import { Records } from '../decode/records.ts'
import { DomainDictionary } from './domain.ts'

/** Rows of a block. Measured on two cores: 131,072 overlap best with the engine; larger blocks only add memory. */
export const blockRows = 131_072

/** Columns of up to `capacity` rows; 64-bit columns are pairs of 32-bit words, low word first, addresses four words each. */
export class Block {
  readonly capacity: number
  rows = 0
  readonly ts: Uint32Array<ArrayBuffer>
  /** Answer time less `ts`, 64 bits signed. */
  readonly latencyNs: Uint32Array<ArrayBuffer>
  /** Numbers of the captures of the query's and of the answer's frame, among those read together. */
  readonly capture: Uint16Array<ArrayBuffer>
  readonly responseCapture: Uint16Array<ArrayBuffer>
  readonly frame: Uint32Array<ArrayBuffer>
  /** The answer's frame less `frame`; 0 without an answer. */
  readonly frameGap: Uint32Array<ArrayBuffer>
  readonly vlan: Uint16Array<ArrayBuffer>
  readonly vlanOuter: Uint16Array<ArrayBuffer>
  readonly tunnel: StringColumn
  readonly client: Uint32Array<ArrayBuffer>
  readonly server: Uint32Array<ArrayBuffer>
  readonly clientPort: Uint16Array<ArrayBuffer>
  readonly serverPort: Uint16Array<ArrayBuffer>
  readonly transport: Uint8Array<ArrayBuffer>
  readonly service: Uint8Array<ArrayBuffer>
  readonly id: Uint16Array<ArrayBuffer>
  readonly opcode: Uint8Array<ArrayBuffer>
  readonly qname: StringColumn
  readonly qnameRaw: StringColumn
  readonly qtype: Uint32Array<ArrayBuffer>
  readonly qclass: Uint32Array<ArrayBuffer>
  readonly domain: DomainDictionary
  readonly tldListed: Uint8Array<ArrayBuffer>
  readonly queryFlags: Uint16Array<ArrayBuffer>
  readonly responseFlags: Uint16Array<ArrayBuffer>
  readonly rcode: Uint32Array<ArrayBuffer>
  readonly queryBytes: Uint32Array<ArrayBuffer>
  readonly responseBytes: Uint32Array<ArrayBuffer>
  readonly match: Uint8Array<ArrayBuffer>
  readonly attempts: Uint16Array<ArrayBuffer>
  readonly repeatInTtl: Uint8Array<ArrayBuffer>
  readonly tcpFollowup: Uint8Array<ArrayBuffer>
  readonly fragments: Uint16Array<ArrayBuffer>
  readonly ednsVersion: Uint8Array<ArrayBuffer>
  readonly ednsSize: Uint16Array<ArrayBuffer>
  readonly isDnssecOk: Uint8Array<ArrayBuffer>
  readonly ecs: StringColumn
  readonly cookie: StringColumn
  readonly ednsOptions: CodeLists
  /** A line for each of `ednsOptions`. */
  readonly ednsOptionText: StringColumn
  readonly responseEdnsSize: Uint16Array<ArrayBuffer>
  readonly responseEdnsOptions: CodeLists
  readonly responseEdnsOptionText: StringColumn
  readonly ede: CodeLists
  readonly edeText: StringColumn
  readonly classTopBits: StringColumn
  readonly records: Records
  /** Records up to and including each row: the offsets of the `rr` arrays. */
  readonly recordEnd: Uint32Array<ArrayBuffer>
  readonly digest: Uint32Array<ArrayBuffer>
  readonly queryIpTtl: Uint8Array<ArrayBuffer>
  readonly responseIpTtl: Uint8Array<ArrayBuffer>
  readonly queryIpId: Uint16Array<ArrayBuffer>
  readonly responseIpId: Uint16Array<ArrayBuffer>
  readonly anomalies: Uint32Array<ArrayBuffer>
  readonly raw: StringColumn

  /** Room for what answers hold most often: what is not used costs no memory, and growing costs it twice. */
  constructor(capacity: number = blockRows) {
    this.capacity = capacity
    this.ts = new Uint32Array(2 * capacity)
    this.latencyNs = new Uint32Array(2 * capacity)
    this.capture = new Uint16Array(capacity)
    this.responseCapture = new Uint16Array(capacity)
    this.frame = new Uint32Array(2 * capacity)
    this.frameGap = new Uint32Array(2 * capacity)
    this.vlan = new Uint16Array(capacity)
    this.vlanOuter = new Uint16Array(capacity)
    this.tunnel = new StringColumn(capacity)
    this.client = new Uint32Array(4 * capacity)
    this.server = new Uint32Array(4 * capacity)
    this.clientPort = new Uint16Array(capacity)
    this.serverPort = new Uint16Array(capacity)
    this.transport = new Uint8Array(capacity)
    this.service = new Uint8Array(capacity)
    this.id = new Uint16Array(capacity)
    this.opcode = new Uint8Array(capacity)
    this.qname = new StringColumn(capacity * 32)
    this.qnameRaw = new StringColumn(capacity)
    this.qtype = new Uint32Array(capacity)
    this.qclass = new Uint32Array(capacity)
    this.domain = new DomainDictionary(capacity)
    this.tldListed = new Uint8Array(capacity)
    this.queryFlags = new Uint16Array(capacity)
    this.responseFlags = new Uint16Array(capacity)
    this.rcode = new Uint32Array(capacity)
    this.queryBytes = new Uint32Array(capacity)
    this.responseBytes = new Uint32Array(capacity)
    this.match = new Uint8Array(capacity)
    this.attempts = new Uint16Array(capacity)
    this.repeatInTtl = new Uint8Array(capacity)
    this.tcpFollowup = new Uint8Array(capacity)
    this.fragments = new Uint16Array(capacity)
    this.ednsVersion = new Uint8Array(capacity)
    this.ednsSize = new Uint16Array(capacity)
    this.isDnssecOk = new Uint8Array(capacity)
    this.ecs = new StringColumn(capacity)
    this.cookie = new StringColumn(capacity)
    this.ednsOptions = new CodeLists(capacity)
    this.ednsOptionText = new StringColumn(capacity)
    this.responseEdnsSize = new Uint16Array(capacity)
    this.responseEdnsOptions = new CodeLists(capacity)
    this.responseEdnsOptionText = new StringColumn(capacity)
    this.ede = new CodeLists(capacity)
    this.edeText = new StringColumn(capacity)
    this.classTopBits = new StringColumn(capacity)
    this.records = new Records(4 * capacity)
    this.recordEnd = new Uint32Array(2 * capacity)
    this.digest = new Uint32Array(2 * capacity)
    this.queryIpTtl = new Uint8Array(capacity)
    this.responseIpTtl = new Uint8Array(capacity)
    this.queryIpId = new Uint16Array(capacity)
    this.responseIpId = new Uint16Array(capacity)
    this.anomalies = new Uint32Array(2 * capacity)
    this.raw = new StringColumn(capacity)
  }

  /** Empties the block for reuse; buffers stay. */
  clear(): void {
    this.rows = 0
    for (const column of [
      this.qname,
      this.qnameRaw,
      this.tunnel,
      this.ecs,
      this.cookie,
      this.ednsOptionText,
      this.responseEdnsOptionText,
      this.edeText,
      this.classTopBits,
      this.raw,
    ]) {
      column.bytes.pos = 0
    }
    for (const lists of [this.ednsOptions, this.responseEdnsOptions, this.ede]) lists.count = 0
    this.domain.clear()
    this.records.count = 0
    this.records.name.bytes.pos = 0
    this.records.data.bytes.pos = 0
  }
}

/** An Array(UInt16) column: values one after another, and where each row's list ends. */
export class CodeLists {
  count = 0
  values = new Uint16Array(1024)
  readonly end: Uint32Array<ArrayBuffer>
  constructor(capacity: number) {
    this.end = new Uint32Array(2 * capacity)
  }
}

/** Appends one value to the list of the row being written. */
export function appendToList(lists: CodeLists, value: number): void {
  if (lists.count === lists.values.length) {
    const grown = new Uint16Array(lists.count * 2)
    grown.set(lists.values)
    lists.values = grown
  }
  lists.values[lists.count++] = value
}
