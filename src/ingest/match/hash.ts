// Hashes of the match key, seeded so that nobody can choose names that share a chain.

import { createHash, randomBytes } from 'node:crypto'
import { hashRun, hashWord, spread } from '../../dns/words.ts'

/** Three words that every hash begins with. */
export type Seeds = Int32Array

/**
 * Seeds out of a capture's identity, so that taking it in again gives the same rows to the last bit (a repeat that a full cache forgets is
 * forgotten again); random ones without. Who sends the traffic knows neither.
 */
export function seedsFor(identity?: string): Seeds {
  const bytes =
    identity === undefined ? randomBytes(32) : createHash('sha256').update(identity).digest()
  return new Int32Array(Uint8Array.from(bytes).buffer)
}

/** Hash of a folded name and its type. */
export function hashQuestion(
  name: DataView,
  sizeBytes: number,
  qtype: number,
  seeds: Seeds,
): number {
  return spread(hashRun(name, 0, sizeBytes, seeds[0] ^ qtype) ^ sizeBytes)
}

/** Hash of one address: words at..at+3 of `words`; to be mixed with something. */
export function hashAddress(words: Uint32Array, at: number, seeds: Seeds): number {
  let hash = hashWord(seeds[1], words[at])
  hash = hashWord(hash, words[at + 1])
  hash = hashWord(hash, words[at + 2])
  return hashWord(hash, words[at + 3])
}

/** Joins a hash with one more number; 32 bits with a sign, which fit a field of an object as they are. */
export function mixHash(hash: number, value: number, seeds: Seeds): number {
  return spread(Math.imul(hash ^ seeds[2], 0x85ebca77) ^ value)
}
