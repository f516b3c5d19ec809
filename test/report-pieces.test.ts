// The pieces that reports are drawn with: escaping, tables, wrapping, numbers and progress.
import { describe, expect, test } from 'vitest'
import { jsonText } from '../src/inspect/report/json.ts'
import { printable, printablePath } from '../src/inspect/report/printable.ts'
import { progressOn, progressText } from '../src/inspect/report/progress.ts'
import { count, duration, percent, plural, size, time } from '../src/inspect/report/quantity.ts'
import { spark } from '../src/inspect/report/spark.ts'
import { middle, table } from '../src/inspect/report/table.ts'
import { wrap, wrapCommand } from '../src/inspect/report/wrap.ts'

describe('hostile text', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['a\u0000b', 'a\\x00b'],
    ['\u009b31m', '\\x9b31m'],
    ['\u0090q\u009c', '\\x90q\\x9c'],
    ['abc\u202etxt.exe', 'abc\\u{202e}txt.exe'],
    ['\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['line\r\nbreak\ttab\u2028', 'line\\x0d\\x0abreak\\x09tab\\u{2028}'],
    ['\u007f', '\\x7f'],
    ['раypal', '\\u{440}\\u{430}ypal'],
    ['\u{1f600}', '\\u{1f600}'],
    ['\ud800', '\\u{d800}'],
    ['\ufffd', '\\u{fffd}'],
    ['plain.example \\032~', 'plain.example \\032~'],
  ])('%j is shown as %s', (text, shown) => {
    expect(printable(text)).toBe(shown)
    expect(printable(shown)).toBe(shown)
  })

  test('every single control and formatting character is escaped, in paths too', () => {
    for (let code = 0; code < 0x3000; code++) {
      const character = String.fromCodePoint(code)
      expect(printable(character)).toMatch(/^[ -~]+$/)
      expect(printablePath(character)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    }
  })

  test('a path keeps its letters', () => {
    expect(printablePath('fälle/Дело-42.pcap')).toBe('fälle/Дело-42.pcap')
    expect(printablePath('a\u001b[2J\u202eb\u200bc')).toBe('a\\x1b[2J\\u{202e}b\\u{200b}c')
  })

  test('JSON text is equal when parsed and holds nothing but printable ASCII', () => {
    const value = { name: '\u009b31m\u202e\u{1f600}é\u007f\u2028', n: 1 }
    expect(jsonText(value)).toMatch(/^[ -~]*$/)
    expect(JSON.parse(jsonText(value))).toEqual(value)
  })
})

describe('tables', () => {
  test('columns are as wide as their data, numbers stand right', () => {
    const columns = [{ title: 'name' }, { title: 'queries', right: true }]
    expect(
      table(
        columns,
        [
          ['a.example', '1'],
          ['b', '1,234'],
        ],
        80,
      ),
    ).toEqual(['name       queries', 'a.example        1', 'b            1,234'])
  })

  test('long names are cut in the middle so that every line fits', () => {
    const long = `${'a'.repeat(200)}.example.org`
    const columns = [{ title: 'name' }, { title: 'data' }, { title: 'when', fixed: true }]
    const lines = table(columns, [[long, long, '2026-01-01T00:00:00Z']], 60)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
    expect(lines[1]).toMatch(/^aaa+….*ample\.org {2}a+….*ample\.org {2}2026-01-01T00:00:00Z$/)
    expect(table(columns, [[long, 'x', 'y']], Infinity)[1]).toContain(long)
  })

  test.each([
    ['abcdefghij', 10, 'abcdefghij'],
    ['abcdefghijk', 10, 'abcd…ghijk'],
    ['abcdef', 1, '…'],
    ['abcdef', 0, ''],
  ])('%s cut to %i is %s', (text, width, cut) => {
    expect(middle(text, width)).toBe(cut)
  })
})

describe('wrapping', () => {
  test('breaks at spaces, and words that are longer than a line anywhere', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
    expect(wrap('', 4)).toEqual([''])
  })

  test('a command over several lines is one command when pasted', () => {
    const command = `overhear hunt name 'it'\\''s here' --store ./case-42 --json`
    const lines = wrapCommand(command, 30)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/ \\$/)
    expect(lines.join('\n').replace(/ \\\n +/g, ' ')).toBe(command)
  })
})

