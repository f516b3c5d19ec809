// What an analyst typed, turned into what the store holds: names folded and escaped (RFC 1035 section 5.1, RFC 5890), addresses as ranges.

import { domainToASCII } from 'node:url'
import { addressText, parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'
import { printable } from '../report/printable.ts'

/** A range of addresses, both ends as IPv6 text (IPv4 mapped); `text` is the address or prefix in its usual form. */
export interface AddressRange {
  text: string
  first: string
  last: string
  isSingle: boolean
}

/** A name as the store writes it: lower case, IDN as A-labels, RFC 1035 escapes, no trailing dot. `command` (`hunt name`) is for the error. */
export function nameOf(text: string, command: string): string {
  const typed = text.trim()
  if (typed === '.') return '.'
  if (typed === '') throw wrongName(command, text, 'is empty')
  if (parseAddress(typed) !== null) {
    throw new UsageError(
      `${command} takes a domain name, and ${typed} is an address: overhear hunt address ${typed} ` +
        `(or write the name with a trailing dot, "${typed}.", if it is one)`,
      'hunt-value',
    )
  }
  const labels = labelsOf(typed, command)
  if (labels.at(-1)!.length === 0) labels.pop()
  let octets = 1
  for (const label of labels) {
    if (label.length === 0) throw wrongName(command, text, 'has an empty label')
    if (label.length > 63) throw wrongName(command, text, 'has a label of more than 63 octets')
    octets += label.length + 1
  }
  if (octets > 255) throw wrongName(command, text, 'is longer than 255 octets')
  return labels.map((label) => [...label].map(writeOctet).join('')).join('.')
}

/** An address, or a prefix such as 192.0.2.0/24, as a range. `verb` is for the error. */
export function addressRangeOf(text: string, verb: string): AddressRange {
  const typed = text.trim()
  const [, address, prefixText] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(typed) ?? []
  const bytes = address === undefined ? null : parseAddress(address)
  if (address === undefined || bytes === null) {
    throw new UsageError(
      `hunt ${verb} takes an IP address or a prefix, not "${printable(text)}". ` +
        `Examples: overhear hunt ${verb} 192.0.2.7, overhear hunt ${verb} 2001:db8::/32`,
      'hunt-value',
    )
  }
  const isIpv4 = !address.includes(':')
  const longest = isIpv4 ? 32 : 128
  const length = prefixText === undefined ? longest : Number(prefixText)
  if (length > longest) {
    throw new UsageError(
      `"${typed}": the prefix of an ${isIpv4 ? 'IPv4' : 'IPv6'} address has at most ${longest} bits`,
      'hunt-value',
    )
  }
  const bits = 128 - longest + length
  const first = bytes.map((octet, i) => octet & maskOctet(bits, i))
  const last = bytes.map((octet, i) => octet | (~maskOctet(bits, i) & 255))
  const isMappedPrefix = !isIpv4 && bits >= 96 && !addressText(first).includes(':')
  return {
    text:
      length === longest
        ? addressText(first)
        : `${addressText(first)}/${isMappedPrefix ? bits - 96 : length}`,
    first: ipv6Text(first),
    last: ipv6Text(last),
    isSingle: length === longest,
  }
}

/** The octets of each label of a typed name: IDN labels as A-labels, escapes resolved, letters folded. */
function labelsOf(typed: string, command: string): number[][] {
  const ascii = typed.replace(/[\u3002\uff0e\uff61]/g, '.').replace(idnLabel, (label) => {
    const converted = domainToASCII(label)
    if (converted === '') throw wrongName(command, typed, 'has a label that IDNA does not allow')
    return converted
  })
  const labels: number[][] = [[]]
  for (let i = 0; i < ascii.length; i++) {
    let code = ascii.charCodeAt(i)
    if (ascii[i] === '.') {
      labels.push([])
      continue
    }
    if (ascii[i] === '\\') {
      const digits = /^\d{3}/.exec(ascii.slice(i + 1))?.[0]
      if (digits === undefined && i + 1 < ascii.length) code = ascii.charCodeAt(++i)
      else if (digits !== undefined && Number(digits) < 256) {
        code = Number(digits)
        i += 3
      } else throw wrongName(command, typed, 'has a backslash that escapes nothing (\\\\ is one)')
    }
    labels.at(-1)!.push(code >= 65 && code <= 90 ? code | 32 : code)
  }
  return labels
}

/** A label with a character outside ASCII; the dots of UTS 46 are plain ones by then. */
const idnLabel = /[^.]*[^\0-\x7f][^.]*/g

function writeOctet(octet: number): string {
  if (octet <= 32 || octet >= 127) return `\\${String(octet).padStart(3, '0')}`
  const character = String.fromCharCode(octet)
  return '".;\\()@$'.includes(character) ? `\\${character}` : character
}

function wrongName(command: string, text: string, problem: string): UsageError {
  return new UsageError(
    `${command} takes a domain name, and "${printable(text)}" ${problem}. ` +
      `Example: overhear ${command} login.example.org`,
    'hunt-value',
  )
}

/** The bits of octet `i` that a prefix of `bits` bits fixes. */
function maskOctet(bits: number, i: number): number {
  const fixed = Math.min(8, Math.max(0, bits - 8 * i))
  return (0xff00 >> fixed) & 255
}

function ipv6Text(bytes: Uint8Array): string {
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16))
  return groups.join(':')
}
