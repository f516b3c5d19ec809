// Opens what a path names (a file, a pipe, '-' for stdin), sees through its compression, and says plainly why it cannot.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { SourceError } from '../../errors.ts'
import { fileSource, peek, streamSource, tallied } from './bytes.ts'
import type { ByteSource, Tally } from './bytes.ts'
import { compressionMagicBytes, decompressed, sniffCompression } from './compression.ts'
import type { Compression, Damage } from './compression.ts'
import { readableFormats } from './recognise.ts'

/** Uncompressed bytes, and what is known of the packed ones they come from. */
export interface Content {
  source: ByteSource
  /** Of the bytes as on disk, and of the uncompressed ones; the same object when nothing is packed. */
  packed: Tally
  plain: Tally
  compression: Compression
  damage(): Damage | null
}

/** Opens a file, or stdin for '-'; throws SourceError with one sentence when it cannot be read. */
export async function openBytes(path: string): Promise<ByteSource> {
  if (path === '-') return openStdin()
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    throw explainOpen(path, error as NodeJS.ErrnoException)
  }
  if (!(await handle.stat()).isDirectory()) return fileSource(handle)
  await handle.close()
  throw new SourceError('is-directory', `${path}: is a directory, not a capture: name a file in it`)
}

/** Sees through compression; takes the source over and closes it when that fails. */
export async function openContent(bytes: ByteSource, path: string): Promise<Content> {
  try {
    const packed = tallied(bytes)
    const { start, source } = await peek(packed, compressionMagicBytes)
    if (start.length === 0)
      throw new SourceError('empty', `${path}: is empty (0 bytes), so there is nothing to read`)
    const compression = sniffCompression(start)
    if (compression === 'none') {
      const { tally } = packed
      return { source, packed: tally, plain: tally, compression, damage: () => null }
    }
    const unpacked = await decompressed(compression, source, path)
    const plain = tallied(unpacked)
    return {
      source: plain,
      packed: packed.tally,
      plain: plain.tally,
      compression,
      damage: () => unpacked.damage(),
    }
  } catch (error) {
    await bytes.close()
    if (error instanceof SourceError) throw error
    throw unreadable(path, error as Error)
  }
}

/** The error for bytes that cannot be read although their file could be opened. */
export function unreadable(path: string, cause: Error): SourceError {
  return new SourceError('read-failed', `${path}: cannot be read: ${cause.message}`)
}

function openStdin(): ByteSource {
  if (process.stdin.isTTY)
    throw new SourceError(
      'terminal',
      `-: stdin is a terminal: pipe a capture into it, for example tcpdump -w - port 53 | (${readableFormats})`,
    )
  return streamSource(process.stdin)
}

/** The error for a path that cannot be opened. */
export function explainOpen(path: string, error: NodeJS.ErrnoException): SourceError {
  const { code } = error
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SourceError('no-such-file', `${path}: no such file: check the path`)
  if (code === 'EACCES' || code === 'EPERM')
    return new SourceError(
      'no-permission',
      `${path}: may not be read by this user: change its permissions or run as its owner`,
    )
  return unreadable(path, error)
}
