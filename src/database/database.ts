// What the rest of Overhear sees of ClickHouse: one interface, served by chDB in this process or by a server over HTTP.

import type { Cluster } from './cluster.ts'

/** Values for `{name:Type}` placeholders: strings, numbers, bigints, booleans, null and arrays of them, each at most 120,000 bytes as text. */
export type Parameters = Record<string, unknown>

/** An open store. Every method throws StoreError, and nothing else, when the engine or the network fails. */
export interface Database {
  readonly kind: 'embedded' | 'server'
  /** The folder or the URL, without a password: safe to print. */
  readonly location: string
  /** The cluster that the store lies on; undefined where it is whole in one place. */
  readonly cluster: Cluster | undefined
  /** The folder that holds the store, for the spool; undefined on a server. */
  readonly folder: string | undefined
  /** Runs one statement that gives no rows back. */
  command(sql: string, parameters?: Parameters): Promise<void>
  /**
   * Runs one statement about the store's own tables (CREATE, ALTER, DROP, TRUNCATE, SYSTEM) wherever they lie: on a
   * cluster on each of its servers, in the form it has there.
   */
  everywhere(sql: string, parameters?: Parameters): Promise<void>
  /**
   * All rows of one SELECT without a FORMAT clause, in memory. 64-bit integers are numbers while they are safe
   * integers and decimal strings beyond; bytes that are not UTF-8 become U+FFFD.
   */
  rows<Row>(sql: string, parameters?: Parameters): Promise<Row[]>
  /** The whole result as text in any ClickHouse format, in memory. */
  text(sql: string, parameters?: Parameters, format?: string): Promise<string>
  /** The result as bytes in any ClickHouse format, never whole in memory; leaving the loop early cancels the query. */
  stream(sql: string, parameters?: Parameters, format?: string): AsyncIterable<Uint8Array>
  /** As `stream`, for SQL typed by a user: one reading statement, its own FORMAT clause honoured, all else refused. */
  queryReadOnly(
    sql: string,
    format?: string,
    parameters?: Parameters,
  ): AsyncGenerator<Uint8Array, void, undefined>
  /** Inserts one Native block file, exactly once for each token (`[A-Za-z0-9:._/-]+`), materialized views included. */
  insertFile(
    table: string,
    columns: readonly string[],
    nativeFile: string,
    token: string,
  ): Promise<void>
  /** Cancels what still runs, releases the store; calling it again does nothing. */
  close(): Promise<void>
}

/** How a store is opened. */
export interface OpenOptions {
  /** False for readers: a missing store is an error and nothing is created. True when absent. */
  create?: boolean
  /** Makes the store on this cluster of the server; a store that is there already knows its own. */
  cluster?: string
  /** How long the first answer of a server may take; 10 s when absent. */
  connectTimeoutMs?: number
  /** How long a server may stay silent during a statement; 10 min when absent. */
  requestTimeoutMs?: number
  /** How long the insert of a block is tried again while a server is away or busy; 60 s when absent. */
  insertPatienceMs?: number
  /** Sends and receives gzip: for a slow line, on a fast one it costs more than it saves. */
  isCompressed?: boolean
}
