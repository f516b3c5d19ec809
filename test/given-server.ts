// Test helper: the server that CLICKHOUSE_URL names, else one out of the embedded engine's library.
import { openDatabase } from '../src/database/open.ts'
import { startEngineServer } from './engine-server.ts'

/** A server that suites may fill; what they made on it goes with `stop`. */
export interface GivenServer {
  /** Without a database; with a user and password where CLICKHOUSE_URL has them. */
  url: string
  stop(): Promise<void>
}

/** `http://user:password@host:8123` of a server of yours, empty where there is none: then some tests need users of their own and run. */
export const givenUrl = (process.env['CLICKHOUSE_URL'] ?? '').replace(/\/+$/, '')

/** Starts a server, or takes the one that is given; test files run one after the other there (npm run test:server). */
export async function startGivenServer(): Promise<GivenServer> {
  if (givenUrl === '') return startEngineServer()
  const before = await databases()
  return {
    url: givenUrl,
    async stop() {
      const made = (await databases()).filter((name) => !before.includes(name))
      const database = await openDatabase(`${givenUrl}/default`)
      for (const name of made) await database.command(`DROP DATABASE ${name} SYNC`)
      await database.close()
    },
  }
}

async function databases(): Promise<string[]> {
  const database = await openDatabase(`${givenUrl}/default`)
  const rows = await database.rows<{ name: string }>('SELECT name FROM system.databases')
  await database.close()
  return rows.map(({ name }) => name)
}
