// Entries of the allow list: what may be typed, what is refused and why, and which findings an entry covers.

import { describe, expect, test } from 'vitest'
import { UsageError } from '../src/errors.ts'
import {
  allowEntry,
  type Conditions,
  conditionsText,
  covers,
  isInForce,
} from '../src/inspect/allow/entry.ts'

const now = new Date('2026-05-01T12:00:00Z')
const detectorIds = ['exfiltration', 'amplification']

function entry(typed: Conditions & { reason?: string; until?: string }) {
  return allowEntry({ reason: 'a reason', ...typed }, detectorIds, now)
}

describe('what is typed', () => {
  test.each<[Conditions & { reason?: string; until?: string }, RegExp]>([
    [{ domain: 'co.uk' }, /public suffix.*office\.co\.uk/],
    [{ domain: 'com' }, /public suffix/],
    [{ domain: 'github.io.' }, /public suffix/],
    [{ domain: '192.0.2.7' }, /address.*--client/],
    [{ domain: 'two names.example.org' }, /--domain takes a name/],
    [{ domain: 'a..example.org' }, /--domain takes a name/],
    [{ domain: '' }, /--domain takes a name/],
    [{ network: '0.0.0.0/0' }, /every address/],
    [{ network: '::/0' }, /every address/],
    [{ network: '::ffff:0.0.0.0/96' }, /every address/],
    [{ network: '192.0.2.0/33' }, /--network takes a prefix/],
    [{ network: '192.0.2.0' }, /--network takes a prefix/],
    [{ network: '192.0.2.0/24/1' }, /--network takes a prefix/],
    [{ client: '192.0.2.0/24' }, /--client takes one address.*--network/],
    [{ client: 'host.example.org' }, /--client takes one address/],
    [{ server: '' }, /--server takes one address/],
    [{ finding: 'abc' }, /16 hexadecimal digits/],
    [{ detector: 'exfil', domain: 'example.org' }, /exfiltration, amplification, not "exfil"/],
    [{ detector: 'exfiltration' }, /say what is allowed/],
    [{}, /say what is allowed/],
    [{ domain: 'example.org', reason: ' ' }, /give the reason/],
    [{ domain: 'example.org', until: '2026-04-30' }, /is over already/],
    [{ domain: 'example.org', until: 'soon' }, /--until takes/],
    [{ domain: 'example.org', until: '2026-02-30' }, /--until takes/],
    [{ domain: 'example.org', until: '99999d' }, /too far away/],
  ])('%j is refused', (typed, why) => {
    expect(() => entry(typed)).toThrow(UsageError)
    expect(() => entry(typed)).toThrow(why)
  })

  test.each<[Conditions, string]>([
    [{ domain: 'Example.ORG.' }, 'domain example.org'],
    [{ domain: 'bücher.example' }, 'domain xn--bcher-kva.example'],
    [{ domain: '_dmarc.example.org' }, 'domain _dmarc.example.org'],
    [{ client: '2001:DB8:0::1' }, 'client 2001:db8::1'],
    [{ client: '::ffff:192.0.2.7' }, 'client 192.0.2.7'],
    [{ network: '192.0.2.77/24' }, 'network 192.0.2.0/24'],
    [{ network: '2001:db8::77/32' }, 'network 2001:db8::/32'],
    [{ network: '::ffff:192.0.2.77/120' }, 'network 192.0.2.0/24'],
    [
      { detector: 'exfiltration', domain: 'example.org', server: '192.0.2.53' },
      'detector exfiltration, domain example.org, server 192.0.2.53',
    ],
  ])('%j is kept as %s', (typed, text) => {
    expect(conditionsText(entry(typed).conditions)).toBe(text)
  })

  test('the same conditions are the same entry, whatever the reason, the spelling and the end', () => {
    const one = entry({ domain: 'example.org', detector: 'exfiltration' })
    const other = entry({
      detector: 'exfiltration',
      domain: 'EXAMPLE.org',
      reason: 'other',
      until: '1d',
    })
    expect(other.id).toBe(one.id)
    expect(one.id).toMatch(/^[0-9a-f]{8}$/)
    expect(entry({ domain: 'example.org' }).id).not.toBe(one.id)
  })

  test('a day counts to its end, a length from now on, and no end is no end', () => {
    expect(entry({ domain: 'example.org', until: '2026-05-01' }).until).toBe(
      '2026-05-02T00:00:00.000Z',
    )
    expect(entry({ domain: 'example.org', until: '90d' }).until).toBe('2026-07-30T12:00:00.000Z')
    const noon = entry({ domain: 'example.org', until: '2026-05-01T14:00:00+01:00' })
    expect(noon.until).toBe('2026-05-01T13:00:00.000Z')
    expect(isInForce(noon, new Date('2026-05-01T12:59:59Z'))).toBe(true)
    expect(isInForce(noon, new Date('2026-05-01T13:00:00Z'))).toBe(false)
    expect(isInForce(entry({ domain: 'example.org' }), new Date('2200-01-01'))).toBe(true)
  })
})

