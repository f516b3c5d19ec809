// Captures that are to replace what the store holds of their content: that is removed before anything is read.

import { stat } from 'node:fs/promises'
import type { Database } from '../database/database.ts'
import { SourceError, UsageError } from '../errors.ts'
import { openInput } from './input.ts'
import type { BegunNotes } from './store/begun.ts'
import { type Removed, type RemovalReason, removeCaptures } from './store/removal.ts'

/**
 * Removes what the store holds of the content of these files. A run killed afterwards is repeated by the same command, which finds nothing
 * to remove then. UsageError for standard input and pipes, which cannot be read twice.
 */
export async function makeRoomFor(
  paths: readonly string[],
  database: Database,
  begun: BegunNotes,
): Promise<Removed[]> {
  const ids: string[] = []
  for (const path of paths) {
    if (path === '-' || (await stat(path).catch(() => undefined))?.isFile() === false) {
      throw new UsageError(
        `--again reads each capture twice, and ${path} can be read once: put it into a file`,
      )
    }
    try {
      const input = await openInput(path, database)
      if (input.before !== undefined) ids.push(input.id)
      await input.close()
    } catch (error) {
      // Why it cannot be read is told when it is its turn.
      if (!(error instanceof SourceError)) throw error
    }
  }
  return removeWhole([...new Set(ids)], 'again', database, begun)
}

/**
 * Removes captures; of a run that was killed before its lines of the ledger were written all of them, since its blocks hold rows of each
 * and are stored again together.
 */
export async function removeWhole(
  ids: readonly string[],
  reason: RemovalReason,
  database: Database,
  begun: BegunNotes,
): Promise<Removed[]> {
  const runs = await begun.runsWith(ids)
  const members = runs.flatMap(({ id, next }) => [id, ...next.map((each) => each.id)])
  const removed = await removeCaptures(database, [...new Set([...ids, ...members])], reason)
  for (const { id } of runs) await begun.end(id)
  return removed
}
