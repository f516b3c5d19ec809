// What tshark read in the shared captures: one row per message, and which of our messages each row belongs to.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { MessageJson } from '../src/ingest/decode/json.ts'

/** Folder of the captures, and whether it is there. */
export const captures = join(import.meta.dirname, '../../shared/captures')
export const hasCaptures = existsSync(captures)

/** A record's data: text, the strings of TXT, or tshark's fields with the RDATA bytes as `hex`. */
export type TruthData = string | string[] | { hex?: string } | null

/** A record: section, name, type, class, TTL, RDLENGTH, data. SRV records have no name here: tshark splits it. */
export type TruthRecord = [
  section: 'an' | 'ns' | 'ar',
  name: string | null,
  type: number,
  rrClass: number,
  ttl: number,
  sizeBytes: number,
  data: TruthData,
]

/** One message as tshark read it; absent keys are empty or unknown. */
export interface Truth {
  frame: number
  t: string
  tr: 'udp' | 'tcp' | 'doh'
  src: string
  dst: string
  sport: number
  dport: number
  id: number
  qr: 0 | 1
  opcode: number
  aa: 0 | 1
  tc: 0 | 1
  rd: 0 | 1
  ra: 0 | 1
  z: 0 | 1
  ad: 0 | 1
  cd: 0 | 1
  rcode: number
  q?: [name: string, type: number, rrClass: number, size: number][]
  qwire?: string
  rr?: TruthRecord[]
  edns?: { size: number; do: 0 | 1; ver: number; xrcode: number; opts?: [number, number][] }
  dnslen?: number
  malformed?: string[]
  stub?: true
  icmperr?: true
}

/** The captures that have a reading of tshark's beside them. */
export function captureNames(): string[] {
  if (!hasCaptures) return []
  return readdirSync(captures)
    .filter((name) => name.endsWith(truthEnding))
    .map((name) => name.slice(0, -truthEnding.length))
}

/** tshark's rows of a capture, in frame order. */
export function truthOf(name: string): Truth[] {
  const text = gunzipSync(readFileSync(join(captures, name + truthEnding))).toString('utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Truth)
}

/** The further ports that a capture's `.tshark-opts` call DNS. */
export function portsOf(name: string): number[] {
  const path = join(captures, `${name}.tshark-opts`)
  if (!existsSync(path)) return []
  const options = readFileSync(path, 'utf8')
  return [...options.matchAll(/-d (?:tcp|udp)\.port==(\d+),dns/g)].map(([, port]) => Number(port))
}

/** A row and the message of ours that it belongs to (its place among all messages), or null. */
export interface Pair {
  truth: Truth
  ours: number | null
}

/**
 * Pairs rows with messages frame by frame and in order: one to one where a frame has as many of both, else by id and direction. What is
 * left of ours is in `extra`.
 */
export function pair(rows: Truth[], messages: MessageJson[]): { pairs: Pair[]; extra: number[] } {
  const oursByFrame = groupBy([...messages.keys()], (place) => messages[place].frame)
  const pairs: Pair[] = []
  const extra: number[] = []
  for (const [frame, truths] of groupBy(rows, (truth) => truth.frame)) {
    const ours = oursByFrame.get(frame) ?? []
    oursByFrame.delete(frame)
    let next = 0
    for (const truth of truths) {
      const found =
        ours.length === truths.length
          ? next
          : ours.findIndex((place, i) => i >= next && isSame(truth, messages[place]))
      pairs.push({ truth, ours: found < 0 ? null : ours[found] })
      if (found < 0) continue
      extra.push(...ours.slice(next, found))
      next = found + 1
    }
    extra.push(...ours.slice(next))
  }
  for (const ours of oursByFrame.values()) extra.push(...ours)
  return { pairs, extra }
}

const truthEnding = '.truth.jsonl.gz'

function isSame(truth: Truth, message: MessageJson): boolean {
  return truth.id === message.id && (truth.qr === 1) === message.response
}

function groupBy<T>(items: T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}
