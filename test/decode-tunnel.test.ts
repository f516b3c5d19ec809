// Tunnels, byte by byte, cut anywhere, as noise, and in real captures: whatever tshark reached inside is reached.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressText, parseAddress } from '../src/dns/address.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { Bin, binNames } from '../src/ingest/decode/bins.ts'
import { Packet } from '../src/ingest/decode/packet.ts'
import { tunnelNames, tunnelRead } from '../src/ingest/decode/tunnel-kinds.ts'
import { openTunnel } from '../src/ingest/decode/tunnel.ts'
import { guarded, walk } from './layer-walk.ts'
import type { Reached } from './layer-walk.ts'
import { unhex } from './link-samples.ts'
import { tunnelFrame, tunnelSamples } from './tunnel-samples.ts'

describe('a tunnel of each kind leads to the query inside', () => {
  for (const sample of tunnelSamples) {
    it(sample.name, () => {
      const bytes = tunnelFrame(sample)
      const isIpv4 = unhex(sample.packet)[0] === 0x45
      expect(walk(bytes, 0, bytes.length, 1)).toMatchObject({
        transport: 17,
        source: isIpv4 ? '192.0.2.1' : '2001:db8::1',
        destination: isIpv4 ? '198.51.100.1' : '2001:db8::2',
        sourcePort: 12_345,
        destinationPort: 53,
        payload: bytes.length - 29,
        tunnels: sample.tunnels,
      })
    })
  }

  it('covers every kind', () => {
    const seen = new Set(tunnelSamples.flatMap(({ tunnels }) => tunnels))
    const names = new Set([...seen].map((tunnel) => tunnel.replace(/ .*/, '')))
    expect([...names].sort()).toEqual(tunnelNames.slice(1).sort())
  })
})

describe('a tunnel cut inside its header leads nowhere, and nothing behind the cut is read', () => {
  for (const sample of tunnelSamples) {
    it(sample.name, () => {
      const whole = tunnelFrame(sample)
      const bytes = new Uint8Array(whole.length + 14).fill(0xff)
      bytes.set(whole, 7)
      for (let size = 0; size < whole.length; size++) {
        const result = walk(guarded(bytes, 7, 7 + size), 7, 7 + size, 1)
        const isHeaderWhole = size >= whole.length - 29
        expect('transport' in result, `${size} bytes`).toBe(isHeaderWhole)
      }
    })
  }
})

describe('packets of a tunnel without a packet inside have a bin', () => {
  const kind = (name: (typeof tunnelNames)[number]) => tunnelNames.indexOf(name)
  const cases: readonly [string, number, string, number][] = [
    ['ARP in GRE', kind('gre'), '0000 0806 0001', Bin.other],
    ['a GRE keep-alive', kind('gre'), '0000 0000', Bin.other],
    ['GRE of an unknown version', kind('gre'), '0002 0800 45000000', Bin.gre],
    ['ERSPAN of an unknown version', kind('gre'), `1000 88be 00000001 ${'30'.repeat(40)}`, Bin.gre],
    [
      'source routes without end',
      kind('gre'),
      `4000 0800 00000000 ${'08000000'.repeat(20)}`,
      Bin.tunnelHeader,
    ],
    ['a PPTP acknowledgement', kind('gre'), '2081 880b 0000 0017 00000002', Bin.other],
    ['VXLAN without a network', kind('vxlan'), '00000000 00000000 4500', Bin.other],
    ['Geneve of an unknown version', kind('geneve'), '40000800 00000000 4500', Bin.geneve],
    ['a GTP echo', kind('gtp-u'), '32 01 0004 00000000 0001 0000', Bin.other],
    [
      'a GTP extension of no length',
      kind('gtp-u'),
      '34ff0004 00000001 000000 85 00c00000',
      Bin.tunnelHeader,
    ],
    ['a Teredo ping', kind('teredo'), '00000000', Bin.tunnelHeader],
    ['L2TP control', kind('l2tp'), 'c802 000c 0005 0000 0001 0000', Bin.other],
    ['L2TP version 3', kind('l2tp'), '0003 0000 00000005 4500', Bin.other],
    ['a TZSP keep-alive', kind('tzsp'), '01 04 0000 01', Bin.other],
    ['TZSP fields without end', kind('tzsp'), `01 00 0001 ${'00'.repeat(200)}`, Bin.tunnelHeader],
    ['encrypted CAPWAP', kind('capwap'), '01 000000 16fefd00', Bin.other],
    ['a CAPWAP fragment', kind('capwap'), '00 100280 0001 0000 4500', Bin.fragment],
    ['a CAPWAP keep-alive', kind('capwap'), '00 100208 0000 0000 0016', Bin.other],
  ]
  for (const [name, number, text, bin] of cases) {
    it(name, () => {
      const bytes = unhex(text)
      const packet = new Packet()
      packet.end = bytes.length
      expect(openTunnel(bytes, 0, number, packet)).toBe(-bin)
    })
  }
})

