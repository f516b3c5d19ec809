// Test helper: a large capture fast: one query and one answer, stamped out with another id, time and name each.

import { closeSync, openSync, writeSync } from 'node:fs'
import { pcapFile } from '../samples/make/capture.ts'
import { ethernet, udpPacket } from '../samples/make/frame.ts'
import { encodeMessage } from '../samples/make/message.ts'
import { address } from '../samples/make/records.ts'

/** Writes a pcap of `exchanges` queries, each answered 100 µs later, all names different; a new second every thousand. */
export function writeManyExchanges(path: string, exchanges: number): void {
  const empty = pcapFile([])
  const pair = pcapFile([packet(false), packet(true)]).subarray(empty.length)
  const stamp = Buffer.from(pair)
  const answerAt = 16 + stamp.readUInt32LE(8)
  const nameOffset = stamp.indexOf('n0000000')
  const perWrite = 4096
  const file = openSync(path, 'w')
  try {
    writeSync(file, empty)
    const bytes = Buffer.alloc(perWrite * stamp.length)
    for (let done = 0; done < exchanges; done += perWrite) {
      const count = Math.min(perWrite, exchanges - done)
      for (let i = 0; i < count; i++) {
        const at = i * stamp.length
        stamp.copy(bytes, at)
        for (const [start, micros] of [
          [at, 0],
          [at + answerAt, 100],
        ]) {
          const number = done + i
          bytes.writeUInt32LE(firstSecond + Math.floor(number / 1000), start)
          bytes.writeUInt32LE((number % 1000) * 1000 + micros, start + 4)
          // No checksum (RFC 768), and the id is the first field of the message.
          bytes.writeUInt16BE(0, start + messageOffset - 2)
          bytes.writeUInt16BE(number & 0xffff, start + messageOffset)
          bytes.write(String(number).padStart(7, '0'), start + nameOffset + 1, 'latin1')
        }
      }
      writeSync(file, bytes, 0, count * stamp.length)
    }
  } finally {
    closeSync(file)
  }
}

const firstSecond = 1_770_000_000
// Record header, Ethernet, IPv4, UDP.
const messageOffset = 16 + 14 + 20 + 8

function packet(response: boolean) {
  const name = 'n0000000.example.org'
  const answers = response ? [address(name, 300, '192.0.2.80')] : []
  const ends = [
    { address: '192.0.2.7', port: 40_000 },
    { address: '192.0.2.53', port: 53 },
  ]
  if (response) ends.reverse()
  const payload = encodeMessage({ id: 0, response, questions: [{ name, type: 'A' }], answers })
  const bytes = ethernet(udpPacket(ends[0], ends[1], payload, { ttl: 64, id: 1 }))
  return { seconds: firstSecond, nanoseconds: 0, bytes }
}
