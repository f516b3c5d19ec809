// The decoding half alone: a capture's messages one after another, without a store; what `overhear decode` and oracles read.

import type { Capture } from './capture/capture.ts'
import { Bin, binNames } from './decode/bins.ts'
import { type MessageJson, messageJson } from './decode/json.ts'
import { decodeMessage, Message } from './decode/message.ts'
import { decodePacket, Packet, portTable } from './decode/packet.ts'
import { Records, rollBack } from './decode/records.ts'

/** What decoding a capture counted. */
export interface DecodeCounts {
  packets: number
  /** Packets by bin number. */
  bins: Float64Array
  unreadLinks: Map<number, number>
  messages: { query: number; response: number; malformed: number }
}

/**
 * Decodes a capture to its end. Messages are handed to `take` in batches of JSON objects, in capture order; without `take` they are only
 * counted, fully decoded all the same.
 */
export async function decodeCapture(
  capture: Capture,
  ports: readonly number[],
  take?: (messages: MessageJson[]) => Promise<void> | void,
  onBatch?: (packets: number) => void,
): Promise<DecodeCounts> {
  const table = portTable(ports)
  const packet = new Packet()
  const message = new Message()
  const records = new Records(1024)
  const counts: DecodeCounts = {
    packets: 0,
    bins: new Float64Array(binNames.length),
    unreadLinks: new Map(),
    messages: { query: 0, response: 0, malformed: 0 },
  }
  for await (const batch of capture.batches()) {
    const messages: MessageJson[] = []
    for (let i = 0; i < batch.count; i++) {
      const bin = decodePacket(batch, i, table, packet)
      counts.bins[bin]++
      if (bin === Bin.linkType) {
        counts.unreadLinks.set(batch.link[i], (counts.unreadLinks.get(batch.link[i]) ?? 0) + 1)
      }
      if (bin !== Bin.dns) continue
      rollBack(records, start)
      const { payloadStart, payloadEnd, service } = packet
      decodeMessage(batch.bytes, payloadStart, payloadEnd, service !== 0, message, records, 0)
      if (!message.isQuestionReadable) counts.messages.malformed++
      else if (message.isResponse) counts.messages.response++
      else counts.messages.query++
      if (take !== undefined) messages.push(messageJson(packet, message, records, batch.bytes))
    }
    counts.packets += batch.count
    if (take !== undefined) await take(messages)
    onBatch?.(counts.packets)
  }
  return counts
}

const start = { count: 0, namePosition: 0, dataPosition: 0 }
