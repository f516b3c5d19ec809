// The committed samples: made by samples/make.ts and by nothing else, well-formed in another program's eyes, and of made-up hosts only.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { Records } from '../src/ingest/decode/records.ts'
import { type Label, type SampleFile } from '../samples/make/sample.ts'
import { samples } from '../samples/make/samples.ts'

const folder = join(import.meta.dirname, '../samples')
const files = samples()
const captures = files.filter(({ path }) => /\.pcap(ng)?(\.gz)?$/.test(path))
const wellFormed = captures.filter(({ path }) => !path.startsWith('malformed/'))
const inFormats = captures.filter(({ path }) => path.startsWith('formats/'))
const inDatagrams = inFormats.filter(({ path }) => !isTwin(path))
const twins = inFormats.filter(({ path }) => isTwin(path))

const hasTshark = spawnSync('tshark', ['--version']).status === 0
if (!hasTshark) console.warn('tshark is not installed: the samples are not dissected')
const skipped = !hasTshark && process.env.CI === undefined

describe('the makers', () => {
  it('make the same bytes again', () => {
    for (const [i, { path, bytes }] of samples().entries()) {
      expect(path).toBe(files[i].path)
      expect(Buffer.compare(bytes, files[i].bytes), path).toBe(0)
    }
  })

  it.each(files)('made the committed $path', ({ path, bytes }) => {
    expect(content(path, readFileSync(join(folder, path))).equals(content(path, bytes))).toBe(true)
  })

  it('made every capture, label and message in the folder but the recorded ones', () => {
    const committed = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(pcap|pcapng|gz|hex|json)$/.test(path))
      .map((path) => path.replaceAll('\\', '/'))
      // The frozen thresholds are of the detectors, not of a scene.
      .filter((path) => path !== 'thresholds.json' && !path.startsWith('recorded/'))
    expect(committed.toSorted()).toEqual(files.map(({ path }) => path).toSorted())
  })

  it('keep the folder below 1.8 MB', () => {
    expect(files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(1_800_000)
  })
})

