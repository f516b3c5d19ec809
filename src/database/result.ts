// How the result of a SELECT leaves the embedded engine: in chunks where the format allows it, else through a file.
import { createReadStream, rmSync, statfsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Session } from 'chdb'
import { StoreError } from '../errors.ts'
import type { Lent } from './sessions.ts'
import { quoteText } from './statement.ts'

/** Name pattern of files that hold a result on its way out; none outlives its process for long. */
export const resultFile = /^result-\d+-\d+\.tmp$/

/** Where results that must be whole are written, and how such a statement is stopped: by a text that only it holds. */
export interface Outlet {
  folder: string
  cancel: (mark: string) => void
}

/** The result as bytes, never whole in memory. Leaving the loop early cancels the query, except while a file is written. */
export async function* resultBytes(lent: Lent, sql: string, format: string, outlet: Outlet) {
  const { base, hasHead } = split(format)
  if (!chunkable.has(base.toLowerCase())) {
    yield* throughFile(lent.session, sql, format, outlet)
    return
  }
  if (hasHead) {
    const head = await headOf(lent, sql, format)
    if (head === undefined) {
      yield* throughFile(lent.session, sql, format, outlet)
      return
    }
    yield head
  }
  for await (const chunk of lent.session.queryStream(sql, { format: base })) yield chunk.raw()
}

// Formats whose chunks, put together, are the whole: no head, no foot, no separator between rows.
const chunkable = new Set(
  'csv jsoncompacteachrow jsoncompactstringseachrow jsoneachrow jsonl jsonlines jsonstringseachrow lineasstring msgpack native ndjson raw rowbinary tabseparated tabseparatedraw tskv tsv tsvraw'.split(
    ' ',
  ),
)

function split(format: string): { base: string; hasHead: boolean } {
  const base = format.replace(/WithNames(?:AndTypes)?$/i, '')
  return { base, hasHead: base !== format }
}

/**
 * The names and types, which the engine would repeat before each chunk; undefined where they cannot be had alone:
 * totals would be computed for them and stand first, and what fails here is left to fail, or not, as it was written.
 */
async function headOf(lent: Lent, sql: string, format: string): Promise<Uint8Array | undefined> {
  if (/\bTOTALS\b/i.test(sql)) return undefined
  try {
    const question = `SELECT * FROM (${bareStatement(sql)}\n) LIMIT 0`
    return (await lent.session.queryAsync(question, { format })).bytes()
  } catch {
    lent.isSpoiled = true
    return undefined
  }
}

let files = 0

// Formats with a head or a foot would get one for each chunk, so the engine writes them to a file first.
async function* throughFile(session: Session, sql: string, format: string, outlet: Outlet) {
  files += 1
  const path = join(outlet.folder, `result-${process.pid}-${files}.tmp`)
  try {
    const target = `INTO OUTFILE ${quoteText(path)} TRUNCATE FORMAT ${format}`
    const statement = `${bareStatement(sql)}\n${target}`
    await whileThereIsRoom(session.queryAsync(statement, { format: 'Null' }), path, format, outlet)
    yield* createReadStream(path) as AsyncIterable<Buffer>
  } finally {
    rmSync(path, { force: true })
  }
}

// What other programs on the disk, and our own spool, keep to go on.
const keptFreeBytes = 2 ** 30
// A result below this is let through on any disk: stopping it would free nothing that matters.
const smallBytes = 2 ** 24
// The engine writes at most a few hundred MB in this time.
const lookEveryMs = 100

async function whileThereIsRoom(
  statement: Promise<unknown>,
  path: string,
  format: string,
  { folder, cancel }: Outlet,
): Promise<void> {
  let isStopped = false
  const timer = setInterval(() => {
    const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (isStopped || sizeBytes < smallBytes || freeBytes(folder) >= keptFreeBytes) return
    isStopped = true
    cancel(basename(path))
  }, lookEveryMs)
  try {
    await statement
  } catch (thrown) {
    if (!isStopped) throw thrown
    throw new StoreError(
      'disk-full',
      `the result is too large for ${format}, which is written to a file as a whole before it is printed: less than 1 GiB is left on the disk of ${folder}; ask for JSONEachRow or TSV, which stream, or for fewer rows`,
      { cause: thrown },
    )
  } finally {
    clearInterval(timer)
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function bareStatement(sql: string): string {
  return sql.replace(/[\s;]+$/, '')
}
