// A seeded source of chance (mulberry32), so that every run makes the same bytes.

/** Pseudo-random numbers; the same seed gives the same sequence on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number in [from, to), both given as whole numbers. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from))
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length)]
  }

  /** `count` octets. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 256))
  }

  /** `count` characters of the alphabet. */
  text(count: number, alphabet: string): string {
    return Array.from({ length: count }, () => alphabet[this.integer(0, alphabet.length)]).join('')
  }
}

/** Draws indexes below `count` with weight 1 / (rank + 1): few names are asked often, most hardly ever. */
export function zipf(random: Random, count: number): () => number {
  const cumulative = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) cumulative[rank] = sum += 1 / (rank + 1)
  return () => {
    const target = random.next() * sum
    const rank = cumulative.findIndex((reached) => reached > target)
    return rank < 0 ? count - 1 : rank
  }
}

/** Digits of base 16 in lower case. */
export const hexDigits = '0123456789abcdef'
/** Digits of base 32 (RFC 4648) in lower case, as tunnels write it. */
export const base32Digits = 'abcdefghijklmnopqrstuvwxyz234567'
/** Letters and digits, as content networks name their hosts. */
export const base36Digits = '0123456789abcdefghijklmnopqrstuvwxyz'
