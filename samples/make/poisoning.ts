// Forged answers on the wire, racing (right id, first) and guessing (wrong ids), among look-alikes that are nobody's doing.

import { Office, resolver } from './office.ts'
import { Random } from './random.ts'
import { type Query, Recording } from './recording.ts'
import { address, nameRecord } from './records.ts'
import { labelled, type SampleFile, span } from './sample.ts'

const forgedAddress = '203.0.113.66'
const publicResolver = '198.51.100.8'
const edns = { size: 1232, do: true }

/** poisoning.pcap and its label. */
export function poisoning(): SampleFile[] {
  const random = new Random(4)
  const recording = new Recording('2026-03-05T15:00:00Z', random)
  const office = new Office(recording, { clients: 10, upstream: true })
  office.browse(1, 595, 260, 120)
  office.run()
  addRaces(recording)
  addGuesses(recording)
  addLookAlikes(recording)
  addSiblings(recording)
  addStrangers(recording)
  addRebinding(recording)
  return labelled('poisoning.pcap', recording, {
    about:
      'Ten minutes, client side and upstream. At 15:02 and 15:04 a forged answer comes first, with another IP TTL, and the real one 40 ms later; at 15:06 sixty answers with wrong ids come before the right one. Identical repeated answers, a rotated set after a retransmission, two addresses of one prefix and SERVFAIL before data are no attacks. From 15:09:20 on: two guesses at each of sixty siblings of one domain, an answer that names the servers of another zone, and a name that moves inside.',
    findings: [
      {
        detector: 'poisoning',
        rule: 'poisoning/two-answers',
        subject: { client: resolver, name: 'www.example.com' },
        min_score: 50,
      },
      {
        detector: 'poisoning',
        rule: 'poisoning/two-answers',
        subject: { client: '192.0.2.21', name: 'login.example.net' },
        min_score: 50,
      },
      {
        detector: 'poisoning',
        rule: 'poisoning/near-miss-id',
        subject: { client: resolver, server: '203.0.113.20' },
        min_score: 50,
      },
      {
        detector: 'poisoning',
        rule: 'poisoning/siblings',
        subject: { client: resolver, server: '203.0.113.32', domain: 'example.org' },
        min_score: 50,
      },
      {
        detector: 'poisoning',
        rule: 'poisoning/bailiwick',
        subject: { client: resolver, server: '203.0.113.33', name: 'pages.test' },
        min_score: 50,
      },
      {
        detector: 'poisoning',
        rule: 'poisoning/rebinding',
        subject: { client: '192.0.2.14', name: 'play.pages.test' },
        min_score: 50,
      },
    ],
    truth: [
      race(resolver, 'www.example.com', 120),
      race('192.0.2.21', 'login.example.net', 240),
      {
        scenario: 'id guessing, 60',
        kind: 'poisoning',
        entity: { client: resolver, server: '203.0.113.20' },
        ...span(recording, 360, 360.052),
      },
      {
        scenario: 'id guessing at siblings, 120',
        kind: 'poisoning',
        entity: { client: resolver, server: '203.0.113.32' },
        ...span(recording, 560, 571.9),
      },
      {
        scenario: 'name servers of another zone',
        kind: 'poisoning',
        entity: { client: resolver, server: '203.0.113.33' },
        ...span(recording, 580, 580.05),
      },
      {
        scenario: 'rebinding',
        kind: 'poisoning',
        entity: { client: '192.0.2.14', name: 'play.pages.test' },
        ...span(recording, 583, 594.06),
      },
    ],
  })

  function race(client: string, name: string, at: number) {
    const times = span(recording, at, at + 0.044)
    const kind = 'poisoning' as const
    return { scenario: 'forged answer', kind, entity: { client, name }, ...times }
  }
}

/** The forger sees the query and answers before the server can. */
function addRaces(recording: Recording): void {
  const www = { name: 'www.example.com', type: 'A' } as const
  const upstream = recording.ask(120, resolver, '203.0.113.30', www, { edns })
  recording.answer(upstream, 0.004, forged(www.name), { ttl: 41 })
  recording.answer(upstream, 0.044, {
    aa: true,
    answers: [address(www.name, 300, '198.51.100.80')],
  })
  for (let i = 1; i <= 8; i++) plain(recording, 100 + i * 45, '203.0.113.30', `h${i}.example.com`)

  const login = { name: 'login.example.net', type: 'A' } as const
  const direct = recording.ask(240, '192.0.2.21', publicResolver, login, { rd: true })
  recording.answer(direct, 0.002, { ...forged(login.name), ra: true, aa: false }, { ttl: 113 })
  const real = { ra: true, answers: [address(login.name, 120, '198.51.100.90')] }
  recording.answer(direct, 0.042, real)
}

