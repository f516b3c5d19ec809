// A file that has grown since it was taken in: how much of its beginning the store holds.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Database } from '../database/database.ts'
import { takenFrom } from './store/ledger.ts'

/**
 * Bytes from the beginning of the plain file at `path` that were taken in from this path before, as the ledger's hashes prove; 0 when it is
 * new or another file. What comes after them is taken in as a capture of its own.
 */
export async function storedBeginning(path: string, database: Database): Promise<number> {
  const { size } = await stat(path)
  for (const { bytes, sha256 } of await takenFrom(database, path)) {
    if (bytes === 0 || bytes > size) continue
    if ((await hashOfFirst(path, bytes)) === sha256) return bytes
  }
  return 0
}

async function hashOfFirst(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: bytes - 1 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
