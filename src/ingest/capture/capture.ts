// A capture as a stream of packet batches: opened by path, recognised by its bytes, reported to the last one.

import { SourceError } from '../../errors.ts'
import { drain, peek } from './bytes.ts'
import type { ByteSource } from './bytes.ts'
import { openBytes, openContent, unreadable } from './content.ts'
import type { Content } from './content.ts'
import type { PacketBatch } from './packets.ts'
import { CaptureReader } from './reader.ts'
import type { ReadOptions } from './reader.ts'
import { describe, describedBytes, readableFormats, sniffFormat } from './recognise.ts'
import type { CaptureFormat, CaptureReport } from './report.ts'

/** An open capture; reading its batches to the end closes it. */
export interface Capture {
  /** The first bytes of the uncompressed content, up to 1 MiB, for a fingerprint; of a pipe only what came first. */
  readonly head: Uint8Array
  /** Packets in file order; stops without an error where the file is cut or damaged: see `report.problems`. */
  batches(): AsyncGenerator<PacketBatch>
  /** Complete once `batches` has ended. */
  readonly report: CaptureReport
  close(): Promise<void>
}

/** Bytes of `head` at most. */
export const headBytes = 1_048_576

/** Opens a file, or stdin for '-'; throws SourceError when nothing of it can be read as a capture. */
export async function openCapture(path: string, options: ReadOptions = {}): Promise<Capture> {
  return openSource(await openBytes(path), path, { isLive: path === '-', ...options })
}

/** The same for bytes from anywhere; `path` is what reports call them. Takes the source over. */
export async function openSource(
  bytes: ByteSource,
  path: string,
  options: ReadOptions = {},
): Promise<Capture> {
  const content = await openContent(bytes, path)
  const reader = new CaptureReader(path, content, options)
  await reader.fill()
  if (reader.report.format === 'none') {
    await content.source.close()
    throw notACapture(path, reader, content)
  }
  return {
    head: reader.waiting.slice(0, headBytes),
    batches: () => reader.batches(),
    report: reader.report,
    close: () => reader.close(),
  }
}

/** SHA-256 (lower-case hex) of a file's uncompressed content, equal to `report.contentSha256`, without walking it. */
export async function contentHash(path: string): Promise<string> {
  const content = await openContent(await openBytes(path), path)
  try {
    await drain(content.source, new Uint8Array(headBytes))
    return content.plain.sha256()
  } catch (error) {
    throw unreadable(path, error as Error)
  } finally {
    await content.source.close()
  }
}

/** The capture format of a file; 'none' when it is another kind of file. Throws SourceError when it cannot be read. */
export async function formatOf(path: string): Promise<CaptureFormat> {
  const content = await openContent(await openBytes(path), path)
  try {
    const { start } = await peek(content.source, 4)
    return sniffFormat(start)
  } catch (error) {
    throw unreadable(path, error as Error)
  } finally {
    await content.source.close()
  }
}

function notACapture(path: string, reader: CaptureReader, content: Content): SourceError {
  const { compression } = content
  const [problem] = reader.report.problems
  if (problem !== undefined) return new SourceError(problem.code, problem.message)
  const damage = content.damage()
  const start = reader.waiting
  if (damage !== null && start.length < 4)
    return new SourceError(
      damage.isCut ? 'cut-compressed' : 'damaged-compressed',
      `${path}: the ${compression} stream is ${damage.isCut ? 'cut' : 'damaged'} before its first packet ` +
        `(${damage.reason}): get the file again`,
    )
  if (start.length === 0)
    return new SourceError('empty', `${path}: holds nothing: a ${compression} file of 0 bytes`)
  const what = describe(start.subarray(0, describedBytes))
  const packed = compression === 'none' ? '' : `a ${compression} file, and what is packed in it is `
  return new SourceError(
    'not-a-capture',
    `${path}: not a capture: ${packed}${what} (${readableFormats})`,
  )
}
