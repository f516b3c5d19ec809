// The command line as its contract states it: help, statuses, JSON key by key, the samples' findings, and what a terminal may see.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { pcapFile } from '../samples/make/capture.ts'
import { ethernet, udpPacket } from '../samples/make/frame.ts'
import { encodeMessage, type Message, type ResourceRecord } from '../samples/make/message.ts'
import type { Label } from '../samples/make/sample.ts'
import {
  ask,
  lines,
  overhear,
  sample,
  scratchFolder,
  sentence,
  shell,
  skipping,
  written,
} from './command.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)

const verbs = [
  'report',
  'ingest',
  'listen',
  'hunt',
  'audit',
  'sql',
  'status',
  'captures',
  'networks',
  'decode',
]
const capture = sample('formats/us-le.pcap')

describe('help', () => {
  test.each([[[]], ...verbs.map((verb) => [[verb]])])(
    'of %j fits 79 columns and has examples',
    async (words) => {
      const run = await overhear([...words, '--help'])
      expect(run).toMatchObject({ code: 0, stderr: '' })
      expect(lines(run.stdout).filter((line) => line.length > 79)).toEqual([])
      expect(run.stdout).toMatch(new RegExp(`\nExamples:\n +.*overhear ${words[0] ?? ''}`))
    },
  )

  test('lists every verb', async () => {
    const { stdout } = await overhear(['--help'])
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'))
  })

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(sample('../package.json'), 'utf8')) as {
      version: string
    }
    expect(await overhear(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})

describe('a wrong command line is one sentence that says how, and 2', () => {
  const wrong: [string[], RegExp][] = [
    [['decoed', capture], /unknown command 'decoed'.*decode.*; overhear --help shows how$/],
    [['decode'], /missing required argument 'file'; overhear decode --help shows how$/],
    [['ingest', '--store'], /option '--store <dir\|url>' argument missing; overhear ingest --help/],
    [['decode', '--cuont', capture], /unknown option '--cuont'.*--count.*; overhear decode --help/],
    [['listen', 'a', 'b'], /too many arguments.*; overhear listen --help shows how$/],
    [['decode', '--port', '70000', capture], /--port takes a number from 1 to 65535, not "70000"/],
    [['hunt', 'nmae', 'x'], /name, address, client, domain, answer, not 'nmae'/],
    [['hunt', 'name'], /give one value, or many with --from\. Example: overhear hunt name/],
    [['report', capture, '--format', 'xml'], /'xml' is invalid.*text, json, md, html, ocsf/],
    [['report', capture, '--detector', 'x'], /--detector takes one of exfiltration, .*, not "x"/],
    [['report', capture, '--min-severity', 'x'], /'x' is invalid.*info, low, medium, high, crit/],
    [['report', capture, '--store', 'x'], /leave out either FILE or --store/],
    [['ingest', capture, '--store', 'ftp://h/x'], /write http:\/\/host:8123\/database, not ftp:/],
  ]

  test.each(wrong)('%j', async (words, says) => {
    const run = await overhear(words)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(sentence(run)).toMatch(says)
  })

  test('no verb at all shows the help on standard error', async () => {
    const run = await overhear([])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^Usage: overhear/)
  })
})

