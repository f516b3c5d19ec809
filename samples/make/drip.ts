// A drip: data that leaves in names at a steady rate, the same bytes at each call, to see how long a detector takes to notice.

import { base32Digits, Random } from './random.ts'

/** How fast, and in what pieces. */
export interface DripOptions {
  bytesPerSecond: number
  /** Data bytes of each name. */
  bytesPerName: number
  /** Seconds it goes on. */
  seconds: number
  /** Another seed, other data. */
  seed?: number
}

/** A name without its domain, the time it is asked (seconds from the beginning), and how many data bytes have left with it. */
export interface Drop {
  at: number
  label: string
  bytesLeft: number
}

/** The names of a drip, in base32 (RFC 4648, lower case, no padding), in labels of 60 characters at most. */
export function drip({ bytesPerSecond, bytesPerName, seconds, seed = 1 }: DripOptions): Drop[] {
  const random = new Random(seed)
  const every = bytesPerName / bytesPerSecond
  const drops: Drop[] = []
  for (let i = 0; i * every <= seconds; i++) {
    const digits = base32(random.bytes(bytesPerName))
    const label = (digits.match(/.{1,60}/g) ?? []).join('.')
    drops.push({ at: i * every, label, bytesLeft: (i + 1) * bytesPerName })
  }
  return drops
}

/** Five bits a digit, most significant first; the last digit is filled up with zeros. */
export function base32(bytes: Uint8Array): string {
  let digits = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) digits += base32Digits[(value >> (bits - 5)) & 31]
  }
  return bits > 0 ? digits + base32Digits[(value << (5 - bits)) & 31] : digits
}
