// The decoding half alone: a capture's messages one after another, without a store; what `overhear decode` and oracles read.

import type { Capture } from './capture/capture.ts'
import { type MessageJson, messageJson } from './decode/json.ts'
import { Layers } from './decode/layers.ts'
import { Mirror } from './decode/mirror.ts'
import { decodeMessage, Message } from './decode/message.ts'
import { Records, rollBack } from './decode/records.ts'

/** What decoding a capture counted. */
export interface DecodeCounts {
  packets: number
  /** Where every packet went. */
  layers: Layers
  messages: { query: number; response: number; malformed: number }
}

/** How a capture is decoded. */
export interface DecodeOptions {
  /** Called once a batch with the packets taken so far. */
  onBatch?: (packets: number) => void
  /** False drops the frames that a mirror delivers twice. */
  keepDuplicates?: boolean
}

/**
 * Decodes a capture to its end. Messages are handed to `take` in batches of JSON objects, in capture order; without `take` they are only
 * counted, fully decoded all the same.
 */
export async function decodeCapture(
  capture: Capture,
  ports: readonly number[],
  take?: (messages: MessageJson[]) => Promise<void> | void,
  { onBatch, keepDuplicates = true }: DecodeOptions = {},
): Promise<DecodeCounts> {
  const message = new Message()
  const records = new Records(1024)
  const messages = { query: 0, response: 0, malformed: 0 }
  const batchMessages: MessageJson[] = []
  const layers = new Layers(
    ports,
    (bytes, packet) => {
      rollBack(records, start)
      const { payloadStart, payloadEnd, service } = packet
      decodeMessage(bytes, payloadStart, payloadEnd, service !== 0, message, records, 0)
      if (!message.isQuestionReadable) messages.malformed++
      else if (message.isResponse) messages.response++
      else messages.query++
      if (take !== undefined) batchMessages.push(messageJson(packet, message, records, bytes))
    },
    keepDuplicates ? null : new Mirror(),
  )
  const counts: DecodeCounts = { packets: 0, layers, messages }
  for await (const batch of capture.batches()) {
    if (batch.firstFrame === 1) layers.lookAhead(batch)
    for (let i = 0; i < batch.count; i++) layers.decode(batch, i)
    counts.packets += batch.count
    if (take !== undefined) await take(batchMessages.splice(0))
    onBatch?.(counts.packets)
  }
  layers.finish()
  if (take !== undefined) await take(batchMessages)
  return counts
}

const start = { count: 0, namePosition: 0, dataPosition: 0 }
