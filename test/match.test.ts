// Verdicts: what becomes of each message, through the real matcher and row writer, read back out of the block's columns.

import { describe, expect, it } from 'vitest'
import { address, txt } from '../samples/make/records.ts'
import {
  answer,
  countBy,
  type Flow,
  host,
  only,
  query,
  type Row,
  Traffic,
  verdicts,
} from './traffic.ts'

describe('an exchange', () => {
  it('is one row: answered', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.0125, answer())
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({
      match: 'answered',
      attempts: 1,
      ts: 100_000_000_000n,
      responseTs: 100_012_500_000n,
      latencyUs: 12_500,
      frame: 1,
      responseFrame: 2,
      client: '192.0.2.10',
      server: '192.0.2.53',
      clientPort: 50_000,
      serverPort: 53,
      id: 7,
      qname: host,
      domain: 'example.com',
      isTldListed: true,
      queryFlags: 0x0100,
      responseFlags: 0x8180,
      rcode: 0,
      anomalies: [],
      records: [`1 ${host} A 192.0.2.80`],
    })
  })

  it('without an answer is unanswered once the timeout has run out', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(110, query({ id: 8 }))
    traffic.take(110.1, query({ id: 9 }))
    const rows = traffic.finish()
    expect(verdicts(rows)).toEqual(['unanswered', 'open', 'open'])
    expect(rows[0]).toMatchObject({
      attempts: 1,
      frame: 1,
      responseFrame: 0,
      responseTs: 0n,
      latencyUs: 0,
      rcode: -1,
      digest: 0n,
      records: [],
      qname: host,
    })
  })

  it('is open when the capture ends inside the timeout', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    expect(verdicts(traffic.finish(110))).toEqual(['open'])
  })

  it('is unanswered when other packets go on past the timeout', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    expect(verdicts(traffic.finish(111))).toEqual(['unanswered'])
  })

  it('whose query was sent again is one row with all attempts', () => {
    const traffic = new Traffic()
    for (const seconds of [100, 101, 103, 107]) traffic.take(seconds, query())
    traffic.take(108, answer())
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'answered', attempts: 4, frame: 1, latencyUs: 8_000_000 })
  })

  it('whose query was sent again after the answer is a second exchange', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, answer())
    traffic.take(100.2, query())
    expect(verdicts(traffic.finish())).toEqual(['answered', 'open'])
  })

  it('remembers what was wrong with any of the attempts', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(101, Buffer.concat([query(), Buffer.from('more')]))
    traffic.take(102, answer())
    expect(traffic.finish()[0]).toMatchObject({ attempts: 2, anomalies: ['trailing-bytes'] })
  })

  it('counts 65,535 attempts and then opens another row', () => {
    const traffic = new Traffic()
    for (let i = 0; i < 65_537; i++) traffic.take(100, query())
    expect(traffic.finish().map(({ attempts }) => attempts)).toEqual([65_535, 2])
  })

  it('answered after the timeout is unanswered and late', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(110.001, answer())
    const rows = only(traffic.finish(), 2)
    expect(verdicts(rows)).toEqual(['unanswered', 'late'])
    expect(rows[1]).toMatchObject({
      attempts: 0,
      frame: 1,
      responseFrame: 2,
      latencyUs: 10_001_000,
    })
  })

  it('answered before three timeouts are over is late, and unsolicited after them', () => {
    for (const [seconds, verdict] of [
      [130, 'late'],
      [131, 'unsolicited'],
    ] as const) {
      const traffic = new Traffic()
      traffic.take(100, query())
      traffic.take(seconds, answer())
      expect(verdicts(traffic.finish())).toEqual(['unanswered', verdict])
    }
  })
})

