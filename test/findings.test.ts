// What a store remembers of findings, and what its allow list leaves out of reports, on both back ends.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import type { StoreError } from '../src/errors.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { allowEntry, type Conditions } from '../src/inspect/allow/entry.ts'
import { addAllowEntry, allowEntries, removeAllowEntry } from '../src/inspect/allow/list.ts'
import { type Detector, detector, inWindow } from '../src/inspect/detect/detector.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { report, type ReportedFinding, type ReportOptions } from '../src/inspect/findings/report.ts'
import { knownFindings } from '../src/inspect/findings/store.ts'
import { users } from './engine-server.ts'
import { givenUrl } from './given-server.ts'
import { backEnds, server, startBackEnds, stopBackEnds } from './store-fixture.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

const sample = join(import.meta.dirname, '..', 'samples', 'amplification.pcap.gz')

/** Finds names that few clients ask for: more data can raise a score, lower it, and end a finding. */
const rareName = detectorOf('rare-name')
/** The same question, asked by another detector. */
const otherName = detectorOf('other-name')

function detectorOf(id: string, needs?: 'watch-list'): Detector {
  return detector({
    id,
    version: 3,
    title: 'Rare names',
    asks: 'Is a name asked by few?',
    why: 'For this test.',
    attack: ['T1071.004'],
    parameters: { mostClients: { type: 'UInt32', default: 2, help: 'clients of a name' } },
    rules: [
      {
        id: 'name',
        title: 'A rare name',
        ...(needs === undefined ? {} : { needs }),
        sql: `SELECT qname, min(ts) AS first, max(ts) AS last, toFloat64(count()) AS queries, uniqExact(client) AS clients
          FROM transactions WHERE ${inWindow} GROUP BY qname HAVING clients <= {mostClients:UInt32} ORDER BY qname LIMIT 100`,
        subject: 'qname = {name:String}',
        judge: (rows: { qname: string; first: string; last: string; queries: number }[]) =>
          rows.map(({ qname, first, last, queries }) => ({
            subject: { name: qname, client: '192.0.2.1' },
            identity: [qname],
            why: `${qname} was asked ${queries} times`,
            first,
            last,
            measures: { queries: { value: queries, threshold: 1, baseline: 0 } },
            points: [{ name: 'queries', points: 30 + queries }],
            counterEvidence: [],
            odds: '1 in 10',
            lookedAt: ['nothing else'],
            evidence: { where: 'qname = {name:String}', parameters: { name: qname } },
            focus: { name: qname },
          })),
      },
    ],
    points: { queries: 'many' },
    benign: ['a test'],
    next: ['overhear hunt name {name}'],
    references: ['none'],
  })
}

/** Queries of one client for a name, a second apart, from `at` seconds after midnight on. */
async function asked(
  database: Database,
  name: string,
  queries: number,
  { client = '192.0.2.1', at = 0 } = {},
): Promise<void> {
  await database.command(
    `INSERT INTO transactions (ts, capture, response_capture, frame, frame_gap, client, server, transport, qname, qtype, match, attempts)
    SELECT toDateTime64('2026-03-02 00:00:00', 9, 'UTC') + toIntervalSecond({at:UInt32} + number), 'c1', 'c1', 2 * number + 1, 1,
      toIPv6({client:String}), toIPv6('::ffff:192.0.2.53'), 'udp', {name:String}, 'A', 'answered', 1
    FROM numbers({queries:UInt32})`,
    { name, queries, client: `::ffff:${client}`, at },
  )
}

/** What the real detectors say of a sample, by back end and run. */
const reports: ReportedFinding[][] = []
let day = 0

/** A report, a day after the one before. */
function reportOf(
  database: Database,
  chosen: readonly Detector[] = [rareName],
  options: Partial<ReportOptions> = {},
) {
  const now = new Date(Date.UTC(2026, 4, ++day))
  return report(database, chosen, { now, isRemembered: true, ...options })
}

