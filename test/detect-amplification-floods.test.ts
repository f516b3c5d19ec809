// Random-subdomain attacks, open resolvers and loops, each beside what resembles it.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { labelShape } from '../src/inspect/detect/label-shape.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, type Fields, insert, ordinary, time, useStore } from './detect-fixture.ts'
import { findings } from './flood-findings.ts'

useStore()

/** Twelve letters that a generator would draw; the same in every run. */
const randomLabel = `substring(translate(lower(hex(sipHash128(number))), '0123456789', 'ghijklmnop'), 1, 12)`

describe('random-subdomains', () => {
  const attack: Fields = {
    qname: `concat(${randomLabel}, '.example.org')`,
    rcode: `'NXDOMAIN'`,
    server: `toIPv6('::ffff:203.0.113.53')`,
    client: `toIPv6(concat('::ffff:198.51.', toString(number % 50), '.53'))`,
  }

  test.each([5, 20, 50, 500])('%i names a second are found', async (rate) => {
    await insert({ ...attack, ts: time(`number / ${rate}`) }, Math.max(300, rate * 10))
    const found = await findings('random-subdomains')
    expect(found).toMatchObject([
      {
        rule: 'random-subdomains/flood',
        subject: { domain: 'example.org', server: '203.0.113.53' },
      },
    ])
    expect(found[0]?.score).toBeGreaterThanOrEqual(50)
    expect(found[0]?.why).toContain('used evenly as a generator does')
  })

  test('two hundred names within a minute are enough, 199 are not', async () => {
    await insert({ ...attack, ts: time('number / 4') }, 199)
    expect(await findings('random-subdomains')).toEqual([])
    await insert({ ...attack, ts: time('55'), qname: `'zzzyyyxxxwww.example.org'` })
    expect(await findings('random-subdomains')).toHaveLength(1)
  })

  test('the frames shown are those of the flood, not of what failed before', async () => {
    await insert({ ...attack, qname: `'typo.example.org'`, ts: time('1') })
    await insert({ ...attack, ts: time('3600 + number / 20') }, 400)
    const [found] = await findings('random-subdomains')
    expect(found.evidence.map(({ text }) => text.includes('typo'))).toEqual(Array(5).fill(false))
  })

  test('servers that fall silent are found too', async () => {
    const silent = { match: `'unanswered'`, rcode: `''`, response_frame: '0', response_bytes: '0' }
    await ordinary(80, 'answered')
    await insert({ ...attack, ...silent, ts: time('number / 50') }, 1000)
    const [found] = await findings('random-subdomains')
    expect(found?.points).toContainEqual(
      expect.objectContaining({ name: 'servers give up', points: 15 }),
    )
  })

  const twins: [string, Fields][] = [
    ['names that resolve', { rcode: `'NOERROR'` }],
    [
      'block-list look-ups',
      {
        qname: `concat(toString(number % 250), '.', toString(number % 199), '.2.192.bl.example.org')`,
      },
    ],
    ['file reputation', { qname: `concat(lower(hex(sipHash128(number))), '.r.example.org')` }],
    ['a search list', { qname: `concat('www', toString(number), '.example.com.example.org')` }],
    [
      'an outage of a popular zone',
      { qname: `concat('edge', toString(number % 250), '.example.org')`, rcode: `'SERVFAIL'` },
    ],
    [
      'reverse look-ups',
      {
        qname: `concat(toString(number % 250), '.', toString(number % 199), '.51.198.in-addr.arpa')`,
        domain: `'51.198.in-addr.arpa'`,
      },
    ],
    [
      'made-up domains, one name each',
      { qname: `concat(${randomLabel}, '.org')`, domain: `concat(${randomLabel}, '.org')` },
    ],
  ]

  test.each(twins)('%s are something else', async (_, fields) => {
    await insert(
      { ...attack, ...fields, client: `toIPv6('::ffff:192.0.2.7')`, ts: time('number / 50') },
      2000,
    )
    const only = detectors.filter(({ id }) => id === 'random-subdomains')
    const { findings: found } = await run(database, only)
    expect(found.map(({ why, score }) => ({ why, score }))).toEqual([])
  })

  test('evenness tells drawn letters from words', () => {
    const drawn = Array.from({ length: 100 }, (_, i) =>
      BigInt(`0x${createHash('sha256').update(`${i}`).digest('hex')}`)
        .toString(36)
        .slice(0, 12),
    )
    expect(labelShape(drawn).isEven).toBe(true)
    const words = [
      'mail',
      'webmail',
      'server',
      'intranet',
      'printer',
      'development',
      'gateway',
      'vpn',
      'exchange',
      'storage',
    ]
    const chosen = Array.from(
      { length: 200 },
      (_, i) => `${words[i % 10]}-${words[(i * 7) % 9]}${i}`,
    )
    expect(labelShape(chosen).isEven).toBe(false)
  })
})

