// JSON for machines that may still land on a terminal: pure ASCII, so that no character of a packet can act on it.

import type { RunResult } from '../detect/run.ts'

/** A report as JSON, indented, with a line break at the end. */
export function reportJson(result: RunResult): string {
  return `${jsonText(result, 2)}\n`
}

/** JSON with every character outside printable ASCII as `\uNNNN`: equal when parsed. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
