// The forger of the hijack lab: sends the datagrams it is told on its input, from any address of the servers, for its namespace has them all.

import { createSocket, type Socket } from 'node:dgram'
import { createInterface } from 'node:readline'

/** One line of input; when all are sent a line with the number goes out. */
export interface Forged {
  number: number
  from: string
  to: string
  datagrams: { port: number; hex: string }[]
}

const sockets = new Map<string, Promise<Socket>>()

for await (const line of createInterface({ input: process.stdin })) {
  const { number, from, to, datagrams } = JSON.parse(line) as Forged
  const socket = await bound(from)
  for (const [n, { port, hex }] of datagrams.entries()) {
    // More at once and the capture loses some.
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => socket.send(Buffer.from(hex, 'hex'), port, to, resolve))
  }
  process.stdout.write(`${number}\n`)
}
for (const socket of sockets.values()) (await socket).close()

function bound(address: string): Promise<Socket> {
  const known = sockets.get(address)
  if (known !== undefined) return known
  const opened = new Promise<Socket>((resolve) => {
    const socket = createSocket('udp4')
    // Whatever comes back is for the real server.
    socket.on('error', () => {})
    socket.bind(53, address, () => resolve(socket))
  })
  sockets.set(address, opened)
  return opened
}
