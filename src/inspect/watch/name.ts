// A name to watch, as typed: checked, folded, and refused where watching it would mean nothing.

import { domainToASCII } from 'node:url'
import { parse } from 'tldts'
import { parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'

/** The name as stored (lower case, A-labels, no trailing dot). `where` begins the error: `overhear watch add`, `names.txt, line 3`. */
export function watchedName(text: string, where: string): string {
  const typed = text.trim()
  const wrong = (problem: string) =>
    new UsageError(`${where}: ${JSON.stringify(typed)} ${problem}`, 'bad-watch-name')
  if (parseAddress(typed) !== null) {
    throw wrong('is an address; names are watched. To see its names: overhear hunt address')
  }
  const ascii = /[^\0-\x7f]/.test(typed) ? domainToASCII(typed) : typed
  const name = ascii.toLowerCase().replace(/(?<=[^\\.])\.$/, '')
  if (!isName(name)) {
    throw wrong('is not a domain name. Write it as example.org, one name a line in files')
  }
  const found = parse(name, { allowPrivateDomains: true, validateHostname: false })
  if (found.domain === null) {
    const suffix = name.includes('.') || found.isIcann === true
    throw wrong(
      suffix
        ? 'is a public suffix, under which anybody can register. Name a domain below it'
        : 'has one label only. Watch a whole name such as www.example.org',
    )
  }
  return name
}

/** Whether a name is a registrable domain, with the usual hosts below it; else it is watched alone. */
export function isRegistrable(name: string): boolean {
  return parse(name, { allowPrivateDomains: true, validateHostname: false }).domain === name
}

/** Presentation format (RFC 1035 section 5.1): printable ASCII labels of at most 63 octets, escapes as stored. */
function isName(text: string): boolean {
  if (text.length > 1003) return false
  const labels = text.split(/(?<!\\)\./)
  return labels.every((label) => {
    const octets = label.replace(/\\(?:\d{3}|.)/g, 'x')
    return octets.length > 0 && octets.length <= 63 && /^[!-~]+$/.test(label)
  })
}

/** A name and all that it ends in: its registrable domain, by which rows are sorted, is among them. */
export function tailsOf(name: string): string[] {
  const labels = name.split('.')
  return labels.map((_, i) => labels.slice(i).join('.'))
}
