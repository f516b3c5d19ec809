// Answer change: what counts as a change of a watched name, and what is ordinary.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { plainStyle } from './plain-style.ts'
import { reportText } from '../src/inspect/report/text.ts'
import { accept, never } from '../src/inspect/watch/accepted.ts'
import { checkedRun, data, database, findings, insert, time, useStore } from './detect-fixture.ts'

useStore()

describe('answer change', () => {
  const hour = 3600
  const day = 24 * hour
  const watch = ['www.example.org', 'example.org']

  test('nothing is watched without a list, and the report says so', async () => {
    const result = await run(database, detectors)
    expect(result.notes).toContain(
      'answer-change: no names are watched (overhear watch add NAME, or --watch FILE), so nothing is found',
    )
  })

  test('an address changed for an hour and back is found, with window and clients', async () => {
    await says('A', ['198.51.100.80'], 0, 10 * day)
    await says('A', ['203.0.113.77'], 10 * day, 10 * day + hour, 600)
    const [open] = await findings('answer-change', {}, watch)
    await says('A', ['198.51.100.80'], 10 * day + hour, 12 * day)
    const [found] = await findings('answer-change', {}, watch)
    expect(found).toMatchObject({
      rule: 'answer-change/a',
      subject: { name: 'www.example.org', type: 'A' },
      measures: {
        before: { value: '198.51.100.80' },
        after: { value: '203.0.113.77' },
        exposed_clients: { value: 1 },
      },
    })
    expect(found?.score).toBeGreaterThanOrEqual(50)
    expect(found?.id).toBe(open?.id)
    expect(open?.score).toBeLessThan(50)
  })

  test('a new delegation is found, in either half of the message', async () => {
    await says('NS', ['ns1.example.org', 'ns2.example.org'], 0, 10 * day, 4 * hour, `'example.org'`)
    await says(
      'NS',
      ['ns1.example.net', 'ns2.example.net'],
      10 * day,
      11 * day,
      4 * hour,
      `'example.org'`,
    )
    expect(await findings('answer-change', {}, watch)).toMatchObject([
      { rule: 'answer-change/ns', subject: { name: 'example.org', type: 'NS' } },
    ])
    await database.command('TRUNCATE TABLE transactions')
    for (const [values, from] of [
      [['ns1.example.org'], 0],
      [['ns1.example.net'], 10 * day],
    ] as const) {
      const records = {
        ...data([...values], 'NS', `'example.org'`),
        'rr.section': `['authority']`,
        qname: `'other.example.org'`,
        response_flags: '0x8000',
      }
      await insert(
        {
          ...records,
          ts: time(`${from} + number * 7200`),
          response_ts: time(`${from} + number * 7200`),
        },
        30,
      )
    }
    expect(await findings('answer-change', {}, watch)).toMatchObject([{ rule: 'answer-change/ns' }])
  })

  test('the hosts of a watched domain are watched too', async () => {
    await says('MX', ['10 mail.example.org'], 0, 10 * day, 4 * hour, `'example.org'`)
    await says('A', ['198.51.100.25'], 0, 10 * day, 4 * hour, `'mail.example.org'`)
    await says('A', ['203.0.113.77'], 10 * day, 11 * day, 4 * hour, `'mail.example.org'`)
    expect(await findings('answer-change', {}, ['example.org'])).toMatchObject([
      { subject: { name: 'mail.example.org', type: 'A' } },
    ])
  })

  test('rotation, also with a late member, pools and names nobody watches are silent', async () => {
    const rotating = `[['198.51.100.80'], ['203.0.113.80'], ['192.0.2.80']][1 + cityHash64(number, 5) % if(number < 100, 2, 3)]`
    await insert(
      {
        ...data(['']),
        'rr.data': rotating,
        ts: time('number * 1800'),
        response_ts: time('number * 1800'),
      },
      400,
    )
    const pool = `[concat(toString(20 + cityHash64(number, 5) % 60), '.', toString(cityHash64(number, 6) % 200), '.', toString(cityHash64(number, 7) % 200), '.1')]`
    await insert(
      {
        ...data(['']),
        qname: `'pool.example.org'`,
        'rr.data': pool,
        ts: time('number * 1800'),
        response_ts: time('number * 1800'),
      },
      400,
    )
    await says('A', ['198.51.100.80'], 0, 10 * day, 4 * hour, `'other.example.org'`)
    await says('A', ['203.0.113.77'], 10 * day, 11 * day, 4 * hour, `'other.example.org'`)
    expect(await findings('answer-change', {}, [...watch, 'pool.example.org'])).toEqual([])
  })

  test('a resolver that answers a name itself says so with AA, and is a resolver still: its block page is silent', async () => {
    const from = (server: string, flags: string) => ({
      server: `toIPv6('${server}')`,
      response_flags: flags,
    })
    const name = `'www.example.org'`
    const real = ['198.51.100.80']
    await says('A', real, 0, 12 * day, 4 * hour, name)
    await says('A', real, 60, 12 * day, 4 * hour, name, from('192.0.2.53', '0x8180'))
    await says('A', real, 120, 10 * day, 4 * hour, name, from('192.0.2.54', '0x8180'))
    const blocked = from('192.0.2.54', '0x8580')
    await says('A', ['0.0.0.0'], 10 * day, 11 * day, 4 * hour, name, blocked)
    expect(await checkedRun({ watch }, 'answer-change')).toEqual([])
    // A server of the zone, which nobody asks for recursion, is another matter.
    const zone = from('192.0.2.99', '0x8480')
    await says('A', ['0.0.0.0'], 10 * day + 60, 11 * day, 4 * hour, name, zone)
    expect(await checkedRun({ watch }, 'answer-change')).toMatchObject([
      { rule: 'answer-change/a' },
    ])
  })

  test('what came before there was a baseline, one stray answer, and answers nobody asked for are silent', async () => {
    await says('A', ['203.0.113.77'], 0, 300, 100)
    await says('A', ['198.51.100.80'], 400, 10 * day)
    await insert({
      ...data(['192.0.2.200']),
      ts: time(`${9 * day}`),
      response_ts: time(`${9 * day}`),
      response_flags: '0x8180',
    })
    await insert(
      {
        ...data(['192.0.2.210']),
        match: `'unsolicited'`,
        ts: time(`${8 * day} + number`),
        response_ts: time(`${8 * day} + number`),
      },
      20,
    )
    expect(await findings('answer-change', {}, watch)).toEqual([])
  })

  test('a baseline in which nearly every answer is new is a dynamic pool, whatever it goes on with', async () => {
    const address = (n: string) =>
      `[concat(toString(20 + cityHash64(${n}, 5) % 70), '.', toString(cityHash64(${n}, 6) % 256), '.', toString(cityHash64(${n}, 7) % 256), '.1')]`
    for (const [from, rows] of [
      [0, 5],
      [2, 395],
    ] as const) {
      const at = time(`${from} * ${hour} + number * ${from === 0 ? 1200 : 600}`)
      await insert(
        { ...data(['']), 'rr.data': address(`number + ${from}`), ts: at, response_ts: at },
        rows,
      )
    }
    expect(await findings('answer-change', {}, watch)).toEqual([])
    // Without that, the five first answers would be a baseline and the sixth a change.
    const [{ n } = { n: 0 }] = await database.rows<{ n: number }>(
      'SELECT uniqExact(rr.data[1]) AS n FROM transactions',
    )
    expect(n).toBeGreaterThan(390)
  })

  test('a value that was accepted is trusted at once, until the end that was set', async () => {
    await says('A', ['198.51.100.80'], 0, 10 * day)
    await says('A', ['203.0.113.77'], 10 * day, 10 * day + hour, 600)
    await says('A', ['198.51.100.80'], 10 * day + hour, 12 * day)
    expect(await findings('answer-change', {}, watch)).toHaveLength(1)
    const good = { name: 'www.example.org', type: 'A', given: '203.0.113.77', reason: 'CHG-7' }
    await accept(database, { ...good, until: '2026-03-11 00:00:00' })
    expect(await findings('answer-change', {}, watch)).toHaveLength(1)
    await accept(database, { ...good, until: never })
    expect(await findings('answer-change', {}, watch)).toEqual([])
  })

  test('old and new are shown as a diff, with the window and everybody who was given the new', async () => {
    await says('A', ['198.51.100.80'], 0, 10 * day)
    await says('A', ['203.0.113.77'], 10 * day, 10 * day + hour, 600)
    await says('A', ['198.51.100.80'], 10 * day + hour, 12 * day)
    const [found] = await findings('answer-change', {}, watch)
    expect(found?.diff).toMatchObject([
      { sign: '-', type: 'A', data: '198.51.100.80', ttl: 300 },
      { sign: '+', type: 'A', data: '203.0.113.77', ttl: 300, answers: 6 },
    ])
    const result = await run(database, detectors, { watch })
    const lines = reportText(result, {
      width: 80,
      style: plainStyle,
      showSql: false,
      store: '',
    })
    expect(lines.join('\n')).toMatch(
      / {4}- A 198\.51\.100\.80\n.*\n {4}\+ A 203\.0\.113\.77\n.*\n {4}exposed from 2026-03-11T20:00:00Z to 2026-03-12T01:00:00Z\n {4}given to 192\.0\.2\.7\n/,
    )
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  test('what is watched but was not asked for in the window is named, with the last time it was', async () => {
    await says('A', ['198.51.100.80'], 0, 10 * day)
    await says('MX', ['10 mail.example.org'], 0, day, 4 * hour, `'example.org'`)
    const { unobserved = [] } = await run(database, detectors, {
      watch,
      since: '2026-03-04 00:00:00',
    })
    expect(unobserved).toContainEqual({
      name: 'example.org',
      types: ['MX'],
      last_seen: '2026-03-02T20:00:00.000000000Z',
    })
    expect(unobserved).toContainEqual({ name: 'vpn.example.org', types: ['A'], last_seen: null })
    expect(unobserved.map(({ name }) => name)).not.toContain('www.example.org')
    expect(unobserved.map(({ name }) => name)).toContain('mail.example.org')
  })

  test('a removed DS is found', async () => {
    await says('DS', ['12345 13 2 AB'], 0, 10 * day, 4 * hour, `'example.org'`)
    await says('DS', [], 10 * day, 11 * day, 4 * hour, `'example.org'`)
    expect(await findings('answer-change', {}, watch)).toMatchObject([
      {
        rule: 'answer-change/ds',
        score: 40,
        severity: 'medium',
        measures: { after: { value: 'nothing' } },
        evidence: [{}, { text: expect.stringContaining('no DS of example.org') }],
      },
    ])
    await database.command('TRUNCATE TABLE transactions')
    await says('DS', ['12345 13 2 AB'], 0, 10 * day, 4 * hour, `'example.org'`)
    await says('DS', [], 10 * day, 10 * day + 8 * hour, 4 * hour, `'example.org'`)
    await says('DS', ['12345 13 2 AB'], 10 * day + 8 * hour, 12 * day, 4 * hour, `'example.org'`)
    expect(await findings('answer-change', {}, watch)).toMatchObject([
      { rule: 'answer-change/ds', severity: 'high', points: expect.anything() },
    ])
  })

  test('a referral of the root says nothing about the DS of what lies below it', async () => {
    const resolved = { response_flags: '0x8180' }
    await says('DS', ['12345 13 2 AB'], 0, 12 * day, 4 * hour, `'example.org'`, resolved)
    const referral = {
      server: `toIPv6('::ffff:198.51.100.4')`,
      ...data(['ns1.nic.example'], 'NS', `'org'`),
      'rr.section': `['authority']`,
      response_flags: '0x8000',
    }
    await says('DS', [], 3 * day, 9 * day, 12 * hour, `'example.org'`, referral)
    expect(await findings('answer-change', {}, watch)).toEqual([])
  })

  /** The same answer from one time to another, seconds after the start. */
  async function says(
    type: string,
    values: string[],
    from: number,
    until: number,
    every = 4 * hour,
    name = `'www.example.org'`,
    more: Record<string, string> = {},
  ): Promise<void> {
    const at = time(`${from} + number * ${every}`)
    await insert(
      {
        ...data(values, type, name),
        qname: name,
        qtype: `'${type}'`,
        ts: at,
        response_ts: at,
        response_flags: '0x8400',
        ...more,
      },
      Math.floor((until - from) / every),
    )
  }
})
