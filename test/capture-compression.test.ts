// Packed captures: gzip in the process, the others through their tools; whole, cut and damaged.

import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSource } from '../src/ingest/capture/capture.ts'
import {
  bytes,
  concat,
  memory,
  packetsOf,
  pcapLittle,
  read,
  refusal,
  sha256,
} from './capture-bytes.ts'

describe('compression', () => {
  const packed = manyPackets(20_000)

  test('gzip of several members (also BGZF) is one capture', async () => {
    const members: Uint8Array[] = []
    for (let at = 0; at < packed.length; at += 65_280)
      members.push(gzipSync(packed.subarray(at, at + 65_280)))
    const { report } = await read(concat(...members))
    expect(report).toMatchObject({ packets: 20_000, compression: 'gzip', problems: [] })
    expect(report.contentSha256).toBe(sha256(packed))
    expect(report.fileSha256).toBe(sha256(concat(...members)))
    const pieces = await read(concat(...members).subarray(0, 5000), [1, 2, 3])
    expect(pieces.report.problems).toMatchObject([{ code: 'cut-compressed', offset: 5000 }])
  })

  test('gzip cut anywhere gives everything that could be unpacked and says where it ends', async () => {
    const whole = gzipSync(packed)
    for (const end of [30, 1000, 20_000, whole.length - 9, whole.length - 1]) {
      const content = whole.subarray(0, end)
      const unpacked = execGunzip(content)
      const opening = openSource(memory(content), 'cut.pcap.gz')
      if (unpacked.length < 4) {
        expect(await refusal(opening)).toMatchObject({ code: 'cut-compressed' })
        continue
      }
      const capture = await opening
      await packetsOf(capture)
      const { contentBytes, packets, problems, contentSha256 } = capture.report
      expect(contentBytes).toBe(unpacked.length)
      expect(contentSha256).toBe(sha256(unpacked))
      expect(problems).toEqual([
        {
          code: 'cut-compressed',
          offset: end,
          message:
            `cut.pcap.gz: the gzip stream ends unfinished at byte ${end}; ${contentBytes} bytes could be unpacked ` +
            `and ${packets} packets were read. Get the file again if the rest matters`,
        },
      ])
    }
  })

  test('gzip with wrong bytes in the middle keeps the packets before them', async () => {
    const content = new Uint8Array(gzipSync(packed))
    content.fill(0xff, content.length >> 1, (content.length >> 1) + 64)
    const { packets, report } = await read(content)
    expect(packets.length).toBeGreaterThan(5000)
    // What the wrong bytes unpack to may itself end the walk.
    expect(report.problems[0]).toMatchObject({ code: 'damaged-compressed' })
    expect(report.fileBytes).toBe(content.length)
    expect(report.fileSha256).toBe(sha256(content))
  })

  // Small blocks, so that a cut stream has whole ones before its end.
  const tools = [
    ['zstd', 'zstd', ['-q', '-c']],
    ['xz', 'xz', ['-c', '-1']],
    ['lz4', 'lz4', ['-q', '-c', '-B4', '-']],
    ['bzip2', 'bzip2', ['-c', '-1']],
  ] as const
  test.each(tools)('%s goes through its tool, whole and cut', async (compression, tool, args) => {
    const isThere = hasTool(tool)
    if (process.env['CI']) expect(isThere).toBe(true)
    if (!isThere) return console.warn(`${tool} is not installed: not tested`)
    const content = execFileSync(tool, args, { input: packed, maxBuffer: 1e8 })
    const whole = await read(content)
    expect(whole.report).toMatchObject({ compression, packets: 20_000, problems: [] })
    expect(whole.report.contentSha256).toBe(sha256(packed))
    expect(whole.report.fileSha256).toBe(sha256(content))
    const cut = await read(content.subarray(0, content.length - 3000))
    expect(cut.report.problems).toMatchObject([{ code: 'cut-compressed' }])
    expect(cut.report.packets).toBeGreaterThan(1000)
    expect(cut.packets).toEqual(whole.packets.slice(0, cut.packets.length))
  })

  test('a missing tool is one sentence that says what to install', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = tmpdir()
    try {
      const content = bytes('fd377a585a00 0004')
      const { code, message } = await refusal(openSource(memory(content), 'x.pcap.xz'))
      expect(code).toBe('no-tool')
      expect(message).toBe(
        "x.pcap.xz: compressed with xz, which needs the program 'xz': install it (Debian, Ubuntu: apt install xz-utils) " +
          'or unpack the file first',
      )
    } finally {
      process.env['PATH'] = path
    }
  })
})

function manyPackets(count: number): Uint8Array {
  const content = Buffer.alloc(24 + count * 116)
  content.set(pcapLittle.subarray(0, 24))
  let seed = 1
  for (let index = 0; index < count; index++) {
    const at = 24 + index * 116
    content.writeUInt32LE(1_700_000_000 + index, at)
    content.writeUInt32LE(100, at + 8)
    content.writeUInt32LE(100, at + 12)
    for (let byte = 0; byte < 100; byte++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      content[at + 16 + byte] = seed >>> (24 + (byte % 8))
    }
  }
  return content
}

function execGunzip(content: Uint8Array): Uint8Array {
  // Z_SYNC_FLUSH: what can be unpacked of a cut stream.
  return gunzipSync(content, { finishFlush: 2 })
}

function hasTool(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
