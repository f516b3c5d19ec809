// A capture's packets in memory, as the decoder takes them: for benches that must not wait for a disk.

import { readFileSync } from 'node:fs'
import { batchPackets, PacketBatch } from '../src/ingest/capture/packets.ts'
import { PcapState, walkPcap } from '../src/ingest/capture/pcap.ts'
import { Layers } from '../src/ingest/decode/layers.ts'
import type { Packet } from '../src/ingest/decode/packet.ts'
import type { TakeMessage } from '../src/ingest/decode/direction.ts'
import { datagramOf, decode, type Seen } from './baseline.ts'
import type { Setting } from './bench.ts'

/** Batches over one buffer with the whole capture, `setting.packets` packets at most. */
export function loadPackets({ capture, packets }: Setting): PacketBatch[] {
  const bytes = new Uint8Array(readFileSync(capture))
  const state = new PcapState()
  const batches: PacketBatch[] = []
  let at = 0
  for (let left = packets; left > 0; left -= batchPackets) {
    const batch = new PacketBatch()
    batch.bytes = bytes
    batch.firstFrame = 1 + batches.length * batchPackets
    at = walkPcap(bytes, at, bytes.length, batch, state)
    batch.count = Math.min(batch.count, left)
    if (batch.count === 0) break
    batches.push(batch)
  }
  return batches
}

/** Packets of all batches. */
export function countPackets(batches: readonly PacketBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.count, 0)
}

/** Runs `take` for every DNS message; returns the last packet, whose time ends the capture. */
export function eachMessage(batches: readonly PacketBatch[], take: TakeMessage): Packet {
  const layers = new Layers([], take)
  for (const batch of batches) decodeBatch(layers, batch)
  layers.finish()
  return layers.packet
}

/** Takes one batch through the layers below DNS. */
export function decodeBatch(layers: Layers, batch: PacketBatch): void {
  for (let i = 0; i < batch.count; i++) layers.decode(batch, i)
}

/** The same packets as the baseline knows them: addresses as strings, messages as objects. */
export function baselineMessages(batches: readonly PacketBatch[]): Seen[] {
  const seen: Seen[] = []
  for (const batch of batches) {
    for (let i = 0; i < batch.count; i++) {
      const frame = Buffer.from(batch.bytes.buffer, batch.start[i], batch.captured[i])
      const datagram = datagramOf(frame)
      if (datagram === undefined) continue
      const timeUs = batch.seconds[i] * 1e6 + Math.floor(batch.nanoseconds[i] / 1000)
      try {
        seen.push({ timeUs, datagram, message: decode(datagram.payload) })
      } catch {
        // A message with one bad record is lost to the baseline.
      }
    }
  }
  return seen
}
