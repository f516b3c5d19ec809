// An exchange becomes a row: what the match table kept of the query and what the answer says, straight into the columns of a block.

import { appendEmpty, appendString } from '../../database/native.ts'
import { Message, noCode } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import type { Records } from '../decode/records.ts'
import type { ExchangeSink } from '../match/match.ts'
import { Field, type Table } from '../match/table.ts'
import { Block } from './block.ts'
import { answerSide, noAnswer } from './row-answer.ts'
import { setQuestion, setRaw, setTopBits, setTunnel } from './row-cells.ts'
import { loneQuery, noQuery, questionOfEntry, querySide } from './row-query.ts'

/** Fills blocks with rows; full ones wait in `full` until the pipeline has stored them and gives them back with `recycle`. */
export class RowWriter implements ExchangeSink {
  private current: Block | null = null
  /** Full blocks, oldest first. */
  readonly full: Block[] = []
  /** The match table that row positions refer to; set before the first row. */
  table!: Table
  private readonly spare: Block[] = []
  private readonly capacity: number
  private readonly queryMessage = new Message()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** The block being filled. Taken when it is asked for, so that one is enough where each is stored as soon as it is full. */
  get block(): Block {
    return (this.current ??= this.spare.pop() ?? new Block(this.capacity))
  }

  get records(): Records {
    return this.block.records
  }

  /** Takes a stored block back for reuse. */
  recycle(block: Block): void {
    block.clear()
    this.spare.push(block)
  }

  /** Forgets the rows so far: what they belong to was given up. */
  discard(): void {
    this.block.clear()
    for (const block of this.full.splice(0)) this.recycle(block)
  }

  /** Moves the rows so far to `full`, however few they are. */
  flush(): void {
    if (this.block.rows === 0) return
    this.full.push(this.block)
    this.current = null
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
    const own = packet === null ? 0 : packet.capture
    block.capture[row] = base < 0 ? own : this.table.words[base + Field.capture]
    block.responseCapture[row] = packet === null ? block.capture[row] : own
    block.attempts[row] = queryMessages
    block.anomalies[2 * row] = 0
    block.anomalies[2 * row + 1] = 0
    const { table } = this
    if (base >= 0) querySide(block, row, table, base, this.queryMessage)
    if (message === null || packet === null || bytes === null) {
      noAnswer(block, row)
    } else if (message.isResponse) {
      if (base < 0) noQuery(block, row, packet)
      answerSide(block, row, bytes, packet, message)
      if (base >= 0) {
        block.fragments[row] += packet.fragments
      }
    } else {
      noAnswer(block, row)
      loneQuery(block, row, bytes, packet, message)
    }
    if (message !== null && message.questions + message.qname.pos > 0) {
      setQuestion(
        block,
        row,
        message.qname.view,
        0,
        message.qname.pos,
        message.qtype,
        message.qclass,
      )
      appendString(block.qnameRaw, message.qnameRaw.view, 0, message.qnameRaw.pos)
    } else if (base >= 0) {
      questionOfEntry(block, row, table, base)
    } else {
      setQuestion(block, row, noBytes, 0, 0, noCode, noCode)
      appendEmpty(block.qnameRaw)
    }
    if (packet !== null) setTunnel(block, packet.tunnel, packet.tunnelId)
    else setTunnel(block, table.words[base + Field.tunnel], table.words[base + Field.tunnelId])
    setRaw(block, table, base, bytes, message)
    block.recordEnd[2 * row] = block.records.count
    block.ednsOptions.end[2 * row] = block.ednsOptions.count
    block.responseEdnsOptions.end[2 * row] = block.responseEdnsOptions.count
    block.ede.end[2 * row] = block.ede.count
    if (message !== null && message.topBitCount > 0) setTopBits(block, message)
    else appendEmpty(block.classTopBits)
    block.rows++
    if (block.rows === this.capacity || textBytes(block) > textLimit) this.flush()
  }
}

const noBytes = new DataView(new ArrayBuffer(0))

/** Text of records, options and raw copies in a block at most: a flood of answers made of pointers unfolds to 100 kB and more for each packet. */
const textLimit = 1 << 26

function textBytes(block: Block): number {
  const { records, raw, ednsOptionText, responseEdnsOptionText } = block
  const options = ednsOptionText.bytes.pos + responseEdnsOptionText.bytes.pos
  return records.name.bytes.pos + records.data.bytes.pos + raw.bytes.pos + options
}
