// RDATA in presentation form: every type, every way to cut it, and whatever else a hostile sender may put there.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bytes, textOf } from '../src/dns/bytes.ts'
import { types } from '../src/dns/codes.ts'
import { Anomaly } from '../src/ingest/decode/anomaly.ts'
import { writeRdata } from '../src/ingest/decode/rdata.ts'
import { formOf, noForm } from '../src/ingest/decode/rdata-forms.ts'
import { bytesOf, malformedSamples, rdataSamples } from './rdata-samples.ts'
import { watched } from './rdata-spelling.ts'

const hotTypes = [1, 2, 5, 6, 12, 15, 16, 28]

describe('every type', () => {
  it.each(rdataSamples)('$type is written as $text', ({ type, rdata, text }) => {
    expect(decode(types[type], bytesOf(rdata))).toEqual({ text, anomalies: 0 })
  })

  it('has a sample', () => {
    const sampled = new Set(rdataSamples.map(({ type }) => types[type]))
    const written = Object.values(types).filter((type) => formOf(type) !== noForm)
    expect([...hotTypes, ...written].filter((type) => !sampled.has(type))).toEqual([])
  })

  it.each(rdataSamples)(
    '$type cut at any byte, or with one too many, is malformed and shown in hex: $text',
    ({ type, rdata, alsoReadable = [] }) => {
      const whole = bytesOf(rdata)
      const withOneMore = new Uint8Array([...whole, 0xff])
      for (let length = 1; length <= withOneMore.length; length++) {
        if (length === whole.length) continue
        const cut = withOneMore.slice(0, length)
        const { text, anomalies } = decode(types[type], cut)
        const isReadable = alsoReadable.includes(length)
        expect([length, anomalies & Anomaly.rdataMalformed]).toEqual([
          length,
          isReadable ? 0 : Anomaly.rdataMalformed,
        ])
        if (isReadable) expect(text).not.toMatch(/^\\#/)
        else expect(text).toBe(unknownForm(cut))
      }
    },
  )

  it.each(malformedSamples)('$type with $because is malformed', ({ type, rdata }) => {
    const bytes = bytesOf(rdata)
    const { text, anomalies } = decode(types[type], bytes)
    expect(anomalies & Anomaly.rdataMalformed).toBe(Anomaly.rdataMalformed)
    expect(text).toBe(unknownForm(bytes))
  })

  it('without a byte of RDATA, as in an UPDATE, writes nothing and is fine', () => {
    for (const type of [...Object.values(types), 65400]) {
      expect(decode(type, new Uint8Array(0))).toEqual({ text: '', anomalies: 0 })
    }
  })
})

describe('unknown RDATA', () => {
  it('of NULL and of types without a form is hex, and not an anomaly', () => {
    for (const type of [
      types.NULL,
      types.UINFO,
      types.UNSPEC,
      types.NXNAME,
      types.OPT,
      300,
      65280,
      65535,
      32770,
    ]) {
      expect(decode(type, bytesOf(['0a 0b ff']))).toEqual({ text: '\\# 3 0A0BFF', anomalies: 0 })
    }
  })

  it.each([
    ['LOC of version 1', 'LOC', '01 ff'],
    ['an IPSECKEY gateway of type 4', 'IPSECKEY', '0a 04 02 01'],
    ['an AMTRELAY relay of type 127', 'AMTRELAY', '0a 7f 01'],
    ['an ATMA format of 2', 'ATMA', '02 31'],
    ['an APL family of 3', 'APL', '0003 08 01 ff'],
    ['an NXT map of the other format', 'NXT', '00 80'],
  ])('also shows %s, which nobody has defined', (_what, type, hex) => {
    const bytes = bytesOf([hex])
    expect(decode(types[type], bytes)).toEqual({ text: unknownForm(bytes), anomalies: 0 })
  })

  it('also shows bit maps with more than a thousand entries, so that text stays in proportion', () => {
    const windows = Array.from({ length: 5 }, (_, i) => [i, 32, ...Array<number>(32).fill(255)])
    const nsec = new Uint8Array([0, ...windows.flat()])
    expect(decode(types.NSEC, nsec)).toEqual({ text: unknownForm(nsec), anomalies: 0 })
    expect(decode(types.NSEC, nsec.slice(0, 1 + 4 * 34)).text).toMatch(
      /^\. TYPE0 A NS .* TYPE1023$/,
    )
    const wks = new Uint8Array([192, 0, 2, 1, 6, ...Array<number>(129).fill(255)])
    expect(decode(types.WKS, wks)).toEqual({ text: unknownForm(wks), anomalies: 0 })
  })
})

describe('names in RDATA', () => {
  const message = bytesOf(['03 577757 07 6578616d706c65 03 434f4d 00', '000a 02 6d78 c004', 'c020'])

  it('follow pointers back into the message', () => {
    expect(decodeAt(types.MX, message, 17, 7)).toEqual({ text: '10 mx.example.com', anomalies: 0 })
  })

  it('that point forward make the RDATA malformed and say so', () => {
    expect(decodeAt(types.CNAME, message, 24, 2)).toEqual({
      text: '\\# 2 C020',
      anomalies: Anomaly.rdataMalformed | Anomaly.pointerForward,
    })
  })

  it('that point at themselves, too', () => {
    const loop = bytesOf(['01 61 c000'])
    expect(decode(types.NSEC, loop).anomalies).toBe(Anomaly.rdataMalformed | Anomaly.pointerLoop)
  })

  it('longer than 255 octets, too', () => {
    const long = bytesOf([`3f${'61'.repeat(63)}`.repeat(4), '00'])
    expect(decode(types.PTR, long)).toEqual({
      text: unknownForm(long),
      anomalies: Anomaly.rdataMalformed | Anomaly.nameTooLong,
    })
  })

  it('do not lend the anomalies of an earlier name to RDATA without one', () => {
    decode(types.CNAME, bytesOf(['c0ff']))
    expect(decode(types.A, bytesOf(['01'])).anomalies).toBe(Anomaly.rdataMalformed)
  })
})

describe('any bytes at all', () => {
  const anyType = fc.oneof(fc.constantFrom(...Object.values(types)), fc.nat(65535))
  const noise = fc.tuple(anyType, fc.uint8Array({ minLength: 1, maxLength: 300 }))
  const damaged = fc
    .tuple(
      fc.constantFrom(...rdataSamples),
      fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 4 }),
      fc.nat(80),
    )
    .map(([{ type, rdata }, edits, length]): [number, Uint8Array] => {
      const bytes = bytesOf(rdata)
      for (const [at, value] of edits) bytes[at % bytes.length] = value
      return [types[type], bytes.slice(0, 1 + (length % bytes.length))]
    })

  it('give printable ASCII, and the hex of all of them when malformed', () => {
    fc.assert(
      fc.property(fc.oneof(noise, damaged), ([type, bytes]) => {
        const { text, anomalies } = decode(type, bytes)
        expect(text).toMatch(/^[ -~]*$/)
        if (anomalies !== 0) expect(text).toBe(unknownForm(bytes))
        if (anomalies !== 0) expect(anomalies & Anomaly.rdataMalformed).toBeTruthy()
        // As a word of its own: base64 can spell it.
        expect(text).not.toMatch(/^ | $|(?:^| )(?:NaN|undefined)(?: |$)/)
      }),
      { numRuns: 20_000 },
    )
  })

  it('are read between their first and their last, whatever stands around them', () => {
    fc.assert(
      fc.property(fc.oneof(noise, damaged), ([type, bytes]) => {
        const alone = decode(type, bytes)
        for (const canary of [0x00, 0x01, 0xc0, 0xff]) {
          const surrounded = new Uint8Array(bytes.length + 600).fill(canary)
          surrounded.set(bytes, 300)
          expect(decodeAt(type, surrounded, 300, bytes.length, 300)).toEqual(alone)
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('are never left by as much as a look', () => {
    fc.assert(
      fc.property(fc.oneof(noise, damaged), ([type, bytes]) => {
        const surrounded = new Uint8Array(bytes.length + 600).fill(0xff)
        surrounded.set(bytes, 300)
        const seen = watched(surrounded)
        decodeAt(type, seen.bytes, 300, bytes.length, 300)
        expect(seen.lowest).toBeGreaterThanOrEqual(300)
        expect(seen.highest).toBeLessThan(300 + bytes.length)
      }),
      { numRuns: 20_000 },
    )
  })

  it('leave what was written before them alone, and grow the buffer as needed', () => {
    fc.assert(
      fc.property(fc.oneof(noise, damaged), ([type, bytes]) => {
        const out = new Bytes(1)
        out.buf[out.pos++] = 64
        writeRdata(bytes, 0, bytes.length, type, 0, bytes.length, out)
        expect(textOf(out.buf, 0, out.pos)).toBe(`@${decode(type, bytes).text}`)
      }),
      { numRuns: 2_000 },
    )
  })
})

function decode(type: number, bytes: Uint8Array) {
  return decodeAt(type, bytes, 0, bytes.length)
}

function decodeAt(type: number, bytes: Uint8Array, at: number, length: number, messageStart = 0) {
  const out = new Bytes(8)
  const anomalies = writeRdata(bytes, messageStart, bytes.length, type, at, length, out)
  return { text: textOf(out.buf, 0, out.pos), anomalies }
}

function unknownForm(bytes: Uint8Array): string {
  return `\\# ${bytes.length} ${Buffer.from(bytes).toString('hex').toUpperCase()}`
}
