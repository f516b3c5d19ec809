// The score card as text for 80 columns and as Markdown.

import type { ScoreReport } from '../score/card.ts'
import { headingOf, sectionsOf } from './score-sections.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'
import { wrap } from './wrap.ts'

/** Lines for a terminal. */
export function scoreText(
  report: ScoreReport,
  { width, style }: { width: number; style: Style },
): string[] {
  const lines = headingOf(report).flatMap((text) => wrap(text, width))
  for (const { title, columns, rows, items, remarks } of sectionsOf(report)) {
    lines.push('', style.bold(title), '')
    const [head, ...body] = rows.length === 0 ? [] : table(columns, rows, width)
    if (head !== undefined) lines.push(style.dim(head), ...body)
    for (const item of items) {
      lines.push(...wrap(item.head, width))
      lines.push(...wrap(item.body, width - 4).map((line) => `    ${line}`))
    }
    if (remarks.length > 0 && rows.length + items.length > 0) lines.push('')
    lines.push(...remarks.flatMap((remark) => wrap(remark, width)))
  }
  return lines
}

/** The same as Markdown, for a page that is kept. */
export function scoreMarkdown(report: ScoreReport): string[] {
  const lines = ['# Score card', '', ...headingOf(report).flatMap((text) => [text, ''])]
  for (const { title, columns, rows, items, remarks } of sectionsOf(report)) {
    lines.push(`## ${title}`, '')
    if (rows.length > 0) {
      lines.push(
        line(columns.map((column) => column.title)),
        line(columns.map(({ right }) => (right ? '---:' : '---'))),
        ...rows.map((cells) => line(cells.map((cell) => escaped(cell.trim())))),
        '',
      )
    }
    for (const { head, body } of items) lines.push(`- ${escaped(head)}: ${escaped(body)}`)
    if (items.length > 0) lines.push('')
    for (const remark of remarks) lines.push(escaped(remark), '')
  }
  return lines.slice(0, -1)

  function line(cells: readonly string[]): string {
    return `| ${cells.join(' | ')} |`
  }
}

function escaped(text: string): string {
  return text.replace(/[\\|<>*_`[\]]/g, (character) => `\\${character}`)
}
