// TCP segments into messages: any order, twice, overlapping, with holes, forged; several connections; bounded.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connection, segment, type Segment, syn, Wire } from './wire.ts'

const client = '192.0.2.10 50000'
const server = '192.0.2.53 53'
describe('messages', () => {
  it('come one to a segment, from both sides', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 61616161' },
      { isBack: true, sequence: 5000, acknowledged: 1006, data: '0004 62626262' },
    )
    expect(wire.seen).toMatchObject([
      { payload: '61616161', frame: 3, seconds: 1001, from: client, to: server, transport: 6 },
      { payload: '62626262', frame: 4, seconds: 1002, from: server, to: client, anomalies: [] },
    ])
    expect(wire.finish()).toEqual({
      dns: 2,
      other: 2,
      duplicate: 0,
      malformed: {},
      unsupported: {},
    })
    expect(wire.layers.unfinished).toEqual({ streams: 0, datagrams: 0 })
  })

  it('cut inside the length and inside the message have frame and time of the last part', () => {
    const wire = connection(
      { sequence: 1000, data: '00' },
      { sequence: 1001, data: '04 61' },
      { sequence: 1003, data: '6161' },
      { sequence: 1005, data: '61' },
    )
    expect(wire.seen).toMatchObject([{ payload: '61616161', frame: 6, seconds: 1004 }])
    expect(wire.seen[0].isLate).toBe(false)
  })

  it('come several to a segment, the last begun there', () => {
    const wire = connection(
      { sequence: 1000, data: '0001 61 0000 0001 62 0003 63' },
      { sequence: 1011, data: '6363' },
    )
    expect(wire.seen).toMatchObject([
      { payload: '61', frame: 3 },
      { payload: '62', frame: 3 },
      { payload: '636363', frame: 4 },
    ])
  })

  it('of several connections and both directions interleave', () => {
    const wire = connection()
    wire.send(segment({ port: 50_001, sequence: 1, flags: 'S' }))
    wire.send(segment({ sequence: 1000, data: '0004 6161' }))
    wire.send(segment({ port: 50_001, sequence: 2, data: '0004 6262' }))
    wire.send(segment({ isBack: true, sequence: 5000, data: '0004 6363' }))
    wire.send(segment({ port: 50_001, sequence: 6, data: '6262' }))
    wire.send(segment({ sequence: 1004, data: '6161' }))
    wire.send(segment({ isBack: true, sequence: 5004, data: '6363' }))
    expect(wire.payloads).toEqual(['62626262', '61616161', '63636363'])
  })

  it('of one connection on two VLANs come once on each, as they do over UDP', () => {
    const wire = new Wire()
    const tagged = (vlan: string, packet: string) =>
      `00005e005301 00005e005302 8100 ${vlan} 0800 ${packet}`
    for (const packet of [syn, segment({ sequence: 1000, data: '0001 61' })]) {
      wire.send(tagged('000a', packet), { link: 1 })
      wire.send(tagged('0014', packet), { link: 1 })
    }
    expect(wire.seen).toMatchObject([
      { payload: '61', vlan: 10 },
      { payload: '61', vlan: 20 },
    ])
  })

  it('may begin in the SYN', () => {
    const wire = new Wire()
    wire.send(segment({ sequence: 999, flags: 'S', data: '0004 6161' }))
    wire.send(segment({ sequence: 1004, data: '6161' }))
    expect(wire.payloads).toEqual(['61616161'])
  })

  it('go on over the end of the sequence numbers', () => {
    const wire = new Wire()
    wire.send(segment({ sequence: 0xffff_fffd, flags: 'S' }))
    wire.send(segment({ sequence: 3, data: '6161 0001 62' }))
    wire.send(segment({ sequence: 0xffff_fffe, data: '0005 616161' }))
    expect(wire.seen).toMatchObject([
      { payload: '6161616161', frame: 3, anomalies: [] },
      { payload: '62', frame: 3 },
    ])
  })
})

describe('segments', () => {
  it('out of order wait for the one before them, which completes them', () => {
    const wire = connection(
      { sequence: 1006, data: '0001 63' },
      { sequence: 1003, data: '0001 62' },
      { sequence: 1000, data: '0001 61' },
    )
    expect(wire.seen).toMatchObject([
      { payload: '61', frame: 5, seconds: 1003, isLate: false, anomalies: [] },
      { payload: '62', frame: 5 },
      { payload: '63', frame: 5 },
    ])
  })

  it('sent again say nothing new', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1007, data: '01 62' },
      { sequence: 1007, data: '01 62' },
      { sequence: 1002, data: '6161 6161 00' },
      { sequence: 1000, data: '0004 6161 6161 0001 62' },
    )
    expect(wire.seen.map(({ payload, anomalies }) => [payload, anomalies])).toEqual([
      ['61616161', []],
      ['62', []],
    ])
  })

  it('that repeat other bytes of a message under way are a conflict', () => {
    for (const second of ['0004 6162', '0004 6162 6161', '04 62']) {
      const wire = connection(
        { sequence: 1000, data: '0004 6161' },
        { sequence: second.startsWith('00') ? 1000 : 1001, data: second },
        { sequence: 1004, data: '6161' },
      )
      expect(wire.seen, second).toMatchObject([
        { payload: '61616161', anomalies: ['segment-conflict'] },
      ])
    }
  })

  it('that bring another version of a whole message hand on both', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 61616161' },
      { sequence: 1000, data: '0004 61616162' },
      { sequence: 1000, data: '0004 61616161' },
      { sequence: 1006, data: '0001 63' },
    )
    expect(wire.seen.map(({ payload, frame, anomalies }) => [payload, frame, anomalies])).toEqual([
      ['61616161', 3, []],
      ['61616162', 4, ['segment-conflict']],
      ['63', 6, []],
    ])
  })

  it('that wait in two versions are a conflict', () => {
    const wire = connection(
      { sequence: 1003, data: '0001 62' },
      { sequence: 1003, data: '0001 63' },
      { sequence: 1000, data: '0001 61' },
    )
    expect(wire.seen.map(({ payload }) => payload)).toEqual(['61', '62'])
    expect(wire.seen[0].anomalies).toEqual(['segment-conflict'])
  })

  it('of a keep-alive are no conflict', () => {
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1003, data: '00' },
      { sequence: 1004, data: '6161' },
    )
    expect(wire.seen).toMatchObject([{ payload: '61616161', anomalies: [] }])
  })
})

