// The programs of the hijack lab: NSD, unbound, tcpdump and the clients, each in its namespace, started and stopped.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { addresses, type Visit } from './hijack-stage.ts'
import { type Operator, writeOperator } from './hijack-zones.ts'

export const resolvers = ['192.0.2.53', '192.0.2.54', '192.0.2.55']
const startMs = 20_000
/** How far packet times lag behind the clock at most. */
const stampMs = 15

/** Everything that runs. */
export class Lab {
  /** Questions without an answer, and with one that is neither NOERROR nor NXDOMAIN. */
  unanswered = 0
  failures = 0
  readonly #space: string
  readonly #work: string
  readonly #servers = new Map<string, ChildProcess>()
  readonly #others: ChildProcess[] = []
  readonly #waiting = new Map<number, (result: string) => void>()
  readonly #askers = new Map<string, ChildProcess>()
  #asked = 0

  constructor(space: string, work: string) {
    this.#space = space
    this.#work = work
  }

  /** Sets the resolvers' clock: seconds that are added to the real one. Gives the moment from which packets are later than that. */
  async setClock(seconds: number): Promise<number> {
    // A packet's time may be some milliseconds old: a query must not stand before the moment, with its answer after it.
    await sleep(stampMs)
    const fromMs = Date.now()
    writeFileSync(this.#clock, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    await sleep(stampMs)
    return fromMs
  }

  get #clock(): string {
    return join(this.#work, 'clock')
  }

  /** Starts name servers, or starts them again with what they hold now. */
  async startServers(operators: Iterable<Operator>): Promise<void> {
    const started = [...operators].map(async (operator) => {
      if (operator.addresses.length === 0) return
      await end(this.#servers.get(operator.id))
      const path = writeOperator(this.#work, operator)
      const child = this.run('servers', ['nsd', '-d', '-c', path])
      this.#servers.set(operator.id, child)
      await said(child, 'nsd started')
    })
    await Promise.all(started)
  }

  /** Starts the resolvers with a clock of their own; `anchor` is the DS of test. */
  async startResolvers(anchor: string): Promise<void> {
    const hints = join(this.#work, 'hints')
    writeFileSync(hints, `. 518400 NS root.nic.test.\nroot.nic.test. 518400 A ${addresses.root}\n`)
    const env = {
      LD_PRELOAD: process.env['FAKETIME_LIBRARY'] ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }
    for (const [n, address] of resolvers.entries()) {
      const path = join(this.#work, `resolver${n}.conf`)
      writeFileSync(path, resolverText(address, hints, anchor, `${this.#work}/control${n}`))
      const child = this.run('resolvers', ['unbound', '-d', '-c', path], env)
      await said(child, 'start of service')
    }
  }

  /** Runs unbound-control at a resolver. */
  control(resolver: number, ...words: string[]): void {
    execFileSync('unbound-control', ['-c', join(this.#work, `resolver${resolver}.conf`), ...words])
  }

  /** Starts tcpdump at links of the resolvers; gives the files. */
  async startCapture(...links: string[]): Promise<string[]> {
    const paths: string[] = []
    for (const link of links) {
      const path = join(this.#work, `${link}.pcap`)
      const words = [
        'tcpdump',
        '-Z',
        'root',
        '-U',
        '--immediate-mode',
        '-n',
        '-B',
        '16384',
        '-i',
        link,
        '-w',
        path,
      ]
      const filter = ['udp', 'port', '53', 'or', 'tcp', 'port', '53']
      await this.watch([...words, ...filter])
      paths.push(path)
    }
    return paths
  }

  /** Starts a tcpdump where the resolvers are. */
  async watch(words: string[]): Promise<ChildProcess> {
    const child = this.run('resolvers', words)
    await said(child, 'listening on')
    return child
  }

  /** Stops an operator's name servers in mid-air; what comes meanwhile waits. */
  hold(operator: string): void {
    for (const pid of familyOf(this.#servers.get(operator)?.pid)) process.kill(pid, 'SIGSTOP')
  }

  release(operator: string): void {
    for (const pid of familyOf(this.#servers.get(operator)?.pid)) process.kill(pid, 'SIGCONT')
  }

  /** Ends an operator's name servers; what comes meanwhile is lost. */
  async stopServers(operator: string): Promise<void> {
    await end(this.#servers.get(operator))
    this.#servers.delete(operator)
  }

  /** Asks all questions at once, from a namespace of this run, and waits for the answers. */
  async ask(questions: Visit['questions'], place = 'clients'): Promise<void> {
    const asker = this.#askers.get(place) ?? this.#startAsker(place)
    const results = questions.map(({ resolver, ...question }) => {
      const number = ++this.#asked
      const address = typeof resolver === 'number' ? resolvers[resolver] : resolver
      const line = { ...question, number, resolver: address }
      asker.stdin?.write(`${JSON.stringify(line)}\n`)
      return new Promise<string>((resolve) => this.#waiting.set(number, resolve))
    })
    for (const result of await Promise.all(results)) {
      if (!/^\d+$/.test(result)) this.unanswered++
      else if (result !== '0' && result !== '3') this.failures++
    }
  }

  #startAsker(place: string): ChildProcess {
    const script = join(import.meta.dirname, 'hijack-ask.ts')
    const child = this.run(place, [process.execPath, '--import', 'tsx', script])
    this.#askers.set(place, child)
    if (child.stdout === null) throw new Error('no output of the clients')
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [number, ...result] = line.split(' ')
      this.#waiting.get(Number(number))?.(result.join(' '))
      this.#waiting.delete(Number(number))
    })
    return child
  }

  /** Ends everything; captures are complete afterwards. */
  async stop(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 500))
    await Promise.all([...this.#others, ...this.#servers.values()].map(end))
  }

  /** Starts a program in a namespace of this run. */
  run(place: string, words: string[], env: Record<string, string> = {}): ChildProcess {
    const inside = [`--net=/run/netns/${this.#space}-${place}`, 'env']
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const child = spawn('nsenter', [...inside, ...set, ...words], { stdio: 'pipe' })
    if (place !== 'servers') this.#others.push(child)
    return child
  }
}

/** A process and all that it started. */
function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** Resolves once a program has written the text; fails when it ends or takes too long. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = () => reject(new Error(`${child.spawnargs.join(' ')}\n${log}`))
    const timer = setTimeout(fail, startMs)
    const look = (chunk: Buffer) => {
      if (log.includes(text)) return
      log += chunk.toString()
      if (!log.includes(text)) return
      clearTimeout(timer)
      child.off('exit', fail)
      resolve()
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('exit', fail)
  })
}

function resolverText(address: string, hints: string, anchor: string, control: string): string {
  return `server:
  interface: ${address}
  outgoing-interface: ${address}
  access-control: 192.0.2.0/24 allow
  username: ""
  chroot: ""
  pidfile: ""
  directory: ""
  use-syslog: no
  verbosity: 1
  num-threads: 1
  do-ip6: no
  root-hints: "${hints}"
  trust-anchor: "test. DS ${anchor}"
  trust-anchor-signaling: no
  root-key-sentinel: no
  qname-minimisation: no
  target-fetch-policy: "0 0 0 0 0"
  local-zone: "test." nodefault
remote-control:
  control-enable: yes
  control-use-cert: no
  control-interface: ${control}
`
}
