// Test helper, run as a process of its own that may be killed at any point: ingests one capture in small blocks and says how far it is.

import { openStore } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'

const [location, capture, blockRows] = process.argv.slice(2)
const database = await openStore(location)
process.stdout.write('open\n')
const result = await ingestFiles([capture], database, {
  blockRows: Number(blockRows),
  onProgress: (packets) => process.stdout.write(`${packets}\n`),
})
await database.close()
process.stdout.write(`done ${JSON.stringify(result.totals)}\n`)
