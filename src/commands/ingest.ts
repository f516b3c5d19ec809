// overhear ingest: captures into a store, each content once, with a ledger that adds up.

import { Command, Option } from 'commander'
import { UsageError } from '../errors.ts'
import type { IngestResult } from '../ingest/files.ts'
import type { FollowIngestOptions } from '../ingest/follow.ts'
import { requireFile } from '../ingest/unreadable.ts'
import { count, duration, plural } from '../inspect/report/quantity.ts'
import { printablePath as printable } from '../inspect/report/printable.ts'
import type { Mask } from '../ingest/store/mask.ts'
import { untilInterrupted } from './interrupt.ts'
import { ledgerLines } from './ledger.ts'
import { say, writeOut } from './output.ts'
import { readProgress } from './read-progress.ts'
import {
  clusterOption,
  followedPath,
  followIdleOption,
  followOption,
  jsonOption,
  keepDuplicatesOption,
  maskOption,
  openNamed,
  portOption,
  retainOption,
  sayRetained,
  sensorOption,
  storeOption,
} from './shared.ts'
import { isReadable } from './take-in.ts'

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
    .addOption(clusterOption())
    .addOption(jsonOption())
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addOption(new Option('--again', 'replace what the store holds of the same content'))
    .addOption(followOption())
    .addOption(followIdleOption())
    .addOption(sensorOption())
    .addOption(maskOption())
    .addOption(retainOption())
    .addHelpText('after', examples)
    .action(ingest)
}

interface Options {
  store: string
  cluster?: string
  json?: true
  port: number[]
  keepDuplicates?: true
  again?: true
  follow?: true
  followIdle?: number
  sensor: string
  maskClients?: Mask
  retain?: number
}

async function ingest(paths: string[], options: Options): Promise<void> {
  const growing = followedPath(paths, options)
  if (growing !== undefined && options.again) {
    throw new UsageError('--again replaces whole captures: it does not go with --follow')
  }
  if (growing !== undefined) await requireFile(growing)
  else if (!(await isReadable(paths))) return
  // The engine makes its tables on a thread of its own (0.1 s for a new store): meanwhile the code that fills them is loaded.
  const [database, { ingestFiles }, { ingestFollowed }] = await Promise.all([
    openNamed(options),
    import('../ingest/files.ts'),
    import('../ingest/follow.ts'),
  ])
  const progress = readProgress()
  const interrupt = untilInterrupted()
  try {
    const settings: FollowIngestOptions = {
      ports: options.port,
      keepDuplicates: options.keepDuplicates ?? false,
      sensor: options.sensor,
      signal: interrupt.signal,
      again: options.again ?? false,
      isStoreClosedNext: true,
      onRemoved: (removed) => {
        const rows = removed.reduce((sum, each) => sum + each.rows, 0)
        const what = `${plural(removed.length, 'capture')} with ${plural(rows, 'transaction')}`
        if (removed.length > 0) say(`removed ${what}, to be replaced`)
      },
      onRetained: sayRetained,
      ...progress,
    }
    if (options.maskClients !== undefined) settings.mask = options.maskClients
    if (options.retain !== undefined) settings.retainDays = options.retain
    if (options.followIdle !== undefined) settings.idleSeconds = options.followIdle
    const result =
      growing === undefined
        ? await ingestFiles(paths, database, settings)
        : await ingestFollowed(growing, database, settings)
    progress.clear()
    await writeOut(options.json ? `${JSON.stringify(result)}\n` : summary(result))
    if (options.maskClients !== undefined && result.totals.already > 0) {
      say(
        `${plural(result.totals.already, 'capture')} stored before: --mask-clients changes nothing there; with --again they are replaced`,
      )
    }
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
--mask-clients hides the client's address, client subnets (ECS) and options
that may name a device, and keeps no raw copies. It does not touch servers,
names asked (reverse names hold addresses), what answers say, ports, cookies
and times. Pseudonyms of key:FILE (16 random bytes or more) are the same in
every store: fd6f:7665:7268:0004::/64 for IPv4, ...:0006::/64 for IPv6.

Examples:
  overhear ingest trunk.pcapng.gz --store ./case-42
  overhear ingest /captures/2026-11 --store http://clickhouse:8123/dns
  overhear ingest --again trunk.pcapng.gz --store ./case-42
  overhear ingest *.pcap --mask-clients /24,/56 --retain 400d
  overhear ingest --follow /var/capture/today.pcap --store ./office
  zcat huge.pcap.gz | overhear ingest - --store ./case-42 --json
`
