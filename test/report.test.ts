// What a report and the pieces it is drawn with look like: on 80 columns, with hostile text, for machines.
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { severities } from '../src/inspect/detect/detector.ts'
import type { Report } from '../src/inspect/findings/report.ts'
import { reportJson } from '../src/inspect/report/json.ts'
import { styleFor } from '../src/inspect/report/style.ts'
import { plainStyle } from './plain-style.ts'
import { reportText } from '../src/inspect/report/text.ts'

const layout = { width: 80, style: plainStyle, showSql: false, store: null }

const result: Report = {
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
      looked_at: ['3 of 40 clients asked this domain'],
      odds: '1 in 4.3e9',
      evidence: Array.from({ length: 7 }, (_, i) => ({
        capture: 'c0ffee0123456789',
        frame: 100 + 2 * i,
        response_frame: i === 0 ? 0 : 101 + 2 * i,
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
      looked_at: [],
      odds: null,
      evidence: [
        {
          capture: 'c0ffee0123456789',
          frame: 7,
          response_frame: 8,
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

       1  CRITICAL  192.0.2.10, tunnel.example: Data leaves in query names
       2  MEDIUM    evil\\x1b]0;owned\\x07.example: Hostile \\x1b[31mtitle

    -- 1 of 2 ----------------------------------------------------------------------
    CRITICAL  Data leaves in query names
      client 192.0.2.10, domain tunnel.example

      At most 14,210 bytes could have left from 192.0.2.10 to tunnel.example within
      one hour: 61 of 61 names were new.

      since      2026-01-01T09:00:00.123Z
      until      2026-01-01T09:03:20.500Z (3 min 20 s)
      score      85 points: an alert (from 50), the sum of
                  +60  information over threshold
                  +35  rare query type
                  -10  domain is old
      odds       1 in 4.3e9 that this is chance

      measured             value  threshold
        compressed bytes  14,210      1,024
        names                 61          8
        alphabet          base32          -

      speaks against it
        - none of the known services uses this domain

      looked at
        - 3 of 40 clients asked this domain

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
      score      40 points: worth a look (from 30), the sum of
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
    To look further keep what was read, and add --store ./case to each command:
      overhear ingest breach.pcapng.gz --store ./case
    Every finding is a query: give --sql to see it.
    "
  `)
})

test('no line of a report is over 80 columns but a command that cannot be broken, and none can act on a terminal', () => {
  const hostile = JSON.stringify(result).replaceAll(
    'tunnel.example',
    `${'x'.repeat(300)}.\\u001b[5m\\u061c`,
  )
  for (const each of [result, JSON.parse(hostile) as Report]) {
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
  expect(reportText(empty, layout).join('\n')).toContain('nothing was put into this store yet')
})

test('in a long report findings of one title are whole three times, then in short, and share a line above', () => {
  const [first] = result.findings
  const findings = Array.from({ length: 30 }, (_, i) => ({ ...first, id: `id-${i}` }))
  const text = reportText({ ...result, findings }, layout)
  expect(text.filter((line) => line.startsWith('  evidence'))).toHaveLength(3)
  expect(text.filter((line) => line.includes('as those above'))).toHaveLength(27)
  expect(text.filter((line) => line.includes('30 times: '))).toHaveLength(1)
  expect(text.filter((line) => line.length > 80)).toEqual([])
  const few = reportText({ ...result, findings: findings.slice(0, 20) }, layout)
  expect(few.filter((line) => line.startsWith('  evidence'))).toHaveLength(20)
})

test('a report over a store names the store to add to its commands, and shows SQL when asked', () => {
  const text = reportText(result, { ...layout, store: './case-42', showSql: true }).join('\n')
  expect(text).toContain('Add to each command: --store ./case-42')
  expect(text).toContain("    WHERE domain = 'tunnel.example'")
  expect(text).not.toContain('give --sql')
})

test('a report over a store says what is new, what scored otherwise before, what is allowed and what is gone', () => {
  const [first, second] = result.findings
  const remembered: Report = {
    ...result,
    evaluated: '2026-01-03T00:00:00.000Z',
    findings: [
      { ...first, known_since: '2026-01-02T00:00:00.000Z', previous_score: 60 },
      { ...second, known_since: '2026-01-03T00:00:00.000Z', previous_score: null },
    ],
    allowed: [
      {
        ...first,
        id: 'aaaaaaaaaaaaaaaa',
        entry: 'ab12cd34',
        reason: 'a\u202eb',
        until: '2026-12-31T00:00:00.000Z',
      },
    ],
    gone: [{ ...first, id: 'bbbbbbbbbbbbbbbb', known_since: '2026-01-02T00:00:00.000Z' }],
  }
  const text = reportText(remembered, { ...layout, store: './case-42' }).join('\n')
  for (const line of [
    '2 findings: 1 critical, 1 medium (1 new)',
    'allowed    1 finding allowed by 1 entry, left out here',
    '           entry ab12cd34 leaves out 1 finding until 2026-12-31: a\\u{202e}b',
    'gone       Data leaves in query names: client 192.0.2.10, domain tunnel.example',
    '           (bbbbbbbbbbbbbbbb)',
    '  known      since the report of 2026-01-02T00:00:00Z, with 60 points before',
    '  known      new in this report',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('what is ordinary stands beside what was measured, and what is too long for a column below', () => {
  const [first] = result.findings
  const measures = {
    bytes: { value: 14_210, threshold: 1024, baseline: 472 },
    chance: { value: 0.00092, threshold: null },
    seen: { value: '2026-01-01T09:00:00.123456789Z', threshold: null },
    clients: { value: '192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4', threshold: null },
  }
  const text = reportText({ ...result, findings: [{ ...first, measures }] }, layout).join('\n')
  expect(text).toContain(`
  measured                     value  threshold  ordinary
    bytes                     14,210      1,024       472
    chance                   0.00092          -         -
    seen    2026-01-01T09:00:00.123Z          -         -
    clients: 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4
`)
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
  const parsed = JSON.parse(text) as Report
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
      looked_at: expect.any(Array),
      odds: expect.toSatisfy((odds) => odds === null || typeof odds === 'string'),
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
