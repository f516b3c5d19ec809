// How far a long read is: one line on standard error, rewritten in place; silent where standard error is not a terminal.

import { middle, terminalWidth } from './table.ts'
import { printablePath } from './printable.ts'
import { count, duration, size } from './quantity.ts'

/** Where a read stands. `bytes` of `totalBytes` are read (0 or Infinity when the total is unknown, as for standard input). */
export interface ProgressState {
  path: string
  bytes: number
  totalBytes: number
  packets: number
}

/** Draws states on a line; `clear` wipes it before anything else is written and at the end. */
export interface Progress {
  update(state: ProgressState): void
  clear(): void
}

/** At most five times a second: faster cannot be read and costs a slow terminal's time. */
const shortestGapMs = 200

/** Progress on `stream`; both functions do nothing unless it is a terminal. `now` is in milliseconds. */
export function progressOn(
  stream: { isTTY?: boolean; columns?: number; write(text: string): unknown } = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY !== true) return { update() {}, clear() {} }
  let path = ''
  let startMs = 0
  let drawnMs = -Infinity
  let isDrawn = false
  return {
    update(state) {
      const nowMs = now()
      if (state.path !== path) {
        path = state.path
        startMs = nowMs
      }
      if (nowMs - drawnMs < shortestGapMs) return
      drawnMs = nowMs
      isDrawn = true
      const line = progressText(state, (nowMs - startMs) / 1000, terminalWidth(stream) - 1)
      stream.write(`\r${line}\u001b[K`)
    },
    clear() {
      if (isDrawn) stream.write('\r\u001b[K')
      isDrawn = false
    },
  }
}

/** The line itself: path, bytes of total, packets a second and the time left, at most `width` columns. */
export function progressText(state: ProgressState, seconds: number, width: number): string {
  const known = Number.isFinite(state.totalBytes) && state.totalBytes > 0
  const share = known ? Math.min(1, state.bytes / state.totalBytes) : 0
  const parts = [
    known
      ? `${size(state.bytes)} of ${size(state.totalBytes)}, ${Math.floor(share * 100)} %`
      : size(state.bytes),
  ]
  // The first batch is there before the clock runs: a rate of it would be nonsense.
  if (seconds >= 0.5) parts.push(`${count(Math.round(state.packets / seconds))} packets/s`)
  if (share > 0 && share < 1 && seconds >= 1) {
    parts.push(`${duration(Math.ceil((seconds / share) * (1 - share)))} left`)
  }
  const figures = parts.join('  ')
  const room = width - figures.length - 2
  if (room < 8) return figures.slice(0, width)
  return `${middle(printablePath(state.path), room)}  ${figures}`
}
