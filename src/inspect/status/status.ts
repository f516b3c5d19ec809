// The state of a store: how much it holds, since when, how it lies on disk, and what is not as it should be.

import { type Cluster, systemTable } from '../../database/cluster.ts'
import type { Database } from '../../database/database.ts'
import { time } from '../report/quantity.ts'
import { type CaptureState, listCaptures } from './captures.ts'

/** What `overhear status` tells of the tables; the spool is looked at by whoever fills it. */
export interface StoreState {
  store: string
  kind: 'embedded' | 'server'
  /** Captures in the ledger, those with rows but no line there, and those that were removed since the store was made. */
  captures: { finished: number; unfinished: number; removed: number; removals_under_way: number }
  packets: number
  /** Packets lost before us, as far as the captures say. */
  dropped: number
  /** Queries given up early because the match table was full. */
  evicted: number
  /** Sentences about what could not be read, in all lines of the ledger. */
  problems: number
  transactions: number
  /** Rows by match verdict. */
  verdicts: Record<string, number>
  rrsets: number
  networks: number
  /** Bytes and parts by table. */
  disk: { table: string; rows: number; bytes: number; parts: number }[]
  bytes: number
  /** Bytes of transactions on disk for each; null without any. */
  bytes_per_transaction: number | null
  packets_between: { first: string; last: string } | null
  ingested_between: { first: string; last: string } | null
  /** The newest schema of the store. */
  schema: string
  /** The newest captures, the newest first. */
  newest: CaptureState[]
}

/** Reads the state of a store; `newest` captures are listed. */
export async function storeState(database: Database, newest: number): Promise<StoreState> {
  const [[ledger], verdicts, disk, [removals], [schema], captures] = await Promise.all([
    database.rows<Ledger>(ledgerSql),
    database.rows<{ verdict: string; rows: number; first: string; last: string }>(verdictsSql),
    database.rows<StoreState['disk'][number]>(diskSql(database.cluster)),
    database.rows<{ removed: number; under_way: number }>(removalsSql),
    database.rows<{ name: string }>('SELECT max(m.name) AS name FROM schema_migrations AS m'),
    listCaptures(database),
  ])
  const transactions = verdicts.reduce((sum, { rows }) => sum + rows, 0)
  const main = disk.find(({ table }) => table === 'transactions')
  const rowsOf = (name: string) => disk.find(({ table }) => table === name)?.rows ?? 0
  const days = verdicts.map(({ first, last }) => [first, last])
  const finished = captures.filter((each) => each.finished !== null)
  return {
    store: database.location,
    kind: database.kind,
    captures: {
      finished: ledger.captures,
      unfinished: captures.length - finished.length,
      removed: removals.removed,
      removals_under_way: removals.under_way,
    },
    packets: ledger.packets,
    dropped: ledger.dropped,
    evicted: ledger.evicted,
    problems: ledger.problems,
    transactions,
    verdicts: Object.fromEntries(verdicts.map(({ verdict, rows }) => [verdict, rows])),
    rrsets: rowsOf('rrsets'),
    networks: rowsOf('network_prefixes'),
    disk,
    bytes: disk.reduce((sum, each) => sum + each.bytes, 0),
    bytes_per_transaction:
      main === undefined || transactions === 0 ? null : main.bytes / transactions,
    packets_between:
      ledger.packets === 0 ? null : { first: time(ledger.first, 9), last: time(ledger.last, 9) },
    ingested_between:
      days.length === 0
        ? null
        : {
            first: days.map(([first]) => first).sort()[0],
            last: days.map(([, last]) => last).sort()[days.length - 1],
          },
    schema: schema.name,
    newest: captures.slice(0, newest),
  }
}

interface Ledger {
  captures: number
  packets: number
  dropped: number
  evicted: number
  problems: number
  first: string
  last: string
}

const ledgerSql = `SELECT count() AS captures, sum(c.packets) AS packets, sum(c.dropped) AS dropped, sum(c.evicted) AS evicted,
    sum(length(c.problems)) AS problems, minIf(c.first_packet, c.packets > 0) AS first, maxIf(c.last_packet, c.packets > 0) AS last
  FROM captures AS c`

const verdictsSql = `SELECT toString(t.match) AS verdict, count() AS rows, toString(min(t.ingested)) AS first, toString(max(t.ingested)) AS last
  FROM transactions AS t GROUP BY verdict ORDER BY rows DESC, verdict`

// Of a cluster all shards, one copy of each.
const diskSql = (cluster: Cluster | undefined) => `
  SELECT ${cluster === undefined ? 'p.table' : "replaceRegexpOne(p.table, '_local$', '')"} AS table,
    sum(p.rows) AS rows, sum(p.bytes_on_disk) AS bytes, count() AS parts
  FROM ${systemTable('parts', cluster)} AS p WHERE p.active AND p.database = currentDatabase() GROUP BY table ORDER BY bytes DESC, table`

const removalsSql = `SELECT uniqExactIf(r.capture, r.capture != '') AS removed, toUInt32(countIf(r.event = 'begun') - countIf(r.event = 'done')) AS under_way
  FROM removals AS r`
