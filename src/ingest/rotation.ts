// A capture and those that go on from it (tcpdump -C -G -W, ring buffers of dumpcap) as one run: what is under way crosses their borders.

import type { Database } from '../database/database.ts'
import { SourceError } from '../errors.ts'
import { version } from '../version.ts'
import { continues, type Ordered } from './capture/order.ts'
import { type Input, openInput } from './input.ts'
import { findJournal, takeJournaled } from './journaled.ts'
import { Intake, type PipelineOptions } from './pipeline.ts'
import { shapeOf } from './shape.ts'
import type { BegunNotes, BegunRun } from './store/begun.ts'
import { type LedgerEntry, writeLedger } from './store/ledger.ts'
import { generationOf } from './store/removal.ts'
import type { RowWriter } from './store/rows.ts'
import type { Spool } from './store/spool.ts'
import { entryOf } from './summary.ts'

/** Where rows go. */
export interface Place {
  database: Database
  spool: Spool
  writer: RowWriter
  begun: BegunNotes
}

/** A capture of the run, closed or being read. */
interface Member {
  input: Input
  head: Ordered['head']
  startedMs: number
  seconds: number
}

/** Captures in one run at most: what a row's 16-bit capture number can tell apart. */
const memberLimit = 65_536

/**
 * Takes the first capture of `queue`, and each after it that goes on where the one before ended, off the queue and into the store; returns
 * their lines of the ledger. What the store holds already breaks the chain. Rows are final and the ledger is written when the last has been
 * read, the first one's line last: a run that was killed is found by its note and repeated as it was.
 */
export async function takeRotation(
  queue: Ordered[],
  place: Place,
  options: PipelineOptions,
  onCapture: (path: string, sizeBytes: number) => void = () => {},
): Promise<LedgerEntry[]> {
  const { database, begun } = place
  const [{ path, head }] = queue.splice(0, 1)
  const first = await openInput(path, database, options.signal)
  const members: Member[] = []
  try {
    if (first.before !== undefined) {
      await begun.end(first.id)
      return [{ ...first.before, path, already: true, seconds: 0 }]
    }
    const shape = shapeOf(options)
    const taken = { ...options }
    // Followed by a run that was killed: it is finished as that began, and nothing goes on from it.
    const journal = first.isPipe
      ? null
      : await findJournal(begun.folder, path, first.capture.head, options, database)
    if (journal !== null) {
      onCapture(path, first.sizeBytes)
      const read = { path, skipPackets: first.storedPackets, beginning: () => first.capture.head }
      return [await takeJournaled(first.capture, read, journal, place, options)]
    }
    const run = await begun.begin(first.id, path, shape, first.sizeBytes)
    // What came through a pipe cannot be read again: an interrupted one has simply ended.
    if (first.isPipe) delete taken.signal
    const { sensor } = options
    const generation = await generationOf(database, first.id)
    const origin = { capture: first.id, sensor, day: run.day, generation, sizeBytes: run.sizeBytes }
    const intake = new Intake(origin, place.spool, place.writer, taken)
    let next: Member | null = memberOf(first, head)
    while (next !== null) {
      const member: Member = next
      members.push(member)
      onCapture(member.input.path, member.input.sizeBytes)
      const { capture, id, storedPackets } = member.input
      await intake.take(capture, id, storedPackets)
      member.seconds = (Date.now() - member.startedMs) / 1000
      await member.input.close()
      next = await nextMember(members, run, queue, place, options)
    }
    await begun.close(run)
    return await writeEntries(members, intake, run, place, options)
  } catch (error) {
    place.writer.discard()
    throw error
  } finally {
    await first.close()
    for (const { input } of members) await input.close()
  }
}

async function writeEntries(
  members: Member[],
  intake: Intake,
  run: BegunRun,
  { database, begun }: Place,
  { sensor, mask }: PipelineOptions,
): Promise<LedgerEntry[]> {
  const counts = await intake.finish()
  const entries = members.map(({ input: { capture, path, id }, seconds }, number) =>
    entryOf({ ...capture.report, path }, id, counts[number], seconds),
  )
  for (let number = entries.length - 1; number >= 0; number--) {
    const { input, startedMs } = members[number]
    // A killed run may have come as far as some of these lines.
    if (input.before !== undefined) continue
    const { headSha256 } = input
    const masked = mask?.text ?? ''
    const written = { headSha256, sensor, version, startedMs, masked }
    await writeLedger(database, entries[number], written)
  }
  await begun.end(run.id)
  return entries
}

/** The capture that goes on from the last of `members`, opened and taken off the queue; null when none does. */
async function nextMember(
  members: Member[],
  run: BegunRun,
  queue: Ordered[],
  { database, begun }: Place,
  { match, signal }: PipelineOptions,
): Promise<Member | null> {
  const noted = run.next[members.length - 1]
  if (noted !== undefined) return notedMember(noted, queue, database)
  const last = members[members.length - 1]
  const [candidate] = queue
  if (run.isClosed || candidate === undefined || members.length === memberLimit) return null
  if (last.head === null || candidate.head === null || last.input.isPipe) return null
  const { lastTime } = last.input.capture.report
  if (!continues(last.head, lastTime, candidate.head, match.timeoutSeconds)) return null
  let input: Input
  try {
    input = await openInput(candidate.path, database, signal)
  } catch (error) {
    // Why it cannot be read is told when it is its turn.
    if (error instanceof SourceError) return null
    throw error
  }
  const { id, headSha256 } = input
  // One that begins like another has its identity from the ledger, which does not know that other yet.
  const isTwin = members.some((member) => member.input.headSha256 === headSha256)
  if (input.before !== undefined || isTwin || (await begun.isBegun(id))) {
    await input.close()
    return null
  }
  queue.shift()
  await begun.goOn(run, { id, path: candidate.path })
  return memberOf(input, candidate.head)
}

/** The capture that a killed run took next, wherever it stands in the queue now. */
async function notedMember(
  noted: BegunRun['next'][number],
  queue: Ordered[],
  database: Database,
): Promise<Member> {
  const likely = [...queue].sort(
    (a, b) => Number(b.path === noted.path) - Number(a.path === noted.path),
  )
  for (const candidate of likely) {
    if (candidate.head === null) continue
    const input = await openInput(candidate.path, database).catch(() => null)
    if (input?.id === noted.id) {
      queue.splice(queue.indexOf(candidate), 1)
      return memberOf(input, candidate.head)
    }
    await input?.close()
  }
  throw new SourceError(
    'begun-otherwise',
    `${noted.path}: was begun in one run with the captures before it and not finished, and is missing now: name it again with them`,
  )
}

function memberOf(input: Input, head: Ordered['head']): Member {
  return { input, head, startedMs: Date.now(), seconds: 0 }
}
