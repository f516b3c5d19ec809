// The driver of the walkers: fills one buffer while the packets of the other are worked on, and keeps the report.

import { drain } from './bytes.ts'
import type { Content } from './content.ts'
import { PacketBatch } from './packets.ts'
import { PcapState, walkPcap } from './pcap.ts'
import { longestHeldBlockBytes, PcapngState, walkPcapng } from './pcapng.ts'
import { sniffFormat } from './recognise.ts'
import type { CaptureReport, Problem } from './report.ts'

/** How a capture is read. */
export interface ReadOptions {
  /** Size of each of the two buffers. */
  bufferBytes?: number
  /** True to hand packets out as they arrive (a pipe, an interface), false to fill the buffer first (a file). */
  isLive?: boolean
}

// Room for the longest packets; larger ones read no faster.
const defaultBufferBytes = 1_048_576

// What is read before packets are handed out: so little that it and its columns stay in the processor's cache from reading over hashing to
// decoding. Measured on 2.4 M packets into a store: 3 % less than with 1 MiB at once (median of 7 in turn).
const readBytes = 131_072

// A quiet interface sends just pcap's file header of 24 bytes; no pcapng file is shorter.
const enoughToRecognise = 24

/** Reads one capture: `fill` once, then `batches` to the end. */
export class CaptureReader {
  readonly report: CaptureReport
  readonly #content: Content
  readonly #isLive: boolean
  readonly #batch = new PacketBatch()
  #bytes: Uint8Array<ArrayBuffer>
  #spare: Uint8Array<ArrayBuffer>
  #from = 0
  #to = 0
  #isEnded = false
  #isClosed = false
  #state: PcapState | PcapngState | null = null

  constructor(path: string, content: Content, options: ReadOptions) {
    const bufferBytes = Math.max(
      options.bufferBytes ?? defaultBufferBytes,
      2 * longestHeldBlockBytes,
    )
    this.#bytes = new Uint8Array(bufferBytes)
    this.#spare = new Uint8Array(bufferBytes)
    this.#isLive = options.isLive ?? false
    this.#content = content
    this.report = {
      path,
      format: 'none',
      compression: content.compression,
      fileBytes: 0,
      contentBytes: 0,
      packets: 0,
      links: [],
      interfaces: [],
      fileSha256: '',
      contentSha256: '',
      firstTime: null,
      lastTime: null,
      problems: [],
    }
  }

