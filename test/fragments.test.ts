// IP fragments into datagrams: any order, twice, overlapping, contradicting, cut, nested, never completed; bounded.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipv4, ipv6Fragment, part, repeated, segment, udp, Wire } from './wire.ts'

const datagram = udp(repeated('61', 16) + repeated('62', 16))
const payload = repeated('61', 16) + repeated('62', 16)
const start = ipv4({ id: 7, hasMore: true, data: part(datagram, 0, 16), ttl: 61 })
const middle = ipv4({ id: 7, offset: 16, hasMore: true, data: part(datagram, 16, 32) })
const end = ipv4({ id: 7, offset: 32, data: part(datagram, 32) })

/** These packets a second apart, from second 1000. */
function sent(...packets: string[]): Wire {
  const wire = new Wire()
  for (const [i, packet] of packets.entries()) wire.send(packet, { seconds: 1000 + i })
  return wire
}

describe('fragments', () => {
  it('in any order are one datagram, with frame and time of the last to come', () => {
    for (const order of [
      [start, middle, end],
      [end, middle, start],
      [middle, end, start],
      [end, start, middle],
    ]) {
      const wire = sent(...order)
      expect(wire.seen).toEqual([
        {
          payload,
          frame: 3,
          seconds: 1002,
          from: '192.0.2.10 50000',
          to: '192.0.2.53 53',
          anomalies: [],
          isLate: false,
          fragments: 3,
          vlan: 0,
          transport: 17,
          // Of the fragment that has the start.
          ipTtl: 61,
          ipId: 7,
        },
      ])
      expect(wire.finish().dns).toBe(3)
    }
  })

  it('of IPv6 are one datagram', () => {
    const wire = sent(
      ipv6Fragment(24, false, part(datagram, 24)),
      ipv6Fragment(0, true, part(datagram, 0, 24)),
    )
    expect(wire.seen).toMatchObject([
      { payload, from: '2001:db8::a 50000', frame: 2, fragments: 2, ipId: 0, anomalies: [] },
    ])
  })

  it('of IPv6 belong together whatever the later ones say comes next', () => {
    for (const next of [59, 6, 44]) {
      const wire = sent(
        ipv6Fragment(24, false, part(datagram, 24), { next }),
        ipv6Fragment(0, true, part(datagram, 0, 24)),
      )
      expect(wire.payloads, String(next)).toEqual([payload])
    }
  })

  it('may hold more extension headers, but no fragment of a fragment', () => {
    const options = '11 00 0104 00000000'
    const wire = sent(
      ipv6Fragment(0, true, `${options} ${part(datagram, 0, 16)}`, { next: 60 }),
      ipv6Fragment(24, false, part(datagram, 16), { next: 60 }),
    )
    expect(wire.payloads).toEqual([payload])
    const nested = `11 00 0001 00000001 ${part(datagram, 0, 16)}`
    const twice = sent(
      ipv6Fragment(0, true, nested, { next: 44 }),
      ipv6Fragment(24, false, part(datagram, 16), { next: 44 }),
    )
    expect(twice.payloads).toEqual([])
    twice.finish()
  })

  it('of other hosts, ids, protocols, VLANs and tunnels are other datagrams', () => {
    const others = [
      start.replace('c000020a', 'c000020b'),
      start.replace('0007 2000', '0008 2000'),
      start.replace(' 3d 11 ', ' 3d 06 '),
    ]
    const wire = sent(...others, end, middle)
    expect(wire.seen).toEqual([])
    const tagged = (vlan: string, packet: string) =>
      `00005e005301 00005e005302 8100 ${vlan} 0800 ${packet}`
    const both = new Wire()
    for (const packet of [start, middle, end]) {
      both.send(tagged('000a', packet), { link: 1 })
      both.send(tagged('0014', packet), { link: 1 })
    }
    expect(both.seen).toMatchObject([
      { payload, vlan: 10, anomalies: [] },
      { payload, vlan: 20, anomalies: [] },
    ])
  })

  it('of a TCP segment lead to its stream', () => {
    const content = part(segment({ sequence: 10, flags: 'S', data: '0004 61616161' }), 20)
    const wire = sent(
      ipv4({ id: 7, protocol: 6, offset: 16, data: part(content, 16) }),
      ipv4({ id: 7, protocol: 6, hasMore: true, data: part(content, 0, 16) }),
    )
    expect(wire.seen).toMatchObject([{ payload: '61616161', transport: 6, fragments: 2 }])
    expect(wire.finish().dns).toBe(2)
  })
})

