// Options that several verbs share, and how a verb opens its store.

import { readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import type { Database, OpenOptions } from '../database/database.ts'
import { openStore } from '../database/open.ts'
import { UsageError } from '../errors.ts'
import { keyMask, type Mask, prefixMask } from '../ingest/store/mask.ts'
import type { Retained } from '../ingest/store/retention.ts'
import { plural } from '../inspect/report/quantity.ts'
import { say } from './output.ts'

/** Where the store is: `--store`, else OVERHEAR_STORE, else ./overhear-store. */
export function storeOption(): Option {
  return new Option(
    '--store <dir|url>',
    'store: a directory (embedded) or http(s)://[user:password@]host:port/database',
  )
    .env('OVERHEAR_STORE')
    .default('./overhear-store')
}

/** Which cluster of a server the store is made on. */
export function clusterOption(): Option {
  return new Option(
    '--cluster <name>',
    'makes the store on this cluster of the server (remote_servers); one that is there knows its own',
  ).env('OVERHEAR_CLUSTER')
}

/** The flags that say which store is meant. */
export interface StoreFlags {
  store: string
  cluster?: string
}

/** Opens the store that the flags name. */
export function openNamed(
  { store, cluster }: StoreFlags,
  options: OpenOptions = {},
): Promise<Database> {
  return openStore(store, cluster === undefined ? options : { ...options, cluster })
}

/** Machine output on stdout. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON for machines')
}

/** More ports that carry DNS, besides 53, 5353 (mDNS) and 5355 (LLMNR); may be given several times. */
export function portOption(): Option {
  return new Option('--port <number>', 'one more port that carries DNS (repeatable)')
    .argParser((text: string, before: number[] | undefined) => [
      ...(before ?? []),
      portNumber(text),
    ])
    .default([], 'none')
}

/** Takes what a mirror delivers twice as it comes. */
export function keepDuplicatesOption(): Option {
  return new Option('--keep-duplicates', 'keep both copies of frames that a mirror delivers twice')
}

/** Reads a file as it grows. */
export function followOption(): Option {
  return new Option('--follow', 'read one file as it grows, until Ctrl-C (plain pcap or pcapng)')
}

/** Ends the following of a file that does not grow any more. */
export function followIdleOption(): Option {
  return new Option(
    '--follow-idle <seconds>',
    'the same, ended after so long without growth',
  ).argParser((text: string) => {
    const seconds = Number(text)
    if (text.trim() !== '' && seconds > 0 && Number.isFinite(seconds)) return seconds
    throw new UsageError(`--follow-idle takes a number of seconds above 0, not "${text}"`)
  })
}

/** The one file to follow; undefined when none is to be. */
export function followedPath(
  paths: readonly string[],
  options: { follow?: true; followIdle?: number },
): string | undefined {
  if (options.follow === undefined && options.followIdle === undefined) return undefined
  const [path] = paths
  if (paths.length === 1 && path !== '-') return path
  throw new UsageError('--follow reads one file: name it alone (standard input is followed anyway)')
}

/** How many rows are shown; `help` says of what. */
export function limitOption(help: string, rows: number): Option {
  return new Option('--limit <rows>', help).argParser(rowLimit).default(rows)
}

/** Name of this sensor, stored with every row. */
export function sensorOption(): Option {
  return new Option('--sensor <name>', 'name stored with every row').default('', 'none')
}

function rowLimit(typed: string): number {
  const rows = Number(typed)
  if (Number.isInteger(rows) && rows >= 1 && rows <= 1_000_000) return rows
  throw new InvalidArgumentError('It takes a number of rows from 1 to 1000000.')
}

/** Removes what was ingested longer ago, before and during a run. */
export function retainOption(): Option {
  return new Option(
    '--retain <days>',
    'remove what was ingested longer ago, as in 400d; the age of packets does not count',
  ).argParser(retainedDays)
}

/** Days of `--retain 400d`. */
export function retainedDays(text: string): number {
  const days = /^(\d{1,5})d?$/.exec(text)?.[1]
  if (days !== undefined && Number(days) > 0) return Number(days)
  throw new UsageError(`--retain takes a number of days such as 400d, not "${text}"`)
}

/** Says what was removed for `--retain`. */
export function sayRetained({ before, rows, captures }: Retained): void {
  say(
    `removed what was ingested before ${before}: ${plural(rows, 'transaction')}, ${plural(captures, 'capture')}`,
  )
}

/** Hides who asked, before anything is stored. */
export function maskOption(): Option {
  return new Option(
    '--mask-clients <how>',
    'hide who asked: /24,/56 keeps so many bits of IPv4 and IPv6 addresses, key:FILE makes pseudonyms',
  ).argParser(maskOf)
}

function maskOf(text: string): Mask {
  if (!text.startsWith('key:')) return prefixMask(text)
  const path = text.slice('key:'.length)
  let key: Uint8Array
  try {
    key = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--mask-clients cannot read its key in ${path} (${code})`)
  }
  return keyMask(key)
}

function portNumber(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`--port takes a number from 1 to 65535, not "${text}"`)
  }
  return port
}
