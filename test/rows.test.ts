// Blocks through the engine and back: every column of every row comes out of the store as it went in, on both back ends.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { address, mx, txt } from '../samples/make/records.ts'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { typeName } from '../src/dns/codes.ts'
import { noCode } from '../src/ingest/decode/message.ts'
import { columnNames, encodeBlock } from '../src/ingest/store/encode.ts'
import { backEnds, scratch, startBackEnds, stopBackEnds } from './store-fixture.ts'
import { answer, host, query, type Row, rowsOf, Traffic } from './traffic.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('a block in the $name store', ({ name, locate }) => {
  let database: Database
  let blocks = 0

  beforeAll(async () => {
    database = await openStore(locate('rows'))
  })
  afterAll(() => database.close())

  /** Stores what the traffic gave as one block and gives both readings of it, in block order. */
  async function stored(traffic: Traffic) {
    traffic.matcher.finish()
    const { block } = traffic.writer
    const capture = `block-${++blocks}`
    const file = join(scratch, `${name}-${capture}.native`)
    const origin = { capture, sensor: 'tap "1"', day: 20_000 }
    writeFileSync(file, Buffer.concat(encodeBlock(block, origin)))
    const token = `${capture}:0`
    await database.insertFile('transactions', columnNames, file, token)
    const rows = await database.rows<Row & Record<string, unknown>>(readBack, { capture })
    const expected = rowsOf(block).sort(
      (a, b) => a.frame - b.frame || a.responseFrame - b.responseFrame,
    )
    return { rows, expected, block, insertAgain: [file, token] as const, capture }
  }

  it('keeps every field of an exchange', async () => {
    const traffic = new Traffic()
    const option = (code: number, hex: string) => ({ code, data: Buffer.from(hex, 'hex') })
    const asked = 'A.B.eXaMple.co.uk'
    traffic.take(
      1_700_000_000.000_001,
      query(
        {
          id: 65_535,
          cd: true,
          edns: {
            size: 65_535,
            do: true,
            options: [
              option(8, '000118 00 c00002'.replaceAll(' ', '')),
              option(10, '0102030405060708'),
            ],
          },
        },
        asked,
        'TXT',
      ),
      { client: '2001:db8::1', vlan: 4095, vlanOuter: 1 },
      { ipTtl: 255, ipId: 65_535 },
    )
    traffic.take(
      1_700_000_000.25,
      answer(
        {
          id: 65_535,
          aa: true,
          ad: true,
          rcode: 3,
          answers: [txt(asked, 4_294_967_295, 'it\'s "so"\n\n; DROP TABLE transactions')],
          authorities: [mx('example.co.uk', 0, 10, 'mail.example.co.uk')],
          additionals: [address('mail.example.co.uk', 1, '192.0.2.25')],
          edns: { size: 1232, options: [option(15, `000f${'é'.charCodeAt(0).toString(16)}41`)] },
        },
        asked,
        'TXT',
      ),
      { client: '2001:db8::1', vlan: 4095, vlanOuter: 1 },
      { ipTtl: 1, ipId: 1 },
    )
    const { rows, expected } = await stored(traffic)
    expect(rows.map(comparable)).toEqual(expected.map(comparable))
    expect(rows[0]).toMatchObject({
      sensor: 'tap "1"',
      ingested: '2024-10-04',
      transport: 'udp',
      service: 'dns',
      opcode: 'QUERY',
      typeText: 'TXT',
      classText: 'IN',
      rcodeText: 'NXDOMAIN',
      qname: 'a.b.example.co.uk',
      qnameRaw: asked,
      domain: 'example.co.uk',
      subdomain: 'a.b',
      latencyUs: 249_999,
      flags: { aa: 1, tc: 0, rd: 1, ra: 1, z: 0, ad: 1, cd: 0, qr: 1 },
      edns: { size: 65_535, version: 0, do: 1, options: [8, 10] },
      ecs: '192.0.2.0/24',
      cookie: '0102030405060708',
      responseEdns: { size: 1232, options: [15] },
      ede: [15],
      edeText: '\\233A',
      ttls: [4_294_967_295, 0, 1],
      classes: ['IN', 'IN', 'IN'],
      ipTtls: [255, 1],
      ipIds: [65_535, 1],
      sizes: [69, expect.any(Number)],
      attempts: 1,
      match: 'answered',
    })
    expect(rows[0].records).toEqual([
      'answer a.b.example.co.uk TXT "it\'s \\"so\\"\\010\\010; DROP TABLE transactions"',
      'authority example.co.uk MX 10 mail.example.co.uk',
      'additional mail.example.co.uk A 192.0.2.25',
    ])
  })

  it('keeps numbers at their ends: 1970, 2106, frames up to 2^53', async () => {
    const traffic = new Traffic()
    const widest = { frame: 2 ** 53 - 1 }
    const last = { seconds: 0xffff_ffff, nanoseconds: 999_999_999 }
    traffic.take(0, answer({ id: 0 }), { client: '0.0.0.0', clientPort: 0, serverPort: 0 })
    traffic.take(0, query({ id: 1 }), {}, { ...widest, ...last })
    traffic.take(0, answer({ id: 1 }), {}, { ...widest, ...last })
    traffic.take(0, query({ id: 2 }), {}, { frame: 2 ** 32, ...last })
    const { rows, expected } = await stored(traffic)
    expect(rows.map(comparable)).toEqual(expected.map(comparable))
    const one = rows.find(({ id }) => id === 1)
    expect(one).toMatchObject({ frame: 2 ** 53 - 1, responseFrame: 2 ** 53 - 1, latencyUs: 0 })
    expect(String(one?.ts)).toBe('4294967295999999999')
    expect(one?.time).toBe('2106-02-07 06:28:15.999999999')
    expect(rows.find(({ id }) => id === 0)?.time).toBe('1970-01-01 00:00:00.000000000')
    expect(rows.find(({ id }) => id === 2)).toMatchObject({ frame: 2 ** 32 })
  })

  it('names the frame of an answer captured before its query, after it, and in a later file that counts anew', async () => {
    const traffic = new Traffic()
    const frames = [1, 9, 1000, 70_000, 2 ** 32 - 9, 2 ** 32 - 2]
    const answers = frames.map((frame, id) => [frame + 1, frame, Math.max(1, frame - 7)][id % 3])
    for (const [id, frame] of frames.entries()) {
      traffic.take(1, query({ id }), {}, { frame })
      traffic.take(1, answer({ id }), {}, { frame: answers[id] })
    }
    const { rows, expected } = await stored(traffic)
    expect(rows.map(comparable)).toEqual(expected.map(comparable))
    expect(rows.map(({ frame }) => frame)).toEqual(frames)
    expect(rows.map(({ responseFrame }) => responseFrame)).toEqual(answers)
  })

  it('keeps a latency of more than 71 minutes at the column’s end', async () => {
    const traffic = new Traffic({ timeoutSeconds: 10_000 })
    traffic.take(100, query())
    traffic.take(5000, answer())
    expect((await stored(traffic)).rows[0].latencyUs).toBe(4_294_967_295)
  })

  it('keeps 0 and 5000 records beside each other', async () => {
    const traffic = new Traffic()
    // The smallest there is: root, a private type, a time to live, no data.
    const many = Buffer.alloc(11 * 5000)
    for (let i = 0; i < 5000; i++) {
      many.writeUInt16BE(65_280, 11 * i + 1)
      many.writeUInt16BE(1, 11 * i + 3)
      many.writeUInt32BE(i, 11 * i + 5)
    }
    for (const count of [0, 5000, 0, 1]) {
      const head = Buffer.from(answer({ answers: [] }))
      head.writeUInt16BE(count, 6)
      traffic.take(100, query())
      traffic.take(100, Buffer.concat([head, many.subarray(0, 11 * count)]))
    }
    const { rows, expected, capture } = await stored(traffic)
    expect(rows.map(comparable)).toEqual(expected.map(comparable))
    expect(rows.map(({ records }) => records.length)).toEqual([0, 5000, 0, 1])
    const sums =
      'SELECT sum(length(rr.data)) AS n, sum(arraySum(rr.ttl)) AS ttl FROM transactions WHERE capture = {capture:String}'
    expect(await database.rows(sums, { capture })).toEqual([{ n: 5001, ttl: 12_497_500 }])
  })

  it('keeps names of any octets, and domains longer than a length byte counts', async () => {
    const traffic = new Traffic()
    const odd = '\n\n\'"`\\;--\0\u007f'
    const labels = [odd, 'x'.repeat(63), '\u00ff'.repeat(40), 'example']
    for (const [i, label] of ['com', '\u0080'.repeat(63)].entries()) {
      traffic.take(100, raw(i, [...labels, label]))
    }
    const { rows, expected } = await stored(traffic)
    expect(rows.map(comparable)).toEqual(expected.map(comparable))
    const text = '\\010\\010\'\\"`\\\\\\;--\\000\\127'
    const octets = (octet: string, count: number) => octet.repeat(count)
    const tail = `${'x'.repeat(63)}.${octets('\\255', 40)}.example`
    expect(rows.map(({ qname }) => qname)).toEqual([
      `${text}.${tail}.com`,
      `${text}.${tail}.${octets('\\128', 63)}`,
    ])
    expect(rows.map(({ domain }) => domain)).toEqual([
      'example.com',
      `example.${octets('\\128', 63)}`,
    ])
    expect(rows[1].domain.length).toBe(260)
  })

  it('keeps 70,000 domains apart, and as many types as there are', async () => {
    const traffic = new Traffic({}, 1 << 17)
    for (let i = 0; i < 70_000; i++) {
      traffic.take(100, raw(i & 0xffff, [`d${i}`, 'com'], i & 0xffff), { clientPort: i >> 16 })
    }
    traffic.take(100, Buffer.from([1, 2, 3]))
    const { rows, block } = await stored(traffic)
    expect(block.domain.count).toBe(70_001)
    const wrong = rows.filter(({ domain, typeText, frame }) => {
      if (frame === 70_001) return domain !== '' || typeText !== ''
      return domain !== `d${frame - 1}.com` || typeText !== typeName((frame - 1) & 0xffff)
    })
    expect([rows.length, wrong]).toEqual([70_001, []])
    expect(block.qtype.subarray(0, block.rows).includes(noCode)).toBe(true)
  })

  it('names sections of a query, further questions too, and every anomaly', async () => {
    const traffic = new Traffic()
    const questions = [host, 'b.example'].map((each) => ({ name: each, type: 'A' as const }))
    const records = [address(host, 0, '192.0.2.1')]
    traffic.take(
      100,
      query({ questions, answers: records, authorities: records, additionals: records }),
    )
    traffic.take(100.1, answer({ questions }))
    const { rows } = await stored(traffic)
    expect(rows[0].records.map((record) => record.split(' ')[0])).toEqual([
      'question',
      'answer',
      'question',
      'query_answer',
      'query_authority',
      'query_additional',
    ])
    expect(rows[0].anomalies).toEqual(['several-questions', 'query-has-answers'])
  })

  it('that was inserted before is not inserted again, with its answers counted once', async () => {
    const traffic = new Traffic()
    traffic.take(100, query({}, 'once.example'))
    traffic.take(100.1, answer({}, 'once.example'))
    const { insertAgain, capture } = await stored(traffic)
    await database.insertFile('transactions', columnNames, ...insertAgain)
    const count = 'SELECT count() AS n FROM transactions WHERE capture = {capture:String}'
    expect(await database.rows(count, { capture })).toEqual([{ n: 1 }])
    const sum = "SELECT sum(count) AS n FROM rrsets WHERE name = 'once.example'"
    expect(await database.rows(sum)).toEqual([{ n: 1 }])
  })

  it('of no rows is no block', () => {
    const traffic = new Traffic()
    traffic.writer.flush()
    expect(traffic.writer.full).toEqual([])
  })
})

