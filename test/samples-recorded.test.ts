// Recorded samples: what their labels say is found, by the detector and about whom they say, and nothing else is.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ingestFiles } from '../src/ingest/files.ts'
import { checkedRun, database, useStore } from './detect-fixture.ts'

useStore()

interface Truth {
  scenario: string
  kind: string
  entity: Record<string, string>
  first: string
  last: string
}

describe('recorded samples', () => {
  const folder = join(import.meta.dirname, '../samples/recorded')
  // Those of the hijack lab need watched names or another detector: test/recorded.test.ts scores them, test/recorded-health.test.ts reads the zones with faults.
  const captures = readdirSync(folder).filter((file) =>
    /^(?!hijack-|health-).*\.pcap\.gz$/.test(file),
  )

  test('are small', () => {
    const sizes = captures.map((file) => statSync(join(folder, file)).size)
    expect(Math.max(...sizes)).toBeLessThan(60_000)
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(400_000)
  })

  test.each(captures)('%s holds what its label says, and no more', async (file) => {
    const label = JSON.parse(
      readFileSync(join(folder, file.replace('.pcap.gz', '.json')), 'utf8'),
    ) as { benign?: boolean; truth: Truth[] }
    expect(label.benign === true).toBe(label.truth.length === 0)
    expect((await ingestFiles([join(folder, file)], database)).problems).toEqual([])
    const found = await checkedRun({})
    const told = found.map((finding) => ({
      kind: finding.detector,
      isAlert: finding.score >= 50,
      entity: Object.fromEntries(
        Object.keys(label.truth[0]?.entity ?? {}).map((field) => [
          field,
          finding.subject[field as keyof typeof finding.subject],
        ]),
      ),
    }))
    expect(told).toEqual(label.truth.map(({ kind, entity }) => ({ kind, isAlert: true, entity })))
    for (const finding of found) {
      expect(finding.first_seen >= (label.truth[0]?.first ?? '')).toBe(true)
      expect(Date.parse(finding.last_seen.slice(0, 23))).toBeLessThanOrEqual(
        Date.parse(label.truth[0]?.last ?? '') + 2000,
      )
    }
  })
})
