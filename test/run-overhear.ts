// Test helper: runs the real program in a child process.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** What a run left behind. `code` is null when a signal ended it. */
export interface Run {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** How a run is started. */
export interface RunSetting {
  stdin?: string
  env?: Record<string, string>
  /** Stops reading standard output, and closes it, after so many bytes. */
  closeAfterBytes?: number
  /** Leaves standard input open and sends SIGINT once this is true. */
  interruptWhen?: () => boolean
}

// Neither the store nor the colours of whoever runs the tests.
const { OVERHEAR_STORE: _store, FORCE_COLOR: _color, ...environment } = process.env
const root = join(import.meta.dirname, '..')

/** Runs `overhear WORDS` to its end. */
export function overhear(words: readonly string[], setting: RunSetting = {}): Promise<Run> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...words], {
    cwd: root,
    env: { ...environment, ...setting.env },
  })
  const run: Run = { code: null, signal: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.stdout += text
    if (run.stdout.length >= (setting.closeAfterBytes ?? Infinity)) child.stdout.destroy()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    run.stderr += text
  })
  child.stdin.on('error', () => {})
  const { interruptWhen } = setting
  if (interruptWhen === undefined) child.stdin.end(setting.stdin ?? '')
  const timer = setInterval(() => {
    if (interruptWhen?.() !== true) return
    clearInterval(timer)
    child.kill('SIGINT')
  }, 20)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearInterval(timer)
      resolve({ ...run, code, signal })
    })
  })
}
