// What a report and the pieces it is drawn with look like: on 80 columns, with hostile text, for machines.
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { severities } from '../src/inspect/detect/detector.ts'
import type { RunResult } from '../src/inspect/detect/run.ts'
import { jsonText, reportJson } from '../src/inspect/report/json.ts'
import { printable, printablePath } from '../src/inspect/report/printable.ts'
import { progressOn, progressText } from '../src/inspect/report/progress.ts'
import { count, duration, percent, plural, size, time } from '../src/inspect/report/quantity.ts'
import { spark } from '../src/inspect/report/spark.ts'
import { plainStyle, styleFor } from '../src/inspect/report/style.ts'
import { middle, table } from '../src/inspect/report/table.ts'
import { reportText } from '../src/inspect/report/text.ts'
import { wrap, wrapCommand } from '../src/inspect/report/wrap.ts'

const layout = { width: 80, style: plainStyle, showSql: false, store: null }

const result: RunResult = {
  window: {
    since: '2026-01-01T08:00:00.000000000Z',
    until: '2026-01-01T12:00:00.000000000Z',
    transactions: 12_345,
  },
  captures: [
    {
      id: 'c0ffee0123456789',
      path: 'breach.pcapng.gz',
      sensor: '',
      first_packet: '2026-01-01T08:00:00.000000000Z',
      last_packet: '2026-01-01T12:00:00.000000000Z',
      packets: 24_700,
    },
  ],
  notes: ['answer-change: no names are watched (--watch FILE), so nothing is found'],
  detectors: [
    { id: 'exfiltration', seconds: 0.042, findings: 1 },
    { id: 'amplification', seconds: 1.25, findings: 0 },
  ],
  findings: [
    {
      id: '0123456789abcdef',
      detector: 'exfiltration',
      rule: 'exfiltration/hour',
      version: 1,
      severity: 'critical',
      score: 85,
      title: 'Data leaves in query names',
      why: 'At most 14,210 bytes could have left from 192.0.2.10 to tunnel.example within one hour: 61 of 61 names were new.',
      subject: { client: '192.0.2.10', domain: 'tunnel.example' },
      first_seen: '2026-01-01T09:00:00.123456789Z',
      last_seen: '2026-01-01T09:03:20.500000000Z',
      measures: {
        compressedBytes: { value: 14_210, threshold: 1024 },
        names: { value: 61, threshold: 8 },
        alphabet: { value: 'base32', threshold: null },
      },
      points: [
        { name: 'information over threshold', points: 60 },
        { name: 'rare query type', points: 35 },
        { name: 'domain is old', points: -10 },
      ],
      counter_evidence: ['none of the known services uses this domain'],
      evidence: Array.from({ length: 7 }, (_, i) => ({
        capture: 'c0ffee0123456789',
        frame: 100 + 2 * i,
        offset: 4096 + i,
        response_frame: i === 0 ? 0 : 101 + 2 * i,
        response_offset: 0,
        ts: `2026-01-01T09:00:0${i}.123456789Z`,
        text: `192.0.2.10 -> 192.0.2.53 TXT ${String(i).repeat(60)}.${'abcdefgh'.repeat(6)}.tunnel.example, NOERROR, 1 answer`,
      })),
      attack: ['T1048.003', 'T1071.004'],
      benign_causes: [
        'antivirus and reputation look-ups that put a hash of a file into the name they ask for',
      ],
      next: ['overhear hunt client 192.0.2.10', 'overhear hunt domain tunnel.example'],
      sql: "SELECT client\nFROM transactions\nWHERE domain = 'tunnel.example'",
    },
    {
      id: 'fedcba9876543210',
      detector: 'exfiltration',
      rule: 'exfiltration/day',
      version: 1,
      severity: 'medium',
      score: 40,
      title: 'Hostile \u001b[31mtitle',
      why: 'a\u0000b\u009b31mc\u202ed',
      subject: { domain: 'evil\u001b]0;owned\u0007.example' },
      first_seen: '2026-01-01T09:00:00.000000000Z',
      last_seen: '2026-01-01T09:00:00.000000000Z',
      measures: {},
      points: [{ name: 'x\r\ny', points: 40 }],
      counter_evidence: [],
      evidence: [
        {
          capture: 'c0ffee0123456789',
          frame: 7,
          offset: 1,
          response_frame: 8,
          response_offset: 2,
          ts: '2026-01-01T09:00:00.000000000Z',
          text: 'TXT "\u001b[2J\u2066"',
        },
      ],
      attack: [],
      benign_causes: [],
      next: [`overhear hunt name '${'a'.repeat(63)}.${'b'.repeat(63)}.example'`],
      sql: 'SELECT 1',
    },
  ],
}

