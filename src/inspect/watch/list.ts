// A watch list in a file: one name per line, `#` starts a comment, blank lines are skipped.

import { readFile } from 'node:fs/promises'
import { SourceError, UsageError } from '../../errors.ts'
import { watchedName } from './name.ts'

/** Octets a list may hold in names: it is one bound value of every query, and those end at 120,000. */
const mostOctets = 100_000

/** Reads a watch list from a file. */
export async function readWatchList(path: string): Promise<string[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? String(thrown)
    throw new SourceError('watch-unreadable', `cannot read the watch list ${path}: ${reason}`)
  }
  return parseWatchList(text, path)
}

/** The names of a list: lower case, no trailing dot, each once, in order of appearance. */
export function parseWatchList(text: string, path = 'watch list'): string[] {
  const names = new Set<string>()
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const name = line.replace(/(^|\s)#.*$/, '').trim()
    if (name !== '') names.add(watchedName(name, `${path}, line ${index + 1}`))
  }
  return fitting([...names], path)
}

/** The same names, or an error that says that they are too many for one run. */
export function fitting(names: string[], where: string): string[] {
  const octets = names.reduce((sum, name) => sum + name.length + 3, 0)
  if (octets <= mostOctets) return names
  throw new UsageError(
    `${where} holds ${names.length} names, more than fit into a run (${mostOctets} octets, some 5,000 names); split it between stores or files`,
    'bad-watch-list',
  )
}
