// EDNS options as text for columns: every code, every way to be wrong, and whatever else a hostile sender may put there.

import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bytes, textOf } from '../src/dns/bytes.ts'
import { writeOptionText } from '../src/ingest/decode/edns-text.ts'
import { bytesOf } from './rdata-samples.ts'
import { watched } from './rdata-spelling.ts'

describe('an option as text', () => {
  it.each([
    [1, '0001 0002 0003 00112233445566ff 00001c20', '1 2 3 00112233445566ff 7200'],
    [2, '00000e10', '3600'],
    [2, '00000e10 00093a80', '3600 604800'],
    [3, '6e7331 5c 00 ff 22', 'ns1\\092\\000\\255"'],
    [3, '', ''],
    [4, '00 2a 021122334455', '0 42 02-11-22-33-44-55'],
    [4, '00 2a 021122334455 0266778899aa', '0 42 02-11-22-33-44-55 02-66-77-88-99-aa'],
    [
      4,
      '00 01 021122334455 0266778899aa 01020304',
      '0 1 02-11-22-33-44-55 02-66-77-88-99-aa 01020304',
    ],
    [5, '08 0d 0f', '8 13 15'],
    [6, '02', '2'],
    [7, '', ''],
    [8, '0001 18 16 c00002', '192.0.2.0/24/22'],
    [9, '', ''],
    [9, '00015180', '86400'],
    [10, '0102030405060708', '0102030405060708+'],
    [10, '0102030405060708 1112131415161718', '0102030405060708+1112131415161718'],
    [11, '', ''],
    [11, '012d', '30.1'],
    [11, '0064', '10'],
    [12, '', '0'],
    [12, '00'.repeat(468), '468'],
    [12, '00 00 00 2a', '4 0000002a'],
    [12, `${'00'.repeat(600)} 01`, `601 ${'00'.repeat(512)}`],
    [13, '03 4e4554 00', 'net'],
    [13, '00', '.'],
    [14, '4a5c 9728', '19036 38696'],
    [15, '0006', '6'],
    [15, '0016 6e6f20c3bc', '22 no \\195\\188'],
    [16, '1234', '4660'],
    [17, 'ffff', '65535'],
    [18, '03 61 62 63 00', 'abc'],
    [19, '', ''],
    [19, '02 00 78af5a1b', '2 SOA-SERIAL 2024757787'],
    [19, '02 f6 0102', '2 246 0102'],
    [19, '02 f6', '2 246'],
    [20, '001c 0041', 'AAAA HTTPS'],
    [21, 'ff00', 'TYPE65280'],
    [77, 'DE AD be ef', 'deadbeef'],
    [65001, '', ''],
    [65001, 'ab'.repeat(512), 'ab'.repeat(512)],
  ])('of code %i: %s is %s', (code, hex, text) => {
    expect(textOfOption(code, bytesOf([hex]))).toBe(text)
  })

  it.each([
    [1, '0001'],
    [2, '000000'],
    [4, '00 2a 0211223344'],
    [8, '0001 18 00 c000'],
    [9, '00'],
    [10, '01020304050607'],
    [10, '00'.repeat(41)],
    [11, '00'],
    [13, '03 6e65'],
    [13, 'c000'],
    [14, ''],
    [14, '00'],
    [15, '00'],
    [16, ''],
    [18, '00 00'],
    [19, '02'],
    [20, ''],
    [21, '001c 00'],
  ])('of code %i: %s has not its form and is shown by length and bytes', (code, hex) => {
    const data = bytesOf([hex])
    const shown = Buffer.from(data).toString('hex')
    expect(textOfOption(code, data)).toBe(`\\# ${data.length} ${shown}`.trimEnd())
  })

  it('longer than 512 bytes is cut and says how long it was', () => {
    for (const code of [3, 5, 15, 77, 65001]) {
      const data = new Uint8Array(600).fill(0x41)
      expect(textOfOption(code, data)).toBe(`\\# 600 ${'41'.repeat(512)}`)
    }
  })

  it('is printable, in proportion, and read inside its length only, for any bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...codes),
        fc.uint8Array({ maxLength: 700 }),
        fc.nat(700),
        (code, bytes, length) => {
          const size = Math.min(length, bytes.length)
          const seen = watched(bytes)
          const out = new Bytes(1)
          writeOptionText(out, code, seen.bytes, 0, size)
          expect(seen.highest).toBeLessThan(size)
          expect(out.pos).toBeLessThanOrEqual(8 * size + 12)
          expect(textOf(out.buf, 0, out.pos)).toMatch(/^[\x20-\x7e]*$/)
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('is what dns-packet was given: subnets, timeouts, padding, key tags', () => {
    const bits = fc.nat(32)
    const option = fc.oneof(
      fc.tuple(fc.ipV4(), bits).map(([ip, sourcePrefixLength]) => ({
        given: { code: 8, family: 1, sourcePrefixLength, ip: masked(ip, sourcePrefixLength) },
        text: `${masked(ip, sourcePrefixLength)}/${sourcePrefixLength}`,
      })),
      fc.integer({ min: 1, max: 65_535 }).map((timeout) => ({
        given: { code: 11, timeout },
        text: String(timeout / 10),
      })),
      fc.nat(1000).map((length) => ({ given: { code: 12, length }, text: String(length) })),
      fc
        .array(fc.nat(65_535), { minLength: 1, maxLength: 20 })
        .map((tags) => ({ given: { code: 14, tags }, text: tags.join(' ') })),
    )
    fc.assert(
      fc.property(option, ({ given, text }) => {
        const wire = dnsPacket.option.encode(given)
        expect(textOfOption(given.code, wire.subarray(4))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })
})

const dnsPacket = createRequire(import.meta.url)('dns-packet') as {
  option: { encode(option: object): Buffer }
}

/** Every code with a form of its own, and two without. */
const codes = [...Array.from({ length: 21 }, (_, i) => i + 1), 77, 65_001]

/** An IPv4 address with the bits behind the prefix taken away. */
function masked(ip: string, prefixBits: number): string {
  const octets = ip.split('.').map(Number)
  return octets
    .map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, prefixBits - 8 * i))) & 0xff)
    .join('.')
}

function textOfOption(code: number, data: Uint8Array): string {
  const out = new Bytes(1)
  writeOptionText(out, code, data, 0, data.length)
  return textOf(out.buf, 0, out.pos)
}
