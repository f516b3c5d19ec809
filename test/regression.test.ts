// Bugs that were, each in the smallest traffic that showed it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linkType, pcapFile, type TimedPacket } from '../samples/make/capture.ts'
import { arpRequest, ethernet, udpPacket } from '../samples/make/frame.ts'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { domainFound, findDomain } from '../src/dns/public-suffix.ts'
import { answer, query, Traffic, verdicts } from './traffic.ts'

const folder = mkdtempSync(join(tmpdir(), 'regression-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a capture', () => {
  let database: Database
  beforeEach(async () => {
    database = await openStore(':memory:')
  })
  afterEach(() => database.close())

  const client = { address: '192.0.2.10', port: 50_000 }
  const server = { address: '192.0.2.53', port: 53 }
  const fields = { ttl: 64, id: 1 }

  async function ingested(packets: TimedPacket[]) {
    const path = join(folder, 'capture.pcap')
    writeFileSync(path, pcapFile(packets, { link: linkType.ethernet }))
    const { files, problems } = await ingestFiles([path], database)
    expect(problems).toEqual([])
    return files[0]
  }

  it('whose other packets go on says unanswered, not open', async () => {
    const asked = ethernet(udpPacket(client, server, query(), fields))
    const entry = await ingested([
      { seconds: 1_700_000_000, nanoseconds: 0, bytes: asked },
      { seconds: 1_700_000_060, nanoseconds: 0, bytes: arpRequest('192.0.2.1', '192.0.2.2') },
    ])
    expect(entry.transactions).toEqual({ unanswered: 1 })
  })

  it('of a client whose port is that of multicast DNS has an exchange, not two unpaired messages', async () => {
    const odd = { ...client, port: 5353 }
    const entry = await ingested([
      {
        seconds: 1_700_000_000,
        nanoseconds: 0,
        bytes: ethernet(udpPacket(odd, server, query(), fields)),
      },
      {
        seconds: 1_700_000_000,
        nanoseconds: 5_000_000,
        bytes: ethernet(udpPacket(server, odd, answer(), fields)),
      },
    ])
    expect(entry.transactions).toEqual({ answered: 1 })
  })

  it('whose query asks twice in one message is stored with both questions', async () => {
    const questions = ['a.example', 'b.example'].map((name) => ({ name, type: 'A' as const }))
    const asked = ethernet(udpPacket(client, server, query({ questions }), fields))
    await ingested([{ seconds: 1_700_000_000, nanoseconds: 0, bytes: asked }])
    expect(
      await database.rows(
        'SELECT qname, rr.section AS sections, rr.name AS names FROM transactions',
      ),
    ).toEqual([{ qname: 'a.example', sections: ['question'], names: ['b.example'] }])
  })
})

describe('a block', () => {
  it('is full when its text is, however few its rows: pointers unfold without end', () => {
    // 255 octets that take four characters each, and 4,000 owner names that point into them: 1 MiB of text for each message.
    const labels = [63, 63, 63, 61].flatMap((size) => [size, ...Array<number>(size).fill(0xff)])
    const head = [0, 7, 0x81, 0x80, 0, 1, 0x0f, 0xa0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]
    const record = [0xc0, 76, 0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0]
    const flood = Uint8Array.from([...head, ...Array.from({ length: 4000 }, () => record).flat()])
    const traffic = new Traffic({}, 100_000)
    const { writer } = traffic
    let blocks = 0
    for (let i = 0; i < 150; i++) {
      const before = writer.block.rows
      traffic.take(100 + i, flood)
      if (writer.block.rows < before) blocks++
    }
    expect(blocks).toBe(2)
    expect(verdicts(traffic.finish())).toHaveLength(150)
  })
})

describe('the client subnet', () => {
  const subnet = { code: 8, data: Buffer.from('00011800c00002', 'hex') }
  const other = { code: 8, data: Buffer.from('00011818cb0071', 'hex') }
  const edns = (...options: (typeof subnet)[]) => ({ edns: { size: 1232, options } })

  it('of an answer stands where its query has none', () => {
    const traffic = new Traffic()
    traffic.take(100, query(edns()))
    traffic.take(100.1, answer(edns(other)))
    traffic.take(200, answer(edns(other, subnet)))
    traffic.take(300, query(edns(subnet)))
    traffic.take(300.1, answer(edns(other)))
    traffic.take(400, query())
    traffic.take(400.1, answer())
    expect(traffic.finish().map(({ ecs }) => ecs)).toEqual([
      '203.0.113.0/24/24',
      '203.0.113.0/24/24',
      '192.0.2.0/24',
      '',
    ])
  })
})

describe('the domain of a name', () => {
  const domainOf = (name: string) => {
    findDomain(Buffer.from(name), 0, name.length)
    return name.slice(domainFound.start)
  }

  it('is not that of another one with the same last 63 octets', () => {
    const label = 'x'.repeat(63)
    expect(domainOf(label)).toBe('')
    expect(domainOf(`www.${label}`)).toBe(`www.${label}`)
    expect(domainOf(label)).toBe('')
  })

  it('does not begin at a dot that was escaped far from the suffix', () => {
    const tail = `.${'y'.repeat(58)}.com`
    expect(tail.length).toBe(63)
    expect(domainOf(`a${tail}`)).toBe(tail.slice(1))
    expect(domainOf(`a\\${tail}`)).toBe(`a\\${tail}`)
    expect(domainOf(`a\\\\${tail}`)).toBe(tail.slice(1))
  })
})
