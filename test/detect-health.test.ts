// Health of servers: each fault is found once, and its healthy twin is silent.

import { describe, expect, test } from 'vitest'
import type { Finding } from '../src/inspect/detect/detector.ts'
import { chance, wilsonLower } from '../src/inspect/detect/health/servers.ts'
import { data, type Fields, insert, time, useStore } from './detect-fixture.ts'
import { healthBy, record, records, rulesOf } from './health-fixture.ts'

useStore()

const health = healthBy('server', 'failing-zone', 'lame', 'recursion', 'repeated-failure')

const unanswered: Fields = {
  match: `'unanswered'`,
  response_frame: '0',
  response_ts: `toDateTime64(0, 9, 'UTC')`,
  latency_us: '0',
  rcode: `''`,
  response_flags: '0',
}

describe('a server', () => {
  test('that leaves one query in five unanswered is found, with the lower bound', async () => {
    await insert({ ts: time('number') }, 80)
    await insert({ ts: time('number'), ...unanswered }, 20)
    const [found, ...others] = await health()
    expect(others).toEqual([])
    expect(found).toMatchObject({
      rule: 'health/unanswered',
      severity: 'high',
      subject: { server: '192.0.2.53' },
      measures: { queries: { value: 100 }, unanswered: { value: 0.2 }, answers: { value: 80 } },
    })
    expect(found?.measures['unanswered_at_least']?.value).toBeCloseTo(0.1334, 3)
    expect(found?.measures['last_asked']?.value).toBe('2026-03-02T00:01:19Z')
  })

  test.each([
    ['one query in fifty', 98, 2],
    ['ten queries of ten', 0, 10],
    ['three queries of forty-nine', 46, 3],
  ])('that leaves %s unanswered is silent', async (_, good, lost) => {
    if (good > 0) await insert({ ts: time('number') }, good)
    await insert({ ts: time('number'), ...unanswered }, lost)
    expect(await health()).toEqual([])
  })

  test('that was away for five minutes of an hour is found, and when', async () => {
    await insert({ ts: time('number * 5') }, 660)
    await insert({ ts: time('3300 + number * 5'), ...unanswered }, 60)
    const [found] = await health()
    expect(found?.rule).toBe('health/unanswered')
    expect(found?.why).toContain('from 2026-03-02 00:55 UTC it was 100 % of 60 queries')
  })

  test('of a capture with one direction is not judged for loss', async () => {
    for (const host of [11, 12, 13]) {
      await insert(
        { ...unanswered, client: `toIPv6('::ffff:192.0.2.${host}')`, ts: time('number') },
        40,
      )
    }
    expect(await health()).toEqual([])
  })

  test('that becomes slow for ten minutes is found, one that is always slow is not', async () => {
    const taking = (seconds: string, us: string): Fields => ({
      ts: time(seconds),
      response_ts: `${time(seconds)} + toIntervalMicrosecond(${us})`,
    })
    await insert(taking('number * 5', '20000 + number % 7'), 600)
    await insert(taking('3000 + number * 5', '400000'), 120)
    const other = { server: `toIPv6('::ffff:192.0.2.54')` }
    await insert({ ...taking('number * 5', '400000'), ...other }, 720)
    const found = await health()
    expect(found.map(({ rule, subject }) => [rule, subject.server])).toEqual([
      ['health/slow', '192.0.2.53'],
    ])
    expect(found[0]?.measures).toMatchObject({ p95_ms: { value: 400 } })
  })

  test.each([
    ['SERVFAIL', 20, 'medium'],
    ['FORMERR', 60, 'high'],
    ['REFUSED', 60, 'low'],
  ])('that answers %s to one in five is found', async (rcode, bad, severity) => {
    await insert({ ts: time('number'), domain: `concat('d', toString(number), '.org')` }, 80)
    await insert(
      { ts: time('number'), rcode: `'${rcode}'`, domain: `concat('e', toString(number), '.org')` },
      bad,
    )
    const found = await health()
    expect(rulesOf(found)).toEqual(['failing-server'])
    expect(found[0]).toMatchObject({
      severity: bad === 60 && rcode === 'FORMERR' ? 'medium' : severity,
    })
  })

  test('that answers SERVFAIL to one in a hundred is silent', async () => {
    await insert({ ts: time('number') }, 198)
    await insert({ ts: time('number'), rcode: `'SERVFAIL'` }, 2)
    expect(await health()).toEqual([])
  })

  test('whose truncated answers cannot be fetched over TCP is found', async () => {
    await insert({ response_flags: '0x8380' }, 4)
    expect(await health()).toEqual([])
    await insert({ ...unanswered, transport: `'tcp'`, ts: time('1 + number * 100') }, 4)
    expect(rulesOf(await health())).toEqual(['truncation'])
    await insert({ transport: `'tcp'`, ts: time('1 + number * 100') }, 1)
    expect(await health()).toEqual([])
  })

  test('that answers FORMERR to EDNS and well without is found', async () => {
    await insert({ edns_size: '1232', rcode: `'FORMERR'`, ts: time('number') }, 5)
    expect(await health()).toEqual([])
    await insert({ ts: time('1 + number') }, 5)
    expect(rulesOf(await health())).toEqual(['edns'])
    await insert({ edns_size: '1232', ts: time('9 + number') }, 1)
    expect(await health()).toEqual([])
  })

  test('that is asked the same failing question twice a second is found, once a second not', async () => {
    const failing = { rcode: `'SERVFAIL'`, qname: `'stuck.example.org'` }
    await insert({ ...failing, ts: time('number') }, 9)
    expect(await health()).toEqual([])
    await insert({ ...failing, ts: time('number / 2') }, 130)
    expect(rulesOf(await health())).toContain('repeated-failure')
  })
})

