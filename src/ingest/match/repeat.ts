// Remembers what a client was told and until when, so that asking again inside the TTL can be seen: a real resolver does not.

import { type Records, Section } from '../decode/records.ts'

/** Entries of the cache; older ones are overwritten, which can only miss a repeat, never invent one. */
const entries = 1 << 16

/** Keyed by client, server, name and type (a 32-bit hash, so one repeat in four thousand million may be a stranger's). */
export class RepeatCache {
  /** The upper bits of each hash: most questions are no repeat, and these 64 kB stay in the processor's own cache when the rest does not. */
  private readonly tags = new Uint8Array(entries)
  /** Hash and end of each entry, side by side: one read from memory for both. */
  private readonly words = new Uint32Array(2 * entries)

  /** True when `hash` was answered before and the answer is still valid at `seconds`. */
  isRepeat(hash: number, seconds: number): boolean {
    const slot = hash & (entries - 1)
    if (this.tags[slot] !== hash >>> 24) return false
    return this.words[2 * slot] === hash >>> 0 && this.words[2 * slot + 1] > seconds
  }

  /** Notes an answer given at `seconds`: valid for the smallest TTL of its answer section from record `from` on. */
  remember(hash: number, seconds: number, records: Records, from: number): void {
    let ttl = -1
    for (let row = from; row < records.count; row++) {
      if (records.section[row] !== Section.answer) continue
      const own = records.ttl[row]
      if (ttl < 0 || own < ttl) ttl = own
    }
    if (ttl > 0) this.note(hash, seconds + Math.min(ttl, 604_800))
  }

  /** Notes that `hash` is known until `untilSeconds`. */
  note(hash: number, untilSeconds: number): void {
    const slot = hash & (entries - 1)
    this.tags[slot] = hash >>> 24
    this.words[2 * slot] = hash
    this.words[2 * slot + 1] = untilSeconds
  }
}
