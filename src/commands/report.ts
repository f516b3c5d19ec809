// overhear report: runs the detectors over a store, or over captures in a throw-away store.

import { Command, Option } from 'commander'
import { UsageError } from '../errors.ts'
import { type Severity, flagsOf, severities } from '../inspect/detect/detector.ts'
import { detectors, onRequest } from '../inspect/detect/index.ts'
import { report, type Report } from '../inspect/findings/report.ts'
import { reportHtml } from '../inspect/report/html-report.ts'
import { reportJson } from '../inspect/report/json.ts'
import { reportMarkdown } from '../inspect/report/markdown.ts'
import { reportOcsf } from '../inspect/report/ocsf.ts'
import { styleFor } from '../inspect/report/style.ts'
import { terminalWidth } from '../inspect/report/table.ts'
import { reportText } from '../inspect/report/text.ts'
import { wrap } from '../inspect/report/wrap.ts'
import { fitting, readWatchList } from '../inspect/watch/list.ts'
import { storedWatch } from '../inspect/watch/stored.ts'
import { type Moment, windowOf } from '../inspect/window.ts'
import { say, writeOut } from './output.ts'
import { momentOption } from './moment.ts'
import {
  clusterOption,
  jsonOption,
  keepDuplicatesOption,
  openNamed,
  portOption,
  storeOption,
} from './shared.ts'
import { isReadable, openThrowAway, takeIn } from './take-in.ts'

/** The `report` verb. */
export function reportCommand(): Command {
  const command = new Command('report')
    .configureHelp({ helpWidth: 79 })
    .summary('run the detectors and say what they found')
    .description(
      'Runs the detectors over the store, or over captures given, in a throw-away store.',
    )
    .argument('[file...]', 'captures or directories; - is standard input; none: the store')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .addOption(new Option('--format <name>', 'how it is written').choices(formats).default('text'))
    .option(
      '--detector <id>',
      `only this one (repeatable): ${ids.join(', ')}; ${onRequest.map(({ id }) => id).join(', ')} runs only when named`,
      collect,
    )
    .addOption(momentOption('since', 'from this packet time on'))
    .addOption(momentOption('until', 'before this packet time'))
    .addOption(
      new Option('--min-severity <level>', 'leave out what is less severe')
        .choices(severities)
        .default('low'),
    )
    .option(
      '--watch <file>',
      'more names to watch than the store does (overhear watch), one on each line',
    )
    .option('--exit-code', 'exit with 1 when there are findings')
    .option('--sql', 'show the query behind each finding')
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addHelpText('after', `\n${thresholdHelp()}\n${examples}`)
    .action(runReport)
  for (const { flag, definition } of thresholds) {
    const option = new Option(`${flag} <number>`, definition.help).hideHelp()
    command.addOption(option.argParser((text: string) => threshold(text, flag)))
  }
  return command
}

const formats = ['text', 'json', 'md', 'html', 'ocsf'] as const
type Format = (typeof formats)[number]

/** Longer lines are hard to read on a wide screen. */
const longestLine = 100

interface ReportFlags {
  store: string
  cluster?: string
  json?: true
  format: Format
  detector?: string[]
  since?: Moment
  until?: Moment
  minSeverity: Severity
  watch?: string
  exitCode?: true
  sql?: true
  port: number[]
  keepDuplicates?: true
  [threshold: string]: unknown
}

const known = [...detectors, ...onRequest]
const ids = known.map((detector) => detector.id)
const thresholds = flagsOf(known)

async function runReport(files: string[], flags: ReportFlags, command: Command): Promise<void> {
  const format = flags.json === true ? 'json' : flags.format
  const chosen = known.filter(
    (each) => flags.detector?.includes(each.id) ?? detectors.includes(each),
  )
  const fromFile = flags.watch === undefined ? [] : await readWatchList(flags.watch)
  const isThrowAway = files.length > 0
  if (isThrowAway && command.getOptionValueSource('store') === 'cli') {
    throw new UsageError(
      'report reads given captures in a throw-away store, so leave out either FILE or --store; ' +
        'to keep them: overhear ingest FILE --store DIR, then overhear report --store DIR',
    )
  }
  if (isThrowAway && !(await isReadable(files))) return
  const database = isThrowAway ? await openThrowAway() : await openNamed(flags, { create: false })
  try {
    const taken = isThrowAway ? await takeIn(files, database, flags) : 'whole'
    if (taken !== 'whole') process.exitCode = 3
    if (taken === 'nothing') return
    const stored = (await storedWatch(database)).map(({ name }) => name)
    const watch = fitting([...new Set([...stored, ...fromFile])], 'the watch list')
    const result = await report(database, chosen, {
      ...(await windowOf(database, flags)),
      minSeverity: flags.minSeverity,
      overrides: overridesOf(flags, command),
      watch,
      now: new Date(),
      isRemembered: !isThrowAway,
      onUnwritten: (error) => say(`${error.message}; so this report is not remembered`),
    })
    await writeOut(
      written(result, format, flags.sql === true, isThrowAway ? null : database.location),
    )
    if (flags.exitCode && result.findings.length > 0) process.exitCode = 1
  } finally {
    await database.close()
  }
}

function written(result: Report, format: Format, showSql: boolean, store: string | null): string {
  if (format === 'json') return reportJson(result)
  if (format === 'ocsf') return reportOcsf(result)
  if (format === 'md') return reportMarkdown(result, { store })
  if (format === 'html') return reportHtml(result, { store })
  const width = Math.min(terminalWidth(process.stdout), longestLine)
  const layout = { width, style: styleFor(process.stdout), showSql, store }
  return `${reportText(result, layout).join('\n')}\n`
}

function collect(id: string, before: string[] = []): string[] {
  if (ids.includes(id)) return [...before, id]
  throw new UsageError(`--detector takes one of ${ids.join(', ')}, not "${id}"`)
}

function threshold(text: string, flag: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value
  throw new UsageError(`${flag} takes a number from 0 up, not "${text}"`)
}

/** The thresholds given on the command line, by detector and parameter. */
function overridesOf(flags: ReportFlags, command: Command): Record<string, Record<string, number>> {
  const overrides: Record<string, Record<string, number>> = {}
  for (const { flag, detector, parameter } of thresholds) {
    const key = command.options.find((option) => option.long === flag)!.attributeName()
    if (flags[key] === undefined) continue
    overrides[detector] = { ...overrides[detector], [parameter]: flags[key] as number }
  }
  return overrides
}

/** A flag on a line of its own: they are too long to stand beside their help. */
function thresholdHelp(): string {
  const lines = thresholds.flatMap(({ flag, definition: { help, unit, ...definition } }) => {
    const text = `${help} [${definition.default}${unit === undefined ? '' : ` ${unit}`}]`
    return [`  ${flag} <number>`, ...wrap(text, 71).map((line) => `        ${line}`)]
  })
  return ['Thresholds of the detectors [and what they are without the flag]:', ...lines].join('\n')
}

const examples = `
Examples:
  overhear report breach.pcapng.gz
  overhear report --store ./case-42 --since 24h --min-severity high
  overhear report *.pcap --json > findings.json
  overhear report capture.pcap --detector exfiltration --sql
  overhear report --store ./case-42 --format html > report.html
  overhear report --watch names.txt --exit-code --json > today.json
`
