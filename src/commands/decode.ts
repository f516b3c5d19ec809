// overhear decode: every DNS message of a capture as one JSON line, without a store.

import { Command } from 'commander'
import { SourceError } from '../errors.ts'
import { type Capture, openCapture } from '../ingest/capture/capture.ts'
import { followed } from '../ingest/capture/follow.ts'
import { expandPaths } from '../ingest/capture/folder.ts'
import { inTimeOrder } from '../ingest/capture/order.ts'
import { binCounts } from '../ingest/decode/bins.ts'
import { decodeCapture } from '../ingest/messages.ts'
import { unreadLinks } from '../ingest/summary.ts'
import { untilInterrupted } from './interrupt.ts'
import { say, writeOut } from './output.ts'
import {
  followedPath,
  followIdleOption,
  followOption,
  keepDuplicatesOption,
  portOption,
} from './shared.ts'

/** The `decode` verb. */
export function decodeCommand(): Command {
  return new Command('decode')
    .summary('print every DNS message of a capture as JSON')
    .description(
      'Prints one JSON object per DNS message, in capture order, files in the order of their first packets. Nothing is stored.',
    )
    .argument('<file...>', 'captures: pcap, pcapng, also packed; - is standard input')
    .option('--count', 'print only the ledger: where every packet went')
    .option('--json', 'what it prints anyway: JSON, one object on each line')
    .addOption(portOption())
    .addOption(keepDuplicatesOption())
    .addOption(followOption())
    .addOption(followIdleOption())
    .addHelpText('after', examples)
    .action(decode)
}

interface DecodeOptions {
  count?: true
  port: number[]
  keepDuplicates?: true
  follow?: true
  followIdle?: number
}

async function decode(paths: string[], options: DecodeOptions): Promise<void> {
  const growing = followedPath(paths, options)
  if (growing !== undefined) {
    await decodeGrowing(growing, options)
    return
  }
  for (const { path } of await inTimeOrder((await expandPaths(paths)).paths)) {
    try {
      await decodeOne(await openCapture(path), options)
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      complain(error.message)
    }
  }
}

async function decodeGrowing(path: string, options: DecodeOptions): Promise<void> {
  const interrupt = untilInterrupted()
  const { followIdle: idleSeconds } = options
  const { signal } = interrupt
  try {
    const settings = idleSeconds === undefined ? { signal } : { signal, idleSeconds }
    for await (const capture of followed(path, settings)) await decodeOne(capture, options)
  } finally {
    interrupt.stop()
  }
}

async function decodeOne(capture: Capture, options: DecodeOptions): Promise<void> {
  const { path } = capture.report
  try {
    const counts = await decodeCapture(
      capture,
      options.port,
      options.count
        ? undefined
        : (messages) =>
            writeOut(messages.map((message) => `${JSON.stringify(message)}\n`).join('')),
      { keepDuplicates: options.keepDuplicates ?? false },
    )
    const { packets, messages } = counts
    const [tally] = counts.layers.tallies
    const bins = binCounts(tally.bins)
    if (options.count) {
      await writeOut(`${JSON.stringify({ path, packets, bins, messages })}\n`)
    }
    for (const { message } of capture.report.problems) complain(message)
    for (const sentence of unreadLinks(path, tally.unreadLinks)) complain(sentence)
  } finally {
    await capture.close()
  }
}

function complain(sentence: string): void {
  say(sentence)
  process.exitCode = 3
}

const examples = `
Examples:
  overhear decode trunk.pcapng.gz | jq 'select(.rcode == "NXDOMAIN")'
  overhear decode --count trunk.pcapng.gz
  tcpdump -r old.pcap -w - udp | overhear decode - --port 8053
`
