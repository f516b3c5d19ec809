// Turns the paths of a command into captures: a directory stands for the captures in and below it, a pattern for what fits it.

import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SourceError } from '../../errors.ts'
import { formatOf } from './capture.ts'
import { isPattern, matchPattern } from './glob.ts'

/** A file below a named directory that is not read. */
export interface Skipped {
  path: string
  reason: string
}

/** What the paths of a command stand for. */
export interface Expanded {
  /** Files in the order of the command, those of a directory by name (`inTimeOrder` sorts them); '-' stays. */
  paths: string[]
  skipped: Skipped[]
}

// Evidence is not nested deeper; the bound ends what a hostile or broken tree would not.
const deepestFolder = 64

const unknowable = new Set(['no-tool', 'no-permission', 'read-failed'])

/**
 * Expands patterns and directories; a directory without a capture and a pattern that nothing fits are a SourceError, a file
 * is left for its reader to judge.
 */
export async function expandPaths(paths: readonly string[]): Promise<Expanded> {
  const expanded: Expanded = { paths: [], skipped: [] }
  for (const path of (await Promise.all(paths.map(fitting))).flat()) {
    if (path === '-' || !(await isDirectory(path))) {
      expanded.paths.push(path)
      continue
    }
    const before = { found: expanded.paths.length, skipped: expanded.skipped.length }
    await walkFolder(path, 0, new Set(), expanded)
    if (expanded.paths.length > before.found) continue
    const others = expanded.skipped.length - before.skipped
    throw new SourceError(
      'no-captures',
      `${path}: no capture in this directory or below (${others} other files were looked at): ` +
        'name the directory that holds the pcap or pcapng files',
    )
  }
  return expanded
}

/** What a pattern stands for; a path that exists is no pattern, whatever its letters. */
async function fitting(path: string): Promise<string[]> {
  if (!isPattern(path) || (await stat(path).catch(() => undefined)) !== undefined) return [path]
  const found = await matchPattern(path)
  if (found.length > 0) return found
  throw new SourceError('no-such-file', `${path}: no file fits this pattern: check the path`)
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

async function walkFolder(
  folder: string,
  depth: number,
  seen: Set<string>,
  expanded: Expanded,
): Promise<void> {
  const skip = (path: string, reason: string) => expanded.skipped.push({ path, reason })
  let names: string[]
  try {
    // A link back to a directory above is seen by its real path.
    const real = await realpath(folder)
    if (seen.has(real)) return
    seen.add(real)
    if (depth > deepestFolder) {
      skip(folder, `nested deeper than ${deepestFolder} directories`)
      return
    }
    names = (await readdir(folder)).sort()
  } catch {
    // Its reader says why it cannot be read: what lies in it must not be missed in silence.
    expanded.paths.push(folder)
    return
  }
  for (const name of names) {
    const path = join(folder, name)
    try {
      const entry = await stat(path)
      if (entry.isDirectory()) await walkFolder(path, depth + 1, seen, expanded)
      // Never a pipe or a device: opening one could wait for ever.
      else if (!entry.isFile()) skip(path, 'not a regular file')
      else if ((await formatOf(path)) === 'none') skip(path, 'not a capture')
      else expanded.paths.push(path)
    } catch (error) {
      // Whether it is a capture is unknown without the tool or the permission: its reader then says what to do.
      if (error instanceof SourceError && unknowable.has(error.code)) expanded.paths.push(path)
      else skip(path, (error as Error).message)
    }
  }
}
