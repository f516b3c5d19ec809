// What waits in the spool: sealed blocks that are not in the store yet, and captures that were begun and not finished.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive } from './spool.ts'

/** The state of a spool folder. */
export interface Waiting {
  folder: string
  /** Sealed blocks: of runs under way, and of dead ones, which the next run stores. */
  blocks: number
  bytes: number
  /** Of these, blocks of runs that are no more. */
  left: number
  /** Captures that were begun, followed files among them, and not finished. */
  begun: number
}

/** Looks into a spool folder; one that is not there is empty. */
export async function waitingIn(folder: string): Promise<Waiting> {
  const waiting: Waiting = { folder, blocks: 0, bytes: 0, left: 0, begun: 0 }
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.begun') || name.endsWith('.followed')) waiting.begun++
    const pid = /^run-(\d+)/.exec(name)?.[1]
    if (pid === undefined) continue
    for (const block of await readdir(join(folder, name)).catch(() => [])) {
      if (!block.endsWith('.native')) continue
      // Stored and removed meanwhile: then it does not wait.
      const found = await stat(join(folder, name, block)).catch(() => undefined)
      if (found === undefined) continue
      waiting.blocks++
      waiting.bytes += found.size
      if (!isAlive(Number(pid))) waiting.left++
    }
  }
  return waiting
}
