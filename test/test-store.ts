// Test fixture: the store of a suite that does not care where it lies; over-http.test.ts runs such suites once more on a server.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Database, OpenOptions } from '../src/database/database.ts'
import { openStore, throwAway } from '../src/database/open.ts'
import { type GivenServer, startGivenServer } from './given-server.ts'

let server: GivenServer | undefined
let stores = 0

/** From here on the stores of this test file lie on a server, and their spools in a folder of its own. */
export function useServer(): void {
  const state = mkdtempSync(join(tmpdir(), 'over-http-'))
  const before = process.env['XDG_STATE_HOME']
  beforeAll(async () => {
    server = await startGivenServer()
    process.env['XDG_STATE_HOME'] = state
  })
  afterAll(async () => {
    await server?.stop()
    server = undefined
    if (before === undefined) delete process.env['XDG_STATE_HOME']
    else process.env['XDG_STATE_HOME'] = before
    rmSync(state, { recursive: true, force: true })
  })
}

/** A store of a test's own; one in a folder is there again when the folder is named again. */
export async function openTestStore(
  folder: string = throwAway,
  options: OpenOptions = {},
): Promise<Database> {
  if (server === undefined) return openStore(folder, options)
  const name =
    folder === throwAway
      ? `store${++stores}`
      : `folder${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
  return openStore(`${server.url}/${name}`, options)
}
