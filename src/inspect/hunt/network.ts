// Who announces the addresses that a hunt has found, where networks were loaded into the store.

import type { Database } from '../../database/database.ts'
import { networksOf } from '../networks/load.ts'
import type { HuntOptions, Part, Row } from './part.ts'

/** A part `network`: of each address in these parts the longest prefix that holds it; without rows in a store without networks. */
export async function networkPart(
  database: Database,
  parts: readonly Part[],
  { limit }: HuntOptions,
): Promise<Part> {
  const addresses = [
    ...new Set(parts.flatMap((part) => part.rows.flatMap((row) => addressesIn(part, row)))),
  ]
  const networks = await networksOf(database, addresses)
  const rows = addresses.flatMap((address) => {
    const network = networks.get(address)
    return network === undefined ? [] : [{ address, ...network }]
  })
  return { ...description, rows: rows.slice(0, limit) }
}

const description: Omit<Part, 'rows'> = {
  kind: 'network',
  title: 'networks of these addresses',
  columns: [
    { key: 'address', title: 'address', kind: 'address', usual: '' },
    { key: 'prefix', title: 'prefix', kind: 'word' },
    { key: 'asn', title: 'ASN', kind: 'word' },
    { key: 'name', title: 'name', kind: 'text' },
  ],
}

/** Addresses in the cells of a row, and what A and AAAA records hold. */
function addressesIn({ columns }: Part, row: Row): string[] {
  const found = columns.flatMap(({ key, kind, as = kind }) => {
    // A part that is made of several questions has rows without some of its columns.
    if (as === 'address') return typeof row[key] === 'string' ? [row[key]] : []
    return as === 'addresses' && Array.isArray(row[key]) ? (row[key] as string[]) : []
  })
  const { type, data } = row
  if ((type === 'A' || type === 'AAAA') && typeof data === 'string') found.push(data)
  return found
}
