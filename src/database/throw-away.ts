// The folder of a throw-away store: gone again however the process ends, kill -9 aside.
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAbandoned } from './lock.ts'

const prefix = 'overhear-'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes the folder, and removes those that killed processes left behind. `remove` may be called again. */
export function makeThrowAwayFolder(): { folder: string; remove: () => void } {
  let folder: string | undefined
  function removeFolder(): void {
    if (folder !== undefined) removeWhole(folder)
  }
  // Ends as the signal would have; a program with a handler of its own closes the store itself.
  function end(signal: NodeJS.Signals): void {
    if (process.listenerCount(signal) > 1) return
    removeFolder()
    // A thread of the engine that was in the middle of something makes its folders anew: look again until it stays gone.
    for (let looks = 0; looks < 50 && folder !== undefined; looks++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      if (existsSync(folder)) removeFolder()
      else if (looks >= 3) break
    }
    process.off(signal, end)
    process.kill(process.pid, signal)
  }
  function remove(): void {
    removeFolder()
    process.off('exit', removeFolder)
    for (const signal of signals) process.off(signal, end)
  }
  // Before the folder is there: a signal between the two would leave it.
  process.on('exit', removeFolder)
  for (const signal of signals) process.on(signal, end)
  try {
    removeAbandoned()
    folder = mkdtempSync(join(tmpdir(), prefix))
    return { folder, remove }
  } catch (thrown) {
    remove()
    throw thrown
  }
}

function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name)
    if (!name.startsWith(prefix) || !isOwnFolder(folder)) continue
    if (isAbandoned(folder)) rmSync(folder, { recursive: true, force: true })
  }
}

// Others may plant links in the shared temporary folder.
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === process.getuid?.()
}

// The engine's threads may still write while its folder is taken away.
function removeWhole(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 })
}
