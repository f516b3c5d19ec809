// Every verb says the same of a store on a server as of one in a folder.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { overhear, sample, scratchFolder, written } from './command.ts'
import { type GivenServer, startGivenServer } from './given-server.ts'

const scratch = scratchFolder()
let server: GivenServer
beforeAll(async () => {
  server = await startGivenServer()
})
afterAll(async () => {
  await server.stop()
  scratch.remove()
})

const poisoning = sample('poisoning.pcap')
const dga = sample('dga.pcap')

// In this order: what one writes the next ones read.
const steps: string[][] = [
  ['ingest', poisoning, dga, '--json'],
  ['ingest', poisoning],
  ['status', '--json'],
  ['captures', 'list', '--json'],
  ['sql', 'SELECT match, count() AS n FROM transactions GROUP BY match ORDER BY match', '--json'],
  ['report', '--json'],
  ['allow', 'add', '--client', '192.0.2.10', '--reason', 'known', '--json'],
  ['allow', 'list', '--json'],
  ['networks', 'import', 'FILE', '--json'],
  ['networks', 'show', '192.0.2.7', '--json'],
  ['watch', 'add', 'example.org', '--json'],
  ['watch', 'list', '--json'],
  ['watch', 'accept', 'www.example.org', 'A', '203.0.113.7', '--reason', 'known', '--json'],
  ['report', '--json', '--min-severity', 'low'],
  ['hunt', 'domain', 'example.org', '--json'],
  ['hunt', 'client', '192.0.2.10', '--json'],
  ['audit', 'example.org', '--json'],
  ['ingest', '--again', poisoning, '--json'],
  ['captures', 'retain', '1', '--json'],
  ['status', '--json'],
]

test('in a folder and on a server', async () => {
  const networks = written(scratch.path('networks.csv'), '192.0.2.0/24,64500,Example\n')
  const env = { XDG_STATE_HOME: scratch.path('state') }
  const stores = [scratch.path('store'), `${server.url}/verbs`]
  for (const step of steps) {
    const words = step.map((word) => (word === 'FILE' ? networks : word))
    const [folder, url] = await Promise.all(
      stores.map(async (store) => {
        const run = await overhear([...words, '--store', store], { env })
        return {
          code: run.code,
          stdout: lasting(run.stdout, store),
          stderr: run.stderr.replaceAll(store, 'STORE'),
        }
      }),
    )
    expect(url, words.join(' ')).toEqual(folder)
    expect(folder.code, `${words.join(' ')}: ${folder.stderr}`).toBe(0)
    expect(folder.stdout, words.join(' ')).not.toEqual([])
  }
})

// What differs from run to run, or with the disk.
const passing = new Set(
  'store kind seconds disk bytes bytes_per_transaction finished started evaluated known_since added changed spool at'.split(
    ' ',
  ),
)

function lasting(stdout: string, store: string): unknown[] {
  const text = stdout.replaceAll(store, 'STORE')
  const parsed = (json: string) =>
    JSON.parse(json, (key, value: unknown) => (passing.has(key) ? undefined : value)) as unknown
  // One object over many lines, or one a line.
  if (text.startsWith('{\n')) return [parsed(text)]
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('{') ? parsed(line) : line.replace(/ in [\d.]+ m?s$/, '')))
}
