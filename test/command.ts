// Test helper: runs the built program, dist/cli.js, in a process of its own, as its users do.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

const root = join(import.meta.dirname, '..')

/** The program. */
export const program = join(root, 'dist/cli.js')

/** A committed sample. */
export function sample(path: string): string {
  return join(root, 'samples', path)
}

/** How a run is started. */
export interface Setting {
  /** What standard input holds; it stays open without `end`. */
  input?: string | Uint8Array
  keepInputOpen?: boolean
  env?: Record<string, string>
  cwd?: string
  /** Runs as the user who may do nothing. */
  asNobody?: boolean
  /** Another copy of the program. */
  program?: string
  /** A command that runs the program, as nsenter does. */
  prefix?: string[]
}

/** What a run left behind. */
export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A run under way. */
export interface Running {
  child: ChildProcess
  /** What it has said so far. */
  soFar: Ran
  ended: Promise<Ran>
}

// Neither the store nor the colours of whoever runs the tests; nor CI, with which Node takes a terminal for one without colours.
const {
  OVERHEAR_STORE: _store,
  FORCE_COLOR: _force,
  NO_COLOR: _no,
  CI: _ci,
  ...environment
} = process.env

/** Starts `overhear WORDS`. */
export function start(words: readonly string[], setting: Setting = {}): Running {
  const prefix = setting.prefix ?? []
  return run([...prefix, process.execPath, setting.program ?? program, ...words], setting)
}

/** Runs `overhear WORDS` to its end. */
export async function overhear(words: readonly string[], setting: Setting = {}): Promise<Ran> {
  return start(words, setting).ended
}

/** Runs a shell line in which "$@" is the program; what it needs beside comes in the environment. */
export async function shell(line: string, setting: Setting = {}): Promise<Ran> {
  return run(['bash', '-c', line, 'bash', process.execPath, program], setting).ended
}

/** Starts any command line. */
export function run([file, ...words]: readonly string[], setting: Setting = {}): Running {
  const child = spawn(file, words, {
    cwd: setting.cwd ?? tmpdir(),
    env: { ...environment, ...setting.env },
    ...(setting.asNobody === true ? nobody : {}),
  })
  const soFar: Ran = { code: null, signal: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    soFar.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    soFar.stderr += text
  })
  // A program that ends before it has read everything is what some tests are about.
  child.stdin.on('error', () => {})
  if (setting.input !== undefined) child.stdin.write(setting.input)
  if (setting.keepInputOpen !== true) child.stdin.end()
  const ended = once(child, 'close').then(([code, signal]) => {
    return Object.assign(soFar, { code, signal } as Pick<Ran, 'code' | 'signal'>)
  })
  return { child, soFar, ended }
}

const nobody = { uid: 65_534, gid: 65_534 }

/** Whether this process may become nobody, and nobody may read the program. Says so where not; in CI that is a failure. */
export function canBeNobody(): boolean {
  const isRoot = process.getuid?.() === 0
  const can = isRoot && spawnSync(process.execPath, [program, '--version'], nobody).status === 0
  if (!can) skipping('permissions are not tested: that needs root, and a project others may read')
  return can
}

/** Tells that something is not tested here; in CI, where everything is a given, fails instead. */
export function skipping(reason: string): void {
  if (process.env['CI'] !== undefined) throw new Error(reason)
  console.warn(reason)
}

/** The one sentence on standard error, without the program's name. */
export function sentence({ stderr }: Ran): string {
  expect(stderr).toMatch(/^overhear: [^\n]+\n$/)
  return stderr.slice('overhear: '.length, -1)
}

/** Rows of a query over a store. */
export async function ask<Row>(store: string, sql: string): Promise<Row[]> {
  const { code, stdout, stderr } = await overhear(['sql', sql, '--json', '--store', store])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return lines(stdout).map((line) => JSON.parse(line) as Row)
}

/** Lines, of which the last is ended too. */
export function lines(text: string): string[] {
  expect(text === '' || text.endsWith('\n')).toBe(true)
  return text.split('\n').slice(0, -1)
}

/** A folder of a test's own, open to every user. */
export function scratchFolder(): { path: (name: string) => string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'command-test-'))
  chmodSync(folder, 0o755)
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Waits until `isTrue`; the test's own time limit ends it. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(10)
}

/** Where a run seals its blocks, once it has begun. */
export function spoolOf(store: string, { child }: Running): string | undefined {
  const spool = join(store, 'spool')
  const names = existsSync(spool) ? readdirSync(spool) : []
  const own = names.find((name) => name.startsWith(`run-${child.pid}`))
  return own === undefined ? undefined : join(spool, own)
}

/** A second process that holds a store until `release`. */
export async function hold(store: string): Promise<{ pid: number; release(): Promise<Ran> }> {
  const { child, ended } = start(['ingest', '-', '--store', store], { keepInputOpen: true })
  await until(() => existsSync(join(store, 'overhear.lock')) || child.exitCode !== null)
  return {
    pid: child.pid!,
    async release() {
      child.stdin!.end()
      return ended
    },
  }
}

/** A copy of the built program in `folder`, with the packages it needs but the engine. */
export function programWithoutEngine(folder: string): string {
  for (const part of ['dist', 'schemas', 'package.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  for (const name of ['@clickhouse', 'commander', 'tldts', 'tldts-core']) {
    const module = join('node_modules', name)
    cpSync(join(root, module), join(folder, module), { recursive: true })
  }
  return join(folder, 'dist/cli.js')
}

/** Bytes to a file; gives its path. */
export function written(path: string, bytes: Uint8Array | string): string {
  writeFileSync(path, bytes)
  return path
}