describe('a fragment', () => {
  it('that comes twice is an overlap', () => {
    const wire = sent(start, start, middle, end)
    expect(wire.seen).toMatchObject([{ payload, fragments: 4, anomalies: ['fragment-overlap'] }])
    expect(wire.finish().dns).toBe(4)
  })

  it('that contradicts another is a conflict, and the first to come wins', () => {
    const forged = ipv4({ id: 7, offset: 16, hasMore: true, data: repeated('78', 16) })
    const wire = sent(start, middle, forged, end)
    expect(wire.seen).toMatchObject([
      { payload, anomalies: ['fragment-overlap', 'fragment-conflict'] },
    ])
    expect(sent(forged, start, middle, end).seen[0].payload).toContain('78')
  })

  it('that differs from what a forged one put in its place hands on the other version', () => {
    const forged = ipv4({ id: 7, offset: 32, data: repeated('78', 8) })
    const wire = sent(forged, start, middle, end)
    const clash = ['fragment-overlap', 'fragment-conflict']
    expect(wire.seen).toMatchObject([
      { payload: part(payload, 0, 24) + repeated('78', 8), frame: 3, anomalies: [] },
      { payload, frame: 4, anomalies: clash, fragments: 1, isLate: false },
    ])
    expect(wire.finish()).toMatchObject({ dns: 4, malformed: {} })
    expect(wire.layers.unfinished.datagrams).toBe(0)
  })

  it('that comes again behind the whole datagram says nothing new', () => {
    const wire = sent(start, middle, end)
    for (const packet of [end, middle, end]) wire.send(packet, { seconds: 1003 })
    expect(wire.seen).toMatchObject([{ payload, frame: 3, anomalies: [] }])
    expect(wire.finish()).toMatchObject({ dns: 6, malformed: {} })
  })

  it('of another datagram with the same id is one of its own', () => {
    const other = udp(repeated('63', 32))
    const others = [
      ipv4({ id: 7, hasMore: true, data: part(other, 0, 16) }),
      ipv4({ id: 7, offset: 16, data: part(other, 16) }),
    ]
    const next = sent(start, middle, end, ...others)
    expect(next.payloads).toEqual([payload, repeated('63', 32)])
    expect(next.seen.every(({ anomalies }) => anomalies.length === 0)).toBe(true)
    const later = sent(start, middle, end)
    for (const packet of others.toReversed()) later.send(packet, { seconds: 1010 })
    expect(later.payloads).toEqual([payload, repeated('63', 32)])
  })

  it('behind the last one is a conflict and fills no gap', () => {
    const behind = ipv4({ id: 7, offset: 800, hasMore: true, data: repeated('78', 32) })
    for (const order of [
      [end, behind, start],
      [behind, end, start],
    ]) {
      const wire = sent(...order)
      expect(wire.seen).toEqual([])
      wire.send(middle)
      wire.finish()
      expect(wire.seen.length).toBe(1)
      expect(wire.seen[0].anomalies).toContain('fragment-conflict')
    }
  })

  it('that names another end is a conflict', () => {
    const longer = ipv4({ id: 7, offset: 32, data: `${part(datagram, 32)} 7878` })
    const wire = sent(start, end, longer, middle)
    expect(wire.seen).toMatchObject([{ payload, anomalies: ['fragment-conflict'] }])
  })

  it('of no whole units, or past the longest datagram, is a conflict', () => {
    const odd = ipv4({ id: 7, offset: 16, hasMore: true, data: '787878' })
    const far = ipv4({ id: 7, offset: 65_528, data: repeated('78', 100) })
    for (const bad of [odd, far]) {
      const wire = sent(bad, start, middle, end)
      expect(wire.seen).toMatchObject([{ payload, anomalies: ['fragment-conflict'] }])
    }
  })

  it('that is shorter than it says is not used, for no receiver uses it', () => {
    const lying = ipv4({ id: 7, offset: 16, hasMore: true, data: repeated('78', 8), lie: 8 })
    expect(sent(lying, start, middle, end).seen).toMatchObject([{ payload, anomalies: [] }])
  })

  it('that the snap length cut is no conflict: what there is of the message is read at the end', () => {
    const wire = new Wire()
    for (const packet of [start, middle, end])
      wire.send(packet, { snap: packet === middle ? 34 : 99 })
    expect(wire.seen).toEqual([])
    wire.finish()
    expect(wire.seen[0]).toMatchObject({
      payload: part(payload, 0, 16),
      anomalies: ['snapped', 'fragment-missing'],
    })
  })
})

