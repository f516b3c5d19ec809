// The baseline's rows: one plain object per exchange, as JSONEachRow takes it, with the columns that an analyst would miss first.

import { getDomain } from 'tldts'
import type { DecodedRecord, Seen } from './baseline.ts'

/** The baseline's table: 26 of our columns in default codecs, sorted by name, without indexes and views. */
export const baselineTable = `
CREATE TABLE baseline (
  ts DateTime64(6, 'UTC'), response_ts DateTime64(6, 'UTC'), latency_us UInt32,
  client IPv6, server IPv6, client_port UInt16, server_port UInt16, id UInt16, opcode LowCardinality(String),
  qname String, qtype LowCardinality(String), qclass LowCardinality(String), domain LowCardinality(String),
  query_flags UInt16, response_flags UInt16, rcode LowCardinality(String), query_bytes UInt32, response_bytes UInt32,
  edns_size UInt16, match LowCardinality(String),
  rr Nested(section LowCardinality(String), name String, type LowCardinality(String), class LowCardinality(String), ttl UInt32, data String)
) ENGINE = MergeTree ORDER BY (domain, qname, qtype, ts)`

/** One row; at least one of the two messages is there. */
export function rowOf(query: Seen | undefined, response: Seen | undefined): object {
  const seen = (query ?? response) as Seen
  const isForward = query !== undefined
  const { datagram, message } = seen
  const question = message.questions[0]
  const name = question?.name.toLowerCase() ?? ''
  const records: [string, DecodedRecord][] = []
  if (response !== undefined) {
    for (const record of response.message.answers) records.push(['answer', record])
    for (const record of response.message.authorities) records.push(['authority', record])
    for (const record of response.message.additionals) {
      if (record.type !== 'OPT') records.push(['additional', record])
    }
  }
  const opt = message.additionals.find(({ type }) => type === 'OPT')
  return {
    ts: seconds(seen.timeUs),
    response_ts: seconds(response?.timeUs ?? 0),
    latency_us: query && response ? Math.max(0, response.timeUs - query.timeUs) : 0,
    client: isForward ? datagram.source : datagram.destination,
    server: isForward ? datagram.destination : datagram.source,
    client_port: isForward ? datagram.sourcePort : datagram.destinationPort,
    server_port: isForward ? datagram.destinationPort : datagram.sourcePort,
    id: message.id,
    opcode: message.opcode,
    qname: name,
    qtype: question?.type ?? '',
    qclass: question?.class ?? '',
    domain: getDomain(name, domainOptions) ?? '',
    query_flags: query?.message.flags ?? 0,
    response_flags: response?.message.flags ?? 0,
    rcode: response?.message.rcode ?? '',
    query_bytes: query?.datagram.payload.length ?? 0,
    response_bytes: response?.datagram.payload.length ?? 0,
    edns_size: (opt as { udpPayloadSize?: number } | undefined)?.udpPayloadSize ?? 0,
    match: query && response ? 'answered' : query ? 'unanswered' : 'unsolicited',
    'rr.section': records.map(([section]) => section),
    'rr.name': records.map(([, record]) => record.name.toLowerCase()),
    'rr.type': records.map(([, record]) => record.type),
    'rr.class': records.map(([, record]) => record.class),
    'rr.ttl': records.map(([, record]) => record.ttl),
    'rr.data': records.map(([, record]) => textOf(record.data)),
  }
}

/** DateTime64 takes seconds with a fraction. */
function seconds(timeUs: number): string {
  return timeUs === 0 ? '1970-01-01 00:00:00' : (timeUs / 1e6).toFixed(6)
}

const domainOptions = {
  allowPrivateDomains: true,
  detectIp: false,
  extractHostname: false,
  validateHostname: false,
} as const

/** dns-packet gives strings, buffers and objects, by type. */
function textOf(data: unknown): string {
  if (typeof data === 'string') return data
  if (Buffer.isBuffer(data)) return data.toString('latin1')
  if (Array.isArray(data)) return data.map(textOf).join(' ')
  return JSON.stringify(data)
}
