// Test helper: the real ClickHouse HTTP server, started out of the embedded engine's own library in a child process.
// It is clickhouse-local's listener: the same HTTP handler, parser, formats and storage as clickhouse-server, but no
// TLS, no ON CLUSTER and no query_log. `default` has no password; see `users` for the others.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A running server. */
export interface EngineServer {
  /** `http://127.0.0.1:PORT`, without a database. */
  url: string
  port: number
  /** Ends it by closing its standard input, and removes its data. */
  stop(): Promise<void>
  /** Ends it as kill -9 does; its data stays for `restart`. */
  kill(): Promise<void>
  /** Starts it again on the same ports, over the same data. */
  restart(): Promise<void>
  /**
   * From now on it is started again whenever it dies, as systemd would: this build's listener aborts at some inserts
   * whose body breaks off. Gives how often that was.
   */
  supervise(): () => number
}

/** How a server is started, where not alone on 127.0.0.1. */
export interface EngineSetting {
  host: string
  httpPort: number
  /** Where the servers of a cluster speak to it. */
  tcpPort: number
  /** More of its configuration, of its users and their profiles, as XML. */
  config: string
  users?: { users: string; profiles: string }
}

/** Users besides `default`: name, password, and whether the profile is readonly. */
export const users = {
  analyst: { password: "p:a@s/s w%rd'", readonly: 0 },
  reader: { password: 'reader', readonly: 1 },
} as const

/** Starts a server on a free loopback port, or where it is told, with a data folder of its own. */
export async function startEngineServer(setting?: EngineSetting): Promise<EngineServer> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-server-'))
  writeFileSync(join(folder, 'users.xml'), usersFile(setting?.users))
  writeFileSync(join(folder, 'config.xml'), configFile(folder, setting?.config ?? ''))
  for (let attempt = 1; ; attempt++) {
    const port = setting?.httpPort ?? (await freePort())
    const place = { folder, host: setting?.host ?? '127.0.0.1', port, tcpPort: setting?.tcpPort }
    let child = spawnServer(place)
    let isEnding = false
    const answer = await waitUntilUp(child, place)
    if (answer === 'up') {
      return {
        url: `http://${place.host}:${port}`,
        port,
        stop() {
          isEnding = true
          return stop(child, folder)
        },
        kill() {
          isEnding = true
          return kill(child)
        },
        async restart() {
          isEnding = false
          child = spawnServer(place)
          const again = await waitUntilUp(child, place)
          if (again !== 'up') throw new Error(`the engine's server did not start again: ${again}`)
        },
        supervise() {
          let deaths = 0
          const revive = () => {
            if (isEnding) return
            deaths++
            child = spawnServer(place).once('exit', revive)
          }
          child.once('exit', revive)
          return () => deaths
        },
      }
    }
    if (attempt === 3) {
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`the engine's server did not start: ${answer}`)
    }
  }
}

interface Place {
  folder: string
  host: string
  port: number
  tcpPort: number | undefined
}

// The last query waits for standard input, so the server ends when this process closes it, or dies.
const untilTheEnd = "SELECT count() FROM file('stdin', 'LineAsString', 'l String') FORMAT Null"

const program = `
import { DataType, load, open } from 'ffi-rs'
import { createRequire } from 'node:module'
const { libchdbPath } = createRequire(process.argv[1])('chdb/libchdb')
open({ library: 'chdb', path: libchdbPath() })
const words = ['clickhouse', ...process.argv.slice(2)]
load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.BigInt,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [words.length, words],
})
`

function spawnServer({ folder, host, port, tcpPort }: Place): ChildProcess {
  const root = join(import.meta.dirname, '..')
  const listen = tcpPort === undefined ? [] : ['SYSTEM START LISTEN TCP']
  const words = [
    `--path=${join(folder, 'data')}`,
    `--config-file=${join(folder, 'config.xml')}`,
    `--listen_host=${host}`,
    `--http_port=${port}`,
    ...(tcpPort === undefined ? [] : [`--tcp_port=${tcpPort}`]),
    `--query=${['SYSTEM START LISTEN HTTP', ...listen, untilTheEnd].join('; ')}`,
  ]
  return spawn(
    process.execPath,
    ['--input-type=module', '--eval', program, join(root, 'package.json'), ...words],
    { cwd: root, stdio: ['pipe', 'ignore', 'pipe'] },
  )
}

async function waitUntilUp(child: ChildProcess, { host, port }: Place): Promise<string> {
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) return complaint.slice(0, 2000) || `exit ${child.exitCode}`
    try {
      const answer = await fetch(`http://${host}:${port}/ping`)
      if ((await answer.text()).startsWith('Ok')) return 'up'
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  child.kill('SIGKILL')
  return `no answer on port ${port}; ${complaint.slice(0, 2000)}`
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.stdin?.end()
    await ended
    clearTimeout(patience)
  }
  rmSync(folder, { recursive: true, force: true })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** A port that nothing listens on, on any of the loopback addresses. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '0.0.0.0', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function configFile(folder: string, more: string): string {
  return `<clickhouse>
<users_config>${join(folder, 'users.xml')}</users_config>
${more}
</clickhouse>`
}

function usersFile(more = { users: '', profiles: '' }): string {
  const local = '<networks><ip>127.0.0.0/8</ip></networks>'
  const others = Object.entries(users).map(([name, user]) => {
    const profile = user.readonly === 1 ? 'readonly' : 'default'
    const password = user.password.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    return `<${name}><password>${password}</password>${local}<profile>${profile}</profile><quota>default</quota></${name}>`
  })
  return `<clickhouse>
<profiles><default/><readonly><readonly>1</readonly></readonly>${more.profiles}</profiles>
<quotas><default/></quotas>
<users><default><password></password>${local}<profile>default</profile><quota>default</quota><access_management>1</access_management></default>${others.join('')}${more.users}</users>
</clickhouse>`
}
