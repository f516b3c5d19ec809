// Poisoning, what forged answers say and where they come from: each rule on rows that show it, and on rows that look like it and are not.

import { describe, expect, test } from 'vitest'
import { data, type Fields, insert, time, useStore } from './detect-fixture.ts'
import { address, at, poisonings, records, rules } from './poisoning-rows.ts'

useStore()

describe('bailiwick', () => {
  const honest = [
    'answer www.example.org A 198.51.100.80',
    'authority example.org NS ns1.example.org',
  ]

  test.each([
    ['the name servers of another zone', 'authority example.com NS ns.attacker.test', 50],
    ['an answer to another name', 'answer www.example.com A 203.0.113.66', 50],
    ['an address of a name nobody spoke of', 'additional www.example.com A 203.0.113.66', 30],
  ])('%s is found', async (_, stranger, score) => {
    await insert(at('1', records(...honest, stranger)))
    const [found, ...others] = await poisonings()
    expect(others).toEqual([])
    expect(found).toMatchObject({ rule: 'poisoning/bailiwick', score })
    expect(found?.evidence[0]?.text).toContain(stranger.split(' ')[1])
  })

  test('it weighs more where history knows another address, and shows both', async () => {
    const name = { qname: `'www.example.com'`, domain: `'example.com'` }
    const known = records('answer www.example.com A 198.51.100.7')
    await insert(at('10 + number', { ...name, ...known }), 5)
    await insert(at('100', records(...honest, 'answer www.example.com A 203.0.113.66')))
    const [found] = await poisonings()
    expect(found).toMatchObject({ rule: 'poisoning/bailiwick', score: 70 })
    expect(found?.evidence.map(({ frame }) => frame)).toEqual([202, 22])
    expect(found?.contrast?.records.map(({ side, text }) => `${side} ${text}`)).toEqual([
      'first A 203.0.113.66',
      'second A 198.51.100.7',
    ])
  })

  test('what another server says as well is silent', async () => {
    const name = {
      qname: `'www.example.com'`,
      domain: `'example.com'`,
      server: address('192.0.2.99'),
    }
    await insert(at('10', { ...name, ...records('answer www.example.com A 203.0.113.66') }))
    await insert(at('100', records(...honest, 'additional www.example.com A 203.0.113.66')))
    expect(await poisonings()).toEqual([])
  })

  test('a server that adds such records to many domains is silent', async () => {
    await insert(
      at('number', {
        qname: `concat('www.d', toString(number), '.test')`,
        domain: `concat('d', toString(number), '.test')`,
        'rr.section': `['answer', 'additional']`,
        'rr.name': `[concat('www.d', toString(number), '.test'), 'cache.example.net']`,
        'rr.type': `['A', 'A']`,
        'rr.class': `['IN', 'IN']`,
        'rr.ttl': '[300, 300]',
        'rr.data': `['198.51.100.80', '198.51.100.9']`,
      }),
      5,
    )
    expect(await poisonings()).toEqual([])
  })

  test.each([
    [
      'an alias with its target',
      [
        'answer www.example.org CNAME web.example.net',
        'answer web.example.net A 198.51.100.80',
        'authority example.net NS ns1.example.net',
      ],
    ],
    [
      'a referral with its addresses',
      [
        'authority example.org NS ns1.provider.test',
        'authority example.org NS ns2.provider.test',
        'additional ns1.provider.test A 198.51.100.1',
        'additional ns2.provider.test A 198.51.100.2',
      ],
    ],
    [
      'a signature',
      [
        'answer www.example.org A 198.51.100.80',
        'answer www.example.org RRSIG x',
        'authority example.org NS ns1.example.org',
        'additional ns1.example.org A 198.51.100.3',
      ],
    ],
  ])('%s is silent', async (_, texts) => {
    await insert(at('1', records(...texts)))
    expect(await poisonings()).toEqual([])
  })
})

describe('replacement', () => {
  const cached = (seconds: string, ip: string, ttl: string, digest: string, more: Fields = {}) =>
    at(seconds, {
      ...records(`answer www.example.org A ${ip} ${ttl}`),
      response_flags: '0x8180',
      answer_digest: digest,
      ...more,
    })
  /** A resolver that repeats itself as a cache does. */
  async function habit(rows = 50): Promise<void> {
    await insert(
      at('1000 + number', {
        qname: `'other.example.net'`,
        domain: `'example.net'`,
        repeat_in_ttl: '1',
      }),
      rows,
    )
  }

  test('an answer that changed an hour before its time is found, with both frames', async () => {
    await habit()
    await insert(cached('10', '198.51.100.80', '7200', '1'))
    await insert(cached('3000', '203.0.113.66', '86400', '2', { client: address('192.0.2.9') }))
    const [found, ...others] = await poisonings()
    expect(others).toEqual([])
    expect(found).toMatchObject({ rule: 'poisoning/replacement', score: 50 })
    expect(found?.evidence.map(({ frame }) => frame)).toEqual([22, 6002])
  })

  test.each<[string, () => Promise<void>]>([
    ['after its time', () => insert(cached('8000', '203.0.113.66', '7200', '2'))],
    ['in the same network', () => insert(cached('3000', '198.51.100.9', '7200', '2'))],
    [
      'in the last tenth, where caches fetch again',
      () => insert(cached('6700', '203.0.113.66', '7200', '2')),
    ],
    [
      'by an authoritative server',
      () => insert(cached('3000', '203.0.113.66', '7200', '2', { response_flags: '0x8480' })),
    ],
  ])('a change %s is silent', async (_, change) => {
    await habit()
    await insert(cached('10', '198.51.100.80', '7200', '1'))
    await change()
    expect(await poisonings()).toEqual([])
  })

  test('a resolver of several caches is silent', async () => {
    await habit(5)
    await insert(cached('10', '198.51.100.80', '7200', '1'))
    await insert(cached('3000', '203.0.113.66', '7200', '2'))
    expect(await poisonings()).toEqual([])
  })
})

