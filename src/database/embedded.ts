// The embedded store: chDB in this process, a writer session and a few reader sessions on one folder.
import { closeSync, createReadStream, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Session } from 'chdb'
import { StoreError } from '../errors.ts'
import type { Database, Parameters } from './database.ts'
import { storeFailure } from './failures.ts'
import { engineFolderName, makeThrowAwayFolder, prepareFolder, resultFile } from './folder.ts'
import { parseRows } from './json.ts'
import { lockedBy, takeLock } from './lock.ts'
import { checkUserQuery } from './readonly.ts'
import { bindParameters, type Lent, SessionPool } from './sessions.ts'
import { insertFromPath, isPlain, quoteText, requireFormat } from './statement.ts'

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
  const home = folder ?? makeThrowAwayFolder()
  if (folder === undefined) prepareFolder(home, true)
  const release = takeLock(home, join(home, engineFolderName))
  openFolder = home
  try {
    const database = new EmbeddedDatabase(engine, home, folder === undefined, release)
    await database.start()
    return database
  } catch (thrown) {
    openFolder = undefined
    release()
    if (folder === undefined) rmSync(home, { recursive: true, force: true })
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
  readonly #engine: Engine
  readonly #isThrowAway: boolean
  readonly #release: () => void
  readonly #writer: SessionPool
  readonly #readers: SessionPool
  readonly #guests: SessionPool
  #results = 0
  #isClosed = false

  constructor(engine: Engine, folder: string, isThrowAway: boolean, release: () => void) {
    this.folder = folder
    this.location = isThrowAway ? 'a throw-away store' : folder
    this.#engine = engine
    this.#isThrowAway = isThrowAway
    this.#release = release
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
    process.on('exit', this.#leave)
    if (this.#isThrowAway) for (const signal of signals) process.on(signal, this.#end)
  }

  async command(sql: string, parameters: Parameters = {}): Promise<void> {
    await this.#ask(this.#writer, sql, parameters, 'Null')
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
    if (pools.some((pool) => pool.busy > 0)) await this.#cancelAll()
    for (const pool of pools) pool.close()
    await this.#engine.drainPending()
    process.off('exit', this.#leave)
    for (const signal of signals) process.off(signal, this.#end)
    this.#leave()
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
    try {
      lent = await pool.lend()
      await bindParameters(lent, sql, parameters)
      if (!isSelect(sql)) yield (await lent.session.queryAsync(sql, { format })).bytes()
      else if (!chunkable.has(format.toLowerCase())) yield* this.#throughFile(lent, sql, format)
      else {
        for await (const chunk of lent.session.queryStream(sql, { format })) yield chunk.raw()
      }
    } catch (thrown) {
      throw storeFailure(thrown, this.location, this.folder)
    } finally {
      if (lent !== undefined) pool.giveBack(lent)
    }
  }

  // Formats with a head or a foot would get one for each chunk, so the engine writes them to a file first.
  async *#throughFile({ session }: Lent, sql: string, format: string) {
    this.#results += 1
    const path = join(this.folder, `result-${process.pid}-${this.#results}.tmp`)
    try {
      const target = `INTO OUTFILE ${quoteText(path)} TRUNCATE FORMAT ${format}`
      await session.queryAsync(`${sql.replace(/[\s;]+$/, '')}\n${target}`, { format: 'Null' })
      yield* createReadStream(path) as AsyncIterable<Buffer>
    } finally {
      rmSync(path, { force: true })
    }
  }

  async #cancelAll(): Promise<void> {
    const session = this.#openSession()
    try {
      // Never SYNC: it waits for ever.
      await session.queryAsync("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC FORMAT Null")
    } catch {
      // Then closing takes as long as the statement.
    } finally {
      session.close()
    }
  }

  readonly #leave = (): void => {
    this.#release()
    if (this.#isThrowAway) rmSync(this.folder, { recursive: true, force: true })
  }

  // Ends as the signal would have; a program with a handler of its own closes the store itself.
  readonly #end = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return
    this.#leave()
    process.off(signal, this.#end)
    process.kill(process.pid, signal)
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// Formats whose chunks, put together, are the whole: no head, no foot, no separator between rows.
const chunkable = new Set(
  'csv jsoncompacteachrow jsoneachrow jsonlines jsonstringseachrow native ndjson rowbinary tabseparated tabseparatedraw tskv tsv tsvraw'.split(
    ' ',
  ),
)

/** The engine streams nothing else, and writes nothing else INTO OUTFILE: SHOW leaves the file empty. */
function isSelect(sql: string): boolean {
  return /^(?:\s|\(|--[^\n]*|#[^\n]*|\/\*.*?\*\/)*(?:SELECT|WITH|FROM)\b/is.test(sql)
}

function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
