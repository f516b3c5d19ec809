// A whole program measured from outside: wall time, CPU time of all its threads, and peak memory.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What one run of a program cost. */
export interface Cost {
  seconds: number
  cpuSeconds: number
  peakMiB: number
  stdout: string
}

// The kernel's own high-water mark where there is one: resource usage would count what the parent had when it forked.
const report = `
import { readFileSync, writeSync } from 'node:fs'
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  let peakKiB = maxRSS
  try {
    peakKiB = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1])
  } catch {}
  writeSync(3, JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMiB: peakKiB / 1024 }))
})`

/** Runs `node …words` to its end; throws with what it said on stderr when it fails. */
export async function runNode(words: readonly string[]): Promise<Cost> {
  const started = performance.now()
  const preload = `data:text/javascript,${encodeURIComponent(report)}`
  const child = spawn(process.execPath, ['--import', preload, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const exit = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  const [stdout, stderr, usage] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    text(child.stdio[3] as NodeJS.ReadableStream),
  ])
  const code = await exit
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${stderr}`)
  return { seconds, stdout, ...(JSON.parse(usage) as { cpuSeconds: number; peakMiB: number }) }
}
