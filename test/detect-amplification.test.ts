// Amplification: reflectors and victims, and what is neither.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, insert, ordinary, time, useStore } from './detect-fixture.ts'
import { findings } from './flood-findings.ts'

useStore()

describe('amplification', () => {
  const flood = {
    client: `toIPv6('::ffff:198.51.100.99')`,
    server: `toIPv6('::ffff:203.0.113.53')`,
    qname: `'big.example.org'`,
    qtype: `'ANY'`,
    query_bytes: '40',
    response_bytes: '3000',
    repeat_in_ttl: 'number > 0',
  }

  test('twenty queries a second for one victim are found, as one finding', async () => {
    await insert({ ...flood, ts: time('number / 20') }, 20 * 300)
    const found = await findings('amplification')
    expect(found).toMatchObject([
      {
        rule: 'amplification/reflector',
        subject: { server: '203.0.113.53', victim: '198.51.100.99' },
      },
    ])
    expect(found[0]?.score).toBeGreaterThanOrEqual(50)
    const { id } = found[0]
    await insert(
      { ...flood, ts: time('300 + number / 50'), client: `toIPv6('::ffff:198.51.100.7')` },
      2000,
    )
    expect(await findings('amplification')).toMatchObject([
      { id, subject: { victim: '198.51.100.0/24' } },
    ])
  })

  test('a hundred queries in a minute are enough, ninety-nine are not, wherever the minute begins', async () => {
    await insert({ ...flood, ts: time('30 + number / 2'), repeat_in_ttl: '1' }, 100)
    expect(await findings('amplification', { amplification: { minQueries: 100 } })).toHaveLength(1)
    expect(await findings('amplification', { amplification: { minQueries: 101 } })).toEqual([])
  })

  test('questions that respect the TTL, and small answers, are no reflection', async () => {
    await insert({ ...flood, ts: time('number / 20'), repeat_in_ttl: '0' }, 2000)
    await insert(
      {
        ...flood,
        ts: time('number / 20'),
        client: `toIPv6('::ffff:192.0.2.1')`,
        response_bytes: '160',
      },
      2000,
    )
    expect(await findings('amplification')).toEqual([])
  })

  test('truncated answers that nobody fetches over TCP are reflection too', async () => {
    const cut = { ...flood, ts: time('number / 20'), repeat_in_ttl: '0', response_flags: '0x8700' }
    await insert(cut, 2000)
    expect(await findings('amplification')).toHaveLength(1)
    await database.command('TRUNCATE TABLE transactions')
    await insert({ ...cut, tcp_followup: '1' }, 2000)
    expect(await findings('amplification')).toEqual([])
  })

  const unasked = {
    ...flood,
    server: `toIPv6(concat('::ffff:203.0.113.', toString(number % 10)))`,
    match: `'unsolicited'`,
    attempts: '0',
    frame: '0',
    ts: time('5 + number / 10'),
    response_ts: time('5 + number / 10'),
  }

  test('fifty unasked answers from ten servers within ten seconds are found, fewer are not', async () => {
    await insert(unasked, 50)
    expect(await findings('amplification')).toMatchObject([
      { rule: 'amplification/victim', subject: { victim: '198.51.100.99' } },
    ])
    expect(await findings('amplification', { amplification: { minAnswers: 51 } })).toEqual([])
    await database.command('TRUNCATE TABLE transactions')
    await insert({ ...unasked, response_bytes: '500' }, 50)
    expect(await findings('amplification')).toHaveLength(1)
    expect(await findings('amplification', { amplification: { minServers: 11 } })).toEqual([])
  })

  test('the frames shown are those of the flood, not others like them of the same network', async () => {
    const stray = { ...unasked, server: flood.server, qname: `'stray.example.org'` }
    const neighbour = `toIPv6('::ffff:198.51.100.8')`
    await insert({ ...stray, client: neighbour, ts: time('1') }, 1)
    const late = { ts: time('600 + number / 10'), response_ts: time('600 + number / 10') }
    await insert({ ...unasked, ...late }, 50)
    await insert({ ...stray, client: neighbour, ts: time('601'), response_ts: time('601') }, 1)
    await insert({ ...flood, ts: time('30'), qname: `'once.example.org'` }, 1)
    await insert({ ...flood, ts: time('700 + number / 20') }, 2000)
    const found = await findings('amplification')
    expect(found.map(({ rule }) => rule).sort()).toEqual([
      'amplification/reflector',
      'amplification/victim',
    ])
    for (const { evidence, first_seen, last_seen } of found) {
      expect(evidence).toHaveLength(5)
      for (const { ts, text } of evidence) {
        expect(ts >= first_seen && ts <= last_seen).toBe(true)
        expect(text).toContain('198.51.100.99')
        expect(text).toContain('big.example.org')
      }
    }
  })

  test('a flood does not switch its own detector off, a one-way capture does', async () => {
    await ordinary(30, 'answered')
    await insert(unasked, 20_000)
    const found = await run(database, detectors)
    expect(found.findings.map(({ rule }) => rule)).toEqual(['amplification/victim'])
    expect(found.notes.join()).not.toContain('one direction')
    await database.command('TRUNCATE TABLE transactions')
    await ordinary(30, 'unsolicited')
    await insert({ ...unasked, ts: time('number / 50'), response_ts: time('number / 50') }, 500)
    const silenced = await run(database, detectors)
    expect(silenced.findings).toEqual([])
    expect(silenced.notes.join()).toContain('one direction only is captured in c1')
  })
})
