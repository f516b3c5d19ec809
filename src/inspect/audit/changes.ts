// When records of a domain came and went: the timeline between values that were not there at the same time.

import type { AuditRecord } from './records.ts'

/** A value that came after another had gone, or went before another came. Times are ISO UTC with nanoseconds. */
export interface AuditChange {
  at: string
  name: string
  type: string
  role: AuditRecord['role']
  event: 'appeared' | 'last seen'
  data: string
  frame: number
}

/** Types that change with every signing run. */
const signing = new Set(['RRSIG', 'NSEC', 'NSEC3', 'ZONEMD'])

/** Changes in order of time. A set whose values come and go together is a rotation, not a change: each must have been apart from another one. */
export function changesIn(records: readonly AuditRecord[]): AuditChange[] {
  const sets = new Map<string, AuditRecord[]>()
  for (const record of records) {
    if (signing.has(record.type) || !isHistory(record)) continue
    const key = JSON.stringify([record.name, record.type, record.role])
    sets.set(key, [...(sets.get(key) ?? []), record])
  }
  const changes = [...sets.values()].flatMap((set) => eventsOf(spansOf(set)))
  return changes.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
}

/** Answers nobody asked for, and second ones, do not make history. */
function isHistory({ match }: AuditRecord): boolean {
  return match === 'answered' || match === 'late'
}

/** One span for each value, whatever section it stood in. */
function spansOf(set: readonly AuditRecord[]): AuditRecord[] {
  const spans = new Map<string, AuditRecord>()
  for (const record of set) {
    const before = spans.get(record.data)
    if (before === undefined) {
      spans.set(record.data, record)
      continue
    }
    const earlier = record.first < before.first ? record : before
    const last = record.last > before.last ? record.last : before.last
    spans.set(record.data, { ...earlier, last })
  }
  return [...spans.values()]
}

function eventsOf(spans: readonly AuditRecord[]): AuditChange[] {
  return spans.flatMap((span) => {
    const { name, type, role, data, frame } = span
    const common = { name, type, role, data, frame }
    const isAfter = spans.some((other) => other.last < span.first)
    const isBefore = spans.some((other) => other.first > span.last)
    return [
      ...(isAfter ? [{ at: span.first, event: 'appeared' as const, ...common }] : []),
      ...(isBefore ? [{ at: span.last, event: 'last seen' as const, ...common }] : []),
    ]
  })
}
