// The state of a store, and the lines of its ledger, as text for people.

import type { CaptureState } from '../status/captures.ts'
import type { StoreState } from '../status/status.ts'
import { printable, printablePath } from './printable.ts'
import { count, plural, size, time } from './quantity.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'
import { wrap } from './wrap.ts'

/** What waits outside the tables. */
interface Waiting {
  blocks: number
  bytes: number
  left: number
  begun: number
}

/** The state of a store: what it holds, then what is not as it should be, then the newest captures. */
export function statusText(state: StoreState, spool: Waiting, width: number, style: Style): string {
  const { captures } = state
  const disk = state.disk.filter(({ bytes }) => bytes > 0)
  const perRow = state.bytes_per_transaction
  const facts: [string, string][] = [
    ['store', `${printablePath(state.store)} (${state.kind}), schema ${state.schema.slice(0, 3)}`],
    [
      'captures',
      `${count(captures.finished)}, ${plural(state.packets, 'packet')}${
        captures.removed === 0 ? '' : `; ${count(captures.removed)} removed since the first`
      }`,
    ],
    ['transactions', verdictsText(state)],
    ['passive DNS', plural(state.rrsets, 'line')],
    [
      'on disk',
      `${size(state.bytes)} in ${plural(
        disk.reduce((sum, { parts }) => sum + parts, 0),
        'part',
      )}${perRow === null ? '' : `, ${perRow.toFixed(1)} bytes a transaction`}`,
    ],
    ['packets', between(state.packets_between)],
    ['ingested', between(state.ingested_between)],
    ['spool', spoolText(spool)],
    ['lost', `${plural(state.dropped, 'packet')} before us, as far as captures say`],
  ]
  if (state.networks > 0) facts.push(['networks', plural(state.networks, 'prefix')])
  const hanging = (name: string, text: string) =>
    wrap(text, Math.max(20, width - 14)).map(
      (line, i) => `${i === 0 ? name : ' '.repeat(13)} ${line}`,
    )
  const lines = facts.flatMap(([name, text]) => hanging(style.dim(name.padEnd(13)), text))
  for (const sentence of concerns(state, spool))
    lines.push(...hanging(style.bold('look'.padEnd(13)), sentence))
  const listed = capturesText(state.newest, width, style)
  return `${lines.join('\n')}\n${state.newest.length === 0 ? '' : `\n${listed}`}`
}

/** What is not as it should be, one sentence each. */
export function concerns(state: StoreState, spool: Waiting): string[] {
  const { captures, evicted, problems, newest } = state
  const wrong = newest.filter(({ unaccounted }) => unaccounted !== 0)
  return [
    ...(captures.unfinished > 0
      ? [
          `${plural(captures.unfinished, 'capture')} with rows and no line in the ledger: under way, or killed; the same ingest goes on with it, captures remove takes it out`,
        ]
      : []),
    ...(captures.removals_under_way > 0
      ? [
          `${plural(captures.removals_under_way, 'removal')} begun and not finished: the next ingest or removal finishes it`,
        ]
      : []),
    ...(spool.left > 0
      ? [`${plural(spool.left, 'block')} of a killed run: the next ingest stores it`]
      : []),
    ...(evicted > 0
      ? [`${plural(evicted, 'query')} given up early, the match table was full`]
      : []),
    ...(problems > 0
      ? [`${plural(problems, 'problem')} while reading: captures show ID tells which`]
      : []),
    ...wrong.map(
      ({ id, unaccounted }) =>
        `this is a bug: capture ${id} has ${count(unaccounted)} packets that no bin holds`,
    ),
  ]
}

/** Captures as a table; `sums` is ok where every packet has its bin and every row is there. */
export function capturesText(
  captures: readonly CaptureState[],
  width: number | undefined,
  style: Style,
): string {
  const rows = captures.map((each) => [
    each.id,
    each.finished === null ? 'unfinished' : printablePath(each.path),
    count(each.packets),
    count(each.messages),
    count(each.rows_stored),
    sumsOf(each),
    each.first_packet === null ? '-' : time(each.first_packet, 0),
    each.finished === null ? '-' : time(each.finished, 0),
  ])
  const columns = [
    { title: 'id', fixed: true },
    { title: 'path' },
    { title: 'packets', right: true, fixed: true },
    { title: 'messages', right: true, fixed: true },
    { title: 'rows', right: true, fixed: true },
    { title: 'sums', fixed: true },
    { title: 'first packet', fixed: true },
    { title: 'ingested', fixed: true },
  ]
  const [titles, ...lines] = table(columns, rows, width ?? Infinity)
  return [style.dim(titles), ...lines].map((line) => `${line}\n`).join('')
}

/** A line of the ledger, a fact a line. */
export function captureText(line: Record<string, unknown>): string {
  return Object.entries(line)
    .map(([name, value]) => `${name.padEnd(19)} ${printable(valueText(value))}\n`)
    .join('')
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, each]) => `${name} ${valueText(each)}`)
    .join(', ')
}

/** Whether the sums of a capture hold. */
function sumsOf({ finished, unaccounted, rows, rows_stored }: CaptureState): string {
  if (finished === null) return '-'
  if (unaccounted !== 0) return `${count(unaccounted)} without bin`
  return rows === rows_stored ? 'ok' : `${count(rows - rows_stored)} rows gone`
}

function verdictsText({ transactions, verdicts }: StoreState): string {
  const each = Object.entries(verdicts).map(([name, rows]) => `${count(rows)} ${name}`)
  return `${count(transactions)}${each.length === 0 ? '' : `: ${each.join(', ')}`}`
}

function between(bounds: { first: string; last: string } | null): string {
  if (bounds === null) return 'none'
  const [first, last] = [bounds.first, bounds.last].map((text) => time(text, 0))
  return first === last ? first : `${first} to ${last}`
}

function spoolText({ blocks, bytes, begun }: Waiting): string {
  const waiting = blocks === 0 ? 'nothing waits' : `${plural(blocks, 'block')} (${size(bytes)})`
  return begun === 0 ? waiting : `${waiting}, ${plural(begun, 'capture')} begun`
}
