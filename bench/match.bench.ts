// How fast are queries and answers paired?

import type { PacketBatch } from '../src/ingest/capture/packets.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { Records } from '../src/ingest/decode/records.ts'
import { type ExchangeSink, Matcher } from '../src/ingest/match/match.ts'
import { MapMatcher, type Seen } from './baseline.ts'
import { alternate, type Bench, type Figure } from './bench.ts'
import { baselineMessages, countPackets, eachMessage, loadPackets } from './packets.ts'

/** The match table beside a Map of objects keyed by strings. */
export const matchBench: Bench = {
  name: 'match',
  asks: 'How fast are queries and answers paired?',
  fairness:
    'Our matcher decodes on the way, so it is timed with decoding, and decoding is timed alone to be taken off. ' +
    'Ours also finds near misses, repeats inside the TTL and differing second answers; the Map does not.',
  async run(setting) {
    const batches = loadPackets({ ...setting, packets: Math.min(setting.packets, 262_144) })
    const packets = countPackets(batches)
    const [both, decode] = await alternate(
      [
        {
          label: 'decode and match: overhear',
          packets,
          baseline: 'decode and match: dns-packet and a Map',
          work: () => match(batches),
        },
        { label: 'decode alone: overhear', packets, work: () => decodeAll(batches) },
      ],
      7,
    )
    // Only now, because the collector would go over these many objects during our runs as well.
    const ready = baselineMessages(batches)
    const maps = await alternate(
      [
        {
          label: 'decode and match: dns-packet and a Map',
          packets,
          work: () => mapMatch(baselineMessages(batches)),
        },
        { label: 'match alone: a Map keyed by strings', packets, work: () => mapMatch(ready) },
      ],
      5,
    )
    return [difference(both, decode), both, decode, ...maps]
  },
}

function difference(both: Figure, decode: Figure): Figure {
  const rate = 1 / (1 / both.rate - 1 / decode.rate)
  return {
    label: 'match alone: overhear (difference)',
    rate,
    slowest: rate,
    fastest: rate,
    runs: 1,
    baseline: 'match alone: a Map keyed by strings',
  }
}

/** Takes rows and forgets them. */
class Discard implements ExchangeSink {
  readonly records = new Records(1024)
  append(): void {
    clear(this.records)
  }
}

/** Decodes and matches; exchanges are forgotten. */
export function match(batches: readonly PacketBatch[]): void {
  const matcher = new Matcher(new Discard())
  const message = new Message()
  const { seconds, nanoseconds } = eachMessage(batches, (bytes, packet) =>
    matcher.take(bytes, packet, message),
  )
  matcher.finish(seconds, nanoseconds)
}

function mapMatch(seen: readonly Seen[]): number {
  let exchanges = 0
  const matcher = new MapMatcher(() => exchanges++)
  for (const each of seen) matcher.add(each)
  matcher.finish()
  return exchanges
}

/** Decodes every message; records are forgotten. */
export function decodeAll(batches: readonly PacketBatch[]): void {
  const records = new Records(1024)
  const message = new Message()
  eachMessage(batches, (bytes, packet) => {
    clear(records)
    const { payloadStart, payloadEnd, service } = packet
    decodeMessage(bytes, payloadStart, payloadEnd, service !== 0, message, records, 0)
  })
}

function clear(records: Records): void {
  records.count = 0
  records.name.bytes.pos = 0
  records.data.bytes.pos = 0
}
