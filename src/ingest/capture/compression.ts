// Decompression: recognised by magic, never by file name; gzip in the process, the rest through the system's own tools.

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Duplex, Readable, Writable } from 'node:stream'
import * as zlib from 'node:zlib'
import { SourceError } from '../../errors.ts'
import { streamSource } from './bytes.ts'
import type { ByteSource } from './bytes.ts'

/** How a capture is packed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'lz4' | 'bzip2'

/** Why a compressed stream gave less than it promised. */
export interface Damage {
  /** True when the stream just stops, false when its bytes are wrong. */
  isCut: boolean
  /** The decompressor's own words. */
  reason: string
}

/** Uncompressed bytes; after the end `damage` says whether the stream was whole. */
export interface Decompressed extends ByteSource {
  damage(): Damage | null
}

/** Bytes that `sniffCompression` needs. */
export const compressionMagicBytes = 10

/** The compression that these first bytes announce. */
export function sniffCompression(start: Uint8Array): Compression {
  const magic = Buffer.from(start.subarray(0, compressionMagicBytes)).toString('hex')
  if (magic.startsWith('1f8b08')) return 'gzip'
  if (magic.startsWith('28b52ffd')) return 'zstd'
  if (magic.startsWith('fd377a585a00')) return 'xz'
  if (magic.startsWith('04224d18') || magic.startsWith('02214c18')) return 'lz4'
  if (/^425a683[1-9]314159265359/.test(magic)) return 'bzip2'
  // A skippable frame opens seekable zstd files (and, rarely, lz4 ones); zstd's tool reads both.
  if (/^5[0-9a-f]2a4d18/.test(magic)) return 'zstd'
  return 'none'
}

/** Unpacks a source; throws SourceError 'no-tool' when this machine cannot. Takes the source over. */
export async function decompressed(
  compression: Exclude<Compression, 'none'>,
  packed: ByteSource,
  path: string,
): Promise<Decompressed> {
  // Wrong bytes lose the output chunk they fall in, so that one stays small.
  if (compression === 'gzip') return inflated(zlib.createGunzip({ chunkSize: 65_536 }), packed)
  const tool = tools[compression]
  const child = await startTool(tool.command, tool.arguments)
  if (child !== null) return throughTool(child, packed)
  const ownZstd = (zlib as { createZstdDecompress?: () => Duplex }).createZstdDecompress
  if (compression === 'zstd' && ownZstd !== undefined) return inflated(ownZstd(), packed)
  throw new SourceError(
    'no-tool',
    `${path}: compressed with ${compression}, which needs the program '${tool.command}': ` +
      `install it (Debian, Ubuntu: apt install ${tool.package}) or unpack the file first`,
  )
}

const tools = {
  zstd: { command: 'zstd', arguments: ['-dcq'], package: 'zstd' },
  xz: { command: 'xz', arguments: ['-dc'], package: 'xz-utils' },
  lz4: { command: 'lz4', arguments: ['-dcq', '-'], package: 'lz4' },
  bzip2: { command: 'bzip2', arguments: ['-dc'], package: 'bzip2' },
} as const

function inflated(stream: Duplex, packed: ByteSource): Decompressed {
  const feeding = feed(packed, stream)
  const output = streamSource(stream)
  let damage: Damage | null = null
  return {
    async read(into, at) {
      try {
        const sizeBytes = await output.read(into, at)
        if (sizeBytes > 0) return sizeBytes
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === undefined || !/^Z_|^ERR_ZSTD|^ZSTD_/.test(code)) throw error
        damage = { isCut: message.includes('unexpected end'), reason: message }
      }
      await feeding
      return 0
    },
    damage: () => damage,
    async close() {
      await output.close()
      await packed.close()
    },
  }
}

type Tool = ChildProcessByStdio<Writable, Readable, Readable>

/** Null when the program is not installed. */
async function startTool(command: string, commandArguments: readonly string[]) {
  const child: Tool = spawn(command, commandArguments, { stdio: ['pipe', 'pipe', 'pipe'] })
  const started = new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true))
    child.once('error', () => resolve(false))
  })
  return (await started) ? child : null
}

function throughTool(child: Tool, packed: ByteSource): Decompressed {
  const feeding = feed(packed, child.stdin)
  const output = streamSource(child.stdout)
  let talk = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (talk.length < longestTalk) talk += text.slice(0, longestTalk)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let damage: Damage | null = null
  return {
    async read(into, at) {
      const sizeBytes = await output.read(into, at)
      if (sizeBytes > 0) return sizeBytes
      const failure = await feeding
      if (failure !== null) throw failure
      const status = await ended
      if (status !== 0) damage = explain(talk, status)
      return 0
    },
    damage: () => damage,
    async close() {
      child.kill()
      await output.close()
      await packed.close()
      await ended
    },
  }
}

// Enough for any tool's complaint, and a bound for one that complains per block.
const longestTalk = 2000

function explain(talk: string, status: number | null): Damage {
  const reason = talk.trim().split('\n').at(-1) || `the tool ended with status ${status}`
  // zstd: 'Read error (39) : premature end'; xz: 'Unexpected end of input'; bzip2: 'file ends unexpectedly'; lz4: 'Unfinished stream'.
  const isCut = /premature|unexpected(ly)? end|ends unexpectedly|unfinished/i.test(talk)
  return { isCut, reason }
}

const feedBytes = 262_144

/** Writes everything to `sink`; when that gives up, reads on to the end so that the packed bytes are tallied. */
async function feed(packed: ByteSource, sink: Writable): Promise<Error | null> {
  let wake = () => {}
  let isOpen = true
  for (const event of ['error', 'close', 'end'])
    sink.on(event, () => {
      isOpen = false
      wake()
    })
  try {
    // Two chunks in turn: a write is over (its callback came) before its chunk is filled again.
    let chunk = new Uint8Array(feedBytes)
    let spare = new Uint8Array(feedBytes)
    let writing = Promise.resolve()
    for (;;) {
      const sizeBytes = await packed.read(chunk, 0)
      // Also before the end: zlib throws away the output of a last chunk that is queued together with it.
      await writing
      if (sizeBytes === 0) break
      if (!isOpen) continue
      const part = chunk.subarray(0, sizeBytes)
      writing = new Promise((resolve) => {
        wake = resolve
        sink.write(part, () => resolve())
      })
      ;[chunk, spare] = [spare, chunk]
    }
    sink.end()
    return null
  } catch (error) {
    sink.destroy(error as Error)
    return error as Error
  }
}