describe.each(backEnds)('on the $name store', ({ locate }) => {
  let database: Database

  beforeAll(async () => {
    database = await openStore(locate('findings'))
  })
  afterAll(async () => {
    await database.close()
  })

  async function empty(): Promise<void> {
    day = 0
    for (const table of ['transactions', 'captures', 'findings', 'allow']) {
      await database.command(`TRUNCATE TABLE ${table}`)
    }
  }

  const statusOf = async () => {
    const known = [...(await knownFindings(database)).values()]
    return Object.fromEntries(known.map(({ subject, status }) => [subject.name, status]))
  }

  test('a finding is remembered once, with the report that found it first and the scores it had', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    const first = await reportOf(database)
    expect(first.evaluated).toBe('2026-05-01T00:00:00.000Z')
    expect(first.findings).toMatchObject([
      {
        score: 33,
        version: 3,
        odds: '1 in 10',
        known_since: '2026-05-01T00:00:00.000Z',
        previous_score: null,
        measures: { queries: { value: 3, threshold: 1, baseline: 0 } },
        looked_at: expect.arrayContaining(['nothing else', 'no packet is known to be lost']),
      },
    ])
    await asked(database, 'a.example.org', 4, { at: 60 })
    const second = await reportOf(database)
    expect(second.findings).toMatchObject([
      {
        id: first.findings[0].id,
        score: 37,
        known_since: '2026-05-01T00:00:00.000Z',
        previous_score: 33,
      },
    ])
    await reportOf(database)
    expect([...(await knownFindings(database)).values()]).toMatchObject([
      {
        id: first.findings[0].id,
        detector: 'rare-name',
        rule: 'rare-name/name',
        rule_version: 3,
        status: 'open',
        score: 37,
        scores: [33, 37],
        scored: ['2026-05-01T00:00:00.000Z', '2026-05-02T00:00:00.000Z'],
        subject: { name: 'a.example.org', client: '192.0.2.1' },
        first_seen: '2026-03-02T00:00:00.000000000Z',
        last_seen: '2026-03-02T00:01:03.000000000Z',
        known_since: '2026-05-01T00:00:00.000Z',
        evaluated: '2026-05-03T00:00:00.000Z',
        transactions: 7,
      },
    ])
  })

  test('a report of a sample is the same again, but for when it was known', async () => {
    await empty()
    const { problems } = await ingestFiles([sample], database)
    expect(problems).toEqual([])
    for (let run = 0; run < 2; run++) {
      const { findings } = await reportOf(database, detectors)
      expect(findings.map(({ known_since }) => known_since?.slice(0, 10))).toEqual(
        Array(findings.length).fill('2026-05-01'),
      )
      reports.push(findings)
    }
    expect(await database.rows('SELECT count() AS n FROM findings FINAL')).toEqual([
      { n: reports[0].length },
    ])
  })

  test('what more data explains is gone, is told once, and is open again when it comes back', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    await asked(database, 'b.example.org', 3)
    await reportOf(database)
    for (const client of ['192.0.2.2', '192.0.2.3']) {
      await asked(database, 'a.example.org', 1, { client, at: 9 })
    }
    const later = await reportOf(database)
    expect(later.gone).toMatchObject([
      { subject: { name: 'a.example.org' }, known_since: '2026-05-01T00:00:00.000Z' },
    ])
    expect(await statusOf()).toEqual({ 'a.example.org': 'gone', 'b.example.org': 'open' })
    expect((await reportOf(database)).gone).toEqual([])
    const overrides = { 'rare-name': { mostClients: 5 } }
    const back = await reportOf(database, [rareName], { overrides })
    expect(back.findings.map(({ known_since }) => known_since)).toEqual(
      Array(2).fill('2026-05-01T00:00:00.000Z'),
    )
    expect(await statusOf()).toEqual({ 'a.example.org': 'open', 'b.example.org': 'open' })
  })

  test('a report over a part of the data, of other detectors or with other thresholds marks nothing gone', async () => {
    await empty()
    await asked(database, 'a.example.org', 5)
    await asked(database, 'b.example.org', 3, { at: 3600 })
    await reportOf(database, [rareName, otherName])
    const before = await statusOf()
    const since = '2026-03-02 00:30:00'
    const part = await reportOf(database, [rareName], { since })
    expect(part.findings.map(({ subject }) => subject.name)).toEqual(['b.example.org'])
    expect(part.gone).toEqual([])
    await reportOf(database, [otherName])
    await reportOf(database, [rareName], { overrides: { 'rare-name': { mostClients: 0 } } })
    await reportOf(database, [rareName], { minSeverity: 'critical' })
    expect(await statusOf()).toEqual(before)
    // Nor does it take away what is known: two of five queries are fewer points, and a later beginning.
    const half = await reportOf(database, [rareName], {
      since: '2026-03-02 00:00:03',
      until: '2026-03-02 00:01:00',
    })
    expect(half.findings).toMatchObject([{ score: 32, previous_score: null }])
    const known = (await knownFindings(database)).get(half.findings[0].id)
    expect(known).toMatchObject({
      score: 35,
      scores: [35],
      first_seen: '2026-03-02T00:00:00.000000000Z',
      transactions: 8,
    })
  })

  test('data that was removed takes no finding along', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    await asked(database, 'b.example.org', 3)
    await reportOf(database)
    await database.command(
      "ALTER TABLE transactions DELETE WHERE qname = 'a.example.org' SETTINGS mutations_sync = 1",
    )
    expect((await reportOf(database)).gone).toEqual([])
    expect(await statusOf()).toEqual({ 'a.example.org': 'open', 'b.example.org': 'open' })
  })

  test('findings of watched names are gone only when those names were watched', async () => {
    await empty()
    const watched = detectorOf('watched-name', 'watch-list')
    await asked(database, 'a.example.org', 3)
    await reportOf(database, [watched], { watch: ['a.example.org'] })
    for (const client of ['192.0.2.2', '192.0.2.3']) {
      await asked(database, 'a.example.org', 1, { client, at: 9 })
    }
    expect((await reportOf(database, [watched])).gone).toEqual([])
    expect((await reportOf(database, [watched], { watch: ['example.net'] })).gone).toEqual([])
    expect((await reportOf(database, [watched], { watch: ['example.org'] })).gone).toHaveLength(1)
  })

  test('the evaluation that began last counts, whichever is written last', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    const late = new Date('2026-05-09T00:00:00Z')
    await reportOf(database, [rareName], { now: late })
    await asked(database, 'a.example.org', 5, { at: 60 })
    await reportOf(database)
    await reportOf(database)
    expect([...(await knownFindings(database)).values()]).toMatchObject([
      { evaluated: late.toISOString(), score: 33 },
    ])
    // Two at once write one row each, and one is left.
    const both = new Date('2026-05-10T00:00:00Z')
    await Promise.all([1, 2].map(() => reportOf(database, [rareName], { now: both })))
    expect(await database.rows('SELECT count() AS n FROM findings FINAL')).toEqual([{ n: 1 }])
  })

  test('an entry leaves its findings out at once, counted and named, and they are back without it', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    await asked(database, 'b.example.net', 3)
    const whole = await reportOf(database)
    const entry = await allow({ domain: 'example.org' }, 'ours')
    const [a, b] = whole.findings
    const left = await reportOf(database)
    expect(left.findings.map(({ id }) => id)).toEqual([b.id])
    expect(left.detectors).toMatchObject([{ id: 'rare-name', findings: 1 }])
    expect(left.allowed).toMatchObject([
      { id: a.id, entry: entry.id, reason: 'ours', until: null, score: 33 },
    ])
    expect(left.gone).toEqual([])
    expect(await statusOf()).toEqual({ 'a.example.org': 'allowed', 'b.example.net': 'open' })
    expect((await reportOf(database, [rareName], { minSeverity: 'high' })).allowed).toEqual([])
    await removeAllowEntry(database, entry.id, new Date())
    const again = await reportOf(database)
    expect(again.findings.map(({ id }) => id)).toEqual([a.id, b.id])
    expect(again.findings[0].known_since).toBe('2026-05-01T00:00:00.000Z')
    expect(await allowEntries(database)).toEqual([])
    await expect(removeAllowEntry(database, entry.id, new Date())).rejects.toThrow('no allow entry')
  })

  test('an entry past its end applies no more, and the report says so', async () => {
    await empty()
    await asked(database, 'a.example.org', 3)
    const { id } = await allow({ domain: 'example.org' }, 'for a day', '2026-05-01T12:00:00Z')
    expect((await reportOf(database)).findings).toEqual([])
    const later = await reportOf(database)
    expect(later.findings).toHaveLength(1)
    expect(later.notes).toContain(
      `allow entry ${id} (domain example.org) ended 2026-05-01: a finding is back`,
    )
    // Added again it has a new end, and is still one entry.
    await allow({ domain: 'example.org' }, 'for another day', '2026-05-20')
    expect(await allowEntries(database)).toMatchObject([
      { id, reason: 'for another day', until: '2026-05-21T00:00:00.000Z' },
    ])
    expect((await reportOf(database)).findings).toEqual([])
  })

  test('whatever a packet put into a name is remembered as it was', async () => {
    await empty()
    const hostile = `it's "\\ {x:String} <b>\n\t\u0007\u202e;--`
    await asked(database, hostile, 3)
    const reason = `it's \\'); -- \n{y:UInt8}`
    await allow({ client: '192.0.2.9' }, reason)
    await reportOf(database)
    expect([...(await knownFindings(database)).values()]).toMatchObject([
      { subject: { name: hostile }, why: `${hostile} was asked 3 times` },
    ])
    expect(await allowEntries(database)).toMatchObject([{ reason: reason.trim() }])
  })

  async function allow(conditions: Conditions, reason: string, until?: string) {
    const typed = { ...conditions, reason, ...(until === undefined ? {} : { until }) }
    const entry = allowEntry(typed, [rareName.id], new Date('2026-05-01T00:00:00Z'))
    await addAllowEntry(database, entry)
    return entry
  }
})

