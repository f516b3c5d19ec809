// Captures from files, folders and standard input into a store: each content once, each packet in a bin, the ledger row last.

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../database/database.ts'
import { SourceError } from '../errors.ts'
import { version } from '../version.ts'
import type { ByteSource } from './capture/bytes.ts'
import { contentHash, openCapture, openSource } from './capture/capture.ts'
import { openBytes } from './capture/content.ts'
import { expandPaths } from './capture/folder.ts'
import { recorded } from './capture/rewind.ts'
import { type PipelineOptions, pipelineOptions, runPipeline } from './pipeline.ts'
import { captureId, knownEntries, type LedgerEntry, sha256, writeLedger } from './store/ledger.ts'
import { spoolFolder } from './store/place.ts'
import { RowWriter } from './store/rows.ts'
import { Spool } from './store/spool.ts'
import { entryOf } from './summary.ts'

/** Options of an ingest run. */
export interface IngestOptions extends Partial<PipelineOptions> {
  /** Where blocks wait for their insert; inside the embedded store, or a folder of the user's for a server. */
  spool?: string
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
 * Ingests files, folders (recursively) and `-`. A capture that cannot be read is a sentence in `problems`, and the others go on;
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
  const found = await expanded(paths, complain)
  const spool = await Spool.open(database, options.spool ?? spoolFolder(database))
  // One writer for all captures: its buffers are some 30 MB, and most captures are small.
  const writer = new RowWriter(options.blockRows ?? pipelineOptions.blockRows)
  const files: LedgerEntry[] = []
  let failed = 0
  try {
    for (const path of found) {
      if (options.signal?.aborted === true) break
      try {
        const entry = await ingestOne(path, database, spool, writer, options)
        files.push(entry)
        for (const sentence of entry.problems) complain(sentence)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        failed++
        complain(error.message)
      }
    }
  } finally {
    await spool.close()
  }
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

async function ingestOne(
  path: string,
  database: Database,
  spool: Spool,
  writer: RowWriter,
  options: IngestOptions,
): Promise<LedgerEntry> {
  const startedMs = Date.now()
  const isPipe = await isPipeLike(path)
  const { capture, headSha256, known, content, remove } = isPipe
    ? await openedPipe(path, database, options.signal)
    : await openedFile(path, database)
  try {
    const before = known.find((entry) => entry.content_sha256 === content)
    if (before !== undefined) return { ...before, path, already: true, seconds: 0 }
    const isPlain = capture.report.compression === 'none' && !isPipe
    options.onCapture?.(path, isPlain ? (await stat(path)).size : 0)
    const id = captureId(headSha256, content)
    const run = { ...pipelineOptions, ...options }
    // What came through a pipe cannot be read again: an interrupted one has simply ended.
    if (isPipe) delete run.signal
    const day = await spool.begin(id, path, shapeOf(run))
    const counts = await runPipeline(
      capture,
      { capture: id, sensor: run.sensor, day },
      (block) => `${id}:${block}`,
      spool,
      writer,
      run,
    )
    const entry = entryOf({ ...capture.report, path }, id, counts, startedMs)
    await writeLedger(database, entry, { headSha256, sensor: run.sensor, version, startedMs })
    await spool.end(id)
    return entry
  } finally {
    await capture.close()
    await remove()
  }
}

/** The options that decide which rows stand in which block, in words. */
function shapeOf(run: PipelineOptions): string {
  const { timeoutSeconds, limits } = run.match
  const ports = [...new Set(run.ports)].sort((a, b) => a - b).map((port) => `--port ${port}`)
  return [
    ports.length === 0 ? 'no --port' : ports.join(' '),
    `timeout ${timeoutSeconds} s`,
    `sensor ${JSON.stringify(run.sensor)}`,
    `${limits.entries} queries and ${limits.arenaBytes} bytes under way`,
    `${run.blockRows} rows a block`,
  ].join(', ')
}

/** Standard input, a named pipe, `<(zcat x.gz)`: read once, and gone. */
async function isPipeLike(path: string): Promise<boolean> {
  if (path === '-') return true
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && !found.isFile() && !found.isDirectory()
}

const keep = async () => {}

/** An open capture with what the ledger knows of its first MiB; the content hash only when something begins the same. */
async function openedFile(path: string, database: Database) {
  const capture = await openCapture(path)
  const headSha256 = sha256(capture.head)
  const known = await knownEntries(database, headSha256)
  const content = known.length > 0 ? await contentHash(path) : null
  return { capture, headSha256, known, content, remove: keep }
}

/** The same of a pipe, which ends where `signal` is aborted; it is copied when something begins the same. */
async function openedPipe(path: string, database: Database, signal?: AbortSignal) {
  const input = recorded(untilAborted(await openBytes(path), signal))
  // A pipe is read like a file here: the first MiB must be whole to be a fingerprint.
  const capture = await openSource(input, path, { isLive: false })
  const headSha256 = sha256(capture.head)
  const known = await knownEntries(database, headSha256)
  if (known.length === 0) {
    input.forget()
    return { capture, headSha256, known, content: null, remove: keep }
  }
  const folder = await mkdtemp(join(tmpdir(), 'overhear-stdin-'))
  const copy = join(folder, 'capture')
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await input.spill(copy)
    await capture.close()
    return {
      capture: await openCapture(copy),
      headSha256,
      known,
      content: await contentHash(copy),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** A source that ends where `signal` is aborted, also while a read waits for an idle pipe. */
function untilAborted(source: ByteSource, signal?: AbortSignal): ByteSource {
  if (signal === undefined) return source
  return {
    read(into, at) {
      if (signal.aborted) return Promise.resolve(0)
      return new Promise((resolve, reject) => {
        const end = () => resolve(0)
        signal.addEventListener('abort', end, { once: true })
        source
          .read(into, at)
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', end))
      })
    },
    close: () => source.close(),
  }
}

/** Rows that this run stored for a capture. */
function storedRows(entry: LedgerEntry): number {
  if (entry.already) return 0
  return Object.values(entry.transactions).reduce((total, rows) => total + rows, 0)
}
