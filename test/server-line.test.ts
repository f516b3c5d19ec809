// A server behind a bad line: inserts that break are repeated and counted once, and what cannot be is one sentence with an exit status.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore, throwAway } from '../src/database/open.ts'
import { ingestFiles } from '../src/ingest/files.ts'
import { brokenLine, tlsLine } from './broken-line.ts'
import { overhear, sample, scratchFolder, sentence } from './command.ts'
import { type Content, contentOf } from './content.ts'
import { type EngineServer, startEngineServer, users } from './engine-server.ts'

const corpus = join(import.meta.dirname, '../../shared/captures')
const real = join(corpus, 'mercury-dns-packet-capture2.pcap.gz')
const capture = existsSync(real) ? real : sample('answer-change.pcap')
const scratch = scratchFolder()
let server: EngineServer
let wanted: Content

beforeAll(async () => {
  server = await startEngineServer()
  server.supervise()
  const embedded = await openStore(throwAway)
  await ingestFiles([capture], embedded, { spool: scratch.path('embedded') })
  wanted = await contentOf(embedded)
  await embedded.close()
})
afterAll(async () => {
  // It would wait for what is left of broken connections.
  await server.kill()
  await server.stop()
  scratch.remove()
})

/** What the store holds, asked on a good line. */
async function contentIn(name: string): Promise<Content> {
  const database = await openStore(`${server.url}/${name}`, { create: false })
  try {
    return await contentOf(database)
  } finally {
    await database.close()
  }
}

describe('a line that breaks', () => {
  test('in the middle of inserts costs time, and no message is lost or stored twice', async () => {
    const isInsert = (head: string) => /INSERT(?:\+|%20)INTO(?:\+|%20)%60transactions/.test(head)
    const line = await brokenLine(server.port, 1, 40, isInsert)
    const database = await openStore(`${line.url}/inserts?retry=600`)
    const { problems } = await ingestFiles([capture], database, {
      spool: scratch.path('inserts'),
      blockRows: 20,
    })
    expect(problems).toEqual([])
    await database.close()
    await line.close()
    for (const [trouble, times] of Object.entries(line.made)) {
      expect(times, trouble).toBeGreaterThan(0)
    }
    expect(await contentIn('inserts')).toEqual(wanted)
  })

  test('anywhere fails the run with one sentence, and runs until it is through store each message once', async () => {
    const line = await brokenLine(server.port, 2, 10)
    const store = `${line.url}/anywhere?retry=1`
    let runs = 0
    for (let isDone = false; !isDone; runs++) {
      // Even a line this bad lets a run through at last; then it is mended, so that the test ends.
      if (runs === 15) line.mend()
      try {
        const database = await openStore(store)
        try {
          await ingestFiles([capture], database, { spool: scratch.path('anywhere'), blockRows: 60 })
          isDone = true
        } finally {
          await database.close()
        }
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'StoreError' })
        expect((thrown as Error).message).not.toContain('\n')
      }
    }
    expect(runs).toBeGreaterThan(1)
    await line.close()
    expect(await contentIn('anywhere')).toEqual(wanted)
  })

  test('for longer than inserts are tried again leaves the blocks for the next run', async () => {
    const isInsert = (head: string) => /INSERT(?:\+|%20)INTO(?:\+|%20)%60transactions/.test(head)
    const line = await brokenLine(server.port, 3, 100, isInsert)
    const home = { XDG_STATE_HOME: scratch.path('state') }
    const words = ['ingest', capture, '--store', `${line.url}/away?retry=0`]
    const failed = await overhear(words, { env: home })
    expect(failed.code).toBe(4)
    expect(sentence(failed)).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/away: no backend|broke|connection/,
    )
    line.mend()
    expect(await overhear(words, { env: home })).toMatchObject({ code: 0, stderr: '' })
    await line.close()
    expect(await contentIn('away')).toEqual(wanted)
  })
})

