// Everything that ever answered with some data: an address, the name a CNAME, NS, MX or SRV points to, or text.

import type { Database } from '../../database/database.ts'
import { addressText, parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'
import type { HuntOptions, Part } from './part.ts'
import { recordsPart } from './records.ts'
import { nameOf } from './subject.ts'

/** Data to look for: exact forms, and a name that may stand last behind a preference (MX, SRV). */
export interface AnswerData {
  exact: string[]
  target: string
}

/** Part `answer`: every record whose data is the value. */
export async function huntAnswer(
  database: Database,
  data: AnswerData,
  options: HuntOptions,
): Promise<Part[]> {
  const condition =
    data.target === ''
      ? 'r.data IN {exact:Array(String)}'
      : `(r.data IN {exact:Array(String)}
          OR (r.type IN ('MX', 'SRV', 'KX', 'RT', 'AFSDB') AND endsWith(r.data, {target:String})))`
  const parameters = { exact: data.exact, target: data.target }
  return [
    await recordsPart(
      database,
      { kind: 'answer', title: 'records that hold it' },
      condition,
      parameters,
      options,
    ),
  ]
}

/** The forms a value may have in the store: an address in its usual text, a name folded, text quoted as TXT data is. */
export function answerDataOf(text: string): AnswerData {
  const typed = text.trim()
  if (typed === '') {
    throw new UsageError(
      'hunt answer takes the data of a record, not nothing. Examples: overhear hunt answer 192.0.2.7, ' +
        "overhear hunt answer mail.example.org, overhear hunt answer 'v=spf1 -all'",
      'hunt-value',
    )
  }
  const bytes = parseAddress(typed)
  if (bytes !== null) {
    const address = addressText(bytes)
    return {
      exact: address.includes(':') ? [address] : [address, `::ffff:${address}`],
      target: '',
    }
  }
  const name = asName(typed)
  const exact = new Set([typed, quoted(typed), ...(name === null ? [] : [name])])
  return { exact: [...exact], target: name === null ? '' : ` ${name}` }
}

function asName(typed: string): string | null {
  try {
    return nameOf(typed, 'hunt answer')
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}

/** One character-string as the store writes it (RFC 1035 section 5.1): quotes and backslashes escaped, other octets as `\DDD`. */
function quoted(text: string): string {
  let out = ''
  for (const octet of Buffer.from(text, 'utf8')) {
    if (octet < 32 || octet > 126) out += `\\${String(octet).padStart(3, '0')}`
    else if (octet === 34 || octet === 92) out += `\\${String.fromCharCode(octet)}`
    else out += String.fromCharCode(octet)
  }
  return `"${out}"`
}
