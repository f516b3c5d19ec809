// Test helper: a line to a server that breaks, stalls and is answered by others, by seeded chance; and one that speaks TLS.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Random } from '../samples/make/random.ts'

/** What can happen to a connection on its way to the server. */
export type Trouble = 'cut request' | 'cut answer' | 'stall' | 'gateway'

/** A line. */
export interface Line {
  /** `http://127.0.0.1:PORT`. */
  url: string
  /** How often each kind of trouble was made. */
  made: Record<Trouble, number>
  /** From now on everything passes. */
  mend(): void
  close(): Promise<void>
}

const troubles: Trouble[] = ['cut request', 'cut answer', 'stall', 'gateway']

/** A line to a port of this machine. Of the requests that `isAimed` names, or of all, so many in a hundred meet trouble. */
export async function brokenLine(
  port: number,
  seed: number,
  percent: number,
  isAimed: (head: string) => boolean = () => true,
): Promise<Line> {
  const random = new Random(seed)
  const made = { 'cut request': 0, 'cut answer': 0, stall: 0, gateway: 0 }
  let isMended = false
  const choose = (head: string): Trouble | undefined => {
    if (isMended || !isAimed(head) || !random.chance(percent / 100)) return undefined
    const trouble = troubles[random.integer(0, troubles.length)]
    made[trouble]++
    return trouble
  }
  const server = createServer((client) => carry(client, port, choose, random))
  return {
    ...(await opened(server, 'http')),
    made,
    mend() {
      isMended = true
    },
  }
}

/** A line that ends TLS, as a proxy in front of a server does. */
export async function tlsLine(port: number, certificate: { key: string; cert: string }) {
  const server = createTlsServer(certificate, (client) => {
    const upstream = connect(port, '127.0.0.1')
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  return opened(server, 'https')
}

async function opened(server: Server, scheme: string) {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Carries one connection, of which each request may meet trouble of its own. */
function carry(
  client: Socket,
  port: number,
  choose: (head: string) => Trouble | undefined,
  random: Random,
): void {
  const upstream = connect(port, '127.0.0.1')
  // Bytes that still pass in each direction.
  let requestBytes = Infinity
  let answerBytes = Infinity
  const end = () => {
    client.destroy()
    upstream.destroy()
  }
  client.on('data', (chunk: Buffer) => {
    const head = /^(?:POST|GET) \/[^\r]*/.exec(chunk.subarray(0, 4000).toString('latin1'))?.[0]
    const trouble = head === undefined ? undefined : choose(head)
    if (trouble === 'cut request') requestBytes = random.integer(0, 20_000)
    if (trouble === 'cut answer') answerBytes = random.integer(0, 300)
    if (trouble === 'gateway') {
      client.end(
        'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\nConnection: close\r\n\r\nno backend\r\n',
      )
      upstream.destroy()
      return
    }
    if (trouble === 'stall') {
      client.pause()
      setTimeout(() => client.resume(), random.integer(1, 200))
    }
    upstream.write(chunk.subarray(0, Math.min(chunk.length, requestBytes)))
    requestBytes -= chunk.length
    // What was sent arrives before the line breaks.
    if (requestBytes < 0) upstream.end(() => end())
  })
  upstream.on('data', (chunk: Buffer) => {
    client.write(chunk.subarray(0, Math.max(0, Math.min(chunk.length, answerBytes))))
    answerBytes -= chunk.length
    if (answerBytes < 0) end()
  })
  client.on('close', end).on('error', end)
  upstream.on('close', () => client.end()).on('error', end)
}
