// What the exfiltration detector reads in names: alphabets, decoded samples, services known by their form, windows and regularity.

import { describe, expect, test } from 'vitest'
import { base32 } from '../samples/make/drip.ts'
import { alphabetOf, labelsOf } from '../src/inspect/detect/exfiltration/alphabet.ts'
import { regularity } from '../src/inspect/detect/exfiltration/hints.ts'
import { decodeSample, sampleText } from '../src/inspect/detect/exfiltration/sample.ts'
import { compressedBytes, fullestWindow } from '../src/inspect/detect/exfiltration/windows.ts'
import { publicAddress, recognise } from '../src/inspect/detect/exfiltration/known-services.ts'
import { bitsPerCharacter } from '../src/inspect/detect/dga/letters.ts'

const noise = Uint8Array.from({ length: 600 }, (_, i) => (i * 7919 + ((i * i) % 251)) & 255)
const story = 'root:x:0:0:root:/root:/bin/bash daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin '

/** A text in pieces of 20 octets, each behind a counter. */
function pieces(text: string, encode: (piece: Buffer) => string): string[] {
  const count = Math.ceil(text.length / 20)
  return Array.from({ length: count }, (_, i) => {
    const counter = i.toString(16).padStart(4, '0')
    return `${counter}${encode(Buffer.from(text.slice(i * 20, i * 20 + 20)))}.files`
  })
}

describe('alphabets', () => {
  test.each([
    ['hexadecimal', Buffer.from(noise).toString('hex'), false],
    ['base32', base32(noise), false],
    ['base64', Buffer.from(noise).toString('base64').replaceAll('=', ''), true],
    ['base64url', Buffer.from([251, 240, ...noise]).toString('base64url'), true],
    ['raw octets', Array.from(noise, escaped).join(''), false],
    ['base128', Array.from(noise, (octet) => escaped(188 + (octet % 66))).join(''), false],
  ])('%s is told from the others, and its letters are even', (name, text, isMixed) => {
    expect(alphabetOf([text], isMixed)).toMatchObject({ name, isEven: true })
  })

  test('names people choose are text, however many there are', () => {
    const words = ['static', 'images', 'mail', 'shop', 'assets', 'login', 'media', 'news', 'video']
    const names = words.flatMap((word) => words.map((other) => `${word}-${other}`))
    expect(alphabetOf(names, false)).toMatchObject({ name: 'text', isEven: false })
  })

  test('too few letters are never even', () => {
    expect(alphabetOf(['0123456789abcdef'], false)).toMatchObject({ isEven: false })
  })

  test('an escaped dot is part of its label', () => {
    expect(labelsOf('a\\.b.\\000c.d')).toEqual(['a\\.b', '\\000c', 'd'])
  })
})

describe('a sample', () => {
  test.each([
    ['hexadecimal', pieces(story.repeat(5), (piece) => piece.toString('hex')), 'hexadecimal'],
    ['base32', pieces(story.repeat(5), base32), 'base32'],
    ['base64', pieces(story.repeat(5), (piece) => piece.toString('base64')), 'base64'],
    ['base64url', pieces(story.repeat(5), (piece) => piece.toString('base64url')), 'base64url'],
  ] as const)('of text in %s is read behind its counter', (name, names, encoding) => {
    const sample = decodeSample(names, name)
    expect(sample).toMatchObject({ encoding, text: expect.any(String) })
    expect(story.repeat(2)).toContain(sample?.text?.slice(4))
  })

  test('of noise is said to be unreadable, and base128 is named only', () => {
    const names = Array.from({ length: 30 }, (_, i) =>
      Buffer.from(noise.slice(i * 20, i * 20 + 20)).toString('hex'),
    )
    expect(decodeSample(names, 'hexadecimal')).toEqual({ encoding: 'hexadecimal', text: null })
    expect(sampleText(decodeSample(names, 'hexadecimal'))).toContain('no readable text')
    expect(decodeSample(names, 'base128')).toBeNull()
    expect(sampleText(null)).toBe('')
  })

  test('is printable ASCII and short, whatever was sent', () => {
    const hostile = Buffer.from(`\u001b[2J\n\r${'harmless text '.repeat(20)}`).toString('hex')
    const text = decodeSample([hostile, `${hostile}61`], 'hexadecimal')?.text ?? ''
    expect(text).toMatch(/^[ -~]{20,63}$/)
  })
})

