// How fast do packets become messages, with every name and record in presentation form?

import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { markRecords, type RecordMark, Records, rollBack } from '../src/ingest/decode/records.ts'
import { decode } from './baseline.ts'
import { alternate, type Bench, compare } from './bench.ts'
import { runNode } from './child.ts'
import { countPackets, eachMessage, loadPackets } from './packets.ts'

/** Decoding in memory beside dns-packet, and `decode --count` as a program beside pcap-parser with dns-packet. */
export const decodeBench: Bench = {
  name: 'decode',
  asks: 'How fast do packets become messages, with every name and record decoded?',
  fairness:
    'In memory, dns-packet is handed its payloads; ours finds them in the frames as well. Programs are timed from start to exit, start-up of Node included.',
  async run({ capture, packets }) {
    const batches = loadPackets({ capture, packets: Math.min(packets, 65_536) })
    const count = countPackets(batches)
    const message = new Message()
    const records = new Records(1024)
    const none: RecordMark = { count: 0, namePosition: 0, dataPosition: 0 }
    markRecords(records, none)
    const payloads: Buffer[] = []
    eachMessage(batches, (bytes, packet) => {
      payloads.push(
        Buffer.from(bytes.buffer, packet.payloadStart, packet.payloadEnd - packet.payloadStart),
      )
    })
    const inMemory = await compare(
      [
        {
          label: 'in memory: overhear',
          packets: count,
          baseline: 'in memory: dns-packet',
          work: () =>
            eachMessage(batches, (bytes, packet) => {
              rollBack(records, none)
              const { payloadStart, payloadEnd, service } = packet
              decodeMessage(bytes, payloadStart, payloadEnd, service !== 0, message, records, 0)
            }),
        },
        {
          label: 'in memory: dns-packet',
          packets: count,
          work: () => {
            for (const payload of payloads) decode(payload)
          },
        },
      ],
      5,
    )
    const programs = await alternate(
      [
        {
          label: 'program: overhear decode --count',
          packets,
          baseline: 'program: pcap-parser + dns-packet',
          work: () => runNode(['dist/cli.js', 'decode', '--count', capture]),
        },
        {
          label: 'program: pcap-parser + dns-packet',
          packets,
          work: () =>
            runNode(['--import', 'tsx', 'bench/baseline-decode.ts', capture, String(packets)]),
        },
      ],
      3,
    )
    return [...inMemory, ...programs]
  },
}