describe('decode', () => {
  test('prints a line a message with the keys of the contract, in their order', async () => {
    const run = await overhear(['decode', '--json', capture])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const messages = lines(run.stdout).map((line) => JSON.parse(line) as object)
    expect(messages.length).toBe(20)
    const edns = { size: 1232, version: 0, do: true, options: [] }
    const question = { name: 'www.example.com', type: 'A', class: 'IN' }
    const answer = { section: 'answer', ...question, ttl: 300 }
    const query = {
      frame: 1,
      ts: '2026-03-02T09:00:00.123456000Z',
      transport: 'udp',
      src: '192.0.2.10',
      src_port: 50_000,
      dst: '192.0.2.53',
      dst_port: 53,
      size: 44,
      id: 4096,
      response: false,
      opcode: 'QUERY',
      flags: { aa: false, tc: false, rd: true, ra: false, ad: false, cd: false },
      rcode: 'NOERROR',
      questions: [question],
      records: [],
      edns,
      anomalies: [],
    }
    const response = {
      ...query,
      frame: 2,
      ts: '2026-03-02T09:00:00.143802000Z',
      src: query.dst,
      src_port: 53,
      dst: query.src,
      dst_port: 50_000,
      size: 76,
      response: true,
      flags: { ...query.flags, ra: true },
      records: ['198.51.100.80', '198.51.100.81'].map((data) => ({ ...answer, data })),
    }
    expect(messages.slice(0, 2)).toEqual([query, response])
    for (const message of messages) {
      expect(Object.keys(message)).toEqual(Object.keys(query))
    }
    expect(lines(run.stdout)[1]).toBe(JSON.stringify(response))
  })

  test('--count prints the ledger alone, files in order of time, and every packet is in one bin', async () => {
    const quiet = sample('quiet-hour.pcap.gz')
    const run = await overhear(['decode', '--count', quiet, capture])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const ledgers = lines(run.stdout).map((line) => JSON.parse(line) as Ledger)
    // The smaller one began three seconds earlier.
    expect(ledgers.map(({ path }) => path)).toEqual([capture, quiet])
    for (const ledger of ledgers) {
      expect(Object.keys(ledger)).toEqual(['path', 'packets', 'bins', 'messages'])
      expect(binned(ledger)).toBe(ledger.packets)
    }
    expect(ledgers[1].packets).toBe(labelOf('quiet-hour').packets)
    expect(ledgers[0]).toMatchObject({ packets: 20, messages: { query: 10, response: 10 } })
  })
})

interface Ledger {
  path: string
  packets: number
  bins: {
    dns: number
    other: number
    duplicate: number
    malformed: Record<string, number>
    unsupported: Record<string, number>
  }
  messages: { query: number; response: number; malformed: number }
  transactions: Record<string, number>
  already: boolean
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)

function binned({ bins }: Ledger): number {
  return bins.dns + bins.other + bins.duplicate + sum(bins.malformed) + sum(bins.unsupported)
}

function labelOf(scene: string): Label {
  return JSON.parse(readFileSync(sample(`${scene}.json`), 'utf8')) as Label
}

