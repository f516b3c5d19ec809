// Options that several verbs share, and how a verb opens its store.

import { InvalidArgumentError, Option } from 'commander'
import { UsageError } from '../errors.ts'

/** Where the store is: `--store`, else OVERHEAR_STORE, else ./overhear-store. */
export function storeOption(): Option {
  return new Option(
    '--store <dir|url>',
    'store: a directory (embedded) or http(s)://[user:password@]host:port/database',
  )
    .env('OVERHEAR_STORE')
    .default('./overhear-store')
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

function portNumber(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`--port takes a number from 1 to 65535, not "${text}"`)
  }
  return port
}
