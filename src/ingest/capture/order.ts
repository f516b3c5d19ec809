// Captures in the order in which they were recorded, and whether one goes on where another ends.

import { stat } from 'node:fs/promises'
import { type CaptureHead, headOf } from './head.ts'
import type { PacketTime } from './report.ts'

/** A capture to be read, and what its head says; null where that is not known. */
export interface Ordered {
  path: string
  head: CaptureHead | null
}

/**
 * By the time of the first packet, at one time in the order given; then, by name, files without a packet or that cannot be read; pipes,
 * which can be read only once, at the end.
 */
export async function inTimeOrder(paths: readonly string[]): Promise<Ordered[]> {
  if (paths.length < 2) return paths.map((path) => ({ path, head: null }))
  const files: Ordered[] = []
  const pipes: Ordered[] = []
  for (const path of paths) {
    if (!(await isRegularFile(path))) pipes.push({ path, head: null })
    // Why it cannot be read its reader says.
    else files.push({ path, head: await headOf(path).catch(() => null) })
  }
  return [...files.sort(byTime), ...pipes]
}

/** Seconds by which the first packet of a file may stand before the last one of the file before: queues of one card swap neighbours. */
const swapSeconds = 0.002

/** True when a capture begins where the one before ended at `lastTime`: same format and interfaces, at most `gapSeconds` later. */
export function continues(
  before: CaptureHead,
  lastTime: PacketTime | null,
  next: CaptureHead,
  gapSeconds: number,
): boolean {
  if (lastTime === null || next.first === null) return false
  if (before.format !== next.format || before.interfaces !== next.interfaces) return false
  // Two that begin alike are copies of one another, one of them perhaps cut after its first packet.
  if (before.first === null || secondsBetween(before.first, next.first) <= 0) return false
  const gap = secondsBetween(lastTime, next.first)
  return gap >= -swapSeconds && gap <= gapSeconds
}

function secondsBetween(from: PacketTime, to: PacketTime): number {
  return to.seconds - from.seconds + (to.nanoseconds - from.nanoseconds) / 1e9
}

function byTime(a: Ordered, b: Ordered): number {
  const [first, second] = [a.head?.first ?? null, b.head?.first ?? null]
  if (first !== null && second !== null) return secondsBetween(second, first)
  if (first === null && second === null) return byName(a, b)
  return first === null ? 1 : -1
}

function byName(a: Ordered, b: Ordered): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}

async function isRegularFile(path: string): Promise<boolean> {
  // What does not exist is sorted among the files: its reader says so.
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? path !== '-' : found.isFile()
}