test('a report at 80 columns reads like this', () => {
  expect(`\n${reportText(result, layout).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    2 findings: 1 critical, 1 medium

    captures   breach.pcapng.gz (24,700 packets)
    window     2026-01-01T08:00:00Z to 2026-01-01T12:00:00Z (4 h)
    read       24,700 packets, 12,345 DNS transactions
    detectors  exfiltration   1 finding  42 ms
               amplification    nothing  1.3 s
    note       answer-change: no names are watched (--watch FILE), so nothing is
               found

    -- 1 of 2 ----------------------------------------------------------------------
    CRITICAL  Data leaves in query names
      client 192.0.2.10, domain tunnel.example

      At most 14,210 bytes could have left from 192.0.2.10 to tunnel.example within
      one hour: 61 of 61 names were new.

      since      2026-01-01T09:00:00.123Z
      until      2026-01-01T09:03:20.500Z (3 min 20 s)
      score      85 points (alert, from 50 on), the sum of
                  +60  information over threshold
                  +35  rare query type
                  -10  domain is old

      measured             value  threshold
        compressed bytes  14,210      1,024
        names                 61          8
        alphabet          base32          -

      speaks against it
        - none of the known services uses this domain

      evidence
        frame 100, 2026-01-01T09:00:00.123456Z
          192.0.2.10 -> 192.0.2.53 TXT
          000000000000000000000000000000000000…defghabcdefghabcdefgh.tunnel.example,
          NOERROR, 1 answer
        frames 102 and 103, 2026-01-01T09:00:01.123456Z
          192.0.2.10 -> 192.0.2.53 TXT
          111111111111111111111111111111111111…defghabcdefghabcdefgh.tunnel.example,
          NOERROR, 1 answer
        frames 104 and 105, 2026-01-01T09:00:02.123456Z
          192.0.2.10 -> 192.0.2.53 TXT
          222222222222222222222222222222222222…defghabcdefghabcdefgh.tunnel.example,
          NOERROR, 1 answer
        frames 106 and 107, 2026-01-01T09:00:03.123456Z
          192.0.2.10 -> 192.0.2.53 TXT
          333333333333333333333333333333333333…defghabcdefghabcdefgh.tunnel.example,
          NOERROR, 1 answer
        frames 108 and 109, 2026-01-01T09:00:04.123456Z
          192.0.2.10 -> 192.0.2.53 TXT
          444444444444444444444444444444444444…defghabcdefghabcdefgh.tunnel.example,
          NOERROR, 1 answer
        and 2 more with --json

      harmless when it is
        - antivirus and reputation look-ups that put a hash of a file into the name
          they ask for

      look next
        overhear hunt client 192.0.2.10
        overhear hunt domain tunnel.example

      ATT&CK     T1048.003, T1071.004
      finding    0123456789abcdef, rule exfiltration/hour v1

    -- 2 of 2 ----------------------------------------------------------------------
    MEDIUM  Hostile \\x1b[31mtitle
      domain evil\\x1b]0;owned\\x07.example

      a\\x00b\\x9b31mc\\u{202e}d

      since      2026-01-01T09:00:00.000Z
      until      2026-01-01T09:00:00.000Z
      score      40 points (review, from 30 on), the sum of
                  +40  x\\x0d\\x0ay

      speaks against it
        nothing was found

      evidence
        frames 7 and 8, 2026-01-01T09:00:00.000000Z
          TXT "\\x1b[2J\\u{2066}"

      look next
        overhear hunt name \\
          'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example'

      finding    fedcba9876543210, rule exfiltration/day v1

    --------------------------------------------------------------------------------
    To look further keep the captures in a store: overhear ingest FILE...
    Every finding is a query: give --sql to see it.
    "
  `)
})

