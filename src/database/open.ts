// Opens a store by its location: a folder (embedded chDB) or http(s)://[user:password@]host:port/database (a server).
import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Database, OpenOptions } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { checkMigrations, migrate } from './migrate.ts'

/** The location of a throw-away store: a temporary folder, removed when it is closed or the process ends. */
export const throwAway = ':memory:'

/** Opens the store and brings its tables up to date; with `create: false` it changes nothing and a missing store is an error. */
export async function openStore(location: string, options: OpenOptions = {}): Promise<Database> {
  const database = await openDatabase(location, options)
  try {
    if (options.create ?? true) await migrate(database)
    else await checkMigrations(database)
    return database
  } catch (thrown) {
    await database.close()
    throw thrown
  }
}

/** Opens the engine alone, without looking at tables. */
export async function openDatabase(location: string, options: OpenOptions = {}): Promise<Database> {
  if (location === throwAway) return openEmbedded(undefined, true)
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    if (location === '')
      throw new UsageError('--store is empty: name a folder or a URL', 'bad-store')
    if (options.cluster !== undefined) {
      throw new UsageError(
        `--cluster (OVERHEAR_CLUSTER) goes with a server: write --store http://host:8123/database, ${JSON.stringify(location)} is a folder`,
        'bad-store',
      )
    }
    return openEmbedded(resolve(location), options.create ?? true)
  }
  const url = parseUrl(location, scheme)
  // Who has no server does not wait for the code that talks to one (25 ms).
  const { openServer } = await import('./server.ts')
  return openServer(url, { ...options, ...connectionOptions(url.searchParams) })
}

/** What the URL says about the connection, as in `?compression=gzip&timeout=600`. */
function connectionOptions(given: URLSearchParams): OpenOptions {
  const options: OpenOptions = {}
  for (const [name, value] of given) {
    if (name === 'compression' && (value === 'gzip' || value === 'none')) {
      options.isCompressed = value === 'gzip'
      continue
    }
    const seconds = Number(value)
    const option = secondsOptions.get(name)
    if (option === undefined || !/^\d+(\.\d+)?$/.test(value) || seconds > 86_400) {
      throw new UsageError(
        `--store ends in ?${name}=${value}: it takes compression=gzip, and timeout, connect_timeout and retry in seconds up to 86400`,
        'bad-store',
      )
    }
    options[option] = seconds * 1000
  }
  return options
}

const secondsOptions = new Map<
  string,
  'requestTimeoutMs' | 'connectTimeoutMs' | 'insertPatienceMs'
>([
  ['timeout', 'requestTimeoutMs'],
  ['connect_timeout', 'connectTimeoutMs'],
  ['retry', 'insertPatienceMs'],
])

// The location may hold a password, so it is never repeated in these messages.
function parseUrl(location: string, scheme: string): URL {
  if (scheme !== 'http' && scheme !== 'https') {
    throw new UsageError(
      `--store speaks HTTP to a server: write http://host:8123/database, not ${scheme}://`,
      'bad-store',
    )
  }
  let url: URL
  let name: string
  try {
    url = new URL(location)
    name = decodeURIComponent(url.pathname.slice(1))
    decodeURIComponent(url.username + url.password)
  } catch {
    throw new UsageError(
      '--store is not a URL: write http://user:password@host:8123/database and percent-encode special characters',
      'bad-store',
    )
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$|^$/.test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} is not a database name: letters, digits and _ only`,
      'bad-store',
    )
  }
  return url
}
