// Test helper: two network namespaces joined by a veth pair, a name server in one, and a load generator for the other. Needs root.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Ran, run, type Running, start, until, written } from './command.ts'

/** The tools these tests need besides root; those that are missing. */
export function missingTools(): string[] {
  const asked: [string, string][] = [
    ['ip', '-V'],
    ['nsenter', '--version'],
    ['tcpdump', '--version'],
    [nsd, '-v'],
    ['dnsperf', '-h'],
  ]
  return asked.filter(([tool, flag]) => spawnSync(tool, [flag]).error).map(([tool]) => tool)
}

const nsd = '/usr/sbin/nsd'

/** Two joined namespaces: `client` is 192.0.2.1 behind interface `near`, `server` 192.0.2.53 behind interface `far`. */
export interface Pair {
  /** Starts a command line inside. */
  runIn(side: 'client' | 'server', words: string[]): Running
  /** Starts `overhear WORDS` inside; nothing but the network is another there. */
  overhearIn(side: 'client' | 'server', words: string[]): Running
  /** Ends every process started here by its id, then removes the namespaces. */
  remove(): Promise<void>
}

/** Makes the pair; names carry this process's id, so that runs do not meet. */
export function makePair(): Pair {
  const names = { client: `overhear-c${process.pid}`, server: `overhear-s${process.pid}` }
  const started: Running[] = []
  const inside = (side: keyof typeof names) => ['nsenter', `--net=/run/netns/${names[side]}`]
  const keep = (running: Running) => {
    started.push(running)
    return running
  }
  const pair: Pair = {
    runIn: (side, words) => keep(run([...inside(side), ...words], { keepInputOpen: true })),
    overhearIn: (side, words) => keep(start(words, { prefix: inside(side), keepInputOpen: true })),
    async remove() {
      for (const { child, soFar, ended } of started.toReversed()) {
        if (soFar.code === null && soFar.signal === null) child.kill('SIGTERM')
        await ended
      }
      for (const name of Object.values(names)) spawnSync('ip', ['netns', 'del', name])
    },
  }
  try {
    for (const name of Object.values(names)) ip('netns', 'add', name)
    const link = 'link add near type veth peer name far netns'.split(' ')
    ip('-n', names.client, ...link, names.server)
    ip('-n', names.client, 'addr', 'add', '192.0.2.1/24', 'dev', 'near')
    ip('-n', names.server, 'addr', 'add', '192.0.2.53/24', 'dev', 'far')
    ip('-n', names.client, 'link', 'set', 'near', 'up')
    ip('-n', names.server, 'link', 'set', 'far', 'up')
    return pair
  } catch (error) {
    void pair.remove()
    throw error
  }
}

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' })
  expect({ words, status, stderr }).toEqual({ words, status: 0, stderr: '' })
}

/** NSD on 192.0.2.53 with every name below example.org; resolves once it answers. */
export async function serveZone(pair: Pair, folder: string): Promise<void> {
  written(join(folder, 'zone'), zone)
  const configuration = written(join(folder, 'nsd.conf'), serverConfiguration(folder))
  const server = pair.runIn('server', [nsd, '-d', '-c', configuration])
  const log = () => server.soFar.stdout + server.soFar.stderr
  await until(() => log().includes('nsd started') || server.child.exitCode !== null)
  expect(log()).toContain('nsd started')
}

const zone = `$ORIGIN example.org.
@ 300 IN SOA ns hostmaster 1 3600 600 86400 300
@ 300 IN NS ns
ns 300 IN A 192.0.2.53
* 300 IN A 192.0.2.80
`

function serverConfiguration(folder: string): string {
  // Without a rate limit: NSD would answer 200 queries a second and drop the rest.
  return `server:
  ip-address: 192.0.2.53
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  pidfile: ""
  database: ""
  zonelistfile: "${folder}/zone.list"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  cookie-secret-file: ""
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: zone
`
}

/** What dnsperf says it did. */
export interface Load {
  sent: number
  completed: number
}

/** Asks for `count` different names, at most `perSecond`, and counts. */
export async function sendQueries(
  pair: Pair,
  folder: string,
  count: number,
  perSecond = 20_000,
): Promise<Load> {
  const names = Array.from({ length: count }, (_, index) => `n${index}.example.org A\n`)
  const list = written(join(folder, 'queries'), names.join(''))
  const words = ['dnsperf', '-s', '192.0.2.53', '-d', list, '-n', '1', '-Q', String(perSecond)]
  const done: Ran = await pair.runIn('client', words).ended
  expect(done.code).toBe(0)
  const figure = (label: string) => Number(new RegExp(`${label}: +(\\d+)`).exec(done.stdout)?.[1])
  return { sent: figure('Queries sent'), completed: figure('Queries completed') }
}
