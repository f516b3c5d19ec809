// Test helper, run as a process of its own that may be killed: follows one file, its blocks cut often, and says how far it is.

import { openStore } from '../src/database/open.ts'
import { ingestFollowed } from '../src/ingest/follow.ts'

const [location, capture] = process.argv.slice(2)
const database = await openStore(location)
await ingestFollowed(capture, database, {
  flushMs: 20,
  onProgress: (packets) => process.stdout.write(`${packets}\n`),
})
await database.close()