test('ids, scores and proof of a sample are the same in every run and on both back ends', () => {
  expect(reports).toHaveLength(4)
  expect(reports[0].length).toBeGreaterThan(1)
  for (const findings of reports) expect(findings).toEqual(reports[0])
})

test('a throw-away report remembers nothing and has no wall clock in it', async () => {
  const database = await openStore(`${server.url}/throwaway`)
  await asked(database, 'a.example.org', 3)
  const once = await reportOf(database, [rareName], { isRemembered: false })
  expect(once).toMatchObject({ evaluated: null, findings: [{ known_since: null }], allowed: [] })
  expect((await knownFindings(database)).size).toBe(0)
  await database.close()
})

test.skipIf(givenUrl !== '')(
  'a user who may only read has the report, and is told that it is not remembered',
  async () => {
    const writer = await openStore(`${server.url}/findings`)
    await writer.command('TRUNCATE TABLE findings')
    await asked(writer, 'new.example.org', 3)
    await writer.close()
    const { password } = users.reader
    const url = `http://reader:${password}@${new URL(server.url).host}/findings`
    const reader = await openStore(url, { create: false })
    const told: StoreError[] = []
    const result = await reportOf(reader, [rareName], { onUnwritten: (error) => told.push(error) })
    expect(result.findings.map(({ subject }) => subject.name)).toContain('new.example.org')
    expect(result.findings.every((finding) => finding.known_since === null)).toBe(true)
    expect(told.map(({ code }) => code)).toEqual(['read-only'])
    expect((await knownFindings(reader)).size).toBe(0)
    await reader.close()
  },
)
