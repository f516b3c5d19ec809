// Two answers as a contrast for a terminal: what differs is marked, `-` stands before what only the first has, `+` before the second's.

import type { Contrast } from '../detect/contrast.ts'
import { sideSigns } from './change-words.ts'
import { indented, type ReportLayout } from './layout.ts'
import { printable } from './printable.ts'
import { middle } from './table.ts'

/** Records shown before the rest is left to --json. */
const shownRecords = 12

/** Lines of a contrast under a heading, indented by two. */
export function contrastLines(contrast: Contrast, layout: ReportLayout): string[] {
  const { style, width } = layout
  const facts = [
    { name: '', first: contrast.first.title, second: contrast.second.title },
    { name: 'frame', first: String(contrast.first.frame), second: String(contrast.second.frame) },
    ...contrast.facts,
  ].map(({ name, first, second }) => [name, first, second].map(printable))
  const nameWidth = Math.max(...facts.map(([name]) => name.length))
  const room = Math.max(8, Math.floor((width - nameWidth - 12) / 2))
  const valueWidth = Math.min(room, Math.max(...facts.map(([, first]) => first.length)))
  const lines = facts.map(([name, first, second], i) => {
    const cells = `    ${name.padEnd(nameWidth)}  ${middle(first, valueWidth).padEnd(valueWidth)}`
    const sign = i > 1 && first !== second ? '≠' : ' '
    const line = `${cells}  ${sign} ${middle(second, room)}`.trimEnd()
    return i === 0 ? style.dim(line) : line
  })
  const records = contrast.records.slice(0, shownRecords).flatMap(({ side, text }) => {
    const words = printable(text)
      .split(' ')
      .map((word) => middle(word, width - 8))
    const [line, ...more] = indented([words.join(' ')], layout, 6)
    return [`    ${sideSigns[side]} ${line.trimStart()}`, ...more]
  })
  const rest = contrast.records.length - shownRecords
  const more = rest > 0 ? [`      and ${rest} more with --json`] : []
  return ['', `  ${style.bold('side by side')}`, ...lines, ...records, ...more]
}
