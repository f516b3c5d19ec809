// EDNS options and multicast's top bits through the engine and back: each fact once, and under the names an analyst asks for.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { columnNames, encodeBlock } from '../src/ingest/store/encode.ts'
import { backEnds, scratch, startBackEnds, stopBackEnds } from './store-fixture.ts'
import { answer, query, Traffic } from './traffic.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

describe.each(backEnds)('a row in the $name store', ({ name, locate }) => {
  let database: Database
  let blocks = 0

  beforeAll(async () => {
    database = await openStore(locate('options'))
  })
  afterAll(() => database.close())

  /** Stores what the traffic gave and reads it back, answers without a query first. */
  async function stored(traffic: Traffic) {
    traffic.matcher.finish()
    const capture = `options-${++blocks}`
    const file = join(scratch, `${name}-${capture}.native`)
    writeFileSync(file, Buffer.concat(encodeBlock(traffic.writer.block, { capture, sensor: '' })))
    await database.insertFile('transactions', columnNames, file, `${capture}:0`)
    return await database.rows<Record<string, unknown>>(readBack, { capture })
  }

  it('keeps the data of every option once, and answers for those asked most', async () => {
    const traffic = new Traffic()
    const option = (code: number, hex: string) => ({ code, data: Buffer.from(hex, 'hex') })
    type Options = ReturnType<typeof option>[]
    const client = '0102030405060708'
    const server = '1112131415161718'
    const exchange = (asked: Options, answered: Options) => {
      const at = 100 * traffic.frames
      const asking = `n${at}.example`
      traffic.take(at, query({ edns: { size: 1232, options: asked } }, asking))
      traffic.take(at + 1, answer({ edns: { size: 1232, options: answered } }, asking))
    }
    exchange([], [])
    exchange(
      [option(10, client), option(8, '00011800c00002'), option(12, '000000'), option(65_001, 'ff')],
      [
        option(10, client + server),
        option(8, '00011818c00002'),
        option(3, '6e73312e6c6f6e'),
        option(12, '00'.repeat(200)),
        option(11, '012c'),
        option(15, '00166f6e65'),
        option(15, '000374776f'),
        option(15, '0004'),
      ],
    )
    exchange([option(10, client + server), option(8, '000118')], [option(10, client + server)])
    exchange(
      [option(10, client + server), option(8, '00011800c00002'), option(10, client)],
      [option(10, client), option(8, '00011800c00002'), option(3, '00ff')],
    )
    exchange([option(10, client)], [option(10, server), option(8, '00011800c00002')])
    exchange([], [option(10, '01')])
    const rows = await stored(traffic)
    const plain = { nsid: '', server_cookie: '', padding: 0, response_padding: 0 }
    const none = { ...plain, keepalive_seconds: 0, cookie: '', ecs: '', ede: [], edeText: '' }
    const ecs = '192.0.2.0/24'
    expect(rows.map(({ edns }) => edns)).toEqual([
      { ...none, asked: [], answered: [] },
      {
        ...none,
        cookie: client,
        ecs,
        ede: [22, 3, 4],
        edeText: 'one',
        nsid: 'ns1.lon',
        server_cookie: server,
        padding: 3,
        response_padding: 200,
        keepalive_seconds: 30,
        asked: ['', '', '3', 'ff'],
        answered: [`+${server}`, `${ecs}/24`, 'ns1.lon', '200', '30', '', '3 two', ''],
      },
      {
        ...none,
        cookie: client + server,
        server_cookie: server,
        asked: ['', '\\# 3 000118'],
        answered: [''],
      },
      {
        ...none,
        cookie: client + server,
        ecs,
        nsid: '\\000\\255',
        asked: ['', '', `${client}+`],
        answered: ['+', '', '\\000\\255'],
      },
      { ...none, cookie: client, ecs, asked: [''], answered: [`${server}+`, ''] },
      { ...none, asked: [], answered: ['\\# 1 01'] },
    ])
  })

  it('keeps what multicast DNS says with the top bit of a class', async () => {
    const traffic = new Traffic()
    const multicast = { service: 1, clientPort: 5353, serverPort: 5353 }
    const question = '0161 056c6f63616c 00 0001'
    const record = (rrClass: string) => `c00c 0001 ${rrClass} 00000078 0004 c0000201`
    const message = (flags: string, counts: string, ...parts: string[]) =>
      Buffer.from(`0000 ${flags} ${counts} ${parts.join('')}`.replaceAll(' ', ''), 'hex')
    const asked = [`${question} 8001`, 'c00c 001c 0001', 'c00c 0010 8001', record('0001')]
    traffic.take(100, message('0000', '0003 0000 0001 0000', ...asked), multicast)
    const told = [`${question} 0001`, record('8001'), record('0001'), record('8001')]
    traffic.take(101, message('8400', '0001 0003 0000 0000', ...told), multicast)
    traffic.take(102, message('8400', '0001 0003 0000 0000', ...told))
    const rows = await stored(traffic)
    // Answers alone have no frame of a query, and come first.
    const seen = rows.map((row) => [row.multicast, row.classText, row.classes])
    expect(seen).toEqual([
      [{ unicast_response: 0, cache_flush: [1, 0, 1] }, 'IN', ['IN', 'IN', 'IN']],
      [{ unicast_response: 0, cache_flush: [0, 0, 0] }, 'IN', ['CLASS32769', 'IN', 'CLASS32769']],
      [{ unicast_response: 1, cache_flush: [0, 1, 0] }, 'IN', ['IN', 'IN', 'IN']],
    ])
  })
})

const readBack = `
  SELECT toString(qclass) AS classText, rr.class AS classes,
    CAST((ecs, cookie, ede, ede_text, edns_option_data, response_edns_option_data, nsid, server_cookie, padding,
      response_padding, keepalive_seconds), 'Tuple(ecs String, cookie String, ede Array(UInt16), edeText String,
      asked Array(String), answered Array(String), nsid String, server_cookie String, padding UInt16,
      response_padding UInt16, keepalive_seconds Float32)') AS edns,
    CAST((unicast_response, cache_flush), 'Tuple(unicast_response UInt8, cache_flush Array(UInt8))') AS multicast
  FROM transactions WHERE capture = {capture:String} ORDER BY frame, response_frame, transactions.ts`
