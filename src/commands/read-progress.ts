// What is told on standard error while captures are read: how far it is, and what was wrong, never on one line.

import { progressOn } from '../inspect/report/progress.ts'
import { say } from './output.ts'

/** Takes what an ingest tells while it runs; `clear` wipes the line before anything else is written and at the end. */
export interface ReadProgress {
  onCapture(path: string, totalBytes: number): void
  onProgress(packets: number, bytes: number): void
  onProblem(sentence: string): void
  clear(): void
}

/** Draws on standard error where that is a terminal. */
export function readProgress(): ReadProgress {
  const progress = progressOn()
  const state = { path: '', bytes: 0, totalBytes: 0, packets: 0 }
  return {
    onCapture(path, totalBytes) {
      Object.assign(state, { path, totalBytes })
    },
    onProgress(packets, bytes) {
      progress.update(Object.assign(state, { packets, bytes }))
    },
    onProblem(sentence) {
      progress.clear()
      say(sentence)
    },
    clear() {
      progress.clear()
    },
  }
}
