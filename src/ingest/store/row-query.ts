// The query's side of a row: out of the match table, out of a message that is a row of its own, or empty.

import { appendString } from '../../database/native.ts'
import { decodeMessage, type Message } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { querySection } from '../decode/records.ts'
import { Field, type Table } from '../match/table.ts'
import type { Block } from './block.ts'
import { noOptions, queryOptions } from './options.ts'
import { setFlow, setQuestion, setTime, setWide } from './row-cells.ts'

/** Everything the table kept of the query; its own records are decoded again, into `message`, from its kept bytes. */
export function querySide(
  block: Block,
  row: number,
  table: Table,
  base: number,
  message: Message,
): void {
  const words = table.words
  setTime(block.ts, row, words[base + Field.seconds], words[base + Field.nanoseconds])
  block.frame[2 * row] = words[base + Field.frame]
  block.frame[2 * row + 1] = words[base + Field.frameHigh]
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
  queryOptions(block, table.arena, options, options + optBytes)
  if (wires >>> 16 > 0 && block.attempts[row] > 0) {
    const wire = options + optBytes
    const end = wire + (wires >>> 16)
    decodeMessage(table.arena, wire, end, false, message, block.records, querySection)
  }
}

/** Name, type and class as the query at `base` asked. */
export function questionOfEntry(block: Block, row: number, table: Table, base: number): void {
  const words = table.words
  const at = words[base + Field.arena]
  const names = words[base + Field.nameSizes]
  const end = at + (names & 0xffff)
  setQuestion(
    block,
    row,
    table.arenaView,
    at,
    end,
    words[base + Field.question],
    words[base + Field.questionHigh],
  )
  appendString(block.qnameRaw, table.arenaView, end, names >>> 16)
}

/** A query that is a row of its own: multicast, or malformed. */
export function loneQuery(
  block: Block,
  row: number,
  bytes: Uint8Array,
  packet: Packet,
  message: Message,
): void {
  setTime(block.ts, row, packet.seconds, packet.nanoseconds)
  setWide(block.frame, row, packet.frame)
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

/** An answer without a query: the query's columns are empty. */
export function noQuery(block: Block, row: number, packet: Packet): void {
  setTime(block.ts, row, packet.seconds, packet.nanoseconds)
  setWide(block.frame, row, 0)
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
