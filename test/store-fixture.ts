// Test fixtures for stores: scratch folders, both back ends, and Native blocks built by hand.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import { type GivenServer, startGivenServer } from './given-server.ts'

/** A folder of this test file's own; `clean` removes it. */
export const scratch = mkdtempSync(join(tmpdir(), 'database-test-'))

/** The server of this test file, once `startBackEnds` has run. */
export let server: GivenServer

/** Every contract runs on both; the folder's name would be a glob and end a quoted path. */
export const backEnds = [
  { name: 'embedded', locate: (label: string) => join(scratch, `store ${label}'s {1,2}`) },
  { name: 'http', locate: (label: string) => `${server.url}/${label}` },
]

/** Starts the server half of `backEnds`. */
export async function startBackEnds(): Promise<void> {
  server = await startGivenServer()
}

/** Ends it and removes the scratch folder. */
export async function stopBackEnds(): Promise<void> {
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
}

/** The StoreError that opening `location` must give. */
export async function refusal(location: string): Promise<StoreError> {
  try {
    await (await openDatabase(location, { connectTimeoutMs: 1500 })).close()
  } catch (thrown) {
    if (thrown instanceof StoreError) return thrown
    throw thrown
  }
  throw new Error(`${location} was opened`)
}

/** A block of `rows` rows (a UInt64, s String), the strings all different. */
export function numberBlock(label: string, rows: number): string {
  const file = join(scratch, `${label}.native`)
  const numbers = new BigUint64Array(rows)
  const texts = Buffer.alloc(rows * 11, 10)
  for (let row = 0; row < rows; row++) {
    numbers[row] = BigInt(row)
    texts.write(String((row * 2654435761) % 4294967296).padStart(10, '0'), row * 11 + 1, 'latin1')
  }
  writeFileSync(
    file,
    block(rows, [
      ['a', 'UInt64', Buffer.from(numbers.buffer)],
      ['s', 'String', texts],
    ]),
  )
  return file
}

/** A column of a Native block, its data as the format wants it. */
export type Column = [name: string, type: string, ...data: Buffer[]]

/** A Native block. */
export function block(rows: number, columns: Column[]): Buffer {
  const parts = columns.flatMap(([name, type, ...data]) => [string(name), string(type), ...data])
  return Buffer.concat([variable(columns.length), variable(rows), ...parts])
}

function variable(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

/** Length and bytes, as in a String column. */
export function string(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([variable(bytes.length), bytes])
}

/** A UInt32 column. */
export function u32(...values: number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer)
}

/** A UInt64 column, and the offsets of an Array. */
export function u64(...values: number[]): Buffer {
  return Buffer.from(new BigUint64Array(values.map(BigInt)).buffer)
}

/** Keys and one-byte indexes of a LowCardinality column. */
export function dictionary(keys: string[], indexes: number[]): Buffer {
  const flags = (1 << 9) | (1 << 10)
  return Buffer.concat([
    u64(flags),
    u64(keys.length),
    ...keys.map(string),
    u64(indexes.length),
    Buffer.from(indexes),
  ])
}
