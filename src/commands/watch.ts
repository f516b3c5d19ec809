// overhear watch: names whose answers must not change, what is trusted of them, and what an analyst declared good.

import { isIP } from 'node:net'
import { Command } from 'commander'
import type { Database } from '../database/database.ts'
import { UsageError } from '../errors.ts'
import { jsonText } from '../inspect/report/json.ts'
import { printable, printablePath } from '../inspect/report/printable.ts'
import { accept, acceptedIn, never } from '../inspect/watch/accepted.ts'
import { baselineOf } from '../inspect/watch/baseline.ts'
import { readWatchList } from '../inspect/watch/list.ts'
import { watchedName } from '../inspect/watch/name.ts'
import { addWatched, removeWatched, storedWatch } from '../inspect/watch/stored.ts'
import { watchedTypes } from '../inspect/watch/targets.ts'
import { acceptedText, baselineText, listText, showText } from '../inspect/watch/text.ts'
import { recordsOf } from '../inspect/watch/unobserved.ts'
import { parseMoment } from '../inspect/window.ts'
import { say, writeOut } from './output.ts'
import { clusterOption, jsonOption, openNamed, storeOption } from './shared.ts'

/** The `watch` verb and its own verbs. */
export function watchCommand(): Command {
  const command = new Command('watch')
    .configureHelp({ helpWidth: 79 })
    .summary('names whose answers must not change, and what is trusted of them')
    .description(
      'Keeps the list of watched names. Watching a domain watches its apex, its NS, MX, SOA, SPF, DMARC, CAA, DS and DNSKEY records, its usual hosts (www, mail, webmail, vpn, autodiscover, remote), and the addresses of every NS and MX host ever seen.',
    )
    .addHelpText('after', examples)
  const verb = (...[usage, summary, example, action]: VerbWords) =>
    addVerb(command, usage, summary, action).addHelpText(
      'after',
      `\nExample:\n  overhear watch ${example}\n`,
    )
  verb('add <name...>', 'watch these names', 'add example.org --store ./office', add)
  verb('list', 'the watched names', 'list --json', list)
  verb('show <name>', 'what that means, and what was seen', 'show example.org', show)
  verb('remove <name...>', 'watch these names no longer', 'remove example.org', remove)
  verb(
    'import <file>',
    'watch the names in a file',
    'import names.txt   (one name on each line)',
    importFile,
  )
  verb('baseline <name>', 'what is trusted, since when', 'baseline example.org', baseline)
  verb(
    'accept <name> <type> <value>',
    'declare a value good, at once',
    "accept www.example.org A 203.0.113.7 --reason 'CHG-1204'",
    acceptValue,
  )
    .requiredOption('--reason <text>', 'why, for whoever reads it later')
    .option('--until <time>', 'packet time from which it counts as unknown again: ISO')
  return command
}

interface Flags {
  store: string
  cluster?: string
  json?: true
  reason?: string
  until?: string
}

/** What the detector needs before anything counts as a change; its flags may say otherwise there. */
const limits = { minAnswers: 5, minHours: 1 }

type VerbWords = [
  usage: string,
  summary: string,
  example: string,
  action: (words: string[], flags: Flags) => Promise<void>,
]

function addVerb(
  parent: Command,
  usage: string,
  summary: string,
  action: (words: string[], flags: Flags) => Promise<void>,
): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .configureHelp({ helpWidth: 79 })
    .exitOverride()
    .copyInheritedSettings(parent)
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .action(async (...given: unknown[]) => {
      const flags = given.at(-2) as Flags
      await action(given.slice(0, -2).flat() as string[], flags)
    })
}

async function add(words: string[], flags: Flags): Promise<void> {
  await addAll(
    words.map((word) => watchedName(word, 'watch add')),
    flags,
  )
}

async function importFile([path = '']: string[], flags: Flags): Promise<void> {
  await addAll(await readWatchList(path), flags)
}

async function addAll(names: string[], flags: Flags): Promise<void> {
  await using(flags, true, async (database) => {
    const fresh = new Set(await addWatched(database, names))
    const unique = [...new Set(names)]
    if (flags.json) return writeOut(lines(unique.map((name) => ({ name, added: fresh.has(name) }))))
    for (const name of unique) {
      await writeOut(
        `${printable(name)} ${fresh.has(name) ? 'is watched' : 'was watched already'}\n`,
      )
    }
  })
}

async function list(_: string[], flags: Flags): Promise<void> {
  await using(flags, false, async (database) => {
    const watched = await storedWatch(database)
    if (flags.json) return writeOut(lines(watched))
    if (watched.length > 0) return writeOut(text(listText(watched, width())))
    say(`nothing is watched in ${printablePath(database.location)}: overhear watch add example.org`)
  })
}

