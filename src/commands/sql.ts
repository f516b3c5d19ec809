// overhear sql: read-only SQL over a store, streamed, in any ClickHouse format.

import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { openStore } from '../database/open.ts'
import { askSql } from '../inspect/sql.ts'
import { writeOut } from './output.ts'
import { jsonOption, storeOption } from './shared.ts'

/** The `sql` verb. */
export function sqlCommand(): Command {
  return new Command('sql')
    .configureHelp({ helpWidth: 79 })
    .summary('ask the store in SQL')
    .description('Runs one read-only SQL query over the store.')
    .argument('[query]', 'the query; - or nothing reads it from standard input')
    .addOption(storeOption())
    .addOption(jsonOption())
    .option('--format <name>', 'any ClickHouse output format: CSV, Vertical, Parquet, …')
    .addHelpText('after', examples)
    .action(async (query: string | undefined, options: SqlOptions) => {
      const sql = query === undefined || query === '-' ? await text(process.stdin) : query
      const database = await openStore(options.store, { create: false })
      try {
        for await (const chunk of askSql(database, sql, formatOf(options))) await writeOut(chunk)
      } finally {
        await database.close()
      }
    })
}

interface SqlOptions {
  store: string
  json?: true
  format?: string
}

function formatOf(options: SqlOptions): string {
  if (options.format !== undefined) return options.format
  if (options.json) return 'JSONEachRow'
  return process.stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames'
}

const examples = `
Without --format a terminal gets PrettyCompact and a pipe TSVWithNames; --json
is JSONEachRow. Tables: transactions, rrsets (passive DNS), captures (ledger).

Examples:
  overhear sql 'SELECT qtype, count() FROM transactions GROUP BY 1 ORDER BY 2'
  overhear sql "SELECT ts, client, qname FROM transactions
                WHERE rcode = 'NXDOMAIN' ORDER BY ts LIMIT 20"
  overhear sql 'DESCRIBE transactions' --format Vertical
  overhear sql 'SELECT * FROM rrsets' --format Parquet > rrsets.parquet
  overhear sql - --json < query.sql
`