describe('open-resolver', () => {
  const asked: Fields = {
    server: `toIPv6('::ffff:203.0.113.53')`,
    qname: `concat('www.example', toString(number % 5), '.test')`,
    domain: `concat('example', toString(number % 5), '.test')`,
    ts: time('number'),
  }
  const strangers = (networks: number) =>
    `toIPv6(concat('::ffff:', toString(20 + number % ${networks}), '.9.8.7'))`

  test('hosts of twelve unrelated networks are strangers', async () => {
    await insert(
      { ...asked, client: `toIPv6(concat('::ffff:10.0.0.', toString(number % 90)))` },
      900,
    )
    await insert({ ...asked, client: strangers(12) }, 24)
    const found = await findings('open-resolver')
    expect(found).toMatchObject([
      { rule: 'open-resolver/strangers', subject: { server: '203.0.113.53' } },
    ])
    expect(found[0]?.measures['networks']?.value).toBe(12)
    expect(await findings('open-resolver', { 'open-resolver': { minNetworks: 13 } })).toEqual([])
  })

  test('one answered survey is enough', async () => {
    await insert({
      ...asked,
      client: strangers(1),
      qname: `'dnsscan.shadowserver.org'`,
      domain: `'shadowserver.org'`,
    })
    expect(await findings('open-resolver')).toMatchObject([{ score: 50 }])
  })

  const twins: [string, Fields][] = [
    ['a server that refuses', { rcode: `'REFUSED'` }],
    ['an authoritative server', { response_flags: '0x8400' }],
    ['a known public resolver', { server: `toIPv6('::ffff:8.8.8.8')` }],
    [
      'a provider with many hosts in each network',
      {
        client: `toIPv6(concat('::ffff:', toString(20 + number % 12), '.9.8.', toString(intDiv(number, 12))))`,
      },
    ],
    ['a site with few networks', { client: strangers(4) }],
    [
      'private addresses of many networks',
      { client: `toIPv6(concat('::ffff:10.', toString(number % 90), '.0.7'))` },
    ],
  ]

  test.each(twins)('%s is none', async (_, fields) => {
    await insert({ ...asked, client: strangers(40), ...fields }, 200)
    expect(await findings('open-resolver')).toEqual([])
  })
})

describe('loop', () => {
  const one = `toIPv6('::ffff:192.0.2.53')`
  const other = `toIPv6('::ffff:203.0.113.53')`
  const sides: Fields = {
    client: `if(number % 2 = 0, ${one}, ${other})`,
    server: `if(number % 2 = 0, ${other}, ${one})`,
    client_port: '53',
    id: '77',
  }
  const answers: Fields = {
    ...sides,
    match: `'unsolicited'`,
    attempts: '0',
    frame: '0',
    rcode: `'FORMERR'`,
    ts: time('number / 20'),
    response_ts: time('number / 20'),
    response_bytes: '40',
  }

  test('answers to answers are found, ten each way', async () => {
    await insert(answers, 20)
    expect(await findings('loop')).toMatchObject([
      {
        rule: 'loop/answers',
        subject: { client: '192.0.2.53', server: '203.0.113.53' },
        score: 50,
      },
    ])
    expect(await findings('loop', { loop: { minMessages: 11 } })).toEqual([])
  })

  test('answers to many questions of two old servers that ask from port 53 are no loop', async () => {
    await insert(
      { ...answers, id: 'number', qname: `concat('n', toString(number), '.example.org')` },
      400,
    )
    expect(await findings('loop')).toEqual([])
  })

  test('forwarders that point at each other are found, servers that ask each other are not', async () => {
    const asked: Fields = {
      ...sides,
      client_port: '40000',
      id: 'number',
      query_flags: '0x100',
      ts: time('number / 20'),
    }
    await insert({ ...asked, qname: `concat('n', toString(number), '.example.org')` }, 400)
    expect(await findings('loop')).toEqual([])
    await insert({ ...asked, qname: `'looping.example.org'` }, 20)
    expect(await findings('loop')).toMatchObject([
      { rule: 'loop/forwarding', subject: { name: 'looping.example.org' } },
    ])
  })
})
