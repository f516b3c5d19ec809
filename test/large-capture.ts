// Test helper: a capture of any size with a bit of everything, the same for the same seed.

import { writeFileSync } from 'node:fs'
import { pcapFile, type TimedPacket } from '../samples/make/capture.ts'
import { ethernet, udpPacket } from '../samples/make/frame.ts'
import { encodeMessage, type Message } from '../samples/make/message.ts'
import { Random } from '../samples/make/random.ts'
import { address, nameRecord } from '../samples/make/records.ts'

/** Writes a pcap of about `exchanges` times two packets, 3 ms apart: answers, silence, repeats, forgeries and broken messages. */
export function writeLargeCapture(path: string, exchanges: number, seed = 1): void {
  const random = new Random(seed)
  const packets: TimedPacket[] = []
  let millis = 1_750_000_000_000
  const send = (message: Message, client: number, port: number, cut?: number) => {
    const endpoints = [
      { address: `192.0.2.${client}`, port },
      { address: '198.51.100.53', port: 53 },
    ]
    if (message.response === true) endpoints.reverse()
    const payload = encodeMessage(message).subarray(0, cut)
    const ip = udpPacket(endpoints[0], endpoints[1], payload, { ttl: 64, id: packets.length })
    millis += 3
    const nanoseconds = (millis % 1000) * 1_000_000
    packets.push({ seconds: Math.floor(millis / 1000), nanoseconds, bytes: ethernet(ip) })
  }
  for (let i = 0; i < exchanges; i++) {
    const name = `${random.text(8, 'abcdefgh')}.zone-${random.integer(0, 300)}.example.com`
    const client = random.integer(1, 200)
    const port = random.integer(1024, 65_536)
    const query: Message = {
      id: random.integer(0, 65_536),
      rd: true,
      questions: [{ name, type: random.pick(['A', 'AAAA', 'TXT'] as const) }],
    }
    const ttl = random.integer(1, 3600)
    const answers = [
      nameRecord('CNAME', name, ttl, `edge.${name}`),
      address(`edge.${name}`, ttl, `203.0.113.${random.integer(1, 255)}`),
    ]
    const answer: Message = { ...query, response: true, ra: true, answers }
    send(query, client, port)
    if (random.chance(0.03)) send(query, client, port)
    if (random.chance(0.02)) send({ ...answer, id: query.id ^ 1 }, client, port)
    if (random.chance(0.02)) send(answer, client, port, random.integer(0, 40))
    if (random.chance(0.9)) send(answer, client, port)
    if (random.chance(0.02)) send({ ...answer, answers: [] }, client, port)
  }
  writeFileSync(path, pcapFile(packets))
}
