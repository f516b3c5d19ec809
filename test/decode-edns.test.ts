// EDNS options: the walk over them, client subnets as text, and all of them for a report.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bytes, textOf } from '../src/dns/bytes.ts'
import {
  edeName,
  ednsOptionName,
  optionRead,
  readOption,
  writeEcs,
} from '../src/ingest/decode/edns.ts'
import { optionsToJson } from '../src/ingest/decode/edns-json.ts'
import { bytesOf } from './rdata-samples.ts'
import { watched } from './rdata-spelling.ts'

describe('the walk over options', () => {
  it('gives code, position and length of each', () => {
    const bytes = bytesOf(['000a 0008 0102030405060708', '000c 0000', 'fde9 0001 ff'])
    expect(walk(bytes)).toEqual({
      options: [
        [10, 4, 8],
        [12, 16, 0],
        [65001, 20, 1],
      ],
      isMalformed: false,
    })
  })

  it('of no bytes finds none', () => {
    expect(walk(new Uint8Array(0))).toEqual({ options: [], isMalformed: false })
  })

  it('stops at an option that does not fit, keeps those before it, and says so', () => {
    const bytes = bytesOf(['000c 0001 00', '000a 0008 0102'])
    for (let length = 6; length < bytes.length; length++) {
      expect(walk(bytes.slice(0, length))).toEqual({ options: [[12, 4, 1]], isMalformed: true })
    }
  })

  it('ends for any bytes, never leaves them, and accounts for each of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const seen = watched(bytes)
        const { options, isMalformed } = walk(seen.bytes)
        expect(seen.highest).toBeLessThan(bytes.length)
        let end = 0
        for (const [code, at, length] of options) {
          expect(at).toBe(end + 4)
          expect(code).toBe(bytes[at - 4] * 256 + bytes[at - 3])
          end = at + length
        }
        expect(end <= bytes.length).toBe(true)
        expect(isMalformed).toBe(end !== bytes.length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a client subnet', () => {
  it.each([
    ['0001 18 00 c00002', '192.0.2.0/24'],
    ['0001 18 16 c00002', '192.0.2.0/24/22'],
    ['0001 20 00 c0000201', '192.0.2.1/32'],
    ['0001 00 00', '0.0.0.0/0'],
    ['0001 0b 00 cbe0', '203.224.0.0/11'],
    ['0002 38 00 20010db8000000', '2001:db8::/56'],
    ['0002 38 30 20010db8fd1342', '2001:db8:fd13:4200::/56/48'], // RFC 7871 section 12.2
    ['0002 00 00', '::/0'],
    ['0000 00 00', '0/0'], // dig +subnet=0
  ])('%s is written as %s', (hex, text) => {
    expect(ecsOf(hex)).toBe(text)
  })

  it.each([
    ['', 'no bytes'],
    ['0001 18', 'a header cut short'],
    ['0003 00 00', 'an unknown family'],
    ['0000 08 00 0a', 'an address without a family'],
    ['0001 21 00 c000020100', 'an IPv4 prefix of 33 bits'],
    ['0001 18 21 c00002', 'an IPv4 scope of 33 bits'],
    ['0002 81 00 20010db80000000000000000000000000100', 'an IPv6 prefix of 129 bits'],
    ['0001 18 00 c0000201', 'an address octet too many'],
    ['0001 18 00 c000', 'an address octet too few'],
    ['0001 17 00 c00003', 'a bit behind the prefix'],
  ])('%s is malformed and writes nothing: %s', (hex) => {
    expect(ecsOf(hex)).toBe(null)
  })

  it('is read inside its length only', () => {
    const subnet = fc
      .tuple(fc.nat(3), fc.nat(136), fc.nat(136), fc.uint8Array({ maxLength: 20 }))
      .map(([family, source, scope, address]) => [0, family, source, scope, ...address])
    fc.assert(
      fc.property(subnet, fc.nat(30), (bytes, length) => {
        const size = Math.min(length, bytes.length)
        const seen = watched(new Uint8Array([...bytes, 0xff, 0xff]))
        writeEcs(new Bytes(64), seen.bytes, 0, size)
        expect(seen.highest).toBeLessThan(size)
      }),
      { numRuns: 5000 },
    )
  })

  it('does not inherit address bytes from the one before', () => {
    ecsOf('0002 80 00 ffffffffffffffffffffffffffffffff')
    expect(ecsOf('0001 08 00 0a')).toBe('10.0.0.0/8')
  })
})

describe('options for a report', () => {
  it.each([
    ['0003 0003 6e7331', { code: 3, name: 'NSID', nsid: 'ns1' }],
    ['0008 0007 0001 18 00 c00002', { code: 8, name: 'ECS', ecs: '192.0.2.0/24' }],
    [
      '000a 0008 0102030405060708',
      { code: 10, name: 'COOKIE', cookie: { client: '0102030405060708', server: null } },
    ],
    [
      '000a 0010 0102030405060708 1112131415161718',
      {
        code: 10,
        name: 'COOKIE',
        cookie: { client: '0102030405060708', server: '1112131415161718' },
      },
    ],
    ['000b 0000', { code: 11, name: 'TCP-KEEPALIVE', keepaliveSeconds: null }],
    ['000b 0002 012d', { code: 11, name: 'TCP-KEEPALIVE', keepaliveSeconds: 30.1 }],
    ['000c 0003 000000', { code: 12, name: 'PADDING', padding: 3 }],
    ['0009 0004 00015180', { code: 9, name: 'EXPIRE', expireSeconds: 86400 }],
    ['0009 0000', { code: 9, name: 'EXPIRE', expireSeconds: null }],
    [
      '000f 0008 0006 657870c3bc72',
      { code: 15, name: 'EDE', ede: { code: 6, name: 'DNSSEC Bogus', text: 'expür' } },
    ],
    ['000f 0002 1267', { code: 15, name: 'EDE', ede: { code: 4711, name: 'EDE4711', text: '' } }],
    ['0005 0003 080d0f', { code: 5, name: 'DAU', algorithms: [8, 13, 15] }],
    ['000e 0004 4a5c 9728', { code: 14, name: 'KEY-TAG', keyTags: [19036, 38696] }],
    ['000d 0005 03 4e4554 00', { code: 13, name: 'CHAIN', domain: 'net' }],
    ['0012 0005 03 61 62 63 00', { code: 18, name: 'REPORT-CHANNEL', domain: 'abc' }],
    [
      '0002 0008 00000e10 00093a80',
      { code: 2, name: 'UL', lease: { seconds: 3600, keySeconds: 604800 } },
    ],
    [
      '0013 0006 02 00 78af5a1b',
      { code: 19, name: 'ZONEVERSION', zoneVersion: { labels: 2, type: 0, version: '78af5a1b' } },
    ],
    ['0013 0000', { code: 19, name: 'ZONEVERSION', zoneVersion: null }],
    [
      '0001 0012 0001 0002 0003 00112233445566ff 00001c20',
      {
        code: 1,
        name: 'LLQ',
        llq: { version: 1, opcode: 2, error: 3, id: '00112233445566ff', seconds: 7200 },
      },
    ],
    [
      '0004 000e 00 2a 021122334455 0266778899aa',
      {
        code: 4,
        name: 'OWNER',
        owner: {
          version: 0,
          sequence: 42,
          address: '02-11-22-33-44-55',
          wakeupAddress: '02-66-77-88-99-aa',
          password: null,
        },
      },
    ],
    ['0010 0002 1234', { code: 16, name: 'CLIENT-TAG', tag: 4660 }],
    ['0011 0002 0007', { code: 17, name: 'SERVER-TAG', tag: 7 }],
    ['0014 0004 001c 0041', { code: 20, name: 'MQTYPE-QUERY', types: ['AAAA', 'HTTPS'] }],
    ['0015 0002 ff00', { code: 21, name: 'MQTYPE-RESPONSE', types: ['TYPE65280'] }],
    ['fde9 0002 beef', { code: 65001, name: 'OPT65001' }],
  ])('%s is shown with its fields', (hex, option) => {
    const bytes = bytesOf([hex])
    const data = Buffer.from(bytes.subarray(4)).toString('hex')
    expect(optionsToJson(bytes, 0, bytes.length)).toEqual([{ ...option, data }])
  })

  it.each([
    ['0008 0003 000118', 'a subnet cut short'],
    ['000a 0007 01020304050607', 'a client cookie of 7 bytes'],
    ['000a 000c 010203040506070801020304', 'a server cookie of 4 bytes'],
    ['000f 0001 00', 'an extended error of 1 byte'],
    ['000b 0001 00', 'a timeout of 1 byte'],
    ['0009 0003 000000', 'an expiry of 3 bytes'],
    ['000d 0002 01 61', 'a chain without end'],
    ['000d 0002 c000', 'a chain by pointer'],
    ['000e 0003 000000', 'a key tag and a half'],
    ['0002 0006 000000000000', 'a lease of 6 bytes'],
    ['0013 0001 02', 'a zone version of 1 byte'],
    ['0001 0002 0001', 'a long-lived query of 2 bytes'],
    ['0004 0009 00 2a 021122334455 02', 'an owner of 9 bytes'],
    ['0010 0001 12', 'a tag of 1 byte'],
    ['0014 0003 001c00', 'a type and a half'],
  ])('%s is marked malformed and shown in hex: %s', (hex) => {
    const bytes = bytesOf([hex])
    const [option, ...rest] = optionsToJson(bytes, 0, bytes.length)
    expect(rest).toEqual([])
    expect(Object.keys(option).sort()).toEqual(['code', 'data', 'malformed', 'name'])
    expect(option.malformed).toBe(true)
  })

  it('show what a terminal could act on as code points', () => {
    const text = Buffer.from('a\u001b[2J\u202eb', 'utf8')
    const bytes = new Uint8Array([0, 15, 0, 2 + text.length, 0, 15, ...text])
    expect(optionsToJson(bytes, 0, bytes.length)[0].ede).toEqual({
      code: 15,
      name: 'Blocked',
      text: 'a\\u{1b}[2J\\u{202e}b',
    })
  })

  it('come out for any bytes, without control characters, and leave the end of the walk readable', () => {
    const header = fc.constantFrom(...Array.from({ length: 22 }, (_, i) => i), 65_001)
    const option = fc
      .tuple(header, fc.uint8Array({ maxLength: 40 }))
      .map(([code, data]) => [code >> 8, code & 255, 0, data.length, ...data])
    fc.assert(
      fc.property(fc.array(option), fc.uint8Array({ maxLength: 6 }), (options, rest) => {
        const bytes = new Uint8Array([...options.flat(), ...rest])
        const shown = optionsToJson(bytes, 0, bytes.length)
        expect(shown.length).toBeGreaterThanOrEqual(options.length)
        expect(JSON.stringify(Object.values(shown))).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        const { options: walked, isMalformed } = walk(bytes)
        optionsToJson(bytes, 0, bytes.length)
        expect([shown.length, optionRead.isMalformed]).toEqual([walked.length, isMalformed])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('names', () => {
  it('exist for registered options and errors, and keep the number otherwise', () => {
    expect([8, 10, 12, 15, 20292, 0, 65535].map(ednsOptionName)).toEqual([
      'ECS',
      'COOKIE',
      'PADDING',
      'EDE',
      'UMBRELLA-IDENT',
      'OPT0',
      'OPT65535',
    ])
    expect([0, 3, 22, 30, 31, 49152].map(edeName)).toEqual([
      'Other Error',
      'Stale Answer',
      'No Reachable Authority',
      'Invalid Query Type',
      'EDE31',
      'EDE49152',
    ])
  })
})

function walk(bytes: Uint8Array) {
  const options: [number, number, number][] = []
  for (let next = readOption(bytes, 0, bytes.length); next >= 0; ) {
    options.push([optionRead.code, optionRead.at, optionRead.length])
    next = readOption(bytes, next, bytes.length)
  }
  return { options, isMalformed: optionRead.isMalformed }
}

function ecsOf(hex: string): string | null {
  const bytes = bytesOf([hex])
  const out = new Bytes(2)
  const isWritten = writeEcs(out, bytes, 0, bytes.length)
  if (!isWritten) expect(out.pos).toBe(0)
  return isWritten ? textOf(out.buf, 0, out.pos) : null
}
