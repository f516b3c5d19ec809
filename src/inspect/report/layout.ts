// How a report is laid out: its settings, and labelled facts with hanging lines.

import type { Style } from './style.ts'
import { wrap } from './wrap.ts'

/** How a report is drawn. */
export interface ReportLayout {
  width: number
  style: Style
  /** Prints the SQL under each finding. */
  showSql: boolean
  /** What `--store` names; null when the files went into a throw-away store. */
  store: string | null
}

/** A labelled fact; further values and wrapped lines hang under the first. Values must be printable already. */
export function fact(
  label: string,
  values: readonly string[],
  layout: ReportLayout,
  indent = 0,
): string[] {
  const lines = values.flatMap((value) => wrap(value, layout.width - indent - labelWidth))
  return lines.map((line, i) => labelled(i === 0 ? label : '', line, layout, indent))
}

/** One line of a labelled fact; an empty label for the lines that hang under it. */
export function labelled(label: string, line: string, layout: ReportLayout, indent = 0): string {
  const space = ' '.repeat(indent + labelWidth - label.length)
  return label === ''
    ? space + line
    : `${' '.repeat(indent)}${layout.style.bold(label)}${space.slice(indent)}${line}`
}

/** Columns of a label. */
export const labelWidth = 11

/** Texts wrapped and indented. They must be printable already. */
export function indented(texts: readonly string[], layout: ReportLayout, indent = 2): string[] {
  return texts.flatMap((text) =>
    wrap(text, layout.width - indent).map((line) => `${' '.repeat(indent)}${line}`),
  )
}
