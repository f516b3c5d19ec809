// Bad input through the real program: one sentence that says what to do, an exit status, and nothing readable lost.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ask,
  canBeNobody,
  lines,
  overhear,
  sample,
  scratchFolder,
  sentence,
  shell,
  skipping,
  spoolOf,
  start,
  until,
  written,
} from './command.ts'
import { writeManyExchanges } from './many-exchanges.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

// Ten exchanges in twenty packets.
const good = readFileSync(sample('formats/us-le.pcap'))
const records = recordOffsets(good)

interface Bad {
  name: string
  bytes: Uint8Array
  says: RegExp
  /** Packets that can be read, and messages among them; null where it is no capture at all. */
  readable: { packets: number; messages: number } | null
}

const bad: Bad[] = [
  { name: 'empty.pcap', bytes: Buffer.alloc(0), says: /is empty \(0 bytes\)/, readable: null },
  {
    name: 'cut.pcap',
    bytes: good.subarray(0, -7),
    says: new RegExp(`in the middle of a packet record at byte ${records[19]}; the 19 packets`),
    readable: { packets: 19, messages: 19 },
  },
  {
    name: 'holiday.pcap',
    bytes: Buffer.from('ffd8ffe000104a46494600010100', 'hex'),
    says: /not a capture: a JPEG image \(pcap and pcapng are read/,
    readable: null,
  },
  {
    name: 'notes.pcap',
    bytes: Buffer.from('no packets, only words\n'),
    says: /not a capture: a text file, not packets \(pcap and pcapng are read/,
    readable: null,
  },
  {
    name: 'usb.pcap',
    bytes: patched(20, 189),
    says: /link type 189 .* is not read; its 20 packets are counted as unsupported.* capture on/,
    readable: { packets: 20, messages: 0 },
  },
  {
    name: 'length.pcap',
    bytes: patched(records[1] + 8, 0x7fff_ffff),
    says: new RegExp(`at byte ${records[1]} a packet record claims 2147483647 captured bytes`),
    readable: { packets: 1, messages: 1 },
  },
]

describe.each(bad)('$name', ({ name, bytes, says, readable }) => {
  const path = scratch.path(name)
  beforeAll(() => void written(path, bytes))

  test('decode prints what can be read, one sentence, and exits with 3', async () => {
    const run = await overhear(['decode', path])
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(says)
    expect(sentence(run).startsWith(`${path}: `)).toBe(true)
    expect(lines(run.stdout).map((line) => (JSON.parse(line) as { frame: number }).frame)).toEqual(
      Array.from({ length: readable?.messages ?? 0 }, (_, index) => index + 1),
    )
  })

  test('ingest stores what can be read, says the same, and exits with 3', async () => {
    const store = scratch.path(`${name}.store`)
    const run = await overhear(['ingest', path, '--json', '--store', store])
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(says)
    if (readable === null) {
      expect(run.stdout).toBe('')
      return expect(existsSync(store)).toBe(false)
    }
    const { files, problems, totals } = JSON.parse(run.stdout) as Ingested
    expect(problems).toEqual([sentence(run)])
    expect(totals.failed).toBe(0)
    expect(files.map(({ packets }) => packets)).toEqual([readable.packets])
    expect(files.flatMap((file) => file.problems)).toEqual(problems)
    const [row] = await ask<{ messages: number }>(
      store,
      'SELECT toUInt32(sum(attempts) + countIf(response_frame > 0)) AS messages FROM transactions',
    )
    expect(row).toEqual({ messages: readable.messages })
  })

  test('report judges what can be read, says the same, and exits with 3', async () => {
    const run = await overhear(['report', path, '--json'])
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(says)
    if (readable === null) return expect(run.stdout).toBe('')
    const { captures } = JSON.parse(run.stdout) as { captures: { packets: number }[] }
    expect(captures.map(({ packets }) => packets)).toEqual([readable.packets])
  })
})

describe('what is not there', () => {
  test.each(['decode', 'ingest', 'report'])('%s of no such file', async (verb) => {
    const run = await overhear([verb, 'nosuch.pcap'], { cwd: scratch.path('') })
    expect(run.code).toBe(3)
    expect(sentence(run)).toBe('nosuch.pcap: no such file: check the path')
    expect(existsSync(scratch.path('overhear-store'))).toBe(false)
  })

  test('ingest --follow of no such file', async () => {
    const run = await overhear(['ingest', '--follow', 'nosuch.pcap'], { cwd: scratch.path('') })
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(sentence(run)).toBe('nosuch.pcap: no such file: check the path')
    expect(existsSync(scratch.path('overhear-store'))).toBe(false)
  })

  test.each(['decode', 'ingest', 'report'])('%s of a directory without captures', async (verb) => {
    const folder = scratch.path('words')
    mkdirSync(folder, { recursive: true })
    written(`${folder}/readme.txt`, 'nothing here\n')
    const run = await overhear([verb, folder], { env: { OVERHEAR_STORE: scratch.path('words.s') } })
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(
      /words: no capture in this directory .*: name the directory that holds the pcap/,
    )
  })
})

test('a compression loop is a row with its anomaly, not an error', async () => {
  const path = sample('malformed/all.pcap')
  const store = scratch.path('loop')
  const decoded = await overhear(['decode', path])
  expect(decoded).toMatchObject({ code: 0, stderr: '' })
  expect(lines(decoded.stdout).length).toBe(30)
  expect(JSON.parse(lines(decoded.stdout)[0])).toMatchObject({ anomalies: ['pointer-loop'] })
  expect(await overhear(['ingest', path, '--store', store])).toMatchObject({ code: 0, stderr: '' })
  const rows = await ask(
    store,
    "SELECT response_frame AS frame, match FROM transactions WHERE has(anomalies, 'pointer-loop')",
  )
  expect(rows).toEqual([{ frame: 1, match: 'malformed' }])
})

test('of several captures the good ones are stored, each bad one gets its sentence, exit 3', async () => {
  const store = scratch.path('several')
  const paths = ['nosuch.pcap', ...bad.map(({ name }) => scratch.path(name))]
  const words = ['ingest', ...paths, sample('formats/us-le.pcap'), '--store', store]
  const first = await overhear([...words, '--json'])
  expect(first.code).toBe(3)
  const { files, problems, totals } = JSON.parse(first.stdout) as Ingested
  expect(lines(first.stderr)).toEqual(problems.map((each) => `overhear: ${each}`))
  expect(problems.length).toBe(paths.length)
  expect(totals).toMatchObject({ files: 4, failed: 4, packets: 60 })
  const whole = files.find(({ path }) => path === sample('formats/us-le.pcap'))
  expect(whole).toMatchObject({ packets: 20, transactions: { answered: 10 } })
  const second = await overhear([...words, '--json'])
  expect(second.code).toBe(3)
  expect(JSON.parse(second.stdout)).toMatchObject({ totals: { already: 4, transactions: 0 } })
})

const isRestricted = canBeNobody()

describe.skipIf(!isRestricted)('without permission', () => {
  const folder = scratch.path('private')
  beforeAll(() => {
    mkdirSync(folder)
    written(`${folder}/open.pcap`, good)
    chmodSync(written(`${folder}/closed.pcap`, patched(24, 1)), 0o600)
  })

  test.each(['decode', 'ingest'])('%s of a capture says so and what to do', async (verb) => {
    const path = `${folder}/closed.pcap`
    const env = { OVERHEAR_STORE: ':memory:' }
    const run = await overhear([verb, path], { asNobody: true, env })
    expect(run.code).toBe(3)
    expect(sentence(run)).toBe(
      `${path}: may not be read by this user: change its permissions or run as its owner`,
    )
  })

  test('decode of its folder says so, and reads the others', async () => {
    const run = await overhear(['decode', '--count', folder], { asNobody: true })
    expect(lines(run.stdout).length).toBe(1)
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(/closed\.pcap: may not be read by this user/)
  })

  test('listen says which command gives it', async () => {
    const run = await overhear(['listen', 'lo', '--store', ':memory:'], { asNobody: true })
    expect(run.code).toBe(3)
    expect(sentence(run)).toMatch(/^lo: this user may not capture: run as root, or once .*setcap/)
  })
})

describe('listen', () => {
  const store = scratch.path('listen')

  test('without tcpdump and dumpcap says what to install', async () => {
    const env = { PATH: dirname(sample('x')) }
    const run = await overhear(['listen', 'lo', '--store', store, '--json'], { env })
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(sentence(run)).toMatch(/^lo: cannot be captured without tcpdump .*apt install tcpdump/)
  })

  test.skipIf(!canCapture())('on an unknown interface lists those there are', async () => {
    const run = await overhear(['listen', 'nosuch0', '--store', store, '--json'])
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(sentence(run)).toMatch(/^nosuch0: no such interface; this machine has .*\blo\b/)
  })
})

describe('a reader who has seen enough', () => {
  test('ends decode with 0 and without a word', async () => {
    const run = await shell('{ "$@" decode "$CAPTURE"; echo "exit $?" >&2; } | head -1', {
      env: { CAPTURE: sample('quiet-hour.pcap.gz') },
    })
    expect(lines(run.stdout).length).toBe(1)
    expect(run.stderr).toBe('exit 0\n')
  })

  test('of standard error does not end an ingest', async () => {
    const store = scratch.path('deaf')
    const line =
      '{ "$@" ingest nosuch.pcap "$CAPTURE" --json 2>&3 3>&-; echo "exit $?"; } 3> >(exec true)'
    const run = await shell(line, {
      env: { CAPTURE: sample('formats/us-le.pcap'), OVERHEAR_STORE: store },
    })
    const [json, status] = lines(run.stdout)
    expect(JSON.parse(json)).toMatchObject({ totals: { failed: 1, transactions: 10 } })
    expect(status).toBe('exit 3')
  })

  test('standard output on a full disk is one sentence and 4', async () => {
    const run = await shell('"$@" decode "$CAPTURE" > /dev/full', {
      env: { CAPTURE: sample('quiet-hour.pcap.gz') },
    })
    expect(run.code).toBe(4)
    expect(sentence(run)).toMatch(/^standard output cannot be written: no space left.*make room/)
  })
})

describe('Ctrl-C', () => {
  const capture = scratch.path('large.pcap')
  beforeAll(() => writeManyExchanges(capture, 400_000))

  test('during a large ingest exits with 130, and the same command then is exact', async () => {
    const store = scratch.path('interrupted')
    const words = ['ingest', capture, '--store', store, '--json']
    const running = start(words)
    await until(() => running.child.exitCode !== null || spoolOf(store, running) !== undefined)
    // The first block of 131,072 rows is on its way into the store; two more and a half are to come.
    await once(watch(spoolOf(store, running)!), 'change')
    running.child.kill('SIGINT')
    const run = await running.ended
    expect(run.code).toBe(130)
    expect(sentence(run)).toMatch(/large\.pcap: stopped after \d+ packets; the same command/)
    expect(JSON.parse(run.stdout)).toMatchObject({ files: [], totals: { failed: 1 } })
    const [{ rows }] = await ask<Counts>(store, counting)
    expect([131_072, 262_144, 393_216]).toContain(rows)

    expect(await overhear(words)).toMatchObject({ code: 0, stderr: '' })
    expect(await ask<Counts>(store, counting)).toEqual([
      { rows: 400_000, names: 400_000, answers: 400_000 },
    ])
  })

  test('ends a pipe and stores what has come through it: it cannot be read again', async () => {
    const store = scratch.path('piped')
    const words = ['ingest', '-', '--store', store, '--json']
    const { child, ended } = start(words, { keepInputOpen: true })
    try {
      const bytes = readFileSync(capture).subarray(0, 20_000_000)
      await new Promise((resolve) => child.stdin!.write(bytes, resolve))
      child.kill('SIGINT')
      const run = await ended
      expect(run.code).toBe(130)
      const { files } = JSON.parse(run.stdout) as Ingested
      // All but what the pipe itself still held.
      expect(files[0]?.packets).toBeGreaterThan(150_000)
      const [{ rows, answers }] = await ask<Counts>(store, counting)
      expect(rows + answers).toBe(files[0].packets)
    } finally {
      child.kill('SIGKILL')
    }
  }, 30_000)
})

interface Ingested {
  files: { path: string; packets: number; problems: string[] }[]
  problems: string[]
  totals: { failed: number }
}

interface Counts {
  rows: number
  names: number
  answers: number
}

const counting =
  'SELECT count() AS rows, uniqExact(qname) AS names, countIf(response_frame > 0) AS answers FROM transactions'

/** Where the packet records of a classic little-endian pcap begin. */
function recordOffsets(capture: Buffer): number[] {
  const offsets: number[] = []
  for (let at = 24; at < capture.length; at += 16 + capture.readUInt32LE(at + 8)) offsets.push(at)
  return offsets
}

/** The good capture with another 32-bit word at `offset`. */
function patched(offset: number, word: number): Buffer {
  const bytes = Buffer.from(good)
  bytes.writeUInt32LE(word, offset)
  return bytes
}

function canCapture(): boolean {
  const can = process.getuid?.() === 0 && spawnSync('tcpdump', ['--version']).status === 0
  if (!can) skipping('listening is not tested: that needs root and tcpdump')
  return can
}
