// Decides whether a path may be an embedded store, before the engine touches it.
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../errors.ts'
import { lockFile } from './lock.ts'
import { resultFile } from './result.ts'

/** The sub-folder that is the engine's own; `clickhouse-local --path` reads it. */
export const engineFolderName = 'clickhouse'

const ownNames = new Set([engineFolderName, lockFile, 'spool'])

/** Makes sure `folder` is a store or may become one; throws a StoreError and changes nothing otherwise. */
export function prepareFolder(folder: string, create: boolean): void {
  const names = listFolder(folder)
  if (names === undefined || names.length === 0) {
    if (!create) throw noStore(folder)
  } else {
    const strangers = names.filter((name) => !ownNames.has(name) && !resultFile.test(name))
    if (!names.includes(engineFolderName) && (strangers.length > 0 || !create)) {
      if (strangers.length === 0) throw noStore(folder)
      throw new StoreError(
        'not-a-store',
        `${folder} is not an overhear store and not empty (it holds ${JSON.stringify(strangers[0])}); name a new or an empty folder`,
      )
    }
  }
  const engineFolder = join(folder, engineFolderName)
  try {
    mkdirSync(engineFolder, { recursive: true })
  } catch (thrown) {
    throw folderFailure(folder, thrown)
  }
  for (const path of [folder, engineFolder, join(engineFolder, 'status')]) requireWritable(path)
}

function listFolder(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw folderFailure(folder, thrown)
  }
}

function noStore(folder: string): StoreError {
  return new StoreError(
    'no-store',
    `no store at ${folder}; run overhear ingest FILE --store ${folder} to make one`,
  )
}

function requireWritable(path: string): void {
  if (!existsSync(path)) return
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (thrown) {
    throw folderFailure(path, thrown)
  }
}

function folderFailure(path: string, thrown: unknown): StoreError {
  const { code = '', message } = thrown as NodeJS.ErrnoException
  const options = { cause: thrown }
  switch (code) {
    case 'ENOTDIR':
    case 'EEXIST':
      return new StoreError(
        'not-a-folder',
        `${path} is a file, or lies inside one: a store is a folder`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new StoreError(
        'no-permission',
        `no permission to read and write ${path}, which even reading a store needs; run as its owner or name another folder`,
        options,
      )
    case 'EROFS':
      return new StoreError(
        'no-permission',
        `${path} is on a read-only file system, and even reading a store needs to write; copy the store elsewhere`,
        options,
      )
    case 'ENOSPC':
      return new StoreError('disk-full', `the disk of ${path} is full`, options)
    default:
      return new StoreError('store', `cannot use ${path} as a store: ${message}`, options)
  }
}
