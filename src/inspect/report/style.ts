// Colour that says something once and is never needed to understand: only basic colours, which every theme makes readable.

import { styleText } from 'node:util'
import type { Severity } from '../detect/detector.ts'

/** Styles text, or returns it as it is where colour is off. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  severity(severity: Severity, text: string): string
}

/** Colour for `stream`, by its terminal and NO_COLOR, as node:util decides. */
export function styleFor(stream: NodeJS.WritableStream): Style {
  // One format a call: given a list, styleText of Node 20 colours whatever the stream is.
  const styled = (format: Format, text: string) => styleText(format, text, { stream })
  return {
    bold: (text) => styled('bold', text),
    dim: (text) => styled('dim', text),
    severity: (severity, text) =>
      severityStyles[severity].reduce((inner, format) => styled(format, inner), text),
  }
}

type Format = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>

/** Yellow and cyan are unreadable on white, blue on black; bold, red, magenta and inverse can be read on both. */
const severityStyles: Record<Severity, readonly Format[]> = {
  info: ['bold'],
  low: ['bold'],
  medium: ['magenta', 'bold'],
  high: ['red', 'bold'],
  critical: ['red', 'inverse', 'bold'],
}
