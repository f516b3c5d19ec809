// Captures given to a verb that asks a store: read into the throw-away one it has opened.

import type { Database } from '../database/database.ts'
import { openStore, throwAway } from '../database/open.ts'
import { whyUnreadable } from '../ingest/unreadable.ts'
import { say } from './output.ts'
import { readProgress } from './read-progress.ts'

/** The flags of `portOption` and `keepDuplicatesOption`. */
export interface TakeInFlags {
  port: number[]
  keepDuplicates?: true
}

/** False when none of the captures can be read, which is told, with exit status 3: then no store is made for them. */
export async function isReadable(files: readonly string[]): Promise<boolean> {
  const reasons = await whyUnreadable(files)
  for (const sentence of reasons) say(sentence)
  if (reasons.length > 0) process.exitCode = 3
  return reasons.length === 0
}

/** A throw-away store; the code that reads captures into it is loaded while the engine makes its tables. */
export async function openThrowAway(): Promise<Database> {
  const [database] = await Promise.all([openStore(throwAway), import('../ingest/files.ts')])
  return database
}

/** Reads the captures into the store; what could not be read is told on standard error at once. */
export async function takeIn(
  files: string[],
  database: Database,
  { port: ports, keepDuplicates }: TakeInFlags,
): Promise<'whole' | 'in part' | 'nothing'> {
  const progress = readProgress()
  const { ingestFiles } = await import('../ingest/files.ts')
  const { problems, files: entries } = await ingestFiles(files, database, {
    ports,
    keepDuplicates: keepDuplicates === true,
    ...progress,
  })
  progress.clear()
  if (entries.length === 0) return 'nothing'
  return problems.length === 0 ? 'whole' : 'in part'
}
