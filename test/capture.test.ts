// Reading captures: real files, cut and damaged ones, what is no capture at all, and the paths of a command.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ByteSource } from '../src/ingest/capture/bytes.ts'
import { contentHash, openCapture, openSource } from '../src/ingest/capture/capture.ts'
import { expandPaths } from '../src/ingest/capture/folder.ts'
import { linkName } from '../src/ingest/capture/links.ts'
import {
  bytes,
  concat,
  firstPacketAt,
  memory,
  packetsOf,
  pcapLittle,
  pcapng,
  read,
  refusal,
  sha256,
} from './capture-bytes.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overhear-capture-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const corpus = new URL('../../shared/captures/', import.meta.url).pathname
const hasCorpus = existsSync(join(corpus, 'MANIFEST.md'))
if (!hasCorpus) console.warn('real captures are absent: ../shared/captures is not there')

test('in CI the real captures are there', () => {
  if (process.env['CI']) expect(hasCorpus).toBe(true)
})

describe.skipIf(!hasCorpus)('real captures', () => {
  const listed = hasCorpus ? packetsListed() : new Map<string, number>()
  // Damaged on purpose; their counts agree with tshark all the same, as it also stops where they do.
  const damaged = new Map([
    ['derived-cut-midpacket.pcap', 'cut'],
    ['derived-cut.pcap.gz', 'cut-compressed'],
    ['pcapplusplus-fuzz-5188876846235648.pcap', 'record-length'],
    ['pcapplusplus-fuzz-crash-81dba.pcap', 'cut'],
    ['tcpdump-time-2107.pcapng', 'time-range'],
  ])

  test('there are many of them', () => expect(listed.size).toBeGreaterThan(180))

  test.each([...listed])('%s has %i packets', async (name, count) => {
    const path = join(corpus, name)
    const capture = await openCapture(path)
    const head = capture.head.slice()
    let packets = 0
    for await (const batch of capture.batches()) packets += batch.count
    const { report } = capture
    expect(packets).toBe(count)
    expect(report.packets).toBe(count)
    expect(report.problems.map(({ code }) => code)).toEqual(
      damaged.has(name) ? [damaged.get(name)] : [],
    )
    expect(report.fileSha256).toBe(sha256(readFileSync(path)))
    expect(head.length).toBe(Math.min(report.contentBytes, 1_048_576))
    expect(await contentHash(path)).toBe(report.contentSha256)
  })

  test('the packed forms of one capture have one content hash', async () => {
    const plain = sha256(readFileSync(join(corpus, 'dnscap-dns.pcap')))
    for (const suffix of ['', '.gz', '.xz', '.lz4', '.zst'])
      expect(await contentHash(join(corpus, `dnscap-dns.pcap${suffix}`))).toBe(plain)
  })

  const small = [
    'cyberprobe-dns2.pcap',
    'dnsheur-version-bind.pcap',
    'zeek-pcapng-multi-interface.pcapng',
    'derived-multisection.pcapng',
    'csanders-arppoison.pcapng',
  ]
  test.each(small)('%s reads the same through reads of 1 to 7 bytes', async (name) => {
    const content = readFileSync(join(corpus, name)).subarray(0, 60_000)
    const whole = await read(content)
    const pieces = await read(content, [3, 1, 7, 2, 5, 4, 6])
    expect(pieces.packets).toEqual(whole.packets)
    expect(pieces.report).toEqual(whole.report)
    expect(whole.packets.length).toBeGreaterThan(0)
  })

  test.each(small)(
    '%s cut at any byte of its last records gives the packets before',
    async (name) => {
      const content = readFileSync(join(corpus, name))
      const { packets } = await read(content)
      const ends = packets.map(({ offset, captured }) => offset + captured)
      const from = packets.at(-3)!.offset
      for (let end = from; end < content.length; end++) {
        const cut = await read(content.subarray(0, end))
        const count = cut.packets.length
        expect(cut.packets).toEqual(packets.slice(0, count))
        if (name.endsWith('.pcap')) expect(count).toBe(ends.filter((at) => at <= end).length)
        else expect(count).toBeGreaterThanOrEqual(packets.length - 3)
        for (const { code, offset } of cut.report.problems) {
          expect(code).toBe('cut')
          expect(offset).toBeLessThan(end)
        }
        // Complete is only what ends where a record ends.
        if (name.endsWith('.pcap'))
          expect(cut.report.problems.length).toBe(ends.includes(end) ? 0 : 1)
      }
    },
  )

  function packetsListed(): Map<string, number> {
    const names = readdirSync(corpus)
    const counts = new Map<string, number>()
    for (const line of readFileSync(join(corpus, 'MANIFEST.md'), 'utf8').split('\n')) {
      const [, name, , packets] = line.split('|').map((cell) => cell.trim())
      if (!names.includes(`${name}.truth.jsonl.gz`) || !/^\d+$/.test(packets ?? '')) continue
      counts.set(name, Number(packets))
    }
    return counts
  }
})

