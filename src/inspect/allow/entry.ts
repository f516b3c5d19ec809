// An entry of the allow list: its conditions as a person types them, checked, and whether a finding meets them.

import { createHash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import { parse } from 'tldts'
import { addressText, isMapped, parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'
import type { Finding } from '../detect/detector.ts'
import { parseMoment } from '../window.ts'

/** What an entry can ask of a finding; a finding has to meet all that are there. */
export interface Conditions {
  detector?: string
  finding?: string
  domain?: string
  client?: string
  network?: string
  server?: string
}

/** An entry as stored; times are ISO UTC of the wall clock, `until` null where it never ends. */
export interface AllowEntry {
  id: string
  conditions: Conditions
  reason: string
  until: string | null
  added: string
}

/** What an entry has to know of a finding. */
export type Allowable = Pick<Finding, 'id' | 'detector' | 'subject'>

/** The entry for what was typed; throws a UsageError that says what is wrong with it. */
export function allowEntry(
  typed: Conditions & { reason?: string; until?: string },
  detectorIds: readonly string[],
  now: Date,
): AllowEntry {
  const { reason = '', until, ...given } = typed
  const conditions: Conditions = {}
  if (given.detector !== undefined) conditions.detector = detectorId(given.detector, detectorIds)
  if (given.finding !== undefined) conditions.finding = findingId(given.finding)
  if (given.domain !== undefined) conditions.domain = domainName(given.domain)
  if (given.client !== undefined) conditions.client = address(given.client, '--client')
  if (given.network !== undefined) conditions.network = networkPrefix(given.network)
  if (given.server !== undefined) conditions.server = address(given.server, '--server')
  if (Object.keys(conditions).every((name) => name === 'detector')) {
    throw new UsageError(
      'say what is allowed: one or more of --domain, --client, --network, --server, --finding. ' +
        'Example: overhear allow add --detector exfiltration --domain example.org --reason "mail filter of the office"',
    )
  }
  if (reason.trim() === '') {
    throw new UsageError(
      'give the reason, so that whoever reads the list in a year can judge it. Example: --reason "mail filter of the office"',
    )
  }
  return {
    id: idOf(conditions),
    conditions,
    reason: reason.trim(),
    until: until === undefined ? null : endOf(until, now),
    added: now.toISOString(),
  }
}

/** True while the entry has not come to its end. */
export function isInForce(entry: AllowEntry, now: Date): boolean {
  return entry.until === null || Date.parse(entry.until) > now.getTime()
}

/** True when the finding meets every condition of the entry, whether it is in force or not. */
export function covers({ conditions }: AllowEntry, { id, detector, subject }: Allowable): boolean {
  const host = subject.client ?? subject.victim
  return (
    (conditions.detector === undefined || conditions.detector === detector) &&
    (conditions.finding === undefined || conditions.finding === id) &&
    // The domain where there is one: the name is then one of many that it is about.
    (conditions.domain === undefined ||
      isAtOrUnder(subject.domain ?? subject.name, conditions.domain)) &&
    (conditions.client === undefined || isInside(host, conditions.client)) &&
    (conditions.network === undefined || isInside(host, conditions.network)) &&
    (conditions.server === undefined || isInside(subject.server, conditions.server))
  )
}

/** `detector exfiltration, domain example.org`. */
export function conditionsText(conditions: Conditions): string {
  return Object.entries(conditions)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function idOf(conditions: Conditions): string {
  const { detector, finding, domain, client, network, server } = conditions
  const text = JSON.stringify([detector, finding, domain, client, network, server])
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

function detectorId(text: string, known: readonly string[]): string {
  if (known.includes(text)) return text
  throw new UsageError(`--detector takes one of ${known.join(', ')}, not "${text}"`)
}

function findingId(text: string): string {
  if (/^[0-9a-f]{16}$/.test(text)) return text
  throw new UsageError(
    `--finding takes the id of a finding, 16 hexadecimal digits as the report shows them, not "${text}"`,
  )
}

/** A name as stored: lower case, punycode, no trailing dot. */
function domainName(text: string): string {
  const bare = text.replace(/\.$/, '')
  const name = (domainToASCII(bare) || bare).toLowerCase()
  const isName = name.length <= 253 && name.split('.').every((label) => /^[!-~]{1,63}$/.test(label))
  if (parseAddress(bare) !== null) {
    throw new UsageError(
      `--domain takes a name; for the address ${bare} there is --client or --server`,
    )
  }
  if (!isName) throw new UsageError(`--domain takes a name such as example.org, not "${text}"`)
  const { domain } = parse(name, { allowPrivateDomains: true, validateHostname: false })
  if (domain === null) {
    throw new UsageError(
      `--domain ${name} is a public suffix: anybody can have a name under it. Name the domain itself, such as office.${name}`,
    )
  }
  return name
}

function address(text: string, flag: string): string {
  const bytes = parseAddress(text)
  if (bytes !== null) return addressText(bytes)
  const hint = text.includes('/') ? '; for a prefix there is --network' : ''
  throw new UsageError(`${flag} takes one address such as 192.0.2.7, not "${text}"${hint}`)
}

function networkPrefix(text: string): string {
  const prefix = parsePrefix(text)
  if (prefix === null || !text.includes('/')) {
    throw new UsageError(`--network takes a prefix such as 192.0.2.0/24, not "${text}"`)
  }
  clearHostBits(prefix)
  const isV4 = prefix.bits >= v4Bits && isMapped(prefix.bytes, 0)
  const bits = isV4 ? prefix.bits - v4Bits : prefix.bits
  if (bits === 0) {
    throw new UsageError(
      `--network ${text} is every address there is; name the network that is meant, such as 192.0.2.0/24`,
    )
  }
  return `${addressText(prefix.bytes)}/${bits}`
}

/** A time, a day (to its end), or a length from now on; in the future. */
function endOf(text: string, now: Date): string {
  let ms: number
  try {
    const moment = parseMoment(text, '--until')
    const isDay = /^\d{4}-\d\d-\d\d$/.test(text)
    ms =
      typeof moment === 'number'
        ? now.getTime() + moment
        : Date.parse(`${moment.replace(' ', 'T')}Z`) + (isDay ? 86_400_000 : 0)
  } catch {
    throw new UsageError(
      `--until takes the last day (2026-12-31), a time (2026-12-31T18:00:00Z) or a length from now on (90d), not "${text}"`,
    )
  }
  if (ms <= now.getTime()) {
    throw new UsageError(
      `--until ${text} is over already, so the entry would never apply; leave it out for an entry without an end`,
    )
  }
  // What a store can hold.
  if (ms >= Date.parse('2262-01-01')) throw new UsageError(`--until ${text} is too far away`)
  return new Date(ms).toISOString()
}

function isAtOrUnder(name: string | undefined, domain: string): boolean {
  return name !== undefined && (name === domain || name.endsWith(`.${domain}`))
}

/** Prefixes stand in 128 bits; IPv4 is mapped, so its /0 is /96 there. */
interface Prefix {
  bytes: Uint8Array
  bits: number
}

const v4Bits = 96

function parsePrefix(text: string): Prefix | null {
  const [host, length, ...more] = text.split('/')
  const bytes = parseAddress(host)
  const longest = host.includes(':') ? 128 : 32
  const bits = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : -1
  if (bytes === null || bits < 0 || bits > longest || more.length > 0) return null
  return { bytes, bits: bits + 128 - longest }
}

/** True when a subject, an address or a prefix, lies inside a prefix or is the address. */
function isInside(subject: string | undefined, prefix: string): boolean {
  const inner = subject === undefined ? null : parsePrefix(subject)
  const outer = parsePrefix(prefix)
  if (inner === null || outer === null || inner.bits < outer.bits) return false
  clearHostBits({ bytes: inner.bytes, bits: outer.bits })
  return Buffer.compare(inner.bytes, outer.bytes) === 0
}

function clearHostBits({ bytes, bits }: Prefix): void {
  for (let i = 0; i < 16; i++) {
    const kept = Math.max(0, Math.min(8, bits - 8 * i))
    bytes[i] &= 0xff << (8 - kept)
  }
}
