// Judges records outside of what was asked: which they are, whether history knows others, and whether the server always does this.

import { plainAddress } from '../../../dns/address.ts'
import type { Bench, Draft, Points } from '../detector.ts'
import { inWindow } from '../detector.ts'
import { answerEvidence, count, type Evidence } from '../evidence.ts'
import { siteOf } from '../network.ts'
import { type AnswerRow, answersAt, contrastOf } from './pair.ts'

interface BailiwickRow {
  of_client: string
  of_server: string
  name: string
  type: string
  zone: string
  seen: string
  of_capture: string
  of_frame: number
  is_foreign_servers: number
  is_foreign_answer: number
  is_stray_address: number
  is_sole_server: number
  /** Section, owner, type and data. */
  records: [string, string, string, string][]
}

/** A record outside of what was asked. */
interface Stranger {
  kind: keyof typeof kinds
  owner: string
  type: string
  data: string
}

interface HistoryRow {
  name: string
  type: string
  data: string
  server: string
  capture: string
  frame: number
  answers: number
}

const kinds = {
  servers: ['name servers of another zone', 50],
  answer: ['answer to another name', 50],
  stray: ['address of a name nobody spoke of', 30],
  sole: ['only name server is foreign', 30],
} as const

/** One draft for each server and foreign name. */
export async function judgeBailiwick(rows: BailiwickRow[], bench: Bench): Promise<Draft[]> {
  const groups = new Map<string, { stranger: Stranger; rows: BailiwickRow[] }>()
  for (const row of rows) {
    for (const stranger of strangersOf(row)) {
      const key = [row.of_server, stranger.kind, stranger.owner, stranger.type].join(' ')
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { stranger, rows: [row] })
      else group.rows.push(row)
    }
  }
  const found = [...groups.values()]
  if (found.length === 0) return []
  const history = await historyOf(
    bench,
    found.map(({ stranger }) => stranger.owner),
  )
  const places = [
    ...found.map(({ rows: [row] }) => ({ capture: row.of_capture, frame: row.of_frame })),
    ...history.map(({ capture, frame }) => ({ capture, frame })),
  ]
  const answerAt = await answersAt(bench, places)
  const zonesOf = new Map<string, Set<string>>()
  for (const row of rows)
    zonesOf.set(row.of_server, (zonesOf.get(row.of_server) ?? new Set()).add(row.zone))
  return found.map(({ stranger, rows: own }) => {
    const others = zonesOf.get(own[0].of_server)!.size - 1
    return draftOf(stranger, own, history, others, answerAt)
  })
}

/** The records of a message that are outside of what was asked, one for each way in which they can be. */
function strangersOf(row: BailiwickRow): Stranger[] {
  const isBelow = (name: string, zone: string) => `.${name}`.endsWith(`.${zone}`)
  const told = row.records.map(([, , , data]) => data.toLowerCase())
  const isTold = (owner: string) => told.some((data) => data.endsWith(owner))
  const found: Stranger[] = []
  const add = (kind: Stranger['kind'], test: (record: BailiwickRow['records'][0]) => boolean) => {
    const record = row.records.find(test)
    if (record !== undefined)
      found.push({ kind, owner: record[1], type: record[2], data: record[3] })
  }
  const leadsInto = (zone: string) =>
    row.records.some(([, , type, data]) => type === 'CNAME' && isBelow(data.toLowerCase(), zone))
  if (row.is_foreign_servers)
    add('servers', ([section, owner, type]) => {
      const isServer = section === 'authority' && type === 'NS' && owner !== '.'
      return isServer && !isBelow(row.name, owner) && !leadsInto(owner)
    })
  if (row.is_foreign_answer)
    add('answer', ([section, owner, type]) => {
      const isPlain = section === 'answer' && type !== 'RRSIG' && type !== 'DNAME'
      const isOutside = row.zone === '' || !isBelow(owner, row.zone)
      return isPlain && owner !== row.name && isOutside && !isTold(owner)
    })
  const isAddress = ([section, , type]: BailiwickRow['records'][0]) =>
    section === 'additional' && (type === 'A' || type === 'AAAA')
  if (row.is_stray_address)
    add(
      'stray',
      (record) => isAddress(record) && !isBelow(record[1], row.zone) && !isTold(record[1]),
    )
  if (row.is_sole_server) {
    const server = row.records.find(([section, , type]) => section === 'authority' && type === 'NS')
    add('sole', (record) => isAddress(record) && record[1] === server?.[3].toLowerCase())
  }
  return found
}

/** What the store knows of these names besides: records with the server and the answer that first gave them. */
function historyOf(bench: Bench, names: readonly string[]): Promise<HistoryRow[]> {
  return bench.rows<HistoryRow>(
    `SELECT owner AS name, toString(record_type) AS type, record_data AS data, toString(of_server) AS server, toFloat64(count()) AS answers,
      (argMin((toString(of_capture), of_frame), (response_ts, of_frame)) AS earliest).1 AS capture, earliest.2 AS frame
    FROM (
      SELECT server AS of_server, response_capture AS of_capture, response_frame AS of_frame, response_ts, rr.name, rr.type, rr.data
      FROM transactions
      WHERE ${inWindow} AND match IN ('answered', 'late') AND hasAny(rr.name, {names:Array(String)})
    )
    ARRAY JOIN rr.name AS owner, rr.type AS record_type, rr.data AS record_data
    WHERE owner IN {names:Array(String)} AND record_type IN ('A', 'AAAA', 'NS')
    GROUP BY name, type, data, server
    ORDER BY answers DESC
    LIMIT 2000`,
    { names: [...new Set(names)] },
  )
}

