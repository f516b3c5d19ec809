// What the agreement test prints: one table per question, plain text.

import type { Tally } from './agreement-compare.ts'

/** Messages of one capture. */
export interface CaptureCounts {
  theirs: number
  ours: number
  agreeing: number
}

/** Messages by capture. */
export function captureTable(counts: Map<string, CaptureCounts>): string {
  const rows = [...counts].map(([name, { theirs, ours, agreeing }]) => [
    name,
    String(theirs),
    String(ours),
    String(agreeing),
    share(agreeing, theirs),
  ])
  const all = [...counts.values()]
  const sum = (key: keyof CaptureCounts) => all.reduce((total, each) => total + each[key], 0)
  const agreeing = sum('agreeing')
  const theirs = sum('theirs')
  const last = [`${counts.size} captures`, String(theirs), String(sum('ours')), String(agreeing)]
  rows.push([...last, share(agreeing, theirs)])
  return table(['capture', 'tshark', 'ours', 'agreeing', 'share'], rows)
}

/** Agreement by field. */
export function fieldTable(title: string, { fields }: Tally): string {
  const rows = [...fields].map(([field, { compared, agreeing }]) => [
    field,
    String(compared),
    String(agreeing),
    share(agreeing, compared),
  ])
  return table([title, 'compared', 'agreeing', 'share'], rows)
}

/** Reasons by how often they applied. */
export function reasonTable(title: string, counts: Map<string, number>): string {
  const rows = [...counts].map(([why, count]) => [String(count), why])
  return table(['count', title], rows)
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)))
  const line = (row: string[]) =>
    row
      .map((cell, i) =>
        /^[\d.%-]+$/.test(cell) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]),
      )
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

function share(part: number, whole: number): string {
  // Rounded down: 100 % means all.
  return whole === 0 ? '-' : `${(Math.floor((1e5 * part) / whole) / 1e3).toFixed(3)}%`
}
