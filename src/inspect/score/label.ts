// What a labelled capture is known to hold: truth entries, names to watch, ports; read from NAME.json beside it or from the folder's labels.json.

import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SourceError } from '../../errors.ts'
import { alertScore, reviewScore } from './match.ts'

/** One event that a detector has to find. */
export interface Truth {
  /** What is going on, in a few words: events of one scenario are counted together. */
  scenario: string
  /** Detector id: the family a finding must be of. */
  kind: string
  /** Whom it is about, by field of a finding's subject; empty where the label does not say. */
  entity: Readonly<Record<string, string>>
  /** ISO UTC; null where the label does not say. */
  first: string | null
  last: string | null
  /** Bytes of information a second, and in all. */
  rate?: number
  bytes?: number
  /** Score that a finding needs at least: 50 alerts, 30 asks for a look. */
  minScore: number
  /** Why it need not be found: too slow, too small. It is scored all the same. */
  mayMiss?: string
}

/** A label. A capture is benign when nothing may be found in it but its truths. */
export interface Label {
  benign: boolean
  truths: Truth[]
  watch: string[]
  /** Ports that carry DNS besides the standing ones. */
  ports: number[]
}

/** The label of a capture, or null where it has none. SourceError for a label that cannot be understood. */
export async function labelOf(path: string): Promise<Label | null> {
  const name = basename(path)
  const own = join(
    dirname(path),
    `${name.replace(/\.pcap(ng)?(\.(gz|xz|zst|lz4|bz2))?$/, '')}.json`,
  )
  const all = join(dirname(path), 'labels.json')
  const fromAll = (await jsonOf(all)) as Record<string, unknown> | null
  const entry = fromAll?.[name]
  const label =
    entry === undefined
      ? parseLabel(await jsonOf(own), own)
      : parseLabel(ofFolder(entry, `${all}, ${name}`), `${all}, ${name}`)
  if (label !== null) label.ports.push(...(await portsOf(`${path}.tshark-opts`)))
  return label
}

/**
 * A label from JSON: `truth` entries or `benign: true`; or `findings`, which say less. Null where none of them stands there. `where` is for
 * the error.
 */
export function parseLabel(value: unknown, where: string): Label | null {
  if (value === null) return null
  if (!isRecord(value)) throw unusable(where, 'a label is an object')
  const { truth, findings, benign, watch = [], ports = [] } = value
  const truths = list(truth, where, 'truth').map((entry) => truthOf(entry, where))
  // Findings say less than truths: no scenario, no times.
  if (truth === undefined) {
    truths.push(...list(findings, where, 'findings').map((entry) => ofFinding(entry, where)))
  }
  const isQuiet = Array.isArray(findings) && findings.length === 0
  const isBenign = truths.length === 0 && (benign === true || isQuiet)
  if (truths.length === 0 && !isBenign) return null
  return {
    benign: isBenign,
    truths,
    watch: list(watch, where, 'watch').map((name) => text(name, where, 'watch')),
    ports: list(ports, where, 'ports').map(Number),
  }
}

function truthOf(entry: unknown, where: string): Truth {
  const {
    scenario,
    kind,
    entity,
    first,
    last,
    rate,
    bytes,
    level,
    may_miss: mayMiss,
  } = fieldsOf(entry, where)
  const truth: Truth = {
    scenario: text(scenario, where, 'scenario'),
    kind: text(kind, where, 'kind'),
    entity: entityOf(entity ?? {}, where),
    first: timeOf(first, where, 'first'),
    last: timeOf(last, where, 'last'),
    minScore: level === 'review' ? reviewScore : alertScore,
  }
  if (typeof rate === 'number') truth.rate = rate
  if (typeof bytes === 'number') truth.bytes = bytes
  if (mayMiss !== undefined) truth.mayMiss = text(mayMiss, where, 'may_miss')
  return truth
}

/**
 * An entry of a folder's labels.json, which has `expect` in place of `truth`: `{"detector": "amplification", "kind": "victim", "victim":
 * "10.10.10.10", "level": "review"}`, all other fields being the entity.
 */
function ofFolder(entry: unknown, where: string): unknown {
  const { expect, ...rest } = fieldsOf(entry, where)
  if (expect === undefined) return rest
  const truth = list(expect, where, 'expect').map((one) => {
    const { detector, kind, level, ...entity } = fieldsOf(one, where)
    return { scenario: kind ?? detector, kind: detector, level, entity }
  })
  return { ...rest, truth }
}

function ofFinding(entry: unknown, where: string): Truth {
  const { detector, rule, subject, min_score: minScore } = fieldsOf(entry, where)
  return {
    scenario: text(rule, where, 'rule').replace(/^.*\//, ''),
    kind: text(detector, where, 'detector'),
    entity: entityOf(subject, where),
    first: null,
    last: null,
    minScore: typeof minScore === 'number' ? minScore : alertScore,
  }
}

function entityOf(value: unknown, where: string): Record<string, string> {
  const pairs = Object.entries(fieldsOf(value, where))
  return Object.fromEntries(pairs.map(([field, each]) => [field, text(each, where, field)]))
}

function timeOf(value: unknown, where: string, field: string): string | null {
  if (value === undefined || value === null) return null
  const iso = text(value, where, field)
  if (Number.isNaN(Date.parse(iso))) throw unusable(where, `${field} is not an ISO time`)
  return new Date(iso).toISOString()
}

function text(value: unknown, where: string, field: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw unusable(where, `${field} is a text that must be there`)
}

function list(value: unknown, where: string, field: string): unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw unusable(where, `${field} is a list`)
}

function fieldsOf(value: unknown, where: string): Record<string, unknown> {
  if (isRecord(value)) return value
  throw unusable(where, 'an entry is an object')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unusable(where: string, rule: string): SourceError {
  return new SourceError('bad-label', `${where}: this label cannot be used: ${rule}`)
}

async function jsonOf(path: string): Promise<unknown> {
  const content = await readFile(path, 'utf8').catch(() => null)
  if (content === null) return null
  try {
    return JSON.parse(content)
  } catch (thrown) {
    throw new SourceError('bad-label', `${path}: not JSON: ${(thrown as Error).message}`)
  }
}

/** Ports in the `-d tcp.port==8053,dns` that tshark needs for this capture. */
async function portsOf(path: string): Promise<number[]> {
  const content = await readFile(path, 'utf8').catch(() => '')
  return [...content.matchAll(/port==(\d+),dns/g)].map(([, port]) => Number(port))
}
