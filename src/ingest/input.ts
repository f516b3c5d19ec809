// One path of an ingest, opened: its capture, its identity, and whether the store holds its content already.

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storedBeginning } from './beginning.ts'
import type { Database } from '../database/database.ts'
import type { ByteSource } from './capture/bytes.ts'
import { type Capture, contentHash, openCapture, openSource } from './capture/capture.ts'
import { openBytes } from './capture/content.ts'
import { recorded } from './capture/rewind.ts'
import { captureId, knownEntries, type LedgerEntry, sha256 } from './store/ledger.ts'

/** An opened path; `close` it, read or not. */
export interface Input {
  path: string
  capture: Capture
  /** What `transactions.capture` holds, or will hold, for its rows. */
  id: string
  headSha256: string
  /** The ledger's line of this content; undefined while the store does not hold it. */
  before: LedgerEntry | undefined
  /** Standard input, a named pipe, `<(zcat x.gz)`: read once, and gone. */
  isPipe: boolean
  /** Packets at its beginning that the store holds from this path already: it has grown since. */
  storedPackets: number
  /** Size of the uncompressed capture, 0 when that is not known. */
  sizeBytes: number
  close(): Promise<void>
}

/** Opens a path; a pipe ends where `signal` is aborted. SourceError when it is no capture that can be read. */
export async function openInput(
  path: string,
  database: Database,
  signal?: AbortSignal,
): Promise<Input> {
  const isPipe = await isPipeLike(path)
  const { capture, headSha256, known, content, remove } = isPipe
    ? await openedPipe(path, database, signal)
    : await openedFile(path, database)
  const before = known.find((entry) => entry.content_sha256 === content)
  const isPlain = capture.report.compression === 'none' && !isPipe
  return {
    path,
    capture,
    id: before?.id ?? captureId(headSha256, content),
    headSha256,
    before,
    isPipe,
    storedPackets: isPlain && before === undefined ? await storedBeginning(path, database) : 0,
    sizeBytes: isPlain ? (await stat(path)).size : 0,
    async close() {
      await capture.close()
      await remove()
    },
  }
}

/** True for standard input and what is neither a file nor a folder. */
export async function isPipeLike(path: string): Promise<boolean> {
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
