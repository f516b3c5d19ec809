// A store on a cluster: rewrites a statement about one table into those about NAME_local on every server and a Distributed NAME over them.

import { StoreError } from '../errors.ts'
import { quoteName, quoteText } from './statement.ts'

/** How the tables of a store lie on a cluster. */
export interface Cluster {
  /** As `remote_servers` of the servers' configuration calls it. */
  readonly name: string
  /** The database, the same on every server. */
  readonly database: string
  /** True where Keeper carries statements (ON CLUSTER) and holds copies together; false where each server is told by itself. */
  readonly isReplicated: boolean
}

/** What every statement on a cluster is run with: joins see whole tables, and a look-up of a name asks the one server that has it. */
export const readingSettings = {
  distributed_product_mode: 'global',
  optimize_skip_unused_shards: 1,
} as const

/** What writing statements are run with besides: rows are on their servers when an insert returns. */
export const writingSettings = { distributed_foreground_insert: 1 } as const

/**
 * The server that holds a row is chosen by this. Of tables that are not named the first server holds all: they are small, and their
 * rows belong together. What a view feeds lies where its rows came from, so its key must never let a query leave out a server.
 */
const shardingKeys: Record<string, string> = {
  // A name without a registrable domain (root, suffixes, single labels) would else go to one server: at a root those are most.
  transactions: "cityHash64(if(domain = '', qname, domain))",
  rrsets: 'rand()',
  rrsets_rebuilt: 'rand()',
}

/** Statements that do to the tables of a cluster what `sql` does to those of one server; StoreError for a kind that is not known here. */
export function onCluster(sql: string, cluster: Cluster): string[] {
  const statement = sql.replace(/^(?:\s*--[^\n]*\n)+/, '').trim()
  for (const [shape, rewrite] of rewrites) {
    const match = shape.exec(statement)
    if (match !== null) {
      const [head, ...words] = match
      return rewrite(new Naming(cluster), words, statement.slice(head.length))
    }
  }
  throw new StoreError(
    'not-for-clusters',
    `this statement has no form for a cluster: ${statement.slice(0, 60)}`,
  )
}

/** The statement that makes the database of a cluster, for all of its servers. */
export function createDatabase({ database }: Cluster): string {
  return `CREATE DATABASE IF NOT EXISTS ${database}`
}

/** The table of a server that holds rows, as `system` tables call it; the store's own name for it without a cluster. */
export function localTable(table: string, cluster: Cluster | undefined): string {
  return cluster === undefined ? table : `${table}_local`
}

/** A table of `system` that describes the rows of this store: of all servers on a cluster, one of the copies each. */
export function systemTable(table: string, cluster: Cluster | undefined): string {
  return cluster === undefined
    ? `system.${table}`
    : `cluster(${quoteText(cluster.name)}, system.${table})`
}

/** The names that a server's own statement uses, as the store calls them: `dns.transactions_local` is `transactions`. */
export function withoutLocal(sql: string, cluster: Cluster | undefined): string {
  if (cluster === undefined) return sql
  return sql.replaceAll(new RegExp(`\`?\\b${cluster.database}\`?\\.(\\w+)_local\\b`, 'g'), '$1')
}

type Rewrite = (naming: Naming, words: string[], rest: string) => string[]

