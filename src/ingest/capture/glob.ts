// Patterns in the paths of a command, for shells that hand them on unexpanded (quoted, cron, Windows): * ? [abc] and ** for any depth.

import { readdir, stat } from 'node:fs/promises'
import { join, parse, sep } from 'node:path'

/** True when a path holds a character that means something in a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path)
}

/** Files and directories that fit the pattern, by name; names that begin with a dot only where the pattern's does. */
export async function matchPattern(pattern: string): Promise<string[]> {
  const { root } = parse(pattern)
  const parts = pattern
    .slice(root.length)
    .split(sep)
    .filter((part) => part !== '')
  const found = new Set<string>()
  await matchBelow(root, parts, found, 0)
  return [...found].sort()
}

// As for directories: evidence is not nested deeper.
const deepestFolder = 64

async function matchBelow(
  folder: string,
  parts: readonly string[],
  found: Set<string>,
  depth: number,
): Promise<void> {
  const [part, ...rest] = parts
  if (part === undefined) {
    found.add(folder)
    return
  }
  if (!isPattern(part)) {
    const path = join(folder, part)
    if ((await kindOf(path)) !== 'none') await matchBelow(path, rest, found, depth)
    return
  }
  if (part === '**') await matchBelow(folder, rest, found, depth)
  const fits = expressionOf(part === '**' ? '*' : part)
  for (const name of await readdir(folder === '' ? '.' : folder).catch(() => [])) {
    if (!fits.test(name) || (name.startsWith('.') && !part.startsWith('.'))) continue
    const path = join(folder, name)
    const isFolder = (await kindOf(path)) === 'folder'
    if (part === '**') {
      if (isFolder && depth < deepestFolder) await matchBelow(path, parts, found, depth + 1)
    } else if (isFolder || rest.length === 0) await matchBelow(path, rest, found, depth)
  }
}

function expressionOf(part: string): RegExp {
  const source = part.replace(/\[(!?)([^\]]+)\]|[*?]|[\\^$.|+(){}[\]]/g, (text, not, set) => {
    if (text === '*') return '.*'
    if (text === '?') return '.'
    if (set === undefined) return `\\${text}`
    return `[${not === '!' ? '^' : ''}${String(set).replace(/[\\\]^]/g, '\\$&')}]`
  })
  return new RegExp(`^${source}$`, 's')
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'none'> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return 'none'
  return found.isDirectory() ? 'folder' : 'file'
}