describe('ingest', () => {
  const store = scratch.path('store')
  const folder = sample('')

  test('--json follows the contract, and its sums hold against the rows', async () => {
    const run = await overhear(['ingest', folder, '--json', '--store', store])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const result = JSON.parse(run.stdout) as { store: string; files: Ledger[]; totals: object }
    expect(Object.keys(result)).toEqual(expect.arrayContaining(['store', 'files', 'totals']))
    expect(result.store).toBe(store)
    const stored = result.files.filter(({ already }) => !already)
    expect(stored.length).toBeGreaterThan(5)
    const rows = await ask<{ path: string; messages: number; malformed: number; rows: number }>(
      store,
      `SELECT path, toUInt32(sum(if(match = 'malformed', 0, attempts + (response_frame > 0)))) AS messages,
         countIf(match = 'malformed') AS malformed, count() AS rows
       FROM transactions JOIN captures ON transactions.capture = captures.id GROUP BY path`,
    )
    for (const file of stored) {
      expect(Object.keys(file)).toEqual(
        expect.arrayContaining(
          'path sha256 link packets bins messages transactions already seconds bytes'.split(' '),
        ),
      )
      expect(binned(file), file.path).toBe(file.packets)
      const { query, response, malformed } = file.messages
      expect(rows.find(({ path }) => path === file.path)).toEqual({
        path: file.path,
        messages: query + response,
        malformed,
        rows: sum(file.transactions),
      })
    }
    expect(result.totals).toMatchObject({
      files: result.files.length,
      packets: result.files.reduce((total, { packets }) => total + packets, 0),
      transactions: stored.reduce((total, file) => total + sum(file.transactions), 0),
      failed: 0,
    })
  })

  test('again stores nothing new, whatever way the content comes', async () => {
    const counting =
      'SELECT count() AS rows, (SELECT sum(count) FROM rrsets) AS records FROM transactions'
    const before = await ask(store, counting)
    const again = await overhear(['ingest', folder, '--json', '--store', store])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    const { files, totals } = JSON.parse(again.stdout) as { files: Ledger[]; totals: object }
    expect(files.filter(({ already }) => !already)).toEqual([])
    expect(totals).toMatchObject({ already: files.length, transactions: 0 })
    for (const line of ['"$@" ingest - < <(cat "$CAPTURE")', '"$@" ingest <(cat "$CAPTURE")']) {
      const env = { CAPTURE: capture, OVERHEAR_STORE: store }
      const run = await shell(`${line} --json`, { env })
      expect(run).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(run.stdout), line).toMatchObject({ totals: { already: 1 } })
    }
    expect(await ask(store, counting)).toEqual(before)
  })

  test('finds its store in OVERHEAR_STORE, else in ./overhear-store; --store wins', async () => {
    const named = scratch.path('by-environment')
    const cwd = scratch.path('')
    const words = ['ingest', capture, '--json']
    const env = { OVERHEAR_STORE: named }
    const storeOf = async (extra: string[], setting: object) => {
      const run = await overhear([...words, ...extra], { cwd, ...setting })
      return (JSON.parse(run.stdout) as { store: string }).store
    }
    expect(await storeOf([], { env })).toBe(named)
    expect(await storeOf([], {})).toBe(scratch.path('overhear-store'))
    expect(await storeOf(['--store', 'other'], { env })).toBe(scratch.path('other'))
    expect(await ask(named, 'SELECT count() AS rows FROM transactions')).toEqual([{ rows: 10 }])
  })
})

describe('report of a sample gives the findings of its label and no others', () => {
  const scenes = readdirSync(sample('')).filter((path) => /\.pcap(\.gz)?$/.test(path))

  test.each(scenes)('%s', async (path) => {
    const { findings: expected, watch } = labelOf(path.replace(/\.pcap(\.gz)?$/, ''))
    const list = written(scratch.path(`${path}.watch`), (watch ?? []).join('\n'))
    const watching = watch === undefined ? [] : ['--watch', list]
    const run = await overhear(['report', sample(path), '--json', ...watching])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const { findings } = JSON.parse(run.stdout) as {
      findings: { detector: string; rule: string; score: number; subject: object }[]
    }
    const found = findings.map(({ detector, rule, score, subject }) => {
      return { detector, rule, subject, score }
    })
    expect(found).toHaveLength(expected.length)
    for (const { min_score: least, ...label } of expected) {
      expect(found).toContainEqual(
        expect.objectContaining({
          ...label,
          subject: expect.objectContaining(label.subject) as object,
        }),
      )
      const match = found.filter(({ rule }) => rule === label.rule)
      expect(Math.min(...match.map(({ score }) => score))).toBeGreaterThanOrEqual(least)
    }
  })
})