describe('numbers, times and bars', () => {
  test.each([
    [0.0004, '0 ms'],
    [0.35, '350 ms'],
    [0.9996, '1.0 s'],
    [42, '42 s'],
    [59.7, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [18_120, '5 h 2 min'],
    [1_051_200, '12 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })

  test('counts, sizes and shares are short and never round something to nothing', () => {
    expect(count(1_234_567)).toBe('1,234,567')
    expect(count(4.256)).toBe('4.26')
    expect([0.00092, -0.0123, 0.5, 0].map(count)).toEqual(['0.00092', '-0.012', '0.5', '0'])
    expect(plural(1, 'query')).toBe('1 query')
    expect(['query', 'day', 'address', 'prefix'].map((one) => plural(2, one))).toEqual([
      '2 queries',
      '2 days',
      '2 addresses',
      '2 prefixes',
    ])
    expect([size(0), size(1023), size(1536), size(3 * 2 ** 30)]).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '3.0 GiB',
    ])
    expect([percent(0), percent(0.00001), percent(0.125), percent(0.9999), percent(1)]).toEqual([
      '0 %',
      '<0.1 %',
      '12.5 %',
      '>99.9 %',
      '100 %',
    ])
  })

  test('times are ISO UTC, whether they come from the engine or are ISO already', () => {
    expect(time('2026-01-01 08:00:00.123456789', 9)).toBe('2026-01-01T08:00:00.123456789Z')
    expect(time('2026-01-01T08:00:00.5Z', 3)).toBe('2026-01-01T08:00:00.500Z')
    expect(time('2026-01-01 08:00:00', 0)).toBe('2026-01-01T08:00:00Z')
  })

  test('bars have eight heights, and nothing is a dot', () => {
    expect(spark([0, 1, 2, 3, 4, 5, 6, 7, 8])).toBe('·▁▂▃▄▅▆▇█')
    expect(spark([0, 1, 1000])).toBe('·▁█')
    expect(spark([])).toBe('')
    expect(spark([0, 0])).toBe('··')
  })
})

describe('progress', () => {
  function terminal(columns = 80) {
    const written: string[] = []
    const clock = { ms: 0 }
    const stream = { isTTY: true, columns, write: (text: string) => written.push(text) }
    return { written, clock, progress: progressOn(stream, () => clock.ms) }
  }
  const state = { path: 'breach.pcap', bytes: 0, totalBytes: 100 * 2 ** 20, packets: 0 }

  test('is drawn five times a second at most, on one line, and wiped at the end', () => {
    const { written, clock, progress } = terminal()
    for (clock.ms = 0; clock.ms < 1000; clock.ms += 10) {
      progress.update({ ...state, bytes: clock.ms * 2 ** 15, packets: clock.ms * 1000 })
    }
    expect(written).toHaveLength(5)
    for (const text of written) expect(text).toMatch(/^\r[^\n\r]{1,79}\u001b\[K$/)
    progress.clear()
    expect(written.at(-1)).toBe('\r\u001b[K')
    progress.clear()
    expect(written).toHaveLength(6)
  })

  test('says nothing at all in a pipe', () => {
    const written: string[] = []
    const progress = progressOn({ write: (text: string) => written.push(text) })
    progress.update(state)
    progress.clear()
    expect(written).toEqual([])
  })

  test('tells bytes of total, packets a second and the time left', () => {
    const half = { ...state, bytes: 50 * 2 ** 20, packets: 4_000_000 }
    expect(progressText(half, 4, 79)).toBe(
      'breach.pcap  50.0 MiB of 100.0 MiB, 50 %  1,000,000 packets/s  4 s left',
    )
    expect(progressText({ ...half, totalBytes: 0 }, 4, 79)).toBe(
      'breach.pcap  50.0 MiB  1,000,000 packets/s',
    )
    const long = { ...half, path: `${'x'.repeat(200)}\u001b[2J.pcap` }
    for (const width of [20, 40, 60, 79, 200]) {
      const line = progressText(long, 4, width)
      expect(line.length).toBeLessThanOrEqual(width)
      expect(line).toMatch(/^[ -~…]*$/)
    }
  })
})
