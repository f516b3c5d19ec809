// Where the blocks of a followed file were cut by the clock: a repeated run cuts them at the same packets, under the same tokens.

import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SourceError } from '../../errors.ts'
import { today } from './encode.ts'
import { sha256 } from './ledger.ts'
import { guarded, isAlive } from './spool.ts'

const suffix = '.followed'

/** The first line of a journal. */
interface Header {
  id: string
  pid: number
  path: string
  day: number
  options: string
  /** What was read of the file when its first block was stored, up to 1 MiB. */
  headBytes: number
  headSha256: string
}

/** The journal of one followed file; nothing is written before something is stored. */
export class FollowJournal {
  readonly id: string
  /** Day its rows are ingested. */
  readonly day: number
  /** Numbers of packets after which blocks were cut before, that are still to come. */
  readonly planned: number[]
  private readonly folder: string
  private readonly path: string
  private readonly options: string
  private isWritten: boolean

  private constructor(folder: string, header: Omit<Header, 'pid' | 'headBytes' | 'headSha256'>) {
    this.folder = folder
    this.id = header.id
    this.day = header.day
    this.path = header.path
    this.options = header.options
    this.planned = []
    this.isWritten = false
  }

  /** A journal for a file that has not been followed before. */
  static begin(folder: string, path: string, options: string): FollowJournal {
    return new FollowJournal(folder, {
      id: randomBytes(8).toString('hex'),
      path,
      day: today(),
      options,
    })
  }

  /**
   * The journal that a dead run has left of a file that begins with `head`; null when there is none. SourceError while another process
   * follows it, or when it was followed with other options.
   */
  static async find(
    folder: string,
    path: string,
    head: Uint8Array,
    options: string,
  ): Promise<FollowJournal | null> {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(suffix)) continue
      const file = join(folder, name)
      const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)
      if (lines.length === 0) continue
      const header = JSON.parse(lines[0]) as Header
      if (header.headBytes > head.length) continue
      if (sha256(head.subarray(0, header.headBytes)) !== header.headSha256) continue
      if (header.pid !== process.pid && isAlive(header.pid))
        throw new SourceError(
          'followed',
          `${path}: is being followed by process ${header.pid}: it is in the store when that has ended`,
        )
      if (header.options !== options)
        throw new SourceError(
          'begun-otherwise',
          `${path}: was followed with ${header.options} and not finished: take it in with ${header.options} again, or into another store (where the store was emptied since, remove ${file})`,
        )
      const journal = new FollowJournal(folder, header)
      journal.isWritten = true
      journal.planned.push(...lines.slice(1).map(Number))
      return journal
    }
    return null
  }

  /** Notes, before a block is stored, that it was cut after so many packets; null where it was full and cut itself. */
  async note(packets: number | null, beginning: Uint8Array): Promise<void> {
    const file = this.file()
    if (!this.isWritten) {
      const { id, path, day, options } = this
      const headSha256 = sha256(beginning)
      const header: Header = {
        id,
        pid: process.pid,
        path,
        day,
        options,
        headBytes: beginning.length,
        headSha256,
      }
      await guarded(file, () => writeFile(file, `${JSON.stringify(header)}\n`, { mode: 0o600 }))
      this.isWritten = true
    }
    if (packets !== null) await guarded(file, () => appendFile(file, `${packets}\n`))
  }

  /** Forgets it; the ledger knows the capture now. */
  async end(): Promise<void> {
    await rm(this.file(), { force: true })
  }

  private file(): string {
    return join(this.folder, this.id + suffix)
  }
}