describe('labels', () => {
  it.each(captures)('of $path count its packets', ({ path, bytes }) => {
    if (path.endsWith('.pcapng')) return
    expect(countRecords(content(path, bytes))).toBe(labelOf(path).packets)
  })

  const broken = files.filter(({ path }) => path.endsWith('.hex'))

  it.each(broken)('of $path name the anomalies that decoding finds', ({ path, bytes }) => {
    const text = Buffer.from(bytes).toString().replaceAll(/^#.*$/gm, '')
    const wire = Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
    const label = JSON.parse(readFileSync(join(folder, path.replace('.hex', '.json')), 'utf8')) as {
      size: number
      expect: string[]
    }
    const message = new Message()
    decodeMessage(wire, 0, wire.length, false, message, new Records(16), 0)
    expect(wire.length).toBe(label.size)
    expect(anomaliesOf(message.anomalies)).toEqual(label.expect)
  })

  it('are summed up rightly in the readme', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    for (const { path } of captures.filter((file) => !file.path.includes('/'))) {
      const { packets, messages } = labelOf(path)
      const counts = [packets, messages].map((count) => count.toLocaleString('en-US'))
      expect(readme).toContain(`| \`${path}\` | ${counts[0]} | ${counts[1]} `)
    }
    for (const { path } of files.filter((file) => /formats\/.*pcap|\.hex$/.test(file.path))) {
      const name = path.replace(/^\w+\//, '').replace('.hex', '')
      expect(readme).toContain(`\`${name}\``)
    }
  })

  it('expect nothing of the quiet hour and something of every other scene', () => {
    for (const { path } of captures.filter((file) => !file.path.includes('/'))) {
      const { findings } = labelOf(path)
      expect(findings.length > 0, path).toBe(path !== 'quiet-hour.pcap.gz')
    }
  })
})

describe.skipIf(skipped)('tshark', () => {
  it.each(wellFormed)('dissects $path without complaint', ({ path }) => {
    const { packets, messages } = labelOf(path)
    const rows = dissect(path, [
      'dns.id',
      'ip.checksum.status',
      'udp.checksum.status',
      'tcp.checksum.status',
      '_ws.malformed',
      '_ws.expert.severity',
    ])
    expect(rows.length).toBe(packets)
    expect(rows.flatMap(([ids]) => ids.split(',')).filter((id) => id !== '').length).toBe(messages)
    const errorSeverity = 0x800000
    const complaints = rows.filter(([, ip, udp, tcp, note, severity]) => {
      const severities = severity.split(',').map(Number)
      return [ip, udp, tcp].includes('0') || note !== '' || Math.max(...severities) >= errorSeverity
    })
    expect(complaints).toEqual([])
  })

  it.each(wellFormed)('finds only made-up hosts and names in $path', ({ path }) => {
    const rows = dissect(path, ['ip.addr', 'ipv6.addr', 'dns.a', 'dns.aaaa', 'dns.qry.name'])
    const addresses = new Set(rows.flatMap((row) => row.slice(0, 4).join(',').split(',')))
    const names = new Set(rows.flatMap((row) => row[4].toLowerCase().split(',')))
    expect([...addresses].filter((address) => !madeUpAddress.test(address))).toEqual([])
    expect([...names].filter((name) => !madeUpName.test(name))).toEqual([])
  })

  it.each(inDatagrams)('reads the same messages at the same times from $path', ({ path }) => {
    const { same_as: reference, time_digits: digits } = labelOf(path) as unknown as FormatLabel
    const fields = ['frame.time_epoch', 'udp.payload', 'udp.srcport', 'udp.dstport']
    const readable = (from: string) =>
      dissect(from, fields).map(([time, ...rest]) => [time.slice(0, 11 + digits), ...rest])
    expect(readable(path)).toEqual(readable(reference))
  })

  it.each(twins)('reads the same questions and answers from $path', ({ path }) => {
    const { same_as: reference } = labelOf(path) as unknown as FormatLabel
    const fields = ['dns.id', 'dns.qry.name', 'dns.resp.name', 'dns.resp.ttl', 'dns.txt', 'dns.a']
    // One connection may carry several messages in a segment, and answers in another order.
    const readable = (from: string) => {
      const rows = dissect(from, fields)
      return fields.map((_, i) =>
        rows
          .flatMap((row) => row[i].split(','))
          .toSorted()
          .join(' ')
          .trim(),
      )
    }
    expect(readable(path)).toEqual(readable(reference))
  })
})

interface FormatLabel {
  same_as: string
  time_digits: number
}

/** RFC 5737, RFC 3849, the mDNS and LLMNR groups, and the loopback answers of block lists. */
const madeUpAddress =
  /^$|^192\.0\.2\.|^198\.51\.100\.|^203\.0\.113\.|^2001:db8:|^240\.|^224\.0\.0\.25[12]$|^ff02::1:3$|^127\.0\.0\.[24]$/

/** RFC 2606 and 6761; reverse names of documentation addresses; mDNS; the single labels that LLMNR asks for. */
const madeUpName =
  /^$|(^|\.)example\.(com|net|org)$|\.(example|test|local)$|\.2\.0\.192\.in-addr\.arpa$|\.100\.51\.198\.in-addr\.arpa$|\.8\.b\.d\.0\.1\.0\.0\.2\.ip6\.arpa$|^(wpad|printer-2|fileserver)$/

function dissect(path: string, fields: string[]): string[][] {
  const checks = ['ip', 'udp', 'tcp'].flatMap((layer) => ['-o', `${layer}.check_checksum:TRUE`])
  const wanted = fields.flatMap((field) => ['-e', field])
  const args = [
    '-r',
    join(folder, path),
    ...checks,
    '-o',
    'tcp.reassemble_out_of_order:TRUE',
    '-T',
    'fields',
    ...wanted,
  ]
  const run = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  expect(run.status, run.stderr).toBe(0)
  return run.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'))
}

/** Those whose messages do not come in a UDP packet of their own right below the link layer. */
function isTwin(path: string): boolean {
  return /\/(tcp|fragments|vxlan|geneve|gre|erspan|gtp|6in4)/.test(path)
}

function labelOf(capture: string): Label {
  const label = capture.replace(/\.pcap(ng)?(\.gz)?$/, '.json')
  return JSON.parse(readFileSync(join(folder, label), 'utf8')) as Label
}

function content(path: SampleFile['path'], bytes: Uint8Array): Buffer {
  return path.endsWith('.gz') ? gunzipSync(bytes) : Buffer.from(bytes)
}

/** Records of a classic pcap of either byte order, and that the last ends where the file does. */
function countRecords(capture: Buffer): number {
  const isLittle = capture[3] === 0xa1
  let at = 24
  let count = 0
  for (; at < capture.length; count++) {
    at += 16 + (isLittle ? capture.readUInt32LE(at + 8) : capture.readUInt32BE(at + 8))
  }
  expect(at).toBe(capture.length)
  return count
}