/** A query with these labels, whatever their octets. */
function raw(id: number, labels: string[], type = 1): Uint8Array {
  const wire = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
  for (const label of labels) wire.push(label.length, ...Buffer.from(label, 'latin1'))
  return Uint8Array.from([...wire, 0, type >> 8, type & 255, 0, 1])
}

const sections = ['question', 'answer', 'authority', 'additional', '', 'query_answer'].concat([
  'query_authority',
  'query_additional',
])

/** The fields that both readings have, in one spelling. */
function comparable(row: Row) {
  const numbers = [row.ts, row.responseTs, row.frame, row.responseFrame]
  const plain = (text: string) => text.replace(/^::ffff:/, '')
  return {
    match: row.match,
    counts: [row.attempts, row.latencyUs, row.repeatInTtl, Number(row.isTldListed)],
    tags: [row.vlan, row.vlanOuter],
    ports: [row.clientPort, row.serverPort],
    header: [row.id, row.queryFlags, row.responseFlags],
    question: [row.qname, row.qnameRaw, row.domain],
    edns: [row.ecs, row.cookie, row.edeText],
    anomalies: row.anomalies,
    raw: row.raw,
    wide: [...numbers, row.digest].map(String),
    client: plain(row.client),
    server: plain(row.server),
    records: row.records.map((record) => record.replace(/^\d/, (digit) => sections[Number(digit)])),
  }
}

