// What looks like reflection and is none: crowds, monitors, mail, resolvers at work, and loss. No detector of floods may say a word.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, type Fields, insert, time, useStore } from './detect-fixture.ts'

useStore()

const nat = `toIPv6('::ffff:198.51.100.1')`
const authority = { server: `toIPv6('::ffff:203.0.113.53')`, response_flags: '0x8400' }

async function expectSilence(): Promise<void> {
  const ours = ['amplification', 'random-subdomains', 'open-resolver', 'loop']
  const { findings } = await run(
    database,
    detectors.filter(({ id }) => ours.includes(id)),
  )
  expect(findings.map(({ rule, score, why, points }) => ({ rule, score, why, points }))).toEqual([])
}

/** A draw from many names, few of them often. */
const popular = (names: number) =>
  `toUInt32(pow((sipHash64(number) % 10000) / 10000, 2) * ${names})`

describe('silence about', () => {
  test('five hundred hosts behind one address that ask for what everybody asks', async () => {
    const name = `concat('www', toString(${popular(800)}), '.example.com')`
    await insert(
      {
        client: nat,
        qname: name,
        repeat_in_ttl: '1',
        response_bytes: '210',
        ts: time('number / 400'),
      },
      8000,
    )
    await expectSilence()
  })

  test('the same crowd where answers are signed and large', async () => {
    const name = `concat('mail', toString(${popular(300)}), '.example.com')`
    const large = { qtype: `'TXT'`, response_bytes: '1400', query_bytes: '50' }
    await insert(
      { client: nat, qname: name, repeat_in_ttl: '1', ts: time('number / 500'), ...large },
      10_000,
    )
    await expectSilence()
  })

  test('a load test at two thousand a second over many large records', async () => {
    const name = `concat('host', toString(number % 5000), '.example.com')`
    const load = { client: nat, qname: name, qtype: `'DNSKEY'`, response_bytes: '900' }
    await insert(
      { ...load, qtype: `'TXT'`, repeat_in_ttl: 'number > 5000', ts: time('number / 2000') },
      20_000,
    )
    await expectSilence()
  })

  test('monitors: SOA of fifty zones each second, DNSKEY of one each second, ANY each two', async () => {
    const probe: Fields = { ...authority, repeat_in_ttl: 'number > 0', query_bytes: '40' }
    const zone = `concat('zone', toString(number % 50), '.example.org')`
    await insert(
      { ...probe, qname: zone, qtype: `'SOA'`, response_bytes: '110', ts: time('number / 50') },
      15_000,
    )
    const probe2 = `toIPv6('::ffff:192.0.2.8')`
    await insert(
      { ...probe, client: probe2, qtype: `'DNSKEY'`, response_bytes: '1100', ts: time('number') },
      300,
    )
    const probe3 = `toIPv6('::ffff:192.0.2.9')`
    await insert(
      { ...probe, client: probe3, qtype: `'ANY'`, response_bytes: '2900', ts: time('number * 2') },
      150,
    )
    await expectSilence()
  })

  test('a monitor of thirty signed zones, two DNSKEY questions a second', async () => {
    const zone = `concat('zone', toString(number % 30), '.example.org')`
    await insert(
      {
        ...authority,
        qname: zone,
        qtype: `'DNSKEY'`,
        query_bytes: '50',
        response_bytes: '1100',
        repeat_in_ttl: 'number > 30',
        ts: time('number / 2'),
      },
      600,
    )
    await expectSilence()
  })

  test('a mail burst: SPF, DKIM, DMARC and MX of many senders, some of them again and again', async () => {
    const sender = `concat('sender', toString(${popular(400)}), '.example.com')`
    const name = `concat(['', 's1._domainkey.', '_dmarc.', ''][1 + number % 4], ${sender})`
    const type = `['TXT', 'TXT', 'TXT', 'MX'][1 + number % 4]`
    const bytes = '[700, 480, 160, 140][1 + number % 4]'
    await insert(
      {
        qname: name,
        qtype: type,
        query_bytes: '48',
        response_bytes: bytes,
        repeat_in_ttl: 'number % 10 < 9',
        ts: time('number / 40'),
      },
      4000,
    )
    await expectSilence()
  })

  test('resolvers that fetch large TXT and DNSKEY records when their TTL has run out', async () => {
    const resolver = `toIPv6(concat('::ffff:192.0.', toString(number % 200), '.53'))`
    const type = `['TXT', 'DNSKEY'][1 + number % 2]`
    await insert(
      {
        ...authority,
        client: resolver,
        qname: `'example.org'`,
        qtype: type,
        response_bytes: '1400',
        ts: time('number / 20'),
      },
      6000,
    )
    const farm = `toIPv6(concat('::ffff:203.0.113.', toString(number % 250)))`
    await insert(
      {
        ...authority,
        client: farm,
        server: `toIPv6('::ffff:198.51.100.53')`,
        qtype: `'DNSKEY'`,
        response_bytes: '1400',
        query_ip_ttl: '50 + number % 3',
        ts: time('number / 10'),
      },
      500,
    )
    await expectSilence()
  })

  test('a resolver that gets truncated answers and fetches them over TCP', async () => {
    const cut = {
      client: nat,
      qname: `'example.org'`,
      qtype: `'TXT'`,
      repeat_in_ttl: '1',
      ts: time('number / 20'),
    }
    await insert({ ...cut, response_flags: '0x8780', response_bytes: '400' }, 2000)
    await insert(
      { ...cut, transport: `'tcp'`, tcp_followup: '1', repeat_in_ttl: '0', response_bytes: '4000' },
      2000,
    )
    await expectSilence()
  })

  test('a forwarder without a cache that brings back its server cookies', async () => {
    const cookie = { cookie: `'0123456789abcdef00112233445566778899aabbccddeeff'` }
    await insert(
      {
        ...cookie,
        client: nat,
        qname: `'example.org'`,
        qtype: `'TXT'`,
        response_bytes: '1200',
        repeat_in_ttl: '1',
        ts: time('number / 30'),
      },
      3000,
    )
    await expectSilence()
  })

  test('questions sent again because answers are lost', async () => {
    const name = `concat('www', toString(intDiv(number, 3)), '.example.com')`
    await insert(
      {
        qname: name,
        qtype: `'TXT'`,
        response_bytes: '800',
        attempts: '1 + number % 3',
        repeat_in_ttl: 'number % 3 > 0',
        ts: time('number / 20'),
      },
      3000,
    )
    await insert(
      {
        qname: name,
        match: `'unanswered'`,
        response_frame: '0',
        response_bytes: '0',
        rcode: `''`,
        ts: time('number / 40'),
      },
      300,
    )
    await expectSilence()
  })

  test('late and repeated answers of one busy server', async () => {
    const name = `concat('www', toString(number), '.example.com')`
    await insert({ qname: name, ts: time('number / 100') }, 3000)
    const extra = { attempts: '0', frame: '0', query_bytes: '0', response_bytes: '140' }
    await insert(
      {
        ...extra,
        qname: name,
        match: `'duplicate'`,
        ts: time('number / 20'),
        response_ts: time('number / 20'),
      },
      600,
    )
    await insert(
      {
        ...extra,
        qname: name,
        match: `'unsolicited'`,
        ts: time('number / 20'),
        response_ts: time('number / 20'),
      },
      600,
    )
    await expectSilence()
  })
})
