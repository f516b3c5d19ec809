// What stands in a row beside its verdict: tags, letter case, records of queries, what cannot be read, what was asked again too soon.

import { describe, expect, it } from 'vitest'
import { address, txt } from '../samples/make/records.ts'
import { answer, host, only, query, Traffic, verdicts } from './traffic.ts'

describe('a VLAN tag', () => {
  it.each([
    ['the query', 110, 0],
    ['the answer', 0, 110],
    ['both', 110, 110],
  ])('on %s does not part them and stands in the row', (_, asked, answered) => {
    const traffic = new Traffic()
    traffic.take(100, query(), { vlan: asked })
    traffic.take(100.1, answer(), { vlan: answered })
    const [row] = only(traffic.finish(), 1)
    expect([row.match, row.vlan, row.vlanOuter]).toEqual(['answered', 110, 0])
  })

  it('of the row before is not kept', () => {
    const traffic = new Traffic({}, 1)
    traffic.take(100, answer(), { vlan: 10, vlanOuter: 20 })
    traffic.take(200, answer())
    traffic.take(300, query(), { service: 1 })
    expect(traffic.finish().map(({ vlan, vlanOuter }) => [vlan, vlanOuter])).toEqual([
      [10, 20],
      [0, 0],
      [0, 0],
    ])
  })
})

describe('letter case', () => {
  it('does not part query and answer', () => {
    const traffic = new Traffic()
    traffic.take(100, query({}, 'wWw.ExAmPlE.cOm'))
    traffic.take(100.1, answer({}, 'wWw.ExAmPlE.cOm'))
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'answered', qname: host, qnameRaw: 'wWw.ExAmPlE.cOm' })
    expect(row.anomalies).toEqual([])
  })

  it.each([
    ['folds it', host],
    ['changes it', 'WwW.eXaMpLe.CoM'],
  ])('is named when the answer %s', (_, echoed) => {
    const traffic = new Traffic()
    traffic.take(100, query({}, 'wWw.ExAmPlE.cOm'))
    traffic.take(100.1, answer({}, echoed))
    expect(traffic.finish()[0]).toMatchObject({ match: 'answered', anomalies: ['case-mismatch'] })
  })

  it('of a retransmission does not matter', () => {
    const traffic = new Traffic()
    traffic.take(100, query({}, 'wWw.ExAmPlE.cOm'))
    traffic.take(101, query({}, 'www.example.com'))
    expect(traffic.finish()[0]).toMatchObject({ attempts: 2 })
  })
})

describe('multicast', () => {
  it('is stored unpaired, message by message', () => {
    const traffic = new Traffic()
    traffic.take(100, query(), { service: 1, serverPort: 5353, clientPort: 5353 })
    traffic.take(100.1, answer(), { service: 1, serverPort: 5353, clientPort: 5353 })
    traffic.take(100.2, query(), { service: 2, serverPort: 5355 })
    const rows = only(traffic.finish(), 3)
    expect(rows.map(({ match, attempts }) => [match, attempts])).toEqual([
      ['unpaired', 1],
      ['unpaired', 0],
      ['unpaired', 1],
    ])
    expect(rows[1]).toMatchObject({ frame: 0, responseFrame: 2 })
    expect(rows[1].digest).not.toBe(0n)
  })

  it('keeps the known answers of a query as records of the query', () => {
    const traffic = new Traffic()
    traffic.take(100, query({ answers: [address(host, 60, '192.0.2.1')] }), { service: 1 })
    expect(traffic.finish()[0].records).toEqual([`5 ${host} A 192.0.2.1`])
  })
})

