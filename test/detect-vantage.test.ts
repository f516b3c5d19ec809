// The vantage gate: which stretches of which sensor hold one direction only, and which rules are silent there.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { vantageOf } from '../src/inspect/detect/vantage.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { database, type Fields, insert, time, useStore } from './detect-fixture.ts'

useStore()

const slice = 300
const unasked = { match: `'unsolicited'`, attempts: '0', frame: '0' }

/** Five minutes of some hosts that ask forty names each, `from` seconds after midnight. */
async function hosts(from: number, fields: Fields = {}, n = 5): Promise<void> {
  await insert(
    {
      client: `toIPv6(concat('::ffff:192.0.2.', toString(100 + number % ${n})))`,
      qname: `concat('host', toString(intDiv(number, ${n})), '.example.com')`,
      domain: `'example.com'`,
      ts: time(`${from} + number * ${(slice - 1) / (n * 40)}`),
      response_ts: time(`${from} + number * ${(slice - 1) / (n * 40)}`),
      ...fields,
    },
    n * 40,
  )
}

/** A flood of unasked answers from forty servers, one question, in a hundred seconds. */
async function flood(from: number, victim: string, fields: Fields = {}): Promise<void> {
  await insert(
    {
      ...unasked,
      client: `toIPv6('::ffff:${victim}')`,
      server: `toIPv6(concat('::ffff:203.0.113.', toString(number % 40)))`,
      qname: `'big.example.org'`,
      qtype: `'ANY'`,
      response_bytes: '3000',
      ts: time(`${from} + number / 20`),
      response_ts: time(`${from} + number / 20`),
      ...fields,
    },
    2000,
  )
}

const rulesFound = async () => (await run(database, detectors)).findings.map(({ rule }) => rule)

describe('a sensor that loses one direction for five minutes', () => {
  const named = { sensor: `'tap-1'` }

  test('is reported once, with its time, and silences those five minutes only', async () => {
    await hosts(0, named)
    await hosts(slice, { ...named, ...unasked })
    await hosts(2 * slice, named)
    await flood(slice + 10, '192.0.2.9', named)
    await flood(2 * slice + 10, '192.0.2.10', named)
    const result = await run(database, detectors)
    expect(result.one_way).toEqual([
      {
        tap: 'tap-1',
        captures: ['c1'],
        since: '2026-03-02T00:05:00Z',
        until: '2026-03-02T00:10:00Z',
        missing: 'queries',
        hosts: 5,
        median: 0,
      },
    ])
    expect(result.notes.filter((note) => note.includes('one direction'))).toEqual([
      'one direction only is captured by sensor tap-1 2026-03-02 00:05 to 2026-03-02 00:10 (UTC): queries are missing, the median host has 0 % of its messages paired; rules that need both directions are silent there',
    ])
    expect(result.findings.map(({ subject }) => subject.victim)).toEqual(['192.0.2.10'])
  })

  test('does not silence another sensor, nor another capture of no sensor', async () => {
    await hosts(0, { ...named, ...unasked })
    await hosts(0, { sensor: `'tap-2'`, capture: `'c2'` })
    await flood(10, '192.0.2.9', { sensor: `'tap-2'`, capture: `'c2'` })
    expect(await rulesFound()).toEqual(['amplification/victim'])
    await database.command('TRUNCATE TABLE transactions')
    await hosts(0, unasked)
    await hosts(0, { capture: `'c2'` })
    await flood(10, '192.0.2.9', { capture: `'c2'` })
    expect(await rulesFound()).toEqual(['amplification/victim'])
    expect(await vantageOf(database, { ...wholeHistory })).toMatchObject({
      oneWay: ['c1'],
      twoWay: ['c2'],
    })
  })

  test('says whether questions or answers are missing', async () => {
    await hosts(0, { ...named, match: `'unanswered'`, response_frame: '0' })
    await hosts(slice, named)
    const { stretches } = await vantageOf(database, { ...wholeHistory })
    expect(stretches).toMatchObject([{ missing: 'answers', until: '2026-03-02T00:05:00Z' }])
  })
})

describe('the median of the hosts', () => {
  test('is not moved by a flood at one host, however large, nor by floods at most hosts', async () => {
    await hosts(0)
    await flood(10, '192.0.2.9')
    for (let victim = 20; victim < 30; victim++) await flood(10, `192.0.2.${victim}`)
    const { stretches, twoWay } = await vantageOf(database, { ...wholeHistory })
    expect({ stretches, twoWay }).toEqual({ stretches: [], twoWay: ['c1'] })
    // All eleven victims are of one network, which is one finding.
    expect(await rulesFound()).toHaveLength(1)
  })

  test('says nothing where fewer than three hosts talk, so the whole capture decides', async () => {
    await hosts(0, unasked, 2)
    expect(await vantageOf(database, { ...wholeHistory })).toEqual({
      oneWay: [],
      twoWay: [],
      stretches: [],
    })
    // Ten hosts that say little in each slice, and enough in an hour.
    await hosts(0, { ...unasked, ts: time('number * 9'), response_ts: time('number * 9') }, 10)
    const { oneWay, stretches } = await vantageOf(database, { ...wholeHistory })
    expect(oneWay).toEqual(['c1'])
    expect(stretches).toMatchObject([
      { since: '2026-03-02T00:00:00Z', until: '2026-03-02T01:00:00Z', hosts: 10 },
    ])
  })
})

test('slices that are one-way with a pause between them are one stretch, unless both directions were there', async () => {
  for (const at of [0, 1, 3, 4, 5]) await hosts(at * slice, unasked)
  await hosts(20 * slice, {}, 40)
  await hosts(7 * slice)
  await hosts(9 * slice, unasked)
  // The capture as a whole is well.
  for (let at = 30; at < 36; at++) await hosts(at * slice)
  const { stretches } = await vantageOf(database, { ...wholeHistory })
  expect(stretches.map(({ since, until }) => [since.slice(11, 16), until.slice(11, 16)])).toEqual([
    ['00:00', '00:30'],
    ['00:45', '00:50'],
  ])
})
