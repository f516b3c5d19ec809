// What a name said over time, where that changed: each record set for as long as the same servers said it, one after the other.

import type { Database } from '../../database/database.ts'
import { isOther, rotates, type Slice } from '../audit/changes.ts'
import { tailsOf } from '../watch/name.ts'
import { roleOf } from '../audit/records.ts'
import { evidenceColumns, type HuntOptions, normalise, type Part, type Row } from './part.ts'

/** A record set that servers gave from `first` to `last`; engine times. */
interface Said {
  type: string
  role: string
  values: string[]
  /** Values that were not there before; none in what was said first. */
  fresh: string[]
  first: string
  last: string
  servers: string[]
  place: [capture: string, frame: number]
}

/** Rows of kind `timeline`, one for each value; none for a type whose answers are always the same or rotate. */
export async function timelinePart(
  database: Database,
  name: string,
  options: HuntOptions,
): Promise<Part> {
  const slices = await database.rows<TimedSlice>(sql, { ...options, name, tails: tailsOf(name) })
  const sets = new Map<string, TimedSlice[]>()
  for (const slice of slices) {
    const key = JSON.stringify([slice.type, slice.role, slice.server])
    const set = sets.get(key)
    if (set === undefined) sets.set(key, [slice])
    else set.push(slice)
  }
  const said: Said[] = []
  for (const set of sets.values()) {
    if (rotates(set, slices)) continue
    for (const each of saidIn(set)) {
      const same = said.find((other) => isTogether(other, each))
      if (same === undefined) said.push(each)
      else merge(same, each)
    }
  }
  said.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  const rows = said.flatMap(rowsOf).slice(0, options.limit)
  return { ...timeline, rows: rows.map((row) => normalise(row, timeline.columns)) }
}

const timeline: Omit<Part, 'rows'> = {
  kind: 'timeline',
  title: 'how its answers changed (+ new at that time)',
  columns: [
    { key: 'sign', title: '', kind: 'word' },
    { key: 'type', title: 'type', kind: 'word' },
    { key: 'record', title: 'value', kind: 'text' },
    { key: 'first', title: 'from', kind: 'time' },
    { key: 'last', title: 'for', kind: 'last', spare: 1 },
    { key: 'role', title: 'said by', kind: 'role' },
    { key: 'servers', title: 'servers', kind: 'addresses', spare: 2 },
    ...evidenceColumns,
  ],
}

/** Slices of one resolver; of zone and parent those of all servers: a new server is how a zone is taken over. */
type TimedSlice = Slice & { until: string; servers: string[] }

/** Answers to questions for the name, by key (the name's domain is among its tails); what each server said within five minutes is one slice. */
const sql = `SELECT {name:String} AS name, toString(qtype) AS type, ${roleOf} AS role, if(role = 'resolver', toString(address), '') AS server, arraySort(groupUniqArray(20)(toString(address))) AS servers,
      arraySort(groupUniqArrayArray(50)(if(empty(said), [if(rcode = 'NOERROR', '(none)', toString(rcode))], said))) AS values,
      toString(min(response_ts)) AS at, toString(max(response_ts)) AS until,
      argMin((toString(response_capture), response_frame), (response_ts, toString(response_capture), response_frame)) AS place
    FROM (
      SELECT qtype, response_flags, server AS address, rcode, response_ts, response_capture, response_frame,
        arrayFilter((data, kind, part) -> part = 'answer' AND kind = toString(qtype), rr.data, arrayMap(x -> toString(x), rr.type), rr.section) AS said
      FROM transactions
      WHERE domain IN {tails:Array(String)} AND qname = {name:String} AND ts >= {since:DateTime64(9, 'UTC')} AND ts < {until:DateTime64(9, 'UTC')}
        AND match IN ('answered', 'late') AND response_frame > 0 AND rcode IN ('NOERROR', 'NXDOMAIN') AND NOT bitTest(response_flags, 9)
    )
    GROUP BY type, role, server, intDiv(toUnixTimestamp(response_ts), 300)
    ORDER BY type, role, server, at
    LIMIT 20000`

/** What was said, where that changed; nothing where it did not. */
function saidIn(set: readonly TimedSlice[]): Said[] {
  const runs: Said[] = []
  let before: TimedSlice | undefined
  for (const slice of set) {
    const run = runs.at(-1)
    if (run === undefined || before === undefined || isOther(before, slice)) {
      const { type, role, values, at, until, servers, place } = slice
      const fresh = run === undefined ? [] : values.filter((value) => !run.values.includes(value))
      runs.push({ type, role, values, fresh, first: at, last: until, servers, place })
    } else {
      run.last = slice.until
      run.servers = [...new Set([...run.servers, ...slice.servers])].sort()
      run.values = [...new Set([...run.values, ...slice.values])].sort()
    }
    before = slice
  }
  return runs.length === 1 ? [] : runs
}

/** Two servers that said the same at the same time. */
function isTogether(one: Said, other: Said): boolean {
  const key = ({ type, role, values }: Said) => JSON.stringify([type, role, values])
  return key(one) === key(other) && one.first <= other.last && other.first <= one.last
}

function merge(into: Said, other: Said): void {
  if (other.first < into.first) into.place = other.place
  into.first = into.first < other.first ? into.first : other.first
  into.last = into.last > other.last ? into.last : other.last
  into.servers = [...new Set([...into.servers, ...other.servers])].sort()
  into.fresh = [...new Set([...into.fresh, ...other.fresh])].sort()
}

function orderOf({ type, role, first }: Said): string {
  return `${type} ${role} ${first}`
}

function rowsOf({ type, role, values, fresh, first, last, servers, place }: Said): Row[] {
  const [capture, frame] = place
  return values.map((record) => ({
    sign: fresh.includes(record) ? '+' : '',
    type,
    record,
    first,
    last,
    role,
    servers,
    capture,
    frame,
    ts: first,
  }))
}