async function show([word = '']: string[], flags: Flags): Promise<void> {
  await using(flags, false, async (database) => {
    const name = await known(database, word, 'show')
    const records = await recordsOf(database, name)
    if (flags.json) return writeOut(lines(records))
    await writeOut(text(showText(records, width())))
    const accepted = (await acceptedIn(database)).filter((row) => isBelow(row.name, name))
    if (accepted.length > 0) await writeOut(`\n${text(acceptedText(accepted, width()))}`)
  })
}

async function remove(words: string[], flags: Flags): Promise<void> {
  await using(flags, false, async (database) => {
    const names = await Promise.all(words.map((word) => known(database, word, 'remove')))
    const gone = await removeWatched(database, names)
    if (flags.json) return writeOut(lines(gone.map((name) => ({ name, removed: true }))))
    await writeOut(text(gone.map((name) => `${printable(name)} is watched no longer`)))
  })
}

async function baseline([word = '']: string[], flags: Flags): Promise<void> {
  await using(flags, false, async (database) => {
    const name = await known(database, word, 'baseline')
    const rows = await baselineOf(database, [name], limits)
    if (flags.json) return writeOut(lines(rows))
    if (rows.length > 0) return writeOut(text(baselineText(rows, width())))
    say(`nothing about ${printable(name)} was seen yet in ${printablePath(database.location)}`)
  })
}

async function acceptValue(words: string[], flags: Flags): Promise<void> {
  const [word = '', typed = '', given = ''] = words
  const name = watchedName(word, 'watch accept')
  const type = typed.toUpperCase()
  if (!watchedTypes.some((each) => each === type)) {
    throw new UsageError(
      `watch accept takes a type of ${watchedTypes.join(', ')}, not "${printable(typed)}"`,
    )
  }
  if (given.trim() === '' || (flags.reason ?? '').trim() === '') {
    throw new UsageError('watch accept needs a value and a --reason that are not empty')
  }
  if ((type === 'A' || type === 'AAAA') && given !== '(none)' && !isAddressOf(type, given)) {
    throw new UsageError(
      `watch accept ${name} ${type} takes an ${type === 'A' ? 'IPv4' : 'IPv6'} address, not "${printable(given)}"`,
    )
  }
  const until = flags.until === undefined ? never : parseMoment(flags.until, '--until')
  if (typeof until === 'number') {
    throw new UsageError('--until takes an ISO time such as 2026-12-31, not a length')
  }
  const data = ['NS', 'CNAME', 'MX'].includes(type) ? given.replace(/(?<=[^\\.\s])\.$/, '') : given
  const mx = type === 'MX' && !/\s/.test(data) ? `0 ${data}` : data
  await using(flags, true, async (database) => {
    const value = await accept(database, {
      name,
      type,
      given: mx,
      reason: flags.reason ?? '',
      until,
    })
    if (flags.json) return writeOut(lines([{ name, type, value, reason: flags.reason, until }]))
    const end = until === never ? '' : ` until ${until}`
    const isNetwork = value !== given && (type === 'A' || type === 'AAAA')
    const whole = isNetwork ? `: addresses count by their network, so ${given} is` : ''
    await writeOut(`${printable(`${type} ${value} of ${name} is good`)}${end}${whole}\n`)
  })
}

function isAddressOf(type: 'A' | 'AAAA', given: string): boolean {
  return isIP(given) === (type === 'A' ? 4 : 6)
}

/** A name as it stands on the list; an error that says what is there when it does not. */
async function known(database: Database, word: string, verbName: string): Promise<string> {
  const name = watchedName(word, `watch ${verbName}`)
  const watched = await storedWatch(database)
  if (watched.some((each) => each.name === name)) return name
  const near = watched.find((each) => isBelow(name, each.name))
  const toDo =
    verbName === 'remove' ? 'overhear watch list shows what is' : `overhear watch add ${name}`
  const hint = near === undefined ? toDo : `it is watched with ${near.name}`
  throw new UsageError(
    `${name} is not on the watch list of ${printablePath(database.location)}: ${hint}`,
    'not-watched',
  )
}

function isBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}

async function using(
  flags: Flags,
  create: boolean,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openNamed(flags, { create })
  try {
    await work(database)
  } finally {
    await database.close()
  }
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${jsonText(row)}\n`).join('')
}

function text(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('')
}

/** Cut to the screen on a terminal; in a pipe every value is whole. */
function width(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Infinity
}

const examples = `
Examples:
  overhear watch add example.org login.partner.example --store ./office
  overhear watch import names.txt
  overhear watch baseline example.org
  overhear watch accept www.example.org A 203.0.113.7 --reason 'CHG-1204'
  overhear watch accept example.org DS '(none)' --reason 'key rollover' \\
    --until 2026-12-31
  overhear report --detector answer-change
`
