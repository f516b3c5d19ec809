// What real captures carry in EDNS options and in the top bit of multicast classes must come out as tshark reads it.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openCapture } from '../src/ingest/capture/capture.ts'
import type { EdnsOption } from '../src/ingest/decode/edns-json.ts'
import type { MessageJson } from '../src/ingest/decode/json.ts'
import { decodeCapture } from '../src/ingest/messages.ts'

const captures = fileURLToPath(new URL('../../shared/captures/', import.meta.url))
const hasTshark = spawnSync('tshark', ['--version']).status === 0
const isReady = hasTshark && existsSync(captures)
if (!isReady) {
  console.warn(`edns-tshark: tshark or ${captures} is absent, its readings are skipped`)
  if (process.env.CI !== undefined)
    throw new Error('tshark or the shared captures are absent in CI')
}

describe.skipIf(!isReady)('as tshark reads it', () => {
  it.each([
    ['tcpdump-edns-opts.pcap', 24],
    ['zeek-dns-edns-cookie.pcap', 4],
    ['tcpdump-dns-badcookie.pcap', 4],
    ['zeek-dns-edns-ecs.pcap', 14],
    ['ndpi-dns-fragmented.pcap', 20],
    ['mercury-mdns-capture.pcap', 2900],
  ])('every option of %s has its code, bytes and values', async (file, atLeast) => {
    const truth = fields(file, 'dns.opt.code', optionFields)
    expect(truth.size).toBeGreaterThanOrEqual(atLeast)
    const seen = new Map<string, string[]>()
    for (const { frame, edns } of await messagesOf(file)) {
      if (edns !== null && edns.options.length > 0) seen.set(`${frame}`, optionTexts(edns.options))
    }
    expect(seen).toEqual(truth)
  })

  it.each([
    ['zeek-mdns.pcap', 30, 0],
    ['mercury-mdns-capture.pcap', 0, 5000],
  ])('every top bit of %s is kept, and no class shows it', async (file, flushes, unicasts) => {
    const truth = new Map<string, string[]>()
    const names = ['dns.qry.qu', 'dns.resp.cache_flush', 'dns.resp.type']
    for (const [frame, [unicast, flush, types]] of fields(file, 'mdns', names)) {
      // tshark calls the top bit of OPT's class by this name too, but that field is a size.
      const isOpt = types.split('|').map((type) => type === '41')
      const flags = flush.split('|').filter((_, i) => !isOpt[i])
      truth.set(frame, [unicast, flags.join('|')])
    }
    const seen = new Map<string, string[]>()
    let flushesSeen = 0
    let unicastsSeen = 0
    for (const { frame, questions, records, dst_port, src_port } of await messagesOf(file)) {
      if (dst_port !== 5353 && src_port !== 5353) continue
      const unicast = questions.map((question) => (question.unicast_response === true ? '1' : '0'))
      const flush = records.map((record) => (record.cache_flush === true ? '1' : '0'))
      seen.set(`${frame}`, [unicast.join('|'), flush.join('|')])
      unicastsSeen += unicast.filter((bit) => bit === '1').length
      flushesSeen += flush.filter((bit) => bit === '1').length
      for (const each of [...questions, ...records]) expect(each.class).toMatch(/^(IN|ANY)$/)
    }
    expect(seen).toEqual(truth)
    expect(flushesSeen).toBeGreaterThanOrEqual(flushes)
    expect(unicastsSeen).toBeGreaterThanOrEqual(unicasts)
  })
})

const optionFields = [
  'dns.opt.code',
  'dns.opt.data',
  'dns.opt.dau',
  'dns.opt.dhu',
  'dns.opt.n3u',
  'dns.opt.client.netmask',
  'dns.opt.client.scope',
  'dns.opt.cookie.client',
  'dns.opt.cookie.server',
  'dns.opt.edns_tcp_keepalive.timeout',
  'dns.opt.padding',
]

/** Our options in tshark's fields. */
function optionTexts(options: EdnsOption[]): string[] {
  const each = (text: (option: EdnsOption) => string | number | undefined) =>
    options
      .map(text)
      .filter((value) => value !== undefined && value !== '')
      .join('|')
  const algorithms = (code: number) =>
    each((option) => (option.code === code ? option.algorithms?.join('|') : undefined))
  const prefix = (part: number) =>
    each(({ ecs }) => (ecs === undefined ? undefined : (ecs.split('/')[part] ?? '0')))
  return [
    each(({ code }) => code),
    each(({ data }) => data),
    algorithms(5),
    algorithms(6),
    algorithms(7),
    prefix(1),
    prefix(2),
    each(({ cookie }) => cookie?.client),
    each(({ cookie }) => cookie?.server ?? undefined),
    each(({ keepaliveSeconds }) =>
      typeof keepaliveSeconds === 'number' ? Math.round(keepaliveSeconds * 10) : undefined,
    ),
    each(({ padding, data }) => (padding === undefined ? undefined : data)),
  ]
}

async function messagesOf(file: string): Promise<MessageJson[]> {
  const messages: MessageJson[] = []
  const capture = await openCapture(`${captures}${file}`)
  try {
    await decodeCapture(capture, [], (batch) => void messages.push(...batch))
  } finally {
    await capture.close()
  }
  return messages
}

/** tshark's values by frame number: several of one field are joined, empty and missing ones left out. */
function fields(file: string, filter: string, names: string[]): Map<string, string[]> {
  const columns = ['frame.number', ...names].flatMap((name) => ['-e', name])
  const args = ['-r', `${captures}${file}`, '-Y', filter, '-T', 'fields', '-E', 'aggregator=|']
  const run = spawnSync('tshark', [...args, ...columns], { encoding: 'utf8', maxBuffer: 1 << 28 })
  expect(run.status, run.stderr).toBe(0)
  const lines = run.stdout.trimEnd().split('\n')
  return new Map(
    lines.map((line) => {
      const [frame, ...values] = line.split('\t')
      return [
        frame,
        names.map((_, i) =>
          (values[i] ?? '')
            .split('|')
            .filter((value) => value !== '' && value !== '<MISSING>')
            .join('|'),
        ),
      ]
    }),
  )
}
