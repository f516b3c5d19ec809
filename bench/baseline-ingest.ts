// The ingest baseline as a program: pcap-parser, dns-packet, a Map, and @clickhouse/client inserting JSONEachRow into chDB. Arguments: file, folder, packets.

import { createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { datagramOf, decode, MapMatcher, type PcapParser, parseCapture } from './baseline.ts'
import type { DecodedMessage, ParsedPacket } from './baseline.ts'
import { baselineTable, rowOf } from './baseline-rows.ts'

/** Rows of an insert; of 10, 50 and 200 thousand this was the fastest. */
const batchRows = 50_000

const [, , file, path, packets] = process.argv
const limit = Number(packets)
const connection = createChdbConnection({ path })
const client = createClient({ connection } as object)
await client.command({ query: baselineTable })

const counts = { packets: 0, messages: 0, malformed: 0, rows: 0 }
let rows: object[] = []
let inFlight: Promise<unknown> = Promise.resolve()
const matcher = new MapMatcher((query, response) => rows.push(rowOf(query, response)))
await read(file)
matcher.finish()
await inFlight
await insert()
await client.close()
process.stdout.write(`${JSON.stringify(counts)}\n`)
process.exit()

/** Reads up to `limit` packets; the file waits while two batches would be on their way. */
async function read(capture: string): Promise<void> {
  const parser = parseCapture(capture)
  await new Promise<void>((resolve, reject) => {
    parser.on('error', reject)
    parser.on('end', resolve)
    parser.on('packet', (packet) => {
      if (counts.packets === limit) return
      take(packet)
      if (rows.length >= batchRows) store(parser, reject)
      if (counts.packets === limit) resolve()
    })
  })
  parser.stream.destroy()
}

function take({ header, data }: ParsedPacket): void {
  counts.packets++
  const datagram = datagramOf(data)
  if (datagram === undefined) return
  let message: DecodedMessage
  try {
    message = decode(datagram.payload)
  } catch {
    counts.malformed++
    return
  }
  counts.messages++
  const timeUs = header.timestampSeconds * 1e6 + header.timestampMicroseconds
  matcher.add({ timeUs, datagram, message })
}

function store(parser: PcapParser, reject: (error: unknown) => void): void {
  parser.stream.pause()
  inFlight = inFlight.then(insert).then(() => parser.stream.resume())
  inFlight.catch(reject)
}

async function insert(): Promise<void> {
  const values = rows
  rows = []
  counts.rows += values.length
  if (values.length > 0) {
    await client.insert({ table: 'baseline', values, format: 'JSONEachRow' })
  }
}
