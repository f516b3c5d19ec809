// Audits: the records of a domain are those that tshark shows, no more and no less; changes, servers and gaps are told as they were.

import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { typeName, types } from '../src/dns/codes.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { audit, type Audit } from '../src/inspect/audit/audit.ts'
import { auditRecords, scopeOf } from '../src/inspect/audit/records.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { folded } from './agreement-names.ts'
import { encodeRdata, isEncoded, normalRdata, quotedFields } from './agreement-rdata.ts'
import { captures, hasCaptures, portsOf, truthOf, type TruthRecord } from './agreement-truth.ts'
import { storeExchanges, type TestExchange } from './exchanges.ts'
import { openTestStore } from './test-store.ts'

let database: Database
beforeAll(async () => {
  database = await openTestStore()
})
afterEach(async () => {
  for (const table of ['transactions', 'rrsets', 'captures'])
    await database.command(`TRUNCATE TABLE ${table}`)
})
afterAll(async () => {
  await database.close()
})

if (!hasCaptures && process.env['CI'] !== undefined) throw new Error(`no captures in ${captures}`)

describe.skipIf(!hasCaptures)('the records of an audit', () => {
  test.each([
    ['entrada-axfr-multi-msg-tcp.pcap', 'maori.nz'],
    ['dnsheur-dnsrecon.pcap', 'lbl.gov'],
    ['ndpi-dns-fragmented.pcap', 'weberlab.de'],
    ['zeek-dns-edns-ecs.pcap', 'weberdns.de'],
    ['zeek-dns-edns-ecs.pcap', 'co.uk'],
    ['zeek-dnssec-rrsig.pcap', 'upenn.edu'],
    ['dnsheur-mx-enum.pcap', 'caltech.edu'],
    ['mercury-dns-packet-capture2.pcap.gz', 'google.com'],
    ['cyberprobe-dns2.pcap', 'invitemedia.com'],
    ['csanders-axfr.pcapng', 'contoso.local'],
    ['arkime-v6.pcap', 'itojun.org'],
    ['csanders-arppoison.pcapng', 'l.google.com'],
    ['arkime-v6.pcap', 'ip6.int'],
  ])('%s: %s has the records and TTLs that tshark shows', async (capture, domain) => {
    const ports = portsOf(capture)
    await ingestFiles([join(captures, capture)], database, { ports })
    const scope = await scopeOf(database, domain)
    const records = await auditRecords(database, scope, wholeHistory)
    const ours = records.flatMap(({ name, type, data, ttls }) =>
      ttls.map((ttl) => rowOf(name, type, ttl, ourData(type, data))),
    )
    const theirs = truthOf(capture)
      .filter((row) => row.qr === 1 && row.stub !== true && row.icmperr !== true)
      // tshark splits the owner names of SRV records: the question stands for them, and they are compared without.
      .flatMap(({ q, rr = [] }) =>
        rr.filter(([, name, type]) => type !== 41 && isInside(name ?? q?.[0]?.[0] ?? '', domain)),
      )
      .map((record) => rowOf(record[1] ?? '', typeName(record[2]), record[4], theirData(record)))
    expect(sorted(ours)).toEqual(sorted(theirs))
    expect(theirs.length).toBeGreaterThan(5)
  })
})

function isInside(name: string, domain: string): boolean {
  const owner = folded(name)
  return owner === domain || owner.endsWith(`.${domain}`)
}

function rowOf(name: string, type: string, ttl: number, data: string): string {
  return `${type === 'SRV' ? '*' : folded(name)} ${ttl} ${type} ${data}`
}

function sorted(rows: readonly string[]): string[] {
  return [...new Set(rows)].sort()
}

/** Data as text, or as bytes where tshark has no text for its type. */
function ourData(type: string, data: string): string {
  if (textual.has(type)) return folded(data)
  if (type === 'TXT')
    return JSON.stringify(quotedFields(data).map((each) => each.toString('latin1')))
  const number = types[type] ?? 0
  return isEncoded(number) ? (encodeRdata(number, data)?.toString('hex') ?? data) : '*'
}

function theirData([, , type, , , , data]: TruthRecord): string {
  const name = typeName(type)
  if (typeof data === 'string') return folded(data)
  if (Array.isArray(data)) return JSON.stringify(data)
  if (!isEncoded(type)) return '*'
  const wire = normalRdata(type, Buffer.from(data?.hex ?? '', 'hex'), Buffer.alloc(0))
  return wire === null ? `unreadable ${name}` : wire.toString('hex')
}

const textual = new Set(['A', 'AAAA', 'NS', 'CNAME', 'DNAME', 'PTR', 'MX', 'SRV', 'SOA'])

