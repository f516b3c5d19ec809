// The decoder agrees with tshark and with dns-packet on every message of the shared captures, or the difference is listed with its reason.

import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openCapture } from '../src/ingest/capture/capture.ts'
import type { MessageJson } from '../src/ingest/decode/json.ts'
import { Layers } from '../src/ingest/decode/layers.ts'
import { decodeCapture } from '../src/ingest/messages.ts'
import { compare, type Difference, Tally } from './agreement-compare.ts'
import { compareDnsPacket } from './agreement-dns-packet.ts'
import * as known from './agreement-known.ts'
import { type CaptureCounts, captureTable, fieldTable, reasonTable } from './agreement-table.ts'
import {
  captureNames,
  captures,
  hasCaptures,
  pair,
  portsOf,
  type Truth,
  truthOf,
} from './agreement-truth.ts'

if (!hasCaptures) {
  console.warn(`agreement: ${captures} is absent, other programs' readings are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}

const fields = new Tally()
const dnsPacketFields = new Tally()
const countsByCapture = new Map<string, CaptureCounts>()
const reasons = new Map<string, number>()
const leftOut = new Map<string, number>()
const refusals = new Map<string, number>()

describe.skipIf(!hasCaptures)(
  'every message of a capture reads as tshark and dns-packet read it',
  () => {
    it.each(captureNames())('%s', async (name) => {
      const { messages, payloads } = await readingsOf(name)
      const truths = truthOf(name).filter(isMessage)
      const { pairs, extra } = pair(truths, messages)
      const unlisted: string[] = []
      const counts: CaptureCounts = { theirs: truths.length, ours: messages.length, agreeing: 0 }
      countsByCapture.set(name, counts)
      let defensible = 0

      for (const { truth, ours } of pairs) {
        if (ours === null) {
          unlisted.push(`frame ${truth.frame}: tshark has a message, we have not`)
          continue
        }
        const message = messages[ours]
        const differences = compare(truth, message, payloads[ours], fields)
        if (differences.length === 0) counts.agreeing++
        const found = differences.map((each) =>
          judge(known.knownTshark, name, each, message, unlisted),
        )
        if (found.every((each) => each?.side === 'theirs')) defensible++
      }
      for (const place of extra) {
        const message = messages[place]
        const found = known.knownExtra.find(
          ({ captures: where, holds }) => where.test(name) && holds(message),
        )
        if (found === undefined)
          unlisted.push(`frame ${message.frame}: we have a message, tshark not`)
        else add(reasons, `only ours: ${found.why}`)
      }
      for (const [place, message] of messages.entries())
        readByDnsPacket(name, message, payloads[place], unlisted)

      expect(unlisted.slice(0, 20)).toEqual([])
      expect(messages.length).toBeGreaterThanOrEqual(truths.length)
      expect(messages.length === 0).toBe(name in known.withoutMessages)
      if (isWellFormed(name, truths))
        expect(defensible).toBeGreaterThanOrEqual(0.999 * truths.length)
    })
  },
)

describe.skipIf(!hasCaptures)('the list of known differences', () => {
  it('holds nothing that does not occur', () => {
    const listed = [
      ...[...known.knownTshark, ...known.knownDnsPacket].map(({ why }) => why),
      ...known.knownExtra.map(({ why }) => `only ours: ${why}`),
      ...known.refusedByDnsPacket.map(({ why }) => why),
    ]
    expect(listed.filter((why) => !reasons.has(why))).toEqual([])
    const named = [known.portsByContent, known.oddCaptures, known.withoutMessages]
    expect(named.flatMap(Object.keys).filter((name) => !countsByCapture.has(name))).toEqual([])
  })

  it('is short beside what was compared', () => {
    expect(fields.fields.get('id')!.compared).toBeGreaterThan(278_000)
    expect(fields.fields.get('record TTL')!.compared).toBeGreaterThan(476_000)
    expect(dnsPacketFields.fields.get('id')!.compared).toBeGreaterThan(277_000)
    expect(dnsPacketFields.fields.get('record TTL')!.compared).toBeGreaterThan(476_000)
    expect([...fields.skipped.values()].reduce((sum, count) => sum + count)).toBeLessThan(300)
  })

  it('leaves out of the comparison only what is no message of its own, or not read by port', () => {
    expect(Object.fromEntries(leftOut)).toEqual({
      'inside an ICMP error: the sender of the error repeats it, nobody sent it': 58,
      'DNS over HTTP/2: not read': 68,
      'handed to the DNS dissector of tshark, without a header in it': 3,
    })
  })
})

afterAll(() => {
  if (countsByCapture.size === 0) return
  console.info(
    [
      captureTable(countsByCapture),
      fieldTable('tshark', fields),
      fieldTable('dns-packet', dnsPacketFields),
      reasonTable('not compared with tshark', fields.skipped),
      reasonTable('reason of a difference', reasons),
      reasonTable("left out of tshark's rows", leftOut),
      reasonTable("dns-packet's error, all on messages with an anomaly or listed", refusals),
    ].join('\n\n'),
  )
})

/** Messages as the library gives them, and beside each its bytes, taken from the layers below. */
async function readingsOf(name: string): Promise<{ messages: MessageJson[]; payloads: Buffer[] }> {
  const path = join(captures, name)
  const ports = [...portsOf(name), ...(known.portsByContent[name] ?? [])]
  const messages: MessageJson[] = []
  const counts = await decodeCapture(await openCapture(path), ports, (batch) => {
    messages.push(...batch)
  })
  const payloads: Buffer[] = []
  const layers = new Layers(ports, (bytes, { payloadStart, payloadEnd }) => {
    payloads.push(Buffer.from(bytes.slice(payloadStart, payloadEnd)))
  })
  const capture = await openCapture(path)
  for await (const batch of capture.batches()) {
    for (let i = 0; i < batch.count; i++) layers.decode(batch, i)
  }
  layers.finish()
  expect(payloads.map(({ length }) => length)).toEqual(messages.map(({ size }) => size))
  expect(counts.layers.bins.reduce((sum, bin) => sum + bin)).toBe(counts.packets)
  return { messages, payloads }
}

/** False for rows of the truth that are not compared; counts why. */
function isMessage({ stub, icmperr, tr }: Truth): boolean {
  if (stub) add(leftOut, 'handed to the DNS dissector of tshark, without a header in it')
  else if (icmperr)
    add(leftOut, 'inside an ICMP error: the sender of the error repeats it, nobody sent it')
  else if (tr === 'doh') add(leftOut, 'DNS over HTTP/2: not read')
  else return true
  return false
}

function isWellFormed(name: string, truths: Truth[]): boolean {
  return !(name in known.oddCaptures) && truths.every(({ malformed }) => malformed === undefined)
}

function readByDnsPacket(
  name: string,
  message: MessageJson,
  payload: Buffer,
  unlisted: string[],
): void {
  const result = compareDnsPacket(payload, message, dnsPacketFields)
  if (typeof result !== 'string') {
    for (const each of result) judge(known.knownDnsPacket, name, each, message, unlisted)
    return
  }
  add(refusals, result.replace(/It must be .*/, ''))
  if (message.anomalies.length > 0) return
  const found = known.refusedByDnsPacket.find(
    ({ capture, frames }) => capture === name && frames.includes(message.frame),
  )
  if (found === undefined) unlisted.push(`frame ${message.frame}: dns-packet refuses it: ${result}`)
  else add(reasons, found.why)
}

/** The known reason of a difference; an unknown one is noted. */
function judge(
  list: known.Known[],
  name: string,
  difference: Difference,
  message: MessageJson,
  unlisted: string[],
): known.Known | undefined {
  const found = known.explain(list, name, difference, message)
  if (found !== undefined) add(reasons, found.why)
  else {
    const { field, theirs, ours } = difference
    const values = `${JSON.stringify(theirs)}, ours ${JSON.stringify(ours)}`
    unlisted.push(`frame ${message.frame}: ${field}: theirs ${values}`)
  }
  return found
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
