// Poisoning, what guessing and its helpers leave behind: each rule on rows that show it, and on rows that look like it and are not.

import { describe, expect, test } from 'vitest'
import { data, type Fields, insert, time, useStore } from './detect-fixture.ts'
import { address, at, poisonings, records, rules } from './poisoning-rows.ts'

useStore()

describe('siblings', () => {
  const guess: Fields = {
    qname: `concat('a', toString(number % 60), '.example.org')`,
    id: 'number * 7 % 65536',
    match: `'wrong_id'`,
    attempts: '0',
    frame: '2 * (number % 60) + 1',
    ts: time('(number % 60) / 10'),
    response_ts: `${time('(number % 60) / 10')} + INTERVAL 5 MILLISECOND`,
    response_frame: '1000 + number',
    answer_digest: '77',
    ...data(['203.0.113.66']),
  }
  const asked: Fields = {
    qname: `concat('a', toString(number), '.example.org')`,
    ts: time('number / 10'),
    response_ts: `${time('number / 10')} + INTERVAL 20 MILLISECOND`,
    ...data(['198.51.100.80']),
  }

  test('a hundred guesses at sixty names of a domain are one finding, with a flood of siblings', async () => {
    await insert(asked, 60)
    await insert(guess, 100)
    const [found, ...others] = await poisonings()
    expect(others).toEqual([])
    expect(found).toMatchObject({ rule: 'poisoning/siblings', subject: { domain: 'example.org' } })
    expect(found?.contrast?.records).toEqual([
      { side: 'first', text: 'A 198.51.100.80, TTL 300' },
      { side: 'second', text: 'A 203.0.113.66, TTL 300' },
    ])
    expect(found?.why).toContain('off the path')
  })

  test('guesses that name the real servers of the zone beside their own address do not say the same', async () => {
    const servers = 'authority example.org NS ns1.example.org'
    const says = (ip: string) => records(`answer a.example.org A ${ip}`, servers)
    await insert({ ...asked, ...says('198.51.100.80') }, 60)
    await insert({ ...guess, ...says('203.0.113.66') }, 100)
    expect(await rules()).toEqual(['poisoning/siblings'])
  })

  test('answers that a slow clock puts before their queries are no guesses: what they hit is asked a second later', async () => {
    const early: Fields = { ...guess, client_port: '50000 + number', id: 'number * 7 % 65536' }
    await insert(asked, 60)
    await insert(early, 100)
    expect(await rules()).toEqual(['poisoning/siblings'])
    await insert(
      {
        ...asked,
        qname: guess.qname,
        client_port: early.client_port,
        id: early.id,
        ts: time('(number % 60) / 10 + 1'),
        response_frame: '0',
        frame: '2001 + number',
        match: `'unanswered'`,
        rcode: `''`,
        ...records(),
      },
      100,
    )
    expect(await poisonings()).toEqual([])
  })

  test('sixty names asked once each without guesses are silent', async () => {
    await insert(asked, 60)
    expect(await poisonings()).toEqual([])
  })
})

describe('loss', () => {
  const plain: Fields = {
    qname: `concat('h', toString(number % 50), '.example.', ['org', 'net', 'com', 'test'][number % 4 + 1])`,
    domain: `concat('example.', ['org', 'net', 'com', 'test'][number % 4 + 1])`,
    ts: time('number / 50'),
    response_ts: `${time('number / 50')} + INTERVAL 20 MILLISECOND`,
    id: 'cityHash64(number, 1) % 65536',
    answer_digest: 'cityHash64(number, 2)',
  }

  test('answers whose queries a lossy capture missed are no guesses', async () => {
    await insert(plain, 4000)
    await insert(
      {
        ...plain,
        match: `'wrong_id'`,
        attempts: '0',
        id: 'cityHash64(number, 3) % 65536',
        ts: time('number / 2.5'),
        response_ts: `${time('number / 2.5')} + INTERVAL 20 MILLISECOND`,
      },
      200,
    )
    expect(await poisonings()).toEqual([])
  })

  test('guesses at one domain stand out from what the capture loses', async () => {
    await insert(plain, 4000)
    await insert(
      {
        ...plain,
        qname: `'h0.example.org'`,
        domain: `'example.org'`,
        match: `'wrong_id'`,
        attempts: '0',
        id: 'number * 11',
        ts: time('20 + number / 1000'),
        response_ts: time('20.1 + number / 1000'),
        ...data(['203.0.113.66']),
      },
      400,
    )
    expect(await rules()).toEqual(['poisoning/near-miss-id'])
  })
})

