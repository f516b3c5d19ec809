// Says who holds an embedded store: the engine allows one process at a time but names nobody.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { StoreError } from '../errors.ts'
import { oneLine } from './failures.ts'

/** The process that has a store open. `started` is its start time in clock ticks, so a reused pid is not mistaken for it. */
export interface Holder {
  pid: number
  started: string
  command: string
  since: string
}

/** The name of the file inside a store's folder that names its holder. */
export const lockFile = 'overhear.lock'

/** Takes the store in `folder` for this process; gives back the release, or throws a StoreError naming the holder. */
export function takeLock(folder: string, engineFolder: string): () => void {
  const path = join(folder, lockFile)
  const holder = readHolder(folder)
  if (holder !== undefined && isAlive(holder)) throw lockedBy(folder, holder)
  const enginePid = engineLockHolder(join(engineFolder, 'status'))
  if (enginePid !== undefined) {
    const command = processText(enginePid, 'comm') ?? 'another program'
    throw lockedBy(folder, { pid: enginePid, started: '', command, since: '' })
  }
  // Two processes that both find a dead holder are told apart by the engine's own lock a moment later.
  if (holder !== undefined) rmSync(path, { force: true })
  try {
    writeFileSync(path, `${JSON.stringify(thisProcess())}\n`, { flag: 'wx' })
  } catch (thrown) {
    const other = readHolder(folder)
    if (other !== undefined) throw lockedBy(folder, other)
    throw thrown
  }
  return () => rmSync(path, { force: true })
}

/** True for a folder whose lock file names a process that is gone, as after kill -9. */
export function isAbandoned(folder: string): boolean {
  const holder = readHolder(folder)
  return holder !== undefined && !isAlive(holder)
}

/** The sentence for a store in use. */
export function lockedBy(folder: string, holder?: Holder, options?: ErrorOptions): StoreError {
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid} (${oneLine(holder.command)})${holder.since === '' ? '' : ` since ${oneLine(holder.since)}`}`
  return new StoreError(
    'locked',
    `the store ${folder} is in use by ${who}; wait until it ends, or stop it`,
    options,
  )
}

function thisProcess(): Holder {
  const words = [basename(process.argv[1] ?? 'node'), ...process.argv.slice(2)]
  return {
    pid: process.pid,
    started: startTicks(process.pid) ?? '',
    command: words.join(' ').slice(0, 200),
    since: new Date().toISOString(),
  }
}

function readHolder(folder: string): Holder | undefined {
  try {
    const value = JSON.parse(readFileSync(join(folder, lockFile), 'utf8')) as Record<
      keyof Holder,
      unknown
    >
    if (typeof value.pid !== 'number' || !Number.isInteger(value.pid)) return undefined
    const word = (field: unknown) => (typeof field === 'string' ? field : '')
    const [started, command, since] = [value.started, value.command, value.since].map(word)
    return { pid: value.pid, started: started ?? '', command: command ?? '', since: since ?? '' }
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const started = startTicks(holder.pid)
  return started === undefined || holder.started === '' || started === holder.started
}

/** The pid that holds a flock on the engine's status file, on Linux; read first because the engine reports it on stderr only. */
function engineLockHolder(statusFile: string): number | undefined {
  try {
    const inode = String(statSync(statusFile).ino)
    const written = /^PID: (\d+)/m.exec(readFileSync(statusFile, 'utf8'))?.[1]
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      // "1: FLOCK  ADVISORY  WRITE 7545 fe:00:2146485 0 EOF"; device numbers differ under overlay file systems.
      const found = /FLOCK +\S+ +WRITE (\d+) \S+:(\d+) /.exec(line)
      if (found?.[2] === inode && found[1] === written) return Number(found[1])
    }
  } catch {
    // No /proc, or no status file yet: the engine decides.
  }
  return undefined
}

function startTicks(pid: number): string | undefined {
  // Field 22, counted after the command, which stands in brackets and may itself hold brackets and spaces.
  return processText(pid, 'stat')?.split(') ').at(-1)?.split(' ')[19]
}

function processText(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8').trim()
  } catch {
    return undefined
  }
}