describe('the end of a store URL', () => {
  test('compresses what is sent and received, or sets how long is waited, and nothing is different then', async () => {
    const database = await openStore(
      `${server.url}/packed?compression=gzip&timeout=90&connect_timeout=20&retry=5`,
    )
    expect(database.location).toBe(`${server.url}/packed`)
    await ingestFiles([capture], database, { spool: scratch.path('packed') })
    expect(await contentOf(database)).toEqual(wanted)
    let lines = 0
    for await (const chunk of database.stream('SELECT number FROM numbers(100000)'))
      lines += Buffer.from(chunk).filter((byte) => byte === 10).length
    expect(lines).toBe(100_000)
    await database.close()
  })

  test('that asks for a short silence ends a statement that is silent longer', async () => {
    const database = await openStore(`${server.url}/packed?timeout=0.5`, { create: false })
    await expect(database.rows('SELECT sleep(3)')).rejects.toMatchObject({ code: 'timeout' })
    await database.close()
  })

  test('that is not understood is wrong usage that says what it takes', async () => {
    const it = 'it takes compression=gzip, and timeout, connect_timeout and retry'
    for (const end of ['compression=zstd', 'timeout=soon', 'retry=-1', 'timeout=99999'])
      await expect(openStore(`${server.url}/packed?${end}`)).rejects.toThrow(it)
    const run = await overhear(['status', '--store', `${server.url}/packed?compresion=gzip`])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain(it)
  })
})

describe('who may not', () => {
  const verbs = [['ingest', capture], ['status'], ['report'], ['hunt', 'name', 'example.org']]

  test.each(verbs)(
    '%s with a wrong password or to an unknown host is one sentence and 4',
    async (...verb) => {
      const words = verb.filter((word) => typeof word === 'string')
      const wrong = await overhear([
        ...words,
        '--store',
        `http://analyst:no@127.0.0.1:${server.port}/packed`,
      ])
      expect(wrong.code).toBe(4)
      expect(sentence(wrong)).toBe(
        `http://analyst@127.0.0.1:${server.port}/packed does not accept this user and password; give them as http://user:password@host:port/database`,
      )
      const unknown = await overhear([...words, '--store', 'http://no-such-host.invalid:8123/dns'])
      expect(unknown.code).toBe(4)
      expect(sentence(unknown)).toBe(
        'the host name of http://no-such-host.invalid:8123/dns does not resolve',
      )
    },
  )

  test('write reads all the same, and is told before anything is read', async () => {
    const store = `http://reader:${users.reader.password}@127.0.0.1:${server.port}/packed`
    const ingest = await overhear(['ingest', capture, '--store', store])
    expect(ingest.code).toBe(4)
    expect(sentence(ingest)).toBe(
      `the user of http://reader@127.0.0.1:${server.port}/packed may only read: storing needs a user who may write (docs/cluster.md)`,
    )
    const status = await overhear(['status', '--json', '--store', store])
    expect(status.code).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({ transactions: wanted.rows })
    expect(await overhear(['report', '--store', store])).toMatchObject({ code: 0 })
  })
})

describe('a server behind TLS', () => {
  const key = scratch.path('key.pem')
  const certificate = scratch.path('certificate.pem')

  test('is trusted by its certificate, and refused where that is unknown', async () => {
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${certificate}`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    )
    const line = await tlsLine(server.port, {
      key: readFileSync(key, 'utf8'),
      cert: readFileSync(certificate, 'utf8'),
    })
    const words = ['status', '--json', '--store', `${line.url}/packed`]
    const stranger = await overhear(words)
    expect(stranger.code).toBe(4)
    expect(sentence(stranger)).toMatch(/^no trusted TLS with https:/)
    const known = await overhear(words, { env: { NODE_EXTRA_CA_CERTS: certificate } })
    expect(known).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(known.stdout)).toMatchObject({ transactions: wanted.rows })
    await line.close()
  })
})
