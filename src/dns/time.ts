// Packet time as text.

/** Seconds and nanoseconds since 1970 as ISO 8601, UTC, with nanoseconds. */
export function isoNanoseconds(seconds: number, nanoseconds: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  return `${whole}.${String(nanoseconds).padStart(9, '0')}Z`
}
