// Whether a record set was seen whole: one cut by a snap length or by TC looks like a zone that lacks something.

import type { Bench } from '../detector.ts'
import { answeredAnywhere, bindable, tc } from './fault.ts'

/** Anomalies of a message that may have lost records: record-truncated, name-truncated, snapped, record-limit, fragment-missing, segment-missing. */
const lossy = [2, 3, 18, 23, 26, 28].reduce((mask, bit) => mask + 2 ** bit, 0)

/** Condition on `transactions`: no record of the answer is lost. */
export const isWhole = `bitAnd(anomaly_bits, ${lossy}) = 0 AND NOT ${tc}`

const sql = `SELECT DISTINCT owner FROM transactions
  ARRAY JOIN rr.name AS owner, rr.type AS kind, rr.data AS text
  WHERE ${answeredAnywhere} AND ${isWhole} AND hasAny(rr.data, {data:Array(String)})
    AND kind = {kind:String} AND text IN {data:Array(String)}`

/** The owners of records of a type with this data that stood in a whole answer. */
export async function ownersSeenWhole(
  bench: Bench,
  kind: string,
  data: readonly string[],
): Promise<Set<string>> {
  if (data.length === 0) return new Set()
  const bound = { kind, data: bindable([...new Set(data)]) }
  const rows = await bench.rows<{ owner: string }>(sql, bound)
  return new Set(rows.map(({ owner }) => owner))
}
