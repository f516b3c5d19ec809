// npm run bench: every question in a process of its own, figures on stdout, and with --keep a result file and bench/README.md.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, hostname, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bench, Figure } from './bench.ts'
import { blockBench } from './block.bench.ts'
import { captureBench } from './capture.bench.ts'
import { runNode } from './child.ts'
import { decodeBench } from './decode.bench.ts'
import { detectBench } from './detect.bench.ts'
import { ingestBench } from './ingest.bench.ts'
import { lookupBench } from './lookup.bench.ts'
import { benchCapture } from './make-capture.ts'
import { matchBench } from './match.bench.ts'
import { type Answer, type Results, section, writeReadme } from './report.ts'
import { stagesBench } from './stages.bench.ts'

const benches: readonly Bench[] = [
  captureBench,
  decodeBench,
  matchBench,
  blockBench,
  ingestBench,
  stagesBench,
  lookupBench,
  detectBench,
]

const usage = `npm run bench -- [--only NAME]… [--packets N] [--keep] [--no-build]
  --only NAME    ${benches.map(({ name }) => name).join(', ')}; may be given several times
  --packets N    size of the generated capture, 1000000 when not given
  --keep         write bench/results/DATE-MACHINE.json and bench/README.md
  --no-build     measure the programs in dist/ as they are
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: benches.map(({ name }) => name) },
    packets: { type: 'string', default: '1000000' },
    keep: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
process.chdir(new URL('..', import.meta.url).pathname)
const packets = Number(values.packets)
const chosen = benches.filter(({ name }) => values.only.includes(name))

if (values.help || chosen.length !== values.only.length || !(packets >= 1000)) {
  process.stderr.write(usage)
  process.exitCode = values.help ? 0 : 2
} else if (values.child) {
  const figures = await chosen[0].run({ capture: benchCapture(packets), packets })
  process.stdout.write(JSON.stringify(figures))
} else await runAll()

async function runAll(): Promise<void> {
  if (!values['no-build']) execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
  if (!existsSync('dist/cli.js')) throw new Error('dist/cli.js is not there: run npm run build')
  const capture = benchCapture(packets)
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    packets,
    captureBytes: statSync(capture).size,
    answers: [],
  }
  for (const { name, asks, fairness } of chosen) {
    const loadBefore = loadavg()[0]
    const words = ['--import', 'tsx', 'bench/run.ts', '--child', '--only', name]
    const { stdout } = await runNode([...words, '--packets', values.packets])
    const figures = JSON.parse(stdout) as Figure[]
    const answer: Answer = { name, asks, fairness, loadBefore, figures: figures.map(rounded) }
    results.answers.push(answer)
    process.stdout.write(`${section(answer)}\n`)
  }
  if (values.keep) keep(results)
}

function machine(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} x ${cpus()[0].model.trim()}, ${memoryGiB} GiB, ${process.platform}, Node ${process.versions.node}`
}

/** A question that was not asked this time keeps its answer of the same day. */
function keep(results: Results): void {
  mkdirSync('bench/results', { recursive: true })
  const file = `bench/results/${results.date}-${hostname().replace(/[^A-Za-z0-9-]/g, '-')}.json`
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : results
  const answers = benches.flatMap(({ name }) => {
    const byName = (answer: Answer) => answer.name === name
    return results.answers.find(byName) ?? kept.answers.find(byName) ?? []
  })
  writeFileSync(file, `${JSON.stringify({ ...results, answers }, undefined, 1)}\n`)
  writeReadme()
  process.stderr.write(`kept ${file}, wrote bench/README.md\n`)
}

/** Four digits say all that a benchmark knows. */
function rounded(figure: Figure): Figure {
  const digits = (value: number) => Number(value.toPrecision(4))
  const { rate, slowest, fastest } = figure
  return { ...figure, rate: digits(rate), slowest: digits(slowest), fastest: digits(fastest) }
}
