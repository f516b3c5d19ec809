// Notes of captures that are begun and not finished, beside the spool: a repeated run must make the same blocks under the same tokens.

import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SourceError } from '../../errors.ts'
import { today } from './encode.ts'
import { guarded } from './spool.ts'

const begun = '.begun'

/** A later capture of the same run: it went on where the one before ended. */
export interface NextCapture {
  id: string
  path: string
}

/** What is noted of a run. */
export interface BegunRun {
  /** Id of its first capture. */
  readonly id: string
  /** Day its rows are ingested: kept, because a token is only known in its own month's partition. */
  readonly day: number
  /** The options that decide which rows stand in which block, in words. */
  readonly options: string
  /** Uncompressed size of the first capture as it was known then, 0 when it was not: it decides where the last blocks are cut. */
  readonly sizeBytes: number
  /** The captures that go on from the first, in order. */
  readonly next: NextCapture[]
  /** True once it is decided that no other capture goes on from the last. */
  isClosed: boolean
}

/** The notes in one spool folder, which must exist. */
export class BegunNotes {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * Notes that a run begins with capture `id`, or returns what was noted when it was begun before and not finished. Other options would
   * give other blocks under the same tokens, and a capture from the middle of a run other rows: both are a SourceError.
   */
  async begin(id: string, path: string, options: string, sizeBytes: number): Promise<BegunRun> {
    const before = await this.read(id)
    if (before === undefined) {
      const whole = await this.runWith(id)
      if (whole !== undefined) throw this.begunBehind(path, whole)
      const day = today()
      const run: BegunRun = { id, day, options, sizeBytes, next: [], isClosed: false }
      await this.write(run)
      return run
    }
    if (before.options === options) return before
    throw new SourceError(
      'begun-otherwise',
      `${path}: was begun with ${before.options} and not finished: take it in with ${before.options} again, or into another store (where the store was emptied since, remove ${this.fileOf(id)})`,
    )
  }

  /** True when capture `id` is the first of a run, or stands in one, that is begun and not finished. */
  async isBegun(id: string): Promise<boolean> {
    return (await this.read(id)) !== undefined || (await this.runWith(id)) !== undefined
  }

  /** The runs begun and not finished that any of these captures stands in. */
  async runsWith(ids: readonly string[]): Promise<BegunRun[]> {
    const runs: BegunRun[] = []
    for (const name of await readdir(this.folder).catch(() => [])) {
      const run = name.endsWith(begun) ? await this.read(name.slice(0, -begun.length)) : undefined
      if (run !== undefined && [run, ...run.next].some(({ id }) => ids.includes(id))) runs.push(run)
    }
    return runs
  }

  /** Notes that `next` goes on from the last capture of the run; before anything of it is stored. */
  async goOn(run: BegunRun, next: NextCapture): Promise<void> {
    run.next.push(next)
    await this.write(run)
  }

  /** Notes that no other capture goes on from the last; before what is outstanding is stored. */
  async close(run: BegunRun): Promise<void> {
    if (run.isClosed) return
    run.isClosed = true
    await this.write(run)
  }

  /** Forgets the run; the ledger knows its captures now. */
  async end(id: string): Promise<void> {
    await rm(this.fileOf(id), { force: true })
  }

  private begunBehind(path: string, { id, next }: BegunRun): SourceError {
    const others = next.length === 1 ? '' : ` and ${next.length - 1} more`
    return new SourceError(
      'begun-otherwise',
      `${path}: was begun in one run with the captures before it${others} and not finished: name them all again, ` +
        `or take it into another store (where the store was emptied since, remove ${this.fileOf(id)})`,
    )
  }

  private async runWith(id: string): Promise<BegunRun | undefined> {
    for (const name of await readdir(this.folder)) {
      if (!name.endsWith(begun)) continue
      const run = await this.read(name.slice(0, -begun.length))
      if (run?.next.some((next) => next.id === id) === true) return run
    }
    return undefined
  }

  private async read(id: string): Promise<BegunRun | undefined> {
    const text = await readFile(this.fileOf(id), 'utf8').catch(() => '')
    const [day, options, ...lines] = text.split('\n')
    if (options === undefined || !/^\d+$/.test(day)) return undefined
    const next: NextCapture[] = []
    for (const line of lines) {
      const [, nextId, path] = /^next (\S+) (.*)$/.exec(line) ?? []
      if (nextId !== undefined) next.push({ id: nextId, path: JSON.parse(path) as string })
    }
    const size = lines.find((line) => /^size \d+$/.test(line))
    const sizeBytes = size === undefined ? 0 : Number(size.slice(5))
    return { id, day: Number(day), options, sizeBytes, next, isClosed: lines.includes('closed') }
  }

  /** Written aside and renamed: a note is whole, whatever kills us. */
  private async write({ id, day, options, sizeBytes, next, isClosed }: BegunRun): Promise<void> {
    const lines = next.map((each) => `next ${each.id} ${JSON.stringify(each.path)}\n`)
    const text = `${day}\n${options}\nsize ${sizeBytes}\n${lines.join('')}${isClosed ? 'closed\n' : ''}`
    const file = this.fileOf(id)
    await guarded(file, async () => {
      const handle = await open(`${file}.new`, 'w', 0o600)
      try {
        await handle.writeFile(text)
      } finally {
        await handle.close()
      }
      await rename(`${file}.new`, file)
    })
  }

  private fileOf(id: string): string {
    return join(this.folder, id + begun)
  }
}