describe('a datagram that is never whole', () => {
  it('is read from its start as far as it goes, late, as the packet that had the start', () => {
    const wire = sent(middle, start, ipv4({ data: udp('63'), ttl: 9 }))
    expect(wire.finish()).toMatchObject({ dns: 3, malformed: {} })
    expect(wire.seen[1]).toMatchObject({
      payload: part(payload, 0, 24),
      frame: 2,
      seconds: 1001,
      isLate: true,
      ipTtl: 61,
      ipId: 7,
      fragments: 2,
      anomalies: ['fragment-missing'],
    })
    expect(wire.layers.unfinished.datagrams).toBe(1)
  })

  it('without its start has a bin of its own', () => {
    const wire = sent(middle, end)
    expect(wire.finish().malformed).toEqual({ 'fragments-missing': 2 })
    expect(wire.seen).toEqual([])
  })

  it('is given up after 30 seconds, also when the clock was set back', () => {
    for (const seconds of [1031, 900]) {
      const wire = sent(start, middle)
      wire.send(end, { seconds: seconds + 1 })
      expect(wire.seen).toMatchObject([{ isLate: true, frame: 1 }])
      expect(wire.finish().malformed).toEqual({ 'fragments-missing': 1 })
    }
  })

  it('counts its seconds from the first fragment, not from the start', () => {
    const wire = new Wire()
    wire.send(middle, { seconds: 1000 })
    wire.send(start, { seconds: 1029 })
    wire.send(end, { seconds: 1031 })
    expect(wire.seen).toMatchObject([{ anomalies: ['fragment-missing'] }])
  })

  it('gives way to newer ones when there are too many', () => {
    const wire = new Wire()
    wire.send(start)
    for (let id = 100; id < 1200; id++)
      wire.send(ipv4({ id, hasMore: true, data: part(datagram, 0, 16) }))
    expect(wire.seen.length).toBe(1101 - 1024)
    wire.finish()
    expect(wire.layers.unfinished.datagrams).toBe(1101)
  })

  it('of a tunnel is not opened', () => {
    const vxlan = udp(`08000000 00000100 00005e005301 00005e005302 0800 ${start}`, 4789)
    const wire = sent(ipv4({ id: 9, hasMore: true, data: part(vxlan, 0, 64) }))
    expect(wire.finish().malformed).toEqual({ 'fragments-missing': 1 })
  })
})

describe('fragments and tunnels', () => {
  const inVxlan = (packet: string) =>
    udp(`08000000 00000100 00005e005301 00005e005302 0800 ${packet}`, 4789)

  it('inside a tunnel are put together', () => {
    const wire = sent(...[end, start, middle].map((each) => ipv4({ data: inVxlan(each) })))
    expect(wire.seen).toMatchObject([{ payload, fragments: 3 }])
    expect(wire.finish().dns).toBe(3)
  })

  it('that carry a tunnel are put together, and so are those inside them', () => {
    const outer = [end, start, middle].flatMap((each, i) => {
      const data = inVxlan(each)
      return [
        ipv4({ id: 20 + i, hasMore: true, data: part(data, 0, 40) }),
        ipv4({ id: 20 + i, offset: 40, data: part(data, 40) }),
      ]
    })
    const wire = sent(...outer)
    expect(wire.seen).toMatchObject([{ payload, frame: 6, anomalies: [] }])
    expect(wire.finish()).toMatchObject({ dns: 3, other: 3 })
  })

  it('nested without end stop at a depth', () => {
    let packet = ipv4({ data: udp('61') })
    for (let depth = 0; depth < 12; depth++) packet = ipv4({ protocol: 4, data: packet })
    expect(sent(packet).finish().unsupported).toEqual({ 'tunnels-too-deep': 1 })
  })
})

it('a UDP length in a datagram put together is held against all of it', () => {
  const short = udp(payload).replace('0028 0000', '0020 0000')
  const wire = new Wire()
  wire.send(ipv4({ id: 7, hasMore: true, data: part(short, 0, 16) }))
  // Captured but for padding behind the packet.
  wire.send(`${ipv4({ id: 7, offset: 16, data: part(short, 16) })} 0000`, { snap: 44 })
  expect(wire.seen).toMatchObject([
    { payload: part(payload, 0, 24), anomalies: ['udp-length-mismatch'] },
  ])
})

it('any cut, order and repetition of a datagram gives the same message', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      fc.array(fc.nat(1e6), { minLength: 12, maxLength: 12 }),
      fc.boolean(),
      (content, cuts, order, isSix) => {
        const whole = udp(Buffer.from(content).toString('hex'))
        const size = whole.replaceAll(/\s/g, '').length / 2
        const inside = cuts.map((unit) => 8 * unit).filter((at) => at > 0 && at < size)
        // At least one cut where there is room for one.
        const places = [...new Set([0, ...(size > 8 ? [8] : []), ...inside])].sort((a, b) => a - b)
        const pieces = places.map((at, i) => {
          const data = part(whole, at, places[i + 1])
          const hasMore = i + 1 < places.length
          return isSix
            ? ipv6Fragment(at, hasMore, data)
            : ipv4({ id: 3, offset: at, hasMore, data })
        })
        const shuffled = pieces
          .map((packet, i) => ({ packet, at: order[i % 12] + i }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ packet }) => packet)
        const wire = sent(...shuffled)
        expect(wire.payloads).toEqual([Buffer.from(content).toString('hex')])
        expect(wire.seen[0].anomalies).toEqual([])
        wire.finish()
      },
    ),
    { numRuns: 500 },
  )
})
