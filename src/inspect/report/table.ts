// Rows as an aligned table: widths from the data, numbers to the right, long names cut in the middle, where names differ least.

/** One column: its title, `right` for numbers, `fixed` for what is cut last of all (times, addresses), `list` for what is cut at its end. */
export interface Column {
  title: string
  right?: boolean
  fixed?: boolean
  list?: boolean
}

/** Lines of the table, title line first. Cells must be printable already; `width` is in columns, Infinity cuts nothing. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const isCut = width !== Infinity
  const natural = columns.map((column, i) =>
    rows.reduce((widest, row) => {
      const { length } = row[i]
      return isCut || length <= widestUncut ? Math.max(widest, length) : widest
    }, column.title.length),
  )
  const widths = fit(columns, natural, width - gap.length * (columns.length - 1))
  return [columns.map((column) => column.title), ...rows].map((row) =>
    row
      .map((cell, i) => {
        const text = isCut ? (columns[i].list ? end : middle)(cell, widths[i]) : cell
        return columns[i].right ? text.padStart(widths[i]) : text.padEnd(widths[i])
      })
      .join(gap)
      .trimEnd(),
  )
}

/** Cuts text to `width` in the middle: `aaaaaaa…example.org`; the end of a name says as much as its beginning. */
export function middle(text: string, width: number): string {
  if (text.length <= width) return text
  if (width < 2) return '…'.slice(0, width)
  const tail = Math.ceil((width - 1) / 2)
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`
}

/** Cuts text to `width` at its end. */
export function end(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** Columns of a terminal, 80 where there is none. */
export function terminalWidth(stream: { columns?: number }): number {
  // Some terminals say 0 (script, expect); below 40 columns nothing of a report is readable.
  return Math.max(stream.columns || 80, 40)
}

const gap = '  '

/** Where nothing is cut, a longer cell stands out of its column: one key of 400 letters must not push all other rows apart. */
const widestUncut = 60

/** Below this a name says nothing any more. */
const smallestCut = 8

/** Takes room from the widest cuttable column until the row fits; fixed columns give way only when nothing else is left. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  for (const mayCut of [(i: number) => !columns[i].fixed, () => true]) {
    for (let over = widths.reduce((sum, w) => sum + w, 0) - width; over > 0; over--) {
      const cuttable = [...widths.keys()].filter((i) => mayCut(i) && widths[i] > smallestCut)
      if (cuttable.length === 0) break
      widths[cuttable.reduce((widest, i) => (widths[i] > widths[widest] ? i : widest))]--
    }
  }
  return widths
}
