// One message as tshark read it beside the same message as we read it: every field that both have, one after another.

import { isDeepStrictEqual } from 'node:util'
import { parseAddress } from '../src/dns/address.ts'
import { className, opcodeName, rcodeName, typeName } from '../src/dns/codes.ts'
import type { MessageJson } from '../src/ingest/decode/json.ts'
import { folded, labelsOf, presented, tsharkName, wireLabels } from './agreement-names.ts'
import { encodeRdata, isEncoded, normalRdata, quotedFields } from './agreement-rdata.ts'
import type { Truth, TruthRecord } from './agreement-truth.ts'

/** A field on which the two readings differ. */
export interface Difference {
  field: string
  theirs: unknown
  ours: unknown
}

/** Counts of each field compared, in the order in which they were first met. */
export class Tally {
  readonly fields = new Map<string, { compared: number; agreeing: number }>()
  /** Values that only one side has in a form that can be compared. */
  readonly skipped = new Map<string, number>()

  count(field: string, isEqual: boolean): void {
    const counts = this.fields.get(field) ?? { compared: 0, agreeing: 0 }
    this.fields.set(field, counts)
    counts.compared++
    if (isEqual) counts.agreeing++
  }

  skip(what: string): void {
    this.skipped.set(what, (this.skipped.get(what) ?? 0) + 1)
  }
}

/** Compares the readings of one message; `payload` is the message on the wire, for names that the RDATA only points to. */
export function compare(
  truth: Truth,
  ours: MessageJson,
  payload: Buffer,
  tally: Tally,
): Difference[] {
  const differences: Difference[] = []
  const check = (field: string, theirs: unknown, own: unknown, isEqual = theirs === own) => {
    tally.count(field, isEqual)
    if (!isEqual) differences.push({ field, theirs, ours: own })
  }
  check('time', truth.t, epochOf(ours.ts))
  check('source', truth.src, ours.src, isSameAddress(truth.src, ours.src))
  check('destination', truth.dst, ours.dst, isSameAddress(truth.dst, ours.dst))
  check('source port', truth.sport, ours.src_port)
  check('destination port', truth.dport, ours.dst_port)
  check('transport', truth.tr, ours.transport)
  check('size', truth.dnslen, ours.size)
  check('id', truth.id, ours.id)
  check('qr', truth.qr === 1, ours.response)
  check('opcode', opcodeName(truth.opcode), ours.opcode)
  for (const flag of ['aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const)
    check(flag, truth[flag] === 1, ours.flags[flag])
  check('z', truth.z === 1, ours.anomalies.includes('z-bit'))
  check('rcode', rcodeName(((truth.edns?.xrcode ?? 0) << 4) | truth.rcode), ours.rcode)
  compareQuestions(truth, ours, check)
  compareRecords(truth, ours, payload, check, tally)
  compareEdns(truth, ours, check)
  return differences
}

type Check = (field: string, theirs: unknown, own: unknown, isEqual?: boolean) => void

function compareQuestions(truth: Truth, { questions }: MessageJson, check: Check): void {
  const { q = [] } = truth
  check('questions', q.length, questions.length)
  for (const [i, question] of questions.slice(0, q.length).entries()) {
    const [name, type, rrClass] = q[i]
    const octets = i === 0 ? oddName(truth) : null
    if (octets !== null) check('question name, odd octets', octets, question.name)
    else check('question name', name, question.name, isSameName(name, question.name))
    check('question type', typeName(type), question.type)
    check('question class', className(rrClass), question.class)
  }
}

function compareRecords(
  truth: Truth,
  ours: MessageJson,
  payload: Buffer,
  check: Check,
  tally: Tally,
): void {
  const theirs = (truth.rr ?? []).filter(([, , type]) => type !== 41)
  const odd = oddName(truth)
  check('records', theirs.length, ours.records.length)
  for (const [i, record] of ours.records.slice(0, theirs.length).entries()) {
    const [section, name, type, rrClass, ttl] = theirs[i]
    check('record section', sections[section], record.section)
    if (name === null)
      tally.skip('owner names of SRV, which tshark splits; dns-packet compares them')
    else if (odd !== null && name === truth.q?.[0][0])
      check('record name, odd octets', odd, record.name)
    else check('record name', name, record.name, isSameName(name, record.name))
    check('record type', typeName(type), record.type)
    check('record class', className(rrClass), record.class)
    check('record TTL', ttl, record.ttl)
    compareData(theirs[i], record.data, payload, check, tally)
  }
}

function compareData(
  [, , type, , , sizeBytes, theirs]: TruthRecord,
  ours: string,
  payload: Buffer,
  check: Check,
  tally: Tally,
): void {
  const field = `data of ${typeName(type)}`
  if (theirs === null) check(`${field}, empty`, sizeBytes === 0 ? '' : null, ours)
  else if (typeof theirs === 'string') check(field, theirs, ours, isSameText(theirs, ours))
  else if (Array.isArray(theirs)) {
    const strings = quotedFields(ours).map((text) => text.toString('latin1'))
    check(field, theirs, strings, isDeepStrictEqual(theirs, strings))
  } else if (theirs.hex === undefined || !isEncoded(type))
    tally.skip(`${field}: no encoder in this test`)
  else {
    const wire = normalRdata(type, Buffer.from(theirs.hex, 'hex'), payload)
    const encoded = encodeRdata(type, ours)
    const isEqual = wire !== null && encoded !== null && wire.equals(encoded)
    check(`${field}, bytes`, theirs.hex, ours, isEqual)
  }
}

function compareEdns({ edns }: Truth, { edns: ours }: MessageJson, check: Check): void {
  check('EDNS', edns !== undefined, ours !== null)
  if (edns === undefined || ours === null) return
  check('EDNS size', edns.size, ours.size)
  check('EDNS version', edns.ver, ours.version)
  check('EDNS DO', edns.do === 1, ours.do)
  const options = ours.options.map(({ code, data }) => [code, data.length / 2])
  check('EDNS options', edns.opts ?? [], options, isDeepStrictEqual(edns.opts ?? [], options))
}

/** The first question's name built from its octets, where tshark's text does not tell them; tshark spells what is no UTF-8 with loss. */
function oddName({ qwire }: Truth): string | null {
  if (qwire === undefined) return null
  const wire = Buffer.from(qwire, 'hex')
  const { labels, end } = wireLabels(wire, 0, wire)
  return labels.length === 0 && end < 0 ? '' : presented(labels)
}

const sections = { an: 'answer', ns: 'authority', ar: 'additional' } as const

/** Seconds since 1970 with nine decimals. */
function epochOf(iso: string): string {
  const [date, fraction] = iso.replace('Z', '').split('.')
  return `${Date.parse(`${date}Z`) / 1000}.${fraction}`
}

function isSameAddress(theirs: string, ours: string): boolean {
  if (theirs === ours) return true
  const [one, two] = [parseAddress(theirs), parseAddress(ours)]
  return isDeepStrictEqual(one, two)
}

function isSameName(theirs: string, ours: string): boolean {
  const name = folded(theirs)
  return name === ours || name === folded(tsharkName(labelsOf(ours)))
}

/** Texts of names and numbers: MX, SOA, SRV, NS and the like; an address is a name that needs no escape. */
function isSameText(theirs: string, ours: string): boolean {
  if (theirs === ours) return true
  const fields = ours.split(' ').map((field) => tsharkName(labelsOf(field)))
  return folded(theirs) === folded(fields.join(' '))
}
