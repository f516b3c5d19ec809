// Numbers of four bytes in network order.

/** The four bytes at `at`, unsigned; the caller has looked that they are there. */
export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}
