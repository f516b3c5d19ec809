// What every health rule is made of: the words for how bad a fault is (Zonemaster's), the answers that count, and the draft of a finding.

import type { Parameters } from '../../../database/database.ts'
import { type Draft, inWindow, type Measure, type Subject } from '../detector.ts'
import { isoTime } from '../../engine-time.ts'
import { type Evidence, type EvidenceOptions, exchangeEvidence } from '../evidence.ts'

/** Zonemaster's severities and the points of ours that stand for each; the sum decides severity here (30 low, 40 medium, 50 high, 80 critical). */
export const levels = { NOTICE: 30, WARNING: 40, ERROR: 50, CRITICAL: 80 } as const
export type Level = keyof typeof levels

/** A fault as a rule found it. Times are engine times; `answers` is how many messages it was seen in. */
export interface Fault {
  rule?: string
  title?: string
  level: Level
  /** Zonemaster's test of the same thing, empty where it has none. */
  test: string
  subject: Subject
  identity: readonly string[]
  why: string
  first: string
  last: string
  answers: number
  measures?: Record<string, Measure>
  against?: string[]
  /** Condition on `transactions`, with its values; not where the evidence is at hand. */
  where?: string
  evidence?: Evidence[]
  show?: EvidenceOptions['show']
  bound: Parameters
}

/** A finding of a fault: one point that says the level, and in its measures what it rests on and when it was last asked for. */
export function draftOf(fault: Fault): Draft {
  const bound = bounded(fault.bound)
  return {
    ...(fault.rule === undefined ? {} : { rule: fault.rule }),
    ...(fault.title === undefined ? {} : { title: fault.title }),
    subject: fault.subject,
    identity: fault.identity,
    why: fault.why,
    first: fault.first,
    last: fault.last,
    measures: {
      ...fault.measures,
      ...(fault.test === ''
        ? {}
        : { zonemaster: { value: `${fault.test} ${fault.level}`, threshold: null } }),
      answers: { value: fault.answers, threshold: null },
      last_asked: { value: isoTime(fault.last).replace(/\.\d+/, ''), threshold: null },
    },
    points: [{ name: fault.level, points: levels[fault.level] }],
    counterEvidence: fault.against ?? [],
    evidence: fault.evidence ?? {
      where: fault.where ?? '0',
      parameters: bound,
      show: fault.show ?? 'exchange',
      limit: 3,
    },
    focus: bound,
  }
}

/** Bytes of a list that is bound to a query: the engine takes 120,000 of a parameter, and escapes may double them. */
const mostBytes = 40_000

/** As many of these texts as a query takes: a record's data may be 64 KiB, and more once it is escaped. */
export function bindable(texts: readonly string[]): string[] {
  let room = mostBytes
  return texts.filter((text) => (room -= Buffer.byteLength(text) + 4) > 0)
}

function bounded(parameters: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string')
      return [name, isTexts ? bindable(value) : value]
    }),
  )
}

/** Every name above a watched one and itself: what its registrable domain can be. Constant for the engine, so the primary key is used. */
const watchedDomains = `arrayFlatten(arrayMap(w -> arrayMap(i -> arrayStringConcat(arraySlice(splitByChar('.', w), i), '.'),
      range(1, toUInt32(length(splitByChar('.', w)) + 1))), {watch:Array(String)}))`

/** Whether a column that holds a name is at or below a watched name; always where nothing is watched. */
export function isWatched(name: string): string {
  return `(empty({watch:Array(String)}) OR arrayExists(w -> ${name} = w OR endsWith(${name}, concat('.', w)), {watch:Array(String)}))`
}

const unicast = `${inWindow} AND opcode = 'QUERY' AND qclass IN ('IN', '')`
const believed = "match IN ('answered', 'late')"

/**
 * Rows of `transactions` a rule may look at: queries over unicast, of watched domains where there are some. A name whose registrable domain
 * is watched is below it, so its letters are compared only under other domains: 1,230 ms of CPU become 42 over 1.2 million rows.
 */
export const asked = `${unicast}
      AND (empty({watch:Array(String)}) OR domain IN {watch:Array(String)} OR (has(${watchedDomains}, domain) AND ${isWatched('qname')}))`

/** Of these, the ones with an answer that can be believed. */
export const answered = `${asked} AND ${believed}`

/** The same, watched or not: hosts that a watched name points to stand in any domain. */
export const answeredAnywhere = `${unicast} AND ${believed}`

/** Rows of `rrsets` that are history and were seen in the window. */
export const remembered = `match IN ('answered', 'late') AND last_seen >= {since:DateTime64(9, 'UTC')} AND first_seen < {until:DateTime64(9, 'UTC')}`

/** Hosts that NS or MX records point to. As a set it finds their addresses by key: a join alone would read every address there is. */
export function targetsOf(type: 'NS' | 'MX'): string {
  const host = type === 'NS' ? 'data' : "splitByChar(' ', data)[2]"
  return `SELECT lower(${host}) FROM rrsets WHERE ${remembered} AND type = '${type}'`
}

/** Flags of an answer, as SQL. */
export const aa = 'bitTest(response_flags, 10)'
export const tc = 'bitTest(response_flags, 9)'
export const ra = 'bitTest(response_flags, 7)'

/** What a rule's SQL must hand on of `transactions` for `firstExchange`. */
export const exchangeColumns =
  'ts, capture, frame, response_frame, client, server, qname, qtype, attempts, rcode, rr.section'

/** The earliest exchange of a group as `place`, so that many findings need no query each. */
export const firstExchange = `argMin((toString(capture), frame, response_frame, toString(client), toString(server), qname,
      toString(qtype), toString(rcode), attempts, toString(ts), countEqual(rr.section, 'answer')), (ts, capture, frame, response_frame)) AS place`

/** What `firstExchange` gives. */
export type Place = [
  capture: string,
  frame: number,
  responseFrame: number,
  client: string,
  server: string,
  qname: string,
  qtype: string,
  rcode: string,
  attempts: number,
  ts: string,
  answers: number,
]

/** The exchange at a place, as evidence. */
export function exchangeAt(place: Place): Evidence {
  const [capture, frame, responseFrame, client, server, ...rest] = place
  const [qname, qtype, rcode, attempts, ts, answers] = rest
  const unseen = { latency_us: 0, ip_ttl: 0, ip_id: 0, bytes: 0, id: 0, port: 0, data: [] }
  return exchangeEvidence({
    ...unseen,
    capture,
    frame,
    response_frame: responseFrame,
    ts,
    response_ts: ts,
    client,
    server,
    qname,
    qtype,
    rcode,
    match: 'answered',
    attempts,
    answers,
  })
}

/** Names as people list them: the first few, long ones cut, and how many more. */
export function listed(names: readonly string[], shown = 5): string {
  const rest = names.length - shown
  const head = names
    .slice(0, shown)
    .map((name) => (name.length > 120 ? `${name.slice(0, 117)}...` : name))
    .join(', ')
  return rest > 0 ? `${head} and ${rest} more` : head
}

/** A share from 0 to 1 in words for a sentence. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0.1 || share === 0 ? 0 : 1)} %`
}
