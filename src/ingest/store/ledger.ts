// The ledger: what one run made of one capture, its sums, and its row in `captures`, which is written last.

import { createHash } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { BinCounts } from '../decode/bins.ts'
import { verdictNames } from '../match/verdict.ts'

/** One capture's line of the ledger, as `overhear ingest --json` prints it. */
export interface LedgerEntry {
  /** What `transactions.capture` holds for its rows. */
  id: string
  path: string
  sha256: string
  content_sha256: string
  format: string
  compression: string
  link: string[]
  /** Interfaces that the capture names, the first hundred, with their counters; null where it does not say. */
  interfaces: { name: string; link: string; received: number | null; dropped: number | null }[]
  packets: number
  bins: BinCounts
  messages: { query: number; response: number; malformed: number }
  transactions: Partial<Record<(typeof verdictNames)[number], number>>
  /** Queries given up early because the match table was full. */
  evicted: number
  /** What never became whole: directions of TCP connections that ended inside a message, fragmented datagrams. */
  unfinished: { streams: number; datagrams: number }
  /** TCP resets on DNS ports. */
  resets: number
  /** Packets lost before us, as far as the capture says. */
  dropped: number
  /** True when the store held this content before: then nothing was stored. */
  already: boolean
  first_packet: string | null
  last_packet: string | null
  seconds: number
  /** Size on disk and uncompressed. */
  bytes: number
  content_bytes: number
  /** What could not be read, one sentence each. */
  problems: string[]
}

