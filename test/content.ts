// Test helper: what a store holds, as numbers that differ where anything in it does.
import type { Database } from '../src/database/database.ts'

/** Rows and captures of a store, and sums over every column of every row and over every line of passive DNS. */
export interface Content {
  rows: number
  messages: number
  content: string
  captures: number
  history: string
}

/** The content of a store, but for the days of ingest. A sum and no xor: rows stored twice must show. */
export async function contentOf(database: Database): Promise<Content> {
  const [content] = await database.rows<Content>(
    `SELECT
       (SELECT count() FROM transactions) AS rows,
       (SELECT toUInt64(sum(attempts) + sum(qr) + countIf(match = 'malformed')) FROM transactions) AS messages,
       (SELECT toString(sum(sipHash64(* EXCEPT ingested))) FROM transactions) AS content,
       (SELECT count() FROM captures) AS captures,
       (SELECT toString((count(), sum(n), sum(h))) FROM (
         SELECT sum(count) AS n, sipHash64(name, type, data, section, server_role, match, min(first_seen), max(last_seen), sum(count), min(ttl_min), max(ttl_max)) AS h
         FROM rrsets GROUP BY name, type, data, section, server_role, match)) AS history`,
  )
  return content
}
