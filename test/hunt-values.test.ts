// The values an analyst (or an attacker) may give to a hunt: how they are read, and why they are refused.
import { describe, expect, test } from 'vitest'
import { UsageError } from '../src/errors.ts'
import { huntFor, huntsFrom, type Question, questions } from '../src/inspect/hunt/hunt.ts'
import { parseMoment } from '../src/inspect/window.ts'

describe('values', () => {
  test.each([
    ['Login.Example.ORG.', 'login.example.org'],
    ['ümlaut.example', 'xn--mlaut-jva.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
    ['a b.example', 'a\\032b.example'],
    ['\\065\\.b.example', 'a\\.b.example'],
    ['192.0.2.1.', '192.0.2.1'],
    ['.', '.'],
  ])('the name %s is looked up as %s', (typed, stored) => {
    expect(huntFor('name', typed).value).toBe(stored)
  })

  test.each([
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0::7', '2001:db8::7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
  ])('the address %s is looked up as %s', (typed, stored) => {
    expect(huntFor('address', typed).value).toBe(stored)
  })

  test.each<[Question, string, RegExp]>([
    ['name', '192.0.2.1', /overhear hunt address 192\.0\.2\.1/],
    ['name', '', /is empty.*Example: overhear hunt name login\.example\.org/],
    ['name', 'a..b', /empty label/],
    ['name', 'x\\', /backslash/],
    ['name', '\\300.example', /backslash/],
    ['name', `${'a'.repeat(64)}.example`, /63 octets/],
    ['name', Array(5).fill('a'.repeat(60)).join('.'), /255 octets/],
    ['name', 'xn--\u202e.example', /IDNA/],
    ['domain', '2001:db8::1', /is an address/],
    ['address', 'example.org', /Examples: overhear hunt address 192\.0\.2\.7/],
    ['address', '192.0.2.1/33', /at most 32 bits/],
    ['address', '1.2.3', /takes an IP address/],
    ['client', "192.0.2.1' OR 1=1", /takes an IP address/],
    ['client', '\u001b[2J', /not "\\x1b\[2J"/],
    ['answer', '  ', /not nothing/],
  ])('hunt %s %j is refused with an example or the reason', (question, value, message) => {
    expect(() => huntFor(question, value)).toThrow(UsageError)
    expect(() => huntFor(question, value)).toThrow(message)
  })

  test('a list of values names the file and line of the first wrong one', () => {
    const list = '# indicators\nexample.org\r\n\nwww.example.org\n192.0.2.1\n'
    expect(() => huntsFrom('name', list, 'bad.txt')).toThrow(/^bad\.txt line 5: /)
    const good = huntsFrom('domain', '# indicators\nexample.org\r\n\nB.example\n', 'good.txt')
    expect(good.map((hunt) => hunt.value)).toEqual(['example.org', 'b.example'])
    expect(() => huntsFrom('name', '# nothing\n', 'empty.txt')).toThrow(/holds no values/)
  })

  test('every question has a reader', () => {
    for (const question of questions)
      expect(huntFor(question, huntable(question)).question).toBe(question)
  })

  test.each([
    ['24h', 86_400_000],
    ['1.5m', 90_000],
    ['2026-01-31', '2026-01-31 00:00:00'],
    ['2026-01-31T14:00:00Z', '2026-01-31 14:00:00'],
    ['2026-01-31 14:00', '2026-01-31 14:00:00'],
    ['2026-01-31T14:00:00.123456789+02:00', '2026-01-31 12:00:00.123456789'],
  ])('the moment %s is read', (typed, meaning) => {
    expect(parseMoment(typed, '--since')).toBe(meaning)
  })

  test.each(['yesterday', '2026-02-31', '2026-13-01', '24', '-24h', "2026-01-01' OR 1", ''])(
    'the moment %j is refused',
    (typed) => {
      expect(() => parseMoment(typed, '--since')).toThrow(/--since takes an ISO time/)
    },
  )
})

function huntable(question: Question): string {
  return question === 'address' || question === 'client' ? '192.0.2.1' : 'example.org'
}
