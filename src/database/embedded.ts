// The embedded store: chDB in this process, a writer session and a few reader sessions on one folder.
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from 'chdb'
import { StoreError } from '../errors.ts'
import type { Database, Parameters } from './database.ts'
import { storeFailure } from './failures.ts'
import { engineFolderName, prepareFolder } from './folder.ts'
import { parseRows } from './json.ts'
import { lockedBy, takeLock } from './lock.ts'
import { checkUserQuery } from './readonly.ts'
import { resultBytes, resultFile } from './result.ts'
import { bindParameters, type Lent, SessionPool } from './sessions.ts'
import { insertFromPath, isPlain, quoteText, requireFormat } from './statement.ts'
import { makeThrowAwayFolder } from './throw-away.ts'

type Engine = typeof import('chdb')

// The engine binds one folder for each process.
let openFolder: string | undefined

// Values bound for a bulk hunt travel in a SET statement, which the default of 256 KiB would cut off.
const setUp = ['SET max_query_size = 1000000000, output_format_json_quote_64bit_integers = 0']

/** Opens the store in `folder`; undefined makes a throw-away store that is removed when it is closed or the process ends. */
export async function openEmbedded(folder: string | undefined, create: boolean): Promise<Database> {
  if (openFolder !== undefined) {
    throw new StoreError(
      folder === openFolder ? 'locked' : 'one-store',
      `this process already has the store ${openFolder} open; close it first`,
    )
  }
  if (folder !== undefined) prepareFolder(folder, create)
  const engine = await importEngine()
  if (folder !== undefined) return openIn(engine, folder)
  const { folder: home, remove } = makeThrowAwayFolder()
  try {
    prepareFolder(home, true)
    return await openIn(engine, home, remove)
  } catch (thrown) {
    remove()
    throw thrown
  }
}

async function openIn(engine: Engine, folder: string, remove?: () => void): Promise<Database> {
  const release = takeLock(folder, join(folder, engineFolderName))
  openFolder = folder
  try {
    const database = new EmbeddedDatabase(engine, folder, release, remove)
    await database.start()
    return database
  } catch (thrown) {
    openFolder = undefined
    release()
    throw thrown
  }
}

