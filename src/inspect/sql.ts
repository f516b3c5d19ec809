// SQL typed by an analyst: read-only, streamed, and a wrong query told from a broken store.

import type { Database } from '../database/database.ts'
import { engineMessage } from '../database/failures.ts'
import { StoreError, UsageError } from '../errors.ts'

/** The result as bytes in `format`, unless the query has its own FORMAT. A wrong query is a UsageError, a failing store a StoreError. */
export async function* askSql(
  database: Database,
  sql: string,
  format: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (sql.trim() === '') {
    throw new UsageError(
      "the query is empty. Example: overhear sql 'SELECT count() FROM transactions'",
    )
  }
  try {
    yield* database.queryReadOnly(sql, format)
  } catch (error) {
    if (error instanceof StoreError && isAboutTheQuery(error.code)) {
      throw new UsageError(whatIsWrong(error), error.code)
    }
    throw error
  }
}

/** One sentence; the parser's list of everything that could have stood there instead is left out. */
function whatIsWrong(error: StoreError): string {
  if (error.code === 'read-only' || error.code === 'bad-format') return error.message
  const said = engineMessage(error.cause).replace(/\. Expected one of: .*/s, '')
  return `the query is wrong: ${said}`
}

/** ClickHouse errors that come from the machine, the data on disk or the network; every other number is about the query. */
const storeTrouble = new Set([
  23, 24, 32, 33, 40, 49, 74, 75, 76, 77, 87, 88, 91, 95, 96, 107, 159, 173, 201, 202, 203, 209,
  210, 226, 228, 230, 236, 241, 242, 243, 246, 252, 265, 271, 274, 275, 279, 285, 297, 364, 369,
  373, 394, 425, 586, 735, 749, 762, 774, 777, 778, 999, 1e3, 1001, 1002,
])

function isAboutTheQuery(code: string): boolean {
  if (code === 'sql' || code === 'read-only' || code === 'bad-format') return true
  const number = /^clickhouse-(\d+)$/.exec(code)?.[1]
  return number !== undefined && !storeTrouble.has(Number(number))
}
