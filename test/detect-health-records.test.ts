// Health of records: delegations, names, mail; each fault is found once, its healthy twin is silent.

import { describe, expect, test } from 'vitest'
import { loadNetworks } from '../src/inspect/networks/load.ts'
import { database, type Fields, insert, time, useStore } from './detect-fixture.ts'
import { authority, healthBy, record, rulesOf, seen } from './health-fixture.ts'

useStore()

describe('a delegation', () => {
  const health = healthBy('delegation', 'host-name', 'lame')
  const servers = (...names: string[]) => names.map((name) => record('example.org', 'NS', name))
  const address = (name: string, value: string) => record(name, 'A', value, 'additional')

  test.each([
    ['to one server', servers('ns.example.org'), 'few-servers'],
    [
      'to two servers in one network',
      [
        ...servers('a.example.org', 'b.example.org'),
        address('a.example.org', '192.0.2.1'),
        address('b.example.org', '192.0.2.2'),
      ],
      'one-network',
    ],
    [
      'to an alias',
      [
        ...servers('a.example.org', 'b.example.net'),
        record('b.example.net', 'CNAME', 'c.example.net'),
      ],
      'alias-server',
    ],
    [
      'to a private address',
      [
        ...servers('a.example.org', 'b.example.org'),
        address('a.example.org', '192.0.2.1'),
        address('b.example.org', '10.0.0.1'),
      ],
      'private-server',
    ],
    [
      'to a name with an underscore',
      servers('a.example.org', 'name_server.example.net'),
      'host-name',
    ],
  ])('%s is found', async (_, all, rule) => {
    await seen(all)
    expect(rulesOf(await health())).toEqual([rule])
  })

  test.each([
    [
      'to two networks',
      [address('a.example.org', '192.0.2.1'), address('b.example.org', '198.51.100.2')],
    ],
    ['to one known and one unknown address', [address('a.example.org', '192.0.2.1')]],
  ])('%s is silent', async (_, glue) => {
    await seen([...servers('a.example.org', 'b.example.org'), ...glue])
    expect(await health()).toEqual([])
  })
})

describe('name servers in several networks', () => {
  const health = healthBy('one-operator')
  const zone = [
    record('example.org', 'NS', 'a.example.org'),
    record('example.org', 'NS', 'b.example.org'),
    record('a.example.org', 'A', '192.0.2.1', 'additional'),
    record('b.example.org', 'A', '198.51.100.2', 'additional'),
  ]
  const networks = [
    { prefix: '192.0.2.0/24', asn: 64500, name: 'One' },
    { prefix: '198.51.0.0/16', asn: 64500, name: 'One' },
  ]

  test('of one autonomous system are found where a table of networks says so, of two are silent', async () => {
    await seen(zone)
    expect(await health()).toEqual([])
    try {
      await loadNetworks(database, networks)
      const [found] = await health()
      expect(found).toMatchObject({ rule: 'health/one-operator', severity: 'medium' })
      expect(found.why).toContain('AS64500 (One)')
      await loadNetworks(database, [networks[0], { ...networks[1], asn: 64501 }])
      expect(await health()).toEqual([])
      await loadNetworks(database, [networks[0]])
      expect(await health()).toEqual([])
    } finally {
      await loadNetworks(database, [])
    }
  })
})

