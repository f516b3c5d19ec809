// overhear allow: what findings may be left out of reports, why, and until when.

import { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { detectors, onRequest } from '../inspect/detect/index.ts'
import {
  allowEntry,
  type AllowEntry,
  type Conditions,
  conditionsText,
  covers,
  isInForce,
} from '../inspect/allow/entry.ts'
import { addAllowEntry, allowEntries, removeAllowEntry } from '../inspect/allow/list.ts'
import { knownFindings } from '../inspect/findings/store.ts'
import { jsonText } from '../inspect/report/json.ts'
import { printablePath } from '../inspect/report/printable.ts'
import { plural } from '../inspect/report/quantity.ts'
import { table } from '../inspect/report/table.ts'
import { say, writeOut } from './output.ts'
import { clusterOption, jsonOption, openNamed, type StoreFlags, storeOption } from './shared.ts'

/** The `allow` verb. */
export function allowCommand(): Command {
  const command = new Command('allow')
    .configureHelp({ helpWidth: 79 })
    .summary('what findings may be left out of reports, why and until when')
    .description(
      'Keeps the allow list of a store. What it covers is left out of the next report, where it is counted and named, never hidden.',
    )
    .addHelpText('after', examples)
  command.addCommand(addCommand())
  command.addCommand(
    new Command('list')
      .summary('the entries, with what they leave out now')
      .description('Lists the entries and how many known findings each leaves out.')
      .addOption(storeOption())
      .addOption(clusterOption())
      .addOption(jsonOption())
      .action(listEntries),
  )
  command.addCommand(
    new Command('remove')
      .summary('takes an entry out: its findings are back in the next report')
      .description('Takes an entry out of the list; its findings are back in the next report.')
      .argument('<id>', 'id of the entry, as the list shows it')
      .addOption(storeOption())
      .addOption(clusterOption())
      .addOption(jsonOption())
      .action(removeEntry),
  )
  return command
}

interface AllowFlags extends StoreFlags {
  json?: true
}

interface AddFlags extends AllowFlags, Conditions {
  reason?: string
  until?: string
}

function addCommand(): Command {
  return new Command('add')
    .summary('adds an entry; conditions given together have to be met together')
    .description(
      'Adds an entry. A finding is left out when it meets all conditions given. The same conditions again change the reason and the end.',
    )
    .option('--detector <id>', `of this detector only: ${ids.join(', ')}`)
    .option('--domain <name>', 'about this domain or a name under it')
    .option('--client <address>', 'about this client or victim')
    .option('--network <prefix>', 'about a client or victim in this network')
    .option('--server <address>', 'about this server')
    .option('--finding <id>', 'this one finding')
    .option('--reason <text>', 'why it is harmless (required)')
    .option('--until <time>', 'end: last day, ISO time, or a length from now (90d)')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(addEntry)
}

const ids = [...detectors, ...onRequest].map(({ id }) => id)

async function addEntry(flags: AddFlags): Promise<void> {
  const now = new Date()
  const { store: _store, cluster: _cluster, json: _json, ...typed } = flags
  const entry = allowEntry(typed, ids, now)
  await inStore(flags, async (database) => {
    await addAllowEntry(database, entry)
    const covered = await coveredBy(entry, database)
    if (flags.json) return `${jsonText({ ...entry, findings: covered })}\n`
    const end = entry.until === null ? 'without an end' : `until ${entry.until}`
    const known =
      covered.length === 0
        ? 'no finding known so far'
        : `${plural(covered.length, 'finding')} known so far`
    return `${entry.id}  ${conditionsText(entry.conditions)}, ${end}: covers ${known}\n`
  })
}

async function listEntries(flags: AllowFlags): Promise<void> {
  const now = new Date()
  await inStore(flags, async (database) => {
    const entries = await allowEntries(database)
    const known = [...(await knownFindings(database)).values()]
    const rows = entries.map((entry) => ({
      ...entry,
      status: isInForce(entry, now) ? 'in force' : 'expired',
      findings: known
        .filter((finding) => finding.status !== 'gone' && covers(entry, finding))
        .map(({ id }) => id),
    }))
    if (flags.json) return rows.map((row) => `${jsonText(row)}\n`).join('')
    if (rows.length === 0) {
      say('the allow list is empty; overhear allow add --help shows how to add to it')
      return ''
    }
    const width = process.stdout.isTTY ? Math.max(process.stdout.columns, 60) : Infinity
    const columns = [
      { title: 'id', fixed: true },
      { title: 'covers' },
      { title: 'findings', right: true },
      { title: 'until', fixed: true },
      { title: 'reason', list: true },
    ]
    const cells = rows.map((row) => [
      row.id,
      printablePath(conditionsText(row.conditions)),
      row.status === 'expired' ? '-' : String(row.findings.length),
      row.until === null ? 'no end' : dayText(row.until, row.status),
      printablePath(row.reason),
    ])
    return table(columns, cells, width)
      .map((line) => `${line}\n`)
      .join('')
  })
}

async function removeEntry(id: string, flags: AllowFlags): Promise<void> {
  await inStore(flags, async (database) => {
    const entry = await removeAllowEntry(database, id, new Date())
    if (flags.json) return `${jsonText(entry)}\n`
    return `${entry.id}  ${printablePath(conditionsText(entry.conditions))}: removed, what it covered is back in the next report\n`
  })
}

/** Known findings that the entry leaves out from now on. */
async function coveredBy(entry: AllowEntry, database: Database): Promise<string[]> {
  const known = await knownFindings(database)
  return [...known.values()]
    .filter((finding) => finding.status !== 'gone' && covers(entry, finding))
    .map(({ id }) => id)
}

async function inStore(
  flags: StoreFlags,
  work: (database: Database) => Promise<string>,
): Promise<void> {
  const database = await openNamed(flags, { create: false })
  try {
    await writeOut(await work(database))
  } finally {
    await database.close()
  }
}

function dayText(until: string, status: string): string {
  const day = until.slice(0, 16).replace('T', ' ')
  return status === 'expired' ? `${day} (expired)` : day
}

const examples = `
Examples:
  overhear allow add --detector exfiltration --domain example.org \\
    --reason 'mail filter of the office' --until 2026-12-31
  overhear allow add --network 192.0.2.0/24 --reason 'test lab' --until 90d
  overhear allow list --json
  overhear allow remove 1a2b3c4d
`
