// Poisoning: differing answers and near misses, and what explains them away.

import { describe, expect, test } from 'vitest'
import { data, type Fields, findings, insert, time, useStore } from './detect-fixture.ts'

useStore()

describe('poisoning', () => {
  const first = {
    qname: `'www.example.org'`,
    response_ip_ttl: '60',
    answer_digest: '1',
    id: '7',
    client_port: '5000',
  }
  const second = {
    ...first,
    match: `'conflict'`,
    attempts: '0',
    response_ts: `${time('number * 100')} + INTERVAL 40 MILLISECOND`,
    response_frame: '1000 + number',
    answer_digest: '2',
    latency_us: '40000',
  }

  test('two answers with addresses of other networks are found, side by side', async () => {
    await pair(['203.0.113.9'], ['198.51.100.80'], { response_ip_ttl: '44' })
    const [found, ...others] = await findings('poisoning')
    expect(others).toEqual([])
    expect(found).toMatchObject({
      rule: 'poisoning/two-answers',
      subject: { client: '192.0.2.7', server: '192.0.2.53', name: 'www.example.org', type: 'A' },
      measures: {
        first_answer: { value: 'A 203.0.113.9' },
        second_answer: { value: 'A 198.51.100.80' },
      },
    })
    expect(found?.evidence.map(({ text }) => text)).toEqual([
      expect.stringContaining('203.0.113.9; 100 bytes, id 7, port 5000, IP TTL 60'),
      expect.stringContaining('198.51.100.80; 100 bytes, id 7, port 5000, IP TTL 44'),
    ])
  })

  test.each([
    ['addresses of one network', ['198.51.100.9'], ['198.51.100.80'], {}],
    ['a failure beside data', ['198.51.100.9'], [], { rcode: `'SERVFAIL'` }],
    ['a truncated answer beside data', ['198.51.100.9'], [], { response_flags: '0x8300' }],
    ['an identical answer', ['198.51.100.9'], ['198.51.100.9'], { match: `'duplicate'` }],
    ['overlapping sets', ['198.51.100.9', '203.0.113.1'], ['203.0.113.1'], {}],
  ])('%s is silent', async (_, one, other, fields) => {
    await pair(one, other, fields)
    expect(await findings('poisoning')).toEqual([])
  })

  test('two answers to a query that was sent twice are silent', async () => {
    await pair(['203.0.113.9'], ['198.51.100.80'], {}, { attempts: '2' })
    expect(await findings('poisoning')).toEqual([])
  })

  test('more pairs keep the id', async () => {
    await pair(['203.0.113.9'], ['198.51.100.80'])
    const [before] = await findings('poisoning')
    await pair(['203.0.113.9'], ['198.51.100.80'], { ...later(500) }, later(500))
    const [after] = await findings('poisoning')
    expect(after?.id).toBe(before?.id)
    expect(after?.measures['differing_answers']?.value).toBe(2)
  })

  const guess = {
    ...first,
    match: `'wrong_id'`,
    attempts: '0',
    frame: '0',
    id: 'number',
    ts: time('8 + number'),
    response_ts: time('8 + number'),
  }

  test('five guesses within ten seconds are found, four are not, nor five of one id', async () => {
    await insert({ ...first, ...data(['198.51.100.80']), answer_digest: '9' })
    await insert(guess, 4)
    expect(await findings('poisoning')).toEqual([])
    await insert({ ...guess, id: '3' }, 5)
    expect(await findings('poisoning')).toEqual([])
    await insert({ ...guess, id: '77', ts: time('12'), response_ts: time('12') })
    expect(await findings('poisoning')).toMatchObject([
      {
        rule: 'poisoning/near-miss-id',
        subject: { client: '192.0.2.7', server: '192.0.2.53', domain: 'example.org' },
      },
    ])
  })

  test('guesses that say what was answered anyway are silent', async () => {
    await insert({ ...first, ...data(['198.51.100.80']) })
    await insert(guess, 8)
    expect(await findings('poisoning')).toEqual([])
  })

  test('blind guesses count where the question was asked, and only there', async () => {
    const blind = {
      ...guess,
      match: `'unsolicited'`,
      ts: time('number / 100'),
      response_ts: time('number / 100'),
    }
    await insert(blind, 400)
    expect(await findings('poisoning')).toEqual([])
    await insert({ ...first, ...data(['198.51.100.80']), answer_digest: '9' })
    expect(await findings('poisoning')).toMatchObject([{ rule: 'poisoning/near-miss-id' }])
  })

  test.each([
    ['near-miss-port', { match: `'wrong_port'`, client_port: '6000 + number', id: '7' }],
    [
      'near-miss-question',
      {
        match: `'wrong_question'`,
        qname: `concat('x', toString(number), '.example.net')`,
        domain: `'example.net'`,
      },
    ],
    [
      'near-miss-server',
      { match: `'wrong_server'`, server: `toIPv6(concat('::ffff:203.0.113.', toString(number)))` },
    ],
  ])('%s is found', async (rule, fields) => {
    await insert(
      { ...guess, ...fields, ts: time('number / 10'), response_ts: time('number / 10') },
      20,
    )
    expect(await findings('poisoning')).toMatchObject([{ rule: `poisoning/${rule}` }])
  })

  /** A query with its answer, and a second answer 40 ms after the query. */
  async function pair(
    one: string[],
    other: string[],
    fields: Fields = {},
    of: Fields = {},
  ): Promise<void> {
    await insert({ ...first, ...data(one), ...of })
    await insert({ ...second, ...data(other), ...fields })
  }

  function later(seconds: number): Fields {
    return {
      ts: time(`${seconds}`),
      response_ts: `${time(`${seconds}`)} + INTERVAL 50 MILLISECOND`,
      frame: '5001',
      response_frame: '6000 + cityHash64(number, 3) % 1000',
    }
  }
})