describe('a hole', () => {
  const around: Segment[] = [
    { sequence: 1000, data: '0008 6161', ttl: 61 },
    { sequence: 1006, data: '6161 6161 0001 62' },
    { sequence: 1013, data: '0001 63' },
  ]

  it('that the receiver acknowledged is passed over: what there is comes with its own frame', () => {
    const wire = connection(...around, { isBack: true, sequence: 5000, acknowledged: 1016 })
    expect(wire.seen).toMatchObject([
      { payload: '6161', frame: 3, seconds: 1001, from: client, anomalies: ['segment-missing'] },
      { payload: '62', frame: 4, seconds: 1002, from: client, to: server, anomalies: [] },
      { payload: '63', frame: 5, seconds: 1003 },
    ])
    expect(wire.seen.map(({ isLate, ipTtl }) => [isLate, ipTtl])).toEqual([
      [true, 61],
      [true, 64],
      [true, 64],
    ])
  })

  it('is not given up for an acknowledgement of what came before it', () => {
    const wire = connection(
      ...around,
      { isBack: true, sequence: 5000, acknowledged: 1004 },
      { sequence: 1004, data: '6161' },
    )
    expect(wire.payloads).toEqual(['6161616161616161', '62', '63'])
  })

  it('is not given up for a FIN, which may be early like any segment', () => {
    const wire = connection(
      { sequence: 1003, data: '6161', flags: 'F' },
      { sequence: 1000, data: '0003 61' },
    )
    expect(wire.payloads).toEqual(['616161'])
  })

  it('is given up after 30 seconds, or when too much waits', () => {
    const slow = connection(...around)
    slow.send(segment({ sequence: 1016, data: '0001 64' }), { seconds: 1040 })
    expect(slow.payloads).toEqual(['6161', '62', '63', '64'])
    const much = connection({ sequence: 1000, data: '0004 6161' })
    for (let i = 0; i < 300; i++) much.send(segment({ sequence: 1006 + 3 * i, data: '0001 62' }))
    expect(much.seen.length).toBe(301)
  })

  it('of unknown size in messages is followed by the next place that looks like a message', () => {
    const message = '0011 1234 0100 0001 0000 0000 0000 00 0001 0001'
    const wire = connection(
      { sequence: 1000, data: '0004 6161' },
      { sequence: 1500, data: 'ffff ffff ffff ffff ffff ffff ffff ffff' },
      { sequence: 1516, data: message },
      { isBack: true, sequence: 5000, acknowledged: 1600 },
    )
    expect(wire.payloads).toEqual(['6161', message.slice(5).replaceAll(' ', '')])
  })

  it('swallows no bytes that were only looked at for a beginning', () => {
    const wire = new Wire()
    wire.send(segment({ sequence: 1000, data: '0011 1234 0100' }))
    wire.send(segment({ sequence: 1100, data: '61' }))
    wire.send(segment({ isBack: true, sequence: 5000, acknowledged: 1200 }))
    wire.finish()
    expect(wire.seen).toEqual([])
  })
})

it('a header that does not parse has a bin, cut by the snap length or not', () => {
  const wire = new Wire()
  const whole = segment({ sequence: 1, data: '0001 61' })
  wire.send(whole.replace('5000ffff', '4000ffff'))
  wire.send(whole.replace('5000ffff', 'f000ffff'))
  wire.send(whole, { snap: 39 })
  expect(wire.finish().malformed).toEqual({ 'tcp-header': 2, 'header-cut-by-snaplen': 1 })
})

it('any cut, order, repetition and overlap of a stream gives the same messages', () => {
  const message = fc.uint8Array({ minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 12 }),
      fc.nat(0xffff_ffff),
      fc.array(fc.tuple(fc.nat(1e6), fc.nat(60), fc.nat(12)), { maxLength: 60 }),
      (messages, first, cuts) => {
        const sized = messages.map((each) => Buffer.from([0, each.length, ...each]))
        const stream = Buffer.concat(sized)
        const wire = new Wire()
        wire.send(segment({ sequence: first - 1, flags: 'S' }))
        const pieces = cuts.map(([at, size, order]) => ({ at: at % stream.length, size, order }))
        // Then the rest, so that all has come.
        for (let at = 0; at < stream.length; at += 7) pieces.push({ at, size: 7, order: 6 })
        for (const { at, size } of pieces.toSorted((a, b) => a.order - b.order)) {
          const data = stream.subarray(at, at + size).toString('hex')
          wire.send(segment({ sequence: first + at, data }))
        }
        wire.finish()
        expect(wire.payloads).toEqual(messages.map((each) => Buffer.from(each).toString('hex')))
        expect(wire.seen.every(({ anomalies }) => anomalies.length === 0)).toBe(true)
        expect(wire.layers.unfinished.streams).toBe(0)
      },
    ),
    { numRuns: 500 },
  )
})
