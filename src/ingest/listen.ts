// A mirrored port into a store until it is stopped: the same pipeline as a file, flushed by the clock, with the kernel's drops in the ledger.

import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { version } from '../version.ts'
import { type LiveOptions, openLive } from './capture/live.ts'
import { Intake, type PipelineOptions, pipelineOptions } from './pipeline.ts'
import { today } from './store/encode.ts'
import { type LedgerEntry, sha256, writeLedger } from './store/ledger.ts'
import { spoolFolder } from './store/place.ts'
import { finishRemovals } from './store/removal.ts'
import { firstDayKept, type Retained, retainFrom } from './store/retention.ts'
import { RowWriter } from './store/rows.ts'
import { Spool } from './store/spool.ts'
import { entryOf } from './summary.ts'

/** Options of a live run. */
export interface ListenOptions extends Partial<PipelineOptions> {
  /** How the interface is captured. */
  live?: LiveOptions
  spool?: string
  /** Days of ingest that are kept: what is older is removed at the beginning and at each midnight (UTC). */
  retainDays?: number
  /** Called when something was removed for that. */
  onRetained?: (removed: Retained) => void
  /** Called once the interface is being captured. */
  onStart?: () => void
}

/** A block is stored after 5 s even when it is not full: what an analyst sees is at most that old. */
export const defaultFlushMs = 5000

/**
 * Captures `interfaceName` until `signal` is aborted or the capture ends by itself; then everything seen is matched, stored and accounted
 * for. SourceError when the interface cannot be captured, StoreError when the store fails.
 */
export async function ingestLive(
  interfaceName: string,
  database: Database,
  options: ListenOptions = {},
): Promise<LedgerEntry> {
  const startedMs = Date.now()
  const run = { ...pipelineOptions, flushMs: defaultFlushMs, ...options }
  await finishRemovals(database)
  const retention = retentionOf(database, options)
  if (retention.isDue()) await retention.run()
  const spool = await Spool.open(database, options.spool ?? spoolFolder(database))
  try {
    const capture = await openLive(interfaceName, { ...options.live, ports: run.ports })
    const stop = () => {
      capture.stop().catch(() => capture.close())
    }
    run.signal?.addEventListener('abort', stop, { once: true })
    // What goes wrong in it goes wrong for the next block too, which says so.
    const clock = setInterval(() => {
      if (retention.isDue()) spool.between(() => retention.run()).catch(() => {})
    }, lookAtDayMs)
    if (run.signal?.aborted === true) stop()
    try {
      options.onStart?.()
      const id = randomBytes(8).toString('hex')
      const writer = new RowWriter(run.blockRows)
      const intake = new Intake({ capture: id, sensor: run.sensor }, spool, writer, run)
      await intake.take(capture, id)
      const [counts] = await intake.finish()
      const entry = entryOf(capture.report, id, counts, (Date.now() - startedMs) / 1000)
      const { sensor, mask } = run
      await writeLedger(database, entry, {
        headSha256: sha256(capture.head),
        sensor,
        version,
        startedMs,
        masked: mask?.text ?? '',
      })
      return entry
    } finally {
      clearInterval(clock)
      run.signal?.removeEventListener('abort', stop)
      await capture.close()
    }
  } finally {
    await spool.close()
  }
}

/** How often a listening run looks whether a new day has begun. */
const lookAtDayMs = 60_000

/** Removes what is too old, once for each day. */
function retentionOf(database: Database, { retainDays, onRetained }: ListenOptions) {
  let doneFor = 0
  return {
    isDue: () => retainDays !== undefined && today() !== doneFor,
    async run() {
      if (retainDays === undefined) return
      doneFor = today()
      const removed = await retainFrom(database, firstDayKept(retainDays, doneFor))
      if (removed.rows + removed.captures > 0) onRetained?.(removed)
    },
  }
}
