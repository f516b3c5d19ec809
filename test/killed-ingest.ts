// Test helper: an ingest in a process of its own that is killed somewhere.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Runs an ingest in a process of its own, which may be killed so long after it has said so many lines: how it ended. */
export function killedIngest(
  store: string,
  capture: string,
  blockRows: number,
  kill?: { afterLines: number; delayMs: number },
): Promise<string> {
  const words = ['--import', 'tsx', join(import.meta.dirname, 'ingest-child.ts')]
  const run = spawn(process.execPath, [...words, store, capture, String(blockRows)], {
    cwd: join(import.meta.dirname, '..'),
  })
  let output = ''
  let complaint = ''
  let isAimed = false
  run.stderr.on('data', (text: Buffer) => (complaint += text.toString()))
  run.stdout.on('data', (text: Buffer) => {
    output += text.toString()
    if (kill === undefined || isAimed || output.split('\n').length <= kill.afterLines) return
    isAimed = true
    setTimeout(() => run.kill('SIGKILL'), kill.delayMs)
  })
  return new Promise((resolve, reject) => {
    run.on('error', reject)
    run.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed')
      else if (code !== 0) reject(new Error(complaint))
      else resolve(output.includes('"already":1') ? 'already' : 'done')
    })
  })
}