describe('names and texts of a hostile sender', () => {
  const path = scratch.path('hostile.pcap')
  const store = scratch.path('hostile')
  const escape = '\u001b[31m\u0007\u009b'
  written(path, hostileCapture())

  const commands: string[][] = [
    ['ingest', path, sample('malformed/all.pcap'), '--store', store],
    ['decode', path],
    ['hunt', 'domain', 'example.org', '--store', store],
    ['hunt', 'domain', 'example.org', '--store', store, '--json'],
    ['hunt', 'name', 'x\\027[31m.example.org', '--store', store],
    ['hunt', 'answer', '"\\027[31m\\007\\155"', '--store', store],
    ['report', '--store', store],
    ['report', '--detector', 'health', '--min-severity', 'info', '--store', store],
    ['audit', 'example.org', '--store', store],
    ['audit', 'example.org', '--store', store, '--json'],
    ['audit', 'example.org', '--store', store, '--format', 'html'],
    [
      'sql',
      'SELECT qname, qname_raw, domain, rr.name, rr.data FROM transactions',
      '--store',
      store,
    ],
    ['sql', 'SELECT name, data FROM rrsets', '--format', 'CSV', '--store', store],
  ]

  test.each(commands)('are escaped by %s %s', async (...words) => {
    const run = await overhear(words.filter((word) => word !== undefined))
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(controls(run.stdout)).toEqual([])
    if (words[0] !== 'ingest' && words[0] !== 'report') expect(run.stdout).toContain('027[31m')
  })

  test('are escaped in a path that cannot be read', async () => {
    const run = await overhear(['decode', `${escape}.pcap`])
    expect(controls(run.stderr)).toEqual([])
    expect(run.stderr).toContain('\\x1b[31m')
  })

  test.skipIf(!hasScript())(
    'are escaped on a terminal, as raw bytes too, and NO_COLOR is honoured',
    async () => {
      const words = `sql 'SELECT raw, qname FROM transactions' --store '${store}'`
      const coloured = await onTerminal(words, {})
      expect(coloured.stdout).toContain('\u001b[')
      const shown = coloured.stdout.replace(/\u001b\[[0-9;]*m/g, '')
      expect(controls(shown)).toEqual([])
      expect(shown).toContain('\\x00')
      const plain = await onTerminal(words, { NO_COLOR: '1' })
      expect(controls(plain.stdout)).toEqual([])
    },
  )

  test.skipIf(!hasScript())('NO_COLOR is honoured by report', async () => {
    const words = `report '${sample('poisoning.pcap')}' 2>/dev/null`
    expect((await onTerminal(words, {})).stdout).toContain('\u001b[')
    const plain = await onTerminal(words, { NO_COLOR: '1' })
    expect(plain.stdout).toContain(`${labelOf('poisoning').findings.length} findings`)
    expect(controls(plain.stdout)).toEqual([])
  })

  function hostileCapture(): Uint8Array {
    const name = 'x\u001b[31m.example.org'
    const query: Message = { id: 7, rd: true, questions: [{ name, type: 'TXT' }] }
    const answers: ResourceRecord[] = [
      { name, type: 'TXT', ttl: 60, write: (writer) => writer.string(escape) },
    ]
    const client = { address: '192.0.2.7', port: 40_000 }
    const server = { address: '192.0.2.53', port: 53 }
    const fields = { ttl: 64, id: 1 }
    const packets = [
      udpPacket(client, server, encodeMessage(query), fields),
      udpPacket(server, client, encodeMessage({ ...query, response: true, answers }), fields),
    ]
    return pcapFile(
      packets.map((ip, index) => {
        return { seconds: 1_770_000_000, nanoseconds: index * 1000, bytes: ethernet(ip) }
      }),
    )
  }
})

/** Control characters that could move a cursor, line ends and tabs aside. */
function controls(text: string): string[] {
  return text.replaceAll('\r\n', '\n').match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g) ?? []
}

/** Runs on a terminal of 80 columns. */
function onTerminal(words: string, env: Record<string, string>) {
  const line = `stty cols 80 rows 24; "$NODE" "$PROGRAM" ${words}`
  return shell('NODE="$1" PROGRAM="$2" SHELL=/bin/bash script -qec "$LINE" /dev/null', {
    env: { LINE: line, TERM: 'xterm', ...env },
  })
}

function hasScript(): boolean {
  const has = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') ?? false
  if (!has) skipping('colours are not tested: that needs script of util-linux')
  return has
}
