// Writes the synthetic samples beside this file: `npm run samples`. Files whose content is right already are left alone.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { samples } from './make/samples.ts'

let written = 0
const files = samples()
for (const { path, bytes } of files) {
  const target = join(import.meta.dirname, path)
  if (existsSync(target) && content(path, readFileSync(target)).equals(content(path, bytes))) {
    continue
  }
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, bytes)
  written++
}
process.stderr.write(`${files.length} samples, ${written} of them written\n`)

/** What a file says: versions of zlib compress differently, and that alone must not rewrite a committed file. */
function content(path: string, bytes: Uint8Array): Buffer {
  if (!path.endsWith('.gz')) return Buffer.from(bytes)
  try {
    return gunzipSync(bytes)
  } catch {
    return Buffer.from(bytes)
  }
}