describe('rebinding', () => {
  const told = (seconds: string, ip: string, ttl: string, more: Fields = {}) =>
    at(seconds, { ...records(`answer www.example.org A ${ip} ${ttl}`), ...more })

  test('an inside address a few seconds after a public one is found', async () => {
    await insert(told('10', '203.0.113.9', '1'))
    await insert(told('40', '192.168.1.1', '1', { answer_digest: '2' }))
    expect(await poisonings()).toMatchObject([
      { rule: 'poisoning/rebinding', score: 65, evidence: [{ frame: 22 }, { frame: 82 }] },
    ])
  })

  test('the inside address alone, and the way back, are silent', async () => {
    await insert(told('10', '192.168.1.1', '1'))
    await insert(told('40', '203.0.113.9', '1', { answer_digest: '2' }))
    expect(await poisonings()).toEqual([])
  })

  test('another server with another view is silent', async () => {
    await insert(told('10', '203.0.113.9', '300'))
    const inside = { server: address('192.0.2.99'), answer_digest: '2' }
    await insert(told('40', '10.0.0.80', '300', inside))
    expect(await poisonings()).toEqual([])
  })

  test.each([
    ['a list took the name up', '300', '40', []],
    ['the name is taken off the list and put on it', '10', '1200', []],
    ['the step is quick, and worth a look', '10', '40', [{ score: 45 }]],
  ])('0.0.0.0 is what blockers answer: %s', async (_, ttl, later, expected) => {
    await insert(told('10', '203.0.113.9', ttl))
    await insert(told(later, '0.0.0.0', ttl, { answer_digest: '2' }))
    expect(await poisonings()).toMatchObject(expected)
  })

  test('the address of a blocker is silent', async () => {
    await insert(told('10', '203.0.113.9', '300'))
    await insert(told('40', '0.0.0.0', '300', { answer_digest: '2' }))
    for (const domain of ['a.test', 'b.test', 'c.test']) {
      await insert(
        at('50', {
          qname: `'${domain}'`,
          domain: `'${domain}'`,
          ...records(`answer ${domain} A 0.0.0.0`),
        }),
      )
    }
    expect(await poisonings()).toEqual([])
  })
})

describe('interception', () => {
  const far: Fields = {
    qname: `concat('h', toString(number), '.example.org')`,
    server: address('198.51.100.53'),
    response_ip_ttl: '52',
    latency_us: '40000',
    ts: time('10 * number'),
    response_ts: time('10 * number + 0.04'),
  }
  const near: Fields = {
    ...far,
    qname: `concat('blocked', toString(number % 2), '.example.net')`,
    domain: `'example.net'`,
    response_ip_ttl: '61',
    latency_us: '2000',
    ts: time('101 + 10 * number'),
    response_ts: time('101.002 + 10 * number'),
    response_frame: '5000 + number',
    ...data(['203.0.113.66'], 'A', `concat('blocked', toString(number % 2), '.example.net')`),
  }

  test('names that are only ever answered from nearby are found', async () => {
    await insert(far, 60)
    await insert(near, 8)
    const [found, ...others] = await poisonings()
    expect(others).toEqual([])
    expect(found).toMatchObject({ rule: 'poisoning/interception', score: 75 })
    expect(found?.contrast?.facts).toContainEqual({ name: 'IP TTL', first: '61', second: '52' })
  })

  test('a change of the route, after which all names come from nearby, is silent', async () => {
    await insert(far, 60)
    await insert({ ...near, ts: time('700 + number'), response_ts: time('700.002 + number') }, 8)
    expect(await poisonings()).toEqual([])
  })

  test('servers all over the world next door are one machine', async () => {
    const server = (n: number) =>
      address(['9.9.9.9', '8.8.8.8', '1.1.1.1', '208.67.222.222'][n] ?? '')
    for (let i = 0; i < 4; i++)
      await insert(at(String(i), { server: server(i), response_ip_ttl: '64' }))
    expect(await poisonings()).toMatchObject([{ rule: 'poisoning/interception', score: 50 }])
  })

  test('servers at their own distances are silent', async () => {
    const server = (n: number) =>
      address(['9.9.9.9', '8.8.8.8', '1.1.1.1', '208.67.222.222'][n] ?? '')
    for (let i = 0; i < 4; i++)
      await insert(at(String(i), { server: server(i), response_ip_ttl: String(54 + i) }))
    expect(await poisonings()).toEqual([])
  })
})

describe('truncation', () => {
  test('one truncated answer of a server that does not truncate is said, unless TCP follows', async () => {
    await insert(
      { qname: `concat('h', toString(number), '.example.org')`, ts: time('number') },
      1500,
    )
    const cut = { qname: `'bank.example.com'`, domain: `'example.com'`, response_flags: '0x8380' }
    await insert(at('200', cut))
    expect(await rules()).toEqual(['poisoning/truncation'])
    await insert(at('201', { ...cut, response_flags: '0x8180', transport: `'tcp'` }))
    expect(await poisonings()).toEqual([])
  })
})
