// Test helper: puts hand-made exchanges into a store, values bound, so that hunts can be tested without a capture.
import { storedFields } from './transaction-fields.ts'
import type { Database } from '../src/database/database.ts'

/** A record of an answer. */
export interface TestRecord {
  name: string
  type: string
  data: string
  section?: string
  ttl?: number
}

/** An exchange; what is left out gets the ordinary value of an answered query. */
export interface TestExchange {
  ts: string
  client: string
  qname: string
  server?: string
  qtype?: string
  domain?: string
  rcode?: string
  match?: string
  attempts?: number
  capture?: string
  frame?: number
  responseFrame?: number
  records?: TestRecord[]
}

const columns = {
  ts: "DateTime64(9, 'UTC')",
  response_ts: "DateTime64(9, 'UTC')",
  capture: 'String',
  frame: 'UInt64',
  response_frame: 'UInt64',
  client: 'IPv6',
  server: 'IPv6',
  transport: 'String',
  qname: 'String',
  qtype: 'String',
  domain: 'String',
  rcode: 'String',
  match: 'String',
  attempts: 'UInt16',
  response_flags: 'UInt16',
  'rr.section': 'Array(String)',
  'rr.name': 'Array(String)',
  'rr.type': 'Array(String)',
  'rr.class': 'Array(String)',
  'rr.ttl': 'Array(UInt32)',
  'rr.data': 'Array(String)',
}

/** Stores the exchanges one by one; the views run as they do for a capture. */
export async function storeExchanges(
  database: Database,
  exchanges: readonly TestExchange[],
): Promise<void> {
  const given = Object.entries(columns).map(([name, type]) => [
    name,
    `{${name.replace('.', '_')}:${type}}`,
  ])
  const stored = storedFields(Object.fromEntries(given))
  const names = Object.keys(stored).map((name) => `\`${name}\``)
  const values = Object.values(stored)
  for (const exchange of exchanges) {
    const records = exchange.records ?? []
    const isAnswered = (exchange.match ?? 'answered') !== 'unanswered'
    await database.command(
      `INSERT INTO transactions (${names.join(', ')}) SELECT ${values.join(', ')}`,
      {
        ts: exchange.ts,
        response_ts: isAnswered ? exchange.ts : '1970-01-01 00:00:00',
        capture: exchange.capture ?? 'c0ffee0123456789',
        frame: exchange.frame ?? 1,
        response_frame: isAnswered ? (exchange.responseFrame ?? (exchange.frame ?? 1) + 1) : 0,
        client: exchange.client,
        server: exchange.server ?? '::ffff:192.0.2.53',
        transport: 'udp',
        qname: exchange.qname,
        qtype: exchange.qtype ?? 'A',
        domain: exchange.domain ?? exchange.qname.split('.').slice(-2).join('.'),
        rcode: isAnswered ? (exchange.rcode ?? 'NOERROR') : '',
        match: exchange.match ?? 'answered',
        attempts: exchange.attempts ?? 1,
        response_flags: 0x8180,
        rr_section: records.map((record) => record.section ?? 'answer'),
        rr_name: records.map((record) => record.name),
        rr_type: records.map((record) => record.type),
        rr_class: records.map(() => 'IN'),
        rr_ttl: records.map((record) => record.ttl ?? 300),
        rr_data: records.map((record) => record.data),
      },
    )
  }
}
