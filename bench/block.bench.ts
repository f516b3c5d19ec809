// How fast do exchanges become what an INSERT takes?

import { Message } from '../src/ingest/decode/message.ts'
import { Packet } from '../src/ingest/decode/packet.ts'
import { Matcher } from '../src/ingest/match/match.ts'
import { encodeBlock } from '../src/ingest/store/encode.ts'
import { RowWriter } from '../src/ingest/store/rows.ts'
import { MapMatcher, type Seen } from './baseline.ts'
import { rowOf } from './baseline-rows.ts'
import { type Bench, compare } from './bench.ts'
import { baselineMessages, eachMessage, loadPackets } from './packets.ts'

/** Rows and Native blocks beside objects and JSON.stringify. */
export const blockBench: Bench = {
  name: 'block',
  asks: 'How fast do matched exchanges become what an INSERT takes?',
  fairness:
    'Exchanges are ready on both sides; rates are rows per second. Our rows have twice the columns (block.ts; baseline-rows.ts has 26); both hold every record and find the registrable domain.',
  async run({ capture }) {
    const exchanges = ours(capture)
    const pairs = pairsOf(capture)
    return compare(
      [
        {
          label: 'overhear: columns of a Native block',
          packets: exchanges.rows,
          baseline: 'JSON.stringify for JSONEachRow',
          work: exchanges.write,
        },
        {
          label: 'JSON.stringify for JSONEachRow',
          packets: pairs.length,
          work: () => {
            const lines = pairs.map(([query, response]) => JSON.stringify(rowOf(query, response)))
            return Buffer.from(lines.join('\n'))
          },
        },
      ],
      7,
    )
  },
}

const benchPackets = 32_768

/** Remembers each call of `append`, so that it can be repeated with the records already in place. */
function ours(capture: string) {
  const writer = new RowWriter(benchPackets)
  const matcher = new Matcher({
    get records() {
      return writer.records
    },
    append(verdict, base, queryMessages, bytes, packet, message) {
      const records = writer.records.count
      const kept = [packet && copyPacket(packet), message && copyMessage(message)] as const
      calls.push(() => {
        writer.records.count = records
        writer.append(verdict, base, queryMessages, bytes, ...kept)
      })
      writer.append(verdict, base, queryMessages, bytes, packet, message)
    },
  })
  const calls: (() => void)[] = []
  writer.table = matcher.table
  const message = new Message()
  const batches = loadPackets({ capture, packets: benchPackets })
  eachMessage(batches, (bytes, packet) => matcher.take(bytes, packet, message))
  const { block } = writer
  const names = block.records.name.bytes.pos
  const datas = block.records.data.bytes.pos
  const write = () => {
    block.clear()
    block.records.name.bytes.pos = names
    block.records.data.bytes.pos = datas
    for (const call of calls) call()
    return encodeBlock(block, { capture: 'bench', sensor: '' })
  }
  return { rows: calls.length, write }
}

function pairsOf(capture: string): [Seen | undefined, Seen | undefined][] {
  const pairs: [Seen | undefined, Seen | undefined][] = []
  const matcher = new MapMatcher((query, response) => pairs.push([query, response]))
  const batches = loadPackets({ capture, packets: benchPackets })
  for (const seen of baselineMessages(batches)) matcher.add(seen)
  return pairs
}

function copyPacket(packet: Packet): Packet {
  const { addresses, ...rest } = packet
  const copy = Object.assign(new Packet(), rest)
  copy.addresses.set(addresses)
  return copy
}

function copyMessage(message: Message): Message {
  const { qname, qnameRaw, ...rest } = message
  const copy = Object.assign(new Message(), rest)
  for (const [from, to] of [
    [qname, copy.qname],
    [qnameRaw, copy.qnameRaw],
  ]) {
    to.buf.set(from.buf)
    to.pos = from.pos
  }
  return copy
}
