// Hunts over a small hand-made store, on both back ends.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore, throwAway } from '../src/database/open.ts'
import { huntFor, huntLines, type Question } from '../src/inspect/hunt/hunt.ts'
import type { Row } from '../src/inspect/hunt/part.ts'
import { huntText } from '../src/inspect/report/hunt-text.ts'
import { plainStyle } from './plain-style.ts'
import { parseMoment, wholeHistory, windowOf } from '../src/inspect/window.ts'
import { startGivenServer } from './given-server.ts'
import { storeExchanges, type TestExchange } from './exchanges.ts'

const alice = '::ffff:192.0.2.10'
const bob = '2001:db8::b0b'
const forgedCapture = 'badc0de123456789'
const hostile = "' or 1=1 --\\\n\u001b[31m\u0000"
const hostileName = "'\\032or\\0321=1\\032--\\\\\\010\\027[31m\\000.example.net"

const exchanges: TestExchange[] = [
  {
    ts: '2026-01-01 08:00:00.000000001',
    client: alice,
    qname: 'login.example.org',
    frame: 11,
    records: [{ name: 'login.example.org', type: 'A', data: '198.51.100.7', ttl: 60 }],
  },
  {
    ts: '2026-01-01 09:00:00',
    client: alice,
    qname: 'login.example.org',
    frame: 21,
    attempts: 3,
    records: [{ name: 'login.example.org', type: 'A', data: '198.51.100.7', ttl: 300 }],
  },
  {
    ts: '2026-01-01 09:00:00.02',
    client: alice,
    qname: 'login.example.org',
    match: 'conflict',
    attempts: 0,
    frame: 0,
    responseFrame: 25,
    capture: forgedCapture,
    records: [{ name: 'login.example.org', type: 'A', data: '203.0.113.66', ttl: 86_400 }],
  },
  { ts: '2026-01-01 10:00:00', client: bob, qname: 'login.example.org', qtype: 'AAAA', frame: 31 },
  {
    ts: '2026-01-01 10:00:01',
    client: bob,
    qname: 'nope.example.org',
    rcode: 'NXDOMAIN',
    frame: 33,
  },
  {
    ts: '2026-01-01 10:00:02',
    client: bob,
    qname: 'gone.example.org',
    match: 'unanswered',
    frame: 35,
  },
  {
    ts: '2026-01-01 11:00:00',
    client: bob,
    qname: 'www.example.org',
    frame: 41,
    records: [
      { name: 'www.example.org', type: 'CNAME', data: 'cdn.example.net' },
      { name: 'cdn.example.net', type: 'A', data: '198.51.100.7' },
    ],
  },
  {
    ts: '2026-01-01 12:00:00',
    client: alice,
    qname: 'example.org',
    qtype: 'MX',
    frame: 51,
    records: [
      { name: 'example.org', type: 'MX', data: '10 mail.example.org' },
      { name: 'example.org', type: 'NS', data: 'ns1.example.org', section: 'authority' },
      { name: 'ns1.example.org', type: 'AAAA', data: '2001:db8::53', section: 'additional' },
    ],
  },
  {
    ts: '2026-01-01 13:00:00',
    client: alice,
    qname: 'txt.example.org',
    qtype: 'NULL',
    frame: 61,
    records: [{ name: 'txt.example.org', type: 'TXT', data: '"v=spf1 -all"' }],
  },
  {
    ts: '2026-01-02 08:00:00',
    client: alice,
    qname: hostileName,
    domain: 'example.net',
    frame: 71,
  },
  { ts: '2026-01-02 08:00:01', client: alice, qname: 'notexample.org', frame: 73 },
]

const backEnds = [
  { name: 'embedded', start: async () => ({ location: throwAway, stop: async () => {} }) },
  {
    name: 'http server',
    start: async () => {
      const server = await startGivenServer()
      return { location: `${server.url}/hunts`, stop: () => server.stop() }
    },
  },
]

