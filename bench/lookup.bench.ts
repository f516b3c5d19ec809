// How fast is a look-up among 20 million transactions, in a process that has the store open?

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/database/database.ts'
import { holdMerges } from '../src/database/merges.ts'
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
    'The engine makes the rows (bench/office-rows.ts: 20,000 clients, 60,000 names); parts are merged before. The baseline is the same query with no index, key or projection to help. ' +
    'A client whose rows lie in half of all granules is the hardest case. A hunt asks four to seven such questions. OVERHEAR_BENCH_STORE names a folder that keeps the store for the next run; bench/lookup.md has the alternatives.',
  async run() {
    const kept = process.env.OVERHEAR_BENCH_STORE
    const folder = kept ?? mkdtempSync(join(tmpdir(), 'overhear-lookup-'))
    const isFilled = existsSync(join(folder, 'clickhouse'))
    const database = await openStore(folder, { create: true })
    try {
      // Merges wait, as they do during an ingest: parts with the projection and parts without are not merged with each other.
      const release = await holdMerges(database)
      if (!isFilled) await fillOffice(database, rowsWanted)
      await release()
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
        const [quick, slow] = [uncached, `${uncached}, ${readAll}`].map((set) => `${sql} ${set}`)
        const ours = await timed(() => database.rows(quick, parameters))
        const all = await timed(() => database.rows(slow, parameters), 3)
        const read = await rowsRead(database, quick, parameters)
        figures.push(
          {
            ...figure({ label, packets: 1, baseline: `${label}: all rows` }, ours.wallMs),
            note: `${middle(ours)}, ${read} rows read, ${plan}`,
          },
          { ...figure({ label: `${label}: all rows`, packets: 1 }, all.wallMs), note: middle(all) },
        )
      }
      for (const [question, field] of hunts) {
        const hunt = huntFor(question, known[field])
        const options = { ...wholeHistory, limit: 20 }
        const took = await timed(() => hunt.ask(database, options), 5)
        figures.push({
          ...figure({ label: `hunt ${question}`, packets: 1 }, took.wallMs),
          note: middle(took),
        })
      }
      return figures
    } finally {
      await database.close()
      if (kept === undefined) rmSync(folder, { recursive: true, force: true })
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

/** The engine remembers which granules a condition found empty: a second analyst's first question would not. */
const uncached = 'SETTINGS use_query_condition_cache = 0'

const readAll =
  'use_skip_indexes = 0, use_primary_key = 0, optimize_use_projections = 0, optimize_use_implicit_projections = 0'

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
    sql: `SELECT count(), min(ts), max(ts) FROM transactions
      WHERE domain IN (SELECT domain FROM transactions WHERE endsWith({value:String}, domain) OR endsWith(domain, concat('.', {value:String})) GROUP BY domain)
        AND endsWith(qname, concat('.', {value:String}))`,
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
    label: 'client: its domains, counted',
    sql: 'SELECT domain, queries, nxdomain, first_hour, last_hour FROM client_domains WHERE client = {value:String} ORDER BY queries DESC LIMIT 100',
    value: ({ client }) => client,
  },
  {
    label: 'client: its last 20 exchanges',
    sql: `WITH recent AS (
        SELECT domain, last_hour FROM client_domains WHERE client = {value:String} ORDER BY last_hour DESC LIMIT 20 WITH TIES)
      SELECT ts, qname, qtype, rcode, rr.data FROM transactions
      WHERE client = {value:String} AND domain IN (SELECT domain FROM recent)
        AND ts >= (SELECT if(count() < 20, toDateTime(0, 'UTC'), min(last_hour)) FROM recent)
      ORDER BY ts DESC LIMIT 20`,
    value: ({ client }) => client,
  },
  {
    label: 'client: its names in a domain',
    sql: `SELECT qname, count(), min(ts), max(ts) FROM transactions WHERE client = {value:String}
        AND domain = (SELECT domain FROM client_domains WHERE client = {value:String} ORDER BY queries DESC, domain LIMIT 1 OFFSET 9)
      GROUP BY qname`,
    value: ({ client }) => client,
  },
  {
    label: 'client: all its names, counted',
    sql: 'SELECT name, queries, nxdomain, first_hour, last_hour FROM client_names WHERE client = {value:String} ORDER BY queries DESC',
    value: ({ client }) => client,
  },
  {
    label: 'an hour: its domains, counted',
    sql: `SELECT domain, queries, nxdomain FROM domain_hours WHERE hour = toDateTime({value:String}, 'UTC') ORDER BY queries DESC LIMIT 100`,
    value: () => '2026-03-20 10:00:00',
  },
  {
    label: 'an hour: all its clients',
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
async function timed(work: () => Promise<unknown>, runs = 9): Promise<Times> {
  await work()
  const times: Times = { wallMs: [], cpuMs: [] }
  for (let i = 0; i < runs; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()]
    await work()
    const { user, system } = process.cpuUsage(before)
    times.wallMs.push(performance.now() - start)
    times.cpuMs.push((user + system) / 1000)
  }
  return times
}

/** Of each run; the CPU of all threads says more than the clock where others work on the machine. */
interface Times {
  wallMs: number[]
  cpuMs: number[]
}

function middle({ wallMs, cpuMs }: Times): string {
  return `${median(wallMs).toFixed(1)} ms (${median(cpuMs).toFixed(0)} ms CPU)`
}

async function rowsRead(database: Database, sql: string, parameters: Record<string, string>) {
  const { statistics } = JSON.parse(await database.text(sql, parameters, 'JSON')) as {
    statistics: { rows_read: number }
  }
  return statistics.rows_read
}

/** What the plan reads: granules left of granules there, and by which indexes. */
async function planOf(
  database: Database,
  sql: string,
  parameters: Record<string, string>,
): Promise<string> {
  const text = await database.text(
    `EXPLAIN indexes = 1, projections = 1 ${sql}`,
    parameters,
    'TSVRaw',
  )
  const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)]
  const first = granules[0]
  const last = granules[granules.length - 1]
  if (first === undefined || last === undefined) return 'no plan'
  const names = [...text.matchAll(/Name: (\w+)|(PrimaryKey)/g)].map(([, name]) => name ?? 'key')
  return `reads ${last[1]} of ${first[2]} granules${names.length > 0 ? ` by ${[...new Set(names)].join(', ')}` : ''}`
}
