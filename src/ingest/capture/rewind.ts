// Standard input that can still be read from its beginning: what has been read is remembered until it is known whether that is needed.

import { open } from 'node:fs/promises'
import type { ByteSource } from './bytes.ts'

/** A source that remembers its bytes until `forget`. */
export interface RecordedSource extends ByteSource {
  /** Stops remembering: from here on nothing is held. */
  forget(): void
  /** Writes everything, what was read and what is still to come, into a new private file. */
  spill(file: string): Promise<void>
}

/** Wraps a source; memory grows with what is read until `forget` or `spill` is called. */
export function recorded(source: ByteSource): RecordedSource {
  let memory: Uint8Array[] | null = []
  return {
    async read(into, at) {
      const sizeBytes = await source.read(into, at)
      memory?.push(into.slice(at, at + sizeBytes))
      return sizeBytes
    },
    close: () => source.close(),
    forget() {
      memory = null
    },
    async spill(file) {
      const handle = await open(file, 'wx', 0o600)
      try {
        for (const bytes of memory ?? []) await handle.writeFile(bytes)
        memory = null
        const buffer = new Uint8Array(1 << 20)
        for (;;) {
          const sizeBytes = await source.read(buffer, 0)
          if (sizeBytes === 0) break
          await handle.writeFile(buffer.subarray(0, sizeBytes))
        }
      } finally {
        await handle.close()
      }
    },
  }
}
