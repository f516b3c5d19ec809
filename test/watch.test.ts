// The watch verb as a user runs it, and the stored list behind it on both back ends.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../src/database/open.ts'
import { UsageError } from '../src/errors.ts'
import { accept, acceptance, acceptedIn, never } from '../src/inspect/watch/accepted.ts'
import { fitting } from '../src/inspect/watch/list.ts'
import { isRegistrable, watchedName } from '../src/inspect/watch/name.ts'
import { addWatched, removeWatched, storedWatch } from '../src/inspect/watch/stored.ts'
import { overhear } from './run-overhear.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'watch-'))
const store = join(folder, 'store')
const sample = join(import.meta.dirname, '..', 'samples', 'answer-change.pcap')
const watch = (...words: string[]) => overhear(['watch', ...words, '--store', store])
const rowsOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(startBackEnds)
afterAll(async () => {
  await stopBackEnds()
  rmSync(folder, { recursive: true, force: true })
})

describe('the verb', () => {
  test('a list is kept, its baseline is told, what is accepted is trusted by the next report', async () => {
    expect(await watch('add', 'Example.ORG.', 'example.org', '--json')).toMatchObject({
      code: 0,
      stdout: '{"name":"example.org","added":true}\n',
    })
    const list = join(folder, 'names.txt')
    writeFileSync(list, '# ours\nexample.org\nlogin.partner.example\n')
    expect((await watch('import', list)).stdout).toBe(
      'example.org was watched already\nlogin.partner.example is watched\n',
    )
    expect((await overhear(['ingest', sample, '--store', store])).code).toBe(0)
    const baseline = rowsOf((await watch('baseline', 'example.org', '--json')).stdout)
    const mx = baseline.filter(({ type, vantage }) => type === 'MX' && vantage === 'authoritative')
    expect(mx).toMatchObject([
      { value: '10 mail.example.org', state: 'trusted', volatility: 'fixed', answers: 76 },
      { value: '10 mx1.example.com', state: 'doubted', answers: 4 },
    ])

    const report = async () => {
      const run = await overhear([
        'report',
        '--store',
        store,
        '--detector',
        'answer-change',
        '--json',
      ])
      const { findings } = JSON.parse(run.stdout) as { findings: { rule: string }[] }
      return findings.map(({ rule }) => rule).sort()
    }
    const before = ['answer-change/a', 'answer-change/mx', 'answer-change/ns']
    expect(await report()).toEqual(before)
    const accepted = await watch(
      'accept',
      'example.org',
      'mx',
      'mx1.example.com.',
      '--reason',
      'CHG-7',
    )
    expect(accepted).toMatchObject({
      code: 0,
      stdout: 'MX mx1.example.com of example.org is good\n',
    })
    expect(await report()).toEqual(before.filter((rule) => !rule.endsWith('mx')))
    expect((await watch('show', 'example.org')).stdout).toMatch(/mx1\.example\.com +- +CHG-7/)
  }, 300_000)

  test('what cannot be watched or is not watched is said in one sentence, with exit 2', async () => {
    const refused = await watch('add', 'co.uk')
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toBe(
      'overhear: watch add: "co.uk" is a public suffix, under which anybody can register. Name a domain below it\n',
    )
    const typed = await watch('accept', 'example.org', 'PTR', 'x', '--reason', 'y')
    expect(typed).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('takes a type of A, AAAA'),
    })
    const noAddress = await watch('accept', 'example.org', 'A', 'nonsense', '--reason', 'y')
    expect(noAddress).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('takes an IPv4 address, not "nonsense"'),
    })
  }, 120_000)
})

describe('names', () => {
  test('are folded as they are stored, international ones too', () => {
    expect(watchedName(' WWW.Example.org. ', 'x')).toBe('www.example.org')
    expect(watchedName('bücher.example', 'x')).toBe('xn--bcher-kva.example')
    expect(isRegistrable('example.co.uk')).toBe(true)
    expect(isRegistrable('www.example.co.uk')).toBe(false)
  })

  test.each([
    'com',
    'co.uk',
    'github.io',
    'intranet',
    '',
    '.',
    'a..b',
    'two names',
    '192.0.2.1',
    '2001:db8::1',
    `${'x'.repeat(64)}.org`,
  ])('%j is refused', (text) => {
    expect(() => watchedName(text, 'here')).toThrow(UsageError)
  })

  test('more than fit into one bound value are refused', () => {
    const many = Array.from({ length: 6000 }, (_, n) => `host-${n}.example.org`)
    expect(() => fitting(many, 'names.txt')).toThrow('names.txt holds 6000 names')
    expect(fitting(many.slice(0, 1000), 'names.txt')).toHaveLength(1000)
  })
})

describe.each(backEnds)('a stored list ($name)', ({ locate }) => {
  test('names come and go, and what was accepted ends when it should', async () => {
    const database = await openStore(locate('watch'))
    try {
      const many = Array.from({ length: 250 }, (_, n) => `n${String(n).padStart(3, '0')}.example`)
      expect(await addWatched(database, many)).toEqual(many)
      expect(await addWatched(database, ['n001.example', 'z.example'])).toEqual(['z.example'])
      expect(await removeWatched(database, ['n000.example', 'never.example'])).toEqual([
        'n000.example',
      ])
      expect((await storedWatch(database)).map(({ name }) => name)).toEqual([
        ...many.slice(1),
        'z.example',
      ])
      expect(await addWatched(database, ['n000.example'])).toEqual(['n000.example'])

      const row = { name: 'a.example', type: 'A', given: '203.0.113.7', reason: `it's "planned"` }
      expect(await accept(database, { ...row, until: '2026-03-02 00:00:00' })).toBe(
        '203.0.113.0/24',
      )
      await accept(database, { ...row, type: 'DS', given: '(none)', until: never })
      const accepted = await acceptedIn(database)
      expect(accepted).toMatchObject([
        { type: 'A', reason: row.reason },
        { type: 'DS', value: '(none)' },
      ])
      const hour = Date.UTC(2026, 2, 2) / 3_600_000
      const isGood = acceptance(accepted)('a.example', 'A')
      expect([isGood('203.0.113.0/24', hour - 1), isGood('203.0.113.0/24', hour)]).toEqual([
        true,
        false,
      ])
      expect(isGood('198.51.100.0/24', hour - 1)).toBe(false)
    } finally {
      await database.close()
    }
  }, 60_000)
})
