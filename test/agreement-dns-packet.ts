// One message as dns-packet reads it beside the same message as we read it.

import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { parseAddress } from '../src/dns/address.ts'
import { className, rcodeName, typeName } from '../src/dns/codes.ts'
import type { MessageJson } from '../src/ingest/decode/json.ts'
import type { Difference, Tally } from './agreement-compare.ts'
import { folded, labelsOf } from './agreement-names.ts'
import { quotedFields } from './agreement-rdata.ts'

/** Compares the readings of one message; the message of dns-packet's error when it cannot read the payload. */
export function compareDnsPacket(
  payload: Buffer,
  ours: MessageJson,
  tally: Tally,
): Difference[] | string {
  let theirs: Reading
  try {
    theirs = dnsPacket.decode(payload)
  } catch (error) {
    return (error as Error).message
  }
  const differences: Difference[] = []
  const check: Check = (field, their, own, isEqual = their === own) => {
    tally.count(field, isEqual)
    if (!isEqual) differences.push({ field, theirs: their, ours: own })
  }
  check('id', theirs.id, ours.id)
  check('qr', theirs.flag_qr, ours.response)
  check('opcode', theirs.opcode.replace('_', ''), ours.opcode.replace('DSO', 'OPCODE6'))
  for (const flag of ['aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const)
    check(flag, theirs[`flag_${flag}`], ours.flags[flag])
  check('rcode', theirs.rcode, lowRcodes.get(ours.rcode))
  check('questions', theirs.questions.length, ours.questions.length)
  for (const [i, question] of ours.questions.slice(0, theirs.questions.length).entries()) {
    const { name, type, class: rrClass } = theirs.questions[i]
    check('question name', name, question.name, isSameName(name, question.name))
    check('question type', coded(typeName, type), question.type)
    check('question class', coded(className, rrClass), question.class)
  }
  const { answers, authorities, additionals } = theirs
  const records = [answers, authorities, additionals].flatMap((list, i) =>
    list
      .filter(({ type }) => type !== 'OPT')
      .map((record) => ({ ...record, section: sectionNames[i] })),
  )
  check('records', records.length, ours.records.length)
  for (const [i, record] of ours.records.slice(0, records.length).entries()) {
    const { section, name, type, class: rrClass, ttl } = records[i]
    check('record section', section, record.section)
    check('record name', name, record.name, isSameName(name, record.name))
    check('record type', coded(typeName, type), record.type)
    check('record class', coded(className, rrClass), record.class)
    check('record TTL', ttl, record.ttl)
    if (type in isSameData)
      check(`data of ${type}`, records[i].data, record.data, isSame(records[i], record.data))
  }
  return differences
}

type Check = (field: string, theirs: unknown, own: unknown, isEqual?: boolean) => void

type Flag = 'aa' | 'tc' | 'rd' | 'ra' | 'ad' | 'cd'

interface TheirRecord {
  name: string
  type: string
  class: string
  ttl: number
  data: never
}

/** What dns-packet's `decode` gives. */
interface Reading extends Record<`flag_${Flag}`, boolean> {
  id: number
  flag_qr: boolean
  opcode: string
  rcode: string
  questions: { name: string; type: string; class: string }[]
  answers: TheirRecord[]
  authorities: TheirRecord[]
  additionals: TheirRecord[]
}

// @types/dns-packet is not installed, and a plain import would be of type any.
const dnsPacket = createRequire(import.meta.url)('dns-packet') as {
  decode: (bytes: Buffer) => Reading
}

const sectionNames = ['answer', 'authority', 'additional']

/** dns-packet's name of the lower four bits, by our mnemonic: it knows no extended codes, and names of RFC 2136 only up to 10. */
const lowRcodes = new Map<string, string>()
for (let rcode = 0; rcode < 4096; rcode++) {
  const low = rcode & 15
  lowRcodes.set(rcodeName(rcode), low > 10 ? `RCODE_${low}` : rcodeName(low))
}

/** Our mnemonic of a number that dns-packet has none for. */
function coded(nameOf: (number: number) => string, text: string): string {
  return text.startsWith('UNKNOWN_') ? nameOf(Number(text.slice('UNKNOWN_'.length))) : text
}

/** dns-packet reads labels as UTF-8 and joins them with bare dots; the same is done to ours, so that octets lost there are lost here too. */
function isSameName(theirs: string, ours: string): boolean {
  const name = folded(theirs)
  return name === ours || name === folded(joined(ours))
}

function joined(name: string): string {
  const labels = labelsOf(name)
  return labels.length === 0 ? '.' : labels.map((label) => label.toString('utf8')).join('.')
}

/** dns-packet escapes the dots inside labels of a mailbox, and of nothing else. */
function mailbox(name: string): string {
  const labels = labelsOf(name).map((label) => label.toString('utf8').replaceAll('.', '\\.'))
  return labels.length === 0 ? '.' : labels.join('.')
}

function isSame({ type, data }: TheirRecord, ours: string): boolean {
  return isSameData[type](data, ours)
}

interface Soa {
  mname: string
  rname: string
  serial: number
  refresh: number
  retry: number
  expire: number
  minimum: number
}

interface Srv {
  priority: number
  weight: number
  port: number
  target: string
}

/** The types compared: is their data what our text says? */
const isSameData: Readonly<Record<string, (data: never, ours: string) => boolean>> = {
  A: isSameAddress,
  AAAA: isSameAddress,
  NS: isSameName,
  CNAME: isSameName,
  PTR: isSameName,
  DNAME: isSameName,
  MX: ({ preference, exchange }: { preference: number; exchange: string }, ours) => {
    const [number, name] = ours.split(' ')
    return number === String(preference) && isSameName(exchange, name)
  },
  SRV: ({ priority, weight, port, target }: Srv, ours) => {
    const [one, two, three, name] = ours.split(' ')
    return `${one} ${two} ${three}` === `${priority} ${weight} ${port}` && isSameName(target, name)
  },
  SOA: ({ mname, rname, serial, refresh, retry, expire, minimum }: Soa, ours) => {
    const [server, person, ...numbers] = ours.split(' ')
    return (
      isSameName(mname, server) &&
      folded(rname) === folded(mailbox(person)) &&
      numbers.join(' ') === [serial, refresh, retry, expire, minimum].join(' ')
    )
  },
  TXT: (data: Buffer[], ours) => isDeepStrictEqual(data, quotedFields(ours)),
}

function isSameAddress(theirs: string, ours: string): boolean {
  return theirs === ours || isDeepStrictEqual(parseAddress(theirs), parseAddress(ours))
}
