// How much never-repeated text a series of names holds in its fullest stretch of time: windows that slide with the names.

import { gzipSync } from 'node:zlib'

/** Distinct names in order of the time they were first asked (seconds since 1970). */
export interface AskedNames {
  asked: readonly number[]
  names: readonly string[]
}

/** The stretch of a given length with the most in it; `from` and `to` are positions in the series, `to` excluded. */
export interface FullWindow {
  from: number
  to: number
  /** Compressed size of its names, the bound on what they carry. */
  bytes: number
}

/**
 * Bytes after gzip of the sorted names, a line each: the bound on what they can carry, and the number to reproduce. Level 6 is pinned;
 * other releases of zlib differ by a few bytes.
 */
export function compressedBytes(names: readonly string[]): number {
  return gzipSync(names.toSorted().join('\n'), { level: 6 }).length
}

/** Stretches that are compressed: the one with the most text is nearly always the fullest, but names may repeat their parts. */
const compressed = 3

/**
 * The fullest window of `seconds`, null where none can hold `minBytes`. Every name is the beginning of a window, so nothing that fits into one is ever cut by a boundary; a
 * name counts where it was first asked, since asking it again tells the other side nothing new.
 */
export function fullestWindow(
  series: AskedNames,
  seconds: number,
  minBytes = 0,
): FullWindow | null {
  let best: FullWindow | null = null
  for (const { from, to, characters } of windowsByLength(series, seconds)) {
    if (characters + overhead < minBytes) break
    const bytes = compressedBytes(series.names.slice(from, to))
    if (best === null || bytes > best.bytes) best = { from, to, bytes }
  }
  return best
}

/** gzip adds at most this to text that does not compress at all: its header, and five bytes for each 16 kB. */
const overhead = 64

interface Stretch {
  from: number
  to: number
  characters: number
}

/** The windows with the most characters, none overlapping another. */
function windowsByLength({ asked, names }: AskedNames, seconds: number): Stretch[] {
  const windows: Stretch[] = []
  let characters = 0
  let to = 0
  names.forEach((name, from) => {
    while (to < names.length && (asked[to] ?? 0) < (asked[from] ?? 0) + seconds) {
      characters += (names[to]?.length ?? 0) + 1
      to++
    }
    windows.push({ from, to, characters })
    characters -= name.length + 1
  })
  windows.sort((a, b) => b.characters - a.characters || a.from - b.from)
  const kept: Stretch[] = []
  for (const window of windows) {
    if (kept.every(({ from, to: end }) => window.to <= from || window.from >= end)) {
      kept.push(window)
      if (kept.length === compressed) break
    }
  }
  return kept
}
