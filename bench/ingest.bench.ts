// How fast does a capture get into a store, from the command line to the last row?

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Bench, type Figure, figure, median } from './bench.ts'
import { type Cost, runNode } from './child.ts'
import { writeLonger } from './longer-capture.ts'

/** `overhear ingest` beside pcap-parser, dns-packet and a JSONEachRow insert, both into chDB. */
export const ingestBench: Bench = {
  name: 'ingest',
  asks: 'How fast does a capture get into the embedded store, whole programs from start to exit?',
  fairness:
    'The baseline gets a quarter of the packets at most, so its start-up weighs more; its table has 26 columns and no passive-DNS view, ours twice as many and the view. ' +
    'OVERHEAR_BENCH_CAPTURE names a second capture to do the same with (bench/record-nsd.sh records one); with OVERHEAR_BENCH_TIMES=4 the last of them is also ingested four times as long.',
  async run({ capture, packets }) {
    const recorded = process.env.OVERHEAR_BENCH_CAPTURE
    const figures = await both(capture, packets, '')
    if (recorded !== undefined) {
      figures.push(...(await both(recorded, packets, `${basename(recorded)}: `)))
    }
    const times = Number(process.env.OVERHEAR_BENCH_TIMES ?? 0)
    if (times > 1) figures.push(...(await longer(recorded ?? capture, times)))
    return figures
  },
}

async function both(capture: string, packets: number, prefix: string): Promise<Figure[]> {
  const runs: Run[][] = [[], []]
  for (let round = 0; round < rounds; round++) {
    runs[0].push(await inFolder((folder) => ours(capture, folder)))
    runs[1].push(await inFolder((folder) => baseline(capture, packets, folder)))
  }
  const against = `${prefix}pcap-parser + dns-packet + JSONEachRow`
  return [report(`${prefix}overhear ingest`, runs[0], against), report(against, runs[1])]
}

/** The same capture once and `times` times as long, in turn: what grows more than that does not scale. */
async function longer(capture: string, times: number): Promise<Figure[]> {
  const name = basename(capture)
  return inFolder(async (place) => {
    const path = join(place, 'longer.pcap')
    writeLonger(capture, path, times)
    const runs: Run[][] = [[], []]
    for (let round = 0; round < rounds; round++) {
      runs[0].push(await inFolder((folder) => ours(capture, folder)))
      runs[1].push(await inFolder((folder) => ours(path, folder)))
    }
    const [once, long] = runs.map((some) => ({
      wall: median(some.map(({ seconds }) => seconds)),
      cpu: median(some.map(({ cpuSeconds }) => cpuSeconds)),
      peak: Math.max(...some.map(({ peakMiB }) => peakMiB)),
    }))
    const growth =
      `${(long.wall / once.wall).toFixed(2)} times the time, ${(long.cpu / once.cpu).toFixed(2)} times the CPU, ` +
      `${(long.peak / once.peak).toFixed(2)} times the peak of one`
    const figures = [
      report(`${name}, once`, runs[0]),
      report(`${name}, ${times} times as long`, runs[1]),
    ]
    return [figures[0], { ...figures[1], note: `${growth}; ${figures[1].note}` }]
  })
}

const rounds = 3
/** One program run, and what it left on disk (active parts). */
interface Run extends Cost {
  packets: number
  rows: number
  bytes: number
  viewBytes: number
  /** Of our table once its parts are merged; 0 for the baseline's. */
  mergedBytes: number
}

async function ours(capture: string, folder: string): Promise<Run> {
  const cost = await runNode(['dist/cli.js', 'ingest', capture, '--store', folder, '--json'])
  const { totals } = JSON.parse(cost.stdout) as { totals: { packets: number } }
  const parts = await partsIn(join(folder, 'clickhouse'))
  await runNode(['dist/cli.js', 'captures', 'merge', '--store', folder])
  const merged = sizes(await partsIn(join(folder, 'clickhouse')), 'transactions')
  const { packets } = totals
  return { ...cost, packets, ...sizes(parts, 'transactions'), mergedBytes: merged.bytes }
}

async function baseline(capture: string, packets: number, folder: string): Promise<Run> {
  const some = String(Math.ceil(packets / 4))
  const program = ['--import', 'tsx', 'bench/baseline-ingest.ts']
  const cost = await runNode([...program, capture, folder, some])
  const counts = JSON.parse(cost.stdout) as { packets: number }
  return {
    ...cost,
    packets: counts.packets,
    ...sizes(await partsIn(folder), 'baseline'),
    mergedBytes: 0,
  }
}

type Parts = { table: string; rows: number; bytes: number }[]

function sizes(parts: Parts, table: string) {
  const { rows, bytes } = parts.find((part) => part.table === table)!
  return { rows, bytes, viewBytes: parts.find((part) => part.table === 'rrsets')?.bytes ?? 0 }
}

/** What the tables of a store take on disk; asked in a process of its own, since the engine stays with its folder. */
async function partsIn(folder: string): Promise<Parts> {
  const program = `
    import { Session } from 'chdb'
    const session = new Session(process.argv[1])
    const sql = \`SELECT table, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes
      FROM system.parts WHERE active GROUP BY table\`
    const result = await session.queryAsync(sql, { format: 'JSONEachRow' })
    console.log(JSON.stringify(result.text().trim().split('\\n').map((line) => JSON.parse(line))))`
  const { stdout } = await runNode(['--input-type=module', '--eval', program, folder])
  return JSON.parse(stdout) as Parts
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'overhear-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(label: string, runs: readonly Run[], against?: string): Figure {
  const [{ packets, rows, bytes, viewBytes, mergedBytes }] = runs
  const cpu = median(runs.map(({ cpuSeconds }) => cpuSeconds))
  const peak = Math.max(...runs.map(({ peakMiB }) => peakMiB))
  const merged = mergedBytes > 0 ? ` (${(mergedBytes / rows).toFixed(1)} merged)` : ''
  const view = viewBytes > 0 ? ` and ${(viewBytes / rows).toFixed(1)} of passive DNS` : ''
  const timed = figure(
    { label, packets, ...(against === undefined ? {} : { baseline: against }) },
    runs.map(({ seconds }) => seconds * 1000),
  )
  const note =
    `${packets} packets, ${((cpu / packets) * 1e6).toFixed(2)} µs CPU a packet, ` +
    `peak ${Math.round(peak)} MiB, ${(bytes / rows).toFixed(1)} bytes a transaction${merged}${view}`
  return { ...timed, note }
}