const readBack = `
  SELECT match, attempts, toUnixTimestamp64Nano(ts) AS ts, toUnixTimestamp64Nano(response_ts) AS responseTs,
    toString(transactions.ts) AS time, latency_us AS latencyUs, sensor, ingested, frame, response_frame AS responseFrame,
    vlan, vlan_outer AS vlanOuter, toString(client) AS client,
    toString(server) AS server, client_port AS clientPort, server_port AS serverPort, transport, service, id, opcode,
    qname, qname_raw AS qnameRaw, toString(qtype) AS typeText, toString(qclass) AS classText, domain, subdomain,
    tld_listed AS isTldListed, query_flags AS queryFlags, response_flags AS responseFlags, toString(rcode) AS rcodeText,
    [query_bytes, response_bytes] AS sizes, repeat_in_ttl AS repeatInTtl,
    map('aa', aa, 'tc', tc, 'rd', rd, 'ra', ra, 'z', z, 'ad', ad, 'cd', cd, 'qr', qr) AS flags,
    CAST((edns_version, edns_size, do, edns_options), 'Tuple(version UInt8, size UInt16, do UInt8, options Array(UInt16))') AS edns,
    CAST((response_edns_size, response_edns_options), 'Tuple(size UInt16, options Array(UInt16))') AS responseEdns,
    ecs, cookie, ede, ede_text AS edeText, answer_digest AS digest, [query_ip_ttl, response_ip_ttl] AS ipTtls,
    [query_ip_id, response_ip_id] AS ipIds, anomalies, lower(hex(raw)) AS raw, rr.ttl AS ttls, rr.class AS classes,
    arrayMap((s, n, t, d) -> trimRight(concat(toString(s), ' ', n, ' ', t, ' ', d)), rr.section, rr.name, rr.type, rr.data) AS records
  FROM transactions WHERE capture = {capture:String} ORDER BY frame, response_frame, transactions.ts`
