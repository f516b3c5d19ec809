// Watched records that nobody asked for, as a few lines: what was not seen is not known to be well.

import type { Unobserved } from '../watch/unobserved.ts'
import { printable } from './printable.ts'
import { plural, time } from './quantity.ts'

/** Lines shown; the rest is left to --json. */
const shownLines = 12

/** Lines for the head of a report, unwrapped; none when all was seen. */
export function unobservedLines(unobserved: readonly Unobserved[]): string[] {
  if (unobserved.length === 0) return []
  const records = unobserved.reduce((sum, { types }) => sum + types.length, 0)
  const asked = unobserved.filter(({ last_seen }) => last_seen !== null)
  const never = unobserved.filter(({ last_seen }) => last_seen === null)
  const lines = [
    ...asked.map((each) => `${nameOf(each)}: last ${time(each.last_seen ?? '', 0)}`),
    ...never.map((each) => `${nameOf(each)}: never`),
  ]
  const rest = lines.length - shownLines
  return [
    `${plural(records, 'watched record')} nobody was seen asking for in this window: nothing is known of them`,
    ...lines.slice(0, shownLines),
    ...(rest > 0 ? [`and ${rest} more with --json`] : []),
  ]
}

function nameOf({ name, types }: Unobserved): string {
  return printable(`${name} ${types.join(', ')}`)
}
