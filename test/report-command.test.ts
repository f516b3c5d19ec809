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
import type { Report } from '../src/inspect/findings/report.ts'
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
  const findings = (JSON.parse(file.stdout) as Report).findings
  expect(findings.length).toBeGreaterThan(0)
  const remembered = (JSON.parse(kept.stdout) as Report).findings
  expect(remembered.every((finding) => typeof finding.known_since === 'string')).toBe(true)
  expect(remembered.map((finding) => ({ ...finding, known_since: null }))).toEqual(findings)
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
  const whole = JSON.parse((await report('--store', store, '--json')).stdout) as Report
  const last = JSON.parse(
    (await report('--store', store, '--json', '--since', '10m')).stdout,
  ) as Report
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

test('--format writes HTML, Markdown and OCSF, and another word is refused with those it takes', async () => {
  const [html, md, ocsf, wrong] = await Promise.all(
    ['html', 'md', 'ocsf', 'xml'].map((format) => report(exfiltration, '--format', format)),
  )
  expect(html.stdout).toMatch(/^<!doctype html>\n/)
  expect(md.stdout).toMatch(/^# Overhear report: \d+ findings/)
  for (const line of ocsf.stdout.trimEnd().split('\n')) {
    expect(JSON.parse(line)).toMatchObject({ class_uid: 2004, metadata: { version: '1.7.0' } })
  }
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toContain('text, json, md, html, ocsf')
})

test('an allow entry is added, listed and removed, and the next report follows at once', async () => {
  const own = join(folder, 'allowing')
  await overhear(['ingest', exfiltration, '--store', own])
  const findings = async () => JSON.parse((await report('--store', own, '--json')).stdout) as Report
  const before = await findings()
  const { id, subject } = before.findings[0]
  const conditions = ['--detector', 'exfiltration', '--domain', String(subject.domain)]
  const reason = ['--reason', 'mail \u001b[31mfilter', '--until', '90d']
  const added = await overhear(['allow', 'add', ...conditions, ...reason, '--store', own, '--json'])
  const entry = JSON.parse(added.stdout) as { id: string; findings: string[] }
  expect(entry.findings).toEqual([id])
  const after = await findings()
  expect(after.findings.map((finding) => finding.id)).not.toContain(id)
  expect(after.allowed).toMatchObject([{ id, entry: entry.id }])
  const text = await report('--store', own)
  expect(text.stdout).toMatch(/^allowed {4}1 finding allowed by 1 entry, left out here$/m)
  expect(text.stdout).toContain('\\x1b[31mfilter')
  const list = await overhear(['allow', 'list', '--store', own])
  expect(list.stdout).toMatch(new RegExp(`^id .*\n${entry.id} .* 1 .*mail`))
  const removed = await overhear(['allow', 'remove', entry.id, '--store', own])
  expect(removed).toMatchObject({ code: 0, stderr: '' })
  expect((await findings()).findings.map((finding) => finding.id)).toEqual(
    before.findings.map((finding) => finding.id),
  )
  const wrong = [['add', '--domain', 'example.org'], ['forget'], []]
  const runs = await Promise.all(wrong.map((words) => overhear(['allow', ...words])))
  expect(runs.map(({ code }) => code)).toEqual([2, 2, 2])
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
