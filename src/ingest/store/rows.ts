// An exchange becomes a row: what the match table kept of the query and what the answer says, straight into the columns of a block.

import { appendEmpty, appendString, closeString, openString } from '../../database/native.ts'
import { writeAscii, writeDecimal } from '../../dns/bytes.ts'
import { domainFound, findDomain } from '../../dns/public-suffix.ts'
import { malformedMask } from '../decode/anomaly.ts'
import { decodeMessage, Message, noCode } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { querySection, type Records } from '../decode/records.ts'
import { tunnelNames } from '../decode/tunnel-kinds.ts'
import { answerDigest } from '../match/digest.ts'
import type { ExchangeSink } from '../match/match.ts'
import { Field, type Table } from '../match/table.ts'
import { Block } from './block.ts'
import { noOptions, queryOptions, responseOptions } from './options.ts'

/** Bytes kept of a malformed message: enough for the header, the question and the first records. */
const rawLimit = 512

/** Fills blocks with rows; full ones wait in `full` until the pipeline has stored them and gives them back with `recycle`. */
export class RowWriter implements ExchangeSink {
  block: Block
  /** Full blocks, oldest first. */
  readonly full: Block[] = []
  /** The match table that row positions refer to; set before the first row. */
  table!: Table
  private readonly spare: Block[] = []
  private readonly capacity: number
  private readonly queryMessage = new Message()

  constructor(capacity: number) {
    this.capacity = capacity
    this.block = new Block(capacity)
  }

  get records(): Records {
    return this.block.records
  }

  /** Takes a stored block back for reuse. */
  recycle(block: Block): void {
    block.clear()
    this.spare.push(block)
  }

  /** Moves the rows so far to `full`, however few they are. */
  flush(): void {
    if (this.block.rows === 0) return
    this.full.push(this.block)
    this.block = this.spare.pop() ?? new Block(this.capacity)
  }

  append(
    verdict: number,
    base: number,
    queryMessages: number,
    bytes: Uint8Array | null,
    packet: Packet | null,
    message: Message | null,
  ): void {
    const block = this.block
    const row = block.rows
    block.match[row] = verdict
    block.attempts[row] = queryMessages
    block.anomalies[2 * row] = 0
    block.anomalies[2 * row + 1] = 0
    if (base >= 0) this.querySide(block, row, base)
    if (message === null || packet === null || bytes === null) {
      this.noResponse(block, row)
    } else if (message.isResponse) {
      if (base < 0) loneResponse(block, row, packet)
      responseSide(block, row, bytes, packet, message)
      if (base >= 0) {
        setLatency(block, row, this.table.words, base, packet)
        block.fragments[row] += packet.fragments
      }
    } else {
      this.loneQuery(block, row, bytes, packet, message)
    }
    if (message !== null && message.questions + message.qname.pos > 0) {
      setQuestion(
        block,
        row,
        message.qname.buf,
        0,
        message.qname.pos,
        message.qtype,
        message.qclass,
      )
      appendString(block.qnameRaw, message.qnameRaw.buf, 0, message.qnameRaw.pos)
    } else if (base >= 0) {
      this.questionOfEntry(block, row, base)
    } else {
      setQuestion(block, row, noBytes, 0, 0, noCode, noCode)
      appendEmpty(block.qnameRaw)
    }
    if (packet !== null) setTunnel(block, packet.tunnel, packet.tunnelId)
    else
      setTunnel(
        block,
        this.table.words[base + Field.tunnel],
        this.table.words[base + Field.tunnelId],
      )
    this.raw(block, base, bytes, message)
    block.recordEnd[2 * row] = block.records.count
    block.ednsOptions.end[2 * row] = block.ednsOptions.count
    block.responseEdnsOptions.end[2 * row] = block.responseEdnsOptions.count
    block.ede.end[2 * row] = block.ede.count
    block.rows++
    if (block.rows === this.capacity || textBytes(block) > textLimit) this.flush()
  }

