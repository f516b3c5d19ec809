// The audit verb as a user runs it: text, JSON, a store or files, nothing found, and health in reports only when it is named.

import { afterAll, expect, test } from 'vitest'
import type { Audit } from '../src/inspect/audit/audit.ts'
import type { RunResult } from '../src/inspect/detect/run.ts'
import { lines, overhear, sample, scratchFolder, sentence } from './command.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

const capture = sample('answer-change.pcap')

test('a file is audited without a store, in text that says what was never asked', async () => {
  const run = await overhear(['audit', 'example.org', capture])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(lines(run.stdout)[0]).toBe('audit of example.org')
  for (const part of ['what is wrong', 'records', 'changes', 'servers that were asked'])
    expect(run.stdout).toContain(`\n\n${part}`)
  expect(run.stdout).toMatch(
    /never asked for, so nothing is known of it\n(.*\n)+ {2}CAA +example.org/,
  )
  expect(run.stdout).not.toContain('\u001b')
})

test('JSON has the records, changes, servers, faults and gaps, and since leaves out what was before', async () => {
  const store = scratch.path('store')
  expect((await overhear(['ingest', capture, '--store', store])).code).toBe(0)
  const whole = JSON.parse(
    (await overhear(['audit', 'Example.ORG.', '--store', store, '--json'])).stdout,
  ) as Audit
  expect(whole.domain).toBe('example.org')
  expect(Object.keys(whole)).toEqual([
    'domain',
    'window',
    'captures',
    'notes',
    'findings',
    'records',
    'changes',
    'servers',
    'not_seen',
  ])
  expect(whole.records.length).toBeGreaterThan(0)
  expect(whole.changes.map(({ type, to }) => `${type} ${to.join()}`)).toContain(
    'MX 10 mx1.example.com',
  )
  const last = JSON.parse(
    (await overhear(['audit', 'example.org', '--store', store, '--since', '1m', '--json'])).stdout,
  ) as Audit
  expect(last.window.exchanges).toBeLessThan(whole.window.exchanges)
})

test('HTML is one page without scripts that holds the records and the changes', async () => {
  const { code, stdout } = await overhear(['audit', 'example.org', capture, '--format', 'html'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^<!doctype html>\n/)
  expect(stdout).not.toMatch(/<script|https?:/)
  for (const part of ['Audit of example.org', '10 mx1.example.com', 'CAA', '<h2>Changes</h2>'])
    expect(stdout).toContain(part)
})

test('a domain that was not seen is said on standard error, and no domain is a wrong command line', async () => {
  const nothing = await overhear(['audit', 'absent.example', capture])
  expect(nothing).toMatchObject({ code: 0, stdout: '' })
  expect(sentence(nothing)).toMatch(/^nothing about absent.example in the captures/)
  const wrong = await overhear(['audit', 'a..b', capture])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(sentence(wrong)).toMatch(/audit takes a domain name, and "a..b" has an empty label/)
  const both = await overhear(['audit', 'example.org', capture, '--store', scratch.path('x')])
  expect(both.code).toBe(2)
})

test('health runs in a report only when it is named', async () => {
  const report = async (...words: string[]) =>
    JSON.parse((await overhear(['report', capture, '--json', ...words])).stdout) as RunResult
  const usual = await report()
  expect(usual.detectors.map(({ id }) => id)).not.toContain('health')
  const health = await report('--detector', 'health', '--health-max-loss', '0.5')
  expect(health.detectors.map(({ id }) => id)).toEqual(['health'])
})
