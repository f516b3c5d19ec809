// Networks that addresses belong to, as text: near enough for "the same place", without a table of who owns what.

import { addressText, parseAddress } from '../../dns/address.ts'

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

function prefixOf(text: string, bytesKept: number): string {
  const bytes = parseAddress(text)
  return bytes === null ? text : `${addressText(bytes.fill(0, bytesKept))}/${bytesKept * 8}`
}
