// Clients of the hijack lab: asks what it is told on its input, from the addresses it is told, and says how that went.

import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

/** One line of input; the line of output is the number and the response code, or `timeout`. */
export interface Asked {
  number: number
  client: string
  resolver: string
  name: string
  type: string
}

const types: Record<string, number> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  DS: 43,
  DNSKEY: 48,
  CAA: 257,
}

const patienceMs = 5000

for await (const line of createInterface({ input: process.stdin })) {
  void ask(JSON.parse(line) as Asked)
}

function ask({ number, client, resolver, name, type }: Asked): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const finish = (result: string) => {
      clearTimeout(timer)
      socket.close()
      process.stdout.write(`${number} ${result}\n`)
      resolve()
    }
    const timer = setTimeout(() => finish('timeout'), patienceMs)
    socket.once('message', (answer) => finish(String((answer[3] ?? 0) & 15)))
    socket.once('error', (error) => finish(error.message))
    socket.bind(0, client, () => {
      socket.send(question((number * 40503) & 0xffff, name, type), 53, resolver)
    })
  })
}

/** RFC 1035 section 4.1, recursion desired, without EDNS. */
function question(id: number, name: string, type: string): Buffer {
  const labels = name.split('.').map((label) => `${String.fromCharCode(label.length)}${label}`)
  const message = Buffer.alloc(12)
  message.writeUInt16BE(id, 0)
  message.writeUInt16BE(0x0100, 2)
  message.writeUInt16BE(1, 4)
  const tail = Buffer.alloc(5)
  tail.writeUInt16BE(types[type] ?? 1, 1)
  tail.writeUInt16BE(1, 3)
  return Buffer.concat([message, Buffer.from(labels.join(''), 'latin1'), tail])
}