describe('a zone', () => {
  test('that a server cannot resolve is found, one that fails now and then is not', async () => {
    await insert(
      { rcode: `'SERVFAIL'`, ts: time('number'), qname: `'a.broken.org'`, domain: `'broken.org'` },
      12,
    )
    await insert({ ts: time('number'), qname: `'b.example.org'` }, 30)
    await insert({ rcode: `'SERVFAIL'`, ts: time('number'), qname: `'b.example.org'` }, 12)
    const found = (await health()).filter(({ rule }) => rule === 'health/failing-zone')
    expect(found.map(({ subject }) => subject)).toEqual([
      { server: '192.0.2.53', domain: 'broken.org' },
    ])
  })

  /** Records that list 192.0.2.53 and 198.51.100.53 as the name servers of example.org. */
  const listing = records(
    record('example.org', 'NS', 'ns1.example.org'),
    record('example.org', 'NS', 'ns2.example.org'),
    record('ns1.example.org', 'A', '192.0.2.53', 'additional'),
    record('ns2.example.org', 'A', '198.51.100.53', 'additional'),
  )
  const elsewhere = { server: `toIPv6('::ffff:203.0.113.1')` }

  test('that a listed server refuses is found, as long as it never has authority', async () => {
    await insert({ ...listing, ...elsewhere, qname: `'example.org'`, qtype: `'NS'` })
    await insert({ rcode: `'REFUSED'`, response_flags: '0x8005', ts: time('number') }, 3)
    const [found, ...others] = await health()
    expect(others).toEqual([])
    expect(found).toMatchObject({
      rule: 'health/lame',
      subject: { server: '192.0.2.53', domain: 'example.org' },
      measures: { zonemaster: { value: 'DELEGATION04 ERROR' } },
    })
    await insert({ response_flags: '0x8400', ts: time('50') })
    expect(await health()).toEqual([])
  })

  test('whose server refers downwards is not lame', async () => {
    await insert({ ...listing, ...elsewhere, qname: `'example.org'`, qtype: `'NS'` })
    const referral = records(record('sub.example.org', 'NS', 'ns.sub.example.org', 'authority'))
    const second = records(record('sub.example.org', 'NS', 'ns.other.net', 'authority'))
    await insert(
      { ...referral, response_flags: '0x8000', qname: `'x.sub.example.org'`, ts: time('number') },
      3,
    )
    await insert({
      ...second,
      response_flags: '0x8000',
      qname: `'x.sub.example.org'`,
      ts: time('9'),
    })
    expect(await health()).toEqual([])
  })

  test('whose listed server resolves other domains too is found', async () => {
    await insert({ ...listing, ...elsewhere, qname: `'example.org'`, qtype: `'NS'` })
    await insert({ ...data(['192.0.2.80']), response_flags: '0x8400' }, 2)
    expect(await health()).toEqual([])
    const foreign = { qname: `'www.example.com'`, domain: `'example.com'` }
    await insert(
      { ...data(['192.0.2.90'], 'A', `'www.example.com'`), ...foreign, ts: time('number') },
      3,
    )
    expect(rulesOf(await health())).toEqual(['recursion'])
  })
})

test('the Wilson bound and the chance of a share agree with the tables', () => {
  expect(wilsonLower(0, 50)).toBe(0)
  expect(wilsonLower(50, 50)).toBeCloseTo(0.9287, 3)
  expect(wilsonLower(10, 100)).toBeCloseTo(0.0552, 3)
  // The exact tail of 20 or more of 100 at 5 % is 2.1e-7; Chernoff's bound is above it, and below 1e-6 only with more.
  expect(chance(20, 100, 0.05)).toBeGreaterThan(2.1e-7)
  expect(chance(25, 100, 0.05)).toBeLessThan(1e-6)
  expect(chance(1, 100, 0.05)).toBe(1)
})

test('every finding says how much it rests on and when that was', async () => {
  await insert({ ts: time('number'), ...unanswered }, 60)
  for (const finding of await health()) {
    const measures: Finding['measures'] = finding.measures
    expect(typeof measures['answers']?.value).toBe('number')
    expect(measures['last_asked']?.value).toMatch(/^2026-03-02T00:00:59Z$/)
  }
  expect(await health()).toHaveLength(1)
})
