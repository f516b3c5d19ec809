// How fast is a look-up among 20 million transactions, in a process that has the store open?

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { huntFor, type Question } from '../src/inspect/hunt/hunt.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { type Bench, type Figure, figure, median } from './bench.ts'
import { fillOffice } from './office-rows.ts'

/** Every question an analyst asks first, beside the same question answered by reading all rows. */
export const lookupBench: Bench = {
  name: 'lookup',
  asks: 'How many look-ups a second among 20 million transactions, warm?',
  fairness:
    'The engine makes the rows (bench/office-rows.ts: 20,000 clients, 60,000 names); the baseline is the same query with no index, key or projection to help. A hunt asks four to six such questions.',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'overhear-lookup-'))
    const database = await openStore(join(folder, 'store'), { create: true })
    try {
      await fillOffice(database, rowsWanted)
      await database.command('OPTIMIZE TABLE transactions FINAL')
      await database.command('OPTIMIZE TABLE rrsets FINAL')
      const [known] = await database.rows<Known>(
        `SELECT qname AS name, toString(domain) AS domain, toString(client) AS client, rr.data[1] AS data
         FROM transactions WHERE rr.type[1] = 'A' ORDER BY cityHash64(frame) LIMIT 1`,
      )
      const figures: Figure[] = []
      for (const { label, sql, value } of lookups) {
        const parameters = { value: value(known) }
        const plan = await planOf(database, sql, parameters)
        const ours = await timed(() => database.rows(sql, parameters))
        const all = await timed(() => database.rows(`${sql} ${readAll}`, parameters), 3)
        figures.push(
          {
            ...figure({ label, packets: 1, baseline: `${label}: all rows` }, ours),
            note: `${middle(ours)}, ${plan}`,
          },
          { ...figure({ label: `${label}: all rows`, packets: 1 }, all), note: middle(all) },
        )
      }
      for (const [question, field] of hunts) {
        const hunt = huntFor(question, known[field])
        const options = { ...wholeHistory, limit: 20 }
        const took = await timed(() => hunt.ask(database, options), 5)
        figures.push({
          ...figure({ label: `hunt ${question}`, packets: 1 }, took),
          note: middle(took),
        })
      }
      return figures
    } finally {
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

const rowsWanted = Number(process.env.OVERHEAR_BENCH_ROWS ?? 20_000_000)

interface Known extends Record<string, string> {
  name: string
  domain: string
  client: string
  data: string
}

const readAll =
  'SETTINGS use_skip_indexes = 0, use_primary_key = 0, optimize_use_projections = 0, optimize_use_implicit_projections = 0'

const lookups: { label: string; sql: string; value: (known: Known) => string }[] = [
  {
    label: 'exact name',
    sql: 'SELECT count(), min(ts), max(ts) FROM transactions WHERE qname = {value:String}',
    value: ({ name }) => name,
  },
  {
    label: 'registrable domain',
    sql: 'SELECT count(), min(ts), max(ts) FROM transactions WHERE domain = {value:String}',
    value: ({ domain }) => domain,
  },
  {
    label: 'suffix',
    sql: `SELECT count(), min(ts), max(ts) FROM transactions WHERE endsWith(qname, concat('.', {value:String}))`,
    value: ({ domain }) => domain,
  },
  {
    label: 'part of a name',
    sql: 'SELECT count(), min(ts), max(ts) FROM transactions WHERE position(qname, {value:String}) > 0',
    value: ({ name }) => name.slice(2, 12),
  },
  {
    label: 'answer address',
    sql: 'SELECT name, sum(count) AS answers, min(first_seen), max(last_seen) FROM rrsets WHERE data = {value:String} GROUP BY name',
    value: ({ data }) => data,
  },
  {
    label: 'client',
    sql: 'SELECT count(), uniqExact(qname), min(ts), max(ts) FROM transactions WHERE client = toIPv6({value:String})',
    value: ({ client }) => client,
  },
  {
    label: 'an hour',
    sql: `SELECT count(), uniqExact(client) FROM transactions WHERE ts >= toDateTime64({value:String}, 9, 'UTC') AND ts < toDateTime64({value:String}, 9, 'UTC') + INTERVAL 1 HOUR`,
    value: () => '2026-03-20 10:00:00',
  },
]

const hunts: [Question, keyof Known & string][] = [
  ['name', 'name'],
  ['domain', 'domain'],
  ['answer', 'data'],
  ['client', 'client'],
]

/** Milliseconds of each run, after one that warms the cache. */
async function timed(work: () => Promise<unknown>, runs = 9): Promise<number[]> {
  await work()
  const samplesMs: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await work()
    samplesMs.push(performance.now() - start)
  }
  return samplesMs
}

function middle(samplesMs: readonly number[]): string {
  return `${median(samplesMs).toFixed(1)} ms`
}

/** What the plan reads: granules left of granules there, and by which indexes. */
async function planOf(
  database: Database,
  sql: string,
  parameters: Record<string, string>,
): Promise<string> {
  const text = await database.text(`EXPLAIN indexes = 1 ${sql}`, parameters, 'TSVRaw')
  const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)]
  const first = granules[0]
  const last = granules[granules.length - 1]
  if (first === undefined || last === undefined) return 'no plan'
  const names = [...text.matchAll(/Name: (\w+)/g)].map(([, name]) => name)
  return `reads ${last[1]} of ${first[2]} granules${names.length > 0 ? ` by ${[...new Set(names)].join(', ')}` : ''}`
}