describe('a second answer', () => {
  const second = (reply: Uint8Array) => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, answer())
    traffic.take(100.2, reply)
    return only(traffic.finish(), 2)[1]
  }

  it('with the same records is a duplicate', () => {
    expect(second(answer())).toMatchObject({ match: 'duplicate', attempts: 0, responseFrame: 3 })
  })

  it('with another time to live is a duplicate all the same', () => {
    expect(second(answer({ answers: [address(host, 1, '192.0.2.80')] })).match).toBe('duplicate')
  })

  it('with other records is a conflict', () => {
    const row = second(answer({ answers: [address(host, 300, '203.0.113.6')] }))
    expect(row).toMatchObject({ match: 'conflict', frame: 1, responseFrame: 3, latencyUs: 200_000 })
    expect(row.records).toEqual([`1 ${host} A 203.0.113.6`])
  })

  it('with another response code is a conflict', () => {
    expect(second(answer({ rcode: 3, answers: [] })).match).toBe('conflict')
  })

  it('after a late one is compared with it', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(112, answer())
    traffic.take(113, answer())
    traffic.take(114, answer({ rcode: 2, answers: [] }))
    expect(verdicts(traffic.finish())).toEqual(['unanswered', 'late', 'duplicate', 'conflict'])
  })
})

describe('an answer that nearly fits', () => {
  const near = (reply: Uint8Array, flow: Partial<Flow> = {}): Row => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, reply, flow)
    traffic.take(100.2, answer())
    const rows = only(traffic.finish(), 2)
    expect(rows.map(({ match }) => match)).toContain('answered')
    return rows.find(({ match }) => match !== 'answered') as Row
  }

  it('but for its id has the wrong id', () => {
    expect(near(answer({ id: 8 }))).toMatchObject({ match: 'wrong_id', id: 8, frame: 1 })
  })

  it('but for its port has the wrong port', () => {
    expect(near(answer(), { clientPort: 50_001 })).toMatchObject({
      match: 'wrong_port',
      clientPort: 50_001,
      frame: 1,
    })
  })

  it('but for its id and its port has the wrong id', () => {
    expect(near(answer({ id: 8 }), { clientPort: 50_001 })).toMatchObject({
      match: 'wrong_id',
      id: 8,
      clientPort: 50_001,
      frame: 1,
    })
  })

  it('but for its question has the wrong question', () => {
    expect(near(answer({}, 'evil.example.com'))).toMatchObject({
      match: 'wrong_question',
      qname: 'evil.example.com',
      frame: 1,
    })
    expect(near(answer({}, host, 'AAAA')).match).toBe('wrong_question')
    const chaos = { questions: [{ name: host, type: 'A' as const, class: 3 }] }
    expect(near(answer(chaos)).match).toBe('wrong_question')
  })

  it('but for its server has the wrong server', () => {
    expect(near(answer(), { server: '198.51.100.9' })).toMatchObject({
      match: 'wrong_server',
      server: '198.51.100.9',
      frame: 1,
    })
    expect(near(answer(), { serverPort: 5300 }).match).toBe('wrong_port')
  })

  it('in too little is unsolicited', () => {
    const other = { server: '198.51.100.9' }
    for (const row of [
      near(answer({ id: 8 }), other),
      near(answer({}, 'evil.example.com'), other),
      near(answer({ id: 8 }, 'evil.example.com')),
      near(answer(), { client: '192.0.2.99' }),
    ]) {
      expect(row).toMatchObject({ match: 'unsolicited', frame: 0, queryFlags: 0 })
    }
  })

  it('but for its VLAN has no wrong id: it is unsolicited', () => {
    const traffic = new Traffic()
    traffic.take(100, query(), { vlan: 10 })
    traffic.take(100.1, answer(), { vlan: 20 })
    expect(verdicts(traffic.finish())).toEqual(['unsolicited', 'open'])
  })

  it('to a query that is long gone is unsolicited', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(111, answer({ id: 8 }))
    expect(verdicts(traffic.finish())).toEqual(['unanswered', 'unsolicited'])
  })

  it('of a flood names every one of them, and the right answer still comes through', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    for (let id = 0; id < 1000; id++) if (id !== 7) traffic.take(100.01 + id * 1e-5, answer({ id }))
    traffic.take(100.1, answer())
    const counts = countBy(traffic.finish())
    expect(counts).toEqual({ wrong_id: 999, answered: 1 })
  })
})

describe('an answer without a question', () => {
  const bare = (id = 7) => answer({ id, questions: [], rcode: 1, answers: [] })

  it('is matched by address, port and id, and its row says what was asked', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, bare())
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'answered', qname: host, rcode: 1, qtype: 1 })
    expect(row.anomalies).toEqual(['no-question'])
  })

  it('goes to the newest of two', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, query({}, 'other.example.com'))
    traffic.take(100.2, bare())
    const rows = only(traffic.finish(), 2)
    expect(rows[0]).toMatchObject({ match: 'answered', qname: 'other.example.com' })
  })

  it('and without a query is unsolicited', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, bare(8))
    expect(verdicts(traffic.finish())).toEqual(['unsolicited', 'open'])
  })
})

