// The store on a ClickHouse server, over its HTTP interface.
import { setMaxListeners } from 'node:events'
import { createReadStream } from 'node:fs'
import { access, open } from 'node:fs/promises'
import {
  type ClickHouseClient,
  type ClickHouseSettings,
  ClickHouseLogLevel,
  createClient,
  drainStream,
} from '@clickhouse/client'
import { StoreError } from '../errors.ts'
import {
  type Cluster,
  createDatabase,
  onCluster,
  readingSettings,
  writingSettings,
} from './cluster.ts'
import type { Database, OpenOptions, Parameters } from './database.ts'
import { withoutException } from './exception.ts'
import { engineCode, storeFailure } from './failures.ts'
import { findStore, serversOf } from './find-cluster.ts'
import { parseRows } from './json.ts'
import { withPatience } from './patience.ts'
import { checkUserQuery } from './readonly.ts'
import { insertFromBody, quoteName, requireFormat, setParameters } from './statement.ts'

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
  cluster: Cluster | undefined
  readonly #name: string
  readonly #url: URL
  readonly #options: OpenOptions
  readonly #anywhere: ClickHouseClient
  readonly #closing = new AbortController()
  #client: ClickHouseClient
  #each: Map<string, ClickHouseClient> | undefined

  constructor(url: URL, options: OpenOptions) {
    this.#name = decodeURIComponent(url.pathname.slice(1)) || 'overhear'
    this.#url = url
    this.#options = options
    // Each running statement listens to it.
    setMaxListeners(0, this.#closing.signal)
    const user = url.username === '' ? '' : `${url.username}@`
    this.location = `${url.protocol}//${user}${url.host}/${this.#name}`
    this.#client = this.#connect({ database: this.#name })
    // Without a database: to ask for ours while it may be missing.
    this.#anywhere = this.#connect({ database: 'default' })
  }

  async start(create: boolean, timeoutMs: number): Promise<void> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const ask = <Row>(sql: string, parameters: Parameters) =>
        rowsOf<Row>(this.#anywhere, sql, parameters, timeout)
      const { exists, cluster } = await findStore(
        ask,
        this.#name,
        this.location,
        this.#options.cluster,
      )
      if (cluster !== undefined) {
        this.cluster = cluster
        await this.#client.close()
        this.#client = this.#connect({ database: this.#name, settings: readingSettings })
      }
      if (exists) return
      if (!create) throw noDatabase(this.location)
      if (cluster !== undefined) await this.everywhere(createDatabase(cluster))
      else {
        const query = `CREATE DATABASE IF NOT EXISTS ${quoteName(this.#name)}`
        await this.#anywhere.command({ query, abort_signal: timeout })
      }
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

  async everywhere(sql: string, parameters: Parameters = {}): Promise<void> {
    const { cluster } = this
    if (cluster === undefined) return this.command(sql, parameters)
    this.#check(parameters)
    const work = { query_params: parameters, abort_signal: this.#closing.signal }
    try {
      const statements = onCluster(sql, cluster)
      // A shard may have nothing of what a table is replaced by. Servers before 26 allow that without being asked.
      const settings = await this.#known(/ REPLACE PARTITION /.test(sql) ? emptySource : {})
      if (cluster.isReplicated) {
        for (const query of statements) {
          await this.#anywhere.command({ ...work, query, clickhouse_settings: settings })
        }
        return
      }
      const servers = await this.#servers(cluster)
      for (const [host, server] of servers) {
        for (const query of statements) {
          await server
            .command({ ...work, query, clickhouse_settings: settings })
            .catch((thrown: unknown) => {
              throw this.#failure(thrown, host)
            })
        }
      }
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async command(sql: string, parameters: Parameters = {}): Promise<void> {
    this.#check(parameters)
    try {
      await this.#client.command({
        query: sql,
        query_params: parameters,
        clickhouse_settings: this.#writing,
        abort_signal: this.#closing.signal,
      })
    } catch (thrown) {
      throw this.#failure(thrown)
    }
  }

  async rows<Row>(sql: string, parameters: Parameters = {}): Promise<Row[]> {
    this.#check(parameters)
    try {
      return await rowsOf<Row>(this.#client, sql, parameters, this.#closing.signal)
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
    // What is missing here does not come back by waiting.
    await access(nativeFile).catch((thrown: unknown) => {
      throw this.#failure(thrown)
    })
    const insert = () => this.#insert(query, nativeFile)
    await withPatience(insert, this.#options.insertPatienceMs ?? 60_000, this.#closing.signal)
  }

  async #insert(query: string, nativeFile: string): Promise<void> {
    try {
      // Opened first: a missing file must not become an empty insert.
      const file = await open(nativeFile, 'r')
      const values = createReadStream('', { fd: file, highWaterMark: 1 << 20 })
      const { stream } = await this.#client.exec({
        query,
        values,
        clickhouse_settings: this.#writing,
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
    for (const [, server] of this.#each ?? []) await server.close()
  }

  get #writing(): ClickHouseSettings {
    return this.cluster === undefined ? {} : writingSettings
  }

  #connect(to: {
    database: string
    host?: string
    settings?: ClickHouseSettings
  }): ClickHouseClient {
    const url = new URL(this.#url.origin)
    if (to.host !== undefined) url.hostname = to.host.includes(':') ? `[${to.host}]` : to.host
    const isCompressed = this.#options.isCompressed ?? false
    return createClient({
      url: url.origin,
      database: to.database,
      username: decodeURIComponent(this.#url.username) || 'default',
      password: decodeURIComponent(this.#url.password),
      application: 'overhear',
      request_timeout: this.#options.requestTimeoutMs ?? 600_000,
      compression: { request: isCompressed, response: isCompressed },
      log: { level: ClickHouseLogLevel.OFF },
      use_multipart_params_auto: true,
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0, ...to.settings },
    })
  }

  /** A connection to each server of a cluster that no Keeper speaks to; all listen on the port that this store was opened at. */
  async #servers(cluster: Cluster): Promise<Map<string, ClickHouseClient>> {
    if (this.#each !== undefined) return this.#each
    const ask = <Row>(sql: string, parameters: Parameters) =>
      rowsOf<Row>(this.#anywhere, sql, parameters, this.#closing.signal)
    const hosts = await serversOf(ask, cluster.name)
    this.#each = new Map(hosts.map((host) => [host, this.#connect({ database: 'default', host })]))
    return this.#each
  }

  /** Those of some settings that this version has. */
  async #known(settings: ClickHouseSettings): Promise<ClickHouseSettings> {
    const names = Object.keys(settings)
    if (names.length === 0) return {}
    const known = await this.rows<{ name: string }>(
      'SELECT s.name AS name FROM system.settings AS s WHERE has({names:Array(String)}, s.name)',
      { names },
    )
    return Object.fromEntries(known.map(({ name }) => [name, settings[name]]))
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

  #failure(thrown: unknown, host?: string): StoreError {
    if (this.#closing.signal.aborted) {
      return new StoreError('closed', 'the store is already closed', { cause: thrown })
    }
    if (engineCode(thrown) === 81) return noDatabase(this.location)
    const location =
      host === undefined ? this.location : `the server ${host} of the cluster at ${this.location}`
    return storeFailure(thrown, location)
  }
}

async function rowsOf<Row>(
  client: ClickHouseClient,
  sql: string,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Row[]> {
  const result = await client.query({
    query: sql,
    query_params: parameters,
    format: 'JSONEachRow',
    abort_signal: signal,
  })
  const lines: string[] = []
  for await (const batch of result.stream()) for (const row of batch) lines.push(row.text)
  return parseRows<Row>(lines.join('\n'))
}

const emptySource = { allow_replace_partition_from_empty_source: '1' }

function noDatabase(location: string): StoreError {
  return new StoreError(
    'no-store',
    `no store at ${location}; run overhear ingest FILE --store ${location} to make one`,
  )
}
