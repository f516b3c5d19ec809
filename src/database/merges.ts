// Background merges of an embedded store wait while a run inserts: measured, they cost a fifth of its CPU, and merging once afterwards is cheaper.

import type { Database } from './database.ts'

/** Parts above which merges go on during a run: the engine slows inserts down at 1,000 parts and refuses them at 3,000. */
const partsLimit = 200

/**
 * Lets merges wait and returns a function that lets them go on (safe to call twice). Does nothing on a server, whose merges serve others
 * too, nor in a store with many parts.
 */
export async function holdMerges(database: Database): Promise<() => Promise<void>> {
  if (database.kind === 'server') return async () => {}
  const [{ parts }] = await database.rows<{ parts: number }>(
    'SELECT count() AS parts FROM system.parts WHERE active AND database = currentDatabase()',
  )
  if (parts > partsLimit) return async () => {}
  await database.command('SYSTEM STOP MERGES')
  let isHeld = true
  return async () => {
    if (!isHeld) return
    isHeld = false
    await database.command('SYSTEM START MERGES')
  }
}
