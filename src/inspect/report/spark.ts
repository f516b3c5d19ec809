// A row of numbers as a row of bars, eight heights, for a terminal.

/** One character per value, relative to the largest; nothing at all is a dot, so that little and nothing look different. */
export function spark(values: readonly number[]): string {
  const largest = Math.max(0, ...values)
  return values.map((value) => bar(value, largest)).join('')
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

function bar(value: number, largest: number): string {
  if (!(value > 0)) return '·'
  return bars[Math.ceil((value / largest) * bars.length) - 1]
}
