// The write path on one page: capture -> decode -> match -> store. Batches, never packets, wait for anything.

import { SourceError } from '../errors.ts'
import type { Capture } from './capture/capture.ts'
import { Layers, type LayerTally } from './decode/layers.ts'
import { Message } from './decode/message.ts'
import { Mirror } from './decode/mirror.ts'
import { Matcher, type MatchOptions, matchOptions, type MatchTally } from './match/match.ts'
import { blockRows } from './store/block.ts'
import type { BlockOrigin } from './store/encode.ts'
import { type Mask, maskBlock } from './store/mask.ts'
import { tokenOrigin } from './store/removal.ts'
import type { RowWriter } from './store/rows.ts'
import type { Spool } from './store/spool.ts'

/** How captures are read, decoded and matched. */
export interface PipelineOptions {
  /** Ports that carry DNS besides 53, 5353 and 5355. */
  ports: readonly number[]
  /** Name of this sensor, stored with every row. */
  sensor: string
  match: MatchOptions
  /** Whether frames that a mirror delivers twice are taken twice. */
  keepDuplicates: boolean
  /** How clients' addresses are masked before a row is stored; as they are when absent. */
  mask?: Mask
  /** Rows of a block. */
  blockRows: number
  /** Live captures: a block is stored after this many milliseconds even when it is not full; 0 for files. */
  flushMs: number
  /** Called once a batch with the packets taken so far and the position in the uncompressed capture. */
  onProgress?: (packets: number, bytes: number) => void
  /** Of a capture whose blocks are cut by the clock and that can be read again: where they are cut. */
  cuts?: Cuts
  /** Ends the run before its next batch. A file's unfinished block is left out then, so that the next run can go on from whole blocks. */
  signal?: AbortSignal
}

/** Defaults for files. */
export const pipelineOptions: PipelineOptions = {
  ports: [],
  sensor: '',
  match: matchOptions,
  keepDuplicates: false,
  blockRows,
  flushMs: 0,
}

/** Numbers of packets after which blocks are cut, so that a repeated run can cut them there as well. */
export interface Cuts {
  /** Where they were cut before, in order; emptied as they are come to. Until then the clock cuts none. */
  planned: number[]
  /** Called before a block is stored: cut after so many packets, or full (null). */
  note(packets: number | null): Promise<void>
}

/** What the rows of a run have in common. */
export interface RunOrigin extends BlockOrigin {
  /** How often the first capture was in the store before and removed. */
  generation?: number
  /** Uncompressed size of the first capture; 0 when it is not known. */
  sizeBytes?: number
}

/** What a run counted of one capture. */
export interface RunCounts {
  packets: number
  /** Where every packet went. */
  layers: LayerTally
  /** What became of every message. */
  matcher: MatchTally
  /** Messages of the whole run that the layers handed on and that rows account for; equal once it is finished. */
  run: { messages: number; accounted: number }
}

/**
 * One run: a capture, or several that go on one from another, with queries, fragments and streams carried over from each to the next. Call
 * `take` for each, then `finish`; only then are rows and counts complete.
 */
export class Intake {
  private readonly origin: RunOrigin & { captures: string[] }
  private readonly spool: Spool
  private readonly writer: RowWriter
  private readonly options: PipelineOptions
  private readonly layers: Layers
  private readonly matcher: Matcher
  private readonly packets: number[] = []
  private blocks = 0
  /** Position in the first capture at which the block is cut, see `halfWayFrom`. */
  private halfWay = Infinity

  /** `origin` names the first capture; blocks are numbered in its name for the exactly-once insert. `writer` may be used again after `finish`. */
  constructor(origin: RunOrigin, spool: Spool, writer: RowWriter, options: PipelineOptions) {
    this.origin = { ...origin, captures: [] }
    this.spool = spool
    this.writer = writer
    this.options = options
    const message = new Message()
    const matcher = new Matcher(writer, options.match, origin.capture)
    this.matcher = matcher
    writer.table = matcher.table
    this.layers = new Layers(
      options.ports,
      (bytes, packet) => matcher.take(bytes, packet, message),
      options.keepDuplicates ? null : new Mirror(),
    )
  }

