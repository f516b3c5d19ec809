// overhear hunt: everything the store knows about a name, an address, a client, a domain or an answer.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Argument, Command } from 'commander'
import { SourceError, UsageError } from '../errors.ts'
import {
  type Hunt,
  huntFor,
  huntLines,
  huntsFrom,
  type Question,
  questions,
} from '../inspect/hunt/hunt.ts'
import { huntText } from '../inspect/report/hunt-text.ts'
import { printable, printablePath } from '../inspect/report/printable.ts'
import { styleFor } from '../inspect/report/style.ts'
import { type Moment, windowOf } from '../inspect/window.ts'
import { say, writeOut } from './output.ts'
import { momentOption } from './moment.ts'
import { clusterOption, jsonOption, limitOption, openNamed, storeOption } from './shared.ts'

/** The `hunt` verb. */
export function huntCommand(): Command {
  return new Command('hunt')
    .configureHelp({ helpWidth: 79 })
    .summary('everything about a name, an address, a client, a domain, an answer')
    .description('Tells everything the store knows about one value, with the frames that show it.')
    .addArgument(new Argument('<question>', 'what the value is').choices(questions))
    .argument('[value]', 'the value; may be left out with --from')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .option('--from <file>', 'many values, one on each line; - for standard input')
    .addOption(momentOption('since', 'from this packet time on'))
    .addOption(momentOption('until', 'before this packet time'))
    .addOption(limitOption('rows of each kind at most', 50))
    .addHelpText('after', examples)
    .action(async (question: Question, value: string | undefined, options: HuntFlags) => {
      const hunts = await huntsOf(question, value, options)
      const database = await openNamed(options, { create: false })
      try {
        const window = await windowOf(database, options)
        for (const hunt of hunts) {
          const parts = await hunt.ask(database, { ...window, limit: options.limit })
          const out = options.json ? huntLines(hunt, parts) : asText(hunt, parts, options.limit)
          if (out === '') say(nothingAbout(hunt, database.location, options))
          else await writeOut(out)
        }
      } finally {
        await database.close()
      }
    })
}

interface HuntFlags {
  store: string
  cluster?: string
  json?: true
  from?: string
  since?: Moment
  until?: Moment
  limit: number
}

async function huntsOf(
  question: Question,
  value: string | undefined,
  options: HuntFlags,
): Promise<Hunt[]> {
  if ((value === undefined) === (options.from === undefined)) {
    throw new UsageError(
      `give one value, or many with --from. Example: overhear hunt ${question} ${exampleValues[question]}`,
    )
  }
  if (value !== undefined) return [huntFor(question, value)]
  const path = options.from!
  return huntsFrom(question, await linesFrom(path), path)
}

async function linesFrom(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SourceError(
      'unreadable',
      `cannot read the values in ${printablePath(path)} (${code})`,
    )
  }
}

/** Cut to the screen on a terminal; in a pipe every value is whole, so that it can be searched and copied. */
function asText(hunt: Hunt, parts: Awaited<ReturnType<Hunt['ask']>>, limit: number): string {
  const width = process.stdout.isTTY ? process.stdout.columns : Infinity
  const heading = `${hunt.question} ${hunt.value}`
  const lines = huntText(heading, hunt.value, parts, limit, width, styleFor(process.stdout))
  return lines.map((line) => `${line}\n`).join('')
}

function nothingAbout(hunt: Hunt, location: string, options: HuntFlags): string {
  const bounds = options.since === undefined && options.until === undefined ? '' : ' in that time'
  return `nothing about ${hunt.question} ${printable(hunt.value)} in ${printablePath(location)}${bounds}.`
}

const exampleValues: Record<Question, string> = {
  name: 'login.example.org',
  address: '192.0.2.7',
  client: '192.0.2.7',
  domain: 'example.org',
  answer: '192.0.2.7',
}

const examples = `
The questions:
  name     who asked for it, its answers, how they changed, what went wrong
  address  names that resolved to it, queries it sent and served
  client   servers and domains it used, its failures, its hours, its rare types
  domain   names, clients, name servers and answers at and under it
  answer   every record that holds this data: an address, a target, a text
What reports found about it stands there too.

Examples:
  overhear hunt name login.example.org
  overhear hunt address 192.0.2.0/24 --since 24h   (a prefix, the last day)
  overhear hunt client 192.0.2.7 --json
  overhear hunt answer 'v=spf1 -all'
  overhear hunt name --from indicators.txt --json > hits.jsonl
`