test('no line of a report is over 80 columns but a command that cannot be broken, and none can act on a terminal', () => {
  const hostile = JSON.stringify(result).replaceAll(
    'tunnel.example',
    `${'x'.repeat(300)}.\\u001b[5m\\u061c`,
  )
  for (const each of [result, JSON.parse(hostile) as RunResult]) {
    for (const line of reportText(each, { ...layout, showSql: true })) {
      expect(line).toMatch(/^[ -~…]*$/)
      const isPasted =
        line.includes('overhear hunt') || /^ {4,}(SELECT|FROM|WHERE|\S{77,}$)/.test(line)
      if (!isPasted) expect(line.length, line).toBeLessThanOrEqual(80)
    }
  }
})

test('a report without findings says what was looked at, and a report of an empty store says so', () => {
  const none = { ...result, findings: [], notes: [] }
  const text = reportText(none, layout).join('\n')
  expect(text).toMatch(/^No findings\n/)
  expect(text).toContain('breach.pcapng.gz (24,700 packets)')
  const empty = { ...none, captures: [], window: { since: null, until: null, transactions: 0 } }
  expect(reportText(empty, layout).join('\n')).toContain('there is nothing in this stretch of time')
})

test('a report over a store names the store to add to its commands, and shows SQL when asked', () => {
  const text = reportText(result, { ...layout, store: './case-42', showSql: true }).join('\n')
  expect(text).toContain('Add to each command: --store ./case-42')
  expect(text).toContain("    WHERE domain = 'tunnel.example'")
  expect(text).not.toContain('give --sql')
})

test('with several captures each frame says which one it is in', () => {
  const other = { ...result.captures[0], id: 'other', path: 'täglich/\u202eb.pcap' }
  const text = reportText({ ...result, captures: [...result.captures, other] }, layout).join('\n')
  expect(text).toContain('frame 100 of breach.pcapng.gz, 2026-01-01T09:00:00.123456Z')
  expect(text).toContain('täglich/\\u{202e}b.pcap (24,700 packets)')
})

test('the JSON report is the contract, field by field, and pure ASCII', () => {
  const text = reportJson(result)
  expect(text).toMatch(/^[\n -~]*$/)
  const parsed = JSON.parse(text) as RunResult
  expect(parsed).toEqual(result)
  expect(Object.keys(parsed).sort()).toEqual([
    'captures',
    'detectors',
    'findings',
    'notes',
    'window',
  ])
  for (const detector of parsed.detectors) {
    expect(detector).toEqual({
      id: expect.any(String),
      seconds: expect.any(Number),
      findings: expect.any(Number),
    })
  }
  for (const finding of parsed.findings) {
    expect(finding).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      detector: expect.any(String),
      rule: expect.any(String),
      version: expect.any(Number),
      severity: expect.toSatisfy((severity) => severities.includes(severity as 'low')),
      score: expect.any(Number),
      title: expect.any(String),
      why: expect.any(String),
      subject: expect.any(Object),
      first_seen: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
      last_seen: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
      measures: expect.any(Object),
      points: expect.any(Array),
      counter_evidence: expect.any(Array),
      evidence: expect.any(Array),
      attack: expect.any(Array),
      benign_causes: expect.any(Array),
      next: expect.any(Array),
      sql: expect.any(String),
    })
    expect(finding.points.reduce((sum, part) => sum + part.points, 0)).toBe(finding.score)
    for (const measure of Object.values(finding.measures)) {
      expect(Object.keys(measure).sort()).toEqual(['threshold', 'value'])
    }
    for (const item of finding.evidence) {
      expect(item).toMatchObject({
        capture: expect.any(String),
        frame: expect.any(Number),
        offset: expect.any(Number),
        ts: expect.any(String),
        text: expect.any(String),
      })
    }
  }
})

test('colour is for a terminal: none in a pipe, and no yellow, which a white background hides', () => {
  const pipe = styleFor(new PassThrough())
  expect(pipe.bold('x') + pipe.severity('critical', 'y')).toBe('xy')
  const terminal = styleFor(Object.assign(new PassThrough(), { isTTY: true }))
  expect(terminal.bold('x')).toBe('\u001b[1mx\u001b[22m')
  for (const severity of severities) {
    expect(terminal.severity(severity, 'x')).not.toMatch(/\[(33|93|37|97|30)m/)
  }
})

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
    expect(plural(1, 'query', 'queries')).toBe('1 query')
    expect(plural(2, 'query', 'queries')).toBe('2 queries')
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
