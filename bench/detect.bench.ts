// How long do all detectors take over a store, and does it grow with its rows only?

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../src/database/open.ts'
import { detectors, onRequest } from '../src/inspect/detect/index.ts'
import { run } from '../src/inspect/detect/run.ts'
import { type Bench, type Figure, figure } from './bench.ts'
import { fillOffice } from './office-rows.ts'

/** All detectors, health among them, over 1.2 million transactions, and over 20 million in the same store later. */
export const detectBench: Bench = {
  name: 'detect',
  asks: 'How many transactions a second do all detectors together get through?',
  fairness:
    'The engine makes the rows (bench/office-rows.ts), a hundred domains of them are watched. The baseline is the smaller store: linear growth is a ratio of 1.',
  async run() {
    const figures: Figure[] = []
    for (const rows of sizes) {
      const folder = mkdtempSync(join(tmpdir(), 'overhear-detect-'))
      const database = await openStore(join(folder, 'store'), { create: true })
      try {
        await fillOffice(database, rows)
        const watched = await database.rows<{ domain: string }>(
          'SELECT DISTINCT toString(domain) AS domain FROM transactions ORDER BY domain LIMIT 100',
        )
        const watch = watched.map(({ domain }) => domain)
        const samplesMs: number[] = []
        let slowest = ''
        for (let i = 0; i < runs; i++) {
          const start = performance.now()
          const result = await run(database, [...detectors, ...onRequest], { watch })
          samplesMs.push(performance.now() - start)
          slowest = result.detectors.map(({ id, seconds }) => `${id} ${seconds} s`).join(', ')
        }
        const label = `${rows / 1e6} million`
        const baseline = sizes[0] === rows ? {} : { baseline: `${sizes[0] / 1e6} million` }
        figures.push({ ...figure({ label, packets: rows, ...baseline }, samplesMs), note: slowest })
      } finally {
        await database.close()
        rmSync(folder, { recursive: true, force: true })
      }
    }
    return figures
  },
}

const sizes = [1_200_000, Number(process.env.OVERHEAR_BENCH_ROWS ?? 20_000_000)]

const runs = 5