describe('an audit', () => {
  const at = (hour: number, minute = 0) =>
    `2026-03-02 ${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00`
  const address = (ts: string, data: string, more: Partial<TestExchange> = {}): TestExchange => ({
    ts,
    client: '::ffff:192.0.2.7',
    qname: 'www.example.org',
    records: [{ name: 'www.example.org', type: 'A', data, ttl: 300 }],
    ...more,
  })

  async function audited(exchanges: TestExchange[], domain = 'example.org'): Promise<Audit> {
    await storeExchanges(database, exchanges)
    return audit(database, domain, wholeHistory)
  }

  test('tells each server that gave a record, and from when to when', async () => {
    const { records, window } = await audited([
      address(at(1), '192.0.2.80'),
      address(at(2), '192.0.2.80', { server: '::ffff:192.0.2.54' }),
      address(at(3), '192.0.2.80'),
    ])
    expect(window).toMatchObject({ exchanges: 3, clients: 1 })
    expect(records).toMatchObject([
      {
        name: 'www.example.org',
        type: 'A',
        data: '192.0.2.80',
        role: 'resolver',
        answers: 3,
        first: '2026-03-02T01:00:00.000000000Z',
        last: '2026-03-02T03:00:00.000000000Z',
        servers: [
          { server: '192.0.2.53', answers: 2 },
          { server: '192.0.2.54', answers: 1 },
        ],
      },
    ])
  })

  test('finds records that answers about other domains held', async () => {
    const alias = {
      ...address(at(1), '192.0.2.80'),
      qname: 'shop.example.com',
      records: [
        { name: 'shop.example.com', type: 'CNAME', data: 'cdn.example.org' },
        { name: 'cdn.example.org', type: 'A', data: '192.0.2.90' },
      ],
    }
    const { records, window } = await audited([alias])
    expect(records.map(({ name, type, data }) => `${name} ${type} ${data}`)).toEqual([
      'cdn.example.org A 192.0.2.90',
    ])
    expect(window.exchanges).toBe(0)
  })

  test('leaves out names that only end like the domain', async () => {
    const other = {
      ...address(at(1), '192.0.2.80'),
      qname: 'badexample.org',
      records: [{ name: 'badexample.org', type: 'A', data: '192.0.2.80' }],
    }
    expect((await audited([other])).records).toEqual([])
  })

  test('tells when a value replaced another one, also for an hour, and not when values rotate', async () => {
    const told = ({ changes }: Audit) =>
      changes.map(({ at: when, from, to }) => `${when.slice(11, 16)} ${from.join()} > ${to.join()}`)
    const hour = await audited([
      address(at(1), '192.0.2.80'),
      address(at(2), '192.0.2.80'),
      address(at(3), '198.51.100.9', { frame: 77, responseFrame: 78 }),
      address(at(4), '192.0.2.80'),
    ])
    expect(told(hour)).toEqual([
      '03:00 192.0.2.80 > 198.51.100.9',
      '04:00 198.51.100.9 > 192.0.2.80',
    ])
    expect(hour.changes[0]).toMatchObject({ frame: 78, servers: ['192.0.2.53'], role: 'resolver' })
    await database.command('TRUNCATE TABLE transactions')
    const rotating = await audited(
      Array.from({ length: 20 }, (_, i) => address(at(1, 2 * i), `192.0.2.${80 + (i % 2)}`)),
    )
    expect(told(rotating)).toEqual([])
  })

  test('keeps forged answers out of the changes', async () => {
    const { changes, records } = await audited([
      address(at(1), '192.0.2.80'),
      address(at(3), '198.51.100.9', { match: 'conflict' }),
    ])
    expect(records.map(({ match }) => match).sort()).toEqual(['answered', 'conflict'])
    expect(changes).toEqual([])
  })

  test('tells what nobody asked for, what was denied and what got no answer', async () => {
    const { not_seen: gaps } = await audited([
      address(at(1), '192.0.2.80'),
      {
        ...address(at(1), ''),
        qname: '_dmarc.example.org',
        qtype: 'TXT',
        rcode: 'NXDOMAIN',
        records: [],
      },
      {
        ...address(at(1), ''),
        qname: 'example.org',
        qtype: 'MX',
        match: 'unanswered',
        records: [],
      },
    ])
    const why = Object.fromEntries(gaps.map((gap) => [`${gap.type} ${gap.name}`, gap.why]))
    expect(why).toMatchObject({
      'CAA example.org': 'never asked',
      'TXT _dmarc.example.org': 'denied',
      'MX example.org': 'no answer',
    })
    expect(Object.keys(why)).not.toContain('A www.example.org')
  })

  test('holds the faults of the domain and of no other', async () => {
    const server = (zone: string): TestExchange => ({
      ...address(at(1), ''),
      qname: zone,
      qtype: 'NS',
      records: [{ name: zone, type: 'NS', data: `ns.${zone}`, ttl: 300 }],
    })
    const { findings } = await audited([server('example.org'), server('example.net')])
    expect(findings.map(({ rule, subject }) => `${rule} ${subject.domain ?? ''}`)).toEqual([
      'health/few-servers example.org',
    ])
  })

  test('counts what a server left unanswered, with its lower bound', async () => {
    const lost = Array.from({ length: 10 }, (_, i) =>
      address(at(1, i), '192.0.2.80', i < 3 ? { match: 'unanswered', records: [] } : {}),
    )
    const { servers } = await audited(lost)
    expect(servers).toMatchObject([
      { server: '192.0.2.53', queries: 10, unanswered: 3, unanswered_share: 0.3 },
    ])
    // Wilson 1927, 95 %: 3 of 10.
    expect(servers[0]?.unanswered_at_least).toBeCloseTo(0.1078, 3)
  })
})
