// Networks into a store: one table, replaced as a whole, and the dictionary `networks` over it, which finds the longest prefix.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import { appendString, StringColumn, writeVarint } from '../../database/native.ts'
import { parseAddress } from '../../dns/address.ts'
import { reserve } from '../../dns/bytes.ts'
import { viewOf } from '../../dns/words.ts'
import type { Network } from './prefixes.ts'

/** Replaces the networks of a store by these; an empty list removes them. Returns how many the dictionary then holds. */
export async function loadNetworks(
  database: Database,
  networks: readonly Network[],
): Promise<number> {
  if (networks.length === 0) {
    await database.everywhere('DROP DICTIONARY IF EXISTS networks SYNC')
    await database.everywhere('TRUNCATE TABLE network_prefixes')
    return 0
  }
  await database.everywhere('DROP TABLE IF EXISTS network_prefixes_new SYNC')
  await database.everywhere('CREATE TABLE network_prefixes_new AS network_prefixes')
  const folder = await mkdtemp(join(tmpdir(), 'overhear-networks-'))
  try {
    const file = join(folder, 'networks.native')
    await writeFile(file, nativeBlock(networks), { mode: 0o600 })
    // The table is new, so any token is.
    await database.insertFile('network_prefixes_new', columns, file, 'networks')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  await database.everywhere(
    'ALTER TABLE network_prefixes REPLACE PARTITION tuple() FROM network_prefixes_new',
  )
  await database.everywhere('DROP TABLE network_prefixes_new SYNC')
  // Not in schemas: a server whose default user has a password cannot load it, and is not to be bothered without networks.
  await database.everywhere(dictionary)
  try {
    await database.everywhere('SYSTEM RELOAD DICTIONARY networks')
  } catch (thrown) {
    // One that cannot be loaded would fail every hunt.
    await database.everywhere('DROP DICTIONARY networks SYNC')
    throw thrown
  }
  const [{ held }] = await database.rows<{ held: number }>(
    `SELECT d.element_count AS held FROM system.dictionaries AS d WHERE d.database = currentDatabase() AND d.name = 'networks'`,
  )
  return held
}

/** The networks that hold these addresses, by address, passing over what is none; empty in a store without networks. */
export async function networksOf(
  database: Database,
  texts: readonly string[],
): Promise<Map<string, Network>> {
  const networks = new Map<string, Network>()
  // A hunt has empty cells, and records whose data is broken.
  const addresses = texts.filter((text) => parseAddress(text) !== null)
  if (addresses.length === 0 || !(await hasNetworks(database))) return networks
  for (let from = 0; from < addresses.length; from += addressesAtOnce) {
    const rows = await database.rows<Network & { address: string }>(lookUp, {
      addresses: addresses.slice(from, from + addressesAtOnce),
    })
    for (const { address, prefix, asn, name } of rows) {
      networks.set(address, { prefix: plainPrefix(prefix), asn, name })
    }
  }
  return networks
}

/** Whether networks were loaded into a store. */
async function hasNetworks(database: Database): Promise<boolean> {
  const found = await database.rows(
    `SELECT 1 FROM system.dictionaries AS d WHERE d.database = currentDatabase() AND d.name = 'networks'`,
  )
  return found.length > 0
}

/** The dictionary keeps IPv4 prefixes as IPv6: 192.0.2.0/24 as ::ffff:192.0.2.0/120. */
function plainPrefix(text: string): string {
  const [, host, bits] = /^::ffff:([\d.]+)\/(\d+)$/.exec(text) ?? []
  return host === undefined ? text : `${host}/${Number(bits) - 96}`
}

const columns = ['prefix', 'asn', 'name']

/** Addresses in one question: of 45 characters at most, in a value of 120,000 bytes. */
const addressesAtOnce = 2000

const dictionary = `CREATE OR REPLACE DICTIONARY networks (
    prefix String,
    asn UInt32 DEFAULT 0,
    name String DEFAULT ''
  )
  PRIMARY KEY prefix
  SOURCE(CLICKHOUSE(TABLE 'network_prefixes'))
  LAYOUT(IP_TRIE(ACCESS_TO_KEY_FROM_ATTRIBUTES 1))
  LIFETIME(0)
  COMMENT 'networks by prefix: dictGet(''networks'', ''name'', tuple(client)); see overhear networks --help'`

const lookUp = `SELECT address,
    dictGetOrDefault('networks', 'prefix', tuple(toIPv6(address)), '') AS prefix,
    dictGetOrDefault('networks', 'asn', tuple(toIPv6(address)), 0) AS asn,
    dictGetOrDefault('networks', 'name', tuple(toIPv6(address)), '') AS name
  FROM (SELECT arrayJoin({addresses:Array(String)}) AS address) WHERE prefix != ''`

/** The rows as a Native block: their names come from somebody's file and never stand in a statement. */
function nativeBlock(networks: readonly Network[]): Uint8Array {
  const out = new StringColumn(64 * networks.length + 64)
  const { bytes } = out
  writeVarint(bytes, 3)
  writeVarint(bytes, networks.length)
  const strings = (name: string, values: readonly string[]) => {
    for (const text of [name, 'String', ...values]) append(out, text)
  }
  strings(
    'prefix',
    networks.map(({ prefix }) => prefix),
  )
  append(out, 'asn')
  append(out, 'UInt32')
  const numbers = new Uint8Array(Uint32Array.from(networks, ({ asn }) => asn).buffer)
  reserve(bytes, numbers.length)
  bytes.buf.set(numbers, bytes.pos)
  bytes.pos += numbers.length
  strings(
    'name',
    networks.map(({ name }) => name),
  )
  return bytes.buf.subarray(0, bytes.pos)
}

function append(column: StringColumn, text: string): void {
  const utf8 = Buffer.from(text)
  appendString(column, viewOf(utf8), 0, utf8.length)
}
