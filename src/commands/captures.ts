// overhear captures: what the ledger knows of each capture, how one is taken out of the store again, and how a store is made smaller.

import { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { mergeParts } from '../database/merges.ts'
import { SourceError, UsageError } from '../errors.ts'
import { removeWhole } from '../ingest/again.ts'
import { BegunNotes } from '../ingest/store/begun.ts'
import { spoolFolder } from '../ingest/store/place.ts'
import { captureLines, listCaptures, showCapture } from '../inspect/status/captures.ts'
import { jsonText } from '../inspect/report/json.ts'
import { printablePath } from '../inspect/report/printable.ts'
import { plural, size } from '../inspect/report/quantity.ts'
import { capturesText, captureText } from '../inspect/report/status-text.ts'
import { styleFor } from '../inspect/report/style.ts'
import { say, writeOut } from './output.ts'
import {
  clusterOption,
  jsonOption,
  openNamed,
  retainedDays,
  sayRetained,
  storeOption,
} from './shared.ts'
import { today } from '../ingest/store/encode.ts'
import { firstDayKept, retainFrom } from '../ingest/store/retention.ts'

interface Options {
  store: string
  cluster?: string
  json?: true
}

/** The `captures` verb. */
export function capturesCommand(): Command {
  const command = new Command('captures')
    .summary('list, show and remove the captures of a store')
    .description('Shows the ledger, and takes captures out of the store again.')
    .addHelpText('after', examples)
  command
    .command('list')
    .summary('one line for each capture')
    .description('Lists captures by the time of their ingest, unfinished ones last.')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action(reading(list))
  command
    .command('show')
    .summary('the line of the ledger')
    .description('Shows the whole line of the ledger, also of captures that were removed.')
    .argument('<id...>', 'captures by id, as list and transactions.capture have it')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action((ids: string[], options: Options) =>
      reading((database, { json }) => show(ids, database, json === true))(options),
    )
  command
    .command('remove')
    .summary('take captures out of the store')
    .description(
      'Deletes all rows of these captures and their share of passive DNS, and waits until they are gone. ' +
        'Their lines of the ledger are kept among the removals. The same files can be ingested again.',
    )
    .argument('<id...>', 'captures by id; an unfinished one goes with all that were begun with it')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action(remove)
  command
    .command('retain')
    .summary('remove what was ingested long ago')
    .description(
      'Removes what was ingested more than so many days ago, as --retain of ingest and listen does.',
    )
    .argument('<days>', 'days of ingest that are kept, as 400d', retainedDays)
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action(retain)
  command
    .command('merge')
    .summary('make look-ups faster, and large stores smaller')
    .description(
      'An ingest leaves its rows in small parts. This merges them, with the counts that look-ups of clients and hours read, ' +
        'in some five seconds for each million transactions of a large store. A server does so by itself.',
    )
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action(merge)
  for (const each of command.commands) {
    each.addHelpText('after', examples)
  }
  return command
}

function reading(work: (database: Database, options: Options) => Promise<void>) {
  return async (options: Options) => {
    const database = await openNamed(options, { create: false })
    try {
      await work(database, options)
    } finally {
      await database.close()
    }
  }
}

async function list(database: Database, { json }: Options): Promise<void> {
  const captures = await listCaptures(database)
  if (json) await writeOut(captureLines(captures))
  else if (captures.length === 0) say(`${printablePath(database.location)} holds no captures`)
  else
    await writeOut(
      capturesText(
        captures,
        process.stdout.isTTY ? process.stdout.columns : Infinity,
        styleFor(process.stdout),
      ),
    )
}

async function show(ids: string[], database: Database, isJson: boolean): Promise<void> {
  for (const id of ids) {
    const line = await showCapture(database, id)
    if (line === undefined) throw unknown(id, database)
    await writeOut(isJson ? `${jsonText(line)}\n` : captureText(line))
  }
}

async function remove(ids: string[], options: Options): Promise<void> {
  await reading(async (database) => {
    const known = new Set((await listCaptures(database)).map(({ id }) => id))
    for (const id of ids) if (!known.has(id)) throw unknown(id, database)
    const begun = new BegunNotes(spoolFolder(database))
    const removed = await removeWhole(ids, 'removed', database, begun)
    const lines = options.json
      ? removed.map((each) => jsonText(each))
      : removed.map(
          ({ id, path, rows }) =>
            `${id}  ${path === '' ? 'unfinished' : printablePath(path)}: ${plural(rows, 'transaction')} removed`,
        )
    await writeOut(lines.map((line) => `${line}\n`).join(''))
  })(options)
}

async function retain(days: number, options: Options): Promise<void> {
  await reading(async (database) => {
    const removed = await retainFrom(database, firstDayKept(days, today()))
    if (options.json) await writeOut(`${jsonText({ ...removed })}\n`)
    else sayRetained(removed)
  })(options)
}

async function merge(options: Options): Promise<void> {
  await reading(async (database) => {
    if (database.kind === 'server')
      throw new UsageError('a server merges by itself: there is nothing to do', 'server')
    const { before, after } = await mergeParts(database)
    if (options.json) await writeOut(`${jsonText({ before, after })}\n`)
    else
      await writeOut(
        `${plural(before.parts, 'part')}, ${size(before.bytes)} merged into ${plural(after.parts, 'part')}, ${size(after.bytes)}\n`,
      )
  })(options)
}

function unknown(id: string, database: Database): SourceError {
  return new SourceError(
    'no-such-capture',
    `${id}: ${database.location} knows no such capture; overhear captures list shows them all`,
  )
}

const examples = `
remove: an exchange whose query stands in another file of a rotation stays
with that file. A file that had grown is in the store as several captures;
after one of them was removed, ingest --again takes in the file as a whole.
On a server, passive DNS is made anew while no other sensor writes.

Examples:
  overhear captures list --store ./case-42
  overhear captures show 1f2e3d4c5b6a7988 --store ./case-42 --json
  overhear captures remove 1f2e3d4c5b6a7988 --store ./case-42
  overhear captures retain 400d --store ./office
  overhear captures merge --store ./case-42
`
