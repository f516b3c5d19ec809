// Two answers to one query as people see them: in a hunt, and as the diff of a finding, in a terminal of 80 columns.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore, throwAway } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { type Contrast, contrastRecords, flagText } from '../src/inspect/detect/contrast.ts'
import { huntFor } from '../src/inspect/hunt/hunt.ts'
import { contrastLines } from '../src/inspect/report/contrast-text.ts'
import { huntText } from '../src/inspect/report/hunt-text.ts'
import { plainStyle } from './plain-style.ts'
import { wholeHistory } from '../src/inspect/window.ts'

const layout = { width: 80, style: plainStyle, showSql: false, store: null }

describe('a hunt', () => {
  let database: Database
  beforeAll(async () => {
    database = await openStore(throwAway)
    await ingestFiles([join(import.meta.dirname, '../samples/poisoning.pcap')], database)
  })
  afterAll(() => database.close())

  test('for a name shows what each of two answers says, with its frame, time and distance', async () => {
    const hunt = huntFor('name', 'login.example.net')
    const parts = await hunt.ask(database, { ...wholeHistory, limit: 50 })
    const part = parts.find(({ kind }) => kind === 'two-answers')
    expect(part?.rows).toMatchObject([
      { side: '-', record: 'A 203.0.113.66', frame: 652, after_ms: 2, ip_ttl: 113, flags: 'rd ra' },
      {
        side: '+',
        record: 'A 198.51.100.90',
        frame: 653,
        after_ms: 42,
        ip_ttl: 51,
        flags: 'rd ra',
      },
    ])
    const lines = huntText('name', hunt.value, parts, 50, 80, plainStyle)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.some((line) => /^ {2}- {2}A 203\.0\.113\.66 /.test(line))).toBe(true)
    expect(lines.some((line) => /^ {2}\+ {2}A 198\.51\.100\.90 /.test(line))).toBe(true)
  })

  test('for a client shows the pairs it got, and none for one that got none', async () => {
    const options = { ...wholeHistory, limit: 50 }
    const rowsOf = async (client: string) =>
      (await huntFor('client', client).ask(database, options)).find(
        ({ kind }) => kind === 'two-answers',
      )?.rows
    expect((await rowsOf('192.0.2.21'))?.map((row) => row['name'])).toEqual([
      'login.example.net',
      'login.example.net',
    ])
    expect(await rowsOf('192.0.2.10')).toEqual([])
  })
})

describe('a diff', () => {
  const contrast: Contrast = {
    first: { title: 'came first', capture: 'c', frame: 7 },
    second: { title: 'came second', capture: 'c', frame: 8 },
    facts: [
      { name: 'IP TTL', first: '41 (usual: 55)', second: '55 (usual: 55)' },
      { name: 'rcode', first: 'NOERROR', second: 'NOERROR' },
    ],
    records: contrastRecords(
      [
        { type: 'A', data: '203.0.113.66', ttl: 86_400 },
        { type: 'A', data: '198.51.100.1', ttl: 60 },
      ],
      [
        { type: 'A', data: '198.51.100.1', ttl: 300 },
        { type: 'A', data: '198.51.100.2', ttl: 300 },
      ],
    ),
  }

  test('marks what differs and whose each record is', () => {
    expect(contrastLines(contrast, layout)).toEqual([
      '',
      '  side by side',
      '            came first        came second',
      '    frame   7                 8',
      '    IP TTL  41 (usual: 55)  ≠ 55 (usual: 55)',
      '    rcode   NOERROR           NOERROR',
      '    - A 203.0.113.66, TTL 86400',
      '      A 198.51.100.1, TTL 60 and 300',
      '    + A 198.51.100.2, TTL 300',
    ])
  })

  test('stays inside the screen and says nothing to the terminal, whatever the records are', () => {
    const data = `"${'a'.repeat(300)}\u001b[2J\u202e" "b"`
    const facts = [{ name: 'question', first: 'x'.repeat(300), second: `y\u001b]0;z\u0007` }]
    const records = Array.from({ length: 40 }, (_, i) => ({
      type: 'TXT',
      data: `${i}${data}`,
      ttl: 1,
    }))
    const lines = contrastLines(
      { ...contrast, facts, records: contrastRecords(records, []) },
      layout,
    )
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.join('\n')).not.toMatch(/[^\n -~≠…]/)
    expect(lines.at(-1)).toBe('      and 28 more with --json')
  })

  test('flags are named in the order of their bits', () => {
    expect([0x8180, 0x8580, 0x8000, 0x83f0].map(flagText)).toEqual([
      'rd ra',
      'aa rd ra',
      '-',
      'tc rd ra z ad cd',
    ])
  })
})
