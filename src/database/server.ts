// The store on a ClickHouse server, over its HTTP interface.
import { setMaxListeners } from 'node:events'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  createClient,
  drainStream,
} from '@clickhouse/client'
import { StoreError } from '../errors.ts'
import type { Database, OpenOptions, Parameters } from './database.ts'
import { engineCode, storeFailure } from './failures.ts'
import { parseRows } from './json.ts'
import { checkUserQuery } from './readonly.ts'
import { insertFromBody, quoteName, requireFormat, setParameters } from './statement.ts'
import { withoutException } from './exception.ts'

/** Opens `http(s)://[user:password@]host:port/database`, making the database when it is missing and `create` is not false. */
export async function openServer(url: URL, options: OpenOptions): Promise<Database> {
  const database = new ServerDatabase(url, options)
  try {
    await database.start(options.create ?? true, options.connectTimeoutMs ?? 10_000)
    return database
  } catch (thrown) {
    await database.close()
    throw thrown
  }
}

class ServerDatabase implements Database {
  readonly kind = 'server'
  readonly location: string
  readonly folder = undefined
  readonly #name: string
  readonly #client: ClickHouseClient
  readonly #anywhere: ClickHouseClient
  readonly #closing = new AbortController()

  constructor(url: URL, options: OpenOptions) {
    this.#name = decodeURIComponent(url.pathname.slice(1)) || 'overhear'
    // Each running statement listens to it.
    setMaxListeners(0, this.#closing.signal)
    const user = url.username === '' ? '' : `${url.username}@`
    this.location = `${url.protocol}//${user}${url.host}/${this.#name}`
    const common = {
      url: url.origin,
      username: decodeURIComponent(url.username) || 'default',
      password: decodeURIComponent(url.password),
      application: 'overhear',
      request_timeout: options.requestTimeoutMs ?? 600_000,
      log: { level: ClickHouseLogLevel.OFF },
    }
    this.#client = createClient({
      ...common,
      database: this.#name,
      use_multipart_params_auto: true,
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    // Without a database: to ask for ours while it may be missing.
    this.#anywhere = createClient({ ...common, database: 'default' })
  }

  async start(create: boolean, timeoutMs: number): Promise<void> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const exists = await this.#anywhere.query({
        query: 'SELECT count() FROM system.databases WHERE name = {name:String}',
        query_params: { name: this.#name },
        format: 'TabSeparated',
        abort_signal: timeout,
      })
      if ((await exists.text()).trim() !== '0') return
      if (!create) throw noDatabase(this.location)
      const query = `CREATE DATABASE IF NOT EXISTS ${quoteName(this.#name)}`
      await this.#anywhere.command({ query, abort_signal: timeout })
    } catch (thrown) {
      if (timeout.aborted) {
        const seconds = timeoutMs / 1000
        throw new StoreError(
          'timeout',
          `${this.location} accepted the connection but did not answer within ${seconds} s: is it a ClickHouse HTTP port?`,
          { cause: thrown },
        )
      }
      throw this.#firstFailure(thrown)
    }
  }

  async command(sql: string, parameters: Parameters = {}): Promise<void> {
    this.#check(parameters)
    try {
      await this.#client.command({
        query: sql,
        query_params: parameters,
        abort_signal: this.#closing.signal,
      })
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async rows<Row>(sql: string, parameters: Parameters = {}): Promise<Row[]> {
    this.#check(parameters)
    try {
      const result = await this.#client.query({
        query: sql,
        query_params: parameters,
        format: 'JSONEachRow',
        abort_signal: this.#closing.signal,
      })
      const lines: string[] = []
      for await (const batch of result.stream()) for (const row of batch) lines.push(row.text)
      return parseRows<Row>(lines.join('\n'))
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async text(sql: string, parameters: Parameters = {}, format = 'TabSeparated'): Promise<string> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.stream(sql, parameters, format)) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  stream(sql: string, parameters: Parameters = {}, format = 'TabSeparated') {
    return this.#stream(sql, parameters, requireFormat(format), false)
  }

  async *queryReadOnly(sql: string, format = 'TabSeparated', parameters: Parameters = {}) {
    const ask = async (question: string, values: Parameters) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of this.#stream(question, values, 'TSVRaw', true)) chunks.push(chunk)
      return Buffer.concat(chunks).toString('utf8')
    }
    const query = await checkUserQuery(sql, requireFormat(format), ask)
    yield* this.#stream(query.sql, parameters, query.format, true)
  }

  async insertFile(table: string, columns: readonly string[], nativeFile: string, token: string) {
    this.#check({})
    const query = insertFromBody(table, columns, token)
    try {
      // Opened first: a missing file must not become an empty insert.
      const file = await open(nativeFile, 'r')
      const values = createReadStream('', { fd: file, highWaterMark: 1 << 20 })
      const { stream } = await this.#client.exec({
        query,
        values,
        abort_signal: this.#closing.signal,
      })
      await drainStream(stream)
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#client.close()
    await this.#anywhere.close()
  }

  async *#stream(sql: string, parameters: Parameters, format: string, isReadOnly: boolean) {
    this.#check(parameters)
    try {
      const { stream, response_headers: headers } = await this.#client.exec({
        query: sql,
        query_params: parameters,
        // As the engine does with chDB's format argument: a FORMAT clause in the SQL would win.
        http_headers: { 'X-ClickHouse-Format': format },
        clickhouse_settings: isReadOnly ? { readonly: '1' } : {},
        abort_signal: this.#closing.signal,
      })
      // Leaving early destroys the body, and with it the connection, which ends the query.
      yield* withoutException(stream, String(headers['x-clickhouse-exception-tag'] ?? ''))
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  #check(parameters: Parameters): void {
    // The client never looks at a signal that was aborted before.
    if (this.#closing.signal.aborted) throw new StoreError('closed', 'the store is already closed')
    // It would also take objects and dates, which the embedded engine's binding does not.
    setParameters(parameters)
  }

  #firstFailure(thrown: unknown): StoreError {
    const failure = this.#failure(thrown)
    if (failure.code !== 'store') return failure
    const sentence = `${this.location} answers HTTP but is not a ClickHouse server: name its HTTP port, 8123 as a rule`
    return new StoreError('not-clickhouse', sentence, { cause: thrown })
  }

  #failure(thrown: unknown): StoreError {
    if (this.#closing.signal.aborted) {
      return new StoreError('closed', 'the store is already closed', { cause: thrown })
    }
    return engineCode(thrown) === 81
      ? noDatabase(this.location)
      : storeFailure(thrown, this.location)
  }
}

function noDatabase(location: string): StoreError {
  return new StoreError(
    'no-store',
    `no store at ${location}; run overhear ingest FILE --store ${location} to make one`,
  )
}
