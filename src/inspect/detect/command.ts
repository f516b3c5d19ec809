// Commands to go on with, written so that they can be pasted into a shell whatever a packet put into a name.

import type { Subject } from './detector.ts'

/** A suggested command with the subject filled in; none when the subject lacks a field. */
export function suggestedCommand(template: string, subject: Subject): string[] {
  let isComplete = true
  const text = template.replace(/\{(\w+)\}/g, (_, field: string) => {
    const value = subject[field as keyof Subject]
    if (value === undefined) isComplete = false
    return shellWord(value ?? '')
  })
  return isComplete ? [text] : []
}

/** Text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
