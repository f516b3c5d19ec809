// The ways a store can fail to open, each one sentence with a code; locks, disks, servers are real.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase, throwAway } from '../src/database/open.ts'
import { StoreError, UsageError } from '../src/errors.ts'
import { type EngineServer, startEngineServer, users } from './engine-server.ts'
import { numberBlock, refusal, scratch } from './store-fixture.ts'

// Never another one: it is to have these users.
let server: EngineServer
beforeAll(async () => {
  server = await startEngineServer()
})
afterAll(async () => {
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
})

describe('an embedded store', () => {
  test('in use by another process names it, and is free again when that is killed', async () => {
    const folder = join(scratch, 'locked')
    const holder = await holdStore(folder)
    const failure = await refusal(folder)
    expect(failure.code).toBe('locked')
    expect(failure.message).toContain(`process ${holder.pid}`)
    rmSync(join(folder, 'overhear.lock'))
    const unnamed = await refusal(folder)
    expect(unnamed.code).toBe('locked')
    expect(unnamed.message).toContain(String(holder.pid))
    await end(holder, 'SIGKILL')
    writeFileSync(
      join(folder, 'overhear.lock'),
      JSON.stringify({ pid: holder.pid, started: '1', command: 'gone', since: '' }),
    )
    const database = await openDatabase(folder, { create: false })
    expect(JSON.parse(readFileSync(join(folder, 'overhear.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    })
    await expect(openDatabase(folder)).rejects.toMatchObject({ code: 'locked' })
    await expect(openDatabase(join(scratch, 'another'))).rejects.toMatchObject({
      code: 'one-store',
    })
    await database.close()
    expect(existsSync(join(folder, 'overhear.lock'))).toBe(false)
  })

  test('the process that is refused prints one sentence, nothing of the engine', async () => {
    const folder = join(scratch, 'quiet')
    const holder = await holdStore(folder)
    const { stdout, stderr } = await runScript(
      `try { await openDatabase(${JSON.stringify(folder)}) } catch (thrown) { console.log(thrown.code) }`,
    )
    expect(stdout).toBe('locked\n')
    expect(stderr).toBe('')
    await end(holder, 'SIGKILL')
  })

  test('is not made out of a file, a folder with other things, or below a file', async () => {
    const file = join(scratch, 'file')
    writeFileSync(file, 'x')
    expect((await refusal(file)).code).toBe('not-a-folder')
    expect((await refusal(join(file, 'below'))).code).toBe('not-a-folder')
    const full = join(scratch, 'full')
    mkdirSync(full)
    writeFileSync(join(full, 'holiday.jpeg'), 'x')
    expect((await refusal(full)).message).toContain('holiday.jpeg')
    expect(readdirSync(full)).toEqual(['holiday.jpeg'])
    await expect(openDatabase('')).rejects.toThrow(UsageError)
    await expect(openDatabase('https://h/a-b')).rejects.toThrow(UsageError)
    await expect(openDatabase('clickhouse://u:secret@h')).rejects.not.toThrow(/secret/)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'without permission is one sentence naming the folder',
    async () => {
      const folder = join(scratch, 'private')
      mkdirSync(folder)
      chmodSync(scratch, 0o755)
      const { stdout, stderr } = await runScript(
        `try { await openDatabase(${JSON.stringify(folder)}) } catch (thrown) { console.log(thrown.code, thrown.message.includes(${JSON.stringify(folder)})) }`,
        { uid: 65534, gid: 65534 },
      )
      expect(stdout).toBe('no-permission true\n')
      expect(stderr).toBe('')
      expect(readdirSync(folder)).toEqual([])
    },
  )

  test.skipIf(!canMount())('on a full disk keeps what it has and says what to do', async () => {
    const folder = join(scratch, 'disk')
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder])
    const database = await openDatabase(join(folder, 'store'))
    try {
      await database.command(
        'CREATE TABLE t (a UInt64, s String CODEC(NONE)) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000',
      )
      const file = numberBlock('disk', 500_000)
      let stored = 0
      const fill = async () => {
        for (; stored < 100; stored++) {
          await database.insertFile('t', ['a', 's'], file, `disk:${stored}`)
        }
      }
      const failure: unknown = await fill().catch((thrown: unknown) => thrown)
      expect(failure).toMatchObject({ code: 'disk-full' })
      expect((failure as StoreError).message).toContain(folder)
      expect((failure as StoreError).message).toContain('spool')
      expect(await database.rows('SELECT count() AS n FROM t')).toEqual([{ n: stored * 500_000 }])
    } finally {
      await database.close()
      execFileSync('umount', [folder])
    }
  })

  test.skipIf(!canMount())(
    'stops a result that has to be written as a whole before the disk is full, and tells the way out',
    async () => {
      const folder = join(scratch, 'narrow')
      mkdirSync(folder)
      // Only what is written takes memory: 76 MiB until 1 GiB is left.
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1100m', 'tmpfs', folder])
      const database = await openDatabase(join(folder, 'store'))
      const sizeOf = async (sql: string, format: string) => {
        let sizeBytes = 0
        for await (const chunk of database.queryReadOnly(sql, format)) sizeBytes += chunk.length
        return sizeBytes
      }
      try {
        for (const format of ['JSON', 'Parquet']) {
          const failure: unknown = await sizeOf(
            'SELECT rand64() FROM system.numbers',
            format,
          ).catch((thrown: unknown) => thrown)
          expect(failure).toMatchObject({ code: 'disk-full' })
          expect((failure as StoreError).message).toMatch(
            new RegExp(`for ${format}, .*${folder}.* JSONEachRow or TSV`),
          )
        }
        expect(readdirSync(join(folder, 'store')).sort()).toEqual(['clickhouse', 'overhear.lock'])
        writeFileSync(join(folder, 'other'), Buffer.alloc(2 ** 27))
        expect(await sizeOf('SELECT number FROM numbers(100000)', 'JSON')).toBeGreaterThan(500_000)
        expect(await sizeOf('SELECT number FROM numbers(20000000)', 'TSVWithNames')).toBe(
          168_888_897,
        )
      } finally {
        await database.close()
        execFileSync('umount', [folder])
      }
    },
  )

  test('that is thrown away is gone after Ctrl-C at any moment, from its first on', async () => {
    const temporary = mkdtempSync(join(scratch, 'tmp-'))
    const capture = join(import.meta.dirname, '../samples/quiet-hour.pcap.gz')
    let early = 0
    for (let turn = 0; turn < 20; turn++) {
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', join(import.meta.dirname, '../src/cli.ts'), 'report', capture],
        { env: { ...process.env, TMPDIR: temporary }, stdio: 'ignore' },
      )
      const ended = once(child, 'exit')
      const left = () => readdirSync(temporary).filter((name) => name.startsWith('overhear-'))
      // Every second one as soon as there is something to leave behind, the others anywhere in the start.
      if (turn % 2 === 0) while (left().length === 0 && child.exitCode === null) await sleep(1)
      await sleep(turn % 2 === 0 ? turn * 5 : turn * 75)
      if (left().length > 0) early += 1
      child.kill('SIGINT')
      const [code, by] = (await ended) as [number | null, string | null]
      // A fast machine may be done before; what must not be is an error on the way out.
      expect(['SIGINT', 0], `turn ${turn}`).toContain(by ?? code)
      expect(left(), `turn ${turn}`).toEqual([])
    }
    expect(early).toBeGreaterThan(0)
  })

  test('that is thrown away leaves nothing behind, closed, interrupted or killed', async () => {
    const database = await openDatabase(throwAway)
    const folder = database.folder ?? ''
    await database.command('CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a')
    expect(existsSync(folder)).toBe(true)
    await database.close()
    expect(existsSync(folder)).toBe(false)
    const folders: string[] = []
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      const holder = await holdStore(throwAway)
      folders.push(holder.folder)
      expect(existsSync(holder.folder)).toBe(true)
      expect(await end(holder, signal)).toBe(signal)
      expect(existsSync(holder.folder)).toBe(signal === 'SIGKILL')
    }
    await (await openDatabase(throwAway)).close()
    expect(folders.filter((path) => existsSync(path))).toEqual([])
    const { stdout } = await runScript(
      `const d = await openDatabase(':memory:'); console.log(d.folder); void d.rows('SELECT sleep(3)'); setTimeout(() => process.exit(7), 100)`,
    )
    expect(existsSync(stdout.trim())).toBe(false)
  })

  test('says how to get the engine where it is not installed', async () => {
    const { stdout } = await runScript(
      `import { register } from 'node:module'
       register('data:text/javascript,' + encodeURIComponent("export async function resolve(s, c, n) { if (s === 'chdb') { const e = new Error('absent'); e.code = 'ERR_MODULE_NOT_FOUND'; throw e } return n(s, c) }"))
       try { await openDatabase(':memory:') } catch (thrown) { console.log(thrown.code, thrown.message) }`,
    )
    expect(stdout).toMatch(/^no-engine .*npm install chdb.*--store http/)
  })
})

describe('a server', () => {
  test('that refuses, hangs, is no ClickHouse, is unknown or wants a password is one sentence each', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    const page = createHttpServer((_, answer) =>
      answer.writeHead(404).end('<html>no</html>'),
    ).listen(0, '127.0.0.1')
    await Promise.all([once(silent, 'listening'), once(page, 'listening')])
    const port = (of: { address(): unknown }) => (of.address() as AddressInfo).port
    expect((await refusal('http://127.0.0.1:1/x')).code).toBe('refused')
    expect((await refusal(`http://127.0.0.1:${port(silent)}/x`)).code).toBe('timeout')
    expect((await refusal(`http://127.0.0.1:${port(page)}/x`)).code).toBe('not-clickhouse')
    expect((await refusal('http://does-not-exist.invalid:8123/x')).code).toBe('unknown-host')
    const wrong = await refusal(`http://analyst:secret@127.0.0.1:${server.port}/x`)
    expect(wrong.code).toBe('wrong-password')
    expect(wrong.message).not.toContain('secret')
    expect((await refusal(`https://127.0.0.1:${server.port}/x`)).code).toMatch(
      /certificate|connection-lost/,
    )
    silent.close()
    page.close()
  })

  test('takes a percent-encoded password and never prints it', async () => {
    const { password } = users.analyst
    const database = await openDatabase(
      `http://analyst:${encodeURIComponent(password)}@127.0.0.1:${server.port}/withpass`,
    )
    expect(database.location).toBe(`http://analyst@127.0.0.1:${server.port}/withpass`)
    expect(await database.rows('SELECT currentUser() AS u, currentDatabase() AS d')).toEqual([
      { u: 'analyst', d: 'withpass' },
    ])
    await database.close()
  })

  test('where our user may only read is read, and a write is one sentence', async () => {
    const writer = await openDatabase(`${server.url}/readers`)
    await writer.command('CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a')
    await writer.close()
    const reader = await openDatabase(
      `http://reader:${users.reader.password}@127.0.0.1:${server.port}/readers`,
    )
    expect(await reader.rows('SELECT count() AS n FROM t WHERE a = {a:UInt8}', { a: 1 })).toEqual([
      { n: 0 },
    ])
    for await (const chunk of reader.queryReadOnly('SELECT count() FROM t'))
      expect(String(Buffer.from(chunk))).toBe('0\n')
    await expect(reader.command('INSERT INTO t SELECT 1')).rejects.toMatchObject({
      code: 'read-only',
    })
    await expect(
      reader.insertFile('t', ['a'], numberBlock('reader', 1), 'x'),
    ).rejects.toMatchObject({ code: 'read-only' })
    await reader.close()
    expect((await refusal(`http://reader:reader@127.0.0.1:${server.port}/nosuch`)).code).toBe(
      'read-only',
    )
  })

  test('without a database in its URL stores into overhear', async () => {
    const database = await openDatabase(server.url)
    expect(database.location).toBe(`${server.url}/overhear`)
    expect(await database.rows('SELECT currentDatabase() AS d')).toEqual([{ d: 'overhear' }])
    await database.close()
  })

  test('that dies is an error for the statement that runs, not a crash', async () => {
    const doomed = await startEngineServer()
    const database = await openDatabase(`${doomed.url}/x`)
    const running = database.rows(
      'SELECT sleepEachRow(1) FROM numbers(300) SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1',
    )
    const outcome = running.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await database.rows('SELECT 1')
    await doomed.stop()
    expect(await outcome).toBeInstanceOf(StoreError)
    await expect(database.rows('SELECT 1')).rejects.toMatchObject({
      code: expect.stringMatching(/refused|connection-lost/) as string,
    })
    await database.close()
  })
})

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mount-test-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    console.warn(
      'database.test: cannot mount a small file system here, so the full disk is not tested',
    )
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const importOpen = `import { openDatabase } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../src/database/open.ts')).href)}\n`

function startScript(script: string, options: { uid?: number; gid?: number } = {}): ChildProcess {
  return spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', importOpen + script],
    { cwd: join(import.meta.dirname, '..'), stdio: ['pipe', 'pipe', 'pipe'], ...options },
  )
}

async function runScript(script: string, options: { uid?: number; gid?: number } = {}) {
  const child = startScript(script, options)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  await once(child, 'close')
  return { stdout, stderr }
}

/** A real second process that has the store open until it is ended, or this process dies. */
async function holdStore(location: string): Promise<ChildProcess & { folder: string }> {
  const child = startScript(
    `const database = await openDatabase(${JSON.stringify(location)})
     console.log(database.folder)
     process.stdin.resume().on('end', () => process.exit(0))`,
  )
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return Object.assign(child, { folder: line.toString().trim() })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<string> {
  const ended = once(child, 'exit')
  child.kill(signal)
  const [, by] = (await ended) as [number | null, string | null]
  return by ?? 'exit'
}
