// Both capture formats, byte by byte: what each field means, and where reading ends when it lies.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTicks, ticksOf, TickTime } from '../src/ingest/capture/ticks.ts'
import {
  bytes,
  concat,
  firstPacketAt,
  pcapLittle,
  pcapng,
  read,
  sectionLittle,
  sha256,
} from './capture-bytes.ts'

describe('classic pcap', () => {
  const first = { frame: 1, captured: 3, original: 5, link: 1, data: 'aabbcc' }

  test('microseconds, little-endian: time, lengths, link and offset of each packet', async () => {
    const { packets, report } = await read(pcapLittle)
    expect(packets).toEqual([
      { ...first, time: '1700000000.123456000', offset: 40 },
      {
        frame: 2,
        time: '1700000001.999999000',
        captured: 2,
        original: 2,
        link: 1,
        offset: 59,
        data: 'ddee',
      },
    ])
    expect(report).toMatchObject({
      path: 'test.pcap',
      format: 'pcap',
      compression: 'none',
      fileBytes: pcapLittle.length,
      contentBytes: pcapLittle.length,
      packets: 2,
      links: [1],
      firstTime: { seconds: 1_700_000_000, nanoseconds: 123_456_000 },
      lastTime: { seconds: 1_700_000_001, nanoseconds: 999_999_000 },
      problems: [],
    })
    expect(report.contentSha256).toBe(sha256(pcapLittle))
    expect(report.fileSha256).toBe(report.contentSha256)
  })

  test('nanoseconds, big-endian; the FCS bits above the link type are ignored', async () => {
    const { packets } = await read(
      bytes(`
        a1b23c4d                            // magic, nanoseconds
        0002 0004 00000000 00000000
        00040000 44000071                   // FCS of 4 bytes, Linux cooked v1
        6553f100 075bcd15 00000003 00000005 // 123456789 ns
        aabbcc
      `),
    )
    expect(packets).toEqual([{ ...first, link: 113, time: '1700000000.123456789', offset: 40 }])
  })

  test('microseconds, big-endian', async () => {
    const { packets } = await read(
      bytes(`
        a1b2c3d4 0002 0004 00000000 00000000 00040000 00000001
        6553f100 0001e240 00000003 00000005 aabbcc
      `),
    )
    expect(packets).toEqual([{ ...first, time: '1700000000.123456000', offset: 40 }])
  })

  test('nanoseconds, little-endian', async () => {
    const { packets } = await read(
      bytes(`
        4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000
        00f15365 15cd5b07 03000000 05000000 aabbcc
      `),
    )
    expect(packets).toEqual([{ ...first, time: '1700000000.123456789', offset: 40 }])
  })

  test('the modified form has 8 bytes more in each record header', async () => {
    const { packets } = await read(
      bytes(`
        34cdb2a1 0200 0400 00000000 00000000 00000400 01000000
        00f15365 40e20100 03000000 05000000
        02000000 0008 00 00                 // interface index, protocol, packet type
        aabbcc
      `),
    )
    expect(packets).toEqual([{ ...first, time: '1700000000.123456000', offset: 48 }])
  })

  test('a fraction of a second and more is carried into the seconds', async () => {
    const { packets } = await read(
      bytes(`
        d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000
        00f15365 ffffffff 00000000 00000000
        ffffffff ffffffff 00000000 00000000 // as late as a batch can say
      `),
    )
    expect(packets.map(({ time }) => time)).toEqual([
      '1700004294.967295000',
      '4294967295.967295000',
    ])
  })

  test('a record beyond 262144 bytes ends the reading there, with its offset, and keeps what came before', async () => {
    const damaged = concat(
      pcapLittle,
      bytes('00f15365 00000000 01000400 01000400'),
      new Uint8Array(99),
    )
    const { packets, report } = await read(damaged)
    expect(packets).toHaveLength(2)
    expect(report.problems).toEqual([
      {
        code: 'record-length',
        offset: pcapLittle.length,
        message:
          'test.pcap: at byte 61 a packet record claims 262145 captured bytes (at most 262144 are possible); ' +
          'the 2 packets before it can be used, what follows cannot',
      },
    ])
    expect(report.contentBytes).toBe(damaged.length)
    expect(report.contentSha256).toBe(sha256(damaged))
  })

  test('a packet of 262144 bytes is read, also among others and by small reads', async () => {
    const large = new Uint8Array(262_144).fill(7)
    const content = concat(
      pcapLittle,
      bytes('02f15365 00000000 00000400 00000400'),
      large,
      pcapLittle.subarray(24),
    )
    for (const sizes of [undefined, [65_536, 1]]) {
      const { packets, report } = await read(content, sizes)
      expect(packets.map(({ captured }) => captured)).toEqual([3, 2, 262_144, 3, 2])
      expect(report.problems).toEqual([])
    }
  })

  test('more packets than a batch holds come in several batches with continuous frame numbers', async () => {
    const records = Buffer.alloc(16 * 100_000)
    for (let index = 0; index < 100_000; index++) records.writeUInt32LE(index, index * 16)
    const { packets } = await read(concat(pcapLittle.subarray(0, 24), records))
    expect(packets).toHaveLength(100_000)
    expect(
      packets.every(
        ({ frame, time }, index) => frame === index + 1 && time === `${index}.000000000`,
      ),
    ).toBe(true)
  })
})

