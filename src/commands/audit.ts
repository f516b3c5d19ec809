// overhear audit: every record seen of a domain, who gave it, what changed, what is wrong, and what nobody asked for.

import { Command, Option } from 'commander'
import { UsageError } from '../errors.ts'
import { audit, type Audit } from '../inspect/audit/audit.ts'
import { nameOf } from '../inspect/hunt/subject.ts'
import { auditHtml } from '../inspect/report/audit-html.ts'
import { auditText } from '../inspect/report/audit-text.ts'
import { jsonText } from '../inspect/report/json.ts'
import { printable, printablePath } from '../inspect/report/printable.ts'
import { styleFor } from '../inspect/report/style.ts'
import { terminalWidth } from '../inspect/report/table.ts'
import { type Moment, windowOf } from '../inspect/window.ts'
import { momentOption } from './moment.ts'
import { say, writeOut } from './output.ts'
import {
  clusterOption,
  jsonOption,
  keepDuplicatesOption,
  limitOption,
  openNamed,
  portOption,
  storeOption,
} from './shared.ts'
import { isReadable, openThrowAway, takeIn } from './take-in.ts'

/** The `audit` verb. */
export function auditCommand(): Command {
  return new Command('audit')
    .configureHelp({ helpWidth: 79 })
    .summary('all records seen of a domain, its servers, changes and faults')
    .description(
      'Tells what the traffic shows of a domain and the names below it: every record\non every server, what changed when, what is wrong, and what nobody asked for.',
    )
    .argument('<domain>', 'the domain')
    .argument('[file...]', 'captures or directories; - is standard input; none: the store')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .addOption(new Option('--format <name>', 'how it is written').choices(formats).default('text'))
    .addOption(momentOption('since', 'from this packet time on'))
    .addOption(momentOption('until', 'before this packet time'))
    .addOption(limitOption('rows of each table at most, in text', 100))
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addHelpText('after', examples())
    .action(runAudit)
}

const formats = ['text', 'json', 'html'] as const

/** Longer lines are hard to read on a wide screen. */
const longestLine = 100

interface AuditFlags {
  store: string
  cluster?: string
  json?: true
  format: (typeof formats)[number]
  since?: Moment
  until?: Moment
  limit: number
  port: number[]
  keepDuplicates?: true
}

async function runAudit(
  text: string,
  files: string[],
  flags: AuditFlags,
  command: Command,
): Promise<void> {
  const domain = nameOf(text, 'audit')
  const isThrowAway = files.length > 0
  if (isThrowAway && command.getOptionValueSource('store') === 'cli') {
    throw new UsageError(
      'audit reads given captures in a throw-away store, so leave out either FILE or --store; ' +
        'to keep them: overhear ingest FILE --store DIR, then overhear audit DOMAIN --store DIR',
    )
  }
  if (isThrowAway && !(await isReadable(files))) return
  const database = isThrowAway ? await openThrowAway() : await openNamed(flags, { create: false })
  try {
    const taken = isThrowAway ? await takeIn(files, database, flags) : 'whole'
    if (taken !== 'whole') process.exitCode = 3
    if (taken === 'nothing') return
    const result = await audit(database, domain, await windowOf(database, flags))
    const isEmpty = result.records.length === 0 && result.window.exchanges === 0
    if (isEmpty) say(nothingAbout(domain, isThrowAway ? '' : database.location))
    if (!isEmpty || flags.json || flags.format !== 'text') await writeOut(written(result, flags))
  } finally {
    await database.close()
  }
}

function written(result: Audit, flags: AuditFlags): string {
  if (flags.json || flags.format === 'json') return `${jsonText(result, 2)}\n`
  if (flags.format === 'html') return auditHtml(result)
  const { stdout } = process
  const layout = {
    width: Math.min(terminalWidth(stdout), longestLine),
    tableWidth: stdout.isTTY ? terminalWidth(stdout) : Infinity,
    style: styleFor(stdout),
    showSql: false,
    store: null,
  }
  return `${auditText(result, flags.limit, layout).join('\n')}\n`
}

function nothingAbout(domain: string, location: string): string {
  const where = location === '' ? 'the captures' : printablePath(location)
  return `nothing about ${printable(domain)} in ${where}.`
}

function examples(): string {
  return `
Examples:
  overhear audit example.org --store ./case-42
  overhear audit example.org capture.pcap
  overhear audit example.org --store ./office --since 7d --json
  overhear audit example.org --store ./office --format html > example.org.html

What was never asked for cannot be seen: the audit says what that is.
`
}
