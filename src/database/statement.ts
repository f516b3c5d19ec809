// The few places where text becomes part of a statement: names, paths, bound values, the insert of a block.
import { StoreError } from '../errors.ts'
import type { Parameters } from './database.ts'

// A server takes 131,072 bytes for one value (http_max_field_value_size), so the embedded engine takes no more.
const longestValueBytes = 120_000

// A statement with these is one block, so one part for each partition, and becomes visible at once: measured with
// 3 million rows, which the defaults (1,048,449 rows or 256 MB) split into three. async_insert is on by default
// since 26.x and would gather blocks of several statements.
const insertSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: 1,
  max_insert_block_size: 100_000_000,
  min_insert_block_size_rows: 100_000_000,
  min_insert_block_size_bytes: 0,
  // The feed of rrsets has grouped its rows already: collapsing them once more is work for nothing.
  optimize_on_insert: 0,
  // Bloom filters are built when parts are merged: on insert they cost a fifth of its time (measured 0.4 of 2.0
  // microseconds a row), and the small parts of a fresh insert are read whole in no time.
  materialize_skip_indexes_on_insert: 0,
} as const

/** `INSERT INTO table (columns) SETTINGS …`, to be followed by FORMAT Native and the bytes of a block. */
export function insertFromBody(table: string, columns: readonly string[], token: string): string {
  return `INSERT INTO ${quoteName(table)} (${quoteNames(columns)}) SETTINGS ${settingsOf(token)} FORMAT Native`
}

/** The same insert reading the block from a file of the engine's own machine; `path` needs no escaping. */
export function insertFromPath(
  table: string,
  columns: readonly string[],
  token: string,
  path: string,
): string {
  const names = quoteNames(columns)
  // Without the first setting the file would be read with the table's types instead of the header it carries.
  return `INSERT INTO ${quoteName(table)} (${names}) SELECT ${names} FROM file('${requirePlain(path)}', Native) SETTINGS use_structure_from_insertion_table_in_table_functions = 0, ${settingsOf(token)}`
}

/** True for text that means nothing but itself inside a quoted path: no quotes, no globs, no spaces. */
export function isPlain(text: string): boolean {
  return /^[A-Za-z0-9:._/-]+$/.test(text)
}

/** `SET param_a = …, param_b = …` for a session; the engine parses the values by the type in the placeholder. */
export function setParameters(parameters: Parameters): string {
  const assignments = Object.entries(parameters).map(
    ([name, value]) => `param_${requireWord(name)} = ${quoteText(requireShort(name, value))}`,
  )
  return `SET ${assignments.join(', ')}`
}

/** A string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** A name in backquotes; names with dots (`rr.type`) are columns of a Nested. */
export function quoteName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) {
    throw new StoreError('bad-name', `not a column or table name: ${JSON.stringify(name)}`)
  }
  return `\`${name}\``
}

/** A format name such as JSONEachRow, or a StoreError. */
export function requireFormat(format: string): string {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(format)) {
    throw new StoreError('bad-format', `not a ClickHouse format name: ${JSON.stringify(format)}`)
  }
  return format
}

function requireShort(name: string, value: unknown): string {
  const text = valueText(value)
  if (Buffer.byteLength(text) <= longestValueBytes) return text
  throw new StoreError(
    'parameter-too-long',
    `the value of {${name}} is longer than ${longestValueBytes} bytes; ask in several parts`,
  )
}

/** A value as the engine reads it for a placeholder of its type: a string bare at the top, quoted inside an array. */
function valueText(value: unknown, isInside = false): string {
  if (value === null || value === undefined) return isInside ? 'NULL' : '\\N'
  if (typeof value === 'string') return isInside ? `'${escapeText(value)}'` : escapeText(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, true)).join(',')}]`
  throw new StoreError(
    'bad-parameter',
    `a parameter cannot be ${JSON.stringify(value) ?? typeof value}`,
  )
}

const escapes: Record<string, string> = {
  '\\': '\\\\',
  "'": "\\'",
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function escapeText(text: string): string {
  return text.replace(/[\\'\0\b\f\n\r\t]/g, (character) => escapes[character] ?? character)
}

function quoteNames(names: readonly string[]): string {
  return names.map(quoteName).join(', ')
}

function settingsOf(token: string): string {
  const fixed = Object.entries(insertSettings).map(([name, value]) => `${name} = ${value}`)
  return [`insert_deduplication_token = '${requirePlain(token)}'`, ...fixed].join(', ')
}

function requirePlain(text: string): string {
  if (isPlain(text)) return text
  throw new StoreError('bad-token', `only [A-Za-z0-9:._/-] may stand in ${JSON.stringify(text)}`)
}

function requireWord(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw new StoreError('bad-name', `not a parameter name: ${JSON.stringify(name)}`)
}
