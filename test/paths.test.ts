// The paths of a command: patterns that the shell left alone, and captures in the order in which they were recorded.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pcapFile, pcapngFile } from '../samples/make/capture.ts'
import { expandPaths } from '../src/ingest/capture/folder.ts'
import { headOf } from '../src/ingest/capture/head.ts'
import { inTimeOrder } from '../src/ingest/capture/order.ts'

const root = mkdtempSync(join(tmpdir(), 'paths-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

beforeAll(() => {
  mkdirSync(join(root, 'b/deep/er'), { recursive: true })
  mkdirSync(join(root, '.hidden'))
  const at = (seconds: number, nanoseconds = 0) => [
    { seconds, nanoseconds, bytes: new Uint8Array(60) },
  ]
  write('late.pcap', pcapFile(at(300)))
  write('early.pcap.gz', gzipSync(pcapFile(at(100))))
  write('b/middle.pcap', pcapFile(at(200, 5000), { nanosecond: true }))
  write('b/deep/er/first.pcap', pcapFile(at(50), { bigEndian: true }))
  const packets = at(200, 4000).map((packet) => ({ interface: 0, packet }))
  const interfaces = [{ link: 1, resolution: 9 as const }]
  write('b/section.pcapng', pcapngFile([{ bigEndian: false, interfaces, packets }]))
  write('z-empty.pcap', pcapFile([]))
  write('a-empty.pcap', pcapFile([]))
  write('.hidden/secret.pcap', pcapFile(at(1)))
  write('[odd].pcap', pcapFile(at(400)))
})

describe('captures are read in the order of their first packets', () => {
  it('whatever their names, formats and packing; those without a packet last, by name', async () => {
    const { paths } = await expandPaths([join(root, 'late.pcap'), join(root, 'b'), root])
    const names = (await inTimeOrder([...new Set(paths)])).map(({ path }) => named(path))
    expect(names).toEqual([
      '.hidden/secret.pcap',
      'b/deep/er/first.pcap',
      'early.pcap.gz',
      'b/section.pcapng',
      'b/middle.pcap',
      'late.pcap',
      '[odd].pcap',
      'a-empty.pcap',
      'z-empty.pcap',
    ])
  })

  it('what cannot be read stands behind, and pipes last', async () => {
    const paths = ['-', join(root, 'absent.pcap'), join(root, 'late.pcap')]
    expect((await inTimeOrder(paths)).map(({ path }) => path)).toEqual(paths.toReversed())
  })

  it('by a look at the head alone', async () => {
    expect(await headOf(join(root, 'early.pcap.gz'))).toEqual({
      format: 'pcap',
      first: { seconds: 100, nanoseconds: 0 },
      interfaces: 'link 1',
    })
    expect((await headOf(join(root, 'a-empty.pcap'))).first).toBe(null)
  })
})

describe('a pattern', () => {
  it.each([
    ['*.pcap', ['[odd].pcap', 'a-empty.pcap', 'late.pcap', 'z-empty.pcap']],
    ['?-empty.pcap', ['a-empty.pcap', 'z-empty.pcap']],
    ['[!a]-empty.*', ['z-empty.pcap']],
    ['[az]-empty.pcap', ['a-empty.pcap', 'z-empty.pcap']],
    [
      '**/*.pcap',
      [
        '[odd].pcap',
        'a-empty.pcap',
        'b/deep/er/first.pcap',
        'b/middle.pcap',
        'late.pcap',
        'z-empty.pcap',
      ],
    ],
    ['b/**/first*', ['b/deep/er/first.pcap']],
    // A directory that fits is searched.
    ['b/d*', ['b/deep/er/first.pcap']],
    ['.h*/*', ['.hidden/secret.pcap']],
  ])('%s stands for what fits it', async (pattern, expected) => {
    const { paths } = await expandPaths([join(root, pattern)])
    expect(paths.map(named)).toEqual(expected)
  })

  it('that is the name of a file is that file', async () => {
    expect((await expandPaths([join(root, '[odd].pcap')])).paths.map(named)).toEqual(['[odd].pcap'])
  })

  it('that nothing fits is refused in one sentence', async () => {
    const path = join(root, '*.erf')
    await expect(expandPaths([path])).rejects.toThrow(
      `${path}: no file fits this pattern: check the path`,
    )
  })
})

function write(name: string, content: Uint8Array): void {
  writeFileSync(join(root, name), content)
}

function named(path: string): string {
  return path.slice(root.length + 1)
}