describe('birthday', () => {
  const identical: Fields = {
    query_flags: '0',
    id: 'number * 13',
    client_port: '20000 + number * 17',
    ts: time('number / 1000'),
    response_ts: `${time('number / 1000')} + INTERVAL 50 MILLISECOND`,
    latency_us: '50000',
    ...data(['198.51.100.80']),
  }

  test('a resolver that asks again at once after each bad answer has one query open, never more', async () => {
    const refused = {
      ...identical,
      ts: time('number / 100'),
      response_ts: `${time('number / 100')} + INTERVAL 5 MILLISECOND`,
      latency_us: '5000',
      rcode: `'REFUSED'`,
    }
    await insert(refused, 10)
    expect(await poisonings()).toEqual([])
  })

  test('ten identical questions at once are found, three with a second between them are not', async () => {
    await insert({ ...identical, ts: time('100 + number'), response_ts: time('100.1 + number') }, 3)
    expect(await poisonings()).toEqual([])
    await insert(identical, 10)
    expect(await poisonings()).toMatchObject([
      { rule: 'poisoning/birthday', measures: { identical_queries: { value: 10, threshold: 3 } } },
    ])
  })

  test('a resolver that asks every name three times is built so', async () => {
    for (const domain of ['example.org', 'example.net', 'example.com', 'example.test']) {
      const name = `'www.${domain}'`
      await insert(
        { ...identical, qname: name, domain: `'${domain}'`, ...data(['198.51.100.80'], 'A', name) },
        3,
      )
    }
    expect(await poisonings()).toEqual([])
  })

  test('clients that ask the same at once are no resolver', async () => {
    await insert({ ...identical, query_flags: '256' }, 10)
    expect(await poisonings()).toEqual([])
  })
})

describe('letters', () => {
  const mixed: Fields = {
    qname_raw: `'wWw.eXample.org'`,
    qname: `'www.example.org'`,
    ts: time('number'),
    response_ts: time('number + 0.02'),
  }
  const changed: Fields = { ...mixed, qname_raw: `''`, anomaly_bits: '2097152' }

  test('one answer that changed them, where forty kept them, is found', async () => {
    await insert(mixed, 40)
    await insert(at('100', changed))
    expect(await poisonings()).toMatchObject([
      { rule: 'poisoning/letter-case', score: 40, evidence: [{ frame: 202 }] },
    ])
  })

  test('a server that always lowers them is silent, and so is one that is hardly known', async () => {
    await insert({ ...changed, server: address('192.0.2.54') }, 40)
    await insert(mixed, 10)
    await insert(at('100', changed))
    expect(await poisonings()).toEqual([])
  })
})

describe('ports tried', () => {
  const probe: Fields = {
    match: `'unsolicited'`,
    attempts: '0',
    frame: '0',
    client_port: '1024 + number * 50',
    qname: `''`,
    domain: `''`,
    qtype: `''`,
    rcode: `'NOERROR'`,
    response_bytes: '12',
    ts: time('10 + number / 2000'),
    response_ts: time('10 + number / 2000'),
    response_frame: '1000 + number',
  }

  test('a thousand ports in a second in the name of a server are found', async () => {
    await insert({})
    await insert(probe, 1000)
    const found = (await poisonings()).filter(({ rule }) => rule === 'poisoning/port-scan')
    expect(found).toMatchObject([{ subject: { server: '192.0.2.53', victim: '192.0.2.7' } }])
    expect(found[0]?.why).toContain('ICMP is not stored')
  })

  test('answers full of records are a flood of another kind', async () => {
    await insert({ ...probe, ...data(['198.51.100.80']) }, 1000)
    expect(await rules()).not.toContain('poisoning/port-scan')
  })
})

describe('fragments', () => {
  test('two versions of one are found with both answers, one never completed is not', async () => {
    await insert(at('1', { anomaly_bits: '67108864', match: `'malformed'` }))
    expect(await poisonings()).toEqual([])
    await insert(at('10', data(['198.51.100.80'])))
    const other = {
      match: `'conflict'`,
      attempts: '0',
      response_frame: '23',
      anomaly_bits: '50331648',
    }
    await insert(at('10', { ...other, ...data(['203.0.113.66']), answer_digest: '5' }))
    const found = (await poisonings()).filter(({ rule }) => rule === 'poisoning/fragments')
    expect(found).toMatchObject([
      { score: 70, contrast: { first: { frame: 22 }, second: { frame: 23 } } },
    ])
  })
})

describe('guessable resolvers', () => {
  const upstream = (port: string, id: string): Fields => ({
    query_flags: '0',
    server: `toIPv6(concat('::ffff:198.51.100.', toString(number % 5)))`,
    qname: `concat('h', toString(number), '.example.org')`,
    ts: time('number'),
    response_ts: time('number + 0.1'),
    client_port: port,
    id,
  })
  const any = (salt: number, from: number, values: number) =>
    `${from} + cityHash64(number, ${salt}) % ${values}`

  test.each([
    ['one port', '32768', any(1, 0, 65536), 30],
    ['ports in order', '20000 + number', any(1, 0, 65536), 30],
    ['sixteen ports', any(2, 40000, 16), any(1, 0, 65536), 30],
    ['ids in order', any(2, 1024, 64512), 'number', 30],
    ['one port and ids in order', '32768', 'number', 45],
  ])('%s are said, as a weakness', async (_, port, id, score) => {
    await insert(upstream(port, id), 400)
    const found = await poisonings()
    expect(found).toMatchObject([{ rule: 'poisoning/predictable', score }])
    expect(found[0]?.why).toMatch(/[\d,]+ forged packets/)
  })

  test.each([
    ['all ports', any(2, 1024, 64512)],
    ['the upper quarter, as some systems do', any(2, 49152, 16384)],
  ])('a resolver that uses %s at random is silent', async (_, port) => {
    await insert(upstream(port, any(1, 0, 65536)), 1000)
    expect(await poisonings()).toEqual([])
  })
})