describe('an entry', () => {
  const finding = {
    id: '0123456789abcdef',
    detector: 'exfiltration',
    subject: { client: '192.0.2.66', server: '192.0.2.53', domain: 'example.org' },
  }

  test.each<[Conditions, boolean]>([
    [{ domain: 'example.org' }, true],
    [{ domain: 'sub.example.org' }, false],
    [{ domain: 'ample.org' }, false],
    [{ domain: 'example.net' }, false],
    [{ client: '192.0.2.66' }, true],
    [{ client: '192.0.2.53' }, false],
    [{ server: '192.0.2.53' }, true],
    [{ server: '192.0.2.66' }, false],
    [{ network: '192.0.2.64/26' }, true],
    [{ network: '192.0.2.0/26' }, false],
    [{ network: '2001:db8::/32' }, false],
    [{ finding: '0123456789abcdef' }, true],
    [{ finding: 'fedcba9876543210' }, false],
    [{ detector: 'exfiltration', client: '192.0.2.66' }, true],
    [{ detector: 'amplification', client: '192.0.2.66' }, false],
    [{ client: '192.0.2.66', domain: 'example.net' }, false],
  ])('with %j covers it: %j', (conditions, isCovered) => {
    expect(covers(entry(conditions), finding)).toBe(isCovered)
  })

  test('for a name covers what is about names at or under it, but not a whole domain above it', () => {
    const sub = entry({ domain: 'cdn.example.org' })
    const about = (subject: Record<string, string>) => covers(sub, { ...finding, subject })
    expect(about({ name: 'a.cdn.example.org' })).toBe(true)
    expect(about({ name: 'cdn.example.org' })).toBe(true)
    expect(about({ name: 'notcdn.example.org' })).toBe(false)
    // The name is one of many under the domain.
    expect(about({ domain: 'example.org', name: 'a.cdn.example.org' })).toBe(false)
    expect(about({ client: '192.0.2.66' })).toBe(false)
  })

  test('for a network covers victims that are networks inside it, and no wider ones', () => {
    const victim = (text: string) => ({ ...finding, subject: { victim: text } })
    const wide = entry({ network: '198.51.0.0/16' })
    expect(covers(wide, victim('198.51.100.0/24'))).toBe(true)
    expect(covers(wide, victim('198.51.0.0/16'))).toBe(true)
    expect(covers(wide, victim('198.0.0.0/8'))).toBe(false)
    expect(covers(wide, victim('not an address'))).toBe(false)
    const v6 = entry({ network: '2001:db8:1::/48' })
    expect(covers(v6, victim('2001:db8:1:200::/56'))).toBe(true)
    expect(covers(v6, victim('2001:db8:2::/56'))).toBe(false)
  })
})
