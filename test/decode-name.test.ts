// Names from the wire (RFC 1035 sections 3.1 and 4.1.4, RFC 4343): what is written, where reading goes on, and what is said of bad ones.

import { describe, expect, it } from 'vitest'
import { Bytes, textOf } from '../src/dns/bytes.ts'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { nameRead, readName } from '../src/ingest/decode/name.ts'
import { bytes } from './capture-bytes.ts'

describe('a good name', () => {
  it('is written without its last dot', () => {
    expect(
      read(`
      03 777777         // www
      07 6578616d706c65 // example
      03 636f6d         // com
      00`),
    ).toEqual({ text: 'www.example.com', after: 17, anomalies: [], upper: false })
  })

  it('is a dot when it is the root', () => {
    expect(read('00')).toEqual({ text: '.', after: 1, anomalies: [], upper: false })
    expect(read('00 c000', { at: 1 })).toMatchObject({ text: '.', after: 3, anomalies: [] })
  })

  it('is folded, and says that it had to be', () => {
    const mixed = '03 577777 07 4578416d506c45 00'
    expect(read(mixed)).toMatchObject({ text: 'www.example', upper: true })
    expect(read(mixed, { keepCase: true })).toMatchObject({ text: 'Www.ExAmPlE', upper: true })
  })

  it('folds A to Z and nothing beside them', () => {
    expect(read('04 405a5b41 00')).toMatchObject({ text: '\\@z[a' })
    expect(read('04 607a7b61 00')).toMatchObject({ text: '`z{a', upper: false })
    expect(read('02 c1d6 00')).toMatchObject({ text: '\\193\\214', upper: false })
  })

  it('escapes what a zone file would', () => {
    expect(read('08 2e 3b 22 5c 28 29 40 24 00')).toMatchObject({
      text: '\\.\\;\\"\\\\\\(\\)\\@\\$',
      after: 10,
    })
  })

  it('writes octets that do not print as three digits', () => {
    expect(read('08 00 09 0a 1b 20 7f 80 ff 00')).toMatchObject({
      text: '\\000\\009\\010\\027\\032\\127\\128\\255',
    })
  })

  it('comes out as printable ASCII whatever its octets, and no two labels alike', () => {
    const seen = new Set<string>()
    for (let octet = 0; octet < 256; octet++) {
      const { text } = read(`01 ${octet.toString(16).padStart(2, '0')} 00`)
      expect(text).toMatch(/^[!-~]+$/)
      seen.add(text)
    }
    expect(seen.size).toBe(256 - 26)
  })

  it('may have 255 octets', () => {
    const wire = `${label(63)} ${label(63)} ${label(63)} ${label(61)} 00`
    const { text, anomalies, after } = read(wire)
    expect([text.length, anomalies, after]).toEqual([253, [], 255])
  })

  it('may have 127 labels', () => {
    const { text, anomalies, after } = read(`${'01 61 '.repeat(127)} 00`)
    expect(text).toBe(Array(127).fill('a').join('.'))
    expect([anomalies, after]).toEqual([[], 255])
  })

  it('may take four characters an octet, 1004 in all', () => {
    const wire = `${label(63, 'ff')} ${label(63, 'ff')} ${label(63, 'ff')} ${label(61, 'ff')} 00`
    expect(read(wire).text.length).toBe(4 * 250 + 3)
  })

  it('goes on behind its first pointer', () => {
    const wire = `
      03 636f6d 00       // 0: com
      07 6578616d706c65  // 5: example
      c0 00              // 13: to com
      03 777777          // 15: www
      c0 05`
    expect(read(wire, { at: 15 })).toMatchObject({
      text: 'www.example.com',
      after: 21,
      anomalies: [],
    })
  })

  it('counts pointers from the start of the message', () => {
    const wire = 'ffff 01 61 00 c0 00'
    expect(read(wire, { start: 2, at: 5 })).toMatchObject({ text: 'a', after: 7, anomalies: [] })
  })
})

describe('a name that is too long', () => {
  it('of 256 octets is named so, and the record behind it can still be read', () => {
    const wire = `${label(63)} ${label(63)} ${label(63)} ${label(62)} 00 beef`
    const { text, anomalies, after } = read(wire)
    expect([anomalies, after]).toEqual([['name-too-long'], 256])
    expect(text.length).toBe(63 * 3 + 2)
  })

  it('of 128 labels is named so', () => {
    expect(read(`${'01 61 '.repeat(128)} 00`)).toMatchObject({
      anomalies: ['name-too-long'],
      after: 257,
    })
  })

  it('through a pointer ends behind the pointer', () => {
    const wire = `${label(63)} ${label(63)} ${label(63)} 00 ${label(62)} c0 00`
    expect(read(wire, { at: 193 })).toMatchObject({ anomalies: ['name-too-long'], after: 258 })
  })

  it('that never ends is not read on', () => {
    const wire = `${label(63)} ${label(63)} ${label(63)} ${label(63)} 3f 61`
    expect(read(wire)).toMatchObject({ anomalies: ['name-too-long'], after: -1 })
  })
})

