// Standard output at the pace of whoever reads it, and sentences on standard error.

import { once } from 'node:events'
import { printablePath } from '../inspect/report/printable.ts'

/** Writes a chunk and waits while the reader is slower; rejects when standard output fails (a closed pipe among that). */
export async function writeOut(chunk: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
}

/** One sentence for the user on standard error. Paths and captures may hold anything: nothing in it can move the cursor. */
export function say(sentence: string): void {
  process.stderr.write(`overhear: ${printablePath(sentence)}\n`)
}
