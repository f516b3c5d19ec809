// Whether a capture sees both directions: without that, "nobody asked for this answer" means nothing.

import type { Database, Parameters } from '../../database/database.ts'
import { inWindow } from './detector.ts'

/** What the captures can see. */
export interface Vantage {
  /** Captures in which the median host has less than nine of ten messages paired. */
  oneWay: string[]
  /** Captures with enough hosts to say that both directions are there. */
  twoWay: string[]
}

/** Hosts a capture needs before its median says anything: one victim of a flood must not switch its own detector off. */
const minHosts = 3
/** Messages a host needs to count. */
const minMessages = 20
/** Share of paired messages of the median host. Ordinary loss is below 1 %. */
const minPaired = 0.9

/**
 * Judges each capture by the median over its clients. The median and not the total, since a flood at one victim pulls the total down;
 * clients that get one answer over and over are victims themselves and are left out.
 */
export async function vantageOf(database: Database, window: Parameters): Promise<Vantage> {
  const rows = await database.rows<{ capture: string; hosts: number; median: number }>(
    `SELECT toString(capture) AS capture, count() AS hosts, quantileExact(0.5)(share) AS median
    FROM (
      SELECT capture, client, countIf(match IN ('answered', 'late')) AS paired,
        countIf(match IN ('unanswered', 'unsolicited')) AS alone,
        countIf(match = 'unsolicited') AS unasked,
        uniqIf(qname, match = 'unsolicited') AS unasked_names,
        paired / (paired + alone) AS share
      FROM transactions
      WHERE ${inWindow}
      GROUP BY capture, client
      HAVING 2 * paired + alone >= ${minMessages} AND NOT (unasked >= 50 AND unasked_names * 10 <= unasked)
    )
    GROUP BY capture
    HAVING hosts >= ${minHosts}
    ORDER BY capture`,
    window,
  )
  return {
    oneWay: rows.filter((row) => row.median < minPaired).map((row) => row.capture),
    twoWay: rows.filter((row) => row.median >= minPaired).map((row) => row.capture),
  }
}
