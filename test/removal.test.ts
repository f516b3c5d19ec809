// Captures removed, replaced and expired: nothing of them is left, nothing else is touched, and what is stored again is stored once.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { removeWhole } from '../src/ingest/again.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { BegunNotes } from '../src/ingest/store/begun.ts'
import { finishRemovals, removeCaptures } from '../src/ingest/store/removal.ts'
import { retainFrom } from '../src/ingest/store/retention.ts'
import { Spool } from '../src/ingest/store/spool.ts'
import { listCaptures, showCapture } from '../src/inspect/status/captures.ts'
import { storeState } from '../src/inspect/status/status.ts'
import { packetsOf, writeParts } from './rotated.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'
import { answer, query, Traffic } from './traffic.ts'

const samples = join(import.meta.dirname, '../samples')
const poisoning = join(samples, 'poisoning.pcap')
const other = join(samples, 'answer-change.pcap')
const folder = mkdtempSync(join(tmpdir(), 'removal-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(backEnds)('in the $name store', ({ name, locate }) => {
  const spool = join(folder, name)
  const begun = new BegunNotes(spool)
  let database: Database
  let alone: Content
  const ingest = (paths: string[], options = {}) =>
    ingestFiles(paths, database, { spool, blockRows: 200, ...options })

  beforeAll(async () => {
    if (name === 'embedded') await startBackEnds()
    database = await openStore(locate('removal'))
    await ingest([other])
    alone = await contentOf(database)
    expect(alone.rows).toBeGreaterThan(200)
  }, 60_000)
  afterAll(async () => {
    await database.close()
    if (name === 'http') await stopBackEnds()
  })

  it('a removed capture takes its rows, its passive DNS and its line of the ledger along', async () => {
    const { files } = await ingest([poisoning])
    const both = await contentOf(database)
    const removed = await removeCaptures(database, [files[0].id, 'no such id'], 'removed')
    const rows = Object.values(files[0].transactions).reduce((sum, each) => sum + each, 0)
    expect(removed).toEqual([{ id: files[0].id, path: poisoning, rows }])
    expect(both.rows).toBe(alone.rows + rows)
    expect(await contentOf(database)).toEqual(alone)
    const kept = await showCapture(database, files[0].id)
    expect(kept).toMatchObject({
      id: files[0].id,
      path: poisoning,
      packets: files[0].packets,
      removed_because: 'removed',
    })
  })

  it('a removed capture can be ingested again, and gives the same rows', async () => {
    const first = (await ingest([poisoning])).files[0]
    expect(first.already).toBe(false)
    const before = await contentOf(database)
    expect(before.rows).toBeGreaterThan(alone.rows)
    for (let turn = 0; turn < 2; turn++) {
      await removeCaptures(database, [first.id], 'removed')
      expect((await ingest([poisoning])).files[0]).toMatchObject({ already: false, id: first.id })
      expect(await contentOf(database)).toEqual(before)
    }
    expect((await ingest([poisoning])).files[0].already).toBe(true)
    await removeCaptures(database, [first.id], 'removed')
    expect(await contentOf(database)).toEqual(alone)
  })

  it('--again replaces what is there, and an interrupted one is finished by the same command', async () => {
    const said: number[] = []
    const onRemoved = (removed: { rows: number }[]) => said.push(removed.length)
    await ingest([poisoning])
    const before = await contentOf(database)
    await ingest([poisoning, poisoning], { again: true, onRemoved })
    expect(await contentOf(database)).toEqual(before)
    const stop = new AbortController()
    const interrupted = await ingest([poisoning], {
      again: true,
      onRemoved,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    expect(interrupted.problems[0]).toContain('stopped after')
    const { files } = await ingest([poisoning], { again: true, onRemoved })
    expect(files[0].already).toBe(false)
    expect(said).toEqual([1, 1, 0])
    expect(await contentOf(database)).toEqual(before)
    await removeCaptures(database, [files[0].id], 'removed')
  })

  it('a removal that was killed after any step is finished by the next run', async () => {
    const { files } = await ingest([poisoning])
    const { id } = files[0]
    const steps = [
      [],
      [`ALTER TABLE transactions DELETE WHERE capture = '${id}' SETTINGS mutations_sync = 2`],
      ['CREATE TABLE rrsets_rebuilt AS rrsets'],
    ]
    for (const [generation, statements] of steps.entries()) {
      await database.command(
        `INSERT INTO removals (capture, generation, event, reason) SELECT {id:String}, {generation:UInt32}, 'begun', 'removed'`,
        { id, generation: 20 + generation },
      )
      for (const statement of statements) await database.command(statement)
      expect((await ingest([poisoning])).files[0].already).toBe(false)
      expect(await finishRemovals(database)).toBe(false)
    }
    await removeCaptures(database, [id], 'removed')
    expect(await contentOf(database)).toEqual(alone)
  })

  it('the repeated block of a killed run counts once although passive DNS was made anew between', async () => {
    const stop = new AbortController()
    await ingest([poisoning], {
      signal: stop.signal,
      onProgress: () => stop.abort(),
      blockRows: 50,
    })
    const gone = (await ingest([join(samples, 'exfiltration.pcap')])).files[0].id
    await removeCaptures(database, [gone], 'removed')
    const { files } = await ingest([poisoning], { blockRows: 50 })
    const counts = `SELECT sum(count) AS answers FROM rrsets`
    const fed = `SELECT sum(length(arrayFilter(s -> s IN ('answer', 'authority', 'additional'), rr.section))) AS answers FROM transactions WHERE frame_gap != 0`
    expect(await database.rows(counts)).toEqual(await database.rows(fed))
    await removeCaptures(database, [files[0].id], 'removed')
    expect(await contentOf(database)).toEqual(alone)
  })

  it('an unfinished capture is removed with its note, and a block of it that still waits is dropped', async () => {
    const stop = new AbortController()
    await ingest([poisoning], {
      signal: stop.signal,
      onProgress: () => stop.abort(),
      blockRows: 50,
    })
    const [unfinished] = await database.rows<{ id: string }>(
      `SELECT DISTINCT toString(capture) AS id FROM transactions WHERE capture NOT IN (SELECT id FROM captures)`,
    )
    expect((await begun.runsWith([unfinished.id])).length).toBe(1)
    const listed = (await listCaptures(database)).map(({ id, path }) => ({ id, path }))
    expect(listed).toContainEqual({ id: unfinished.id, path: '' })
    expect((await storeState(database, 1)).captures).toMatchObject({ finished: 1, unfinished: 1 })
    const [removed] = await removeWhole([unfinished.id], 'removed', database, begun)
    expect(removed.rows).toBeGreaterThan(0)
    expect(await begun.runsWith([unfinished.id])).toEqual([])
    const left = join(spool, 'run-999999999')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, `${unfinished.id}_0.native`), 'not even a block')
    await (await Spool.open(database, spool)).close()
    expect(await contentOf(database)).toEqual(alone)
  })

  it('a rotation is replaced as one run, and taken out as one while it is unfinished', async () => {
    const parts = join(folder, `rotation-${name}`)
    const packets = packetsOf(poisoning)
    writeParts(parts, [packets.slice(0, 500), packets.slice(500, 1001), packets.slice(1001)])
    const { files } = await ingest([parts])
    const ids = files.map(({ id }) => id)
    const before = await contentOf(database)
    const crossed = `SELECT count() AS rows FROM transactions WHERE capture != response_capture`
    const crossing = await database.rows<{ rows: number }>(crossed)
    expect(crossing[0].rows).toBeGreaterThan(0)
    await ingest([parts], { again: true })
    expect(await contentOf(database)).toEqual(before)
    expect(await database.rows(crossed)).toEqual(crossing)
    await removeWhole(ids, 'removed', database, begun)
    const stop = new AbortController()
    let captures = 0
    const interrupted = { onCapture: () => captures++, onProgress: () => stopAfter(stop, captures) }
    await ingest([parts], { ...interrupted, signal: stop.signal, blockRows: 50 })
    const removed = await removeWhole([ids[1]], 'removed', database, begun)
    expect(removed.map(({ id }) => id).sort()).toEqual(ids.slice(0, 2).sort())
    expect(await contentOf(database)).toEqual(alone)
    await ingest([parts])
    expect(await contentOf(database)).toEqual(before)
    await removeWhole(ids, 'removed', database, begun)
    expect(await contentOf(database)).toEqual(alone)
  })

  it('other work is done between two inserts, never beside one', async () => {
    const traffic = new Traffic()
    for (let at = 0; at < 9; at++) {
      traffic.take(at, query({ id: at }))
      traffic.take(at + 0.1, answer({ id: at }))
    }
    const { block } = traffic.writer
    const seen: number[] = []
    const rows = async () => {
      const content = await contentOf(database, 'between')
      seen.push(content.rows)
    }
    const run = await Spool.open(database, spool)
    const work: Promise<void>[] = []
    for (let number = 0; number < 3; number++) {
      await run.store(block, { capture: 'between', sensor: '' }, `between:${number}`)
      work.push(run.between(rows))
    }
    await Promise.all(work)
    await run.close()
    expect(seen).toEqual([9, 18, 27])
    await removeCaptures(database, ['between'], 'removed')
    expect(await contentOf(database)).toEqual(alone)
  })

  it('retention counts the day of ingest, drops whole months and keeps the lines of the ledger', async () => {
    const { files } = await ingest([poisoning])
    const { id } = files[0]
    const columns = (
      await database.rows<{ name: string }>(
        `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'transactions' AND default_kind != 'ALIAS' AND name != 'ingested'`,
      )
    ).map((each) => `\`${each.name}\``)
    for (const day of ['2025-01-31', '2025-02-01', '2025-03-05', '2025-03-06']) {
      await database.command(
        `INSERT INTO transactions (${columns.join(', ')}, ingested) SELECT ${columns.join(', ')}, '${day}' FROM transactions
         WHERE capture = '${id}' AND ingested > '2026-01-01' SETTINGS insert_deduplicate = 0`,
      )
    }
    const { rows } = await contentOf(database, id)
    const each = rows / 5
    expect(await retainFrom(database, '2025-01-01')).toMatchObject({ rows: 0, captures: 0 })
    expect(await retainFrom(database, '2025-03-06')).toMatchObject({ rows: 3 * each, captures: 0 })
    expect((await contentOf(database, id)).rows).toBe(2 * each)
    await database.command(
      `ALTER TABLE captures UPDATE ingested = '2025-03-06' WHERE id = '${id}' SETTINGS mutations_sync = 2`,
    )
    expect(await retainFrom(database, '2025-03-07')).toMatchObject({ rows: each, captures: 1 })
    const line = { id, path: poisoning, removed_because: 'retained' }
    expect(await showCapture(database, id)).toMatchObject(line)
    await database.command(
      `ALTER TABLE transactions DELETE WHERE capture = '${id}' SETTINGS mutations_sync = 2`,
    )
  })
})

function stopAfter(stop: AbortController, captures: number): void {
  if (captures === 2) stop.abort()
}

interface Content {
  rows: number
  content: string
  captures: number
  history: string
}

/** What a store holds, or one capture in it: every column of every row, and every line of passive DNS. */
async function contentOf(database: Database, capture = ''): Promise<Content> {
  const [content] = await database.rows<Content>(
    `SELECT
       (SELECT count() FROM transactions WHERE {capture:String} IN ('', capture)) AS rows,
       (SELECT toString(groupBitXor(sipHash64(* EXCEPT ingested))) FROM transactions WHERE {capture:String} IN ('', capture)) AS content,
       (SELECT count() FROM captures) AS captures,
       (SELECT toString((count(), sum(n), groupBitXor(h))) FROM (
         SELECT sum(count) AS n, sipHash64(name, type, data, section, server_role, match, min(first_seen), max(last_seen), sum(count), min(ttl_min), max(ttl_max)) AS h
         FROM rrsets GROUP BY name, type, data, section, server_role, match)) AS history`,
    { capture },
  )
  return content
}
