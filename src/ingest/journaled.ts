// A capture whose blocks were, or are, cut by the clock: taken in to its end with the journal that makes a repeated run the same.

import type { Database } from '../database/database.ts'
import { version } from '../version.ts'
import type { Capture } from './capture/capture.ts'
import { Intake, type PipelineOptions } from './pipeline.ts'
import { shapeOf } from './shape.ts'
import { FollowJournal } from './store/journal.ts'
import { isKnown, type LedgerEntry, sha256, writeLedger } from './store/ledger.ts'
import { generationOf } from './store/removal.ts'
import type { RowWriter } from './store/rows.ts'
import type { Spool } from './store/spool.ts'
import { entryOf } from './summary.ts'

/** What is read: its name, what of it the store holds already, and its first bytes so far. */
export interface Journaled {
  path: string
  skipPackets: number
  beginning: () => Uint8Array
}

/** The journal of a dead run over a file that begins with `head`; null when there is none, or when that run came to its end after all. */
export async function findJournal(
  folder: string,
  path: string,
  head: Uint8Array,
  options: PipelineOptions,
  database: Database,
): Promise<FollowJournal | null> {
  const journal = await FollowJournal.find(folder, path, head, shapeOf(options))
  if (journal === null || !(await isKnown(database, journal.id))) return journal
  await journal.end()
  return null
}

/** Reads the capture to its end, writes its line of the ledger and forgets the journal. */
export async function takeJournaled(
  capture: Capture,
  { path, skipPackets, beginning }: Journaled,
  journal: FollowJournal,
  { database, spool, writer }: { database: Database; spool: Spool; writer: RowWriter },
  options: PipelineOptions,
): Promise<LedgerEntry> {
  const startedMs = Date.now()
  const { id, day, planned } = journal
  const cuts = { planned, note: (packets: number | null) => journal.note(packets, beginning()) }
  const { sensor, mask } = options
  const origin = { capture: id, sensor, day, generation: await generationOf(database, id) }
  const intake = new Intake(origin, spool, writer, { ...options, cuts })
  await intake.take(capture, id, skipPackets)
  const [counts] = await intake.finish()
  const seconds = (Date.now() - startedMs) / 1000
  const entry = entryOf({ ...capture.report, path }, id, counts, seconds)
  const headSha256 = sha256(beginning())
  const masked = mask?.text ?? ''
  await writeLedger(database, entry, { headSha256, sensor, version, startedMs, masked })
  await journal.end()
  return entry
}