const rewrites: [RegExp, Rewrite][] = [
  [/^CREATE TABLE (IF NOT EXISTS )?(\w+) AS (\w+)$/, copyTable],
  [/^CREATE TABLE (IF NOT EXISTS )?(\w+)(?= *\()/, createTable],
  [/^CREATE MATERIALIZED VIEW (IF NOT EXISTS )?(\w+) TO (\w+)/, createFeed],
  [/^(CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?)(\w+)/, createView],
  [/^(CREATE (?:OR REPLACE )?DICTIONARY (?:IF NOT EXISTS )?)(\w+)/, named],
  [/^(DROP (?:DICTIONARY|VIEW) (?:IF EXISTS )?)(\w+)/, named],
  [/^(DROP TABLE (?:IF EXISTS )?)(\w+)/, dropTable],
  [/^(TRUNCATE TABLE (?:IF EXISTS )?)(\w+)/, local],
  [/^(ALTER TABLE )(\w+)(?= (?:ADD|DROP|MODIFY|RENAME|COMMENT|CLEAR) COLUMN\b)/, alterColumns],
  [/^(ALTER TABLE |OPTIMIZE TABLE )(\w+)/, local],
  [/^(SYSTEM RELOAD DICTIONARY )(\w+)$/, onClusterFirst],
  [/^(SYSTEM SYNC REPLICA )(\w+)$/, syncReplicas],
  [/^(CREATE DATABASE IF NOT EXISTS )(\w+)$/, makeDatabase],
]

function createTable(naming: Naming, [ifNot = '', table]: string[], rest: string): string[] {
  const body = naming.replicated(rest)
  return [
    `CREATE TABLE ${ifNot}${naming.local(table)}${naming.clause}${body}`,
    naming.distributed(ifNot, table),
  ]
}

// A copy of a replicated table is replicated under a path of its own: {uuid} stands in it.
function copyTable(naming: Naming, [ifNot = '', table, from]: string[]): string[] {
  return [
    `CREATE TABLE ${ifNot}${naming.local(table)}${naming.clause} AS ${naming.local(from)}`,
    naming.distributed(ifNot, table),
  ]
}

// Fed on the server that the rows were sent to, in the same insert and under the same token.
function createFeed(naming: Naming, [ifNot = '', view, to]: string[], rest: string): string[] {
  const select = rest.replace(/\bFROM (\w+)\b(?!\()/, (_, from: string) => {
    return `FROM ${naming.local(from)}`
  })
  return [
    `CREATE MATERIALIZED VIEW ${ifNot}${naming.own(view)}${naming.clause} TO ${naming.local(to)}${naming.qualified(select)}`,
  ]
}

function createView(naming: Naming, [head, view]: string[], rest: string): string[] {
  return [`${head}${naming.own(view)}${naming.clause}${naming.qualified(rest)}`]
}

function named(naming: Naming, [head, name]: string[], rest: string): string[] {
  return [`${head}${naming.own(name)}${naming.clause}${rest}`]
}

function dropTable(naming: Naming, [head, table]: string[], rest: string): string[] {
  return [
    `${head}${naming.own(table)}${naming.clause}${rest}`,
    `${head}${naming.local(table)}${naming.clause}${rest}`,
  ]
}

function local(naming: Naming, [head, table]: string[], rest: string): string[] {
  const action = rest.replace(/(PARTITION \S+ FROM )(\w+)/, (_, words: string, from: string) => {
    return words + naming.local(from)
  })
  return [`${head}${naming.local(table)}${naming.clause}${action}`]
}

// The rows first: until they have a column, nothing may ask for it.
function alterColumns(naming: Naming, [head, table]: string[], rest: string): string[] {
  return [
    `${head}${naming.local(table)}${naming.clause}${rest}`,
    `${head}${naming.own(table)}${naming.clause}${rest.replace(/ CODEC\((?:[^()]|\([^()]*\))*\)/g, '')}`,
  ]
}

function onClusterFirst(naming: Naming, [head, name]: string[]): string[] {
  return [`${head.trimEnd()}${naming.clause} ${naming.own(name)}`]
}

function syncReplicas(naming: Naming, [head, table]: string[]): string[] {
  if (naming.clause === '') return []
  return [`${head.trimEnd()}${naming.clause} ${naming.local(table)}`]
}

function makeDatabase(naming: Naming, [head, database]: string[]): string[] {
  return [`${head}${quoteName(database)}${naming.clause}`]
}

/** How things are called on one cluster. */
class Naming {
  /** What carries a statement to every server; empty where each is told by itself. */
  readonly clause: string
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.clause = cluster.isReplicated ? ` ON CLUSTER ${quoteText(cluster.name)}` : ''
  }

  own(name: string): string {
    return `${quoteName(this.#cluster.database)}.${name}`
  }

  local(name: string): string {
    return this.own(localTable(name, this.#cluster))
  }

  distributed(ifNot: string, table: string): string {
    const place = [this.#cluster.name, this.#cluster.database, `${table}_local`].map(quoteText)
    const key = shardingKeys[table] ?? '0'
    return `CREATE TABLE ${ifNot}${this.own(table)}${this.clause} AS ${this.local(table)} ENGINE = Distributed(${place.join(', ')}, ${key})`
  }

  /** The body of a CREATE TABLE with its engine's replicated form, which remembers tokens in Keeper. */
  replicated(body: string): string {
    const engine = /\bENGINE = (\w*MergeTree)\b(?:\(([^)]*)\))?/.exec(body)
    if (engine === null) {
      throw new StoreError('not-for-clusters', `this engine has no form for a cluster: ${body}`)
    }
    if (!this.#cluster.isReplicated) return body
    const [whole, family, given = ''] = engine
    const parts = [keeperPath, replicaName, ...(given === '' ? [] : [given])]
    return body
      .replace(whole, () => `ENGINE = Replicated${family}(${parts.join(', ')})`)
      .replace(
        /\bnon_replicated_deduplication_window = (\d+)/,
        (_, tokens: string) =>
          `replicated_deduplication_window = ${tokens}, replicated_deduplication_window_seconds = ${tokensKeptSeconds}`,
      )
  }

  /** The names after FROM and JOIN with their database: a statement is carried to servers where another is the default. */
  qualified(select: string): string {
    const within = new Set([...select.matchAll(/\b(\w+) AS \(/g)].map(([, name]) => name))
    return select.replace(/\b(FROM|JOIN) (\w+)\b(?![.(])/g, (whole, word: string, name: string) => {
      return within.has(name) ? whole : `${word} ${this.own(name)}`
    })
  }
}

// {uuid} and not the table's name: a table that is dropped and made again, or copied for a moment, never meets the path of another.
const keeperPath = "'/clickhouse/tables/{uuid}/{shard}'"
const replicaName = "'{replica}'"

// The server forgets them after an hour by itself; a sensor may come back with its spool after months.
const tokensKeptSeconds = 31_536_000
