// The spool: a block is sealed into a private file before it is inserted, so that a failed or killed insert is repeated, never lost.

import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import { holdMerges } from '../../database/merges.ts'
import { StoreError } from '../../errors.ts'
import type { Block } from './block.ts'
import { type BlockOrigin, columnNames, encodeBlock } from './encode.ts'
import { isStale } from './removal.ts'

const table = 'transactions'
const runPrefix = 'run-'
const sealed = '.native'
const unsealed = '.part'

/** Blocks of one run that are inserted before the engine merges again; long runs and months of listening must not pile up parts. */
const blocksBeforeMerging = 100

/** Sealed blocks at most, the one being inserted among them, in files of some 50 MB: packets go on while the engine is at a slow one. */
const blocksAhead = 3

/** Spool folders in use by this process: any other folder under its pid was left by a dead process that had the same. */
const openFolders = new Set<string>()
let foldersNamed = 0

function newFolder(parent: string): string {
  const folder = join(parent, `${runPrefix}${process.pid}-${++foldersNamed}`)
  openFolders.add(folder)
  return folder
}

/** Writes blocks through the spool folder of one run; one insert is under way while the next blocks fill. */
export class Spool {
  private readonly database: Database
  private readonly parent: string
  private readonly folder: string
  private inFlight: Promise<void> = Promise.resolve()
  private readonly inserts: Promise<void>[] = []
  private releaseMerges = async () => {}
  private blocks = 0
  private failure: unknown = null

  private constructor(database: Database, parent: string, folder: string) {
    this.database = database
    this.parent = parent
    this.folder = folder
  }

  /** Opens the spool under `parent`, and first inserts what runs that are no more have left there. */
  static async open(database: Database, parent: string): Promise<Spool> {
    const folder = newFolder(parent)
    const spool = new Spool(database, parent, folder)
    try {
      await guarded(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
      await spool.replay()
      spool.releaseMerges = await holdMerges(database)
    } catch (error) {
      await spool.close()
      throw error
    }
    return spool
  }

  /**
   * Seals `block` into a file, to be inserted after those before it; `blocksAhead` at most are left when the promise resolves, and the block
   * may be reused. `token` makes the insert exactly-once: `[A-Za-z0-9:-]+`, unique for the block's content.
   */
  async store(block: Block, origin: BlockOrigin, token: string): Promise<void> {
    const file = join(this.folder, token.replaceAll(':', '_') + sealed)
    await guarded(file, () => writeSealed(file, encodeBlock(block, origin)))
    this.inFlight = this.inFlight.then(() => this.insertInTurn(file, token))
    this.inserts.push(this.inFlight)
    while (this.inserts.length > blocksAhead) await this.inserts.shift()
    this.rethrow()
  }

  /** Does other work on the store between two inserts: after the one under way, before the next. */
  async between(work: () => Promise<void>): Promise<void> {
    const before = this.inFlight
    this.inFlight = before
      .then(() => this.releaseMerges())
      .then(work)
      .catch((error: unknown) => {
        this.failure ??= error
      })
    await this.drain()
  }

  /** Waits for the last insert; throws what went wrong in it. */
  async drain(): Promise<void> {
    await this.idle()
    this.rethrow()
  }

  /**
   * Removes the folder of this run when nothing is left in it. Merges go on then, but where the store is closed next: they would have to stop
   * again at once, which was measured to take 65 ms.
   */
  async close(isStoreClosedNext = false): Promise<void> {
    await this.idle()
    if (!isStoreClosedNext) await this.releaseMerges().catch(() => undefined)
    await rmdir(this.folder).catch(() => undefined)
    openFolders.delete(this.folder)
  }

  /** Waits for what is under way, and for what was put behind it meanwhile. */
  private async idle(): Promise<void> {
    for (let waited; waited !== this.inFlight; ) {
      waited = this.inFlight
      await waited
    }
  }

  private rethrow(): void {
    if (this.failure !== null) throw this.failure
  }

  /** What cannot be inserted stays sealed for the next start, and so does all that follows. */
  private async insertInTurn(file: string, token: string): Promise<void> {
    if (this.failure !== null) return
    try {
      if (++this.blocks === blocksBeforeMerging) await this.releaseMerges()
      await this.insert(file, token)
    } catch (error) {
      this.failure = error
    }
  }

  private async insert(file: string, token: string): Promise<void> {
    await this.database.insertFile(table, columnNames, file, token)
    await unlink(file)
  }

  /** Inserts the sealed blocks of dead runs; their tokens make a block that had arrived after all a no-op. */
  private async replay(): Promise<void> {
    for (const name of await readdir(this.parent)) {
      if (!name.startsWith(runPrefix)) continue
      const left = join(this.parent, name)
      const pid = Number.parseInt(name.slice(runPrefix.length), 10)
      if (pid === process.pid ? openFolders.has(left) : isAlive(pid)) continue
      // Taken over by its name: of two runs that find it only one has it, and it is found again when this one dies.
      const folder = newFolder(this.parent)
      try {
        if (await isMoved(left, folder)) await this.replayFolder(folder)
      } finally {
        openFolders.delete(folder)
      }
    }
  }

  private async replayFolder(folder: string): Promise<void> {
    for (const file of (await readdir(folder)).sort()) {
      if (!file.endsWith(sealed)) continue
      const token = file.slice(0, -sealed.length).replaceAll('_', ':')
      // Of a capture that was removed after the block was sealed: it goes with the folder.
      if (!(await isStale(this.database, token))) await this.insert(join(folder, file), token)
    }
    await rm(folder, { recursive: true, force: true })
  }
}

async function isMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function writeSealed(file: string, parts: Uint8Array[]): Promise<void> {
  const part = file.slice(0, -sealed.length) + unsealed
  const handle = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600)
  try {
    let index = 0
    while (index < parts.length) {
      // IOV_MAX is 1024 everywhere; a block has some 200 parts.
      const batch = parts.slice(index, index + 512)
      const sizeBytes = batch.reduce((sum, bytes) => sum + bytes.length, 0)
      const { bytesWritten } = await handle.writev(batch)
      if (bytesWritten < sizeBytes)
        throw Object.assign(new Error('short write'), { code: 'ENOSPC' })
      index += batch.length
    }
  } catch (error) {
    await handle.close()
    await unlink(part).catch(() => undefined)
    throw error
  }
  await handle.close()
  await rename(part, file)
}

/** Does file work; a full disk and a missing permission become a StoreError that says what to do about `path`. */
export async function guarded<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new StoreError(
        'disk-full',
        `${path}: no space left on the device. What was sealed before is kept and stored at the next start; free some space and run the same command again`,
        { cause: error },
      )
    }
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      throw new StoreError(
        'no-permission',
        `${path}: cannot be written (${code}); choose a folder of your own with --store`,
        {
          cause: error,
        },
      )
    }
    throw error
  }
}

/** True while a process with this id runs. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
