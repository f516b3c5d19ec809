// Suites that are written for a store in this process, once more over HTTP; others run on both back ends by themselves, detectors on a cluster.
import { describe } from 'vitest'
import { useServer } from './test-store.ts'

useServer()

// Vitest does not see beforehand what these hold, so each is one group.
describe('on a server: audits', async () => {
  await import('./audit.test.ts')
})
describe('on a server: captures', async () => {
  await import('./ingest.test.ts')
})