describe('a pointer', () => {
  it('to itself is named, and the name ends behind it', () => {
    expect(read('c0 00')).toEqual({
      text: '',
      after: 2,
      anomalies: ['pointer-forward'],
      upper: false,
    })
  })

  it('to the labels it ends is a loop', () => {
    expect(read('01 61 c0 00')).toMatchObject({
      text: 'a',
      after: 4,
      anomalies: ['pointer-loop'],
    })
  })

  it('into the middle of the labels it ends is a loop as well', () => {
    expect(read('04 01610162 c0 01')).toMatchObject({ after: 7, anomalies: ['pointer-loop'] })
  })

  it('forward is named', () => {
    expect(read('01 61 c0 05 00 01 62 00')).toMatchObject({
      text: 'a',
      after: 4,
      anomalies: ['pointer-forward'],
    })
  })

  it('past the end is forward, and nothing there is read', () => {
    expect(read('00 ff ff', { at: 1 })).toMatchObject({
      text: '',
      after: 3,
      anomalies: ['pointer-forward'],
    })
  })

  it('into the header is followed: what stands there is read as a name', () => {
    const wire = `
      01 61 00 00 0000 0000 0000 0000 // a header that is a name
      c0 00`
    expect(read(wire, { at: 12 })).toMatchObject({ text: 'a', after: 14, anomalies: [] })
  })

  it('may follow another, 127 times', () => {
    expect(read(chain(127), { at: 3 + 2 * 126 })).toMatchObject({ text: 'a', anomalies: [] })
  })

  it('is not followed the 128th time: no name has that many labels', () => {
    expect(read(chain(128), { at: 3 + 2 * 127 })).toMatchObject({
      text: '',
      after: 3 + 2 * 128,
      anomalies: ['pointer-loop'],
    })
  })

  it('whose second octet is missing is cut', () => {
    expect(read('01 61 c0')).toMatchObject({ text: 'a', after: -1, anomalies: ['name-truncated'] })
  })
})

describe('a length octet that is none', () => {
  it.each(['40', '7f', '80', 'bf'])('%s ends the name and the record', (octet) => {
    expect(read(`01 61 ${octet} 00 00`)).toMatchObject({
      text: 'a',
      after: -1,
      anomalies: ['label-reserved'],
    })
  })

  it('behind a pointer ends the name only', () => {
    expect(read('40 00 01 61 c0 00', { at: 2 })).toMatchObject({
      text: 'a',
      after: 6,
      anomalies: ['label-reserved'],
    })
  })
})

describe('a cut name', () => {
  const whole = bytes('03 777777 07 6578616d706c65 03 636f6d 00')

  it.each(Array.from(whole.keys()))('of %i octets is named so and keeps what there is', (end) => {
    const { text, after, anomalies } = read(whole.subarray(0, end))
    expect([after, anomalies]).toEqual([-1, ['name-truncated']])
    expect('www.example.com'.startsWith(text.replace(/\.$/, ''))).toBe(true)
  })

  it('is empty when there is not even a length', () => {
    expect(read('')).toEqual({ text: '', after: -1, anomalies: ['name-truncated'], upper: false })
  })

  it('never takes an octet behind the end', () => {
    const canary = Buffer.concat([whole, Buffer.alloc(300, 0x58)])
    for (let end = 0; end <= whole.length; end++) {
      expect(read(canary, { end }).text).not.toContain('x'.repeat(2))
      expect(read(canary, { end }).upper).toBe(false)
    }
  })
})

/** A label of so many octets, in hex. */
function label(length: number, octet = '61'): string {
  return length.toString(16).padStart(2, '0') + octet.repeat(length)
}

/** `a`, and behind it this many pointers, each to the one before. */
function chain(length: number): string {
  let wire = '01 61 00'
  for (let i = 0; i < length; i++) {
    const target = i === 0 ? 0 : 3 + 2 * (i - 1)
    wire += ` ${(0xc000 | target).toString(16)}`
  }
  return wire
}

interface Where {
  start?: number
  at?: number
  end?: number
  keepCase?: boolean
}

function read(wire: string | Uint8Array, where: Where = {}) {
  const octets = typeof wire === 'string' ? bytes(wire) : wire
  const { start = 0, at = start, end = octets.length, keepCase = false } = where
  const out = new Bytes(4)
  const after = readName(octets, start, at, end, out, keepCase)
  return {
    text: textOf(out.buf, 0, out.pos),
    after,
    anomalies: anomaliesOf(nameRead.anomalies),
    upper: nameRead.hadUpperCase,
  }
}
