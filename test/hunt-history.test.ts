// Hunts for what changed: the timeline of a name, and what reports found about it, on both back ends and in 80 columns.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { report } from '../src/inspect/findings/report.ts'
import { huntFor, type Question } from '../src/inspect/hunt/hunt.ts'
import { huntText } from '../src/inspect/report/hunt-text.ts'
import { plainStyle } from './plain-style.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'

beforeAll(startBackEnds)
afterAll(stopBackEnds)

const sample = join(import.meta.dirname, '..', 'samples', 'answer-change.pcap')

describe.each(backEnds)('on the $name store', ({ locate }) => {
  let database: Database
  beforeAll(async () => {
    database = await openStore(locate('history'))
    await ingestFiles([sample], database)
    const chosen = detectors.filter(({ id }) => id === 'answer-change')
    await report(database, chosen, {
      watch: ['example.org'],
      now: new Date('2026-05-01T00:00:00Z'),
      isRemembered: true,
    })
  })
  afterAll(() => database.close())

  async function parts(question: Question, value: string, options = {}) {
    return huntFor(question, value).ask(database, { ...wholeHistory, limit: 50, ...options })
  }

  async function kind(wanted: string, question: Question, value: string, options = {}) {
    return (await parts(question, value, options)).find((each) => each.kind === wanted)?.rows
  }

  test('a name that moved for an hour has a timeline, also where the new server speaks for itself', async () => {
    const rows = await kind('timeline', 'name', 'mail.example.org')
    const told = rows?.map(({ role, sign, type, record }) => [role, sign, type, record])
    const moved = (role: string) => [
      [role, '', 'A', '198.51.100.25'],
      [role, '+', 'A', '203.0.113.77'],
      [role, '+', 'A', '198.51.100.25'],
    ]
    expect(told).toEqual([...moved('authoritative'), ...moved('resolver')])
    expect(rows?.[1]).toMatchObject({
      first: '2026-03-11T09:00:40.731054000Z',
      last: expect.stringMatching(/^2026-03-11T09:50:40/),
      servers: ['203.0.113.77'],
      frame: 1182,
    })
  })

  test('a name whose addresses rotate, and one that always says the same, have none', async () => {
    expect(await kind('timeline', 'name', 'www.example.org')).toEqual([])
    expect(await kind('timeline', 'name', 'ns1.example.org')).toEqual([])
    expect(await kind('timeline', 'name', 'mail.example.org', { until: '2026-03-05' })).toEqual([])
  })

  test('what reports found stands under the name, its domain and its clients, and nowhere else', async () => {
    expect(await kind('finding', 'name', 'mail.example.org')).toMatchObject([
      {
        rule: 'answer-change/a',
        status: 'open',
        about: 'A',
        severity: 'critical',
        subject: { name: 'mail.example.org', type: 'A' },
        known_since: '2026-05-01T00:00:00.000000000Z',
      },
    ])
    const rules = async (question: Question, value: string) =>
      (await kind('finding', question, value))?.map(({ about }) => about)
    expect((await rules('domain', 'example.org'))?.toSorted()).toEqual([
      'MX',
      'NS',
      'mail.example.org A',
    ])
    expect(await rules('domain', 'ample.org')).toEqual([])
    expect(await rules('client', '192.0.2.10')).toEqual([])
    expect(await rules('address', '192.0.2.0/24')).toEqual([])
  })

  test('in 80 columns no value and no name is cut', async () => {
    for (const name of ['mail.example.org', 'example.org']) {
      const lines = huntText('name', name, await parts('name', name), 50, 80, plainStyle)
      expect(lines.filter((line) => line.length > 80)).toEqual([])
      const from = lines.indexOf('how its answers changed (+ new at that time)')
      expect(from).toBeGreaterThan(0)
      const table = lines.slice(from, lines.indexOf('', from))
      expect(table.filter((line) => line.includes('…'))).toEqual([])
    }
    const lines = huntText('name', 'x', await parts('name', 'example.org'), 50, 80, plainStyle)
    expect(lines).toContain(
      '  +  MX    10 mx1.example.com   2026-03-11T20:00:20Z  15 min     zone       1482',
    )
  })
})
