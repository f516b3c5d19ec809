// overhear status, captures, --again, --retain and --mask-clients as their users run them, a kill in the middle among that.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, hold, lines, overhear, sample, scratchFolder, sentence, start } from './command.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

const poisoning = sample('poisoning.pcap')
const store = scratch.path('store')
const on = (...words: string[]) => overhear([...words, '--store', store])
const capturesOf = async () =>
  lines((await on('captures', 'list', '--json')).stdout).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  )
const content = `SELECT count() AS rows, toString(groupBitXor(sipHash64(* EXCEPT ingested))) AS hash,
  (SELECT sum(count) FROM rrsets) AS answers FROM transactions`

beforeAll(async () => {
  const run = await on('ingest', poisoning, sample('formats/us-le.pcap'), '--json')
  expect(run).toMatchObject({ code: 0, stderr: '' })
}, 60_000)

describe('captures merge', () => {
  test('leaves the same rows in fewer parts, also where some were merged before', async () => {
    const merged = scratch.path('merged')
    const there = (...words: string[]) => overhear([...words, '--store', merged])
    const rows = `${content.slice(0, content.indexOf(',\n'))}, (SELECT sum(exchanges) FROM client_domains) AS counted FROM transactions`
    const parts =
      "SELECT count() AS parts, min(length(projections)) AS counts FROM system.parts WHERE active AND table = 'transactions'"
    const names = ['poisoning.pcap', 'formats/us-le.pcap', 'quiet-hour.pcap.gz', 'dga.pcap']
    for (const [taken, name] of names.entries()) {
      await there('ingest', sample(name))
      const [before] = await ask<{ rows: number }>(merged, rows)
      expect((await there('captures', 'merge')).stdout).toMatch(
        taken === 0 ? /^2 parts, .* merged into 2 parts, / : /^\d parts, .* merged into 2 parts, /,
      )
      expect(await ask(merged, rows)).toEqual([before])
      expect(await ask(merged, parts)).toEqual([{ parts: 1, counts: 3 }])
    }
    const { code, stdout } = await there('captures', 'merge', '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { after: { parts: 2 } }])
  })
})

describe('status', () => {
  test('tells what is there, and that the sums hold', async () => {
    const { code, stdout } = await on('status', '--json', '--last', '1')
    const state = JSON.parse(stdout) as Record<string, unknown>
    const [{ rows }] = await ask<{ rows: number }>(store, content)
    expect({ code, ...state }).toMatchObject({
      code: 0,
      store,
      kind: 'embedded',
      captures: { finished: 2, unfinished: 0, removed: 0, removals_under_way: 0 },
      transactions: rows,
      dropped: 0,
      concerns: [],
      spool: { blocks: 0, left: 0, begun: 0 },
      newest: [{ unaccounted: 0, problems: 0 }],
    })
    const { verdicts, bytes_per_transaction: each, packets } = state
    const sum = Object.values(verdicts as Record<string, number>).reduce((all, n) => all + n, 0)
    expect(sum).toBe(rows)
    expect(each).toBeGreaterThan(0)
    expect(packets).toBe((await capturesOf()).reduce((all, row) => all + Number(row['packets']), 0))
    const shown = (await on('status')).stdout
    expect(shown).toMatch(/^transactions +[\d,]+: [\d,]+ answered, /m)
    expect(shown).toMatch(/^[0-9a-f]{16} +\S+poisoning\.pcap +([\d,]+) +\1 +\d+ +ok /m)
  })

  test('names what is left of a killed run, and a row too few', async () => {
    const folder = `${store}/spool/run-999999999`
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${store}/spool/0123456789abcdef.begun`, '20000\noptions\n')
    writeFileSync(`${folder}/0123456789abcdef_0.native`, '')
    const { spool, concerns } = JSON.parse((await on('status', '--json')).stdout) as {
      spool: unknown
      concerns: string[]
    }
    expect(spool).toMatchObject({ blocks: 1, left: 1, begun: 1 })
    expect(concerns).toEqual([expect.stringContaining('1 block of a killed run')])
    rmSync(folder, { recursive: true })
    rmSync(`${store}/spool/0123456789abcdef.begun`)
  })

  test('of a store in use names who holds it', async () => {
    const other = await hold(store)
    try {
      const run = await on('status', '--json')
      expect(run).toMatchObject({ code: 4, stdout: '' })
      expect(sentence(run)).toContain(`in use by process ${other.pid} (`)
    } finally {
      await other.release()
    }
  })
})

describe('captures', () => {
  test('are shown, removed, and shown as removed', async () => {
    const before = await ask(store, content)
    const [{ id }] = (await capturesOf()).filter((row) =>
      String(row['path']).endsWith('us-le.pcap'),
    )
    const shown = await on('captures', 'show', String(id), '--json')
    expect(JSON.parse(shown.stdout)).toMatchObject({ id, format: 'pcap', masked: '' })
    const removed = await on('captures', 'remove', String(id), '--json')
    expect(JSON.parse(removed.stdout)).toMatchObject({ id })
    expect((await capturesOf()).map((row) => row['id'])).not.toContain(id)
    const after = await on('captures', 'show', String(id), '--json')
    expect(JSON.parse(after.stdout)).toMatchObject({ id, removed_because: 'removed' })
    expect((await on('ingest', sample('formats/us-le.pcap'))).stdout).not.toContain('already')
    expect(await ask(store, content)).toEqual(before)
  })

  test('that are not there are one sentence and 3, and nothing is removed', async () => {
    const [{ id }] = await capturesOf()
    const run = await on('captures', 'remove', String(id), 'feedfeedfeedfeed')
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(sentence(run)).toMatch(
      /^feedfeedfeedfeed: .* knows no such capture; overhear captures list/,
    )
    expect((await capturesOf()).map((row) => row['id'])).toContain(id)
  })
})

describe('--again', () => {
  test('killed anywhere and repeated gives what was there', async () => {
    const before = await ask(store, content)
    // Spread over a run, from before it opens the store to after it has ended.
    for (const delayMs of [300, 500, 700, 900, 1100, 1400]) {
      const { child, ended } = start(['ingest', poisoning, '--again', '--store', store])
      await Promise.race([sleep(delayMs), ended])
      child.kill('SIGKILL')
      await ended
    }
    expect(await on('ingest', poisoning, '--again')).toMatchObject({ code: 0 })
    expect(await ask(store, content)).toEqual(before)
    const { captures, concerns } = JSON.parse((await on('status', '--json')).stdout) as Record<
      string,
      unknown
    >
    expect({ captures, concerns }).toMatchObject({
      captures: { finished: 2, unfinished: 0, removals_under_way: 0 },
      concerns: [],
    })
  }, 120_000)

  test('of what cannot be read twice, or is followed, is wrong usage', async () => {
    expect((await overhear(['ingest', '-', '--again', '--store', store])).code).toBe(2)
    expect(
      (await overhear(['ingest', poisoning, '--again', '--follow', '--store', store])).code,
    ).toBe(2)
  })
})

describe('--mask-clients', () => {
  test('hides clients and changes nothing else, and the ledger says so', async () => {
    const masked = scratch.path('masked')
    const words = ['ingest', poisoning, '--store', masked, '--mask-clients']
    expect(await overhear([...words, '/24'])).toMatchObject({ code: 0 })
    const others = (name: string) =>
      `SELECT count() AS rows, toString(groupBitXor(sipHash64(* EXCEPT (ingested, client, ecs, edns_option_text, response_edns_option_text, raw)))) AS hash
       FROM transactions ${name}`
    expect(await ask(masked, others(''))).toEqual(
      await ask(
        store,
        others("WHERE capture = (SELECT id FROM captures WHERE path LIKE '%poisoning.pcap')"),
      ),
    )
    const seen = await ask<{ client: string }>(
      masked,
      'SELECT DISTINCT toString(client) AS client FROM transactions',
    )
    expect(seen.length).toBeGreaterThan(0)
    for (const { client } of seen) expect(client).toMatch(/\.0$|::/)
    expect(await ask(masked, 'SELECT masked FROM captures')).toEqual([{ masked: '/24,/56' }])
  }, 60_000)

  test('needs prefixes, or a key that can be read', async () => {
    for (const wrong of ['24', 'key:/nowhere', `key:${sample('formats/none')}`]) {
      const run = await on('ingest', poisoning, '--mask-clients', wrong)
      expect(run).toMatchObject({ code: 2, stdout: '' })
      expect(sentence(run)).toContain('--mask-clients')
    }
  })
})

describe('--retain', () => {
  test('keeps what was ingested today, however old its packets, and takes days', async () => {
    const before = await ask(store, content)
    const run = await on('ingest', poisoning, '--retain', '1d')
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse((await on('captures', 'retain', '1', '--json')).stdout)).toMatchObject({
      rows: 0,
      captures: 0,
    })
    expect(await ask(store, content)).toEqual(before)
    expect((await on('ingest', poisoning, '--retain', '0d')).code).toBe(2)
    expect((await on('captures', 'retain', 'long')).code).toBe(2)
  })
})

test('an embedded store has no log tables of the engine, which would grow for ever', async () => {
  expect(
    await ask(
      store,
      "SELECT name FROM system.tables WHERE database = 'system' AND engine LIKE '%MergeTree'",
    ),
  ).toEqual([])
})