describe('known services', () => {
  const ask = (subdomains: string[], more: object = {}) =>
    recognise({ zone: 'example.org', subdomains, refused: 0, isEven: true, ...more })
  const public4 = Array.from({ length: 50 }, (_, i) => `${i}.7.${i * 3}.${20 + i}.list`)

  test('are block lists where reversed addresses are answered as lists do', () => {
    expect(ask(public4, { refused: 1 }).what).toMatch(/block-list/)
    expect(ask(public4, { refused: 0.2 }).what).toBeNull()
  })

  test('are not four random octets, of which an eighth is no address', () => {
    const random = Array.from({ length: 50 }, (_, i) => `1.2.${i}.${(i * 37) % 256}`)
    expect(ask(random, { refused: 1 }).what).toBeNull()
  })

  test.each([
    ['4.3.2.198', '198.2.3.4'],
    ['4.3.2.198.zen.list', '198.2.3.4'],
    ['4.3.2.10', null],
    ['4.3.31.172', null],
    ['4.3.2.224', null],
    ['4.3.2.1.0', null],
    ['04.3.2.1', null],
    [`${'0.'.repeat(24)}8.b.d.0.1.0.0.2`, `20010db8${'0'.repeat(24)}`],
    [`${'0.'.repeat(31)}f`, null],
  ])('the address of %s is %s', (subdomain, address) => {
    expect(publicAddress(subdomain)).toBe(address)
  })

  test('are sender policies, keys and certificates, unless data is written in them', () => {
    expect(ask(Array.from({ length: 30 }, (_, i) => `4.3.2.${20 + i}._spf`)).what).toMatch(/policy/)
    const hosts = Array.from({ length: 30 }, (_, i) => `_acme-challenge.host${i}`)
    expect(ask(hosts, { isEven: false }).what).toMatch(/certificate/)
    expect(ask(hosts, { isEven: true }).what).toBeNull()
    expect(ask(['_ta-4f66', '_ta-4f66-9728'], { isEven: false }).what).toMatch(/discovery/)
  })

  test('are zones of vendors, given whole or above the registrable domain', () => {
    expect(ask(['0123.x'], { zone: 'sophosxl.net' }).what).toMatch(/Sophos/)
    expect(ask(['0123.avqs', '4567.avqs'], { zone: 'mcafee.com' }).what).toMatch(/McAfee/)
    expect(ask(['www', 'shop'], { zone: 'mcafee.com' }).what).toBeNull()
    expect(ask(['0123'], { zone: 'notsophosxl.net' }).what).toBeNull()
  })

  test('say what was compared', () => {
    expect(ask(public4).lookedAt.join(' ')).toContain('100 % of the names are reversed public')
  })
})

describe('windows', () => {
  const series = {
    asked: [0, 10, 3590, 3600, 3605, 9000],
    names: ['aa', 'bb', 'ccc', 'ddddd', 'eeee', 'f'],
  }

  test('begin at every name and end before their length', () => {
    expect(fullestWindow(series, 3600)).toEqual({
      from: 1,
      to: 5,
      bytes: compressedBytes(['bb', 'ccc', 'ddddd', 'eeee']),
    })
    expect(fullestWindow(series, 86_400)).toMatchObject({ from: 0, to: 6 })
  })

  test('that cannot hold enough are not compressed, and nothing holds nothing', () => {
    expect(fullestWindow(series, 3600, 1000)).toBeNull()
    expect(fullestWindow({ asked: [], names: [] }, 3600)).toBeNull()
  })

  test('hold no more than gzip of the sorted names, in whatever order they came', () => {
    expect(compressedBytes(['b', 'a'])).toBe(compressedBytes(['a', 'b']))
  })
})

describe('regularity', () => {
  test('is one for a timer and low for people', () => {
    const timer = Array.from({ length: 40 }, (_, i) => i * 60 + (i % 3) * 0.2)
    expect(regularity(timer)).toBeGreaterThan(0.98)
    const people = Array.from({ length: 40 }, (_, i) => i * i * 20 + ((i * 7919) % 300))
    expect(regularity(people.sort((a, b) => a - b))).toBeLessThan(0.8)
    expect(regularity([1, 2, 3])).toBe(0)
  })
})

describe('letters', () => {
  test('of registered names cost little, those of generated ones much', () => {
    const registered = ['weather', 'bookshop', 'garden-house', 'mountain', 'wikipedia', 'travel']
    const bits = registered.reduce((sum, name) => sum + bitsPerCharacter(name), 0)
    expect(bits / registered.length).toBeLessThan(4.6)
    for (const name of ['xqzjvkwpqhtb', 'k3jq9x0vz7wq', 'gvhqxbzkfj']) {
      expect(bitsPerCharacter(name), name).toBeGreaterThan(5.8)
    }
    expect(bitsPerCharacter('')).toBe(0)
  })
})

function escaped(octet: number): string {
  return `\\${String(octet).padStart(3, '0')}`
}
