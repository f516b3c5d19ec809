// Health of zones in time: serials, propagation and DNSSEC; each fault is found once, its healthy twin is silent.

import { describe, expect, test } from 'vitest'
import { keyOf } from '../src/inspect/detect/health/keys.ts'
import { compareSerials } from '../src/inspect/detect/health/serials.ts'
import detector from '../src/inspect/detect/health/health.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, type Fields, insert, time, useStore } from './detect-fixture.ts'
import {
  at,
  authority,
  health as allHealth,
  healthBy,
  record,
  rulesOf,
  seen,
} from './health-fixture.ts'

useStore()

describe('SOA serials', () => {
  const health = healthBy('soa-serial', 'soa-timers')
  const soa = (serial: number, timers = '7200 3600 1209600 3600') =>
    record('example.org', 'SOA', `ns.example.org admin.example.org ${serial} ${timers}`)
  const when = (hour: number, more: Fields): Fields => ({
    ...authority,
    ...more,
    ts: time(`${hour * 3600} + number`),
    response_ts: time(`${hour * 3600} + number`),
  })

  test('that stay behind longer than the refresh time are found, by how long', async () => {
    await seen([soa(10)], when(1, at('192.0.2.53')))
    await seen([soa(10)], when(1, at('192.0.2.54')))
    await seen([soa(11)], when(2, at('192.0.2.53')))
    await seen([soa(10)], when(3, at('192.0.2.54')))
    expect(await health()).toEqual([])
    await seen([soa(10)], when(4.5, at('192.0.2.54')))
    const [found, ...others] = await health()
    expect(others).toEqual([])
    expect(found).toMatchObject({
      rule: 'health/soa-serial',
      severity: 'low',
      subject: { domain: 'example.org', server: '192.0.2.54' },
      measures: {
        zonemaster: { value: 'CONSISTENCY01 NOTICE' },
        behind_seconds: { value: 9000, threshold: 7200 },
      },
    })
    await seen([soa(10)], when(6, at('192.0.2.54')))
    expect((await health())[0]?.severity).toBe('medium')
    await seen([soa(11)], when(7, at('192.0.2.54')))
    expect(await health()).toEqual([])
  })

  test('are compared as RFC 1982 says', () => {
    expect(compareSerials(1, 4294967295)).toBe(1)
    expect(compareSerials(4294967295, 1)).toBe(-1)
    expect(compareSerials(2026030201, 2026030201)).toBe(0)
    expect(compareSerials(0, 2147483648)).toBe(0)
  })

  test('with timers that work against the zone are found', async () => {
    await seen([soa(1, '3600 7200 1209600 604800')], authority)
    const [found] = await health()
    expect(found?.why).toContain(
      '604800 s (ZONE06), refresh 3600 s is shorter than retry 7200 s (ZONE03)',
    )
  })
})

describe('propagation', () => {
  const health = healthBy('stale-answer', 'alias-beside-data')
  const host = (address: string) => [record('www.example.org', 'A', address, 'answer', 600)]
  const hour = (n: number, fields: Fields): Fields => ({
    ...fields,
    ts: time(`${n * 3600} + number * 10`),
    response_ts: time(`${n * 3600} + number * 10`),
  })
  const zone = { ...authority, ...at('192.0.2.53') }
  const resolver = at('192.0.2.1')

  test('a resolver that gives the old answer after its TTL is found, with until when', async () => {
    await seen(host('192.0.2.80'), hour(1, zone), 3)
    await seen(host('198.51.100.9'), hour(3, zone), 3)
    await seen(host('192.0.2.80'), hour(3.1, resolver), 2)
    expect(await health()).toEqual([])
    await seen(host('192.0.2.80'), hour(4, resolver))
    const [found, ...others] = await health()
    expect(others).toEqual([])
    expect(found).toMatchObject({
      rule: 'health/stale-answer',
      severity: 'medium',
      subject: { name: 'www.example.org', type: 'A', server: '192.0.2.1' },
      measures: { old_for_seconds: { value: 3600, threshold: 660 } },
    })
    expect(found?.why).toContain('192.0.2.1 until 2026-03-02 04:00:00 UTC')
  })

  test('a pool that comes back to its old address is silent', async () => {
    for (const [n, address] of [
      [1, '192.0.2.80'],
      [2, '198.51.100.9'],
      [3, '192.0.2.80'],
    ] as const)
      await seen(host(address), hour(n, zone), 2)
    await seen(host('192.0.2.80'), hour(5, resolver), 2)
    expect(await health()).toEqual([])
  })
})

