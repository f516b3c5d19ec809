// Runs once before the tests: builds dist/ when a source is newer, so that the tests that spawn the program spawn this one.

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Builds what is out of date; a type error is told and does not stop what can still run. */
export default function build(): void {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const newestMs = Math.max(...sources.map((path) => changedMs(join('src', path))))
  if (newestMs < changedMs('dist/cli.js')) return
  const run = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' })
  if (run.status !== 0) console.warn(`the build complains:\n${run.stdout}${run.stderr}`)
}

function changedMs(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
