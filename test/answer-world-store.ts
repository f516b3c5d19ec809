// Puts a simulated world into a store: one small table of answers, one of who got which when, and one insert that joins them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/database/database.ts'
import type { World } from './answer-world.ts'
import { block } from './store-fixture.ts'

/** What a bad tap makes of the same traffic. */
export const taps = {
  whole: '1',
  lossy: 'cityHash64(number, 3) % 20 != 0',
  /** Only answers of servers: nobody is seen asking. */
  'one-way': '1',
  /** Every answer twice. */
  duplicated: '1',
  /** Answers of the same minute in any order. */
  reordered: '1',
} as const

/** Inserts the rows of a world, as seen through a tap, into an empty store. */
export async function insertWorld(
  database: Database,
  world: World,
  tap: keyof typeof taps = 'whole',
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'answer-world-'))
  const file = join(folder, 'rows.native')
  try {
    const columns = ['number', 'answer', 'seconds', 'server', 'client', 'ttl']
    await database.command(
      `CREATE OR REPLACE TABLE world_rows (${columns.map((name) => `${name} UInt32`).join(', ')}) ENGINE = MergeTree ORDER BY number`,
    )
    const { rows } = world
    const numbers = (of: (row: World['rows'][number], i: number) => number) =>
      Buffer.from(Uint32Array.from(rows, of).buffer)
    writeFileSync(
      file,
      block(rows.length, [
        ['number', 'UInt32', numbers((_, i) => i)],
        ['answer', 'UInt32', numbers((row) => row.answer)],
        ['seconds', 'UInt32', numbers((row) => row.seconds)],
        ['server', 'UInt32', numbers((row) => row.server)],
        ['client', 'UInt32', numbers((row) => row.client)],
        ['ttl', 'UInt32', numbers((row) => row.ttl)],
      ]),
    )
    await database.insertFile('world_rows', columns, file, `world:${tap}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  await database.command(
    'CREATE OR REPLACE TABLE world_answers (answer UInt32, qname String, qtype String, domain String, flags UInt16, do UInt8, rr Array(Tuple(String, String, String, String))) ENGINE = MergeTree ORDER BY answer',
  )
  const tuples = world.answers.map((each, i) => [
    i,
    each.qname,
    each.qtype,
    each.domain,
    each.flags,
    each.do,
    each.rr,
  ])
  for (let from = 0; from < tuples.length; from += 300) {
    await database.command(
      `INSERT INTO world_answers SELECT each.1, each.2, each.3, each.4, each.5, each.6, each.7 FROM (
        SELECT arrayJoin(JSONExtract({text:String}, 'Array(Tuple(UInt32, String, String, String, UInt16, UInt8, Array(Tuple(String, String, String, String))))')) AS each)`,
      { text: JSON.stringify(tuples.slice(from, from + 300)) },
    )
  }
  const isOneWay = tap === 'one-way'
  const shift = tap === 'reordered' ? '+ toIntervalSecond(cityHash64(number, 4) % 60)' : ''
  const at = `toDateTime64('2026-03-02 00:00:00', 9, 'UTC') + toIntervalSecond(seconds) ${shift}`
  const copies = tap === 'duplicated' ? `ARRAY JOIN ['answered', 'duplicate'] AS verdict` : ''
  const verdict = tap === 'duplicated' ? 'verdict' : isOneWay ? `'unsolicited'` : `'answered'`
  await database.command(
    `INSERT INTO transactions (ts, latency_ns, capture, response_capture, frame, frame_gap, client, server, client_port, server_port, transport,
      qname, qtype, qclass, domain, tld_listed, rcode, response_flags, do, match, attempts, answer_digest,
      rr.section, rr.owner, rr.type, rr.class, rr.ttl, rr.data)
    SELECT ${at}, 20000000, 'world', 'world', ${isOneWay ? '0, 2 * number + 2' : '2 * number + 1, 1'},
      toIPv6(concat('::ffff:', trimLeft({clients:Array(String)}[client + 1], 'c'))), toIPv6(concat('::ffff:', {servers:Array(String)}[server + 1])), 40000, 53, 'udp',
      qname, qtype, 'IN', domain, 1, 'NOERROR', flags, do, ${verdict}, ${isOneWay ? '0' : '1'}, 1,
      arrayMap(record -> record.1, rr), arrayMap(record -> if(record.2 = qname, '', record.2), rr), arrayMap(record -> record.3, rr), arrayMap(record -> 'IN', rr),
      arrayMap(record -> ttl, rr), arrayMap(record -> record.4, rr)
    FROM world_rows INNER JOIN world_answers USING (answer) ${copies}
    WHERE ${taps[tap]}`,
    { servers: world.servers, clients: world.clients },
  )
  await database.command('DROP TABLE world_rows')
  await database.command('DROP TABLE world_answers')
}
