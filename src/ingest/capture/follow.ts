// A file that is still being written, read as it grows (as tail -F does): to the end of its writing, or of it under this name.

import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { SourceError } from '../../errors.ts'
import type { ByteSource } from './bytes.ts'
import { type Capture, headBytes, openSource } from './capture.ts'
import { explainOpen } from './content.ts'

/** When following ends. */
export interface FollowOptions {
  /** Ends after so many seconds without growth; without it only `signal` ends. */
  idleSeconds?: number
  signal?: AbortSignal
}

/** A followed file as a capture; with its first bytes so far. */
export interface FollowedCapture extends Capture {
  /** The first bytes read until now, up to `headBytes`. */
  beginning(): Uint8Array
}

/** How often a file that has been read to its end is looked at. */
const pollMs = 200

/**
 * The captures that are written at `path`, one after another: the file itself as it grows, and each that the writer puts in its place or
 * begins anew in it. Read each to its end before the next is asked for. SourceError when the first one is no plain capture.
 */
export async function* followed(
  path: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowedCapture> {
  for (let number = 0; ; number++) {
    const handle = await opened(path, number === 0, options)
    if (handle === null) return
    const file = new GrowingFile(path, handle, options)
    let capture: Capture
    try {
      capture = await openSource(file, path, { isLive: true })
    } catch (error) {
      await file.close()
      // A writer that has put a new file there and was stopped before it wrote a header.
      const isStillEmpty = error instanceof SourceError && file.sizeBytes === 0
      if (number > 0 && isStillEmpty) return
      throw error
    }
    if (capture.report.compression !== 'none') {
      await capture.close()
      throw new SourceError(
        'compressed',
        `${path}: is packed with ${capture.report.compression}, which cannot be followed: follow what its writer writes, or take it in when it is whole`,
      )
    }
    yield { ...capture, report: capture.report, beginning: () => file.beginning() }
    if (!file.isReplaced) return
  }
}

async function opened(
  path: string,
  isFirst: boolean,
  options: FollowOptions,
): Promise<FileHandle | null> {
  const startMs = Date.now()
  for (;;) {
    try {
      return await open(path, 'r')
    } catch (error) {
      const failure = error as NodeJS.ErrnoException
      if (isFirst || failure.code !== 'ENOENT') throw explainOpen(path, failure)
    }
    // Between the renaming of the old file and the making of the new one.
    if (options.signal?.aborted === true || isIdle(startMs, options)) return null
    await pause(options.signal)
  }
}

function isIdle(sinceMs: number, { idleSeconds = Infinity }: FollowOptions): boolean {
  return Date.now() - sinceMs >= idleSeconds * 1000
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}

/** The bytes of a growing file; they end when it is replaced, begun anew, idle for too long, or when it is not followed any more. */
class GrowingFile implements ByteSource {
  sizeBytes = 0
  /** True when they ended because another file stands there now, or the same one from its beginning. */
  isReplaced = false
  private readonly path: string
  private readonly handle: FileHandle
  private readonly options: FollowOptions
  private readonly first = new Uint8Array(headBytes)
  private closing: Promise<void> | null = null

  constructor(path: string, handle: FileHandle, options: FollowOptions) {
    this.path = path
    this.handle = handle
    this.options = options
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    const sinceMs = Date.now()
    for (;;) {
      // Asked before the read: what the old file got until then is read in any case.
      const isReplaced = await this.isElsewhere()
      const { bytesRead } = await this.handle.read(into, at, into.length - at, this.sizeBytes)
      if (bytesRead > 0) {
        const room = this.first.length - this.sizeBytes
        if (room > 0)
          this.first.set(into.subarray(at, at + Math.min(bytesRead, room)), this.sizeBytes)
        this.sizeBytes += bytesRead
        return bytesRead
      }
      this.isReplaced = isReplaced || (await this.handle.stat()).size < this.sizeBytes
      if (this.isReplaced || this.options.signal?.aborted === true) return 0
      if (isIdle(sinceMs, this.options)) return 0
      await pause(this.options.signal)
    }
  }

  close(): Promise<void> {
    this.closing ??= this.handle.close()
    return this.closing
  }

  beginning(): Uint8Array {
    return this.first.subarray(0, Math.min(this.sizeBytes, this.first.length))
  }

  /** True when the name leads to another file now. While it leads nowhere the writer may still have the old one open. */
  private async isElsewhere(): Promise<boolean> {
    const [own, there] = await Promise.all([
      this.handle.stat(),
      stat(this.path).catch(() => undefined),
    ])
    return there !== undefined && (there.ino !== own.ino || there.dev !== own.dev)
  }
}
