// overhear listen: a mirrored port into a store, until Ctrl-C.

import { Command } from 'commander'
import { ingestLive } from '../ingest/listen.ts'
import type { Mask } from '../ingest/store/mask.ts'
import { progressOn } from '../inspect/report/progress.ts'
import { untilInterrupted } from './interrupt.ts'
import { say, writeOut } from './output.ts'
import {
  clusterOption,
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
import { ledgerLines } from './ledger.ts'

/** The `listen` verb. */
export function listenCommand(): Command {
  return new Command('listen')
    .summary('capture a mirrored port into a store')
    .description(
      'Captures an interface through tcpdump (or dumpcap) until Ctrl-C, then stores ' +
        'and accounts for everything seen, drops of the kernel included.',
    )
    .argument('<interface>', 'network interface, as in: ip link')
    .addOption(storeOption())
    .addOption(clusterOption())
    .addOption(jsonOption())
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addOption(sensorOption())
    .addOption(maskOption())
    .addOption(retainOption())
    .option('--filter <expression>', 'pcap filter in place of our own (see man pcap-filter)')
    .addHelpText('after', examples)
    .action(listen)
}

interface Options {
  store: string
  cluster?: string
  json?: true
  port: number[]
  keepDuplicates?: true
  sensor: string
  maskClients?: Mask
  retain?: number
  filter?: string
}

async function listen(interfaceName: string, options: Options): Promise<void> {
  const database = await openNamed(options)
  const progress = progressOn()
  const interrupt = untilInterrupted()
  try {
    const entry = await ingestLive(interfaceName, database, {
      ports: options.port,
      keepDuplicates: options.keepDuplicates ?? false,
      sensor: options.sensor,
      signal: interrupt.signal,
      ...(options.maskClients === undefined ? {} : { mask: options.maskClients }),
      ...(options.retain === undefined ? {} : { retainDays: options.retain }),
      onRetained: (removed) => {
        progress.clear()
        sayRetained(removed)
      },
      live: options.filter === undefined ? {} : { filter: options.filter },
      onStart: () => say(`listening on ${interfaceName}; Ctrl-C stops and stores what was seen`),
      onProgress: (packets, bytes) =>
        progress.update({ path: interfaceName, bytes, totalBytes: 0, packets }),
    })
    progress.clear()
    await writeOut(
      options.json ? `${JSON.stringify(entry)}\n` : `${ledgerLines(entry).join('\n')}\n`,
    )
    for (const sentence of entry.problems) say(sentence)
    if (entry.problems.length > 0) process.exitCode = 3
  } finally {
    progress.clear()
    interrupt.stop()
    await database.close()
  }
}

const examples = `
Only the capturing program needs privileges: run as root, or once
  setcap cap_net_raw,cap_net_admin=eip $(command -v dumpcap)

Examples:
  overhear listen eth1 --store ./office
  overhear listen eth1 --store http://clickhouse:8123/dns --sensor dc-1
  overhear listen eth1 --retain 400d --mask-clients key:/etc/overhear.key
`
