// Writes a query with its parameters as literals, for an analyst to paste: shown, never executed by us.

import type { Parameters } from '../../database/database.ts'
import { quoteText } from '../../database/statement.ts'

/** The statement with every `{name:Type}` replaced by a literal of that type. */
export function fill(sql: string, parameters: Parameters): string {
  return sql.replace(/\{(\w+):([^{}]+)\}/g, (_, name: string, type: string) => {
    if (!Object.hasOwn(parameters, name)) throw new Error(`no value for {${name}:${type}}`)
    return literal(parameters[name], type)
  })
}

/** One value as ClickHouse reads it back: numbers bare, text quoted, all else through a cast of quoted text. */
export function literal(value: unknown, type: string): string {
  const element = /^Array\((.+)\)$/.exec(type)?.[1]
  if (element !== undefined && Array.isArray(value)) {
    if (value.length === 0) return `CAST([], ${quote(type)})`
    return `[${value.map((item) => literal(item, element)).join(', ')}]`
  }
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value !== 'string') throw new Error(`no literal of ${type} for ${typeof value}`)
  return type === 'String' ? quote(value) : `CAST(${quote(value)}, ${quote(type)})`
}

/** A text in quotes. Control characters are escapes, so that pasting cannot end the line; braces too, so that nothing in it is a placeholder. */
function quote(text: string): string {
  return quoteText(text).replace(
    /[\0-\x1f\x7f{}]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
