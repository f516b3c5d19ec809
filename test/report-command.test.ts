// The report verb as a user runs it, over the samples: throw-away and kept stores, formats, thresholds, exit codes.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunResult } from '../src/inspect/detect/run.ts'
import { overhear } from './run-overhear.ts'

const folder = mkdtempSync(join(tmpdir(), 'report-command-'))
const temporary = join(folder, 'tmp')
const store = join(folder, 'store')
const samples = join(import.meta.dirname, '..', 'samples')
const exfiltration = join(samples, 'exfiltration.pcap')

beforeAll(async () => {
  mkdirSync(temporary)
  const run = await overhear(['ingest', exfiltration, '--store', store])
  expect(run.code, run.stderr).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const stores = () => readdirSync(temporary).filter((name) => !name.startsWith('tsx-'))

const report = (...words: string[]) =>
  overhear(['report', ...words], { env: { TMPDIR: temporary } })

test('a report over a file prints findings, exits 0, and leaves nothing behind', async () => {
  const run = await report(exfiltration)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toMatch(/^\d+ findings?: .*(critical|high)/)
  expect(run.stdout).toMatch(/ {2}evidence\n {4}frames? \d+/)
  expect(run.stdout).not.toMatch(/\u001b/)
  expect(stores()).toEqual([])
})

test('a report over a file and over a store of it are the same findings', async () => {
  const [file, kept] = await Promise.all([
    report(exfiltration, '--json'),
    report('--store', store, '--json'),
  ])
  const findings = (JSON.parse(file.stdout) as RunResult).findings
  expect(findings.length).toBeGreaterThan(0)
  expect((JSON.parse(kept.stdout) as RunResult).findings).toEqual(findings)
  expect((await report('--store', store)).stdout).toContain(`Add to each command: --store ${store}`)
})

test('--exit-code is 1 with findings and 0 without', async () => {
  expect((await report('--store', store, '--exit-code')).code).toBe(1)
  const none = await report('--store', store, '--exit-code', '--detector', 'poisoning')
  expect(none).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No findings\n/) })
})

test('a threshold given as a flag is used, and --sql shows it in the query', async () => {
  const flag = '--exfiltration-min-bytes'
  const high = await report(
    '--store',
    store,
    flag,
    '100000000',
    '--exfiltration-min-bytes-day',
    '100000000',
  )
  expect(high.stdout).toMatch(/^No findings\n/)
  const low = await report('--store', store, flag, '777', '--sql', '--detector', 'exfiltration')
  expect(low.stdout).toMatch(/ {2}SQL\n {4}SELECT \*/)
  expect(low.stdout).toContain('777')
})

test('--since and --until bound the packets looked at, by packet time', async () => {
  const whole = JSON.parse((await report('--store', store, '--json')).stdout) as RunResult
  const last = JSON.parse(
    (await report('--store', store, '--json', '--since', '10m')).stdout,
  ) as RunResult
  expect(last.window.transactions).toBeGreaterThan(0)
  expect(last.window.transactions).toBeLessThan(whole.window.transactions)
  expect(last.window.until).toBe(whole.window.until)
})

test('a file that cannot be read whole is reported as far as it goes, told on standard error, and exit 3', async () => {
  const cut = join(folder, 'cut.pcap')
  const bytes = readFileSync(exfiltration)
  writeFileSync(cut, bytes.subarray(0, bytes.length - 7))
  const run = await report(cut)
  expect(run.code).toBe(3)
  expect(run.stderr).toMatch(/^overhear: .*cut\.pcap/)
  expect(run.stdout).toMatch(/^\d+ findings?/)
})

test('an interrupted report over a file leaves nothing behind', async () => {
  const run = await overhear(['report', '-'], {
    env: { TMPDIR: temporary },
    // The spool is made when the store is open.
    interruptWhen: () => stores().some((name) => existsSync(join(temporary, name, 'spool'))),
  })
  expect(run.stdout).toBe('')
  expect(run.code).not.toBe(0)
  expect(stores()).toEqual([])
})