describe('names', () => {
  const health = healthBy('missing-name', 'dangling-alias', 'alias-beside-data', 'zero-ttl')
  const denied: Fields = { rcode: `'NXDOMAIN'`, qname: `'www.example.org'` }
  const clients = { client: `toIPv6(concat('::ffff:192.0.2.', toString(10 + number)))` }

  test('a www that many ask for and that never was is found, in a domain that exists', async () => {
    await insert({ ...denied, ...clients }, 6)
    expect(await health()).toEqual([])
    await seen([record('mail.example.org', 'A', '192.0.2.25')])
    expect(await health()).toMatchObject([{ rule: 'health/missing-name', severity: 'low' }])
    await seen([record('www.example.org', 'A', '192.0.2.80')], { ts: time('900') })
    expect(await health()).toEqual([])
  })

  test('an apex that is denied although names below it exist is wrong; one client is enough where it is watched', async () => {
    await seen([record('mail.example.org', 'A', '192.0.2.25')])
    await insert({ ...denied, qname: `'example.org'` })
    expect(await health()).toEqual([])
    expect(await health(['example.org'])).toMatchObject([
      { rule: 'health/missing-name', severity: 'high' },
    ])
    expect(await health(['example.net'])).toEqual([])
  })

  test.each([
    ['shop.example.net', 'medium'],
    ['gone.azurewebsites.net', 'high'],
  ])('an alias of %s, which does not exist, is found', async (target, severity) => {
    const alias = [record('www.example.org', 'CNAME', target)]
    await seen(alias, denied)
    expect(await health()).toMatchObject([{ rule: 'health/dangling-alias', severity }])
    await seen([...alias, record(target, 'A', '192.0.2.80')], { ts: time('900') })
    expect(await health()).toEqual([])
  })

  test('an alias beside other records in the same time is found, one that followed them is not', async () => {
    const alias = [record('www.example.org', 'CNAME', 'shop.example.net')]
    const own = [record('www.example.org', 'A', '192.0.2.80')]
    await seen(own, authority)
    await seen(alias, { ...authority, ts: time('100'), response_ts: time('100') })
    expect(await health()).toEqual([])
    await seen(own, { ...authority, ts: time('200'), response_ts: time('200') })
    expect(rulesOf(await health())).toEqual(['alias-beside-data'])
  })

  test('records that may not be kept are worth knowing', async () => {
    await seen([record('www.example.org', 'A', '192.0.2.80', 'answer', 1)], authority, 3)
    expect(await health()).toEqual([])
    await seen([record('dyn.example.org', 'A', '192.0.2.80', 'answer', 0)], authority, 3)
    expect(await health()).toMatchObject([
      { rule: 'health/zero-ttl', subject: { name: 'dyn.example.org' } },
    ])
  })
})

describe('mail', () => {
  const health = healthBy('mail-exchange', 'host-name', 'reverse')
  const exchange = record('example.org', 'MX', '10 mail.example.org')
  const address = record('mail.example.org', 'A', '192.0.2.25', 'additional')

  test('an exchange with an address is silent, an alias is found', async () => {
    await seen([exchange, address])
    await seen([record('example.org', 'MX', '0 .')])
    expect(await health()).toEqual([])
    await seen([record('mail.example.org', 'CNAME', 'host.example.net')])
    expect(await health()).toMatchObject([
      { rule: 'health/mail-exchange', measures: { zonemaster: { value: 'ZONE08 ERROR' } } },
    ])
  })

  test('an exchange that does not exist is found', async () => {
    await seen([exchange])
    expect(await health()).toEqual([])
    await insert({ qname: `'mail.example.org'`, rcode: `'NXDOMAIN'` })
    expect(rulesOf(await health())).toEqual(['mail-exchange'])
  })

  test('a reverse that names another host is found, one that leads back is silent', async () => {
    const reverse = (name: string) => [record('25.2.0.192.in-addr.arpa', 'PTR', name)]
    await seen([exchange, address])
    await seen(reverse('mail.example.org'))
    expect(await health()).toEqual([])
    await seen([
      record('example.net', 'MX', '10 mx.example.net'),
      record('mx.example.net', 'A', '198.51.100.7'),
    ])
    await seen([record('7.100.51.198.in-addr.arpa', 'PTR', 'customer7.example.com')])
    expect(await health()).toMatchObject([
      {
        rule: 'health/reverse',
        severity: 'low',
        subject: { domain: 'example.net', name: 'mx.example.net' },
      },
    ])
    await seen([record('customer7.example.com', 'A', '198.51.100.7')])
    expect(await health()).toEqual([])
  })
})
