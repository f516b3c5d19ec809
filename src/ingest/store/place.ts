// Where blocks wait for their insert: inside an embedded store, or in a folder of the user's for a server.

import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'

/** The spool folder of a store; of a server, one per location below $XDG_STATE_HOME. */
export function spoolFolder(database: Database): string {
  if (database.folder !== undefined) return join(database.folder, 'spool')
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state')
  const name = createHash('sha256').update(database.location).digest('hex').slice(0, 16)
  return join(state, 'overhear', 'spool', name)
}
