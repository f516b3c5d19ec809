// A store on a cluster of two real servers holds, finds and forgets what one in this process does; servers die and come back in between.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, OpenOptions } from '../src/database/database.ts'
import { mergeParts } from '../src/database/merges.ts'
import { openDatabase, openStore, throwAway } from '../src/database/open.ts'
import { UsageError } from '../src/errors.ts'
import { ingestFiles, type IngestOptions } from '../src/ingest/files.ts'
import { removeCaptures } from '../src/ingest/store/removal.ts'
import { retainFrom } from '../src/ingest/store/retention.ts'
import { detectors } from '../src/inspect/detect/index.ts'
import { run as runDetectors } from '../src/inspect/detect/run.ts'
import { huntFor, huntLines, type Question } from '../src/inspect/hunt/hunt.ts'
import { loadNetworks, networksOf } from '../src/inspect/networks/load.ts'
import { listCaptures } from '../src/inspect/status/captures.ts'
import { storeState } from '../src/inspect/status/status.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { contentOf } from './content.ts'
import { overhear, sentence } from './command.ts'
import { documentedPassword, documentedUsers } from './documented-users.ts'
import { clusterName, type EngineCluster, startEngineCluster } from './engine-cluster.ts'

const samples = join(import.meta.dirname, '../samples')
const corpus = join(import.meta.dirname, '../../shared/captures')
const hasCorpus = existsSync(corpus)
if (!hasCorpus) {
  if (process.env['CI']) throw new Error('../shared/captures is absent')
  console.warn('real captures are absent: ../shared/captures is not there')
}
// Real ones with attacks and without; samples where there are none.
const names = [
  'dnsheur-dnsrecon.pcap',
  'recorded-iodine-txt.pcap',
  'sv-bug-1158-txt-tunnel.pcap',
  'csanders-isp-hijack.pcapng',
]
const captures = hasCorpus
  ? names.map((name) => join(corpus, name))
  : [join(samples, 'poisoning.pcap'), join(samples, 'exfiltration.pcap')]
const killed = hasCorpus
  ? join(corpus, 'mercury-dns-packet-capture2.pcap.gz')
  : join(samples, 'answer-change.pcap')

