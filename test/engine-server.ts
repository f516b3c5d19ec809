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
}

/** Users besides `default`: name, password, and whether the profile is readonly. */
export const users = {
  analyst: { password: "p:a@s/s w%rd'", readonly: 0 },
  reader: { password: 'reader', readonly: 1 },
} as const

/** Starts a server on a free loopback port with a data folder of its own. */
export async function startEngineServer(): Promise<EngineServer> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-server-'))
  writeFileSync(join(folder, 'users.xml'), usersFile())
  writeFileSync(
    join(folder, 'config.xml'),
    `<clickhouse><users_config>${join(folder, 'users.xml')}</users_config></clickhouse>`,
  )
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = spawnServer(folder, port)
    const answer = await waitUntilUp(child, port)
    if (answer === 'up') {
      return { url: `http://127.0.0.1:${port}`, port, stop: () => stop(child, folder) }
    }
    if (attempt === 3) {
      rmSync(folder, { recursive: true, force: true })
      throw new Error(`the engine's server did not start: ${answer}`)
    }
  }
}

// The last query waits for standard input, so the server ends when this process closes it, or dies.
const queries =
  "SYSTEM START LISTEN HTTP; SELECT count() FROM file('stdin', 'LineAsString', 'l String') FORMAT Null"

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

function spawnServer(folder: string, port: number): ChildProcess {
  const root = join(import.meta.dirname, '..')
  const words = [
    `--path=${join(folder, 'data')}`,
    `--config-file=${join(folder, 'config.xml')}`,
    '--listen_host=127.0.0.1',
    `--http_port=${port}`,
    `--query=${queries}`,
  ]
  return spawn(
    process.execPath,
    ['--input-type=module', '--eval', program, join(root, 'package.json'), ...words],
    { cwd: root, stdio: ['pipe', 'ignore', 'pipe'] },
  )
}

async function waitUntilUp(child: ChildProcess, port: number): Promise<string> {
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) return complaint.slice(0, 2000) || `exit ${child.exitCode}`
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/ping`)
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function usersFile(): string {
  const local = '<networks><ip>127.0.0.1</ip></networks>'
  const others = Object.entries(users).map(([name, user]) => {
    const profile = user.readonly === 1 ? 'readonly' : 'default'
    const password = user.password.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    return `<${name}><password>${password}</password>${local}<profile>${profile}</profile><quota>default</quota></${name}>`
  })
  return `<clickhouse>
<profiles><default/><readonly><readonly>1</readonly></readonly></profiles>
<quotas><default/></quotas>
<users><default><password></password>${local}<profile>default</profile><quota>default</quota><access_management>1</access_management></default>${others.join('')}</users>
</clickhouse>`
}
