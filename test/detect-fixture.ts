// What the detector tests share: one store, rows made by SQL, and the promises every finding keeps.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore, throwAway } from '../src/database/open.ts'
import { type Finding, severityOf } from '../src/inspect/detect/detector.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { literal } from '../src/inspect/detect/literal.ts'
import { run, type RunOptions } from '../src/inspect/detect/run.ts'
import { type Fields, storedFields } from './transaction-fields.ts'

export type { Fields }

/** The store of this test file, empty at the beginning of each test. */
export let database: Database

/** Opens the store before the tests of a file and empties it after each. */
export function useStore(): void {
  beforeAll(async () => {
    database = await openStore(throwAway)
  })
  afterEach(async () => {
    for (const table of ['transactions', 'rrsets', 'captures', 'watch_names', 'watch_accepted']) {
      await database.command(`TRUNCATE TABLE ${table}`)
    }
  })
  afterAll(async () => {
    await database.close()
  })
}

/** An answered query of 192.0.2.7 to the resolver 192.0.2.53. */
const answered: Fields = {
  ts: time('number * 100'),
  response_ts: `${time('number * 100')} + INTERVAL 20 MILLISECOND`,
  latency_us: '20000',
  capture: `'c1'`,
  frame: '2 * number + 1',
  response_frame: '2 * number + 2',
  client: `toIPv6('::ffff:192.0.2.7')`,
  server: `toIPv6('::ffff:192.0.2.53')`,
  client_port: '40000',
  server_port: '53',
  transport: `'udp'`,
  id: 'number % 65536',
  qname: `'www.example.org'`,
  qtype: `'A'`,
  qclass: `'IN'`,
  domain: `'example.org'`,
  tld_listed: '1',
  rcode: `'NOERROR'`,
  response_flags: '0x8180',
  query_bytes: '40',
  response_bytes: '100',
  match: `'answered'`,
  attempts: '1',
  answer_digest: '1',
}

/** A time so many seconds after midnight of 2 March 2026. */
export function time(seconds: string): string {
  return `toDateTime64('2026-03-02 00:00:00', 9, 'UTC') + toIntervalMicrosecond(toInt64(1000000 * (${seconds})))`
}

export async function insert(fields: Fields, rows = 1): Promise<void> {
  const all = storedFields({ ...answered, ...fields })
  const columns = Object.keys(all).map((column) => `\`${column}\``)
  await database.command(
    `INSERT INTO transactions (${columns.join(', ')}) SELECT ${Object.values(all).join(', ')} FROM numbers(${rows})`,
  )
}

/** Records of the answer section. */
export function data(values: string[], type = 'A', name = `'www.example.org'`): Fields {
  const each = (expression: string) => `[${values.map(() => expression).join(', ')}]`
  if (values.length === 0) return {}
  return {
    'rr.section': each(`'answer'`),
    'rr.name': each(name),
    'rr.type': each(`'${type}'`),
    'rr.class': each(`'IN'`),
    'rr.ttl': each('300'),
    'rr.data': `[${values.map((value) => literal(value, 'String')).join(', ')}]`,
  }
}

/** Random names of 32 hexadecimal digits under a domain. */
export async function tunnel(options: {
  names: number
  from?: number
  every?: number
  domain?: string
  listed?: number
  client?: string
  server?: string
  salt?: string
}): Promise<void> {
  const {
    names,
    from = 60,
    every = 1,
    domain = 'example.org',
    listed = 1,
    client = '192.0.2.7',
    server = '192.0.2.53',
    salt = '',
  } = options
  const zone = literal(domain, 'String')
  await insert(
    {
      qname: `concat(lower(hex(sipHash128(number, ${literal(salt, 'String')}))), '.', ${zone})`,
      domain: zone,
      tld_listed: `${listed}`,
      ts: time(`${from} + number * ${every}`),
      client: `toIPv6('::ffff:${client}')`,
      server: `toIPv6('::ffff:${server}')`,
    },
    names,
  )
}

/** Some hosts that ask for a hundred names each. */
export async function ordinary(hosts: number, verdict: string): Promise<void> {
  const asked = verdict === 'answered' ? '1' : '0'
  await insert(
    {
      client: `toIPv6(concat('::ffff:192.0.2.', toString(100 + number % ${hosts})))`,
      server: `toIPv6(concat('::ffff:192.0.2.', toString(50 + number % 20)))`,
      qname: `concat('host', toString(intDiv(number, ${hosts})), '.example.com')`,
      domain: `'example.com'`,
      match: `'${verdict}'`,
      attempts: asked,
      frame: asked,
      ts: time('number / 50'),
    },
    hosts * 100,
  )
}

export async function namesUnder(domain: string): Promise<string[]> {
  const rows = await database.rows<{ subdomain: string }>(
    'SELECT DISTINCT subdomain FROM transactions WHERE domain = {domain:String}',
    { domain },
  )
  return rows.map(({ subdomain }) => subdomain)
}

/** The findings of one detector; those of all must be sound, and the others must find nothing. */
export async function findings(
  id: string,
  overrides: Record<string, Record<string, number>> = {},
  watch: string[] = [],
): Promise<Finding[]> {
  const found = await checkedRun({ overrides, watch })
  expect(
    found.filter((finding) => finding.detector !== id).map(({ rule, why }) => ({ rule, why })),
  ).toEqual([])
  return found
}

/** Runs detectors, all unless some are named, and checks what every finding promises. */
export async function checkedRun(options: RunOptions, only?: string): Promise<Finding[]> {
  const some = detectors.filter((each) => only === undefined || each.id === only)
  const { findings: found } = await run(database, some, options)
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)
  for (const finding of found) {
    const definition = detectors.find(({ id }) => id === finding.detector)!
    expect(finding.points.reduce((sum, { points }) => sum + points, 0)).toBe(finding.score)
    expect(finding.severity).toBe(severityOf(finding.score))
    expect(Object.keys(definition.points)).toEqual(
      expect.arrayContaining(finding.points.map(({ name }) => name)),
    )
    expect(finding.id).toMatch(/^[0-9a-f]{16}$/)
    expect(finding.first_seen).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    expect(finding.last_seen >= finding.first_seen).toBe(true)
    expect(finding.evidence.length).toBeGreaterThan(0)
    for (const { capture, frame, ts, text } of finding.evidence) {
      expect(capture).not.toBe('')
      expect(frame).toBeGreaterThan(0)
      expect(ts).toMatch(/Z$/)
      expect(text).toContain(' -> ')
    }
    expect((await database.rows(finding.sql)).length).toBeGreaterThan(0)
  }
  return found
}