const folder = mkdtempSync(join(tmpdir(), 'cluster-test-'))
let cluster: EngineCluster
beforeAll(async () => {
  cluster = await startEngineCluster(documentedUsers())
})
afterAll(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

function openOn(name: string, options: OpenOptions = {}): Promise<Database> {
  return openStore(`${cluster.url}/${name}`, {
    cluster: clusterName,
    insertPatienceMs: 0,
    ...options,
  })
}

function ingest(paths: string[], database: Database, options: IngestOptions = {}) {
  const spool = join(folder, database.location.replace(/.*\//, 'spool-'))
  return ingestFiles(paths, database, { spool, blockRows: 200, ...options })
}

describe('a store on a cluster', () => {
  let database: Database
  let embedded: Database

  beforeAll(async () => {
    database = await openOn('whole')
    embedded = await openStore(throwAway)
    for (const each of [database, embedded]) {
      expect((await ingest(captures, each)).problems).toEqual([])
    }
  })
  afterAll(async () => {
    await database.close()
    await embedded.close()
  })

  test('holds every column of every row that one in this process holds, on both servers', async () => {
    expect(database.cluster).toEqual({ name: 'pair', database: 'whole', isReplicated: false })
    expect(await contentOf(database)).toEqual(await contentOf(embedded))
    for (const table of ['transactions', 'rrsets']) {
      const shares = await database.rows<{ rows: number }>(
        `SELECT _shard_num AS shard, count() AS rows FROM ${table} GROUP BY shard ORDER BY shard`,
      )
      expect(shares.map(({ rows }) => rows > 0)).toEqual([true, true])
    }
    // All of a domain is on one server, and all of the ledger on the first.
    expect(
      await database.rows(
        `SELECT domain FROM transactions WHERE domain != '' GROUP BY domain HAVING uniqExact(_shard_num) > 1`,
      ),
    ).toEqual([])
    expect(await database.rows('SELECT DISTINCT _shard_num AS shard FROM captures')).toEqual([
      { shard: 1 },
    ])
  })

  test('that holds a file takes nothing of it twice', async () => {
    const before = await contentOf(database)
    const { totals } = await ingest(captures, database)
    expect(totals.already).toBe(captures.length)
    expect(await contentOf(database)).toEqual(before)
  })

  test('gives the findings that one in this process gives', async () => {
    const found = await Promise.all(
      [embedded, database].map(async (each) => (await runDetectors(each, detectors)).findings),
    )
    expect(found[0].length).toBeGreaterThan(0)
    expect(found[1]).toEqual(found[0])
  })

  test('answers every hunt as one in this process does', async () => {
    const [subject] = await embedded.rows<Record<string, string>>(
      `SELECT any(qname) AS name, any(domain) AS domain, toString(any(client)) AS client, toString(any(server)) AS server, any(rr.data[1]) AS data
       FROM (SELECT * FROM transactions WHERE domain != '' AND notEmpty(rr.data) AND match = 'answered' ORDER BY ts, frame LIMIT 1)`,
    )
    const asked: [Question, string][] = [
      ['name', subject['name']],
      ['domain', subject['domain']],
      ['client', subject['client']],
      ['address', subject['server']],
      ['answer', subject['data']],
    ]
    for (const [question, value] of asked) {
      const hunt = huntFor(question, value)
      const [here, there] = await Promise.all(
        [embedded, database].map(async (each) =>
          huntLines(hunt, await hunt.ask(each, { ...wholeHistory, limit: 50 })),
        ),
      )
      expect(here).not.toEqual([])
      expect(there, `${question} ${value}`).toEqual(here)
    }
  })

  test('shows through every view what one in this process shows', async () => {
    const views = await embedded.rows<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name`,
    )
    expect(views.length).toBeGreaterThan(4)
    for (const { name } of views) {
      const sql = `SELECT count() AS rows, toString(sum(sipHash64(*))) AS content FROM ${name}`
      expect(await database.rows(sql), name).toEqual(await embedded.rows(sql))
    }
  })

  test('asks the one server that has a name', async () => {
    const [{ name, domain }] = await embedded.rows<{ name: string; domain: string }>(
      `SELECT any(qname) AS name, domain FROM transactions WHERE domain != '' GROUP BY domain ORDER BY domain LIMIT 1`,
    )
    // Raises an error where it would ask more than it has to.
    const sql = `SELECT count() > 0 AS is_there FROM transactions WHERE domain = {domain:String} AND qname = {name:String}
      SETTINGS force_optimize_skip_unused_shards = 2`
    expect(await database.rows(sql, { name, domain })).toEqual([{ is_there: 1 }])
  })

  test('shows its size and its captures as one in this process does', async () => {
    const [here, there] = [await storeState(embedded, 5), await storeState(database, 5)]
    for (const key of ['packets', 'transactions', 'verdicts', 'captures', 'schema'] as const)
      expect(there[key], key).toEqual(here[key])
    const rows = there.disk.find(({ table }) => table === 'transactions')?.rows
    expect(rows).toBe(there.transactions)
    const ids = async (each: Database) =>
      (await listCaptures(each)).map(({ id, rows_stored }) => `${id} ${rows_stored}`).sort()
    expect(await ids(database)).toEqual(await ids(embedded))
  })

  test('is merged on every server', async () => {
    const { before, after } = await mergeParts(database)
    expect(before.parts).toBeGreaterThan(after.parts)
    expect(await contentOf(database)).toEqual(await contentOf(embedded))
  })

  test('knows its networks on every server', async () => {
    const networks = [
      { prefix: '0.0.0.0/1', asn: 64_500, name: 'low' },
      { prefix: '128.0.0.0/1', asn: 64_501, name: 'high' },
    ]
    expect(await loadNetworks(database, networks)).toBe(2)
    expect((await networksOf(database, ['192.0.2.1'])).get('192.0.2.1')?.name).toBe('high')
    // In a query that each server answers for its rows, the dictionary is named with its database.
    expect(
      await database.rows(
        `SELECT countIf(dictGet('whole.networks', 'name', tuple(server)) = '') AS unknown FROM transactions`,
      ),
    ).toEqual([{ unknown: 0 }])
    expect(await loadNetworks(database, networks.slice(1))).toBe(1)
    expect((await networksOf(database, ['10.0.0.1'])).size).toBe(0)
    expect(await loadNetworks(database, [])).toBe(0)
  })

  test('forgets a capture and what passive DNS has from it, on both servers', async () => {
    for (const each of [database, embedded]) {
      const [first] = (await listCaptures(each)).filter(({ path }) => path === captures[0])
      expect((await removeCaptures(each, [first.id], 'removed')).length).toBe(1)
    }
    const left = await contentOf(database)
    expect(left).toEqual(await contentOf(embedded))
    expect(left.captures).toBe(captures.length - 1)
    // Then all of it, so that a server has nothing left.
    for (const each of [database, embedded]) {
      expect((await retainFrom(each, '2100-01-01')).captures).toBe(captures.length - 1)
      expect(await contentOf(each)).toMatchObject({ rows: 0, captures: 0 })
      await ingest(captures, each)
    }
    expect(await contentOf(database)).toEqual(await contentOf(embedded))
  })

  test('is made whole again where a server has lost its tables, or is new', async () => {
    const second = await openDatabase(cluster.servers[1].url)
    await second.command('DROP DATABASE whole SYNC')
    await second.close()
    const again = await openOn('whole', {})
    await ingest([killed], again)
    const shares = await again.rows('SELECT DISTINCT _shard_num AS shard FROM transactions')
    expect(shares.length).toBe(2)
    await again.close()
  })
})

/** Does something once so many blocks have arrived, while the next is on its way; gives what it came to. */
function afterBlocks(database: Database, blocks: number, work: () => Promise<void>) {
  const insertFile = database.insertFile.bind(database)
  let inserted = 0
  let done: Promise<void> | undefined
  database.insertFile = async (...block) => {
    await insertFile(...block)
    if (++inserted === blocks) done = work()
  }
  return async () => {
    expect(done).toBeDefined()
    await done
  }
}

describe('a server that dies while blocks are on their way', () => {
  let wanted: Awaited<ReturnType<typeof contentOf>>

  beforeAll(async () => {
    const embedded = await openStore(throwAway)
    await ingest([killed], embedded)
    wanted = await contentOf(embedded)
    await embedded.close()
  })

  test.each([
    ['the other one', 1],
    ['the one that is spoken to', 0],
  ])('%s: the next run stores each message exactly once', async (_, index) => {
    const server = cluster.servers[index]
    const database = await openOn(`dies${index}`)
    const dead = afterBlocks(database, 3, () => server.kill())
    await expect(ingest([killed], database, { blockRows: 40 })).rejects.toMatchObject({
      code: expect.stringMatching(/shard-down|refused|connection-lost/) as string,
    })
    await dead()
    await database.close().catch(() => undefined)
    await server.restart()
    const again = await openOn(`dies${index}`)
    expect((await ingest([killed], again, { blockRows: 40 })).problems).toEqual([])
    expect(await contentOf(again)).toEqual(wanted)
    expect((await ingest([killed], again)).totals.already).toBe(1)
    await again.close()
  })

  test('and comes back soon is waited for', async () => {
    const server = cluster.servers[1]
    const database = await openOn('waits', { insertPatienceMs: 60_000 })
    const revived = afterBlocks(database, 3, () => server.kill().then(() => server.restart()))
    expect((await ingest([killed], database, { blockRows: 40 })).problems).toEqual([])
    await revived()
    expect(await contentOf(database)).toEqual(wanted)
    await database.close()
  })
})

describe('the users that docs/cluster.md makes', () => {
  const as = (user: string) => {
    const { host } = new URL(cluster.url)
    return `http://page_${user}:${documentedPassword}@${host}/dns`
  }
  const env = { XDG_STATE_HOME: join(folder, 'state') }

  test('the sensor makes the store, fills it, and takes out of it again', async () => {
    const made = ['ingest', captures[0], '--store', as('sensor'), '--cluster', clusterName]
    expect(await overhear(made, { env })).toMatchObject({ code: 0, stderr: '' })
    // From now on the store knows its cluster, and the name may come from the environment.
    const words = ['--store', as('sensor')]
    const again = await overhear(['ingest', ...captures, ...words, '--json'], {
      env: { ...env, OVERHEAR_CLUSTER: clusterName },
    })
    expect(again).toMatchObject({ code: 0, stderr: '' })
    const { files } = JSON.parse(again.stdout) as { files: { id: string; already: boolean }[] }
    expect(files.filter(({ already }) => already).length).toBe(1)
    for (const verb of [
      ['captures', 'remove', files[0].id],
      ['watch', 'add', 'example.org'],
      ['allow', 'add', '--client', '192.0.2.7', '--reason', 'known'],
      ['networks', 'import', networksFile()],
      ['report'],
      ['ingest', captures[0]],
    ]) {
      const run = await overhear([...verb, ...words], { env })
      expect(run.code, `${verb.join(' ')}: ${run.stderr}`).toBe(0)
    }
  })

  test('the analyst reads all of it, and is told what may not be', async () => {
    const words = ['--store', as('analyst')]
    for (const verb of [
      ['status'],
      ['report'],
      ['captures', 'list'],
      ['hunt', 'domain', 'example.org'],
      ['audit', 'example.org'],
      [
        'sql',
        "SELECT dictGet('dns.networks', 'asn', tuple(server)) AS asn, count() FROM transactions GROUP BY asn",
      ],
    ]) {
      const run = await overhear([...verb, ...words], { env })
      expect(run.code, `${verb.join(' ')}: ${run.stderr}`).toBe(0)
    }
    const refused = await overhear(['ingest', captures[0], ...words], { env })
    expect(refused.code).toBe(4)
    expect(sentence(refused)).toMatch(
      /^the user of \S+ may only read: storing needs a user who may write/,
    )
  })

  test('who may set nothing and whose profile lacks what a cluster needs is told what', async () => {
    const { host } = new URL(cluster.url)
    const run = await overhear(['status', '--store', `http://reader:reader@${host}/dns`], { env })
    expect(run.code).toBe(4)
    expect(sentence(run)).toMatch(
      /lies on a cluster, and this user may set nothing: give it SETTINGS distributed_product_mode = 'global'/,
    )
  })

  function networksFile(): string {
    const path = join(folder, 'networks.csv')
    writeFileSync(path, '192.0.2.0/24,64500,Example\n')
    return path
  }
})

describe('what cannot be is said', () => {
  test('a cluster that the server does not know, a store that lies elsewhere, a folder', async () => {
    await expect(openOn('nowhere', { cluster: 'trunk' })).rejects.toMatchObject({
      code: 'unknown-cluster',
      message: expect.stringMatching(
        /knows no cluster trunk: its remote_servers name pair/,
      ) as string,
    })
    await expect(
      openStore(`${cluster.url}/nowhere`, { create: false, cluster: clusterName }),
    ).rejects.toMatchObject({ code: 'no-store' })
    await (await openStore(`${cluster.url}/single`)).close()
    await expect(openOn('single')).rejects.toMatchObject({
      code: 'other-cluster',
      message: expect.stringMatching(/lies on one server, not on pair/) as string,
    })
    await (await openOn('double')).close()
    await expect(openOn('double', { cluster: 'trunk' })).rejects.toMatchObject({
      code: 'other-cluster',
    })
    const found = await openStore(`${cluster.url}/double`, { create: false })
    expect(found.cluster?.name).toBe(clusterName)
    await found.close()
    await expect(openStore(join(folder, 'store'), { cluster: clusterName })).rejects.toThrow(
      UsageError,
    )
  })
})
