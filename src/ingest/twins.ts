// Twins of a capture as a worse vantage would have taken it: with losses, copies, one direction, a wrong clock, or out of order.

import { openCapture } from './capture/capture.ts'
import { type CapturedPacket, pcapngFile } from './capture/pcapng-writer.ts'
import { Layers } from './decode/layers.ts'

/** The ways to be worse. */
export const twinKinds = [
  'lossy',
  'duplicated',
  'queries only',
  'answers only',
  'answers early',
  'answers late',
  'reordered',
] as const
export type TwinKind = (typeof twinKinds)[number]

/** A packet with the direction of the message it completed. */
export interface SeenPacket extends CapturedPacket {
  completes: 'query' | 'answer' | 'nothing'
}

/** Bytes of packets that are held: twins are made in memory. */
const mostBytes = 512 * 1024 * 1024

/** The packets of a capture; null where it is too large to be held. SourceError when it cannot be read. */
export async function packetsOf(
  path: string,
  ports: readonly number[],
): Promise<SeenPacket[] | null> {
  const capture = await openCapture(path)
  const packets: SeenPacket[] = []
  const layers = new Layers(ports, (bytes, { frame, payloadStart, payloadEnd }) => {
    const seen = packets[frame - 1]
    if (seen === undefined || payloadEnd - payloadStart < 3) return
    seen.completes = (bytes[payloadStart + 2] & 0x80) === 0 ? 'query' : 'answer'
  })
  let held = 0
  try {
    for await (const batch of capture.batches()) {
      for (let i = 0; i < batch.count; i++) {
        const start = batch.start[i]
        held += batch.captured[i]
        if (held > mostBytes) return null
        packets.push({
          seconds: batch.seconds[i],
          nanoseconds: batch.nanoseconds[i],
          bytes: batch.bytes.slice(start, start + batch.captured[i]),
          original: batch.original[i],
          link: batch.link[i],
          completes: 'nothing',
        })
        layers.decode(batch, i)
      }
    }
    layers.finish()
  } finally {
    await capture.close()
  }
  return packets
}

/** The twin as a capture file; the same bytes in every run. */
export function twinOf(packets: readonly SeenPacket[], kind: TwinKind): Uint8Array {
  return pcapngFile(changed(packets, kind))
}

function changed(packets: readonly SeenPacket[], kind: TwinKind): SeenPacket[] {
  switch (kind) {
    case 'lossy':
      return packets.filter((_, i) => drawOf(i) >= 0.05)
    case 'duplicated':
      return packets.flatMap((packet) => [packet, later(packet, 50_000)])
    case 'queries only':
      return packets.filter(({ completes }) => completes !== 'answer')
    case 'answers only':
      return packets.filter(({ completes }) => completes !== 'query')
    case 'answers early':
      return withAnswersMoved(packets, -1)
    case 'answers late':
      return withAnswersMoved(packets, 1)
    case 'reordered':
      return reordered(packets)
    default:
      return kind satisfies never
  }
}

/** Answers with another clock's time, among the rest as a merge by time puts them. */
function withAnswersMoved(packets: readonly SeenPacket[], seconds: number): SeenPacket[] {
  return packets
    .map((packet) =>
      packet.completes === 'answer' && packet.seconds + seconds >= 0
        ? { ...packet, seconds: packet.seconds + seconds }
        : packet,
    )
    .toSorted((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds)
}

function reordered(packets: readonly SeenPacket[]): SeenPacket[] {
  const result: SeenPacket[] = []
  for (let at = 0; at < packets.length; ) {
    let end = at + 1
    while (end < packets.length && end < at + 8 && gapNs(packets[at], packets[end]) <= 5_000_000) {
      end++
    }
    const group = packets.slice(at, end).map((packet, i) => ({ packet, draw: drawOf(at + i) }))
    result.push(...group.toSorted((a, b) => a.draw - b.draw).map(({ packet }) => packet))
    at = end
  }
  return result
}

function gapNs(from: SeenPacket, to: SeenPacket): number {
  return Math.abs((to.seconds - from.seconds) * 1e9 + to.nanoseconds - from.nanoseconds)
}

function later(packet: SeenPacket, nanoseconds: number): SeenPacket {
  const moved = packet.nanoseconds + nanoseconds
  return moved < 1e9
    ? { ...packet, nanoseconds: moved }
    : { ...packet, seconds: packet.seconds + 1, nanoseconds: moved - 1e9 }
}

/** A number from 0 to 1 that depends on the packet's place alone (the finalizer of MurmurHash3). */
function drawOf(index: number): number {
  let hash = (index + 1) * 0x9e37_79b1
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
