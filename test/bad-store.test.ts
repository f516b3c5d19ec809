// Stores that cannot be opened, written or read, through the real program: one sentence that says what to do, exit 4, nothing lost.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import {
  ask,
  canBeNobody,
  hold,
  overhear,
  programWithoutEngine,
  sample,
  scratchFolder,
  sentence,
  skipping,
  written,
} from './command.ts'
import { writeManyExchanges } from './many-exchanges.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

const capture = sample('formats/us-le.pcap')
const counting = 'SELECT count() AS rows, uniqExact(qname, ts) AS exchanges FROM transactions'

/** Every verb that opens a store; listen asks for it before it captures anything. */
const verbs = {
  report: ['report', '--json'],
  ingest: ['ingest', capture, '--json'],
  listen: ['listen', 'lo', '--json'],
  hunt: ['hunt', 'name', 'www.example.com', '--json'],
  audit: ['audit', 'example.com', '--json'],
  sql: ['sql', 'SELECT 1', '--json'],
}

/** What every verb says of a store; nothing on standard output, exit 4. */
async function refusals(store: string, setting = {}): Promise<string[]> {
  const said = new Set<string>()
  for (const words of Object.values(verbs)) {
    const run = await overhear([...words, '--store', store], setting)
    expect(run).toMatchObject({ code: 4, stdout: '' })
    said.add(sentence(run))
  }
  return [...said]
}

test('a store that is not there is made by ingest alone', async () => {
  const store = scratch.path('missing')
  for (const words of [verbs.report, verbs.hunt, verbs.sql]) {
    const run = await overhear([...words, '--store', store])
    expect(run).toMatchObject({ code: 4, stdout: '' })
    expect(sentence(run)).toMatch(
      /^no store at .*missing; run overhear ingest FILE --store .*missing/,
    )
  }
  expect(readdirSync(scratch.path(''))).not.toContain('missing')
})

test('a throw-away store without a place for it is one sentence', async () => {
  const env = { TMPDIR: scratch.path('nowhere') }
  const run = await overhear(['report', capture], { env })
  expect(run).toMatchObject({ code: 4, stdout: '' })
  expect(sentence(run)).toMatch(/^no throw-away store can be made in .*nowhere .*: set TMPDIR to/)
})

test('a folder of other things is left alone', async () => {
  const folder = scratch.path('holiday')
  mkdirSync(folder)
  written(`${folder}/beach.jpeg`, 'x')
  expect(await refusals(folder)).toEqual([
    `${folder} is not an overhear store and not empty (it holds "beach.jpeg"); name a new or an empty folder`,
  ])
  expect(readdirSync(folder)).toEqual(['beach.jpeg'])
})

test('a file is no store', async () => {
  const file = written(scratch.path('file'), 'x')
  expect(await refusals(file)).toEqual([
    `${file} is a file, or lies inside one: a store is a folder`,
  ])
  expect(readFileSync(file, 'utf8')).toBe('x')
})

test('a server that cannot be reached', async () => {
  expect(await refusals('http://127.0.0.1:1/dns')).toEqual([
    'nothing answers at http://127.0.0.1:1/dns: is the server up?',
  ])
})

test('a store of a newer program is not touched', async () => {
  const store = scratch.path('newer')
  await overhear(['ingest', capture, '--store', store])
  const database = await openDatabase(store)
  await database.command("INSERT INTO schema_migrations VALUES ('999-later.sql', '', now64(3))")
  await database.close()
  expect(await refusals(store)).toEqual([
    `the store ${store} was written by a newer overhear (it has "999-later.sql"); upgrade overhear, nothing was touched`,
  ])
  const again = await openDatabase(store)
  expect(await again.rows(counting)).toEqual([{ rows: 10, exchanges: 10 }])
  await again.close()
})

test('a store in use names who uses it, and serves again afterwards', async () => {
  const store = scratch.path('locked')
  const holder = await hold(store)
  const said = await refusals(store)
  expect(said.length).toBe(1)
  expect(said[0]).toMatch(
    new RegExp(
      `^the store ${store} is in use by process ${holder.pid} \\(.*ingest - .*; wait until`,
    ),
  )
  expect(await holder.release()).toMatchObject({ code: 3 })
  expect(await overhear(['ingest', capture, '--store', store])).toMatchObject({ code: 0 })
  expect(await ask(store, counting)).toEqual([{ rows: 10, exchanges: 10 }])
})

test.skipIf(!canBeNobody())('a folder of somebody else', async () => {
  const folder = scratch.path('theirs')
  const store = `${folder}/store`
  mkdirSync(folder)
  const env = { HOME: folder }
  expect(await refusals(store, { asNobody: true, env })).toEqual(
    expect.arrayContaining([expect.stringMatching(/^no permission to read and write .*theirs/)]),
  )
  expect(readdirSync(folder)).toEqual([])
  await overhear(['ingest', capture, '--store', store])
  chmodSync(store, 0o755)
  const said = await refusals(store, { asNobody: true, env })
  expect(said.length).toBe(1)
  expect(said[0]).toMatch(
    new RegExp(
      `^no permission to read and write ${store}.*run as its owner or name another folder`,
    ),
  )
})

describe('without the engine', () => {
  const program = programWithoutEngine(scratch.path('copy'))

  test.each([verbs.ingest, verbs.listen, ['report', capture, '--json']])(
    '%s says how to get it, or to name a server',
    async (...words) => {
      const env = { OVERHEAR_STORE: scratch.path('never') }
      const run = await overhear(words, { program, env })
      expect(run).toMatchObject({ code: 4, stdout: '' })
      expect(sentence(run)).toMatch(
        /^the embedded engine \(chdb\) is not installed here; run npm install chdb .*--store http:/,
      )
    },
  )

  test('decode works, and a server is still asked', async () => {
    const run = await overhear(['decode', '--count', capture], { program })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const words = [...verbs.ingest, '--store', 'http://127.0.0.1:1/dns']
    expect(sentence(await overhear(words, { program }))).toMatch(/^nothing answers at http/)
  })
})

test.skipIf(!canMount())('a full disk is told, and after room was made all is there', async () => {
  const disk = scratch.path('disk')
  const large = scratch.path('large.pcap')
  const store = `${disk}/store`
  writeManyExchanges(large, 300_000)
  mkdirSync(disk)
  mount(['-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', disk])
  try {
    await overhear(['ingest', capture, '--store', store])
    const full = await overhear(['ingest', large, '--store', store, '--json'])
    expect(full).toMatchObject({ code: 4, stdout: '' })
    expect(sentence(full)).toMatch(
      new RegExp(
        `${disk}.*(no space left|is full).*free some space and run the same command again`,
      ),
    )
    mount(['-o', 'remount,size=400m', disk])
    const [{ rows }] = await ask<{ rows: number }>(store, counting)
    expect(rows).toBeGreaterThanOrEqual(10)
    const again = await overhear(['ingest', large, '--store', store, '--json'])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(await ask(store, counting)).toEqual([{ rows: 300_010, exchanges: 300_010 }])
    expect(readdirSync(`${store}/spool`)).toEqual([])
  } finally {
    spawnSync('umount', [disk])
  }
})

function mount(words: string[]): void {
  const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
}

function canMount(): boolean {
  const folder = scratch.path('mount')
  mkdirSync(folder)
  const can = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0
  if (can) spawnSync('umount', [folder])
  else skipping('a full disk is not tested: that needs root and leave to mount')
  return can
}
