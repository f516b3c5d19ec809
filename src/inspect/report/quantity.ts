// Numbers, sizes, times and durations as people read them; the same words in reports, hunts and progress.

/** 1234567 as `1,234,567`; fractions keep up to two digits below 100 and none above, small ones two that say something: `0.00092`. */
export function count(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.1) return String(Number(value.toPrecision(2)))
  // Not by Intl: making its formats takes 20 ms of every start.
  if (Math.abs(value) < 99.995) return String(Number(value.toFixed(2)))
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 packet`, `2 packets`, `2 queries`, `2 addresses`. */
export function plural(value: number, one: string): string {
  return `${count(value)} ${value === 1 ? one : many(one)}`
}

/** A size in bytes with a binary unit: `999 B`, `1.4 KiB`, `2.5 GiB`. */
export function size(bytes: number): string {
  let unit = 0
  while (bytes >= 1024 && unit < sizeUnits.length - 1) {
    bytes /= 1024
    unit++
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${sizeUnits[unit]}`
}

/** A duration in seconds by its two largest units: `350 ms`, `42 s`, `3 min 20 s`, `5 h 2 min`, `12 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 9.95 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return pair(whole, 60, 'min', 1, 's')
  if (whole < 86_400) return pair(whole, 3600, 'h', 60, 'min')
  return pair(whole, 86_400, 'd', 3600, 'h')
}

/** A share from 0 to 1 as a percentage; small shares never round to a zero that is not one. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1 %'
  if (share < 1 && share > 0.999) return '>99.9 %'
  return `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)} %`
}

/** A time as ISO 8601 UTC with `digits` of a second; takes ISO, or what the engine prints (`2026-01-01 00:00:00.123456789`, UTC). */
export function time(text: string, digits = 3): string {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?/.exec(text)
  if (found === null) return text
  const fraction = (found[3] ?? '').padEnd(digits, '0').slice(0, digits)
  return `${found[1]}T${found[2]}${fraction === '' ? '' : '.'}${fraction}Z`
}

/** Seconds between two times as `time` takes them. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(time(to)) - Date.parse(time(from))) / 1000
}

/** Both ends, with `digits` of a second, and how long it is: `2026-01-01T09:00:00Z to 2026-01-01T09:03:20Z (3 min 20 s)`. */
export function span(from: string, to: string, digits = 0): string {
  return `${time(from, digits)} to ${time(to, digits)} (${duration(secondsBetween(from, to))})`
}

function many(one: string): string {
  if (/[^aeiou]y$/.test(one)) return `${one.slice(0, -1)}ies`
  return /(?:s|x|ch|sh)$/.test(one) ? `${one}es` : `${one}s`
}

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

function pair(seconds: number, large: number, name: string, small: number, rest: string): string {
  const left = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${name}${left === 0 ? '' : ` ${left} ${rest}`}`
}
