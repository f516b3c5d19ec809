// The answer's side of a row: out of the message just decoded, or empty.

import { type Message, noCode } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { answerDigest } from '../match/digest.ts'
import { Verdict } from '../match/verdict.ts'
import type { Block } from './block.ts'
import { noResponseOptions, responseOptions } from './options.ts'
import { setFlow, setGap, setTime, setVlan, subtractWide, wideAt } from './row-cells.ts'

/**
 * Everything the answer says; its records are in the block already, and so is the query's side: time and frame are kept as differences, and what
 * both have in common where the answer is the query's own is written once.
 */
export function answerSide(
  block: Block,
  row: number,
  bytes: Uint8Array,
  packet: Packet,
  message: Message,
): void {
  setTime(block.latencyNs, row, packet.seconds, packet.nanoseconds)
  subtractWide(block.latencyNs, block.ts, row)
  const frameGap = packet.frame - wideAt(block.frame, row)
  setGap(block.frameGap, row, frameGap)
  if (frameGap === 0) block.frameGap[2 * row + 1] = sameFrame
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
  block.opcode[row] = message.opcode
  if (block.match[row] === Verdict.answered) {
    setVlan(block, row, packet)
    return
  }
  // Near misses: what the answer's own packet says counts.
  setFlow(block, row, packet, 4, 0, packet.destinationPort, packet.sourcePort)
  block.id[row] = message.id
}

/** The columns of an answer that was not seen. */
export function noAnswer(block: Block, row: number): void {
  block.latencyNs[2 * row] = 0
  block.latencyNs[2 * row + 1] = 0
  block.frameGap[2 * row] = 0
  block.frameGap[2 * row + 1] = 0
  block.responseFlags[row] = 0
  block.rcode[row] = noCode
  block.responseBytes[row] = 0
  block.responseEdnsSize[row] = 0
  block.digest[2 * row] = 0
  block.digest[2 * row + 1] = 0
  block.responseIpTtl[row] = 0
  block.responseIpId[row] = 0
  noResponseOptions(block)
}

/** High word of a frame gap that says: the answer has the number of its query, which happens when they lie in two files of one rotation. */
const sameFrame = 0x80000000