it('noise in any tunnel gives a bin or a position inside the packet, and no read outside of it', () => {
  const headers = tunnelSamples.map(({ header, packet }) => unhex(`${header}\n${packet}`))
  fc.assert(
    fc.property(
      fc.nat(tunnelNames.length),
      fc.constantFrom(new Uint8Array(0), ...headers),
      fc.uint8Array({ maxLength: 160 }),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
      (kind, head, tail, edits) => {
        const bytes = Uint8Array.from([1, 2, 3, ...head, ...tail, 4, 5, 6])
        for (const [at, byte] of edits) bytes[3 + (at % bytes.length)] = byte
        const packet = new Packet()
        packet.end = bytes.length - 3
        const inner = openTunnel(guarded(bytes, 3, packet.end), 3, kind, packet)
        if (inner < 0) expect(binNames[-inner]).toBeDefined()
        else expect(inner >= 3 && inner <= packet.end).toBe(true)
        expect(tunnelRead.id >= 0 && tunnelRead.id <= 0xffff_ffff).toBe(true)
      },
    ),
    { numRuns: 20_000, seed: 3 },
  )
})

const captures = new URL('../../shared/captures/', import.meta.url)
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`decode-tunnel: ${captures.pathname} is absent, its captures are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}

/** What tshark says about one message: where it stands, and which protocols lead there. */
interface Truth {
  frame: number
  tr: string
  src: string
  dst: string
  sport: number
  dport: number
  encap?: string
  vlan?: number[]
  icmperr?: boolean
  ipfrag?: number
  unreassembled?: boolean
  stub?: boolean
}

describe.skipIf(!hasCaptures)('the real captures', () => {
  const files = hasCaptures ? readdirSync(captures) : []
  let encapsulated = 0
  for (const truthFile of files) {
    if (!truthFile.endsWith('.truth.jsonl.gz')) continue
    const rows = truthOf(truthFile)
    if (!rows.some(({ encap }) => encap !== undefined)) continue
    const name = truthFile.slice(0, -'.truth.jsonl.gz'.length)
    it(`each message of ${name} is reached`, async () => {
      const byFrame = new Map(rows.filter(isOneFrame).map((row) => [row.frame, row]))
      const missed: string[] = []
      const capture = await openCapture(fileURLToPath(new URL(name, captures)))
      for await (const batch of capture.batches()) {
        for (let index = 0; index < batch.count; index++) {
          const row = byFrame.get(batch.firstFrame + index)
          if (row === undefined) continue
          const start = batch.start[index]
          const end = start + batch.captured[index]
          const result = walk(batch.bytes, start, end, batch.link[index])
          const found = 'transport' in result ? endpoints(result) : `bin ${result.bin}`
          const wanted = truthEndpoints(row)
          if (found !== wanted)
            missed.push(`frame ${row.frame} ${row.encap}: ${found}, not ${wanted}`)
          byFrame.delete(row.frame)
          if (row.encap !== undefined) encapsulated++
        }
      }
      expect(missed).toEqual([])
      expect([...byFrame.keys()], 'frames that were not in the capture').toEqual([])
    })
  }

  it('have thousands of packets with other layers than Ethernet and IP', () => {
    expect(encapsulated).toBeGreaterThan(2000)
  })
})

/** Messages that one packet holds; those quoted in ICMP errors, in fragments or in HTTP are another layer's work. */
function isOneFrame(row: Truth): boolean {
  if (row.tr !== 'udp' && row.tr !== 'tcp') return false
  return !row.icmperr && !row.stub && row.ipfrag === undefined && !row.unreassembled
}

function endpoints(reached: Reached): string {
  const { transport, source, sourcePort, destination, destinationPort } = reached
  const ends = `${source} ${sourcePort} ${destination} ${destinationPort}`
  return `${transport} ${ends} vlan ${reached.vlan} ${reached.vlanOuter}`
}

function truthEndpoints({ tr, src, sport, dst, dport, vlan = [] }: Truth): string {
  const ends = `${canonical(src)} ${sport} ${canonical(dst)} ${dport}`
  const vlanOuter = vlan.length > 1 ? vlan[0] : 0
  return `${tr === 'udp' ? 17 : 6} ${ends} vlan ${vlan.at(-1) ?? 0} ${vlanOuter}`
}

function canonical(text: string): string {
  const address = parseAddress(text)
  return address === null ? text : addressText(address)
}

function truthOf(file: string): Truth[] {
  const lines = gunzipSync(readFileSync(new URL(file, captures))).toString('utf8')
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Truth)
}
