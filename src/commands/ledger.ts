// A line of the ledger as people read it.

import type { LedgerEntry } from '../ingest/store/ledger.ts'
import { printablePath } from '../inspect/report/printable.ts'
import { count, plural } from '../inspect/report/quantity.ts'

/** What became of one capture: a line for what was stored, and one for what was not decoded, if anything. */
export function ledgerLines(entry: LedgerEntry): string[] {
  const path = printablePath(entry.path)
  if (entry.already) return [`${path}: in the store already, as ${entry.id}`]
  const packets = plural(entry.packets, 'packet')
  const { query, response, malformed } = entry.messages
  const messages = plural(query + response + malformed, 'DNS message')
  const lines = [`${path}: ${packets}, ${messages}`]
  const verdicts = Object.entries(entry.transactions)
  if (verdicts.length > 0) lines.push(`  exchanges: ${list(verdicts)}`)
  const left = Object.entries({ ...entry.bins.unsupported, ...entry.bins.malformed })
  if (left.length > 0) lines.push(`  packets not decoded: ${list(left)}`)
  if (entry.bins.duplicate > 0)
    lines.push(`  copies from a mirror, dropped: ${plural(entry.bins.duplicate, 'packet')}`)
  if (entry.dropped > 0) lines.push(`  lost before us: ${plural(entry.dropped, 'packet')}`)
  if (entry.evicted > 0)
    lines.push(`  given up early, table full: ${plural(entry.evicted, 'query')}`)
  const { streams, datagrams } = entry.unfinished
  if (streams > 0) lines.push(`  TCP streams that end inside a message: ${count(streams)}`)
  if (datagrams > 0)
    lines.push(`  fragmented datagrams that never became whole: ${count(datagrams)}`)
  return lines
}

function list(counts: [string, number][]): string {
  return counts.map(([name, number]) => `${count(number)} ${name.replace(/[_-]/g, ' ')}`).join(', ')
}
