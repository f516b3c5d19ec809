// The thresholds as they are, under one hash: a number that was changed after looking at the results does not pass unseen.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { SourceError } from '../../errors.ts'
import type { Detector } from '../detect/detector.ts'

/** What decides over findings, of every detector. */
export interface Thresholds {
  /** SHA-256 over the rest. */
  hash: string
  detectors: Record<
    string,
    {
      version: number
      rules: string[]
      parameters: Record<string, number>
      points: Record<string, string>
    }
  >
}

/** Where the frozen thresholds lie: the same distance from src/ and from dist/. */
export const frozenPath = new URL('../../../samples/thresholds.json', import.meta.url)

/** The thresholds of these detectors, in order of their ids. */
export function thresholdsOf(detectors: readonly Detector[]): Thresholds {
  const entries = detectors.map(({ id, version, rules, parameters, points }) => {
    const defaults = Object.entries(parameters).map(([name, { default: value }]) => [name, value])
    return [
      id,
      {
        version,
        rules: rules.map((rule) => rule.id).sort(),
        parameters: sorted(Object.fromEntries(defaults) as Record<string, number>),
        points: sorted(points),
      },
    ] as const
  })
  const all = sorted(Object.fromEntries(entries))
  const hash = createHash('sha256').update(JSON.stringify(all)).digest('hex')
  return { hash, detectors: all }
}

/** The thresholds of the file; SourceError when it cannot be read. */
export async function readFrozen(path: URL | string = frozenPath): Promise<Thresholds> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Thresholds
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).message
    throw new SourceError(
      'no-thresholds',
      `cannot read the frozen thresholds: ${reason}; overhear score --freeze writes them`,
    )
  }
}

/** Writes the thresholds to the file, for a commit that says why they changed. */
export async function freeze(
  thresholds: Thresholds,
  path: URL | string = frozenPath,
): Promise<void> {
  await writeFile(path, `${JSON.stringify(thresholds, undefined, 2)}\n`)
}

/** What differs, a line each: `exfiltration parameters minBytes: 1024, frozen as 512`. Empty when nothing does. */
export function changesSince(frozen: Thresholds, now: Thresholds): string[] {
  const before = flat(frozen)
  const after = flat(now)
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${after.get(key) ?? 'gone'}, frozen as ${before.get(key) ?? 'nothing'}`)
}

function flat({ detectors }: Thresholds): Map<string, string> {
  const lines = new Map<string, string>()
  for (const [id, { version, rules, parameters, points }] of Object.entries(detectors)) {
    lines.set(`${id} version`, String(version))
    lines.set(`${id} rules`, rules.join(' '))
    for (const [name, value] of Object.entries(parameters)) lines.set(`${id} ${name}`, `${value}`)
    for (const [name, value] of Object.entries(points)) lines.set(`${id} "${name}"`, value)
  }
  return lines
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
