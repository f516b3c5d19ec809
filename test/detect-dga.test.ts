// Made-up domains and encrypted DNS: what counts as a burst, what speaks against one, and what is only a hint.

import { describe, expect, test } from 'vitest'
import { detectors } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { data, database, findings, insert, ordinary, time, useStore } from './detect-fixture.ts'

useStore()

/** Sixteen letters without sense. */
const made = (salt = '') => `lower(hex(sipHash64(number, 'made${salt}')))`

/** Questions for domains that do not exist, one every few seconds. */
const missing = (label: string, more: object = {}) => ({
  qname: `concat(${label}, '.com')`,
  domain: `concat(${label}, '.com')`,
  rcode: `'NXDOMAIN'`,
  ts: time('1000 + number * 5'),
  ...more,
})

const word = (by: number) =>
  `['shop', 'news', 'mail', 'garden', 'water', 'house', 'music', 'travel', 'forum', 'photo'][cityHash64(number, ${by}) % 10 + 1]`

describe('a burst of made-up domains', () => {
  test('is found from thirty within ten minutes on, and not below', async () => {
    await ordinary(6, 'answered')
    await insert(missing(made()), 29)
    expect(await findings('dga')).toEqual([])
    await insert(missing(made(), { ts: time('1400 + number') }), 30)
    expect(await findings('dga')).toMatchObject([
      {
        rule: 'dga/burst',
        severity: 'high',
        subject: { client: '192.0.2.7' },
        measures: { missing_domains: { value: 30, threshold: 30 } },
      },
    ])
  })

  test('spread over hours is silent', async () => {
    await insert(missing(made(), { ts: time('number * 60') }), 200)
    expect(await findings('dga')).toEqual([])
  })

  test('names the one like them that exists', async () => {
    await insert(missing(made()), 40)
    const found = `concat(lower(hex(sipHash64(77, 'made'))), '.com')`
    await insert({
      qname: found,
      domain: found,
      ts: time('1300'),
      ...data(['203.0.113.66'], 'A', found),
    })
    const [finding] = await findings('dga')
    expect(finding?.points.map(({ name }) => name)).toContain('one like them exists')
    expect(finding?.subject.domain).toMatch(/^[0-9a-f]{16}\.com$/)
    expect(finding?.why).toContain('One like them exists')
  })

  test('of ordinary words is no alert, and none where others ask the same', async () => {
    await insert(missing(`concat(${word(1)}, ${word(2)}, ${word(3)})`), 45)
    expect(await findings('dga')).toEqual([])
    await insert(missing(made('x')), 45)
    await insert(missing(made('x'), { client: `toIPv6('::ffff:192.0.2.8')` }), 45)
    expect((await findings('dga')).filter(({ score }) => score >= 50)).toEqual([])
  })

  test('below one domain, of mail policies, of single labels and local names is silent', async () => {
    await insert(
      missing(made(), {
        domain: `'corp.example.com'`,
        qname: `concat(${made()}, '.corp.example.com')`,
      }),
      90,
    )
    await insert(
      missing(made('m'), { qname: `concat('_dmarc.', ${made('m')}, '.com')`, qtype: `'TXT'` }),
      90,
    )
    await insert(missing(made('s'), { qname: made('s'), domain: `''`, tld_listed: '0' }), 90)
    await insert(
      missing(made('l'), {
        qname: `concat(${made('l')}, '.lan')`,
        domain: `concat(${made('l')}, '.lan')`,
        tld_listed: '0',
      }),
      90,
    )
    expect(await findings('dga')).toEqual([])
  })

  test('that a resolver passes on is reported for its client alone', async () => {
    await insert(missing(made()), 45)
    await insert(
      missing(made(), {
        client: `toIPv6('::ffff:192.0.2.53')`,
        server: `toIPv6('::ffff:203.0.113.9')`,
      }),
      45,
    )
    expect(await findings('dga')).toMatchObject([{ subject: { client: '192.0.2.7' }, score: 53 }])
  })
})

describe('encrypted DNS', () => {
  test('is a hint for each client that looks up such a resolver, and never more', async () => {
    const name = { qname: `'mozilla.cloudflare-dns.com'`, domain: `'cloudflare-dns.com'` }
    await insert({ ...name, ...data(['203.0.113.1'], 'A', name.qname) })
    await insert({ ...name, client: `toIPv6('::ffff:192.0.2.8')` })
    await insert({
      qname: `'use-application-dns.net'`,
      domain: `'use-application-dns.net'`,
      client: `toIPv6('::ffff:192.0.2.8')`,
    })
    const { findings: hints } = await run(database, detectors, { minSeverity: 'info' })
    expect(hints.toSorted((a, b) => a.why.localeCompare(b.why))).toMatchObject([
      { severity: 'info', rule: 'encrypted-dns/bootstrap', counter_evidence: [] },
      {
        subject: { client: '192.0.2.8' },
        counter_evidence: [expect.stringContaining('asks first')],
      },
    ])
    expect(hints[0]?.why).toContain('Cloudflare')
    const { findings: found, detectors: ran } = await run(database, detectors)
    expect(found).toEqual([])
    expect(ran.find(({ id }) => id === 'encrypted-dns')).toMatchObject({ findings: 0 })
  })
})