  /** Everything the table kept of the query; its own records are decoded again from its kept bytes. */
  private querySide(block: Block, row: number, base: number): void {
    const words = this.table.words
    setTime(block.ts, row, words[base + Field.seconds], words[base + Field.nanoseconds])
    block.frame[2 * row] = words[base + Field.frame]
    block.frame[2 * row + 1] = words[base + Field.frameHigh]
    block.offset[2 * row] = words[base + Field.offsetLow]
    block.offset[2 * row + 1] = words[base + Field.offsetHigh]
    for (let i = 0; i < 4; i++) {
      block.client[4 * row + i] = words[base + Field.client + i]
      block.server[4 * row + i] = words[base + Field.server + i]
    }
    const ports = words[base + Field.ports]
    block.clientPort[row] = ports >>> 16
    block.serverPort[row] = ports
    const layers = words[base + Field.ipTtlTransport]
    block.transport[row] = layers >>> 16
    block.service[row] = (layers >>> 8) & 255
    block.queryIpTtl[row] = layers
    block.queryIpId[row] = words[base + Field.ipIdAttempts] >>> 16
    const idFlags = words[base + Field.idFlags]
    block.id[row] = idFlags >>> 16
    block.queryFlags[row] = idFlags
    block.opcode[row] = (idFlags >>> 11) & 15
    const vlans = words[base + Field.vlan]
    block.vlan[row] = vlans
    block.vlanOuter[row] = vlans >>> 16
    block.queryBytes[row] = words[base + Field.size]
    const repeat = words[base + Field.repeat]
    block.repeatInTtl[row] = repeat & 1
    block.tcpFollowup[row] = (repeat >>> 1) & 1
    block.fragments[row] = repeat >>> 16
    block.anomalies[2 * row] = words[base + Field.anomalies]
    const edns = words[base + Field.edns]
    block.ednsSize[row] = edns
    block.ednsVersion[row] = edns >>> 16
    block.isDnssecOk[row] = (edns >>> 24) & 1
    const names = words[base + Field.nameSizes]
    const wires = words[base + Field.wireSizes]
    const options = words[base + Field.arena] + (names & 0xffff) + (names >>> 16)
    const optBytes = wires & 0xffff
    queryOptions(block, this.table.arena, options, options + optBytes)
    if (wires >>> 16 > 0 && block.attempts[row] > 0) {
      const wire = options + optBytes
      const end = wire + (wires >>> 16)
      decodeMessage(
        this.table.arena,
        wire,
        end,
        false,
        this.queryMessage,
        block.records,
        querySection,
      )
    }
  }

  private questionOfEntry(block: Block, row: number, base: number): void {
    const words = this.table.words
    const at = words[base + Field.arena]
    const names = words[base + Field.nameSizes]
    const end = at + (names & 0xffff)
    setQuestion(
      block,
      row,
      this.table.arena,
      at,
      end,
      words[base + Field.question],
      words[base + Field.questionHigh],
    )
    appendString(block.qnameRaw, this.table.arena, end, names >>> 16)
  }

  private noResponse(block: Block, row: number): void {
    block.responseTs[2 * row] = 0
    block.responseTs[2 * row + 1] = 0
    block.latencyUs[row] = 0
    block.responseFrame[2 * row] = 0
    block.responseFrame[2 * row + 1] = 0
    block.responseOffset[2 * row] = 0
    block.responseOffset[2 * row + 1] = 0
    block.responseFlags[row] = 0
    block.rcode[row] = noCode
    block.responseBytes[row] = 0
    block.responseEdnsSize[row] = 0
    block.digest[2 * row] = 0
    block.digest[2 * row + 1] = 0
    block.responseIpTtl[row] = 0
    block.responseIpId[row] = 0
    appendEmpty(block.edeText)
  }

  /** A query that is a row of its own: multicast, or malformed. */
  private loneQuery(
    block: Block,
    row: number,
    bytes: Uint8Array,
    packet: Packet,
    message: Message,
  ): void {
    this.noResponse(block, row)
    setTime(block.ts, row, packet.seconds, packet.nanoseconds)
    setWide(block.frame, row, packet.frame)
    setWide(block.offset, row, packet.offset)
    block.vlan[row] = 0
    block.vlanOuter[row] = 0
    setFlow(block, row, packet, 0, 4, packet.sourcePort, packet.destinationPort)
    block.queryIpTtl[row] = packet.ipTtl
    block.queryIpId[row] = packet.ipId
    block.id[row] = message.id
    block.queryFlags[row] = message.flags
    block.opcode[row] = message.opcode
    block.queryBytes[row] = message.size
    block.repeatInTtl[row] = 0
    block.tcpFollowup[row] = 0
    block.fragments[row] = packet.fragments
    block.ednsSize[row] = message.ednsSize
    block.ednsVersion[row] = message.ednsVersion
    block.isDnssecOk[row] = message.isDnssecOk ? 1 : 0
    queryOptions(block, bytes, message.optStart, message.optEnd)
    block.anomalies[2 * row] = message.anomalies | packet.anomalies
    const first = row === 0 ? 0 : block.recordEnd[2 * row - 2]
    for (let record = first; record < block.records.count; record++) {
      if (block.records.section[record] > 0) block.records.section[record] += querySection
    }
  }

