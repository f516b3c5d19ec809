// A mirrored port or any other interface as a capture: tcpdump or dumpcap does the capturing, so only it needs privileges.

import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SourceError } from '../../errors.ts'
import { streamSource, tallied } from './bytes.ts'
import type { Capture } from './capture.ts'
import { dnsPorts, kernelFilter, untaggedFilter } from './kernel-filter.ts'
import { explainFailure, isFatal, readKernelCounts } from './live-talk.ts'
import type { KernelCounts } from './live-talk.ts'
import { CaptureReader } from './reader.ts'
import type { CaptureReport } from './report.ts'

/** How an interface is captured. */
export interface LiveOptions {
  /** Ports besides 53, 5353 and 5355. */
  ports?: readonly number[]
  /** Bytes kept of each packet. */
  snaplen?: number
  /** Kernel buffer, in KiB. */
  bufferKiB?: number
  /** A pcap-filter(7) expression in place of `kernelFilter`. */
  filter?: string
  /** The program to use in place of tcpdump or else dumpcap. */
  tool?: string
}

/** A capture's report with what the kernel counted, known once the batches have ended. */
export interface LiveReport extends CaptureReport {
  kernel: KernelCounts
}

/** A running live capture; its batches end after `stop` or when the interface goes away. */
export interface LiveCapture extends Capture {
  readonly report: LiveReport
  /** Resolves when the program has been told; every packet seen until now is still delivered by `batches`. */
  stop(): Promise<void>
}

/** Starts capturing on an interface; throws SourceError when it cannot be captured. */
export async function openLive(name: string, options: LiveOptions = {}): Promise<LiveCapture> {
  const ports = [...new Set([...dnsPorts, ...(options.ports ?? [])])]
  const filters =
    options.filter === undefined ? [kernelFilter(ports), untaggedFilter(ports)] : [options.filter]
  const tools = options.tool === undefined ? ['tcpdump', 'dumpcap'] : [options.tool]
  let failure: SourceError | null = null
  for (const tool of tools) {
    for (const filter of filters) {
      const started = await start(name, tool, filter, options)
      if (!(started instanceof SourceError)) return started
      // A missing second program must not hide what the first one said.
      if (failure === null || started.code !== 'no-tool') failure = started
      if (started.code !== 'no-vlan') break
    }
    if (failure !== null && isFatal(failure)) break
  }
  throw failure
}

// tcpdump and libpcap hand a block of packets over after a second at the latest (measured: an earlier SIGINT loses it).
const blockTimeoutMs = 1200
const longestStopMs = 5000

type Child = ChildProcessByStdio<null, Readable, Readable>

async function start(
  name: string,
  tool: string,
  filter: string,
  options: LiveOptions,
): Promise<LiveCapture | SourceError> {
  // Its own process group: a terminal's Ctrl-C reaches only us, and `stop` ends the child in good order.
  const child: Child = spawn(tool, toolArguments(name, tool, filter, options), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const talk = collectTalk(child)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const end = () => child.kill('SIGTERM')
  process.once('exit', end)
  const bytes = streamSource(child.stdout)
  const source = tallied({
    async read(into, at) {
      const sizeBytes = await bytes.read(into, at)
      // The counters come after the last packet: they are waited for.
      if (sizeBytes === 0) await ended
      return sizeBytes
    },
    async close() {
      end()
      await bytes.close()
      await ended
      process.removeListener('exit', end)
    },
  })
  const content = {
    source,
    packed: source.tally,
    plain: source.tally,
    compression: 'none',
    damage: () => null,
  } as const
  const reader = new CaptureReader(name, content, { isLive: true })
  const kernel: KernelCounts = { captured: null, received: null, dropped: null }
  const report = Object.assign(reader.report, { kernel })
  await reader.fill()
  if (report.format === 'none') {
    await source.close()
    return explainFailure(name, tool, child.pid === undefined, talk.text)
  }
  let isStopped = false
  return {
    head: new Uint8Array(0),
    report,
    async *batches() {
      yield* reader.batches()
      Object.assign(kernel, readKernelCounts(talk.text))
      const [link] = report.links
      if (link !== undefined)
        report.interfaces = [{ name, link, received: kernel.received, dropped: kernel.dropped }]
      if (isStopped) return
      const { message } = explainFailure(name, tool, false, talk.text)
      report.problems.push({ code: 'live-ended', offset: report.contentBytes, message })
    },
    async stop() {
      if (isStopped) return
      isStopped = true
      await untilDelivered(report)
      child.kill('SIGINT')
    },
    async close() {
      isStopped = true
      await source.close()
    },
  }
}

function toolArguments(name: string, tool: string, filter: string, options: LiveOptions): string[] {
  const snaplen = String(options.snaplen ?? 4096)
  const bufferKiB = options.bufferKiB ?? 65_536
  if (/dumpcap(\.exe)?$/i.test(tool)) {
    const bufferMiB = String(Math.max(1, Math.round(bufferKiB / 1024)))
    return ['-q', '-P', '-s', snaplen, '-B', bufferMiB, '-f', filter, '-i', name, '-w', '-']
  }
  // -U hands packets on as they come. Never --immediate-mode: it gives up the block-wise kernel ring and drops packets.
  return ['-i', name, '-s', snaplen, '-B', String(bufferKiB), '-n', '-U', '-w', '-', '--', filter]
}

// A program that complains for months must not fill memory; what counts comes last.
const longestTalk = 8000

function collectTalk(child: Child): { text: string } {
  const talk = { text: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk.text = (talk.text + text).slice(-longestTalk)
  })
  return talk
}

/** Waits until a packet from after this moment has come or the line has gone quiet. */
async function untilDelivered(report: CaptureReport): Promise<void> {
  const stopMs = Date.now()
  let quietSinceMs = stopMs
  let { packets } = report
  for (;;) {
    await sleep(50)
    const nowMs = Date.now()
    if (report.packets > packets) quietSinceMs = nowMs
    ;({ packets } = report)
    const lastMs = (report.lastTime?.seconds ?? 0) * 1000
    if (lastMs > stopMs || nowMs - quietSinceMs > blockTimeoutMs || nowMs - stopMs > longestStopMs)
      return
  }
}