  /** Reads a capture, named `id`, to its end; its first `skipPackets` are passed over and not counted. */
  async take(capture: Capture, id: string, skipPackets = 0): Promise<void> {
    const { layers, matcher, options } = this
    if (this.origin.captures.push(id) > 1) {
      layers.nextCapture()
      matcher.nextCapture()
      this.halfWay = Infinity
    }
    const number = this.packets.push(0) - 1
    for await (const batch of withFlush(capture, options.flushMs)) {
      if (batch === 'flush') {
        await this.cut(number)
        continue
      }
      // What has come when a growing file is first looked at is not the same the next time.
      const isWhole = options.flushMs === 0 && options.cuts === undefined
      if (isWhole && number === 0 && batch.firstFrame === 1) layers.lookAhead(batch)
      const skipped = Math.min(batch.count, Math.max(0, skipPackets + 1 - batch.firstFrame))
      for (let i = skipped; i < batch.count; i++) {
        if (options.cuts !== undefined && options.cuts.planned.length > 0)
          await this.cutAsBefore(options.cuts, this.packets[number] + i - skipped)
        layers.decode(batch, i)
        if (batch.offset[i] >= this.halfWay) this.cutHalfWay()
        if (this.writer.full.length > 0) {
          await this.storeFull()
          this.halfWay = number === 0 ? halfWayFrom(batch.offset[i], this.origin) : Infinity
        }
      }
      this.packets[number] += batch.count - skipped
      const last = batch.count - 1
      if (last >= 0)
        options.onProgress?.(this.packets[number], batch.offset[last] + batch.captured[last])
      if (options.signal?.aborted === true && options.flushMs === 0) {
        await this.spool.drain()
        throw new SourceError(
          'interrupted',
          `${capture.report.path}: stopped after ${this.packets[number]} packets; the same command takes it in from the start and stores nothing twice`,
        )
      }
    }
  }

  /** Ends the run: what is outstanding becomes rows, and all rows are stored. Returns what was counted of each capture, in order. */
  async finish(): Promise<RunCounts[]> {
    const { layers, matcher } = this
    const { seconds, nanoseconds } = layers.packet
    const { cuts } = this.options
    if (cuts !== undefined) await this.cutAsBefore(cuts, this.packets[this.packets.length - 1])
    layers.finish()
    matcher.finish(seconds, nanoseconds)
    this.writer.flush()
    await this.storeFull()
    await this.spool.drain()
    const accounted = matcher.tallies.reduce((sum, tally) => sum + tally.accounted, 0)
    const run = { messages: layers.messages, accounted }
    return this.packets.map((packets, number) => {
      return { packets, layers: layers.tallies[number], matcher: matcher.tallies[number], run }
    })
  }

  private cutHalfWay(): void {
    // A quarter of a block is worth an insert of its own.
    if (4 * this.writer.block.rows >= this.options.blockRows) this.writer.flush()
    this.halfWay = Infinity
  }

  /** Stores what there is, because it is time. */
  private async cut(number: number): Promise<void> {
    const { cuts } = this.options
    if (this.writer.block.rows === 0 || (cuts !== undefined && cuts.planned.length > 0)) return
    await cuts?.note(this.packets[number])
    this.writer.flush()
    await this.storeFull(true)
  }

  private async cutAsBefore({ planned }: Cuts, packets: number): Promise<void> {
    if (planned[0] !== packets) return
    planned.shift()
    this.writer.flush()
    await this.storeFull(true)
  }

  private async storeFull(isNoted = false): Promise<void> {
    const { full } = this.writer
    const { mask } = this.options
    const { capture, generation = 0 } = this.origin
    if (!isNoted && full.length > 0) await this.options.cuts?.note(null)
    for (let block = full.shift(); block !== undefined; block = full.shift()) {
      if (mask !== undefined) maskBlock(block, mask)
      const token = `${tokenOrigin(capture, generation)}:${this.blocks++}`
      await this.spool.store(block, this.origin, token)
      this.writer.recycle(block)
    }
  }
}

/**
 * Half way from `position` to the end: a block that is not full there is cut. So the last blocks of a large capture are ever smaller, and the
 * engine has little left to do when it has been read (measured: 0.2 of 4.4 s). Infinity when nobody knows the end.
 */
function halfWayFrom(position: number, { sizeBytes = 0 }: RunOrigin): number {
  return sizeBytes > position ? (position + sizeBytes) / 2 : Infinity
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
