// Rates of rare events, with what can honestly be said about them: nothing seen is not nothing there.

/** A count over an exposure, and the rate that it stays below with 95 % confidence. */
export interface Rate {
  count: number
  /** Million queries, client-days: what it is counted over. */
  exposure: number
  /** Null without exposure. */
  rate: number | null
  /** One-sided 95 % bound of a Poisson count; 3 / exposure where nothing was seen (the rule of three). */
  below: number | null
}

/** The rate of `count` events over an exposure. */
export function rateOf(count: number, exposure: number): Rate {
  if (exposure <= 0) return { count, exposure, rate: null, below: null }
  return { count, exposure, rate: count / exposure, below: mostExpected(count) / exposure }
}

/** The largest mean with which so few events or fewer still come in one of twenty cases: 3.00 for none, 4.74 for one. */
export function mostExpected(count: number): number {
  let low = count
  let high = count + 10 + 4 * Math.sqrt(count + 1)
  // 60 halvings are more digits than a double has.
  for (let i = 0; i < 60; i++) {
    const mean = (low + high) / 2
    if (atMost(count, mean) > 0.05) low = mean
    else high = mean
  }
  return high
}

/** Probability of `count` events or fewer where `mean` are expected. */
function atMost(count: number, mean: number): number {
  let sum = 0
  let log = -mean
  for (let n = 0; n <= count; n++) {
    sum += Math.exp(log)
    log += Math.log(mean) - Math.log(n + 1)
  }
  return sum
}

/** The middle value; null of nothing. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null
  const order = values.toSorted((a, b) => a - b)
  const half = order.length / 2
  return order.length % 2 === 1 ? order[Math.floor(half)] : (order[half - 1] + order[half]) / 2
}
