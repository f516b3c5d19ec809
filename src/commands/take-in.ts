// Captures given to a verb that asks a store: read into the throw-away one it has opened.

import type { Database } from '../database/database.ts'
import { ingestFiles } from '../ingest/files.ts'
import { progressOn } from '../inspect/report/progress.ts'
import { say } from './output.ts'

/** The flags of `portOption` and `keepDuplicatesOption`. */
export interface TakeInFlags {
  port: number[]
  keepDuplicates?: true
}

/** Reads the captures into the store; what could not be read is told on standard error at once. */
export async function takeIn(
  files: string[],
  database: Database,
  { port: ports, keepDuplicates }: TakeInFlags,
): Promise<'whole' | 'in part' | 'nothing'> {
  const progress = progressOn()
  const state = { path: '', bytes: 0, totalBytes: 0, packets: 0 }
  const { problems, files: entries } = await ingestFiles(files, database, {
    ports,
    keepDuplicates: keepDuplicates === true,
    onCapture: (path, totalBytes) => {
      Object.assign(state, { path, totalBytes })
    },
    onProgress: (packets, bytes) => progress.update(Object.assign(state, { packets, bytes })),
    onProblem: (sentence) => {
      progress.clear()
      say(sentence)
    },
  })
  progress.clear()
  if (entries.length === 0) return 'nothing'
  return problems.length === 0 ? 'whole' : 'in part'
}
