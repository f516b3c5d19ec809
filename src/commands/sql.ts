// overhear sql: read-only SQL over a store, streamed, in any ClickHouse format.

import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { askSql } from '../inspect/sql.ts'
import { writeOut } from './output.ts'
import { clusterOption, jsonOption, openNamed, storeOption } from './shared.ts'

/** The `sql` verb. */
export function sqlCommand(): Command {
  return new Command('sql')
    .configureHelp({ helpWidth: 79 })
    .summary('ask the store in SQL')
    .description('Runs one read-only SQL query over the store.')
    .argument('[query]', 'the query; - or nothing reads it from standard input')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .option('--format <name>', 'any ClickHouse output format: CSV, Vertical, Parquet, …')
    .addHelpText('after', examples)
    .action(async (query: string | undefined, options: SqlOptions) => {
      const sql = query === undefined || query === '-' ? await text(process.stdin) : query
      const database = await openNamed(options, { create: false })
      try {
        const shown = process.stdout.isTTY ? forTerminal() : (chunk: Uint8Array) => chunk
        for await (const chunk of askSql(database, sql, formatOf(options))) {
          await writeOut(shown(chunk))
        }
      } finally {
        await database.close()
      }
    })
}

interface SqlOptions {
  store: string
  cluster?: string
  json?: true
  format?: string
}

function formatOf(options: SqlOptions): string {
  if (options.format !== undefined) return options.format
  if (options.json) return 'JSONEachRow'
  return process.stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames'
}

/**
 * What a terminal may get of a result: a column such as `raw` holds bytes as a sender chose them. The colours of the engine's own
 * formats stay, without NO_COLOR.
 */
function forTerminal(): (chunk: Uint8Array) => string {
  const decoder = new TextDecoder()
  const isPlain = (process.env.NO_COLOR ?? '') !== ''
  return (chunk) =>
    decoder
      .decode(chunk, { stream: true })
      .replace(colourOrControl, (found) =>
        found.length === 1 ? escaped(found) : isPlain ? '' : found,
      )
}

const colourOrControl =
  /\u001b\[[0-9;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

function escaped(control: string): string {
  const code = control.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

const examples = `
Without --format a terminal gets PrettyCompact and a pipe TSVWithNames; --json
is JSONEachRow. Tables: transactions, rrsets (passive DNS), captures (ledger),
findings, allow, watch_names, watch_accepted.

Examples:
  overhear sql 'SELECT qtype, count() FROM transactions GROUP BY 1 ORDER BY 2'
  overhear sql "SELECT ts, client, qname FROM transactions
                WHERE rcode = 'NXDOMAIN' ORDER BY ts LIMIT 20"
  overhear sql 'DESCRIBE transactions' --format Vertical
  overhear sql 'SELECT * FROM rrsets' --format Parquet > rrsets.parquet
  overhear sql - --json < query.sql
`