/** Identity of a capture: 16 hex digits of its first MiB, and of its whole content where another capture begins the same. */
export function captureId(headSha256: string, contentSha256: string | null): string {
  if (contentSha256 === null) return headSha256.slice(0, 16)
  return sha256(Buffer.from(headSha256 + contentSha256)).slice(0, 16)
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The entries of captures in the store that begin with the same MiB. */
export async function knownEntries(database: Database, headSha256: string): Promise<LedgerEntry[]> {
  const rows = await database.rows<LedgerRow>(
    `SELECT id, path, sha256, content_sha256, format, compression, link, interfaces, packets, dns, other, duplicate, malformed, unsupported,
       queries AS query, responses AS response, malformed_messages, verdicts AS transactions, evicted, unfinished, resets, dropped,
       if(packets = 0, NULL, replaceOne(toString(first_packet), ' ', 'T') || 'Z') AS first_packet,
       if(packets = 0, NULL, replaceOne(toString(last_packet), ' ', 'T') || 'Z') AS last_packet,
       file_bytes AS bytes, content_bytes, problems
     FROM captures WHERE head_sha256 = {head:String}`,
    { head: headSha256 },
  )
  return rows.map(
    ({
      dns,
      other,
      duplicate,
      malformed,
      unsupported,
      query,
      response,
      malformed_messages,
      ...row
    }) => ({
      ...row,
      interfaces: row.interfaces.map((each) => {
        return { ...each, received: counted(each.received), dropped: counted(each.dropped) }
      }),
      bins: { dns, other, duplicate, malformed, unsupported },
      messages: { query, response, malformed: malformed_messages },
      already: true,
      seconds: 0,
    }),
  )
}

/** A counter as the ledger's column holds it. */
function counted(stored: number | null): number | null {
  return stored === null || stored < 0 ? null : stored
}

/** Whether the ledger has a line of this id. */
export async function isKnown(database: Database, id: string): Promise<boolean> {
  return (await database.rows('SELECT id FROM captures WHERE id = {id:String}', { id })).length > 0
}

/** What was taken in uncompressed from a path, the shortest first. */
export async function takenFrom(
  database: Database,
  path: string,
): Promise<{ bytes: number; sha256: string; packets: number }[]> {
  return database.rows(
    `SELECT content_bytes AS bytes, content_sha256 AS sha256, packets FROM captures
     WHERE path = {path:String} AND compression = 'none' ORDER BY content_bytes`,
    { path },
  )
}

/** Writes the entry into `captures`; the last thing a run does for a capture. */
export async function writeLedger(
  database: Database,
  entry: LedgerEntry,
  origin: {
    headSha256: string
    sensor: string
    version: string
    startedMs: number
    /** How clients' addresses were masked; empty where they were not. */
    masked: string
  },
): Promise<void> {
  const { bins } = entry
  const verdicts = Object.entries(entry.transactions)
  const parameters = {
    id: entry.id,
    path: entry.path,
    sensor: origin.sensor,
    sha256: entry.sha256,
    content: entry.content_sha256,
    head: origin.headSha256,
    format: entry.format,
    compression: entry.compression,
    link: entry.link,
    interface_names: entry.interfaces.map(({ name }) => name),
    interface_links: entry.interfaces.map(({ link }) => link),
    received: entry.interfaces.map(({ received }) => received ?? -1),
    dropped_each: entry.interfaces.map(({ dropped }) => dropped ?? -1),
    file_bytes: entry.bytes,
    content_bytes: entry.content_bytes,
    first: entry.first_packet ?? '1970-01-01T00:00:00.000000000Z',
    last: entry.last_packet ?? '1970-01-01T00:00:00.000000000Z',
    packets: entry.packets,
    dns: bins.dns,
    other: bins.other,
    duplicate: bins.duplicate,
    malformed_names: Object.keys(bins.malformed),
    malformed_counts: Object.values(bins.malformed),
    unsupported_names: Object.keys(bins.unsupported),
    unsupported_counts: Object.values(bins.unsupported),
    queries: entry.messages.query,
    responses: entry.messages.response,
    malformed_messages: entry.messages.malformed,
    verdict_names: verdicts.map(([name]) => name),
    verdict_counts: verdicts.map(([, rows]) => rows),
    evicted: entry.evicted,
    unfinished_names: Object.keys(entry.unfinished),
    unfinished_counts: Object.values(entry.unfinished),
    resets: entry.resets,
    dropped: entry.dropped,
    problems: entry.problems,
    version: origin.version,
    masked: origin.masked,
    started: new Date(origin.startedMs).toISOString(),
    finished: new Date().toISOString(),
  }
  await database.command(insertEntry, parameters)
}

type LedgerRow = Omit<LedgerEntry, 'bins' | 'messages' | 'already' | 'seconds'> &
  BinCounts & { query: number; response: number; malformed_messages: number }

const time = (name: string, digits: number) =>
  `parseDateTime64BestEffort({${name}:String}, ${digits}, 'UTC')`

const map = (name: string) =>
  `mapFromArrays({${name}_names:Array(String)}, {${name}_counts:Array(UInt64)})`

const insertEntry = `
  INSERT INTO captures (id, path, sensor, sha256, content_sha256, head_sha256, format, compression, link, interfaces,
    file_bytes, content_bytes, first_packet, last_packet, packets, dns, other, duplicate, malformed, unsupported,
    queries, responses, malformed_messages, verdicts, evicted, unfinished, resets, dropped, problems, version, masked, started, finished)
  SELECT {id:String}, {path:String}, {sensor:String}, {sha256:String}, {content:String}, {head:String},
    {format:String}, {compression:String}, {link:Array(String)},
    arrayZip({interface_names:Array(String)}, {interface_links:Array(String)}, {received:Array(Int64)}, {dropped_each:Array(Int64)}),
    {file_bytes:UInt64}, {content_bytes:UInt64}, ${time('first', 9)}, ${time('last', 9)},
    {packets:UInt64}, {dns:UInt64}, {other:UInt64}, {duplicate:UInt64}, ${map('malformed')}, ${map('unsupported')},
    {queries:UInt64}, {responses:UInt64}, {malformed_messages:UInt64}, ${map('verdict')},
    {evicted:UInt64}, ${map('unfinished')}, {resets:UInt64}, {dropped:UInt64}, {problems:Array(String)}, {version:String}, {masked:String},
    ${time('started', 3)}, ${time('finished', 3)}`