/** The forger is blind: it knows the port, not the id. */
function addGuesses(recording: Recording): void {
  const { random } = recording
  const shop = { name: 'shop.example.com', type: 'A' } as const
  const query = recording.ask(360, resolver, '203.0.113.20', shop, { edns })
  for (let i = 0; i < 60; i++) {
    const id = (query.message.id + random.integer(1, 65536)) & 0xffff
    recording.answer(query, 0.003 + i * 0.0005, { ...forged(shop.name), id }, { ttl: 49 })
  }
  recording.answer(query, 0.052, { aa: true, answers: [address(shop.name, 300, '198.51.100.81')] })
  for (let i = 1; i <= 8; i++) plain(recording, 340 + i * 20, '203.0.113.20', `s${i}.example.com`)
}

function forged(name: string) {
  return { aa: true, answers: [address(name, 86400, forgedAddress)] }
}

/** An exchange at the same server, so that its usual distance and time are known. */
function plain(recording: Recording, at: number, server: string, name: string): Query {
  const query = recording.ask(at, resolver, server, { name, type: 'A' }, { edns })
  const answers = [address(name, 300, '198.51.100.82')]
  recording.answer(query, 0.044 + recording.random.between(0, 0.003), { aa: true, answers })
  return query
}

/** The forger has many tries: each name that nobody has asked before opens a query, and a forged answer to any of them would do. */
function addSiblings(recording: Recording): void {
  for (let i = 0; i < 60; i++) {
    const question = { name: `h${(i * 7919) % 100_003}.example.org`, type: 'A' } as const
    const query = recording.ask(560 + i * 0.2, resolver, '203.0.113.32', question, { edns })
    for (const guess of [1, 2]) {
      const id = (query.message.id + guess * 997) & 0xffff
      const authorities = [nameRecord('NS', 'example.org', 86400, 'ns.pages.test')]
      recording.answer(
        query,
        0.002 * guess,
        { ...forged(question.name), id, authorities },
        { ttl: 49 },
      )
    }
    recording.answer(query, 0.031, { aa: true, rcode: 3 })
  }
}

/** A server that was asked for its own name speaks for a bank as well. */
function addStrangers(recording: Recording): void {
  const question = { name: 'pages.test', type: 'A' } as const
  const query = recording.ask(580, resolver, '203.0.113.33', question, { edns })
  recording.answer(query, 0.05, {
    aa: true,
    answers: [address(question.name, 300, '203.0.113.70')],
    authorities: [nameRecord('NS', 'bank.example', 86400, 'ns.pages.test')],
    additionals: [address('ns.pages.test', 86400, forgedAddress)],
  })
}

/** A page's name is public when it is loaded and inside a minute later. */
function addRebinding(recording: Recording): void {
  const question = { name: 'play.pages.test', type: 'A' } as const
  for (const [at, value] of [
    [583, '203.0.113.70'],
    [594, '127.0.0.2'],
  ] as const) {
    const query = recording.ask(at, '192.0.2.14', resolver, question, { rd: true })
    recording.answer(query, 0.06, { ra: true, answers: [address(question.name, 1, value)] })
  }
}

/** What networks and servers do by themselves. */
function addLookAlikes(recording: Recording): void {
  for (let i = 0; i < 5; i++) {
    const query = plain(recording, 420 + i * 12, '203.0.113.31', `twice${i}.example.net`)
    const answers = [address(`twice${i}.example.net`, 300, '198.51.100.82')]
    recording.answer(query, 0.061, { aa: true, answers })
  }
  const both = ['198.51.100.83', '198.51.100.84']
  asked(recording, 500, 'rotated.example.net', both, both.toReversed())
  asked(recording, 520, 'balanced.example.net', both.slice(0, 1), both.slice(1))
  const question = { name: 'slow.example.net', type: 'A' } as const
  const query = recording.ask(540, '192.0.2.12', resolver, question, { rd: true })
  recording.repeat(query, 541)
  recording.answer(query, 1.2, { ra: true, rcode: 2 })
  recording.answer(query, 1.21, { ra: true, answers: [address(question.name, 60, both[0])] })
}

/** One question sent twice because the first answer was slow; each gets its own answer. */
function asked(
  recording: Recording,
  at: number,
  name: string,
  first: string[],
  second: string[],
): void {
  const question = { name, type: 'A' } as const
  const query = recording.ask(at, resolver, '203.0.113.31', question, { edns })
  recording.repeat(query, at + 0.4)
  const records = (values: string[]) => values.map((value) => address(name, 60, value))
  recording.answer(query, 0.46, { aa: true, answers: records(first) })
  recording.answer(query, 0.47, { aa: true, answers: records(second) })
}
