// Amplification at 20, 50 and 500 queries a second, from both ends and in the shapes that attackers give it: all of it must be found.

import { describe, expect, test } from 'vitest'
import { type Fields, insert, time, useStore } from './detect-fixture.ts'
import { findings } from './flood-findings.ts'

useStore()

const victim = `toIPv6('::ffff:198.51.100.99')`
const reflected: Fields = {
  client: victim,
  server: `toIPv6('::ffff:203.0.113.53')`,
  client_port: '1024 + (number * 7919) % 60000',
  qname: `'example.org'`,
  qtype: `'ANY'`,
  query_bytes: '40',
  response_bytes: '3000',
  fragments: '3',
  query_ip_ttl: '241',
  repeat_in_ttl: 'number > 0',
}
const spread = `toIPv6(concat('::ffff:198.51.100.', toString(number % 200)))`

const rates = [20, 50, 500]

describe('a server of ours that floods a victim', () => {
  const shapes: [string, Fields][] = [
    ['ANY in 3,000 bytes', {}],
    ['DNSKEY in 1,100 bytes', { qtype: `'DNSKEY'`, response_bytes: '1100', fragments: '0' }],
    ['TXT in 4,000 bytes, to port 80', { qtype: `'TXT'`, client_port: '80' }],
    ['an MX of 300 bytes', { qtype: `'MX'`, response_bytes: '300', fragments: '0' }],
    ['eight names of 350 bytes', { qname: `concat('n', toString(number % 8), '.example.org')` }],
    ['a hundred names, ANY', { qname: `concat('n', toString(number % 100), '.example.org')` }],
    [
      'truncation ignored, repeats not known',
      { repeat_in_ttl: '0', response_flags: '0x8700', response_bytes: '400' },
    ],
    [
      'the same message id and port each time',
      { id: '4711', client_port: '4444', query_ip_id: '0' },
    ],
    ['IPv6', { client: `toIPv6('2001:db8:99::7')`, response_bytes: '1400' }],
  ]

  test.each(shapes)('%s: found as an alert at every rate', async (_, fields) => {
    for (const [i, rate] of rates.entries()) {
      const server = `toIPv6('::ffff:203.0.113.${50 + i}')`
      const ts = time(`${100 * i} + number / ${rate}`)
      await insert({ ...reflected, ts, ...fields, server }, rate * 10)
    }
    const found = await findings('amplification')
    expect(found.map(({ rule, subject }) => `${rule} ${subject.server}`).sort()).toEqual(
      rates.map((_rate, i) => `amplification/reflector 203.0.113.${50 + i}`),
    )
    expect(found.every(({ score }) => score >= 50)).toBe(true)
  })

  test('two hundred addresses of one network are one victim', async () => {
    const ts = time('number / 500')
    await insert({ ...reflected, ts, client: spread, repeat_in_ttl: 'number >= 200' }, 5000)
    const found = await findings('amplification')
    expect(found).toMatchObject([{ subject: { victim: '198.51.100.0/24' } }])
    expect(found[0]?.points).toContainEqual(
      expect.objectContaining({
        name: 'one sender behind a network',
        points: 30,
      }),
    )
  })

  test('addresses that are each asked for once are given away by their one IP TTL', async () => {
    const once = { ...reflected, ts: time('number / 20'), client: spread, repeat_in_ttl: '0' }
    await insert(once, 200)
    expect(await findings('amplification')).toMatchObject([
      { subject: { victim: '198.51.100.0/24' } },
    ])
  })

  test('resolvers of one network, each at its own distance, are not', async () => {
    const apart = { ...reflected, ts: time('number / 20'), client: spread, repeat_in_ttl: '0' }
    await insert({ ...apart, query_ip_ttl: '50 + number % 9' }, 200)
    expect(await findings('amplification')).toEqual([])
  })

  test('the rate and the factor count what is on the wire: headers, fragments, TCP', async () => {
    await insert({ ...reflected, ts: time('number / 20') }, 1200)
    const [found] = await findings('amplification')
    const wire = 1200 * (3000 + 8 + 3 * 20)
    expect(found?.measures['wire_bytes']?.value).toBe(wire)
    expect(found?.measures['wire_factor']?.value).toBe(Math.round((100 * wire) / (1200 * 68)) / 100)
    expect(found?.measures['amplification_factor']?.value).toBe(75)
    expect(found?.measures['bits_per_second']?.value).toBe(Math.round((wire * 8) / 60))
    expect(found?.counter_evidence.join()).toContain('ICMP port unreachable')
  })
})

describe('a host of ours that is flooded', () => {
  const unasked: Fields = {
    ...reflected,
    match: `'unsolicited'`,
    attempts: '0',
    frame: '0',
    repeat_in_ttl: '0',
    query_bytes: '0',
  }
  const shapes: [string, Fields][] = [
    [
      'by forty open resolvers',
      { server: `toIPv6(concat('::ffff:203.0.113.', toString(number % 40)))` },
    ],
    ['by one server', {}],
    [
      'by three servers with 600-byte answers',
      {
        server: `toIPv6(concat('::ffff:203.0.113.', toString(number % 3)))`,
        response_bytes: '600',
      },
    ],
    [
      'by forty resolvers with small answers',
      {
        server: `toIPv6(concat('::ffff:203.0.113.', toString(number % 40)))`,
        response_bytes: '200',
      },
    ],
  ]

  test.each(shapes)('%s: found as an alert at every rate', async (_, fields) => {
    for (const [i, rate] of rates.entries()) {
      const ts = time(`${100 * i} + number / ${rate}`)
      const client = `toIPv6('::ffff:192.0.${i}.99')`
      await insert({ ...unasked, ...fields, ts, response_ts: ts, client }, rate * 10)
    }
    const found = await findings('amplification')
    expect(found.map(({ rule, subject }) => `${rule} ${subject.victim}`).sort()).toEqual(
      rates.map((_rate, i) => `amplification/victim 192.0.${i}.99`),
    )
    expect(found.every(({ score }) => score >= 50)).toBe(true)
  })

  test('a flood spread over a network is one finding, and neighbours do not hide it', async () => {
    const ts = time('number / 500')
    await insert({ ...unasked, ts, response_ts: ts, client: spread }, 12_000)
    const neighbour = `toIPv6(concat('::ffff:198.51.100.', toString(240 + number % 10)))`
    await insert({ client: neighbour, ts: time('number / 200') }, 4000)
    expect(await findings('amplification')).toMatchObject([
      { rule: 'amplification/victim', subject: { victim: '198.51.100.0/24' } },
    ])
  })
})
