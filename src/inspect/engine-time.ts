// Times as the engine prints and reads them (`2026-01-01 00:00:00.123456789`, UTC), and as everybody else does.

/** An engine time as ISO UTC; all nine digits stay. */
export function isoTime(time: string): string {
  return `${time.replace(' ', 'T')}Z`
}

/** An ISO time in UTC as the engine reads it. */
export function engineTime(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '')
}

/** Milliseconds since 1970 as the engine reads them. */
export function engineTimeOf(ms: number): string {
  return engineTime(new Date(ms).toISOString())
}

/** Milliseconds since 1970 of an engine time. */
export function millisecondsOf(time: string): number {
  return Date.parse(isoTime(time.slice(0, 23)))
}
