// A watch list: one name per line, `#` starts a comment, blank lines are skipped.

import { readFile } from 'node:fs/promises'
import { SourceError, UsageError } from '../../errors.ts'

/** Names a list may hold: each costs work in every run. */
const maxNames = 10_000

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
    if (name === '') continue
    const plain = name.toLowerCase().replace(/(?<=[^\\.])\.$/, '')
    if (!isName(plain)) {
      throw new UsageError(
        `${path}, line ${index + 1}: ${JSON.stringify(name)} is not a domain name; write one name per line, international names as xn--`,
        'bad-watch-list',
      )
    }
    names.add(plain)
    if (names.size > maxNames) {
      throw new UsageError(`${path} holds more than ${maxNames} names`, 'bad-watch-list')
    }
  }
  return [...names]
}

/** Presentation format (RFC 1035 section 5.1): printable ASCII labels of at most 63 octets, escapes as stored. */
function isName(text: string): boolean {
  if (text.length > 1003) return false
  const labels = text.split(/(?<!\\)\./)
  return labels.every((label) => {
    const octets = label.replace(/\\(?:\d{3}|.)/g, 'x')
    return octets.length > 0 && octets.length <= 63 && /^[!-~]+$/.test(label)
  })
}
