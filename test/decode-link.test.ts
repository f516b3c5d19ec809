// Link layers down to IP, byte by byte, cut anywhere, and as noise.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bin, binNames } from '../src/ingest/decode/bins.ts'
import { linkLayer } from '../src/ingest/decode/link.ts'
import { Packet } from '../src/ingest/decode/packet.ts'
import { linkSamples, unhex } from './link-samples.ts'
import { guarded } from './layer-walk.ts'

describe('a frame of each link type leads to its IP header', () => {
  for (const { name, link, header, packet: inner, vlan = 0, vlanOuter = 0 } of linkSamples) {
    it(name, () => {
      const bytes = unhex(`${header}\n${inner}`)
      const packet = fresh(bytes.length)
      expect(linkLayer(bytes, 0, link, packet)).toBe(unhex(header).length)
      expect([packet.vlan, packet.vlanOuter]).toEqual([vlan, vlanOuter])
    })
  }

  it('covers every link type that is read', () => {
    const sampled = new Set(linkSamples.map((sample) => sample.link))
    for (let link = 0; link < 65_536; link++) {
      if (!isRead(link)) continue
      // 12, 14 and 228 are raw IP as 101 is.
      expect(sampled.has(link) || [12, 14, 228].includes(link), `link type ${link}`).toBe(true)
    }
  })
})

describe('a frame cut inside its header has no IP header, and nothing behind the cut is read', () => {
  for (const { name, link, header, packet: inner } of linkSamples) {
    it(name, () => {
      const whole = unhex(`${header}\n${inner}`)
      const headerBytes = unhex(header).length
      // Neither at the start nor at the end of the buffer, so that a stray read would find a byte.
      const bytes = new Uint8Array(whole.length + 14).fill(0xff)
      bytes.set(whole, 7)
      for (let size = 0; size <= whole.length; size++) {
        const end = 7 + size
        const packet = fresh(end)
        const ip = linkLayer(guarded(bytes, 7, end), 7, link, packet)
        if (size < headerBytes) expect(binNames[-ip], `${size} bytes`).toBeDefined()
        if (size < headerBytes) expect(ip, `${size} bytes`).toBeLessThan(0)
        if (size === whole.length) expect(ip).toBe(7 + headerBytes)
      }
    })
  }
})

describe('frames that are not for us have a bin', () => {
  const macs = '021122334455 025566778899'
  const wireless = '021122334455 025566778899 02aabbccddee'
  const cases: readonly [string, number, string, number][] = [
    ['ARP', 1, `${macs} 0806 0001`, Bin.other],
    ['PPPoE discovery', 1, `${macs} 8863 1109 0000 0004 01010000`, Bin.other],
    ['a PPPoE session packet that is no data', 1, `${macs} 8864 1107 0000 0002 0021`, Bin.other],
    ['PPP link control', 9, 'ff03 c021 0101 0004', Bin.other],
    ['spanning tree', 1, `${macs} 0026 4242 03 00000000`, Bin.other],
    ['encrypted MACsec', 1, `${macs} 88e5 0c 00 00000001 0800 4500`, Bin.other],
    ['a pseudowire with ARP', 1, `${macs} 8847 000101 40 00000000 ${macs} 0806 0001`, Bin.other],
    ['labels without a last one', 1, `${macs} 8847 ${'00010040'.repeat(40)}`, Bin.linkHeader],
    ['a frame of tags alone', 1, `${macs} ${'81000001'.repeat(200)}`, Bin.linkHeader],
    ['an 802.11 beacon', 105, `80 00 0000 ${wireless} 1000 ${'00'.repeat(12)}`, Bin.other],
    ['802.11 without data', 105, `48 01 0000 ${wireless} 1000`, Bin.other],
    ['encrypted 802.11', 105, `08 41 0000 ${wireless} 1000 00000020 00000000`, Bin.other],
    ['an 802.11 fragment', 105, `08 05 0000 ${wireless} 1000 aaaa03 000000 0800`, Bin.fragment],
    ['a later 802.11 fragment', 105, `08 01 0000 ${wireless} 1100 aaaa03 000000`, Bin.fragment],
    ['an ARCNET fragment', 7, '01 02 d4 01 0001 4500', Bin.fragment],
    ['a token ring beacon', 6, `10 02 ${macs} 0000`, Bin.other],
    ['FDDI station management', 10, `41 ${macs} 0000`, Bin.other],
    ['a PKTAP record without packet', 258, '0c000000 00000000 01000000', Bin.other],
    ['PKTAP in PKTAP', 258, '0c000000 01000000 02010000 0c000000 01000000', Bin.linkType],
    ['radiotap longer than its frame', 127, '00 00 ff00 00000000 0801', Bin.linkHeader],
    ['nflog without packet', 239, '02000000 0800 0100 08000105', Bin.linkHeader],
    ['an nflog attribute without length', 239, '02000000 0000 0100 08000105', Bin.linkHeader],
    ['BSD null with AppleTalk', 0, '10000000 01020304', Bin.other],
  ]
  for (const [name, link, text, bin] of cases) {
    it(name, () => {
      const bytes = unhex(text)
      expect(linkLayer(bytes, 0, link, fresh(bytes.length))).toBe(-bin)
    })
  }
})

it('a priority tag does not hide the VLAN in front of it', () => {
  const bytes = unhex('021122334455 025566778899 88a8 000a 8100 e000 0800 4500')
  const packet = fresh(bytes.length)
  expect(linkLayer(bytes, 0, 1, packet)).toBe(22)
  expect([packet.vlan, packet.vlanOuter]).toEqual([0, 10])
})

it('noise of any link type gives a bin or a position inside the packet, and no read outside of it', () => {
  const links = Array.from({ length: 320 }, (_, link) => link).filter(isRead)
  const headers = linkSamples.map(({ header, packet }) => unhex(`${header}\n${packet}`))
  fc.assert(
    fc.property(
      fc.constantFrom(...links),
      fc.constantFrom(new Uint8Array(0), ...headers),
      fc.uint8Array({ maxLength: 160 }),
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }),
      (link, head, tail, edits) => {
        const bytes = Uint8Array.from([1, 2, 3, ...head, ...tail, 4, 5, 6])
        for (const [at, byte] of edits) bytes[3 + (at % bytes.length)] = byte
        const end = bytes.length - 3
        const ip = linkLayer(guarded(bytes, 3, end), 3, link, fresh(end))
        if (ip < 0) expect(binNames[-ip]).toBeDefined()
        else expect(ip >= 3 && ip <= end).toBe(true)
      },
    ),
    { numRuns: 20_000, seed: 3 },
  )
})

/** Whether a packet of this link type goes anywhere but to the bin of unknown ones. */
function isRead(link: number): boolean {
  return linkLayer(new Uint8Array(64), 0, link, fresh(64)) !== -Bin.linkType
}

function fresh(end: number): Packet {
  const packet = new Packet()
  packet.end = end
  return packet
}
