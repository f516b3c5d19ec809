// Reports as HTML, Markdown and OCSF: what they hold, and that nothing a packet says becomes markup.

import { describe, expect, test } from 'vitest'
import type { Report } from '../src/inspect/findings/report.ts'
import { reportHtml } from '../src/inspect/report/html-report.ts'
import { reportMarkdown } from '../src/inspect/report/markdown.ts'
import { reportOcsf } from '../src/inspect/report/ocsf.ts'
import { finding, report } from './report-example.ts'

/** Everything that means something to a browser, a Markdown renderer or a terminal. */
const hostile = [
  '<script>alert(1)</script>',
  `" onload="alert(1)' x='`,
  '</code></pre><img src=x onerror=alert(1)>',
  '\u001b[31m\u0007\u0000\u009b',
  '\u202etxt.exe\u2066\u200b',
  '](javascript:alert(1)) ![x](http://evil.example/x.png)',
  '`` ` `code` ``` |cell| *b* _i_ ~~s~~ $x$',
  'www.evil.example http://evil.example a@evil.example',
  '&lt;b&gt; &amp; &#60;',
  '<!-- --><![CDATA[',
  'line\r\nbreak\n# heading\n- item',
].join(' ')

/** Fields that are ours: ids, times, words of a list. */
const kept = new Set(
  'id since until first_seen last_seen first_packet last_packet known_since evaluated ts severity entry sign side'.split(
    ' ',
  ),
)

/** The report with every text replaced. */
const attacked = JSON.parse(JSON.stringify(report), (key, value: unknown) =>
  typeof value === 'string' && !kept.has(key) ? hostile : value,
) as Report

const store = null

describe('an HTML report', () => {
  const html = reportHtml(report, { store })
  /** Tags without their attributes, in the order they come. */
  const tagsOf = (page: string) => [...page.matchAll(/<(\/?[a-z][a-z0-9]*)/g)].map(([, tag]) => tag)

  test('says what the text says, in one file that loads and runs nothing', () => {
    for (const text of [
      '<h1>1 finding: 1 critical</h1>',
      'At most 14,210 bytes could have left.',
      '2026-01-01T09:00:00.123Z to 2026-01-01T09:03:20.500Z (3 min 20 s)',
      '85 points: an alert (from 50)',
      '+95 bytes over the threshold<br>-10 domain is old',
      '1 in 4.3e9',
      'since the report of 2026-01-02T00:00:00Z, with 60 points before',
      '<td>compressed bytes</td><td class="right">14,210</td><td class="right">1,024</td><td class="right">472</td>',
      'the domain was first seen 2025-01-01',
      'frames 5 and 6 of fälle/breach.pcapng.gz, 2026-01-01T09:00:00.123456Z',
      'T1048.003, T1572',
      'overhear hunt domain tunnel.example',
      'WHERE domain = &#39;tunnel.example&#39;',
      'entry ab12cd34 leaves out 1 finding until 2026-12-31: mail filter',
      'Two answers to one query differ: client 192.0.2.12, name www.example.org',
      '<td>-</td><td><code>A 198.51.100.25</code></td><td>from 2026-01-01T09:00:00Z, 53 answers, TTL 3600, for 1 h</td>',
      '<p>exposed from 2026-01-01T10:00:00Z to 2026-01-01T11:00:00Z</p>',
      '<li>_dmarc.example.org TXT: never</li>',
      '<p>given to 192.0.2.7, 192.0.2.8 and 1 more</p>',
      '<td>frame</td><td>373 of fälle/breach.pcapng.gz</td><td></td><td>374 of fälle/breach.pcapng.gz</td>',
      '<td>IP TTL</td><td>41 (usual: 119)</td><td>≠</td><td>119 (usual: 119)</td>',
      '<td>rcode</td><td>NOERROR</td><td></td><td>NOERROR</td>',
      '- A 203.0.113.66, TTL 86400\n  A 198.51.100.1, TTL 60\n+ A 198.51.100.80, TTL 300',
    ]) {
      expect(html).toContain(text)
    }
    expect(html).not.toContain('exposed until')
    expect(html).not.toMatch(
      /<(script|img|iframe|object|embed|form|base)\b|\ssrc=|\son[a-z]+=|url\(|@import/i,
    )
    expect(html).toContain(`default-src 'none'`)
    expect(html).not.toMatch(/href="(?!#f-[0-9a-f]{16}")/)
  })

  test('closes what it opens', () => {
    const open: string[] = []
    for (const tag of tagsOf(html)) {
      if (['meta', 'br'].includes(tag)) continue
      if (!tag.startsWith('/')) open.push(tag)
      else expect(open.pop()).toBe(tag.slice(1))
    }
    expect(open).toEqual([])
  })

  test('has the same markup whatever a packet put into its texts', () => {
    const page = reportHtml(attacked, { store })
    const ours = new Set(tagsOf(html))
    expect(tagsOf(page).filter((tag) => !ours.has(tag))).toEqual([])
    expect(tagsOf(page)).toEqual(tagsOf(html))
    const body = page.slice(page.indexOf('<body>'))
    expect(body).not.toMatch(/<script|<img|<!--|<!\[/i)
    for (const [tag] of body.matchAll(/<[^>]*>/g)) {
      expect(tag).toMatch(/^<\/?[a-z0-9]+( (class|id|href|scope)="[a-z0-9 #-]*")*>$/)
    }
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain('\\x1b[31m\\x07\\x00\\x9b')
    expect(page).toContain('\\u{202e}txt.exe\\u{2066}\\u{200b}')
    expect(page).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/,
    )
  })

  test('of nothing says so', () => {
    const window = { since: null, until: null, transactions: 0 }
    const none = { ...report, window, findings: [], allowed: [], gone: [], notes: [] }
    const page = reportHtml(none, { store: './case-42' })
    expect(page).toContain('<h1>No findings</h1>')
    expect(page).toContain('there is nothing in this stretch of time')
    expect(page).toContain('./case-42')
    const first = reportHtml({ ...none, captures: [] }, { store: './case-42' })
    expect(first).toContain('nothing was put into this store yet')
  })
})

