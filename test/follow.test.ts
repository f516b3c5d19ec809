// Following a file that is being written: the rows of the finished one, a line of the ledger for each file, and nothing twice afterwards.

import { spawn } from 'node:child_process'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { SourceError } from '../src/errors.ts'
import { openCapture } from '../src/ingest/capture/capture.ts'
import { binCounts, binTotal } from '../src/ingest/decode/bins.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { ingestFollowed } from '../src/ingest/follow.ts'
import { decodeCapture } from '../src/ingest/messages.ts'
import { program } from './command.ts'
import { writeLargeCapture } from './large-capture.ts'
import { packetsOf } from './rotated.ts'

const folder = mkdtempSync(join(tmpdir(), 'follow-test-'))
const large = join(folder, 'large.pcap')
writeLargeCapture(large, 1000)
const whole = readFileSync(large)
const other = join(folder, 'other.pcap')
writeLargeCapture(other, 300, 2)

let database: Database
let path: string
let growing = 0
beforeEach(async () => {
  database = await openStore(':memory:')
  path = join(folder, `growing-${++growing}.pcap`)
})
afterEach(() => database.close())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a followed file', () => {
  it('has the rows of the finished one, and is known afterwards', async () => {
    const expected = await rowsOfWhole()
    // Cut in the middle of records, and in the file header.
    const cuts = [10, 24, 30, 5000, 40_000, 90_000, whole.length]
    writeFileSync(path, whole.subarray(0, cuts[0]))
    let next = 1
    const write = () => {
      if (next >= cuts.length) return
      appendFileSync(path, whole.subarray(cuts[next - 1], cuts[next]))
      next++
    }
    // The header comes while it is waited for; then each part when the one before has been read.
    const timer = setInterval(() => (next < 4 ? write() : clearInterval(timer)), 50)
    const { files, problems } = await follow({ onProgress: write, flushMs: 30 })
    expect(problems).toEqual([])
    expect(files).toHaveLength(1)
    const [entry] = files
    expect(entry.packets).toBe(packetsOf(large).length)
    expect(binTotal(entry.bins)).toBe(entry.packets)
    expect(await rows()).toEqual(expected)
    const again = await ingestFiles([path], database)
    expect(again.files).toMatchObject([{ id: entry.id, already: true }])
    const copy = await ingestFiles([large], database)
    expect(copy.files).toMatchObject([{ id: entry.id, already: true }])
    expect(await rows()).toEqual(expected)
  })

  it('that grew after it was followed gives only what is new', async () => {
    const expected = (await rowsOfWhole()).length
    const packets = packetsOf(large)
    const half = whole.subarray(0, 24 + Buffer.concat(packets.slice(0, 1000)).length)
    writeFileSync(path, half)
    const first = await follow()
    appendFileSync(path, whole.subarray(half.length))
    const second = await ingestFiles([path], database)
    expect(first.files[0].packets).toBe(1000)
    expect(second.files[0].packets).toBe(packets.length - 1000)
    expect(binTotal(second.files[0].bins)).toBe(packets.length - 1000)
    const [frames] = await database.rows<{ first: number }>(
      'SELECT min(if(frame > 0, frame, response_frame)) AS first FROM transactions WHERE capture = {id:String}',
      { id: second.files[0].id },
    )
    expect(frames.first).toBe(1001)
    // What was under way at the border is matched in neither.
    expect((await rows()).length - expected).toBeLessThan(20)
    expect((await ingestFiles([path], database)).files[0].already).toBe(true)
  })

  it.each([
    ['pcap', 0],
    ['pcapng', 1],
  ])('that was taken in cut gives its last packet when it is whole: %s', async (_, isNg) => {
    const wire =
      isNg === 1
        ? readFileSync(join(import.meta.dirname, '../samples/formats/sections.pcapng'))
        : whole
    const sizes = [0.3, 0.5, 0.7, 0.9].map((share) => Math.round(wire.length * share))
    for (const size of [...sizes, sizes[3] + 1, sizes[3] + 2, wire.length - 3, wire.length]) {
      writeFileSync(path, wire.subarray(0, size))
      await ingestFiles([path], database)
    }
    const copy = join(folder, `copy-${growing}`)
    writeFileSync(copy, wire)
    const counted = await decodeCapture(await openCapture(copy), [])
    const [sum] = await database.rows(
      'SELECT sum(packets) AS packets, sum(dns) AS dns FROM captures',
    )
    const bins = binCounts(counted.layers.bins)
    expect(sum).toEqual({ packets: counted.packets, dns: bins.dns })
  })

  it('that is cut at its end is told so', async () => {
    writeFileSync(path, whole.subarray(0, 10_000))
    const { problems } = await follow()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/ends in the middle of a packet record at byte \d+/)
  })

  it('that is packed is refused', async () => {
    await expect(
      followOf(join(import.meta.dirname, '../samples/quiet-hour.pcap.gz')),
    ).rejects.toThrow(/packed with gzip, which cannot be followed/)
    await expect(followOf(join(folder, 'absent'))).rejects.toThrow(SourceError)
  })
})