  /** The bytes that wait to be walked; before `batches`, the beginning of the capture. */
  get waiting(): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#to)
  }

  /** Reads until there is enough to go on with: the beginning of a capture, `readBytes` more or, from a live source, what came. */
  async fill(): Promise<void> {
    const bytes = this.#spare
    const tail = Math.max(0, this.#to - this.#from)
    bytes.set(this.#bytes.subarray(this.#from, this.#from + tail))
    let skip = Math.max(0, this.#from - this.#to)
    let to = tail
    const state = this.#state
    const room = state === null ? bytes : bytes.subarray(0, tail + readBytes)
    if (state !== null) state.base += this.#from - skip
    while (to < room.length) {
      const sizeBytes = await this.#read(room, to)
      if (sizeBytes === 0) break
      to += sizeBytes
      if (to <= skip) {
        if (state !== null) state.base += to
        skip -= to
        to = 0
      } else if (this.#isLive && (state !== null || to >= enoughToRecognise)) break
    }
    ;[this.#bytes, this.#spare] = [bytes, this.#bytes]
    this.#from = skip
    this.#to = to
    if (state === null) this.#recognise()
  }

  /** Every packet, batch by batch; the same PacketBatch each time. Never throws for what the bytes say. */
  async *batches(): AsyncGenerator<PacketBatch> {
    const batch = this.#batch
    let filling: Promise<void> | null = null
    try {
      while (this.#state !== null) {
        batch.bytes = this.#bytes
        batch.firstFrame = this.report.packets + 1
        batch.count = 0
        this.#walk(this.#state)
        const isFull = batch.count === batch.start.length
        const isLast = this.#state.stop !== null || (this.#isEnded && !isFull)
        // The next filling runs while this batch is worked on.
        if (!isFull && !isLast) filling = this.fill()
        if (batch.count > 0) {
          this.#note(batch)
          yield batch
        }
        if (isLast) break
        if (filling !== null) await filling
        filling = null
      }
      await this.#finish()
    } finally {
      await this.close()
      await filling
    }
  }

  /** Gives the source up; `batches` does so itself at its end. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#content.source.close()
  }

  async #read(into: Uint8Array, at: number): Promise<number> {
    if (this.#isEnded) return 0
    let sizeBytes = 0
    try {
      sizeBytes = await this.#content.source.read(into, at)
    } catch (error) {
      if (this.#isClosed) return 0
      const { message } = error as Error
      const offset = this.#content.plain.sizeBytes
      this.#report('read-failed', offset, `reading fails at byte ${offset}: ${message}`)
    }
    if (sizeBytes === 0) this.#isEnded = true
    return sizeBytes
  }

  #recognise(): void {
    const format = sniffFormat(this.waiting)
    if (format === 'none') return
    this.report.format = format
    this.#state = format === 'pcap' ? new PcapState() : new PcapngState()
  }

  #walk(state: PcapState | PcapngState): void {
    this.#from =
      state instanceof PcapState
        ? walkPcap(this.#bytes, this.#from, this.#to, this.#batch, state)
        : walkPcapng(this.#bytes, this.#from, this.#to, this.#batch, state)
  }

  #note(batch: PacketBatch): void {
    const { seconds, nanoseconds } = batch
    const [first, last] = extremes(batch)
    const { report } = this
    report.packets += batch.count
    const firstTime = { seconds: seconds[first], nanoseconds: nanoseconds[first] }
    const lastTime = { seconds: seconds[last], nanoseconds: nanoseconds[last] }
    if (report.firstTime === null || compare(firstTime, report.firstTime) < 0)
      report.firstTime = firstTime
    if (report.lastTime === null || compare(lastTime, report.lastTime) > 0)
      report.lastTime = lastTime
  }

  async #finish(): Promise<void> {
    const state = this.#state
    // After a stop the rest is still read: the hashes are those of the whole file.
    if (state !== null && state.stop !== null) await this.#drain()
    const { report } = this
    const { packed, plain } = this.#content
    report.fileBytes = packed.sizeBytes
    report.contentBytes = plain.sizeBytes
    report.contentSha256 = plain.sha256()
    report.fileSha256 = packed === plain ? report.contentSha256 : packed.sha256()
    this.#reportDamage()
    if (state !== null) this.#reportState(state)
  }

  async #drain(): Promise<void> {
    const scratch = this.#spare
    await drain({ read: () => this.#read(scratch, 0), close: async () => {} }, scratch)
  }

  #reportDamage(): void {
    const damage = this.#content.damage()
    if (damage === null) return
    const { compression, packets } = this.report
    const offset = this.report.fileBytes
    const what = damage.isCut
      ? `the ${compression} stream ends unfinished at byte ${offset}`
      : `the ${compression} stream is damaged (${damage.reason})`
    const read = `${this.report.contentBytes} bytes could be unpacked and ${packets} packets were read`
    this.#report(
      damage.isCut ? 'cut-compressed' : 'damaged-compressed',
      damage.isCut ? offset : null,
      `${what}; ${read}. Get the file again if the rest matters`,
    )
  }

  #reportState(state: PcapState | PcapngState): void {
    const { report } = this
    if (state instanceof PcapState) {
      if (state.link >= 0) report.links.push(state.link)
    } else {
      report.interfaces = state.interfaces.map(({ name, link, received, dropped }) => {
        return { name, link, received, dropped }
      })
      report.links = [...new Set(state.interfaces.map(({ link }) => link))]
      if (state.unfitTimeOffset >= 0)
        this.#report(
          'time-range',
          state.unfitTimeOffset,
          `packet times from byte ${state.unfitTimeOffset} on lie outside 1970 to 2106; they are kept at that border`,
        )
    }
    const isUnfinished =
      this.#from !== this.#to || (state instanceof PcapngState && state.trailer > 0)
    const before = `the ${report.packets} packet${report.packets === 1 ? '' : 's'} before it can be used`
    if (state.stop !== null) {
      const { code, offset, reason } = state.stop
      this.#report(code, offset, `at byte ${offset} ${reason}; ${before}, what follows cannot`)
    } else if (isUnfinished && report.problems.every(({ code }) => code === 'time-range')) {
      const offset = state.base + Math.min(this.#from, this.#to)
      const where = offset === 0 ? 'its header' : 'a packet record'
      this.#report(
        'cut',
        offset,
        `the file ends in the middle of ${where} at byte ${offset}; ${before}. It was cut, or is still being written: then --follow reads on`,
      )
    }
  }

  #report(code: Problem['code'], offset: number | null, message: string): void {
    this.report.problems.push({ code, offset, message: `${this.report.path}: ${message}` })
  }
}

/**
 * The packets of the earliest and the latest time: they are nearly in order, but not quite (1 ns a packet). A function of its own, since what
 * follows a long loop in one function is unknown to the machine code made while the loop runs, which is then thrown away again and again.
 */
function extremes({ seconds, nanoseconds, count }: PacketBatch): [first: number, last: number] {
  let first = 0
  let last = 0
  for (let index = 1; index < count; index++) {
    if (isBefore(seconds, nanoseconds, index, first)) first = index
    if (isBefore(seconds, nanoseconds, last, index)) last = index
  }
  return [first, last]
}

function isBefore(seconds: Uint32Array, nanoseconds: Uint32Array, a: number, b: number): boolean {
  if (seconds[a] !== seconds[b]) return seconds[a] < seconds[b]
  return nanoseconds[a] < nanoseconds[b]
}

function compare(a: { seconds: number; nanoseconds: number }, b: typeof a): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds
}
