// overhear status: what a store holds, how it lies on disk, and what is not as it should be.

import { Command, InvalidArgumentError } from 'commander'
import { spoolFolder } from '../ingest/store/place.ts'
import { waitingIn } from '../ingest/store/waiting.ts'
import { jsonText } from '../inspect/report/json.ts'
import { concerns, statusText } from '../inspect/report/status-text.ts'
import { styleFor } from '../inspect/report/style.ts'
import { storeState } from '../inspect/status/status.ts'
import { writeOut } from './output.ts'
import { clusterOption, jsonOption, openNamed, storeOption } from './shared.ts'

/** The `status` verb. */
export function statusCommand(): Command {
  return new Command('status')
    .summary('what a store holds, and whether its sums hold')
    .description(
      'Shows captures, rows by verdict, size, spool and losses of a store, and checks the sums of its ledger again. ' +
        'While another process holds an embedded store, it says which (exit status 4).',
    )
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .option('--last <captures>', 'list so many of the newest captures', lastOf, 10)
    .addHelpText('after', examples)
    .action(status)
}

interface Options {
  store: string
  cluster?: string
  json?: true
  last: number
}

async function status(options: Options): Promise<void> {
  const database = await openNamed(options, { create: false })
  try {
    const state = await storeState(database, options.last)
    const spool = await waitingIn(spoolFolder(database))
    if (options.json) {
      await writeOut(`${jsonText({ ...state, spool, concerns: concerns(state, spool) })}\n`)
      return
    }
    const width = process.stdout.isTTY ? process.stdout.columns : Infinity
    await writeOut(statusText(state, spool, width, styleFor(process.stdout)))
  } finally {
    await database.close()
  }
}

function lastOf(typed: string): number {
  const captures = Number(typed)
  if (/^\d+$/.test(typed) && captures <= 1_000_000) return captures
  throw new InvalidArgumentError('It takes a number of captures from 0 to 1000000.')
}

const examples = `
In the list, sums is ok where every packet ended in a bin and every row that
was written is there.

Examples:
  overhear status --store ./case-42
  overhear status --store http://clickhouse:8123/dns --last 3
  overhear status --json | jq .bytes_per_transaction
`
