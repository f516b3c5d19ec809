// The decoding baseline as a program: counts the messages of a capture with pcap-parser and dns-packet. Arguments: file, packets.

import { datagramOf, decode, parseCapture } from './baseline.ts'

const counts = { packets: 0, query: 0, response: 0, malformed: 0 }
const limit = Number(process.argv[3])
const parser = parseCapture(process.argv[2])
parser.on('packet', ({ data }) => {
  if (counts.packets === limit) return
  counts.packets++
  const datagram = datagramOf(data)
  if (datagram === undefined) return
  try {
    counts[decode(datagram.payload).type]++
  } catch {
    counts.malformed++
  }
  if (counts.packets === limit) report()
})
parser.on('end', report)

function report(): void {
  process.stdout.write(`${JSON.stringify(counts)}\n`)
  process.exit()
}
