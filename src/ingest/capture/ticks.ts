// pcapng time stamps: a 64-bit count of ticks in the resolution that its interface declares (if_tsresol).

/** How one interface counts time. */
export interface Ticks {
  /** Ticks in a second; 0 when only BigInt can count them exactly. */
  perSecond: number
  nanosecondsPerTick: number
  /** if_tsresol as written: 10^-n, or 2^-n with the top bit set. */
  resolution: number
  /** if_tsoffset: seconds to add. */
  offsetSeconds: number
}

/** A time as `readTicks` leaves it; one object, used again for each packet. */
export class TickTime {
  seconds = 0
  nanoseconds = 0
  /** False when the time lies before 1970 or after February 2106, and was moved to that border. */
  isExact = true
}

/** if_tsresol and if_tsoffset; the format's default is microseconds. */
export function ticksOf(resolution: number, offsetSeconds: number): Ticks {
  const power = resolution & 0x7f
  const isDecimal = resolution < 0x80 && power <= 9
  return {
    perSecond: isDecimal ? 10 ** power : 0,
    nanosecondsPerTick: isDecimal ? 10 ** (9 - power) : 0,
    resolution,
    offsetSeconds,
  }
}

const latestSecond = 0xffff_ffff

/** The time that `high` and `low` (unsigned 32-bit halves) mean, exact to the nanosecond. */
export function readTicks(high: number, low: number, ticks: Ticks, time: TickTime): void {
  const { perSecond } = ticks
  if (perSecond === 0) {
    readRareTicks(high, low, ticks.resolution, time)
  } else {
    // Long division by 16-bit digits: with at most 1e9 ticks a second each step stays below 2^46.
    const first = Math.floor(high / perSecond)
    const second = (high - first * perSecond) * 65_536 + (low >>> 16)
    const secondDigit = Math.floor(second / perSecond)
    const third = (second - secondDigit * perSecond) * 65_536 + (low & 0xffff)
    const thirdDigit = Math.floor(third / perSecond)
    time.seconds = first * 4_294_967_296 + secondDigit * 65_536 + thirdDigit
    time.nanoseconds = (third - thirdDigit * perSecond) * ticks.nanosecondsPerTick
  }
  const seconds = time.seconds + ticks.offsetSeconds
  time.isExact = seconds >= 0 && seconds <= latestSecond
  if (time.isExact) {
    time.seconds = seconds
  } else {
    time.seconds = seconds < 0 ? 0 : latestSecond
    time.nanoseconds = seconds < 0 ? 0 : 999_999_999
  }
}

// Powers of two, and resolutions finer than a nanosecond.
function readRareTicks(high: number, low: number, resolution: number, time: TickTime): void {
  const power = BigInt(resolution & 0x7f)
  const perSecond = resolution < 0x80 ? 10n ** power : 1n << power
  const count = (BigInt(high) << 32n) | BigInt(low)
  time.seconds = Number(count / perSecond)
  time.nanoseconds = Number(((count % perSecond) * 1_000_000_000n) / perSecond)
}
