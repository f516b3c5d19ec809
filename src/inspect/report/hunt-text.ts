// A hunt's parts as text for people: a heading and a table for each, columns that say nothing left out.

import type { CellKind, Part, PartColumn, Row } from '../hunt/part.ts'
import { printable } from './printable.ts'
import { count, duration, percent, secondsBetween, time } from './quantity.ts'
import { spark } from './spark.ts'
import type { Style } from './style.ts'
import { type Column, table } from './table.ts'

/** Lines for the parts that have rows; none when nothing was found. `value` is what was hunted, `limit` the most rows of a part. */
export function huntText(
  heading: string,
  value: string,
  parts: readonly Part[],
  limit: number,
  width: number,
  style: Style,
): string[] {
  const found = parts.filter((part) => part.rows.length > 0)
  if (found.length === 0) return []
  const lines = [style.bold(printable(heading))]
  for (const part of found) {
    const cut = part.rows.length === limit ? ` (the first ${limit}; more with --limit)` : ''
    lines.push('', style.bold(part.title) + cut, ...partTable(part, value, width, style))
  }
  lines.push('', ...captureLines(found, style))
  return lines
}

function partTable(part: Part, value: string, width: number, style: Style): string[] {
  const told = part.columns.filter((column) => says(column, part.rows, value))
  const columns = fitting(told, part.rows, width)
  const cells = part.rows.map((row) => columns.map((column) => cellText(row, column)))
  const [titles, ...lines] = table(columns.map(tableColumn), cells, width - 2)
  return [`  ${style.dim(titles)}`, ...lines.map((line) => `  ${line}`)]
}

/** False for a column that is for machines, or whose every cell is the usual one or the value itself. */
function says(column: PartColumn, rows: readonly Row[], value: string): boolean {
  if (column.kind === 'hidden') return false
  const usual = column.usual ?? value
  return !rows.every((row) => row[column.key] === usual)
}

/** Drops spare columns, the most spare first and from the right, until the rest has room to be read. */
function fitting(columns: readonly PartColumn[], rows: readonly Row[], width: number) {
  const kept = [...columns]
  const needed = () => kept.reduce((sum, column) => sum + 2 + leastWidth(column, rows), 0)
  while (needed() > width) {
    const mostSpare = Math.max(...kept.map((column) => column.spare ?? 0))
    if (mostSpare === 0) break
    kept.splice(
      kept.findLastIndex((column) => column.spare === mostSpare),
      1,
    )
  }
  return kept
}

/** A cuttable cell is still worth reading at this width. */
const readableCut = 24

function leastWidth(column: PartColumn, rows: readonly Row[]): number {
  const natural = Math.max(column.title.length, ...rows.map((row) => cellText(row, column).length))
  return tableColumn(column).fixed ? natural : Math.min(natural, readableCut)
}

function tableColumn(column: PartColumn): Column {
  const right = ['count', 'share', 'frame', 'ttl'].includes(column.kind)
  const list = ['sentence', 'counts', 'list', 'addresses'].includes(column.kind)
  return { title: column.title, right, fixed: column.kind !== 'text' && !list, list }
}

function cellText(row: Row, column: PartColumn): string {
  return cellTexts[column.kind](row[column.key], row)
}

const plain = (value: unknown) => printable(String(value))
const listed = (value: unknown) => printable((value as string[]).join(', '))

const cellTexts: Record<CellKind, (value: unknown, row: Row) => string> = {
  text: plain,
  sentence: plain,
  word: plain,
  address: plain,
  hidden: plain,
  role: (value) => (value === 'authoritative' ? 'zone' : plain(value)),
  list: listed,
  addresses: listed,
  count: (value) => count(value as number),
  counts: (value) =>
    listed(
      Object.entries(value as Record<string, number>).map(([name, n]) => `${name} ${count(n)}`),
    ),
  frame: (value) => (value === 0 ? '-' : String(value)),
  share: (value) => percent(value as number),
  hours: (value) => spark(value as number[]),
  time: (value) => time(String(value), 0),
  last: (value, row) => lasted(String(row['first']), String(value)),
  ttl: (value, row) =>
    value === row['ttl_max'] ? String(value) : `${String(value)}-${String(row['ttl_max'])}`,
}

function lasted(first: string, last: string): string {
  if (first === last) return '-'
  const seconds = secondsBetween(first, last)
  return seconds < 0.001 ? '<1 ms' : duration(seconds)
}

/** Which captures the frame numbers belong to. */
function captureLines(parts: readonly Part[], style: Style): string[] {
  const captures = new Set(
    parts.flatMap((part) => part.rows.map((row) => (row['capture'] ?? '') as string)),
  )
  captures.delete('')
  if (captures.size === 0) return []
  const ids = [...captures].map(printable)
  const which =
    ids.length === 1 ? `capture ${ids[0]}` : `${ids.length} captures (--json names each)`
  return [style.dim(`frame: the earliest packet that shows it, in ${which}`)]
}