describe('DNSSEC', () => {
  const health = healthBy(
    'signature-time',
    'signing-parameters',
    'delegation-signer',
    'unsigned-server',
    'extended-error',
    'checking',
  )
  const signature = (ends: string, begins = '20260201000000') =>
    record('www.example.org', 'RRSIG', `A 13 3 300 ${ends} ${begins} 4711 example.org c2ln`)
  const address = record('www.example.org', 'A', '192.0.2.80')

  test.each([
    ['expired yesterday', signature('20260301000000'), 'ERROR'],
    ['begins tomorrow', signature('20260401000000', '20260303000000'), 'ERROR'],
    ['ends tomorrow', signature('20260303000000'), 'WARNING'],
  ])('a signature that %s is found', async (_, rrsig, level) => {
    await seen([address, rrsig], authority)
    const [found, ...others] = await health()
    expect(others).toEqual([])
    expect(found?.measures['zonemaster']?.value).toBe(`DNSSEC04 ${level}`)
  })

  test.each([
    ['of two weeks to go', [signature('20260316000000')]],
    ['of a day by design', [signature('20260303000000', '20260301000000')]],
    ['that a newer one replaced', [signature('20260303000000'), signature('20260330000000')]],
  ])('a signature %s is silent', async (_, all) => {
    await seen([address, ...all], authority)
    expect(await health()).toEqual([])
  })

  // The example of RFC 4034 section 5.4: key 60485 of dskey.example.com.
  const key =
    '256 3 5 AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU Uh6DhweJBjEVv5f2wwjM9Xzc nOf+EPbtG9DMBmADjFDc2w/r ljwvFw=='
  const zone = 'dskey.example.com'

  test('a DS that fits the key is silent, one that fits none is found', async () => {
    expect(keyOf(key)).toBe('60485 5')
    const fits = record(
      zone,
      'DS',
      '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
      'authority',
    )
    const wrong = record(
      zone,
      'DS',
      '11111 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
      'authority',
    )
    await seen([record(zone, 'DNSKEY', key), fits])
    expect(await health()).toEqual([])
    await seen([wrong], { ts: time('90000'), response_ts: time('90000') })
    const [found] = await health()
    expect(found).toMatchObject({ rule: 'health/delegation-signer', subject: { domain: zone } })
    expect(found?.why).toContain('11111/5')
  })

  test('one server of two without signatures is found', async () => {
    const asked = { ...authority, do: '1' }
    await seen([address, signature('20260401000000')], { ...asked, ...at('192.0.2.53') }, 2)
    await seen([address], { ...authority, ...at('192.0.2.54') }, 2)
    expect(await health()).toEqual([])
    await seen([address], { ...asked, ...at('192.0.2.54') }, 2)
    expect(await health()).toMatchObject([
      { rule: 'health/unsigned-server', subject: { domain: 'example.org', server: '192.0.2.54' } },
    ])
  })

  test('old algorithms and NSEC3 iterations are worth knowing, current ones silent', async () => {
    const denial = (iterations: number) =>
      record(
        '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.org',
        'NSEC3',
        `1 0 ${iterations} - 2t7b4g4v A`,
        'authority',
      )
    await seen([address, denial(0), signature('20260401000000')], authority)
    expect(await health()).toEqual([])
    await seen([address, denial(10)], authority)
    await seen([
      {
        ...signature('20260401000000'),
        data: 'A 5 3 300 20260401000000 20260201000000 4711 old.org c2ln',
      },
    ])
    const found = await health()
    const told = found.map(({ subject, severity }) => [subject.domain, severity])
    expect(told.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))).toEqual([
      ['example.org', 'low'],
      ['old.org', 'low'],
    ])
  })

  test('extended errors about validation are found, those of a filter are not', async () => {
    await insert({ ede: '[15, 17]', ts: time('number') }, 5)
    expect(await health()).toEqual([])
    await insert({ ede: '[7]', rcode: `'SERVFAIL'` })
    const [found] = await health()
    expect(found).toMatchObject({ rule: 'health/extended-error', severity: 'high' })
    expect(found?.why).toContain('signature expired (7)')
  })

  test('failures that go away without checking are found when they repeat', async () => {
    const failed = { rcode: `'SERVFAIL'`, qname: `concat('n', toString(number), '.example.org')` }
    const unchecked = { qname: failed.qname, query_flags: '0x0110', ts: time('number * 100 + 3') }
    await insert(failed, 3)
    await insert(unchecked, 2)
    expect(await health()).toEqual([])
    await insert({ ...unchecked, qname: `'n2.example.org'`, ts: time('203') })
    expect(rulesOf(await health())).toEqual(['checking'])
  })
})

