// TCP connections: how they begin, end, are taken up in the middle, reset, reused and forgotten; bounded.

import { describe, expect, it } from 'vitest'
import { connection, ipv4, segment, syn, udp, Wire } from './wire.ts'

const client = '192.0.2.10 50000'
const server = '192.0.2.53 53'

describe('a connection', () => {
  const message = '0011 1234 0100 0001 0000 0000 0000 00 0001 0001'
  const payload = message.slice(5).replaceAll(' ', '')

  it('picked up in mid-stream is read from a message on', () => {
    const wire = new Wire()
    wire.send(segment({ sequence: 77, data: message }))
    expect(wire.payloads).toEqual([payload])
    const pieces = new Wire()
    pieces.send(segment({ sequence: 77, data: message.slice(0, 4) }))
    pieces.send(segment({ sequence: 79, data: message.slice(5) }))
    expect(pieces.payloads).toEqual([payload])
  })

  it('that is something else ends in a bin of its own', () => {
    const wire = new Wire()
    wire.send(segment({ sequence: 77, data: Buffer.from('GET / HTTP/1.1\r\n').toString('hex') }))
    expect(wire.finish().malformed).toEqual({ 'tcp-payload-not-dns': 1 })
    expect(wire.seen).toEqual([])
  })

  it('goes on after a SYN that comes twice', () => {
    const wire = connection({ sequence: 1000, data: '0004 6161' })
    wire.send(syn)
    wire.send(segment({ sequence: 1004, data: '6161' }))
    expect(wire.payloads).toEqual(['61616161'])
  })

  it('begins anew with another SYN on its ports, and the message under way is not lost', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { isBack: true, sequence: 5000, acknowledged: 900_000 },
    )
    wire.send(segment({ sequence: 899_000, flags: 'S' }), { seconds: 1050 })
    wire.send(segment({ sequence: 899_005, data: '62' }), { seconds: 1051 })
    wire.send(segment({ sequence: 899_001, data: '0003 6262' }), { seconds: 1051 })
    expect(wire.seen).toMatchObject([
      { payload: '6161', frame: 3, anomalies: ['segment-missing'] },
      { payload: '626262', frame: 7, anomalies: [] },
    ])
    expect(wire.layers.unfinished.streams).toBe(1)
  })

  it('begins anew, even at the same numbers, after FIN', () => {
    const wire = connection({ sequence: 1000, flags: 'F', data: '0001 61' })
    wire.send(syn)
    wire.send(segment({ sequence: 1000, data: '0001 62' }))
    expect(wire.payloads).toEqual(['61', '62'])
  })

  it('whose new SYN was lost is taken up where it is now', () => {
    for (const sequence of [0x7000_0000, 0x9000_0000]) {
      const wire = connection({ sequence: 1000, data: '0004 6161' })
      wire.send(segment({ sequence, data: message }))
      expect(wire.payloads).toEqual(['6161', payload])
    }
  })

  it('ends with a reset of the next number; one out of order is counted and ignored', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1000, flags: 'R', data: '6e6f' },
      { isBack: true, sequence: 5000, data: '0004 62' },
    )
    expect(wire.seen).toEqual([])
    wire.send(segment({ sequence: 1004, flags: 'R' }))
    expect(wire.payloads).toEqual(['6161', '62'])
    expect(wire.layers.resets).toBe(2)
    expect(wire.layers.unfinished.streams).toBe(2)
  })

  it('goes on behind a forged reset with the message after the broken one', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1004, flags: 'R' },
      { sequence: 1004, data: '6161 0001 62' },
    )
    expect(wire.seen).toMatchObject([
      { payload: '6161', anomalies: ['segment-missing'] },
      { payload: '62', anomalies: [] },
    ])
  })

  it('that is still inside a message when the capture ends keeps its own endpoints', () => {
    const wire = connection(
      { isBack: true, sequence: 5000, data: '0004 6161' },
      { isBack: true, sequence: 5006, data: '0001 62' },
    )
    wire.send(ipv4({ data: udp('63'), id: 9, ttl: 3 }), { seconds: 2000 })
    wire.finish()
    expect(wire.seen.slice(1)).toMatchObject([
      { payload: '6161', frame: 3, seconds: 1001, from: server, to: client, transport: 6 },
      { payload: '62', frame: 4, seconds: 1002, from: server, transport: 6, ipTtl: 64 },
    ])
    expect(wire.seen.every(({ isLate }, i) => isLate === i > 0)).toBe(true)
  })

  it('that was silent too long is forgotten, what waited in it is not', () => {
    for (const seconds of [1200, 10]) {
      const wire = connection({ sequence: 1003, data: message })
      wire.send(segment({ port: 50_001, sequence: 1, flags: 'S' }), { seconds })
      wire.finish()
      expect(wire.seen).toMatchObject([{ payload, frame: 3, seconds: 1001, from: client }])
    }
  })

  it('with itself is one direction', () => {
    const wire = new Wire()
    const toItself = segment({ sequence: 1, port: 53, flags: 'S', data: '0001 61' })
    wire.send(toItself.replaceAll('c0000235', 'c000020a'))
    expect(wire.payloads).toEqual(['61'])
  })

  it('takes memory for what came, not for what a length announces', () => {
    const wire = new Wire()
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 40_000; i++) {
      const source = (0x0a00_0000 + i).toString(16).padStart(8, '0')
      const packet = segment({ sequence: 1, flags: 'S', data: 'ffff 61' })
      wire.send(packet.replace('c000020a', source))
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6)
    wire.finish()
    expect(wire.layers.unfinished.streams).toBe(40_000)
  })

  it('gives way when all together hold too much', () => {
    const wire = new Wire()
    const before = process.memoryUsage().arrayBuffers
    const data = '61'.repeat(60_000)
    for (let i = 0; i < 2000; i++) {
      const port = 40_000 + i
      wire.send(segment({ port, sequence: 1, flags: 'S' }))
      wire.send(segment({ port, sequence: 100_000, data }))
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(128e6)
    wire.finish()
  })
})
