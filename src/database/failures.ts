// Turns whatever the engine, the HTTP client or the system threw into one sentence for people.
import { StoreError } from '../errors.ts'
import { readingSettings } from './cluster.ts'

interface Failure {
  code?: unknown
  clickhouseCode?: unknown
  message?: unknown
  cause?: unknown
}

/** The StoreError for anything thrown while working on the store at `location`; a StoreError passes unchanged. */
export function storeFailure(thrown: unknown, location: string, folder?: string): StoreError {
  if (thrown instanceof StoreError) return thrown
  const options = { cause: thrown }
  const number = engineCode(thrown)
  const text = engineMessage(thrown)
  if (number === 243 || /No space left on device|errno: 28\b/.test(text)) {
    const where = folder === undefined ? `the disk of ${location}` : `the disk of ${folder}`
    return new StoreError(
      'disk-full',
      `${where} is full; rows already stored are safe, sealed blocks stay in the spool and are replayed at the next start: free some space and run the same command again`,
      options,
    )
  }
  if (number !== undefined) return engineFailure(number, text, location, options)
  return networkFailure(thrown, text, location, options)
}

/** The number ClickHouse gave its exception, if it is one. */
export function engineCode(thrown: unknown): number | undefined {
  const failure = asFailure(thrown)
  if (typeof failure.clickhouseCode === 'number') return failure.clickhouseCode
  if (typeof failure.code === 'string' && /^\d+$/.test(failure.code)) return Number(failure.code)
  const found = /^(?:Code|Error): (\d+)\b/.exec(messageOf(thrown))
  if (found !== null) return Number(found[1])
  return failure.cause === undefined || failure.cause === thrown
    ? undefined
    : engineCode(failure.cause)
}

/** What ClickHouse said, without its code, stack, version and control characters. */
export function engineMessage(thrown: unknown): string {
  return oneLine(
    messageOf(thrown)
      .replace(/^(?:(?:Code|Error): \d+\. DB::\w*Exception: )+/, '')
      .replace(/(?: \([A-Z_]{3,}\)| \(version [^)]*(?:\(official build\))?\)|\. *)*\s*$/, '')
      .replace(/: In scope [\s\S]*$/, ''),
  )
}

/** Text from elsewhere made safe for a terminal: control characters become spaces. */
export function oneLine(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, 1000)
}

function messageOf(thrown: unknown): string {
  const { message } = asFailure(thrown)
  return typeof message === 'string' ? message : 'unknown error'
}

function asFailure(thrown: unknown): Failure {
  return typeof thrown === 'object' && thrown !== null ? thrown : { message: thrown }
}

function engineFailure(number: number, text: string, location: string, options: ErrorOptions) {
  switch (number) {
    case 192:
    case 193:
    case 194:
    case 516:
      return new StoreError(
        'wrong-password',
        `${location} does not accept this user and password; give them as http://user:password@host:port/database`,
        options,
      )
    case 81:
      return new StoreError(
        'no-store',
        `${location} has no such database; run overhear ingest FILE --store URL to create it`,
        options,
      )
    case 164: {
      const setting = /^Cannot modify '([^']+)' setting in readonly mode/.exec(text)?.[1]
      if (setting !== undefined) return settingRefused(setting, location, options)
      return new StoreError('read-only', `${location} refused to write: ${text}`, options)
    }
    case 201:
      return new StoreError(
        'quota',
        `the quota of this user on ${location} is used up: ${text}`,
        options,
      )
    case 202:
    case 252:
      return new StoreError('busy', `${location} is too busy: ${text}`, options)
    case 209:
    case 210:
    case 279:
      return new StoreError(
        'shard-down',
        `a server of the cluster at ${location} cannot be reached: ${text}`,
        options,
      )
    case 225:
    case 242:
    case 319:
    case 999:
      return new StoreError('busy', `${location} has no Keeper at the moment: ${text}`, options)
    case 497:
      return new StoreError('not-allowed', `${location} does not allow this: ${text}`, options)
    case 394:
      return new StoreError('cancelled', `the query on ${location} was cancelled`, options)
    case 62:
      return new StoreError('sql', `ClickHouse does not understand this SQL: ${text}`, options)
    default:
      return new StoreError(`clickhouse-${number}`, `${location} answered: ${text}`, options)
  }
}

function settingRefused(setting: string, location: string, options: ErrorOptions): StoreError {
  if (setting in readingSettings) {
    const wanted = Object.entries(readingSettings).map(([name, value]) => `${name} = '${value}'`)
    return new StoreError(
      'read-only-profile',
      `${location} lies on a cluster, and this user may set nothing: give it SETTINGS ${wanted.join(', ')} when it is made (docs/cluster.md)`,
      options,
    )
  }
  return new StoreError(
    'read-only',
    `overhear sql only reads: SETTINGS may change nothing, and ${setting} would be changed; run the query without it`,
    options,
  )
}

function networkFailure(thrown: unknown, text: string, location: string, options: ErrorOptions) {
  const failure = asFailure(thrown)
  const code = typeof failure.code === 'string' ? failure.code : ''
  if (code === 'ECONNREFUSED') {
    return new StoreError('refused', `nothing answers at ${location}: is the server up?`, options)
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new StoreError('unknown-host', `the host name of ${location} does not resolve`, options)
  }
  if (code === 'ETIMEDOUT' || code === 'ECONNABORTED' || /^timeout error/i.test(text)) {
    return new StoreError('timeout', `${location} did not answer in time`, options)
  }
  if (/CERT|SSL|TLS|EPROTO/.test(code)) {
    return new StoreError('certificate', `no trusted TLS with ${location}: ${text}`, options)
  }
  if (code !== '' && /^(ECONNRESET|EPIPE|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/.test(code)) {
    return new StoreError('connection-lost', `the connection to ${location} broke`, options)
  }
  if (/socket hang up|aborted|premature close/i.test(text)) {
    return new StoreError('connection-lost', `the connection to ${location} broke`, options)
  }
  return new StoreError('store', `${location}: ${text}`, options)
}
