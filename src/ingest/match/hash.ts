// Hashes of the match key, seeded per process so that nobody can choose names that share a chain.

import { randomBytes } from 'node:crypto'

const seeds = new Int32Array(new Uint8Array(randomBytes(16)).buffer)

/** Hash of a folded name and its type. */
export function hashQuestion(name: Uint8Array, sizeBytes: number, qtype: number): number {
  let hash = seeds[0] ^ qtype
  for (let i = 0; i < sizeBytes; i++) hash = Math.imul(hash ^ name[i], 0x01000193)
  return spread(hash ^ sizeBytes)
}

/** Hash of one address: words at..at+3 of `words`. */
export function hashAddress(words: Uint32Array, at: number): number {
  let hash = seeds[1]
  for (let i = at; i < at + 4; i++) hash = Math.imul(hash ^ words[i], 0x9e3779b1) ^ (hash >>> 15)
  return spread(hash)
}

/** Joins a hash with one more number. */
export function mixHash(hash: number, value: number): number {
  return spread(Math.imul(hash ^ seeds[2], 0x85ebca77) ^ value)
}

function spread(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
