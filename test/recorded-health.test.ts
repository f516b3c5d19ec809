// The recorded zones with faults: health names each of them, for the reason it has, and nothing else; no other detector says anything.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ingestFiles } from '../src/ingest/files.ts'
import type { Finding } from '../src/inspect/detect/detector.ts'
import { detectors, onRequest } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { database, useStore } from './detect-fixture.ts'

useStore()

interface Faulty {
  domain: string
  servers: string[]
  event: string
  rules: string[]
}

test('each fault of the recorded zones is named, once, and nothing that works', async () => {
  const path = join(import.meta.dirname, '../samples/recorded/health-zones.pcap.gz')
  expect(statSync(path).size).toBeLessThan(100_000)
  const label = JSON.parse(readFileSync(path.replace('.pcap.gz', '.json'), 'utf8'))
  const zones = label.health as Faulty[]
  expect((await ingestFiles([path], database)).problems).toEqual([])
  const { findings, notes } = await run(database, onRequest)
  expect(notes).toEqual([])
  const found = zones.map(({ event }) => ({ event, rules: new Set<string>() }))
  for (const finding of findings) {
    const place = placeOf(finding, zones)
    expect(place, finding.why).toBeGreaterThanOrEqual(0)
    found[place].rules.add(finding.rule.replace('health/', ''))
    expect(finding.evidence.length, finding.why).toBeGreaterThan(0)
  }
  expect(found.map(({ event, rules }) => ({ event, rules: [...rules].sort() }))).toEqual(
    zones.map(({ event, rules }) => ({ event, rules: rules.toSorted() })),
  )
  expect((await run(database, detectors)).findings).toEqual([])
})

/** The zone that a finding is about: the nearest one its name lies in, else the one whose server it names; -1 for none. */
function placeOf({ subject }: Finding, zones: readonly Faulty[]): number {
  const name = subject.name ?? subject.domain
  const length = (domain: string) =>
    name === domain || name?.endsWith(`.${domain}`) ? domain.length : 0
  const nearest = zones.reduce(
    (best, { domain }, i) => (length(domain) > length(zones[best].domain) ? i : best),
    0,
  )
  if (length(zones[nearest].domain) > 0) return nearest
  return zones.findIndex(({ servers }) => servers.includes(subject.server ?? ''))
}
