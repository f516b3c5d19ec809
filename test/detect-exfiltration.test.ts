// Exfiltration: what is found, from which threshold on, and what is left alone.

import { describe, expect, test } from 'vitest'
import { compressedBytes } from '../src/inspect/detect/exfiltration/windows.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import {
  data,
  database,
  findings,
  insert,
  namesUnder,
  ordinary,
  time,
  tunnel,
  useStore,
} from './detect-fixture.ts'

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
})

describe('data coming in answers', () => {
  /** Answers of 150 characters each, all different or always the same. */
  const download = (isSame: boolean) => {
    const text = isSame ? `hex(sipHash128(1))` : `hex(sipHash128(number, 'down'))`
    return {
      qname: `concat('part', toString(number), '.example.org')`,
      qtype: `'TXT'`,
      'rr.section': `['answer']`,
      'rr.name': `[concat('part', toString(number), '.example.org')]`,
      'rr.type': `['TXT']`,
      'rr.class': `['IN']`,
      'rr.ttl': '[300]',
      'rr.data': `[concat('"', repeat(${text}, 5), '"')]`,
      response_bytes: '220',
      client_port: `1024 + cityHash64(number, 'port') % 60000`,
      id: `cityHash64(number, 'id') % 65536`,
      answer_digest: isSame ? '7' : 'cityHash64(number)',
      ts: time('60 + number * 2'),
    }
  }

  test('is found though the names that asked for it carry nothing', async () => {
    await insert(download(false), 150)
    const found = await findings('exfiltration')
    expect(found).toMatchObject([
      {
        rule: 'exfiltration/reply-24h',
        title: 'Data coming in DNS answers',
        subject: { client: '192.0.2.7', domain: 'example.org' },
        measures: { bytes_returned: { value: 150 * 162, threshold: 16_384 } },
      },
    ])
    expect(found[0]?.why).toContain('24,300 bytes came to 192.0.2.7 from example.org')
  })

  test('is silent where the same answer comes again, or where a resolver passes it on', async () => {
    await insert(download(true), 400)
    expect(await findings('exfiltration')).toEqual([])
    await insert({ ...download(false), server: `toIPv6('::ffff:203.0.113.9')` }, 150)
    await insert({
      client: `toIPv6('::ffff:192.0.2.200')`,
      server: `toIPv6('::ffff:192.0.2.7')`,
      domain: `'example.org'`,
    })
    expect(await findings('exfiltration')).toEqual([])
  })
})

describe('a server of its own', () => {
  const made = (number: string) => `lower(hex(sipHash64(${number}, 'made')))`

  test('takes data in names of many domains, which are counted together', async () => {
    await ordinary(9, 'answered')
    await insert(
      {
        qname: `concat(${made('number')}, ${made('number + 1000')}, '.com')`,
        domain: `concat(${made('number')}, ${made('number + 1000')}, '.com')`,
        query_flags: '0x0100',
        server: `toIPv6('::ffff:203.0.113.66')`,
        ts: time('100 + number * 3'),
      },
      120,
    )
    const found = await findings('exfiltration')
    expect(found).toMatchObject([
      {
        rule: 'exfiltration/server-1h',
        subject: { client: '192.0.2.7', server: '203.0.113.66' },
      },
    ])
  })

  test('that answers ordinary names is left alone', async () => {
    await ordinary(9, 'answered')
    const words = `['shop', 'news', 'mail', 'garden', 'water', 'house', 'music', 'travel', 'forum', 'photo']`
    const word = (by: number) => `${words}[cityHash64(number, ${by}) % 10 + 1]`
    await insert(
      {
        qname: `concat('www.', ${word(1)}, ${word(2)}, '-', ${word(3)}, '.com')`,
        domain: `concat(${word(1)}, ${word(2)}, '-', ${word(3)}, '.com')`,
        query_flags: '0x0100',
        server: `toIPv6('::ffff:203.0.113.66')`,
        ts: time('100 + number * 3'),
      },
      600,
    )
    expect(await findings('exfiltration')).toEqual([])
  })

  test('adds to a finding of one domain, where others share a server', async () => {
    await ordinary(9, 'answered')
    await tunnel({ names: 60, server: '203.0.113.66' })
    const [found] = await findings('exfiltration')
    expect(found?.points).toContainEqual(
      expect.objectContaining({ name: 'server of its own', points: 15 }),
    )
  })
})

describe('hints', () => {
  const hints = async (id: string) => {
    const { findings: found } = await run(database, detectors, { minSeverity: 'info' })
    return found.filter(({ rule }) => rule === id)
  }
  const idle = (fields: object = {}) => ({
    qname: `'check.example.org'`,
    ...data(['0.0.0.0'], 'A', `'check.example.org'`),
    'rr.ttl': '[toUInt32(1)]',
    ts: time('number * 60 + (number % 3) / 10'),
    ...fields,
  })

  test('name an idle beacon, at info level and no other', async () => {
    await insert(idle(), 60)
    expect(await hints('exfiltration/idle-beacon')).toMatchObject([
      { severity: 'info', subject: { client: '192.0.2.7', domain: 'example.org' } },
    ])
    expect(await findings('exfiltration')).toEqual([])
  })

  test('leave people, cached answers and blocking resolvers alone', async () => {
    await insert(idle({ ts: time('pow(number, 2) * 7 + cityHash64(number) % 900') }), 60)
    await insert(idle({ 'rr.ttl': '[300]', qname: `'a.example.net'`, domain: `'example.net'` }), 60)
    expect(await hints('exfiltration/idle-beacon')).toEqual([])
    await insert(idle({ domain: `concat('blocked', toString(intDiv(number, 60)), '.com')` }), 600)
    expect(await hints('exfiltration/idle-beacon')).toEqual([])
  })

  test('name long labels and long names, escapes counted as the octets they are', async () => {
    await insert({ qname: `concat(repeat('a', 52), '.example.org')` })
    await insert({
      qname: `concat(repeat('abcdefghi.', 10), 'b.example.net')`,
      domain: `'example.net'`,
    })
    await insert({
      qname: `concat(repeat('\\\\200', 30), '.example.com')`,
      domain: `'example.com'`,
    })
    const found = await hints('exfiltration/long-names')
    expect(new Set(found.map(({ subject }) => subject.domain))).toEqual(
      new Set(['example.net', 'example.org']),
    )
  })
})
