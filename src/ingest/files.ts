// Captures from files, folders and standard input into a store: each content once, each packet in a bin, the ledger row last.

import { makeRoomFor } from './again.ts'
import type { Database } from '../database/database.ts'
import { SourceError } from '../errors.ts'
import { expandPaths } from './capture/folder.ts'
import { inTimeOrder } from './capture/order.ts'
import { type PipelineOptions, pipelineOptions } from './pipeline.ts'
import { takeRotation } from './rotation.ts'
import { BegunNotes } from './store/begun.ts'
import { today } from './store/encode.ts'
import type { LedgerEntry } from './store/ledger.ts'
import { spoolFolder } from './store/place.ts'
import { finishRemovals, type Removed } from './store/removal.ts'
import { firstDayKept, type Retained, retainFrom } from './store/retention.ts'
import { RowWriter } from './store/rows.ts'
import { Spool } from './store/spool.ts'

/** Options of an ingest run. */
export interface IngestOptions extends Partial<PipelineOptions> {
  /** Where blocks wait for their insert; inside the embedded store, or a folder of the user's for a server. */
  spool?: string
  /** Replaces what the store holds of the same content. */
  again?: boolean
  /** Called with what was removed to be replaced, before anything is read. */
  onRemoved?: (removed: Removed[]) => void
  /** Days of ingest that are kept: what is older is removed before anything is read. */
  retainDays?: number
  /** Called when something was removed for that. */
  onRetained?: (removed: Retained) => void
  /** True when the caller closes the store after this run. */
  isStoreClosedNext?: boolean
  /** Called before each capture; `sizeBytes` is its uncompressed size, 0 when that is not known. */
  onCapture?: (path: string, sizeBytes: number) => void
  /** Called with each sentence about something that could not be read, as soon as it is known. */
  onProblem?: (sentence: string) => void
}

/** What an ingest run did. */
export interface IngestResult {
  store: string
  files: LedgerEntry[]
  totals: {
    files: number
    already: number
    failed: number
    packets: number
    messages: number
    transactions: number
    seconds: number
  }
  /** What could not be read, one sentence each; not empty means exit status 3. */
  problems: string[]
}

/**
 * Ingests files, folders (recursively), patterns and `-`, in the order in which they were recorded; captures that go on one from another
 * are matched across their borders. A capture that cannot be read is a sentence in `problems`, and the others go on;
 * StoreError when the store fails. Content that the store holds already is not stored again.
 */
export async function ingestFiles(
  paths: readonly string[],
  database: Database,
  options: IngestOptions = {},
): Promise<IngestResult> {
  const started = performance.now()
  const problems: string[] = []
  const complain = (sentence: string) => {
    problems.push(sentence)
    options.onProblem?.(sentence)
  }
  const queue = await inTimeOrder(await expanded(paths, complain))
  const folder = options.spool ?? spoolFolder(database)
  const begun = new BegunNotes(folder)
  // Before the spool is opened: it holds merges back, and nothing is deleted without them.
  await prepare(database, options)
  if (options.again === true) {
    const names = queue.map(({ path }) => path)
    options.onRemoved?.(await makeRoomFor(names, database, begun))
  }
  const spool = await Spool.open(database, folder)
  const run = { ...pipelineOptions, ...options }
  // One writer for all captures: its buffers are some 30 MB, and most captures are small.
  const writer = new RowWriter(run.blockRows)
  const place = { database, spool, writer, begun }
  const files: LedgerEntry[] = []
  let failed = 0
  try {
    while (queue.length > 0 && options.signal?.aborted !== true) {
      const waiting = queue.length
      try {
        const entries = await takeRotation(queue, place, run, options.onCapture)
        files.push(...entries)
        for (const sentence of entries.flatMap((entry) => entry.problems)) complain(sentence)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        failed += waiting - queue.length
        complain(error.message)
      }
    }
  } finally {
    await spool.close(options.isStoreClosedNext)
  }
  return resultOf(database, files, failed, problems, started)
}

/** Finishes what a killed run began to remove, and removes what is not to be kept any longer. */
export async function prepare(database: Database, options: IngestOptions): Promise<void> {
  await finishRemovals(database)
  const { retainDays } = options
  if (retainDays === undefined) return
  const removed = await retainFrom(database, firstDayKept(retainDays, today()))
  if (removed.rows + removed.captures > 0) options.onRetained?.(removed)
}

/** The result of a run over these captures; `started` as performance.now() gives it. */
export function resultOf(
  database: Database,
  files: LedgerEntry[],
  failed: number,
  problems: string[],
  started: number,
): IngestResult {
  const sum = (amount: (entry: LedgerEntry) => number) =>
    files.reduce((total, entry) => total + amount(entry), 0)
  return {
    store: database.location,
    files,
    totals: {
      files: files.length,
      already: files.filter((entry) => entry.already).length,
      failed,
      packets: sum((entry) => entry.packets),
      messages: sum(({ messages }) => messages.query + messages.response + messages.malformed),
      transactions: sum(storedRows),
      seconds: (performance.now() - started) / 1000,
    },
    problems,
  }
}

/** Files behind each path; a path that is no use is a sentence, and the others go on. */
async function expanded(
  paths: readonly string[],
  complain: (sentence: string) => void,
): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    try {
      const expansion = await expandPaths([path])
      files.push(...expansion.paths)
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      complain(error.message)
    }
  }
  return files
}

/** Rows that this run stored for a capture. */
function storedRows(entry: LedgerEntry): number {
  if (entry.already) return 0
  return Object.values(entry.transactions).reduce((total, rows) => total + rows, 0)
}
