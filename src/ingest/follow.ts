// A file that is still being written into a store: stored by the clock as a mirrored port is, with a line in the ledger for each file at its end.

import { storedBeginning } from './beginning.ts'
import type { Database } from '../database/database.ts'
import { type FollowedCapture, followed } from './capture/follow.ts'
import { type IngestOptions, type IngestResult, prepare, resultOf } from './files.ts'
import { defaultFlushMs } from './listen.ts'
import { findJournal, takeJournaled } from './journaled.ts'
import { type PipelineOptions, pipelineOptions } from './pipeline.ts'
import { shapeOf } from './shape.ts'
import { FollowJournal } from './store/journal.ts'
import type { LedgerEntry } from './store/ledger.ts'
import { spoolFolder } from './store/place.ts'
import { RowWriter } from './store/rows.ts'
import { Spool } from './store/spool.ts'

/** Options of a followed file: `signal` ends it in good order. */
export interface FollowIngestOptions extends IngestOptions {
  /** Ends after so many seconds without growth. */
  idleSeconds?: number
}

/**
 * Takes in what is written at `path` until it ends: one line of the ledger for each file that stood there. A run that was killed is gone on
 * with by the same command, or by taking the file in as a whole. SourceError when it is no capture, StoreError when the store fails.
 */
export async function ingestFollowed(
  path: string,
  database: Database,
  options: FollowIngestOptions = {},
): Promise<IngestResult> {
  const started = performance.now()
  const run = { ...pipelineOptions, flushMs: defaultFlushMs, ...options }
  const folder = options.spool ?? spoolFolder(database)
  await prepare(database, options)
  const spool = await Spool.open(database, folder)
  const entries: LedgerEntry[] = []
  try {
    for await (const capture of followed(path, options)) {
      try {
        options.onCapture?.(path, 0)
        entries.push(await takeOne(path, capture, folder, database, spool, run))
      } finally {
        await capture.close()
      }
    }
  } finally {
    await spool.close(options.isStoreClosedNext)
  }
  const problems = entries.flatMap((entry) => entry.problems)
  for (const sentence of problems) options.onProblem?.(sentence)
  return resultOf(database, entries, 0, problems, started)
}

async function takeOne(
  path: string,
  capture: FollowedCapture,
  folder: string,
  database: Database,
  spool: Spool,
  run: PipelineOptions,
): Promise<LedgerEntry> {
  const journal =
    (await findJournal(folder, path, capture.beginning(), run, database)) ??
    FollowJournal.begin(folder, path, shapeOf(run))
  const skipPackets = await storedBeginning(path, database)
  const place = { database, spool, writer: new RowWriter(run.blockRows) }
  return takeJournaled(
    capture,
    { path, skipPackets, beginning: () => capture.beginning() },
    journal,
    place,
    run,
  )
}
