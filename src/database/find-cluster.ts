// Finds out whether a database holds a store, and the cluster that it lies on or is to lie on.

import { StoreError } from '../errors.ts'
import type { Cluster } from './cluster.ts'
import type { Parameters } from './database.ts'

/** Rows of a query that names no database. */
export type AskRows = <Row>(sql: string, parameters: Parameters) => Promise<Row[]>

/** What a server says of a database. */
export interface FoundStore {
  /** Whether the database is there; of a cluster that is new to it, on every server. */
  exists: boolean
  cluster: Cluster | undefined
}

/** Looks at a database of the server at `location`; `wanted` is the cluster that whoever opens it has named, if any. */
export async function findStore(
  ask: AskRows,
  database: string,
  location: string,
  wanted: string | undefined,
): Promise<FoundStore> {
  const [found] = await ask<Found>(foundSql, { database })
  const exists = found.databases > 0
  if (found.migrations === '') {
    if (wanted === undefined) return { exists, cluster: undefined }
    await checkCluster(ask, wanted, location, found.keeper > 0)
    return { exists: false, cluster: { name: wanted, database, isReplicated: found.keeper > 0 } }
  }
  const name = /^Distributed\('((?:[^'\\]|\\.)*)'/.exec(found.migrations)?.[1]
  if (wanted !== undefined && name !== wanted) {
    const where = name === undefined ? 'lies on one server' : `lies on the cluster ${name}`
    throw new StoreError(
      'other-cluster',
      `the store ${location} ${where}, not on ${wanted}: name another database for a store on ${wanted}`,
    )
  }
  if (name === undefined) return { exists, cluster: undefined }
  return { exists, cluster: { name, database, isReplicated: found.local.startsWith('Replicated') } }
}

/** The servers of a cluster by the names it has for them, the first replica of the first shard first. */
export async function serversOf(ask: AskRows, cluster: string): Promise<string[]> {
  const rows = await ask<{ host: string }>(
    'SELECT c.host_name AS host FROM system.clusters AS c WHERE c.cluster = {cluster:String} ORDER BY c.shard_num, c.replica_num',
    { cluster },
  )
  return rows.map(({ host }) => host)
}

async function checkCluster(ask: AskRows, wanted: string, location: string, hasKeeper: boolean) {
  const shards = await ask<{ cluster: string; copies: number; internal: number }>(shardsSql, {})
  const own = shards.filter(({ cluster }) => cluster === wanted)
  if (own.length === 0) {
    const known = [...new Set(shards.map(({ cluster }) => cluster))].join(', ') || 'none'
    throw new StoreError(
      'unknown-cluster',
      `${location} knows no cluster ${wanted}: its remote_servers name ${known}`,
    )
  }
  const copied = own.filter(({ copies }) => copies > 1)
  if (copied.length > 0 && !hasKeeper) {
    throw new StoreError(
      'no-keeper',
      `the cluster ${wanted} has shards of several servers, and ${location} has no Keeper to hold them together: configure <zookeeper>, or name a cluster of single servers`,
    )
  }
  if (copied.some(({ internal }) => internal === 0)) {
    throw new StoreError(
      'no-internal-replication',
      `the cluster ${wanted} would send every row to each server of a shard: set <internal_replication>true</internal_replication> in its shards`,
    )
  }
}

interface Found {
  databases: number
  /** Engine of schema_migrations with its arguments; empty where the table is not there. */
  migrations: string
  local: string
  keeper: number
}

// A server without Keeper has no system.zookeeper.
const foundSql = `
  SELECT (SELECT toUInt32(count()) FROM system.databases AS d WHERE d.name = {database:String}) AS databases,
    (SELECT max(t.engine_full) FROM system.tables AS t WHERE t.database = {database:String} AND t.name = 'schema_migrations') AS migrations,
    (SELECT max(t.engine) FROM system.tables AS t WHERE t.database = {database:String} AND t.name = 'schema_migrations_local') AS local,
    (SELECT toUInt32(count()) FROM system.tables AS t WHERE t.database = 'system' AND t.name = 'zookeeper') AS keeper`

const shardsSql = `
  SELECT c.cluster AS cluster, toUInt32(count()) AS copies, max(c.internal_replication) AS internal
  FROM system.clusters AS c GROUP BY cluster, c.shard_num ORDER BY cluster, c.shard_num`