test('records that hold no address, name or number, and data too long to bind, stop no rule', async () => {
  const long = `"${'x'.repeat(60_000)}"`
  await seen([
    record('example.org', 'NS', ''),
    record('example.org', 'NS', 'ns.example.org'),
    record('ns.example.org', 'A', 'not an address'),
    record('ns.example.org', 'AAAA', ''),
    record('example.org', 'MX', '10'),
    record('example.org', 'SOA', 'one two'),
    record('example.org', 'RRSIG', 'A 13 2 300 soon never 1 . c2ln'),
    record('example.org', 'DS', ''),
    record('example.org', 'DNSKEY', '257 3'),
    record('0.example.org', 'NSEC3', '1 0 many'),
    record('txt.example.org', 'TXT', long),
  ])
  for (const i of [1, 2]) {
    await seen([record('txt.example.org', 'TXT', long)], { ...authority, ts: time(`${i}`) })
    await seen(
      [record('txt.example.org', 'TXT', `"${i}"`), record('txt.example.org', 'CNAME', 'a.b')],
      authority,
    )
  }
  for (const watch of [[], ['example.org']]) {
    const { findings } = await run(database, [detector], { watch })
    expect(findings.every(({ why }) => why.length < 2000)).toBe(true)
  }
})

describe('a zone in order', () => {
  const soa = 'ns1.example.org admin.example.org 10 7200 3600 1209600 3600'
  const signed = (type: string, name = 'example.org') =>
    record(name, 'RRSIG', `${type} 13 2 300 20260401000000 20260201000000 4711 example.org c2ln`)

  test('is silent in every rule, at two servers, with mail, aliases and signatures', async () => {
    const all = [
      [record('example.org', 'SOA', soa), signed('SOA')],
      [
        record('example.org', 'NS', 'ns1.example.org'),
        record('example.org', 'NS', 'ns2.example.net'),
      ],
      [record('ns1.example.org', 'A', '192.0.2.53')],
      [record('ns2.example.net', 'A', '198.51.100.53')],
      [record('example.org', 'MX', '10 mail.example.org'), signed('MX')],
      [
        record('mail.example.org', 'A', '192.0.2.25'),
        record('mail.example.org', 'AAAA', '2001:db8::25'),
      ],
      [record('25.2.0.192.in-addr.arpa', 'PTR', 'mail.example.org')],
      [
        record('www.example.org', 'CNAME', 'web.example.org'),
        record('web.example.org', 'A', '192.0.2.80'),
      ],
      [record('example.org', 'A', '192.0.2.80'), signed('A')],
    ]
    for (const server of ['192.0.2.53', '198.51.100.53']) {
      for (const answer of all) await seen(answer, { ...authority, ...at(server), do: '1' }, 3)
    }
    expect(await allHealth()).toEqual([])
    expect(await allHealth(['example.org'])).toEqual([])
  })
})
