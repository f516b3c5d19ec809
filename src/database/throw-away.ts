// The folder of a throw-away store: gone again however the process ends, kill -9 aside.
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../errors.ts'
import { isAbandoned } from './lock.ts'

const prefix = 'overhear-'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Makes the folder, and removes those that killed processes left behind. `remove` may be called again. */
export function makeThrowAwayFolder(): { folder: string; remove: () => void } {
  let folder: string | undefined
  function removeUnderEngine(): void {
    try {
      if (folder !== undefined) removeAgain(folder, looksAtEnd)
    } catch {
      // The process ends as it was about to: nobody is left who could be told.
    }
  }
  // Ends as the signal would have; a program with a handler of its own closes the store itself.
  function end(signal: NodeJS.Signals): void {
    if (process.listenerCount(signal) > 1) return
    removeUnderEngine()
    process.off(signal, end)
    process.kill(process.pid, signal)
  }
  function remove(): void {
    if (folder !== undefined) removeAgain(folder, 0)
    process.off('exit', removeUnderEngine)
    for (const signal of signals) process.off(signal, end)
  }
  // Before the folder is there: a signal between the two would leave it.
  process.on('exit', removeUnderEngine)
  for (const signal of signals) process.on(signal, end)
  try {
    removeAbandoned()
    folder = mkdtempSync(join(tmpdir(), prefix))
    return { folder, remove }
  } catch (thrown) {
    remove()
    throw new StoreError(
      'no-temporary',
      `no throw-away store can be made in ${tmpdir()} (${(thrown as NodeJS.ErrnoException).code}): set TMPDIR to a folder that this user may write`,
      { cause: thrown },
    )
  }
}

function removeAbandoned(): void {
  try {
    for (const name of readdirSync(tmpdir())) {
      const folder = join(tmpdir(), name)
      if (!name.startsWith(prefix) || !isOwnFolder(folder)) continue
      if (isAbandoned(folder)) rmSync(folder, { recursive: true, force: true })
    }
  } catch {
    // Another run may be at it; and a folder that only may be written will do.
  }
}

// Others may plant links in the shared temporary folder.
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === process.getuid?.()
}

// A thread of the engine that was in the middle of something makes its files, and the folders around them, anew; and
// rmSync lists a folder only once, so it throws ENOTEMPTY for a file that was added since, however often it may retry.
function removeAgain(folder: string, looksGone: number): void {
  const stopMs = Date.now() + removeForMs
  for (let gone = 0; Date.now() < stopMs; gone++) {
    if (existsSync(folder)) {
      removeOnce(folder)
      gone = 0
    }
    if (gone >= looksGone && !existsSync(folder)) return
    Atomics.wait(pause, 0, 0, lookEveryMs)
  }
}

function removeOnce(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw thrown
  }
}

const removeForMs = 5000
const lookEveryMs = 5
// 100 ms: beside three busy programs on two cores, folders came back after up to 20.
const looksAtEnd = 20
const pause = new Int32Array(new SharedArrayBuffer(4))
