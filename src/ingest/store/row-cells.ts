// Single columns of a row: times, addresses, question, tunnel and the raw copy, by index arithmetic into the block.

import { appendEmpty, appendString, closeString, openString } from '../../database/native.ts'
import { writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { viewOf } from '../../dns/words.ts'
import { malformedMask } from '../decode/anomaly.ts'
import type { Message } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { tunnelNames } from '../decode/tunnel-kinds.ts'
import { Field, type Table } from '../match/table.ts'
import type { Block } from './block.ts'

/** Name, type, class and registrable domain. */
export function setQuestion(
  block: Block,
  row: number,
  name: DataView,
  start: number,
  end: number,
  qtype: number,
  qclass: number,
): void {
  appendString(block.qname, name, start, end - start)
  block.qtype[row] = qtype
  block.qclass[row] = qclass
  // The name as it now lies in the column: one place to read it from, whatever it came from.
  const column = block.qname.bytes
  block.tldListed[row] = block.domain.set(row, column, column.pos - (end - start))
}

/** The tunnel as `vxlan:42`; only the kind where it has no id. */
export function setTunnel(block: Block, tunnel: number, id: number): void {
  if (tunnel === 0) {
    appendEmpty(block.tunnel)
    return
  }
  const start = openString(block.tunnel)
  writeAscii(block.tunnel.bytes, tunnelNames[tunnel])
  if (id > 0) {
    writeAscii(block.tunnel.bytes, ':')
    writeDecimal(block.tunnel.bytes, id)
  }
  closeString(block.tunnel, start)
}

/** Where multicast DNS had the top bit of a class: `Message.topBits` in decimal, with commas. */
export function setTopBits(block: Block, { topBits, topBitCount }: Message): void {
  const start = openString(block.classTopBits)
  for (let i = 0; i < topBitCount; i++) {
    if (i > 0) writeAscii(block.classTopBits.bytes, ',')
    writeDecimal(block.classTopBits.bytes, topBits[i])
  }
  closeString(block.classTopBits, start)
}

/** Who talked to whom; `client` and `server` are word positions in the packet's addresses. */
export function setFlow(
  block: Block,
  row: number,
  packet: Packet,
  client: number,
  server: number,
  clientPort: number,
  serverPort: number,
): void {
  const addresses = packet.addresses
  for (let i = 0; i < 4; i++) {
    block.client[4 * row + i] = addresses[client + i]
    block.server[4 * row + i] = addresses[server + i]
  }
  block.clientPort[row] = clientPort
  block.serverPort[row] = serverPort
  block.transport[row] = packet.transport
  block.service[row] = packet.service
  setVlan(block, row, packet)
}

/** Many mirror ports tag one direction only: a missing tag leaves the query's. */
export function setVlan(block: Block, row: number, packet: Packet): void {
  if (packet.vlan === 0 && packet.vlanOuter === 0) return
  block.vlan[row] = packet.vlan
  block.vlanOuter[row] = packet.vlanOuter
}

/** Seconds and nanoseconds as one 64-bit count of nanoseconds, by parts that stay exact in a double. */
export function setTime(
  column: Uint32Array,
  row: number,
  seconds: number,
  nanoseconds: number,
): void {
  const high = (seconds >>> 16) * 1e9
  const low = (seconds & 0xffff) * 1e9 + nanoseconds
  const whole = Math.floor(high / 65_536)
  // Not by %: on doubles that is a call into the C library.
  const middle = (high - whole * 65_536) * 65_536 + low
  column[2 * row] = middle
  column[2 * row + 1] = whole + Math.floor(middle / 4_294_967_296)
}

/** A 64-bit value by its two words. */
export function setWide(column: Uint32Array, row: number, value: number): void {
  column[2 * row] = value
  column[2 * row + 1] = value / 4_294_967_296
}

/** The value of a 64-bit column, exact below 2^53. */
export function wideAt(column: Uint32Array, row: number): number {
  return column[2 * row] + column[2 * row + 1] * 4_294_967_296
}

/** A signed 64-bit value by its two words. */
export function setGap(column: Uint32Array, row: number, value: number): void {
  column[2 * row] = value
  column[2 * row + 1] = Math.floor(value / 4_294_967_296)
}

/** Takes the value in the same row of `other` away, all 64 bits of it. */
export function subtractWide(column: Uint32Array, other: Uint32Array, row: number): void {
  const low = column[2 * row] - other[2 * row]
  column[2 * row] = low
  column[2 * row + 1] -= other[2 * row + 1] + (low < 0 ? 1 : 0)
}

/** Bytes kept of a malformed message: enough for the header, the question and the first records. */
const rawLimit = 512

/** Keeps the first bytes of a message that does not parse; the answer's where both do not. */
export function setRaw(
  block: Block,
  table: Table,
  base: number,
  bytes: Uint8Array | null,
  message: Message | null,
): void {
  if (message !== null && bytes !== null && (message.anomalies & malformedMask) !== 0) {
    appendString(block.raw, viewOf(bytes), message.start, Math.min(message.size, rawLimit))
    return
  }
  if (base >= 0 && (table.words[base + Field.anomalies] & malformedMask) !== 0) {
    const words = table.words
    const names = words[base + Field.nameSizes]
    const wires = words[base + Field.wireSizes]
    const at = words[base + Field.arena] + (names & 0xffff) + (names >>> 16) + (wires & 0xffff)
    appendString(block.raw, table.arenaView, at, Math.min(wires >>> 16, rawLimit))
    return
  }
  appendEmpty(block.raw)
}
