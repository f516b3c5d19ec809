// Whether there is anything to ingest, asked before a store is made for it.

import { SourceError } from '../errors.ts'
import { openCapture } from './capture/capture.ts'
import { openBytes } from './capture/content.ts'
import { expandPaths } from './capture/folder.ts'
import { isPipeLike } from './input.ts'

/**
 * Why none of these files, folders and patterns can be read, a sentence each; nothing as soon as one can. A pipe counts as one that can: it
 * is read only once, and not here.
 */
export async function whyUnreadable(paths: readonly string[]): Promise<string[]> {
  const reasons: string[] = []
  for (const path of paths) {
    try {
      if (await isPipeLike(path)) return []
      for (const file of (await expandPaths([path])).paths) {
        const reason = await whyNot(file)
        if (reason === null) return []
        reasons.push(reason)
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      reasons.push(error.message)
    }
  }
  return reasons
}

/** Throws a SourceError unless the file to be followed is there and may be read; it may still be empty. */
export async function requireFile(path: string): Promise<void> {
  await (await openBytes(path)).close()
}

async function whyNot(path: string): Promise<string | null> {
  try {
    await (await openCapture(path)).close()
    return null
  } catch (error) {
    if (error instanceof SourceError) return error.message
    throw error
  }
}
