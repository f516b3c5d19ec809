// The score card's parts: labels, who matches whom, honest rates, frozen thresholds, baseline rules, alert times and ablation.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { SourceError } from '../src/errors.ts'
import type { Detector } from '../src/inspect/detect/detector.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { baselines, claimsOf } from '../src/inspect/score/baselines.ts'
import { cardOf, isAsExpected } from '../src/inspect/score/card.ts'
import { changesSince, frozenPath, thresholdsOf } from '../src/inspect/score/frozen.ts'
import { type Label, labelOf, parseLabel } from '../src/inspect/score/label.ts'
import { type Claim, isAbout, matchClaims } from '../src/inspect/score/match.ts'
import { bytesLeft, clientsAnswered, exposureOf } from '../src/inspect/score/measure.ts'
import { mostExpected, rateOf } from '../src/inspect/score/rate.ts'
import { scoreCapture } from '../src/inspect/score/score.ts'
import { data, database, insert, ordinary, time, tunnel, useStore } from './detect-fixture.ts'

useStore()

const scratch = mkdtempSync(join(tmpdir(), 'score-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const leak = {
  scenario: 'leak',
  kind: 'exfiltration',
  entity: { client: '192.0.2.7', domain: 'example.org' },
  first: '2026-03-02T00:01:00.000Z',
  last: '2026-03-02T00:03:00.000Z',
  minScore: 50,
}

describe('labels', () => {
  test('name events, their times, what they need and what may be missed', () => {
    const { minScore: _, ...entry } = leak
    const text = { truth: [{ ...entry, level: 'review', rate: 3, may_miss: 'slow' }], ports: [54] }
    expect(parseLabel(text, 'x')).toEqual({
      benign: false,
      truths: [{ ...leak, minScore: 30, rate: 3, mayMiss: 'slow' }],
      watch: [],
      ports: [54],
    })
  })

  test('are derived from expected findings where they have no truths', () => {
    const subject = { client: '192.0.2.7' }
    const finding = { detector: 'exfiltration', rule: 'exfiltration/x', subject, min_score: 40 }
    const label = parseLabel({ findings: [finding], watch: ['example.org'] }, 'x') as Label
    expect(label.benign).toBe(false)
    expect(label.watch).toEqual(['example.org'])
    expect(label.truths).toEqual([
      {
        scenario: 'x',
        kind: 'exfiltration',
        entity: subject,
        first: null,
        last: null,
        minScore: 40,
      },
    ])
  })

  test('without events are benign when they say so, and no labels at all otherwise', () => {
    expect(parseLabel({ benign: true }, 'x')?.benign).toBe(true)
    expect(parseLabel({ findings: [] }, 'x')?.benign).toBe(true)
    expect(parseLabel({ packets: 3 }, 'x')).toBe(null)
    expect(parseLabel(null, 'x')).toBe(null)
  })

  test.each([
    ['text'],
    [{ truth: {} }],
    [{ truth: ['leak'] }],
    [{ truth: [{ kind: 'exfiltration' }] }],
    [{ truth: [{ scenario: 'x', kind: 'y', first: 'yesterday' }] }],
    [{ benign: true, watch: [1] }],
  ])('that cannot be understood are named: %j', (value) => {
    expect(() => parseLabel(value, 'dir/x.json')).toThrow(SourceError)
    expect(() => parseLabel(value, 'dir/x.json')).toThrow('dir/x.json')
  })

  test('lie beside a capture or in the labels of its folder, which go before', async () => {
    const write = (name: string, value: unknown) =>
      writeFileSync(join(scratch, name), typeof value === 'string' ? value : JSON.stringify(value))
    write('a.json', { benign: true })
    write('b.json', { benign: true })
    write('b.pcap.zst.tshark-opts', '-d tcp.port==8053,dns\n')
    const expectation = [
      { detector: 'poisoning', kind: 'bailiwick', level: 'review', server: '::1' },
    ]
    write('labels.json', { 'b.pcap.zst': { expect: expectation } })
    expect((await labelOf(join(scratch, 'a.pcapng')))?.benign).toBe(true)
    const label = (await labelOf(join(scratch, 'b.pcap.zst'))) as Label
    expect(label.ports).toEqual([8053])
    expect(label.truths).toMatchObject([
      { scenario: 'bailiwick', kind: 'poisoning', entity: { server: '::1' }, minScore: 30 },
    ])
    expect(await labelOf(join(scratch, 'c.pcap'))).toBe(null)
    write('d.json', '{')
    await expect(labelOf(join(scratch, 'd.pcap'))).rejects.toThrow('d.json')
  })
})

describe('matching', () => {
  const claim = (more: Partial<Claim> = {}): Claim => ({
    detector: 'exfiltration',
    score: 60,
    subject: { client: '192.0.2.7', server: '192.0.2.53', domain: 'example.org' },
    first_seen: '2026-03-02T00:01:30.000000000Z',
    last_seen: '2026-03-02T00:02:00.000000000Z',
    ...more,
  })

  test.each<[string, boolean, Partial<Claim>]>([
    ['the same detector, entity and time', true, {}],
    ['another detector', false, { detector: 'amplification' }],
    ['another client', false, { subject: { client: '192.0.2.8', domain: 'example.org' } }],
    ['the same domain of no client', true, { subject: { domain: 'example.org' } }],
    ['a name below the domain', true, { subject: { name: 'www.example.org' } }],
    ['a name that only ends alike', false, { subject: { name: 'www.badexample.org' } }],
    ['nothing in common', false, { subject: { server: '192.0.2.53' } }],
    [
      '59 seconds later',
      true,
      { first_seen: '2026-03-02T00:03:59Z', last_seen: '2026-03-02T00:09:00Z' },
    ],
    [
      '61 seconds later',
      false,
      { first_seen: '2026-03-02T00:04:01Z', last_seen: '2026-03-02T00:09:00Z' },
    ],
    [
      '61 seconds earlier',
      false,
      { first_seen: '2026-03-01T00:00:00Z', last_seen: '2026-03-01T23:59:59Z' },
    ],
  ])('of a finding with %s is %s', (_, isMatch, more) => {
    expect(isAbout(claim(more), leak)).toBe(isMatch)
  })

  test('knows a victim in its network, and as the client it is elsewhere', () => {
    const flood = { ...leak, kind: 'amplification', entity: { victim: '198.51.100.99' } }
    const about = (subject: Claim['subject']) =>
      isAbout(claim({ detector: 'amplification', subject }), flood)
    expect(about({ victim: '198.51.100.0/24' })).toBe(true)
    expect(about({ victim: '198.51.101.0/24' })).toBe(false)
    expect(about({ client: '198.51.100.99' })).toBe(true)
    expect(about({ client: '198.51.100.9' })).toBe(false)
  })

  test('takes any finding of the detector where the label names nobody', () => {
    expect(isAbout(claim(), { ...leak, entity: {}, first: null, last: null })).toBe(true)
  })

  test('counts several findings of one event once, the best first, and leaves strangers over', () => {
    const weak = claim({ score: 35 })
    const strong = claim({ score: 70 })
    const stranger = claim({ subject: { client: '192.0.2.8' } })
    const { byTruth, strangers } = matchClaims([leak], [weak, stranger, strong])
    expect(byTruth).toEqual([[strong, weak]])
    expect(strangers).toEqual([stranger])
  })
})

describe('rates', () => {
  test('of nothing stay below three by the exposure, and of more below what a table says', () => {
    // One-sided 95 % bounds of a Poisson count (Garwood 1936): half the chi-square quantile.
    const table = [2.996, 4.744, 6.296, 7.754, 9.154, 10.513]
    table.forEach((bound, count) => expect(mostExpected(count)).toBeCloseTo(bound, 3))
    expect(mostExpected(100)).toBeCloseTo(118.08, 1)
    expect(rateOf(0, 1.07).below).toBeCloseTo(2.8, 2)
    expect(rateOf(3, 2).rate).toBe(1.5)
    expect(rateOf(0, 0)).toEqual({ count: 0, exposure: 0, rate: null, below: null })
  })
})

describe('thresholds', () => {
  test('are those that were frozen: overhear score --freeze writes them, the commit says why', () => {
    const frozen = JSON.parse(readFileSync(frozenPath, 'utf8')) as ReturnType<typeof thresholdsOf>
    const now = thresholdsOf(detectors)
    expect(changesSince(frozen, now)).toEqual([])
    expect(frozen.hash).toBe(now.hash)
  })

  test('have another hash when a number, a version or a point changes, whatever the order', () => {
    const [first, ...rest] = detectors as [Detector, ...Detector[]]
    const now = thresholdsOf(detectors)
    expect(thresholdsOf([...rest, first]).hash).toBe(now.hash)
    const [name] = Object.keys(first.parameters) as [string]
    const [point] = Object.keys(first.points) as [string]
    const parameters = { ...first.parameters, [name]: { ...first.parameters[name], default: 7 } }
    const changed: Partial<Detector>[] = [
      { parameters },
      { version: 99 },
      { points: { ...first.points, [point]: 'other' } },
    ]
    const changes = changed.map((part) => {
      const other = thresholdsOf([{ ...first, ...part }, ...rest])
      expect(other.hash).not.toBe(now.hash)
      return changesSince(now, other)
    })
    expect(changes.map((lines) => lines.length)).toEqual([1, 1, 1])
    expect(changes[0]?.[0]).toMatch(new RegExp(`^${first.id} ${name}: 7, frozen as \\d`))
  })
})

describe('baseline rules', () => {
  const quiet = async () => {
    const wrong: string[] = []
    for (const baseline of baselines) {
      if ((await claimsOf(database, baseline, ['example.org'])).length > 0) wrong.push(baseline.id)
    }
    return wrong
  }

  test('say nothing of an empty store', async () => {
    expect(await quiet()).toEqual([])
  })

  test('find what they were made for, and name whom it is about', async () => {
    await tunnel({ names: 600, every: 1 })
    await insert({
      qname: `concat(repeat('a', 49), '.', repeat('b', 20), '.example.net')`,
      domain: `'example.net'`,
    })
    await insert({ qtype: `'ANY'`, ts: time('4000'), attempts: '200' })
    await insert({ response_ts: time('5000'), ts: time('5000') }, 100)
    await insert({ match: `'wrong_id'`, attempts: '0' })
    await insert({ ...data(['203.0.113.9']), answer_digest: '2', response_ts: time('6000') })
    await insert({ ...data(['203.0.113.8']), answer_digest: '3', response_ts: time('6001') })
    expect(new Set(await quiet())).toEqual(new Set(baselines.map(({ id }) => id)))
    const [rita, longName] = await Promise.all(
      ['rita-100', 'sigma-name-length'].map((id) => {
        return claimsOf(database, baselines.find((one) => one.id === id)!, [])
      }),
    )
    expect(rita).toMatchObject([{ detector: 'exfiltration', subject: { domain: 'example.org' } }])
    expect(longName?.[0]?.subject).toEqual({ client: '192.0.2.7', domain: 'example.net' })
  })

  test('that need watched names say nothing without', async () => {
    await insert({ ...data(['203.0.113.9']), answer_digest: '2', response_ts: time('6000') })
    await insert({ ...data(['203.0.113.8']), answer_digest: '3', response_ts: time('6001') })
    const exact = baselines.find(({ needsWatch }) => needsWatch === true)!
    expect(await claimsOf(database, exact, ['example.org'])).toHaveLength(1)
    expect(await claimsOf(database, exact, [])).toEqual([])
  })
})

describe('measures', () => {
  test('of exposure count queries, clients, and hours in which each asked', async () => {
    await insert({ attempts: '2' }, 3)
    await insert({ attempts: '0', client: `toIPv6('::9')` })
    await insert({ ts: time('7200') })
    expect(await exposureOf(database)).toMatchObject({
      queries: 7,
      clients: 1,
      clientHours: 2,
      rows: 5,
    })
  })

  test('of bytes that left grow with time, and count one client and domain alone', async () => {
    await tunnel({ names: 100, every: 1 })
    await tunnel({ names: 100, every: 1, client: '192.0.2.8', salt: 'x' })
    const left = (until: string, client = '192.0.2.7') =>
      bytesLeft(database, { client, domain: 'example.org' }, until)
    const half = await left('2026-03-02 00:01:50')
    const all = await left('2026-03-02 02:00:00')
    expect(await left('2026-03-02 00:00:10')).toBe(0)
    // 32 hexadecimal digits carry 16 bytes; gzip does not reach that bound.
    expect(half).toBeGreaterThan(50 * 16)
    expect(half).toBeLessThan(50 * 24)
    expect(all).toBeGreaterThan(1.8 * half)
    expect(await left('2026-03-02 02:00:00', '192.0.2.9')).toBe(0)
  })

  test('of exposed clients count those answered with the record, once each', async () => {
    const change = { ...data(['203.0.113.66']), ts: time('60'), response_ts: time('60') }
    await insert(change, 2)
    await insert({ ...change, client: `toIPv6('::9')` })
    await insert({ ...change, client: `toIPv6('::a')`, qtype: `'TXT'`, ...data(['x'], 'TXT') })
    const subject = { name: 'www.example.org', type: 'A' }
    const answered = (until: string) =>
      clientsAnswered(database, subject, '2026-03-02 00:00:30', until)
    expect(await answered('2026-03-02 00:02:00')).toBe(2)
    expect(await answered('2026-03-02 00:00:40')).toBe(0)
  })
})

describe('a score', () => {
  const options = { detectors, baselines, times: false }
  const label = (truths: Label['truths']): Label => ({
    benign: truths.length === 0,
    truths,
    watch: [],
    ports: [],
  })

  test('says when the alert could first come, and what had left by then', async () => {
    await ordinary(10, 'answered')
    await tunnel({ names: 400, every: 1 })
    const both = label([leak, { ...leak, rate: 16 }])
    const { score } = await scoreCapture(database, 'x.pcap', both, { ...options, times: true })
    expect(score.false).toEqual([])
    const [truth, byRate] = score.truths
    expect(truth).toMatchObject({ isFound: true, rule: 'exfiltration/volume-1h' })
    // 1,024 bytes at some 17.5 compressed bytes a second.
    expect(truth?.secondsToAlert).toBeGreaterThan(30)
    expect(truth?.secondsToAlert).toBeLessThan(120)
    expect(truth?.leakedBytes).toBeGreaterThan(1000)
    expect(truth?.leakedBytes).toBeLessThan(2500)
    expect(byRate?.leakedBytes).toBe(Math.round(16 * (byRate?.secondsToAlert ?? 0)))
  })

  test('counts a finding in a benign capture as false, with its reason', async () => {
    await tunnel({ names: 400, every: 1 })
    const scored = { ...(await scoreCapture(database, 'x.pcap', label([]), options)) }
    const card = cardOf([{ label: label([]), ...scored }], 0, detectors, baselines, null)
    expect(card.false).toMatchObject([
      { path: 'x.pcap', benign: true, rule: 'exfiltration/volume-1h' },
    ])
    expect(card.false[0]?.why).toContain('192.0.2.7')
    expect(isAsExpected(card)).toBe(false)
    const row = card.rows.find(({ id }) => id === 'exfiltration')
    expect(row).toMatchObject({ truths: 0, falseAlerts: 1, precision: 0, recall: null })
    expect(row?.perMillionQueries.rate).toBe(1 / (400 / 1e6))
    expect(card.rows.find(({ id }) => id === 'rita-100')).toMatchObject({ falseAlerts: 1 })
  })

  test('misses what nothing was said about, and forgives it only where the label does', async () => {
    await ordinary(10, 'answered')
    const cards = []
    for (const truths of [[leak], [{ ...leak, mayMiss: 'too slow' }]]) {
      const scored = await scoreCapture(database, 'x.pcap', label(truths), options)
      cards.push(cardOf([{ label: label(truths), ...scored }], 3, detectors, baselines, null))
    }
    expect(cards.map(({ missed }) => missed.length)).toEqual([1, 1])
    expect(cards.map(isAsExpected)).toEqual([false, true])
    expect(cards[0]).toMatchObject({ captures: { scored: 1, benign: 0, unlabelled: 3 } })
  })

  test('falls without the points that carry it, and stays without those that do not', async () => {
    await tunnel({ names: 400, every: 1 })
    const scored = await scoreCapture(database, 'x.pcap', label([leak]), options)
    const { ablation } = cardOf([{ label: label([leak]), ...scored }], 0, detectors, [], 'all')
    const without = (point: string) => ablation.find((row) => row.point === point)
    expect(without('bytes over the threshold')).toMatchObject({ found: 1, foundWithout: 0 })
    expect(without('few clients ask this domain')).toMatchObject({ found: 1, foundWithout: 1 })
    const one = cardOf([{ label: label([leak]), ...scored }], 0, detectors, [], {
      name: 'encoded alphabet',
    })
    expect(one.ablation.map(({ point }) => point)).toEqual(['encoded alphabet'])
  })
})
