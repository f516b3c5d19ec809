// overhear networks: who announces which addresses, out of a file of the user's.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { SourceError, UsageError } from '../errors.ts'
import { loadNetworks, networksOf } from '../inspect/networks/load.ts'
import { networksIn } from '../inspect/networks/prefixes.ts'
import { jsonText } from '../inspect/report/json.ts'
import { printable, printablePath } from '../inspect/report/printable.ts'
import { plural } from '../inspect/report/quantity.ts'
import { parseAddress } from '../dns/address.ts'
import { writeOut } from './output.ts'
import { clusterOption, jsonOption, openNamed, storeOption } from './shared.ts'

interface Options {
  store: string
  cluster?: string
  json?: true
}

/** The `networks` verb. */
export function networksCommand(): Command {
  const command = new Command('networks')
    .summary('name the networks that addresses belong to')
    .description(
      'Loads prefixes with their ASN and name from a file of yours; hunts and detectors then name them.',
    )
    .addHelpText('after', examples)
  command
    .command('import')
    .summary('load a file of prefixes')
    .description('Replaces the networks of the store by those in a file.')
    .argument(
      '<file>',
      'lines of PREFIX,ASN,NAME; tabs and semicolons do too; - for standard input',
    )
    .action(importFrom)
  command
    .command('show')
    .summary('the networks of addresses')
    .description('Tells the longest prefix that holds each address.')
    .argument('<address...>', 'IPv4 or IPv6 addresses')
    .action(show)
  command
    .command('clear')
    .summary('forget all networks')
    .description('Removes the networks from the store.')
    .action(clear)
  for (const each of command.commands) {
    each
      .addOption(storeOption())
      .addOption(clusterOption())
      .addOption(jsonOption())
      .addHelpText('after', examples)
  }
  return command
}

async function importFrom(path: string, options: Options): Promise<void> {
  const networks = networksIn(await contentOf(path), printablePath(path))
  const database = await openNamed(options, { create: false })
  try {
    const held = await loadNetworks(database, networks)
    const sentence = `${plural(held, 'network')} in ${printablePath(database.location)}\n`
    await writeOut(options.json ? `${jsonText({ networks: held })}\n` : sentence)
  } finally {
    await database.close()
  }
}

async function contentOf(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SourceError('unreadable', `cannot read the networks in ${path} (${code})`)
  }
}

async function show(addresses: string[], options: Options): Promise<void> {
  const wrong = addresses.find((address) => parseAddress(address) === null)
  if (wrong !== undefined) throw new UsageError(`"${wrong}" is not an IP address`)
  const database = await openNamed(options, { create: false })
  try {
    const networks = await networksOf(database, addresses)
    for (const address of addresses) {
      const network = networks.get(address)
      const line =
        network === undefined
          ? `${address}  in no network that was imported`
          : `${address}  ${network.prefix}  AS${network.asn}  ${printable(network.name)}`
      await writeOut(
        `${options.json ? jsonText({ address, ...(network ?? { prefix: null, asn: null, name: null }) }) : line}\n`,
      )
    }
  } finally {
    await database.close()
  }
}

async function clear(options: Options): Promise<void> {
  const database = await openNamed(options, { create: false })
  try {
    await loadNetworks(database, [])
    if (options.json) await writeOut(`${jsonText({ networks: 0 })}\n`)
  } finally {
    await database.close()
  }
}

const examples = `
In SQL:  SELECT dictGet('networks', 'name', tuple(server)), count()
         FROM transactions GROUP BY 1 ORDER BY 2 DESC
On a cluster it is named with its database: dictGet('dns.networks', ...)

Examples:
  overhear networks import networks.csv --store ./case-42
  overhear networks show 192.0.2.7 2001:db8::1 --store ./case-42
  overhear networks clear --store ./case-42
`
