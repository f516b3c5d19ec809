// Where addresses and hosts belong: their network's owner where a table of networks was loaded, else a prefix; their registrable domain.

import { getDomain } from 'tldts'
import { addressText, parseAddress } from '../../dns/address.ts'
import type { Bench } from './detector.ts'

/** Who announces an address. */
export interface Network {
  asn: number
  name: string
}

/** The networks of addresses by address, from the dictionary `networks` (a trie of prefixes with `asn` and `name`); empty where there is none. */
export async function networksOf(
  bench: Bench,
  addresses: readonly string[],
): Promise<Map<string, Network>> {
  const networks = new Map<string, Network>()
  const [table] = await bench.rows(
    `SELECT 1 AS is_there FROM system.dictionaries WHERE database = currentDatabase() AND name = 'networks'`,
  )
  if (table === undefined) return networks
  for (let from = 0; from < addresses.length; from += 2000) {
    const rows = await bench.rows<Network & { address: string }>(
      `SELECT address, toUInt32(dictGetOrDefault('networks', 'asn', tuple(toIPv6(address)), 0)) AS asn,
        toString(dictGetOrDefault('networks', 'name', tuple(toIPv6(address)), '')) AS name
      FROM (SELECT arrayJoin({addresses:Array(String)}) AS address) WHERE asn > 0`,
      { addresses: addresses.slice(from, from + 2000) },
    )
    for (const { address, asn, name } of rows) networks.set(address, { asn, name })
  }
  return networks
}

/** The registrable domain of a host name; the name itself where there is none. */
export function domainOf(name: string): string {
  return getDomain(name, { allowPrivateDomains: true, validateHostname: false }) ?? name
}

/** The /24 or /48 of an address record's data; any other record is its own network. */
export function siteOf(type: string, data: string): string {
  if (type === 'A') return `${data.split('.').slice(0, 3).join('.')}.0/24`
  return type === 'AAAA' ? prefixOf(data, 6) : `${type} ${data}`
}

/** The /16 or /32 around an address or a network. */
export function regionOf(type: string, network: string): string {
  if (type === 'A') return `${network.split('.').slice(0, 2).join('.')}.0.0/16`
  return prefixOf(network.replace(/\/.*/, ''), 4)
}

/** Whether an address is of no use outside its own network (RFC 6890): what resolvers answer to block a name. */
export function isLocalAddress(text: string): boolean {
  const bytes = parseAddress(text)
  if (bytes === null) return false
  const [a, b] = [bytes[12], bytes[13]]
  if (
    bytes[10] === 255 &&
    bytes[11] === 255 &&
    bytes.subarray(0, 10).every((octet) => octet === 0)
  ) {
    return (
      [0, 10, 127].includes(a) ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b < 128)
    )
  }
  return (bytes[0] & 0xfe) === 0xfc || bytes.subarray(0, 15).every((octet) => octet === 0)
}

function prefixOf(text: string, bytesKept: number): string {
  const bytes = parseAddress(text)
  return bytes === null ? text : `${addressText(bytes.fill(0, bytesKept))}/${bytesKept * 8}`
}