describe.each(backEnds)('on the $name back end', ({ start }) => {
  let database: Database
  let stop: () => Promise<void>

  beforeAll(async () => {
    const backEnd = await start()
    stop = backEnd.stop
    database = await openStore(backEnd.location)
    await storeExchanges(database, exchanges)
  })
  afterAll(async () => {
    await database.close()
    await stop()
  })

  async function rowsOf(question: Question, value: string, options = {}): Promise<Row[]> {
    const hunt = huntFor(question, value)
    const parts = await hunt.ask(database, { ...wholeHistory, limit: 50, ...options })
    const lines = huntLines(hunt, parts)
    return lines === ''
      ? []
      : lines
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Row)
  }

  async function kind(question: Question, value: string, wanted: string, options = {}) {
    return (await rowsOf(question, value, options)).filter((row) => row['kind'] === wanted)
  }

  test('a name hunt tells who asked, how often, for what, and which frame shows it', async () => {
    expect(await kind('name', 'LOGIN.Example.ORG.', 'asked')).toEqual([
      {
        hunt: 'name',
        value: 'login.example.org',
        kind: 'asked',
        client: '192.0.2.10',
        queries: 4,
        types: { A: 4 },
        rcodes: { NOERROR: 2 },
        servers: ['192.0.2.53'],
        first: '2026-01-01T08:00:00.000000001Z',
        last: '2026-01-01T09:00:00.000000000Z',
        capture: 'c0ffee0123456789',
        frame: 11,
        ts: '2026-01-01T08:00:00.000000001Z',
      },
      expect.objectContaining({
        client: '2001:db8::b0b',
        queries: 1,
        types: { AAAA: 1 },
        frame: 31,
      }),
    ])
  })

  test('a forged answer stands apart from history, with its own frame', async () => {
    expect(await kind('name', 'login.example.org', 'answer')).toEqual([
      {
        hunt: 'name',
        value: 'login.example.org',
        kind: 'answer',
        name: 'login.example.org',
        type: 'A',
        data: '198.51.100.7',
        section: 'answer',
        role: 'resolver',
        match: 'answered',
        first: '2026-01-01T08:00:00.000000001Z',
        last: '2026-01-01T09:00:00.000000000Z',
        answers: 2,
        ttl: 60,
        ttl_max: 300,
        clients: 1,
        asked_as: ['login.example.org'],
        capture: 'c0ffee0123456789',
        frame: 12,
        ts: '2026-01-01T08:00:00.000000001Z',
      },
      expect.objectContaining({
        data: '203.0.113.66',
        match: 'conflict',
        capture: forgedCapture,
        frame: 25,
      }),
    ])
    expect(await kind('name', 'login.example.org', 'verdict')).toEqual([
      expect.objectContaining({
        match: 'conflict',
        transactions: 1,
        capture: forgedCapture,
        frame: 25,
      }),
    ])
  })

  test('a packet that two captures hold is told by the lower capture id, in every run', async () => {
    const twin = { ts: '2026-01-03 00:00:00', client: alice, qname: 'twin.example.com', frame: 81 }
    await storeExchanges(database, [
      { ...twin, capture: 'ffff000000000000' },
      { ...twin, capture: '1111000000000000' },
    ])
    expect(await kind('name', 'twin.example.com', 'asked')).toEqual([
      expect.objectContaining({ queries: 2, capture: '1111000000000000', frame: 81 }),
    ])
  })

  test('names below a name are counted, look-alikes that only end the same are not', async () => {
    expect(await kind('name', 'example.org', 'below')).toEqual([
      expect.objectContaining({ names: 5, clients: 2, frame: 11 }),
    ])
    expect(await kind('name', 'login.example.org', 'below')).toEqual([])
  })

  test('an address hunt finds names by their answer, through a CNAME chain too', async () => {
    const names = await kind('address', '198.51.100.7', 'name')
    expect(names.map((row) => [row['name'], row['asked_as'], row['frame']])).toEqual([
      ['cdn.example.net', ['www.example.org'], 42],
      ['login.example.org', ['login.example.org'], 12],
    ])
  })

  test('a prefix finds every address inside it and none outside', async () => {
    const inside = await kind('address', '198.51.100.0/29', 'name')
    expect(inside.map((row) => row['data'])).toEqual(['198.51.100.7', '198.51.100.7'])
    expect(await kind('address', '198.51.100.8/29', 'name')).toEqual([])
    expect(await kind('address', '2001:db8::/32', 'name')).toEqual([
      expect.objectContaining({ name: 'ns1.example.org', section: 'additional', frame: 52 }),
    ])
    expect((await kind('address', '192.0.2.0/24', 'sent')).map((row) => row['client'])).toEqual([
      '192.0.2.10',
    ])
  })

  test('an address hunt counts what it sent and what it served', async () => {
    expect(await kind('address', '192.0.2.10', 'sent')).toEqual([
      expect.objectContaining({ server: '192.0.2.53', queries: 10, names: 6, frame: 11 }),
    ])
    expect(await kind('address', '192.0.2.53', 'served')).toEqual([
      expect.objectContaining({ clients: 2, queries: 14, answers: 12, frame: 11 }),
    ])
  })

  test('a client hunt gives shares of failures, hours, and marks rare types', async () => {
    expect(await kind('client', bob, 'client')).toEqual([
      expect.objectContaining({
        client: '2001:db8::b0b',
        queries: 4,
        nxdomain: 1 / 3,
        unanswered: 1 / 4,
        hours: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      }),
    ])
    const types = await kind('client', '192.0.2.10', 'type')
    expect(
      types.map((row) => [row['type'], row['queries'], row['rarity'], row['clients']]),
    ).toEqual([
      ['A', 8, '', 2],
      ['MX', 1, '', 1],
      ['NULL', 1, 'rare', 1],
    ])
    expect((await kind('client', bob, 'domain')).map((row) => row['domain'])).toEqual([
      'example.org',
    ])
  })

  test.each(['client', 'server', 'domain', 'type'])(
    'one client, read in one pass, has the same %s rows as a prefix that only it stands in',
    async (part) => {
      const alone = await kind('client', '192.0.2.10', part)
      expect(alone.length).toBeGreaterThan(0)
      const prefix = '192.0.2.10/31'
      expect(await kind('client', prefix, part)).toEqual(
        alone.map((row) => ({ ...row, value: prefix })),
      )
    },
  )

  test('a domain hunt gives its names, clients, delegation and answers', async () => {
    expect(await kind('domain', 'example.org', 'domain')).toEqual([
      expect.objectContaining({ names: 6, clients: 2, queries: 10, frame: 11 }),
    ])
    expect((await kind('domain', 'example.org', 'name'))[0]).toMatchObject({
      name: 'login.example.org',
      queries: 5,
      clients: 2,
    })
    const delegation = await kind('domain', 'example.org', 'delegation')
    expect(delegation.map((row) => [row['type'], row['data'], row['frame']])).toEqual([
      ['MX', '10 mail.example.org', 52],
      ['NS', 'ns1.example.org', 52],
    ])
    expect((await kind('domain', 'example.org', 'answer')).map((row) => row['name'])).toContain(
      'ns1.example.org',
    )
  })

  test.each([
    ['198.51.100.7', ['cdn.example.net', 'login.example.org']],
    ['CDN.example.net.', ['www.example.org']],
    ['mail.example.org', ['example.org']],
    ['v=spf1 -all', ['txt.example.org']],
    ['"v=spf1 -all"', ['txt.example.org']],
    ['2001:DB8:0::53', ['ns1.example.org']],
  ])('an answer hunt for %s finds the records that hold it', async (value, names) => {
    const rows = await kind('answer', value, 'answer')
    expect(new Set(rows.map((row) => row['name']))).toEqual(new Set(names))
  })

  test('bounds are packet time, until is excluded, and the count of rows is limited', async () => {
    const since = { since: '2026-01-01 09:00:00' }
    expect((await kind('name', 'login.example.org', 'asked', since))[0]).toMatchObject({
      queries: 3,
    })
    const until = { until: '2026-01-01 09:00:00' }
    expect(await kind('name', 'login.example.org', 'asked', until)).toEqual([
      expect.objectContaining({ queries: 1, last: '2026-01-01T08:00:00.000000001Z' }),
    ])
    expect(await kind('domain', 'example.org', 'name', { limit: 2 })).toHaveLength(2)
  })

  test('a length counts back from the newest packet, not from now', async () => {
    expect(await windowOf(database, { since: parseMoment('24h', '--since') })).toEqual({
      since: '2026-01-02 00:00:00.000',
      until: wholeHistory.until,
    })
  })

  test('a hostile value finds exactly the name that is spelled so, and nothing else', async () => {
    const typed = "' or 1=1 --\\\\\\010\\027[31m\\000.example.net"
    expect(await kind('name', typed, 'asked')).toEqual([
      expect.objectContaining({ value: hostileName, frame: 71 }),
    ])
    expect(await rowsOf('name', "' OR 1=1")).toEqual([])
    expect(await rowsOf('name', "x') OR 1=1 --")).toEqual([])
    expect(await rowsOf('domain', '%')).toEqual([])
    expect(await rowsOf('answer', hostile)).toEqual([])
    expect(await rowsOf('answer', "\\' OR 1=1 --")).toEqual([])
    expect(await rowsOf('answer', '{name:String}')).toEqual([])
  })

  test('the text of a hunt fits 80 columns and holds no control character', async () => {
    for (const [question, value] of [
      ['name', 'login.example.org'],
      ['name', "' or 1=1 --\\\\\\010\\027[31m\\000.example.net"],
      ['client', '192.0.2.10'],
      ['client', bob],
      ['domain', 'example.org'],
      ['address', '192.0.2.0/24'],
      ['answer', '198.51.100.7'],
    ] as const) {
      const hunt = huntFor(question, value)
      const parts = await hunt.ask(database, { ...wholeHistory, limit: 50 })
      const lines = huntText(`${question} ${value}`, hunt.value, parts, 50, 80, plainStyle)
      expect(lines.length).toBeGreaterThan(3)
      for (const line of lines) {
        expect(line.length, line).toBeLessThanOrEqual(80)
        expect(line).not.toMatch(/\p{C}/u)
      }
    }
  })
})
