// Exfiltration: what is found, from which threshold on, and what is left alone.

import { describe, expect, test } from 'vitest'
import { alphabetOf } from '../src/inspect/detect/alphabet.ts'
import { compressedBytes } from '../src/inspect/detect/exfiltration-windows.ts'
import { findings, insert, namesUnder, time, tunnel, useStore } from './detect-fixture.ts'

useStore()

describe('exfiltration', () => {
  const hour = 3600

  test('is found from exactly the threshold on, and not one byte below', async () => {
    await tunnel({ names: 60 })
    const names = await namesUnder('example.org')
    const minBytes = compressedBytes(names)
    const found = await findings('exfiltration', { exfiltration: { minBytes } })
    expect(found).toMatchObject([
      {
        rule: 'exfiltration/volume-1h',
        subject: { client: '192.0.2.7', domain: 'example.org' },
        measures: { compressed_bytes: { value: minBytes, threshold: minBytes } },
      },
    ])
    const above = { exfiltration: { minBytes: minBytes + 1, minBytesDay: minBytes + 1 } }
    expect(await findings('exfiltration', above)).toEqual([])
    expect(await findings('exfiltration', { exfiltration: { minNames: 61 } })).toEqual([])
  })

  test('across the turn of an hour is not halved', async () => {
    await tunnel({ names: 80, from: hour - 600, every: 25 })
    const [found] = await findings('exfiltration')
    expect(found?.rule).toBe('exfiltration/volume-1h')
    expect(found?.measures['names']?.value).toBe(80)
  })

  test('too slow for an hour is found over a day, as one finding', async () => {
    await tunnel({ names: 160, every: 500 })
    expect((await findings('exfiltration')).map(({ rule }) => rule)).toEqual([
      'exfiltration/volume-24h',
    ])
  })

  test('keeps its id when more arrives and the faster rule takes over', async () => {
    await tunnel({ names: 160, every: 500 })
    const [slow] = await findings('exfiltration')
    await tunnel({ names: 250, from: 20 * hour, salt: 'more' })
    const [fast] = await findings('exfiltration')
    expect(fast?.rule).toBe('exfiltration/volume-1h')
    expect(fast?.id).toBe(slow?.id)
    expect(fast?.score).toBeGreaterThan(slow?.score ?? 100)
  })

  test('in a suffix that is not public is counted for the server', async () => {
    const label = (salt: string) => `lower(hex(sipHash128(number, '${salt}')))`
    await insert(
      {
        qname: `concat('dnscat.', ${label('a')}, '.', ${label('b')})`,
        domain: `concat(${label('a')}, '.', ${label('b')})`,
        tld_listed: '0',
      },
      60,
    )
    expect(await findings('exfiltration')).toMatchObject([
      {
        subject: { client: '192.0.2.7', server: '192.0.2.53' },
        measures: { alphabet: { value: expect.any(String) } },
      },
    ])
  })

  test('under a private suffix that many names share is counted for the domain', async () => {
    await tunnel({ names: 60, domain: 'tunnel.lab', listed: 0 })
    expect(await findings('exfiltration')).toMatchObject([{ subject: { domain: 'tunnel.lab' } }])
  })

  test('names with quotes, backslashes and line ends stay data', async () => {
    const domain = `it's"\\\\\\010\n;--.org`
    await tunnel({ names: 60, domain })
    expect(await findings('exfiltration')).toMatchObject([{ subject: { domain } }])
  })

  test('a resolver that passes a tunnel on is not reported beside its source', async () => {
    await tunnel({ names: 60 })
    await tunnel({ names: 60, client: '192.0.2.53', server: '203.0.113.9' })
    expect((await findings('exfiltration')).map(({ subject }) => subject.client)).toEqual([
      '192.0.2.7',
    ])
  })

  test('repeated names, block lists, reverse names and local names are silent', async () => {
    await insert(
      { qname: `concat('host-', toString(number % 40), '.example.org')`, ts: time('number * 3') },
      1000,
    )
    const octets = [1, 2, 3].map((i) => `toString(cityHash64(number, ${i}) % 256), '.', `).join('')
    const reversed = `concat(${octets} toString(20 + cityHash64(number, 4) % 100))`
    await insert(
      {
        qname: `concat(${reversed}, '.list.example.net')`,
        domain: `'example.net'`,
        rcode: `'NXDOMAIN'`,
      },
      700,
    )
    await insert({ qname: `concat(${reversed}, '.in-addr.arpa')`, domain: `'2.in-addr.arpa'` }, 700)
    await insert(
      {
        qname: `concat(lower(hex(cityHash64(number, 9))), '.office.lan')`,
        domain: `'office.lan'`,
        tld_listed: '0',
      },
      700,
    )
    expect(await findings('exfiltration')).toEqual([])
  })

  test('alphabets are told apart', () => {
    const bytes = Array.from({ length: 600 }, (_, i) => (i * 7919 + ((i * i) % 251)) & 255)
    expect(alphabetOf([Buffer.from(bytes).toString('hex')], false)).toMatchObject({
      name: 'hexadecimal',
      isEven: true,
    })
    expect(alphabetOf(['www', 'mail', 'static-content', 'images'], false).isEven).toBe(false)
    expect(
      alphabetOf([Buffer.from(bytes).toString('base64').replaceAll('=', '')], true),
    ).toMatchObject({
      name: 'base64',
      isEven: true,
    })
    expect(alphabetOf([Buffer.from([251, 240, ...bytes]).toString('base64url')], true).name).toBe(
      'base64url',
    )
    expect(
      alphabetOf([bytes.map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')], false).name,
    ).toBe('raw octets')
  })
})