describe('a Markdown report', () => {
  test('says what the text says', () => {
    const text = reportMarkdown(report, { store })
    for (const line of [
      '# Overhear report: 1 finding: 1 critical',
      '## 1. CRITICAL: Data leaving in DNS names',
      'At most 14,210 bytes could have left.',
      '|  | -10 domain is old |',
      '| compressed bytes | 14,210 | 1,024 | 472 |',
      '- the domain was first seen 2025-01-01',
      '- frames 5 and 6 of fälle/breach.pcapng.gz, 2026-01-01T09:00:00.123456Z: `192.0.2.10 -> 192.0.2.53 TXT aaaa.tunnel.example, NOERROR, 1 answer`',
      '- `overhear hunt domain tunnel.example`',
      "    WHERE domain = 'tunnel.example'",
      '    - A 198.51.100.25, from 2026-01-01T09:00:00Z, 53 answers, TTL 3600, for 1 h',
      '  - \\_dmarc.example.org TXT: never',
      '- given to 192.0.2.7, 192.0.2.8 and 1 more',
      '|  | came first |  | came second |',
      '| frame | 373 of fälle/breach.pcapng.gz |  | 374 of fälle/breach.pcapng.gz |',
      '| IP TTL | 41 (usual: 119) | ≠ | 119 (usual: 119) |',
      '| rcode | NOERROR |  | NOERROR |',
      '    + A 198.51.100.80, TTL 300',
      '- 1 finding allowed by 1 entry:',
      '- No longer found: Two answers to one query differ, client 192.0.2.12, name www\\.example.org (finding bbbbbbbbbbbbbbbb)',
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  test('has the same lines whatever a packet put into its texts, and no link, tag or break in them', () => {
    const text = reportMarkdown(attacked, { store })
    const proseOf = (each: string) => each.split('**SQL**')[0].split('\n').length
    expect(proseOf(text)).toBe(proseOf(reportMarkdown(report, { store })))
    const outsideCode = text
      .split('\n')
      .filter((line) => !line.startsWith('    '))
      .map((line) => line.replace(/(`+)[^`](?:.*?[^`])?\1(?!`)/g, ''))
      .join('\n')
    expect(outsideCode).not.toMatch(/<(?!br>)/)
    expect(outsideCode).not.toMatch(/(?<!\\)\]\(|(?<!\\)!?\[/)
    expect(outsideCode).not.toMatch(/:\/\/|www\.|[^\\]@/)
    expect(text).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/,
    )
  })
})

test('an answer in the next file of a rotation is said to be there', () => {
  const [item] = finding.evidence
  const evidence = [{ ...item, response_capture: 'next', response_frame: 1 }]
  const rotated = { ...report, findings: [{ ...finding, evidence }] }
  const place = 'frame 5 of fälle/breach.pcapng.gz and frame 1 of next'
  expect(reportHtml(rotated, { store })).toContain(`${place}, `)
  expect(reportMarkdown(rotated, { store })).toContain(`${place}, `)
})

describe('an OCSF report', () => {
  const events = reportOcsf(report)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

  test('has a Detection Finding for each finding, suppressed and closed ones too', () => {
    expect(events).toMatchObject([
      {
        class_uid: 2004,
        category_uid: 2,
        activity_id: 2,
        type_uid: 200402,
        severity_id: 5,
        severity: 'Critical',
        status_id: 1,
        is_alert: true,
        risk_score: 85,
        confidence_score: 85,
        time: Date.parse('2026-01-03T00:00:00Z'),
        start_time: Date.parse('2026-01-01T09:00:00.123Z'),
        end_time: Date.parse('2026-01-01T09:03:20.500Z'),
        metadata: { version: '1.7.0', product: { name: 'Overhear' } },
        finding_info: {
          uid: '0123456789abcdef',
          title: 'Data leaving in DNS names',
          desc: 'At most 14,210 bytes could have left.',
          created_time: Date.parse('2026-01-02T00:00:00Z'),
          analytic: { uid: 'exfiltration/volume-1h', version: '1', type_id: 1 },
          attacks: [
            { technique: { uid: 'T1048' }, sub_technique: { uid: 'T1048.003' } },
            { technique: { uid: 'T1572' } },
          ],
        },
        anomaly_analyses: [
          {
            analysis_target: {
              name: 'client 192.0.2.10, server 192.0.2.53, domain tunnel.example, type TXT',
            },
            anomalies: [
              { observed_attribute: 'compressed bytes', observations: [{ value: '14210' }] },
            ],
            baselines: [
              { observed_attribute: 'compressed bytes', observations: [{ value: '472' }] },
            ],
          },
        ],
        evidences: [
          {
            src_endpoint: { ip: '192.0.2.10' },
            dst_endpoint: { ip: '192.0.2.53' },
            query: { hostname: 'tunnel.example', type: 'TXT' },
            data: { path: 'fälle/breach.pcapng.gz', frame: 5, response_frame: 6 },
          },
        ],
        unmapped: {
          diff: [
            { sign: '-', data: '198.51.100.25' },
            { sign: '+', data: '203.0.113.77' },
          ],
          contrast: { first: { frame: 373 }, records: [{ side: 'first' }, {}, {}] },
        },
        observables: [
          { type_id: 2, value: '192.0.2.10' },
          { type_id: 2, value: '192.0.2.53' },
          { type_id: 1, value: 'tunnel.example' },
        ],
      },
      {
        activity_id: 2,
        status_id: 3,
        status: 'Suppressed',
        is_alert: false,
        finding_info: { uid: 'aaaaaaaaaaaaaaaa' },
        unmapped: { allow_entry: 'ab12cd34', reason: 'mail filter' },
      },
      {
        activity_id: 3,
        type_uid: 200403,
        status_id: 4,
        finding_info: { uid: 'bbbbbbbbbbbbbbbb' },
      },
    ])
  })

  test('is pure ASCII, a line each, and without a wall clock for files', () => {
    expect(reportOcsf(attacked)).toMatch(/^[\n -~]*$/)
    expect(reportOcsf(attacked).trimEnd().split('\n')).toHaveLength(3)
    const { evaluated: _evaluated, ...files } = report
    const [event] = reportOcsf({ ...files, findings: [{ ...finding, known_since: null }] }).split(
      '\n',
    )
    expect(JSON.parse(event)).toMatchObject({
      activity_id: 1,
      time: Date.parse('2026-01-01T09:03:20.500Z'),
    })
    expect(reportOcsf({ ...report, findings: [], allowed: [], gone: [] })).toBe('')
  })
})
