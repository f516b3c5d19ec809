// The watch list and its baselines as text for people.

import { printable } from '../report/printable.ts'
import { count, time } from '../report/quantity.ts'
import { table } from '../report/table.ts'
import type { Accepted } from './accepted.ts'
import type { BaselineRow } from './baseline.ts'
import type { Watched } from './stored.ts'
import type { WatchedRecord } from './unobserved.ts'

/** Lines of the list. */
export function listText(watched: readonly Watched[], width: number): string[] {
  const rows = watched.map(({ name, added }) => [printable(name), time(added, 0)])
  return table([{ title: 'name' }, { title: 'watched since', fixed: true }], rows, width)
}

/** Lines of what a name stands for. */
export function showText(records: readonly WatchedRecord[], width: number): string[] {
  const rows = records.map(({ name, types, because, last_seen }) => [
    printable(name),
    types.join(' '),
    because,
    last_seen === null ? 'never' : time(last_seen, 0),
  ])
  const columns = [
    { title: 'name' },
    { title: 'types', list: true },
    { title: 'because' },
    { title: 'last seen', fixed: true },
  ]
  return table(columns, rows, width)
}

/** Lines of a baseline: one value a row. */
export function baselineText(rows: readonly BaselineRow[], width: number): string[] {
  const lines: string[] = []
  let name = ''
  const cells = rows.map((row) => {
    const first = row.name === name ? '' : printable(row.name)
    name = row.name
    return [
      first,
      row.type,
      printable(row.value),
      row.state,
      row.volatility,
      row.vantage,
      time(row.since, 0).slice(0, 10),
      count(row.answers),
    ]
  })
  const columns = [
    { title: 'name' },
    { title: 'type', fixed: true },
    { title: 'value' },
    { title: 'state', fixed: true },
    { title: 'class' },
    { title: 'vantage' },
    { title: 'since', fixed: true },
    { title: 'answers', right: true },
  ]
  lines.push(...table(columns, cells, width))
  return lines
}

/** Lines of what was accepted. */
export function acceptedText(rows: readonly Accepted[], width: number): string[] {
  const cells = rows.map((row) => [
    printable(row.name),
    row.type,
    printable(row.value),
    row.until.startsWith('2262') ? '-' : time(row.until, 0),
    printable(row.reason),
  ])
  const columns = [
    { title: 'accepted' },
    { title: 'type', fixed: true },
    { title: 'value' },
    { title: 'until', fixed: true },
    { title: 'reason', list: true },
  ]
  return table(columns, cells, width)
}
