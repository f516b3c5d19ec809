// A file that has grown since it was taken in: how much of its beginning the store holds.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Database } from '../database/database.ts'
import { takenFrom } from './store/ledger.ts'

/**
 * Packets at the beginning of the plain file at `path` that were taken in from this path before, as the ledger's hashes prove; 0 when it is
 * new or another file. What comes after them is taken in as a capture of its own, so the counts of all such captures add up.
 */
export async function storedBeginning(path: string, database: Database): Promise<number> {
  const taken = await takenFrom(database, path)
  if (taken.length === 0) return 0
  const hash = createHash('sha256')
  let hashedBytes = 0
  let packets = 0
  for (const each of taken) {
    const { start, end } = { start: hashedBytes, end: each.bytes - 1 }
    if (end >= start) {
      for await (const chunk of createReadStream(path, { start, end })) {
        hash.update(chunk as Buffer)
        hashedBytes += (chunk as Buffer).length
      }
    }
    // The file ends before.
    if (hashedBytes < each.bytes) break
    if (hash.copy().digest('hex') === each.sha256) packets += each.packets
  }
  return packets
}
