// The stretch of packet time a question is about: ISO times, or so long back from the newest packet. Never the wall clock.

import type { Database } from '../database/database.ts'
import { UsageError } from '../errors.ts'
import { engineTimeOf } from './engine-time.ts'

/** Bounds as the engine reads them (`2026-01-01 00:00:00.5`, UTC), `until` excluded. */
export interface Window {
  since: string
  until: string
}

/** The earliest and the latest time a store can hold. */
export const wholeHistory: Window = { since: '1970-01-01 00:00:00', until: '2262-01-01 00:00:00' }

/** A time in the engine's form, or a length in milliseconds back from the newest packet. */
export type Moment = string | number

/** Bounds from `--since` and `--until`; the newest packet is looked up only when one of them is a length such as `24h`. */
export async function windowOf(
  database: Database,
  { since, until }: { since?: Moment; until?: Moment },
): Promise<Window> {
  const needsNewest = typeof since === 'number' || typeof until === 'number'
  const newestMs = needsNewest ? await newestPacketMs(database) : 0
  const window = {
    since: since === undefined ? wholeHistory.since : boundOf(since, newestMs),
    until: until === undefined ? wholeHistory.until : boundOf(until, newestMs),
  }
  if (window.since >= window.until) {
    throw new UsageError(
      `--since (${window.since} UTC) is not before --until (${window.until} UTC)`,
      'window',
    )
  }
  return window
}

/** An ISO time (UTC unless it says otherwise) in the engine's form, or a length (`90s`, `15m`, `24h`, `7d`, `2w`) in milliseconds. */
export function parseMoment(text: string, flag: string): Moment {
  const length = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/.exec(text)
  if (length !== null) return Number(length[1]) * unitMs[length[2] as keyof typeof unitMs]
  const iso =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text,
    )
  const [, day, clock = '00:00:00', fraction = '', zone = 'Z'] = iso ?? []
  const ms = Date.parse(`${day}T${clock}${zone}`)
  if (iso === null || Number.isNaN(ms) || ms < 0 || !isCalendarDay(day)) {
    throw new UsageError(
      `${flag} takes an ISO time such as 2026-01-31T14:00:00Z, or a length such as 24h back from the newest packet, not "${text}"`,
      'window',
    )
  }
  const seconds = new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
  return fraction === '' ? seconds : `${seconds}.${fraction}`
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

function isCalendarDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

function boundOf(moment: Moment, newestMs: number): string {
  if (typeof moment === 'string') return moment
  return engineTimeOf(Math.max(0, newestMs - moment))
}

/** Time of the newest packet: from the ledger, which is small, else from the transactions. */
async function newestPacketMs(database: Database): Promise<number> {
  const [row] = await database.rows<{ ledger: number; rows: number }>(
    `SELECT toUnixTimestamp64Milli((SELECT max(last_packet) FROM captures)) AS ledger,
      if(ledger > 0, 0, toUnixTimestamp64Milli((SELECT max(greatest(ts, response_ts)) FROM transactions))) AS rows`,
  )
  return Math.max(row?.ledger ?? 0, row?.rows ?? 0)
}