describe('a damaged capture never stops the program', () => {
  test('the sentence about a cut names the file, the byte and the packets', async () => {
    const { packets, report } = await read(pcapLittle.subarray(0, 60))
    expect(packets).toHaveLength(1)
    expect(report.problems).toEqual([
      {
        code: 'cut',
        offset: 43,
        message:
          'test.pcap: the file ends in the middle of a packet record at byte 43; the 1 packet before it can be used. It was cut, or is still being written: then --follow reads on',
      },
    ])
  })

  test('every prefix of a capture reads as a prefix of its packets', async () => {
    for (const content of [pcapLittle, pcapng]) {
      const { packets } = await read(content)
      for (let end = 4; end < content.length; end++) {
        const cut = await read(content.subarray(0, end))
        expect(cut.packets).toEqual(packets.slice(0, cut.packets.length))
        expect(cut.report.problems.length).toBeLessThanOrEqual(1)
      }
    }
  })

  test('random bytes after a valid beginning never throw, and reading them ends', async () => {
    const beginnings = [
      pcapLittle.subarray(0, 4),
      pcapLittle.subarray(0, 24),
      pcapng.subarray(0, 28),
      pcapng.subarray(0, firstPacketAt),
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 400 }),
        fc.boolean(),
        async (beginning, rest, isWhole) => {
          const content = concat(beginning, rest)
          const { packets, report } = await read(content, isWhole ? undefined : [7, 1, 5])
          expect(report.contentBytes).toBe(content.length)
          for (const { offset, captured } of packets)
            expect(offset + captured).toBeLessThanOrEqual(content.length)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('changed bytes inside a real-looking capture never throw and never read past the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(pcapLittle, pcapng),
        fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (original, changes) => {
          const content = original.slice()
          for (const [at, value] of changes) content[4 + (at % (content.length - 4))] = value
          const { packets } = await read(content)
          for (const { offset, captured } of packets)
            expect(offset + captured).toBeLessThanOrEqual(content.length)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('an error while reading keeps what came before it', async () => {
    const content = memory(pcapLittle, [50])
    const source: ByteSource = {
      async read(into, at) {
        const sizeBytes = await content.read(into, at)
        if (sizeBytes === 0) throw new Error('EIO: i/o error, read')
        return sizeBytes
      },
      close: () => content.close(),
    }
    const capture = await openSource(source, 'disk.pcap')
    expect(await packetsOf(capture)).toHaveLength(2)
    expect(capture.report.problems).toMatchObject([
      { code: 'read-failed', message: 'disk.pcap: reading fails at byte 61: EIO: i/o error, read' },
    ])
  })

  test('a consumer that stops early leaves nothing open', async () => {
    const capture = await openCapture(write('early.pcap', pcapLittle))
    for await (const batch of capture.batches()) {
      expect(batch.count).toBe(2)
      break
    }
    await capture.close()
    expect(capture.report.problems).toEqual([])
  })
})

describe('what is no capture is refused in one sentence', () => {
  const formats = 'pcap and pcapng are read, plain or packed with gzip, zstd, xz, lz4 or bzip2'
  const convert = 'convert it with: editcap -F pcapng IN OUT'
  const others: [string, Uint8Array, string][] = [
    ['a.jpg', bytes('ffd8ffe000104a464946'), 'a JPEG image'],
    ['a.png', bytes('89504e470d0a1a0a0000'), 'a PNG image'],
    ['a.pdf', text('%PDF-1.7\n'), 'a PDF document'],
    ['a.zip', bytes('504b030414000000'), 'a ZIP archive: unpack it and name its captures'],
    ['a.elf', bytes('7f454c4602010100'), 'an ELF program'],
    ['a.json', text('{"ts": 1}\n'), 'JSON text, not packets'],
    ['a.log', text('#separator \\x09\n'), 'a Zeek log: the capture it was made from is needed'],
    ['a.txt', text('hello\n'), 'a text file, not packets'],
    ['a.snoop', text('snoop\0\0\0\0\0\0\u0002'), `a Solaris snoop capture: ${convert}`],
    ['a.erf', bytes('0000000000f15365 02 04 0030 0000 0020'), `an Endace ERF capture: ${convert}`],
    ['a.bin', bytes('00112233445566'), 'in no format that is known here'],
    [
      'a.gz',
      gzipSync('hello\n'),
      'a gzip file, and what is packed in it is a text file, not packets',
    ],
  ]
  test.each(others)('%s', async (name, content, what) => {
    const path = write(name, content)
    const { code, message } = await refusal(openCapture(path))
    expect(code).toBe('not-a-capture')
    expect(message).toBe(`${path}: not a capture: ${what} (${formats})`)
  })

  test('no such file, an empty one, a directory, an empty gzip', async () => {
    const missing = join(folder, 'missing.pcap')
    const inFile = join(write('plain', pcapLittle), 'x.pcap')
    const empty = write('empty.pcap', new Uint8Array(0))
    const packed = write('empty.pcap.gz', gzipSync(''))
    const cases = [
      [missing, 'no-such-file', 'no such file: check the path'],
      [inFile, 'no-such-file', 'no such file: check the path'],
      [empty, 'empty', 'is empty (0 bytes), so there is nothing to read'],
      [folder, 'is-directory', 'is a directory, not a capture: name a file in it'],
      [packed, 'empty', 'holds nothing: a gzip file of 0 bytes'],
    ]
    for (const [path, code, message] of cases)
      expect(await refusal(openCapture(path))).toMatchObject({
        code,
        message: `${path}: ${message}`,
      })
  })

  test.skipIf(process.getuid?.() === 0)('a file that this user may not read', async () => {
    const path = write('secret.pcap', pcapLittle)
    chmodSync(path, 0)
    expect(await refusal(openCapture(path))).toMatchObject({ code: 'no-permission' })
  })
})

describe('the paths of a command', () => {
  test('a directory stands for the captures in and below it, by content, in order of name', async () => {
    const root = join(folder, 'evidence')
    mkdirSync(join(root, 'b'), { recursive: true })
    writeFileSync(join(root, 'z'), pcapLittle)
    writeFileSync(join(root, 'a.dat'), gzipSync(pcapng))
    writeFileSync(join(root, 'b', 'c.pcap'), pcapLittle)
    writeFileSync(join(root, 'fake.pcap'), 'not a capture')
    writeFileSync(join(root, 'rotated.log.gz'), gzipSync('text'))
    writeFileSync(join(root, 'empty.pcap'), '')
    symlinkSync(root, join(root, 'b', 'loop'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    const { paths, skipped } = await expandPaths(['-', root, 'other.pcap'])
    const inside = ['a.dat', 'b/c.pcap', 'z'].map((name) => join(root, name))
    expect(paths).toEqual(['-', ...inside, 'other.pcap'])
    expect(skipped.map(({ path }) => path)).toEqual(
      ['empty.pcap', 'fake.pcap', 'pipe', 'rotated.log.gz'].map((name) => join(root, name)),
    )
  })

  test('a directory without captures is refused in one sentence', async () => {
    const root = join(folder, 'nothing')
    mkdirSync(root)
    writeFileSync(join(root, 'notes.txt'), 'notes')
    const { code, message } = await refusal(expandPaths([root]))
    expect(code).toBe('no-captures')
    expect(message).toBe(
      `${root}: no capture in this directory or below (1 other files were looked at): ` +
        'name the directory that holds the pcap or pcapng files',
    )
  })
})

test('link types have the names of the registry', () => {
  expect(linkName(1)).toBe('LINKTYPE_ETHERNET (1)')
  expect(linkName(189)).toBe('LINKTYPE_USB_LINUX (189)')
  expect(linkName(9999)).toBe('link type 9999')
})

function text(content: string): Uint8Array {
  return Buffer.from(content, 'latin1')
}

function write(name: string, content: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
