// Tries an insert again while a server is away or busy: its token makes one that arrived after all a no-op.

import { setTimeout as sleep } from 'node:timers/promises'
import { StoreError } from '../errors.ts'

/** Runs `work`, again after growing pauses while what fails may pass, until `patienceMs` are over; throws the last failure. */
export async function withPatience(
  work: () => Promise<void>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const end = Date.now() + patienceMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      await work()
      return
    } catch (thrown) {
      if (!mayPass(thrown) || signal.aborted || Date.now() + pauseMs > end) throw thrown
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}

const firstPauseMs = 250
const longestPauseMs = 10_000

// Whoever is between us and the server answers what is no ClickHouse error: 'store'.
const passing = new Set(
  'connection-lost refused timeout unknown-host shard-down busy store'.split(' '),
)

function mayPass(thrown: unknown): boolean {
  return thrown instanceof StoreError && passing.has(thrown.code)
}