describe('a writer that', () => {
  it.each([
    [
      'puts another file in its place',
      () => {
        renameSync(path, `${path}.1`)
        writeFileSync(path, readFileSync(other))
      },
    ],
    ['begins anew in the same file', () => writeFileSync(path, readFileSync(other))],
  ])('%s is followed into the next', async (_, rotate) => {
    writeFileSync(path, whole)
    let isRotated = false
    const { files, problems } = await follow({
      onProgress: (packets) => {
        if (isRotated || packets < packetsOf(large).length) return
        isRotated = true
        rotate()
      },
    })
    expect(problems).toEqual([])
    expect(files.map(({ packets }) => packets)).toEqual([
      packetsOf(large).length,
      packetsOf(other).length,
    ])
    const copies = await ingestFiles([large, other], database)
    expect(copies.totals.already).toBe(2)
  })
})

describe('a run that follows and is killed', () => {
  it('is finished by taking the file in, with every row once', async () => {
    const expected = await rowsOfWhole()
    await database.close()
    for (const [turn, lines] of [3, 6].entries()) {
      const store = join(folder, `killed-${turn}`)
      writeFileSync(path, whole.subarray(0, 24))
      await killedFollower(store, lines)
      writeFileSync(path, whole)
      database = await openStore(store)
      const { problems, files } = await ingestFiles([path], database)
      expect([problems, files.length]).toEqual([[], 1])
      expect(binTotal(files[0].bins)).toBe(packetsOf(large).length)
      expect(await rows()).toEqual(expected)
      expect(readdirSync(join(store, 'spool'))).toEqual([])
      await database.close()
    }
    database = await openStore(':memory:')
  })

  /** Lets a process follow while the file grows, and kills it when it has said so many lines. */
  function killedFollower(store: string, lines: number): Promise<void> {
    const words = ['--import', 'tsx', join(import.meta.dirname, 'follow-child.ts'), store, path]
    const run = spawn(process.execPath, words, { cwd: join(import.meta.dirname, '..') })
    let said = 0
    let at = 24
    const grow = () => {
      appendFileSync(path, whole.subarray(at, at + 20_000))
      at += 20_000
    }
    grow()
    run.stdout.on('data', () => {
      if (++said === lines) run.kill('SIGKILL')
      // A block is cut in between, and the file goes on growing.
      else setTimeout(grow, 40)
    })
    return new Promise((resolve) => {
      run.on('close', () => resolve())
    })
  }
})

describe('overhear decode --follow', () => {
  it('prints messages as they are written, and ends in good order with Ctrl-C', async () => {
    const cut = 24 + Buffer.concat(packetsOf(large).slice(0, 10)).length
    writeFileSync(path, whole.subarray(0, cut))
    const run = spawn(process.execPath, [program, 'decode', '--follow', path])
    let text = ''
    let isWhole = false
    run.stdout.on('data', (part: Buffer) => {
      text += part.toString()
      const lines = text.split('\n').length - 1
      if (lines === 10 && !isWhole) {
        isWhole = true
        appendFileSync(path, whole.subarray(cut))
      }
      if (lines === packetsOf(large).length) run.kill('SIGINT')
    })
    const code = await new Promise((resolve) => run.on('close', resolve))
    expect(code).toBe(0)
    const frames = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { frame: number }).frame)
    expect(frames).toEqual(packetsOf(large).map((_, i) => i + 1))
  })

  it('takes one file', async () => {
    const run = spawn(process.execPath, [program, 'decode', '--follow', large, other])
    let complaint = ''
    run.stderr.on('data', (part: Buffer) => (complaint += part.toString()))
    const code = await new Promise((resolve) => run.on('close', resolve))
    expect([code, complaint]).toEqual([2, expect.stringMatching(/--follow reads one file/)])
  })
})

function follow(options: Parameters<typeof ingestFollowed>[2] = {}) {
  return followOf(path, options)
}

function followOf(file: string, options: Parameters<typeof ingestFollowed>[2] = {}) {
  return ingestFollowed(file, database, { idleSeconds: 1, ...options })
}

async function rows(): Promise<string[]> {
  const all = await database.rows<{ hash: string }>(
    `SELECT toString(cityHash64(* EXCEPT (capture, response_capture, ingested, repeat_in_ttl))) AS hash
     FROM transactions ORDER BY hash`,
  )
  return all.map(({ hash }) => hash)
}

/** The rows of the whole capture in a store of its own; then the store of the test is empty again. */
async function rowsOfWhole(): Promise<string[]> {
  await ingestFiles([large], database)
  const expected = await rows()
  await database.close()
  database = await openStore(':memory:')
  return expected
}
