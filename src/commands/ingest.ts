// overhear ingest: captures into a store, each content once, with a ledger that adds up.

import { Command } from 'commander'
import { openStore } from '../database/open.ts'
import { type IngestResult, ingestFiles } from '../ingest/files.ts'
import { type FollowIngestOptions, ingestFollowed } from '../ingest/follow.ts'
import { count, duration, plural } from '../inspect/report/quantity.ts'
import { printablePath as printable } from '../inspect/report/printable.ts'
import { progressOn } from '../inspect/report/progress.ts'
import { untilInterrupted } from './interrupt.ts'
import { ledgerLines } from './ledger.ts'
import { say, writeOut } from './output.ts'
import {
  followedPath,
  followIdleOption,
  followOption,
  jsonOption,
  keepDuplicatesOption,
  portOption,
  sensorOption,
  storeOption,
} from './shared.ts'

/** The `ingest` verb. */
export function ingestCommand(): Command {
  return new Command('ingest')
    .summary('put captures into a store')
    .description(
      'Decodes captures, pairs queries with answers and stores both. The same content ' +
        'is stored once, whatever its file is called. Every packet ends in one counted bin. ' +
        'Files are read in the order of their first packets; those that go on one from another ' +
        '(tcpdump -C, ring buffers) are matched across their borders.',
    )
    .argument(
      '<file|dir|-...>',
      'captures: pcap, pcapng, also packed; a folder is searched, a pattern expanded',
    )
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addOption(followOption())
    .addOption(followIdleOption())
    .addOption(sensorOption())
    .addHelpText('after', examples)
    .action(ingest)
}

interface Options {
  store: string
  json?: true
  port: number[]
  keepDuplicates?: true
  follow?: true
  followIdle?: number
  sensor: string
}

async function ingest(paths: string[], options: Options): Promise<void> {
  const growing = followedPath(paths, options)
  const database = await openStore(options.store)
  const progress = progressOn()
  const state = { path: '', bytes: 0, totalBytes: 0, packets: 0 }
  const interrupt = untilInterrupted()
  try {
    const settings: FollowIngestOptions = {
      ports: options.port,
      keepDuplicates: options.keepDuplicates ?? false,
      sensor: options.sensor,
      signal: interrupt.signal,
      onCapture: (path, totalBytes) => {
        Object.assign(state, { path, totalBytes })
      },
      onProgress: (packets, bytes) => progress.update(Object.assign(state, { packets, bytes })),
      onProblem: (sentence) => {
        progress.clear()
        say(sentence)
      },
    }
    if (options.followIdle !== undefined) settings.idleSeconds = options.followIdle
    const result =
      growing === undefined
        ? await ingestFiles(paths, database, settings)
        : await ingestFollowed(growing, database, settings)
    progress.clear()
    await writeOut(options.json ? `${JSON.stringify(result)}\n` : summary(result))
    if (result.problems.length > 0) process.exitCode = 3
    if (interrupt.signal.aborted && growing === undefined) process.exitCode = 130
  } finally {
    progress.clear()
    interrupt.stop()
    await database.close()
  }
}

function summary(result: IngestResult): string {
  const { files, totals } = result
  const stored = plural(totals.files - totals.already, 'capture')
  const lines = [
    ...files.flatMap(ledgerLines),
    `${stored} stored in ${printable(result.store)}: ` +
      `${count(totals.transactions)} transactions in ${duration(totals.seconds)}`,
  ]
  return `${lines.join('\n')}\n`
}

const examples = `
Examples:
  overhear ingest trunk.pcapng.gz --store ./case-42
  overhear ingest /captures/2026-11 --store http://clickhouse:8123/dns
  overhear ingest --follow /var/capture/today.pcap --store ./office
  zcat huge.pcap.gz | overhear ingest - --store ./case-42 --json
`