describe('pcapng', () => {
  const expected = [
    { time: '1700000000.123456789', captured: 3, original: 5, link: 1, data: 'aabbcc' },
    { time: '1.375000000', captured: 1, original: 1, link: 113, data: 'dd' },
    { time: '2.000000000', captured: 1, original: 4, link: 101, data: 'ee' },
    { time: '2.000000000', captured: 2, original: 4, link: 1, data: '1122' },
    { time: '1700000000.000000000', captured: 1, original: 1, link: 1, data: 'ff' },
  ]

  test('sections of both byte orders, resolutions, offsets and all three packet blocks', async () => {
    const { packets, report } = await read(pcapng)
    expect(packets).toMatchObject(expected)
    expect(packets.map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5])
    for (const { offset, captured, data } of packets)
      expect(Buffer.from(pcapng.subarray(offset, offset + captured)).toString('hex')).toBe(data)
    expect(report).toMatchObject({
      format: 'pcapng',
      links: [1, 113, 101],
      interfaces: [
        { name: 'eth0', link: 1, received: 10, dropped: 5 },
        { name: '', link: 113, received: null, dropped: null },
        { name: '', link: 101, received: null, dropped: null },
        { name: '', link: 1, received: null, dropped: null },
      ],
      problems: [],
    })
  })

  test('an unknown block larger than any buffer is skipped without holding it', async () => {
    const body = new Uint8Array(3_000_000).fill(0x5a)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(body.length + 12)
    const large = concat(bytes('ad0b0000'), length, body, length)
    const content = concat(pcapng.subarray(0, firstPacketAt), large, pcapng.subarray(firstPacketAt))
    for (const sizes of [undefined, [70_001]]) {
      const { packets, report } = await read(content, sizes)
      expect(packets).toMatchObject(expected)
      expect(packets[0].offset).toBe(firstPacketAt + large.length + 28)
      expect(report.problems).toEqual([])
    }
    const cut = await read(content.subarray(0, 2_000_000))
    expect(cut.report.problems).toMatchObject([{ code: 'cut' }])
    const lying = content.slice()
    lying[firstPacketAt + large.length - 1] = 1
    expect((await read(lying)).report.problems).toMatchObject([
      { code: 'block-length', offset: firstPacketAt + large.length - 4 },
    ])
  })

  const damages: [string, number, string, string, string][] = [
    [
      'a packet on an interface nobody declared',
      8,
      '09000000',
      'unknown-interface',
      'a packet names interface 9, which its section does not declare',
    ],
    [
      'a block length that is no multiple of 4',
      4,
      '25000000',
      'block-length',
      'a block claims a length of 37 bytes',
    ],
    [
      'a block length below 12',
      4,
      '08000000',
      'block-length',
      'a block claims a length of 8 bytes',
    ],
    [
      'a trailer that says another length',
      32,
      '28000000',
      'block-length',
      'a block ends with another length than it began with',
    ],
    [
      'a captured length beyond the limit',
      20,
      '01000400',
      'record-length',
      'a packet block claims 262145 captured bytes (at most 262144 are possible)',
    ],
    [
      'a captured length beyond the block',
      20,
      '05000000',
      'block-length',
      'a packet block is too short for what it holds',
    ],
  ]
  test.each(damages)('%s ends the reading at that block', async (_, at, hex, code, reason) => {
    const damaged = concat(pcapng.subarray(0, 160), pcapng.subarray(firstPacketAt))
    damaged.set(bytes(hex), 160 + at)
    const { packets, report } = await read(damaged)
    expect(packets).toMatchObject(expected.slice(0, 1))
    expect(report.problems).toEqual([
      {
        code,
        offset: 160,
        message: `test.pcap: at byte 160 ${reason}; the 1 packet before it can be used, what follows cannot`,
      },
    ])
  })

  test('a section of a later version and one without byte order end the reading', async () => {
    const later = concat(pcapng, bytes(sectionLittle.replace('0100 0000', '0200 0000')))
    expect((await read(later)).report.problems).toMatchObject([
      { code: 'version', offset: pcapng.length },
    ])
    const blank = concat(pcapng, bytes(sectionLittle.replace('4d3c2b1a', '00000000')))
    expect((await read(blank)).report.problems).toMatchObject([
      { code: 'byte-order', offset: pcapng.length },
    ])
  })

  test('interfaces beyond 65536 end the reading, so a crafted file cannot fill memory', async () => {
    const block = bytes('01000000 14000000 0100 0000 00000000 14000000')
    const content = Buffer.alloc(28 + 70_000 * 20)
    content.set(bytes(sectionLittle))
    for (let index = 0; index < 70_000; index++) content.set(block, 28 + index * 20)
    const { report } = await read(content)
    expect(report.interfaces).toHaveLength(65_536)
    expect(report.problems).toMatchObject([
      { code: 'too-many-interfaces', offset: 28 + 65_536 * 20 },
    ])
  })

  test('ticks of every resolution are exact to the nanosecond', () => {
    const time = new TickTime()
    const resolution = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 128, max: 191 }))
    const word = fc.integer({ min: 0, max: 0xffff_ffff })
    const seconds = fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 33), max: 2 ** 33 }))
    fc.assert(
      fc.property(word, word, resolution, seconds, (high, low, code, offset) => {
        const perSecond = code < 128 ? 10n ** BigInt(code) : 1n << BigInt(code - 128)
        const ticks = (BigInt(high) << 32n) | BigInt(low)
        const whole = ticks / perSecond + BigInt(offset)
        readTicks(high, low, ticksOf(code, offset), time)
        expect(time.isExact).toBe(whole >= 0n && whole <= 0xffff_ffffn)
        if (!time.isExact) return
        expect(time.seconds).toBe(Number(whole))
        expect(time.nanoseconds).toBe(Number(((ticks % perSecond) * 1_000_000_000n) / perSecond))
      }),
      { numRuns: 5000 },
    )
  })
})
