// A file of networks (prefix, ASN, name; with commas or tabs) as rows, each line checked.

import { addressText, parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'

/** A network: who announces a prefix. */
export interface Network {
  prefix: string
  asn: number
  name: string
}

/**
 * Reads networks, one a line: `192.0.2.0/24,64500,Example`, with commas, tabs or semicolons, fields in quotes where they hold them, `AS64500`
 * too, and ranges as `192.0.2.0,192.0.2.255,64500,…` not. A first line without a prefix is taken for titles; `#` begins a comment. Where a
 * prefix stands twice, the last counts. UsageError with the number of the line that is wrong.
 */
export function networksIn(text: string, path: string): Network[] {
  const networks = new Map<string, Network>()
  for (const [i, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [prefixText, asnText = '', name = ''] = fieldsOf(line)
    const prefix = prefixOf(prefixText)
    const asn = /^(?:AS)?(\d{1,10})$/i.exec(asnText)?.[1] ?? (asnText === '' ? '0' : undefined)
    if (prefix === null || asn === undefined || Number(asn) > 0xffff_ffff) {
      if (networks.size === 0 && i === 0 && prefix === null) continue
      const wrong = prefix === null ? `"${prefixText}" is no prefix` : `"${asnText}" is no ASN`
      throw new UsageError(
        `${path} line ${i + 1}: ${wrong}; a line is PREFIX,ASN,NAME, as in 192.0.2.0/24,64500,Example`,
      )
    }
    networks.set(prefix, { prefix, asn: Number(asn), name })
  }
  if (networks.size === 0) {
    throw new UsageError(`${path} holds no networks: lines such as 192.0.2.0/24,64500,Example`)
  }
  return [...networks.values()]
}

function fieldsOf(line: string): string[] {
  const separator = line.includes('\t') ? '\t' : line.includes(',') ? ',' : ';'
  const fields: string[] = []
  const field = new RegExp(`(?:^|${separator})(?:"((?:[^"]|"")*)"|([^${separator}]*))`, 'gy')
  for (const [, quoted, bare] of line.matchAll(field)) {
    fields.push((quoted?.replaceAll('""', '"') ?? bare ?? '').trim())
  }
  return fields
}

/** A prefix in its usual form, bits behind it cleared; an address alone is a prefix of all its bits. */
function prefixOf(text: string): string | null {
  const [, host, bitsText] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const address = host === undefined ? null : parseAddress(host)
  if (address === null) return null
  const most = host.includes(':') ? 128 : 32
  const bits = bitsText === undefined ? most : Number(bitsText)
  if (bits > most) return null
  const kept = bits + (128 - most)
  const network = address.map(
    (octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, kept - 8 * i))),
  )
  return `${addressText(network)}/${bits}`
}
