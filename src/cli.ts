#!/usr/bin/env node
// The program: its verbs, and what every run ends with.

import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError } from 'commander'
import { say } from './commands/output.ts'
import { SourceError, StoreError, UsageError } from './errors.ts'
import { version } from './version.ts'

// The packet path is many small functions, and V8 stops inlining them after 920 bytes of bytecode. Measured on 2.4 M packets of NSD: 3 % less time.
setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000')

const program = new Command('overhear')
  .description(
    'Passive DNS traffic analyzer: from a capture or a mirrored port to findings\nan analyst can check. It never sends a DNS query of its own.',
  )
  .version(version)
  .addHelpText('after', examples())

const verbs: Record<string, () => Promise<Command>> = {
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  ingest: async () => (await import('./commands/ingest.ts')).ingestCommand(),
  listen: async () => (await import('./commands/listen.ts')).listenCommand(),
  hunt: async () => (await import('./commands/hunt.ts')).huntCommand(),
  allow: async () => (await import('./commands/allow.ts')).allowCommand(),
  watch: async () => (await import('./commands/watch.ts')).watchCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  sql: async () => (await import('./commands/sql.ts')).sqlCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  captures: async () => (await import('./commands/captures.ts')).capturesCommand(),
  networks: async () => (await import('./commands/networks.ts')).networksCommand(),
  decode: async () => (await import('./commands/decode.ts')).decodeCommand(),
  score: async () => (await import('./commands/score.ts')).scoreCommand(),
}

// A run needs the code of one verb, the version of none; help, and a word that is none, need all.
const [, , word = ''] = process.argv
const named = Object.entries(verbs).filter(([verb]) => verb === word)
const needed = named.length > 0 || /^(-V|--version)$/.test(word) ? named : Object.entries(verbs)
const commands = await Promise.all(needed.map(([, load]) => load()))
for (const command of commands) program.addCommand(command)
for (const command of [program, ...commands, ...commands.flatMap((verb) => verb.commands)]) {
  const help = `${pathTo(command)} --help`
  command
    .exitOverride()
    .configureHelp({ helpWidth: 79 })
    .configureOutput({ outputError: (text) => say(`${wrongUsage(text)}; ${help} shows how`) })
}

process.stdout.on('error', endWithoutReader)
// Whoever stopped reading what we tell has not stopped the work.
process.stderr.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = statusOf(error)
}

/** `overhear`, `overhear report`, `overhear allow add`. */
function pathTo(command: Command): string {
  return command.parent === null ? command.name() : `${pathTo(command.parent)} ${command.name()}`
}

/** Tells the user what went wrong, and gives the exit status: 2 usage, 3 input, 4 store; anything else is a bug and shows its stack. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof SourceError || error instanceof StoreError) {
    say(error.message)
    if (error instanceof UsageError) return 2
    return error instanceof SourceError ? 3 : 4
  }
  process.stderr.write(`overhear: this is a bug, please report it:\n${stackOf(error)}\n`)
  return 70
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** What commander says is wrong, as part of our sentence: "error: unknown option '--foo'\n(Did you mean --for?)". */
function wrongUsage(text: string): string {
  return text
    .replace(/^error: /, '')
    .replace(
      /^command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are (.*?)\.?\s*$/s,
      "the $2 is one of $3, not '$1'",
    )
    .trim()
    .replace(/\.$/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
}

/** Whoever reads us has seen enough: `overhear decode x | head` ends without a word. A full disk is told. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  const why = error.code === 'ENOSPC' ? 'no space left on its disk' : error.message
  say(`standard output cannot be written: ${why}; make room or write elsewhere, and run it again`)
  process.exit(4)
}

function examples(): string {
  return `
Examples:
  overhear report breach.pcapng.gz
  overhear ingest *.pcap --store ./case-42
  overhear hunt name login.example.org --store ./case-42
  overhear listen eth1 --store http://clickhouse:8123/dns

Exit status: 0 done, 1 findings (report --exit-code), 2 usage, 3 input
unreadable or partly rejected (what could be read is stored), 4 store error.
`
}