async function importEngine(): Promise<Engine> {
  try {
    return await import('chdb')
  } catch (thrown) {
    const why =
      (thrown as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' ? '' : ' or loaded'
    throw new StoreError(
      'no-engine',
      `the embedded engine (chdb) is not installed${why} here; run npm install chdb (Linux with glibc, macOS), or name a ClickHouse server with --store http://host:8123/overhear`,
      { cause: thrown },
    )
  }
}

class EmbeddedDatabase implements Database {
  readonly kind = 'embedded'
  readonly location: string
  readonly folder: string
  readonly cluster = undefined
  readonly #engine: Engine
  readonly #release: () => void
  readonly #remove: (() => void) | undefined
  readonly #writer: SessionPool
  readonly #readers: SessionPool
  readonly #guests: SessionPool
  #isClosed = false

  constructor(engine: Engine, folder: string, release: () => void, remove?: () => void) {
    this.folder = folder
    this.location = remove === undefined ? folder : 'a throw-away store'
    this.#engine = engine
    this.#release = release
    this.#remove = remove
    const open = () => this.#openSession()
    this.#writer = new SessionPool(open, 1, setUp)
    this.#readers = new SessionPool(open, 8, setUp)
    // readonly = 1 can never be undone in a session, so these serve user SQL and nothing else.
    this.#guests = new SessionPool(open, 4, [...setUp, 'SET readonly = 1'])
  }

  async start(): Promise<void> {
    for (const name of readdirSync(this.folder)) {
      if (resultFile.test(name)) rmSync(join(this.folder, name), { force: true })
    }
    try {
      await this.#writer.use(({ session }) => session.queryAsync('SELECT 1'))
    } catch (thrown) {
      this.#writer.close()
      throw storeFailure(thrown, this.location, this.folder)
    }
    process.on('exit', this.#release)
  }

  async command(sql: string, parameters: Parameters = {}): Promise<void> {
    await this.#ask(this.#writer, sql, parameters, 'Null')
  }

  everywhere(sql: string, parameters: Parameters = {}): Promise<void> {
    return this.command(sql, parameters)
  }

  async rows<Row>(sql: string, parameters: Parameters = {}): Promise<Row[]> {
    const bytes = await this.#ask(this.#readers, sql, parameters, 'JSONEachRow')
    return parseRows<Row>(decodeText(bytes))
  }

  async text(sql: string, parameters: Parameters = {}, format = 'TabSeparated'): Promise<string> {
    return decodeText(await this.#ask(this.#readers, sql, parameters, requireFormat(format)))
  }

  stream(sql: string, parameters: Parameters = {}, format = 'TabSeparated') {
    return this.#stream(this.#readers, sql, parameters, requireFormat(format))
  }

  async *queryReadOnly(sql: string, format = 'TabSeparated', parameters: Parameters = {}) {
    const ask = async (question: string, values: Parameters) =>
      decodeText(await this.#ask(this.#guests, question, values, 'TSVRaw'))
    const query = await checkUserQuery(sql, requireFormat(format), ask)
    yield* this.#stream(this.#guests, query.sql, parameters, query.format)
  }

  async insertFile(table: string, columns: readonly string[], nativeFile: string, token: string) {
    if (isPlain(nativeFile)) {
      await this.command(insertFromPath(table, columns, token, nativeFile))
      return
    }
    // A folder named with spaces, quotes or braces (globs to the engine) is reached by a number instead.
    let descriptor: number
    try {
      descriptor = openSync(nativeFile, 'r')
    } catch (thrown) {
      throw storeFailure(thrown, this.location, this.folder)
    }
    try {
      const path = `/proc/self/fd/${descriptor}`
      await this.command(insertFromPath(table, columns, token, path))
    } finally {
      closeSync(descriptor)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const pools = [this.#writer, this.#readers, this.#guests]
    // Again and again: a statement that was on its way to the engine is not among those the first one finds.
    for (let turn = 0; turn < cancelTurns && pools.some((pool) => pool.busy > 0); turn++) {
      this.#cancel('')
      await sleep(cancelEveryMs)
    }
    for (const pool of pools) pool.close()
    await this.#engine.drainPending()
    process.off('exit', this.#release)
    this.#release()
    this.#remove?.()
    openFolder = undefined
  }

  #openSession(): Session {
    try {
      return new this.#engine.Session(join(this.folder, engineFolderName))
    } catch (thrown) {
      // The engine tells the reason on stderr only. What it can be, permissions aside, is its own lock.
      throw lockedBy(this.folder, undefined, { cause: thrown })
    }
  }

  async #ask(pool: SessionPool, sql: string, parameters: Parameters, format: string) {
    try {
      return await pool.use(async (lent) => {
        await bindParameters(lent, sql, parameters)
        return (await lent.session.queryAsync(sql, { format })).bytes()
      })
    } catch (thrown) {
      throw storeFailure(thrown, this.location, this.folder)
    }
  }

  async *#stream(pool: SessionPool, sql: string, parameters: Parameters, format: string) {
    let lent: Lent | undefined
    let isWhole = false
    try {
      lent = await pool.lend()
      await bindParameters(lent, sql, parameters)
      if (isSelect(sql)) {
        const outlet = { folder: this.folder, cancel: (mark: string) => this.#cancel(mark) }
        yield* resultBytes(lent, sql, format, outlet)
      } else yield (await lent.session.queryAsync(sql, { format })).bytes()
      isWhole = true
    } catch (thrown) {
      throw storeFailure(thrown, this.location, this.folder)
    } finally {
      if (lent !== undefined) {
        lent.isSpoiled ||= !isWhole
        pool.giveBack(lent)
      }
    }
  }

  /** Cancels the statements that hold `mark`; all of them when it is empty. */
  #cancel(mark: string): void {
    let session: Session | undefined
    try {
      session = this.#openSession()
      // Never SYNC: it waits for ever. Not queryAsync either: four long statements hold every thread it could run on.
      session.query(
        `KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' AND position(query, ${quoteText(mark)}) > 0 ASYNC FORMAT Null`,
      )
    } catch {
      // Then the statement goes on to its end.
    } finally {
      session?.close()
    }
  }
}

// A stream that nobody reads, nor has left, stays lent; closing does not wait for it longer than this.
const cancelTurns = 20
const cancelEveryMs = 50

/** The engine streams nothing else, and writes nothing else INTO OUTFILE: SHOW leaves the file empty. */
function isSelect(sql: string): boolean {
  return /^(?:\s|\(|--[^\n]*|#[^\n]*|\/\*.*?\*\/)*(?:SELECT|WITH|FROM)\b/is.test(sql)
}

function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
