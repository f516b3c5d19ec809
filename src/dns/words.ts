// Runs of bytes by four at a time: compared, copied and hashed in place, without a copy and without a string.

/** A view of `bytes` for the functions below; that of the last array asked for is kept, so a batch of packets makes one. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  return view
}

let viewed: Uint8Array = new Uint8Array(0)
let view = new DataView(viewed.buffer)

/** True when `sizeBytes` bytes are the same in both places. */
export function isSameRun(
  one: DataView,
  at: number,
  other: DataView,
  from: number,
  sizeBytes: number,
): boolean {
  let i = 0
  for (; i + 4 <= sizeBytes; i += 4) {
    if (one.getInt32(at + i, true) !== other.getInt32(from + i, true)) return false
  }
  if (i === sizeBytes) return true
  // The last four once more, some of them seen before: one step instead of three.
  if (sizeBytes > 4) {
    i = sizeBytes - 4
    return one.getInt32(at + i, true) === other.getInt32(from + i, true)
  }
  for (; i < sizeBytes; i++) if (one.getUint8(at + i) !== other.getUint8(from + i)) return false
  return true
}

/** Copies `sizeBytes` bytes between places that do not overlap. */
export function copyRun(
  to: DataView,
  at: number,
  from: DataView,
  start: number,
  sizeBytes: number,
): void {
  if (sizeBytes > 256) {
    bytesOf(to, at, sizeBytes).set(bytesOf(from, start, sizeBytes))
    return
  }
  let i = 0
  for (; i + 4 <= sizeBytes; i += 4) {
    to.setInt32(at + i, from.getInt32(start + i, true), true)
  }
  if (i === sizeBytes) return
  if (sizeBytes > 4) {
    i = sizeBytes - 4
    to.setInt32(at + i, from.getInt32(start + i, true), true)
    return
  }
  for (; i < sizeBytes; i++) to.setUint8(at + i, from.getUint8(start + i))
}

function bytesOf(bytes: DataView, at: number, sizeBytes: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, sizeBytes)
}

/** Goes on with a 32-bit hash over `sizeBytes` bytes; what it returns wants spreading before its lower bits are used. */
export function hashRun(bytes: DataView, at: number, sizeBytes: number, hash: number): number {
  let i = 0
  for (; i + 4 <= sizeBytes; i += 4) hash = hashWord(hash, bytes.getInt32(at + i, true))
  if (i === sizeBytes) return hash
  if (sizeBytes > 4) return hashWord(hash, bytes.getInt32(at + sizeBytes - 4, true))
  for (; i < sizeBytes; i++) hash = hashWord(hash, bytes.getUint8(at + i))
  return hash
}

/**
 * Goes on with a hash over one word (two of the three steps of MurmurHash3's finalizer). One multiplication would not do: a change in the
 * upper bits of a word then moves few others, and whoever chooses the next word takes it back, for one seed in two.
 */
export function hashWord(hash: number, word: number): number {
  hash ^= word
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
}

/** Spreads every bit of a hash over the word, the third step with the other two. */
export function spread(hash: number): number {
  hash = hashWord(hash, 0)
  return hash ^ (hash >>> 16)
}
