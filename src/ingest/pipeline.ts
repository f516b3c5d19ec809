// The write path on one page: capture -> decode -> match -> store. Batches, never packets, wait for anything.

import { SourceError } from '../errors.ts'
import type { Capture } from './capture/capture.ts'
import { Layers } from './decode/layers.ts'
import { Message } from './decode/message.ts'
import { Matcher, type MatchOptions, matchOptions } from './match/match.ts'
import { blockRows } from './store/block.ts'
import type { BlockOrigin } from './store/encode.ts'
import type { RowWriter } from './store/rows.ts'
import type { Spool } from './store/spool.ts'

/** How captures are read, decoded and matched. */
export interface PipelineOptions {
  /** Ports that carry DNS besides 53, 5353 and 5355. */
  ports: readonly number[]
  /** Name of this sensor, stored with every row. */
  sensor: string
  match: MatchOptions
  /** Rows of a block. */
  blockRows: number
  /** Live captures: a block is stored after this many milliseconds even when it is not full; 0 for files. */
  flushMs: number
  /** Called once a batch with the packets taken so far and the position in the uncompressed capture. */
  onProgress?: (packets: number, bytes: number) => void
  /** Ends the run before its next batch. A file's unfinished block is left out then, so that the next run can go on from whole blocks. */
  signal?: AbortSignal
}

/** Defaults for files. */
export const pipelineOptions: PipelineOptions = {
  ports: [],
  sensor: '',
  match: matchOptions,
  blockRows,
  flushMs: 0,
}

/** What one run counted. */
export interface RunCounts {
  packets: number
  /** Where every packet went. */
  layers: Layers
  /** What became of every message. */
  matcher: Matcher
}

/** Takes a capture in to its end. `tokenOf` names block number n for the exactly-once insert; `writer` may be used again afterwards. */
export async function runPipeline(
  capture: Capture,
  origin: BlockOrigin,
  tokenOf: (block: number) => string,
  spool: Spool,
  writer: RowWriter,
  options: PipelineOptions,
): Promise<RunCounts> {
  const message = new Message()
  const matcher = new Matcher(writer, options.match, origin.capture)
  writer.table = matcher.table
  const layers = new Layers(options.ports, (bytes, packet) => matcher.take(bytes, packet, message))
  const counts: RunCounts = { packets: 0, layers, matcher }
  let blocks = 0
  const storeFull = async () => {
    for (let block = writer.full.shift(); block !== undefined; block = writer.full.shift()) {
      await spool.store(block, origin, tokenOf(blocks++))
      writer.recycle(block)
    }
  }
  for await (const batch of withFlush(capture, options.flushMs)) {
    if (batch === 'flush') {
      writer.flush()
      await storeFull()
      continue
    }
    for (let i = 0; i < batch.count; i++) {
      layers.decode(batch, i)
      if (writer.full.length > 0) await storeFull()
    }
    counts.packets += batch.count
    const last = batch.count - 1
    if (last >= 0) options.onProgress?.(counts.packets, batch.offset[last] + batch.captured[last])
    if (options.signal?.aborted === true && options.flushMs === 0) {
      await spool.drain()
      throw new SourceError(
        'interrupted',
        `${capture.report.path}: stopped after ${counts.packets} packets; the same command takes it in from the start and stores nothing twice`,
      )
    }
  }
  const { seconds, nanoseconds } = layers.packet
  layers.finish()
  matcher.finish(seconds, nanoseconds)
  writer.flush()
  await storeFull()
  await spool.drain()
  return counts
}

/** The batches of a capture, and `flush` every `flushMs`, however many batches come; a batch on its way is not lost by that. */
async function* withFlush(capture: Capture, flushMs: number) {
  const batches = capture.batches()
  if (flushMs === 0) {
    yield* batches
    return
  }
  let next = batches.next()
  let dueMs = performance.now() + flushMs
  for (;;) {
    let timer: NodeJS.Timeout | undefined
    const tick = new Promise<'flush'>((resolve) => {
      timer = setTimeout(() => resolve('flush'), Math.max(0, dueMs - performance.now()))
    })
    const first = await Promise.race([next, tick])
    clearTimeout(timer)
    if (first !== 'flush') {
      if (first.done === true) return
      yield first.value
      next = batches.next()
    }
    // A busy port has always another batch ready: the clock is looked at after each.
    if (performance.now() < dueMs) continue
    yield 'flush' as const
    dueMs = performance.now() + flushMs
  }
}
