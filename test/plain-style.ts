// Test helper: a style without colour, as on a stream that is no terminal.
import type { Style } from '../src/inspect/report/style.ts'

/** Leaves text as it is. */
export const plainStyle: Style = {
  bold: (text) => text,
  dim: (text) => text,
  severity: (_, text) => text,
}