describe('an answer before its query', () => {
  it('by up to two milliseconds is its answer, and the row says so', () => {
    const traffic = new Traffic()
    traffic.take(100.5, answer())
    traffic.take(100.502, query())
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'answered', frame: 2, responseFrame: 1, latencyUs: 0 })
    expect(row.anomalies).toEqual(['before-query'])
    expect(row.records).toEqual([`1 ${host} A 192.0.2.80`])
  })

  it('by more is unsolicited', () => {
    const traffic = new Traffic()
    traffic.take(100.5, answer())
    traffic.take(100.503, query())
    expect(verdicts(traffic.finish())).toEqual(['unsolicited', 'open'])
  })

  it('that never comes is unsolicited at the end', () => {
    const traffic = new Traffic()
    traffic.take(100, answer())
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'unsolicited', attempts: 0, frame: 0, responseFrame: 1 })
    expect(row.ts).toBe(row.responseTs)
  })

  it('waits beside fifteen others; the next is judged at once', () => {
    const traffic = new Traffic()
    for (let id = 0; id < 20; id++) traffic.take(100, answer({ id }))
    for (let id = 0; id < 20; id++) traffic.take(100.001, query({ id }))
    expect(countBy(traffic.finish())).toEqual({ answered: 16, unsolicited: 4, open: 4 })
  })

  it('twice is an answer and a duplicate', () => {
    const traffic = new Traffic()
    traffic.take(100, answer())
    traffic.take(100, answer())
    traffic.take(100.001, query())
    expect(countBy(traffic.finish())).toEqual({ answered: 1, duplicate: 1 })
  })

  it('too large to wait is judged at once', () => {
    const traffic = new Traffic()
    const strings = Array.from({ length: 20 }, () => 'x'.repeat(250))
    traffic.take(100, answer({ answers: [txt(host, 1, ...strings)] }))
    traffic.take(100.001, query())
    expect(verdicts(traffic.finish())).toEqual(['unsolicited', 'open'])
  })
})

describe('queries that look alike', () => {
  it('of two clients with one id and port are two exchanges', () => {
    const traffic = new Traffic()
    const clients = ['192.0.2.10', '192.0.2.11']
    for (const client of clients) traffic.take(100, query(), { client })
    for (const client of clients.toReversed()) traffic.take(100.1, answer(), { client })
    const rows = only(traffic.finish(), 2)
    expect(verdicts(rows)).toEqual(['answered', 'answered'])
    expect(rows.map(({ client, frame }) => [client, frame])).toEqual([
      ['192.0.2.11', 2],
      ['192.0.2.10', 1],
    ])
  })

  it('with one id and port to two servers are two exchanges', () => {
    const traffic = new Traffic()
    const servers = ['192.0.2.53', '2001:db8::53']
    for (const server of servers) traffic.take(100, query(), { server })
    for (const server of servers) traffic.take(100.1, answer(), { server })
    expect(traffic.finish().map(({ match, server }) => [match, server])).toEqual([
      ['answered', '192.0.2.53'],
      ['answered', '2001:db8::53'],
    ])
  })

  it('but for the class are two exchanges', () => {
    const traffic = new Traffic()
    const chaos = { questions: [{ name: host, type: 'A' as const, class: 3 }] }
    traffic.take(100, query())
    traffic.take(100, query(chaos))
    traffic.take(100.1, answer(chaos))
    expect(verdicts(traffic.finish())).toEqual(['answered', 'open'])
  })

  it('seen on two VLANs are two exchanges, each answered on its own', () => {
    const traffic = new Traffic()
    for (const vlan of [10, 20]) traffic.take(100, query(), { vlan })
    for (const vlan of [10, 20]) traffic.take(100.1, answer(), { vlan })
    expect(traffic.finish().map(({ match, vlan }) => [match, vlan])).toEqual([
      ['answered', 10],
      ['answered', 20],
    ])
  })
})