describe('a message that cannot be read', () => {
  it('is a row of its own with its first bytes', () => {
    const traffic = new Traffic()
    const cut = query().subarray(0, 20)
    traffic.take(100, cut)
    traffic.take(100, answer().subarray(0, 20))
    traffic.take(100, Buffer.from([1, 2, 3]))
    const rows = only(traffic.finish(), 3)
    expect(verdicts(rows)).toEqual(['malformed', 'malformed', 'malformed'])
    expect(rows[0]).toMatchObject({ attempts: 0, frame: 1, responseFrame: 0, qname: 'www.exa' })
    expect(rows[1]).toMatchObject({ attempts: 0, frame: 0, responseFrame: 2, digest: 0n })
    expect(rows[2]).toMatchObject({ frame: 3, qname: '', raw: '010203', rcode: -1 })
    expect(rows[0].raw).toBe(Buffer.from(cut).toString('hex'))
    expect(traffic.matcher.tallies[0].malformed).toBe(3)
  })

  it('does not get the digest of the answer before it', () => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, answer())
    traffic.take(100.2, answer().subarray(0, 30))
    expect(traffic.finish()[1]).toMatchObject({ match: 'malformed', digest: 0n })
  })

  it('keeps 512 bytes at most', () => {
    const traffic = new Traffic()
    const long = answer({ answers: [txt(host, 1, ...Array<string>(8).fill('y'.repeat(200)))] })
    long[12] = 0xbf
    traffic.take(100, long)
    expect(traffic.finish()[0].raw).toBe(Buffer.from(long.subarray(0, 512)).toString('hex'))
  })

  it('in its records alone is matched all the same, and keeps its bytes', () => {
    const traffic = new Traffic()
    const broken = answer().subarray(0, -2)
    traffic.take(100, query())
    traffic.take(100.1, broken)
    const [row] = only(traffic.finish(), 1)
    expect(row).toMatchObject({ match: 'answered', anomalies: ['record-truncated'] })
    expect(row.raw).toBe(Buffer.from(broken).toString('hex'))
  })

  it('as a query in its records alone keeps its bytes as well', () => {
    const traffic = new Traffic()
    const broken = query({ edns: { size: 1232 } }).subarray(0, -3)
    traffic.take(100, broken)
    traffic.take(100.1, answer())
    const [row] = only(traffic.finish(), 1)
    expect([row.match, row.raw]).toEqual(['answered', Buffer.from(broken).toString('hex')])
  })
})

describe('records of a query', () => {
  it('stand in the row behind those of the answer', () => {
    const traffic = new Traffic()
    traffic.take(100, query({ additionals: [address('key.example', 0, '192.0.2.7')] }))
    traffic.take(100.1, answer())
    expect(traffic.finish()[0].records).toEqual([
      `1 ${host} A 192.0.2.80`,
      '7 key.example A 192.0.2.7',
    ])
  })

  it('stand in the row of the query only, not of each further answer', () => {
    const traffic = new Traffic()
    traffic.take(100, query({ additionals: [address('key.example', 0, '192.0.2.7')] }))
    for (const seconds of [100.1, 100.2]) traffic.take(seconds, answer())
    expect(traffic.finish().map(({ records }) => records.length)).toEqual([2, 1])
  })

  it('that are further questions have section 0, which the column has a name for', () => {
    const traffic = new Traffic()
    const asked = [host, 'b.example'].map((each) => ({ name: each, type: 'A' as const }))
    traffic.take(100, query({ questions: asked }))
    expect(traffic.finish()[0]).toMatchObject({
      records: ['0 b.example A'],
      anomalies: ['several-questions'],
    })
  })
})

describe('repeat_in_ttl', () => {
  const asked = (seconds: number, ttl: number) => {
    const traffic = new Traffic()
    traffic.take(100, query())
    traffic.take(100.1, answer({ answers: [address(host, ttl, '192.0.2.80')] }))
    traffic.take(seconds, query({ id: 8 }))
    return traffic.finish()[1].repeatInTtl
  }

  it('is set inside the time to live and not after it', () => {
    expect([asked(101, 60), asked(159, 60), asked(160, 60), asked(101, 0)]).toEqual([1, 1, 0, 0])
  })
})