function draftOf(
  stranger: Stranger,
  rows: BailiwickRow[],
  history: HistoryRow[],
  otherZones: number,
  answerAt: (place: { capture: string; frame: number }) => AnswerRow | undefined,
): Draft {
  const { kind, owner, type, data } = stranger
  const row = rows[0]
  const [name, worth] = kinds[kind]
  const points: Points[] = [{ name, points: worth }]
  const counterEvidence: string[] = []
  const known = history.filter((one) => one.name === owner && one.type === type)
  const site = siteOf(type, data)
  const isHere = (one: HistoryRow) => one.server === row.of_server
  const others = known.filter((one) => siteOf(type, one.data) !== site)
  const same = known.filter((one) => siteOf(type, one.data) === site && !isHere(one))
  if (same.length > 0) {
    points.push({ name: 'history says the same', points: -40 })
    counterEvidence.push(`${plainAddress(same[0].server)} gave the same for ${owner}`)
  } else if (others.length > 0) points.push({ name: 'contradicts history', points: 20 })
  if (otherZones >= 3) {
    points.push({ name: 'server adds to many answers', points: -40 })
    counterEvidence.push(
      `the server adds such records to answers of ${count(otherZones, 'other domain')}`,
    )
  }
  const client = plainAddress(row.of_client)
  const server = plainAddress(row.of_server)
  const answer = answerAt({ capture: row.of_capture, frame: row.of_frame })
  const other = others
    .map(({ capture, frame }) => answerAt({ capture, frame }))
    .find((one) => one !== undefined && one.response_frame !== row.of_frame)
  const before =
    others.length === 0
      ? 'No other record of that name was seen to compare with.'
      : `Elsewhere ${owner} is ${others[0].data} (${count(others[0].answers, 'answer')} of ${plainAddress(others[0].server)}).`
  const times = rows.map(({ seen }) => seen).sort()
  return {
    subject: { client, server, name: row.name, type: row.type, ...domainOf(row) },
    identity: [server, kind, owner, type],
    why: `Asked by ${client} for ${row.type} ${row.name}, ${server} also says ${owner} ${type} ${data}, which ${reasons[kind](row)}; ${rows.length === 1 ? 'seen once' : `${count(rows.length, 'such answer')} in all`}. ${before} A resolver that keeps such records lets whoever sent this speak for ${owner}.`,
    first: times[0],
    last: times.at(-1)!,
    measures: {
      foreign_records: { value: rows.length, threshold: 1 },
      foreign_record: { value: `${owner} ${type} ${data}`, threshold: null },
      other_domains_of_this_server: { value: otherZones, threshold: 3 },
      other_networks_in_history: { value: others.length, threshold: 1 },
    },
    points,
    counterEvidence,
    evidence: [
      ...(answer === undefined ? [] : [withRecord(answer, stranger)]),
      ...(other === undefined || others.length === 0
        ? []
        : [withRecord(other, { owner, type, data: others[0].data })]),
    ],
    ...(answer === undefined || other === undefined
      ? {}
      : { contrast: contrastWith(answer, other, stranger, others[0].data) }),
    focus: { server: row.of_server, name: row.name },
  }
}

const reasons: Record<Stranger['kind'], (row: BailiwickRow) => string> = {
  servers: () => 'is about a zone that neither the question nor the answer is in',
  answer: () => 'nobody asked for and no record of the answer leads to',
  stray: (row) => `is outside ${row.zone} and no record of the message speaks of`,
  sole: (row) =>
    `is the address of the one single name server it gives ${row.zone}, a name outside of that domain`,
}

function domainOf({ zone }: BailiwickRow): { domain?: string } {
  return zone === '' ? {} : { domain: zone }
}

function withRecord(answer: AnswerRow, { owner, type, data }: Omit<Stranger, 'kind'>): Evidence {
  const evidence = answerEvidence(answer)
  return { ...evidence, text: `${evidence.text}; with ${owner} ${type} ${data}` }
}

/** The two answers with the record in question as their only one. */
function contrastWith(
  answer: AnswerRow,
  other: AnswerRow,
  { type, data }: Stranger,
  known: string,
) {
  const only = (row: AnswerRow, value: string): AnswerRow => ({
    ...row,
    records: [[type, value, 0]],
  })
  const contrast = contrastOf(only(answer, data), only(other, known), ['in question', 'elsewhere'])
  const records = contrast.records.map((record) => ({
    ...record,
    text: record.text.replace(/, TTL 0$/, ''),
  }))
  return { ...contrast, records }
}
