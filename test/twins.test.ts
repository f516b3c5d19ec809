// The same exchanges in every format, over TCP, in fragments and in tunnels give the same rows, read back out of a store.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { binTotal } from '../src/ingest/decode/bins.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import type { LedgerEntry } from '../src/ingest/store/ledger.ts'

const folder = join(import.meta.dirname, '../samples')
const captures = readdirSync(join(folder, 'formats')).filter((name) => /\.pcap/.test(name))

interface Label {
  packets: number
  messages: number
  same_as: string
  time_digits: number
}

type Row = Record<string, unknown>

/** Where a message came from, which is what differs; all other columns must be equal. */
const wrapping = `capture, frame_gap, response_capture, frame, transport, tunnel, vlan, vlan_outer, fragments`

let database: Database
const entries = new Map<string, LedgerEntry>()

beforeAll(async () => {
  database = await openStore(':memory:')
  const paths = captures.map((name) => join(folder, 'formats', name))
  const { files, problems } = await ingestFiles(paths, database)
  expect(problems).toEqual([])
  for (const entry of files) entries.set(relative(folder, entry.path), entry)
})
afterAll(() => database.close())

describe.each(captures)('%s', (name) => {
  const path = `formats/${name}`
  const label = labelOf(path)

  it('gives the rows of its twin', async () => {
    const [ours, theirs] = [await rowsOf(path), await rowsOf(label.same_as)]
    expect(theirs.length).toBe(10)
    const digits = label.time_digits
    const asFarAsKept = (row: Row) => (digits === 9 ? row : inDigits(row, digits))
    expect(ours.map(asFarAsKept)).toEqual(theirs.map(asFarAsKept))
  })

  it('has a bin for each packet, and nothing unfinished', () => {
    const { packets, bins, messages, unfinished, resets } = entries.get(path) as LedgerEntry
    expect(packets).toBe(label.packets)
    expect(binTotal(bins)).toBe(packets)
    expect(bins).toMatchObject({ malformed: {}, unsupported: {} })
    expect(messages).toEqual({ query: 10, response: 10, malformed: 0 })
    expect({ unfinished, resets }).toEqual({ unfinished: { streams: 0, datagrams: 0 }, resets: 0 })
  })
})

describe('what differs is told', () => {
  it.each([
    ['vxlan', 'vxlan:5001'],
    ['geneve', 'geneve:5002'],
    ['gre', 'gre:77'],
    ['erspan', 'erspan:100'],
    ['gtp', 'gtp-u:168496141'],
    ['6in4', '6in4'],
    ['vlan', ''],
  ])('the tunnel of %s', async (name, tunnel) => {
    const rows = await select(`formats/${name}.pcap`, 'DISTINCT tunnel')
    expect(rows).toEqual([{ tunnel }])
  })

  it('the VLANs', async () => {
    const rows = await select('formats/qinq.pcap', 'DISTINCT vlan, vlan_outer')
    expect(rows).toEqual([{ vlan: 7, vlan_outer: 200 }])
  })

  it.each(['fragments', 'fragments-ipv6'])('the fragments of %s', async (name) => {
    const rows = await select(`formats/${name}.pcap`, 'fragments')
    expect(rows.every((row) => Number(row['fragments']) > 1)).toBe(true)
  })

  it.each(['tcp', 'tcp-pieces', 'tcp-pipelined'])('the transport of %s', async (name) => {
    const rows = await select(`formats/${name}.pcap`, 'DISTINCT transport')
    expect(rows).toEqual([{ transport: 'tcp' }])
  })

  it('the frame that completes a message', async () => {
    const [row] = await select('formats/tcp-pieces.pcap', 'frame, response_frame')
    // Three packets to open it, then the fourth piece of the question; its acknowledgement, then the fourth of the answer.
    expect(row).toEqual({ frame: 7, response_frame: 12 })
    const [cut] = await select('formats/fragments.pcap', 'frame, response_frame')
    expect(cut).toEqual({ frame: 1, response_frame: 3 })
  })
})

async function rowsOf(path: string): Promise<Row[]> {
  return select(path, `* EXCEPT (${wrapping}, latency_ns), response_ts, latency_us, rr.name`)
}

async function select(path: string, columns: string): Promise<Row[]> {
  const { id } = entries.get(path) as LedgerEntry
  // Each query has its own id, in the order of time.
  const order = columns.startsWith('DISTINCT') ? '' : 'ORDER BY id'
  return database.rows<Row>(
    `SELECT ${columns} FROM transactions WHERE capture = {capture:String} ${order}`,
    { capture: id },
  )
}

/** The row with times as far as the capture keeps them; with none, everything goes that one connection changes. */
function inDigits(whole: Row, digits: number): Row {
  const { ts, response_ts, latency_us, client_port, query_ip_id, response_ip_id, ...row } = whole
  if (digits === 0) return row
  // Two times, each cut to microseconds, are apart by up to one microsecond more or less.
  const latency = Math.round(Number(latency_us) / 10)
  const cut = (time: unknown) => String(time).slice(0, 20 + digits)
  return {
    ...row,
    client_port,
    query_ip_id,
    response_ip_id,
    latency,
    ts: cut(ts),
    response_ts: cut(response_ts),
  }
}

function labelOf(path: string): Label {
  const label = path.replace(/\.pcap(ng)?(\.gz)?$/, '.json')
  return JSON.parse(readFileSync(join(folder, label), 'utf8')) as Label
}