  /** Keeps the first bytes of a message that does not parse; the answer's where both do not. */
  private raw(block: Block, base: number, bytes: Uint8Array | null, message: Message | null): void {
    if (message !== null && bytes !== null && (message.anomalies & malformedMask) !== 0) {
      appendString(block.raw, bytes, message.start, Math.min(message.size, rawLimit))
      return
    }
    if (base >= 0 && (this.table.words[base + Field.anomalies] & malformedMask) !== 0) {
      const words = this.table.words
      const names = words[base + Field.nameSizes]
      const wires = words[base + Field.wireSizes]
      const at = words[base + Field.arena] + (names & 0xffff) + (names >>> 16) + (wires & 0xffff)
      appendString(block.raw, this.table.arena, at, Math.min(wires >>> 16, rawLimit))
      return
    }
    appendEmpty(block.raw)
  }
}

const noBytes = new Uint8Array(0)

/** Text of records and raw copies in a block at most: a flood of answers made of pointers unfolds to 100 kB and more for each packet. */
const textLimit = 1 << 26

function textBytes(block: Block): number {
  return block.records.name.bytes.pos + block.records.data.bytes.pos + block.raw.bytes.pos
}

function responseSide(
  block: Block,
  row: number,
  bytes: Uint8Array,
  packet: Packet,
  message: Message,
): void {
  setTime(block.responseTs, row, packet.seconds, packet.nanoseconds)
  setWide(block.responseFrame, row, packet.frame)
  setWide(block.responseOffset, row, packet.offset)
  block.responseFlags[row] = message.flags
  block.rcode[row] = message.hasHeader ? message.rcode : noCode
  block.responseBytes[row] = message.size
  block.responseEdnsSize[row] = message.ednsSize
  block.digest[2 * row] = answerDigest.low
  block.digest[2 * row + 1] = answerDigest.high
  block.responseIpTtl[row] = packet.ipTtl
  block.responseIpId[row] = packet.ipId
  responseOptions(block, bytes, message.optStart, message.optEnd)
  block.anomalies[2 * row] |= message.anomalies | packet.anomalies
  // Near misses: what the answer's own packet says counts.
  setFlow(block, row, packet, 4, 0, packet.destinationPort, packet.sourcePort)
  block.id[row] = message.id
  block.opcode[row] = message.opcode
}

/** An answer without a query: the query's columns are empty. */
function loneResponse(block: Block, row: number, packet: Packet): void {
  setTime(block.ts, row, packet.seconds, packet.nanoseconds)
  setWide(block.frame, row, 0)
  setWide(block.offset, row, 0)
  block.latencyUs[row] = 0
  block.queryIpTtl[row] = 0
  block.queryIpId[row] = 0
  block.queryFlags[row] = 0
  block.queryBytes[row] = 0
  block.repeatInTtl[row] = 0
  block.tcpFollowup[row] = 0
  block.fragments[row] = packet.fragments
  block.ednsSize[row] = 0
  block.ednsVersion[row] = 0
  block.isDnssecOk[row] = 0
  block.vlan[row] = 0
  block.vlanOuter[row] = 0
  noOptions(block)
}

function setQuestion(
  block: Block,
  row: number,
  name: Uint8Array,
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
  const own = column.buf
  const at = column.pos - (end - start)
  findDomain(own, at, end - start)
  block.domain.set(row, own, at + domainFound.start, column.pos)
  block.tldListed[row] = domainFound.isListed ? 1 : 0
}

/** The tunnel as `vxlan:42`; only the kind where it has no id. */
function setTunnel(block: Block, tunnel: number, id: number): void {
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

function setFlow(
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
  // Many mirror ports tag one direction only: a missing tag leaves the query's.
  if (packet.vlan === 0 && packet.vlanOuter === 0) return
  block.vlan[row] = packet.vlan
  block.vlanOuter[row] = packet.vlanOuter
}

function setLatency(
  block: Block,
  row: number,
  words: Uint32Array,
  base: number,
  packet: Packet,
): void {
  const us =
    (packet.seconds - words[base + Field.seconds]) * 1e6 +
    (packet.nanoseconds - words[base + Field.nanoseconds]) / 1e3
  block.latencyUs[row] = us <= 0 ? 0 : us >= 0xffffffff ? 0xffffffff : Math.round(us)
}

/** Seconds and nanoseconds as one 64-bit count of nanoseconds, by parts that stay exact in a double. */
function setTime(column: Uint32Array, row: number, seconds: number, nanoseconds: number): void {
  const high = (seconds >>> 16) * 1e9
  const low = (seconds & 0xffff) * 1e9 + nanoseconds
  const middle = (high % 65_536) * 65_536 + low
  column[2 * row] = middle
  column[2 * row + 1] = Math.floor(high / 65_536) + Math.floor(middle / 4_294_967_296)
}

function setWide(column: Uint32Array, row: number, value: number): void {
  column[2 * row] = value
  column[2 * row + 1] = value / 4_294_967_296
}
