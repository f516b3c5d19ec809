// A report with one of each: what the forms of a report are tested with.

import type { Report, ReportedFinding } from '../src/inspect/findings/report.ts'

/** One finding of everything a finding can hold. */
export const finding: ReportedFinding = {
  id: '0123456789abcdef',
  detector: 'exfiltration',
  rule: 'exfiltration/volume-1h',
  version: 1,
  severity: 'critical',
  score: 85,
  title: 'Data leaving in DNS names',
  why: 'At most 14,210 bytes could have left.',
  subject: { client: '192.0.2.10', server: '192.0.2.53', domain: 'tunnel.example', type: 'TXT' },
  first_seen: '2026-01-01T09:00:00.123456789Z',
  last_seen: '2026-01-01T09:03:20.500000000Z',
  measures: {
    compressed_bytes: { value: 14_210, threshold: 1024, baseline: 472 },
    alphabet: { value: 'base32', threshold: null },
    exposed_from: { value: '2026-01-01T10:00:00.000000000Z', threshold: null },
    exposed_until: { value: '2026-01-01T11:00:00.000000000Z', threshold: null },
    exposed_clients: { value: 3, threshold: null },
    clients: { value: '192.0.2.7 192.0.2.8', threshold: null },
  },
  points: [
    { name: 'bytes over the threshold', points: 95 },
    { name: 'domain is old', points: -10 },
  ],
  counter_evidence: ['the domain was first seen 2025-01-01'],
  looked_at: ['no packet is known to be lost'],
  odds: '1 in 4.3e9',
  diff: [
    {
      sign: '-',
      type: 'A',
      data: '198.51.100.25',
      ttl: 3600,
      first: '2026-01-01T09:00:00.000000000Z',
      last: '2026-01-01T10:00:00.000000000Z',
      answers: 53,
    },
    {
      sign: '+',
      type: 'A',
      data: '203.0.113.77',
      ttl: 60,
      first: '2026-01-01T10:00:00.000000000Z',
      last: '2026-01-01T10:00:00.000000000Z',
      answers: 1,
    },
  ],
  contrast: {
    first: { title: 'came first', capture: 'c0ffee0123456789', frame: 373 },
    second: { title: 'came second', capture: 'c0ffee0123456789', frame: 374 },
    facts: [
      { name: 'IP TTL', first: '41 (usual: 119)', second: '119 (usual: 119)' },
      { name: 'rcode', first: 'NOERROR', second: 'NOERROR' },
    ],
    records: [
      { side: 'first', text: 'A 203.0.113.66, TTL 86400' },
      { side: 'both', text: 'A 198.51.100.1, TTL 60' },
      { side: 'second', text: 'A 198.51.100.80, TTL 300' },
    ],
  },
  evidence: [
    {
      capture: 'c0ffee0123456789',
      frame: 5,
      response_frame: 6,
      ts: '2026-01-01T09:00:00.123456789Z',
      text: '192.0.2.10 -> 192.0.2.53 TXT aaaa.tunnel.example, NOERROR, 1 answer',
    },
  ],
  attack: ['T1048.003', 'T1572'],
  benign_causes: ['reputation look-ups'],
  next: ['overhear hunt domain tunnel.example'],
  sql: "SELECT client\nFROM transactions\nWHERE domain = 'tunnel.example'",
  known_since: '2026-01-02T00:00:00.000Z',
  previous_score: 60,
}

/** A report that holds it, with everything else a report can hold. */
export const report: Report = {
  window: {
    since: '2026-01-01T08:00:00.000000000Z',
    until: '2026-01-01T12:00:00.000000000Z',
    transactions: 12_345,
  },
  captures: [
    {
      id: 'c0ffee0123456789',
      path: 'fälle/breach.pcapng.gz',
      sensor: '',
      first_packet: '2026-01-01T08:00:00.000000000Z',
      last_packet: '2026-01-01T12:00:00.000000000Z',
      packets: 24_700,
    },
  ],
  notes: ['one direction only is captured'],
  detectors: [{ id: 'exfiltration', seconds: 0.042, findings: 1 }],
  findings: [finding],
  unobserved: [{ name: '_dmarc.example.org', types: ['TXT'], last_seen: null }],
  evaluated: '2026-01-03T00:00:00.000Z',
  allowed: [
    {
      id: 'aaaaaaaaaaaaaaaa',
      entry: 'ab12cd34',
      reason: 'mail filter',
      until: '2026-12-31T00:00:00.000Z',
      detector: 'exfiltration',
      rule: 'exfiltration/volume-1h',
      severity: 'high',
      score: 55,
      title: 'Data leaving in DNS names',
      subject: { client: '192.0.2.11', domain: 'filter.example' },
      first_seen: '2026-01-01T09:00:00.000000000Z',
      last_seen: '2026-01-01T09:03:20.000000000Z',
    },
  ],
  gone: [
    {
      id: 'bbbbbbbbbbbbbbbb',
      detector: 'poisoning',
      rule: 'poisoning/two-answers',
      title: 'Two answers to one query differ',
      subject: { client: '192.0.2.12', name: 'www.example.org' },
      first_seen: '2026-01-01T09:00:00.000000000Z',
      last_seen: '2026-01-01T09:00:00.000000000Z',
      known_since: '2026-01-02T00:00:00.000Z',
    },
  ],
}
