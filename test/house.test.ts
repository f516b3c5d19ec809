// The house rules that a compiler does not keep: who imports whom, where SQL lives, how long a file is, what schema and code must agree on.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anomalyNames } from '../src/ingest/decode/anomaly.ts'
import { verdictNames } from '../src/ingest/match/verdict.ts'
import { columnNames } from '../src/ingest/store/encode.ts'

const root = join(import.meta.dirname, '..')
const sources = filesIn('src')
const texts = new Map(sources.map((path) => [path, read(path)]))
const imports = new Map(sources.map((path) => [path, importsOf(path)]))

describe('imports', () => {
  it('of ingest and inspect never cross, and lead out only to what both may use', () => {
    for (const half of ['src/ingest/', 'src/inspect/']) {
      const shared = ['src/database/', 'src/dns/', 'src/errors.ts', 'src/version.ts', half]
      expect(strangers(half, shared)).toEqual([])
    }
  })

  it('of dns lead nowhere, and those of database to dns and the errors', () => {
    expect(strangers('src/dns/', ['src/dns/'])).toEqual([])
    const shared = ['src/database/', 'src/dns/', 'src/errors.ts', 'src/version.ts']
    expect(strangers('src/database/', shared)).toEqual([])
  })

  it('of a stage lead to itself and to earlier stages; they meet only beside the stages', () => {
    const stages = ['capture', 'decode', 'match', 'store'].map((stage) => `src/ingest/${stage}/`)
    const folders = sources
      .filter((path) => path.startsWith('src/ingest/'))
      .map((path) => `${dirname(path)}/`)
    expect([...new Set(folders)].sort()).toEqual(['src/ingest/', ...stages].sort())
    const shared = ['src/database/', 'src/dns/', 'src/errors.ts', 'src/version.ts']
    stages.forEach((stage, at) => {
      expect(strangers(stage, [...shared, ...stages.slice(0, at + 1)])).toEqual([])
    })
  })

  it('of the engine and its client stand in database alone', () => {
    const engines = ['chdb', '@clickhouse/client']
    const users = sources.filter((path) => {
      const text = texts.get(path) as string
      return engines.some((engine) => new RegExp(`(from|import\\() ?'${engine}`).test(text))
    })
    expect(users.filter((path) => !path.startsWith('src/database/'))).toEqual([])
    expect(users).not.toEqual([])
  })

  it('that are left when the types are gone make no circle', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const walk = (path: string, trail: string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
        return
      }
      if (done.has(path)) return
      for (const next of importsOf(path, true)) walk(next, [...trail, path])
      done.add(path)
    }
    for (const path of sources) walk(path, [])
    expect(circles).toEqual([])
  })

  it('name files that exist, with their ending', () => {
    for (const [path, targets] of imports) {
      for (const target of targets) expect(texts.has(target), `${path}: ${target}`).toBe(true)
    }
  })
})

describe('files', () => {
  /** Lists, where length is no lack of order. */
  const lists: Record<string, string> = {
    'test/rdata-samples.ts': 'one record of every type',
  }

  it('have at most 400 lines, but for lists', () => {
    const folders = ['src', 'test', 'bench', 'samples']
    const long = folders
      .flatMap(filesIn)
      .filter((path) => read(path).trimEnd().split('\n').length > 400)
    expect(long.filter((path) => lists[path] === undefined)).toEqual([])
    expect(Object.keys(lists).filter((path) => !long.includes(path))).toEqual([])
  })

  it('of src say in their first line what they are', () => {
    const silent = sources.filter((path) => {
      const [first] = (texts.get(path) as string).replace(/^#!.*\n/, '').split('\n')
      return !/^\/\/ \S.{15,}[.:]/.test(first)
    })
    expect(silent).toEqual([])
  })

  it('are named for what they hold, never for being useful', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|misc|manager|shared-.*)\.ts$/
    expect(sources.filter((path) => vague.test(path))).toEqual([])
  })
})

describe('SQL', () => {
  const homes = [
    'src/database/',
    'src/inspect/detect/',
    'src/inspect/hunt/',
    'src/inspect/score/',
    'src/inspect/findings/',
    'src/inspect/allow/',
    'src/inspect/watch/',
    'src/inspect/audit/',
    'src/ingest/store/ledger.ts',
    // What is taken out of the store again, with its line of the ledger.
    'src/ingest/store/removal.ts',
    'src/ingest/store/retention.ts',
    'src/inspect/networks/',
    'src/inspect/status/',
    // The window of a report is asked of the store itself; the other two show a person what to type.
    'src/inspect/window.ts',
    'src/inspect/sql.ts',
    'src/commands/sql.ts',
  ]
  const statement =
    /['"`\s(]((SELECT|WITH)\s[^'"`]*\sFROM\s|INSERT INTO\s|CREATE (TABLE|DATABASE|MATERIALIZED)|ALTER TABLE|DELETE FROM\s)/

  it('stands in schemas, database, detectors, hunts and the ledger only', () => {
    const strays = sources
      .filter((path) => !homes.some((home) => path.startsWith(home)))
      .filter((path) => statement.test(codeOf(path)))
    expect(strays).toEqual([])
    expect(homes.filter((home) => !sources.some((path) => path.startsWith(home)))).toEqual([])
    expect(statement.test(codeOf('src/ingest/store/ledger.ts'))).toBe(true)
  })

  it('of a schema is one statement a file, in name order', () => {
    const schemas = readdirSync(join(root, 'schemas')).sort()
    expect(schemas.every((name) => /^\d{3}-[a-z-]+\.sql$/.test(name))).toBe(true)
    expect(new Set(schemas.map((name) => name.slice(0, 3))).size).toBe(schemas.length)
  })
})

describe('schema and code', () => {
  const transactions = read('schemas/002-transactions.sql')

  it('name the same anomalies in the same order', () => {
    const list = /arrayMap\(bit -> \[([^\]]+)\]/.exec(transactions)?.[1] ?? ''
    expect(list.split(',').map((each) => each.trim().slice(1, -1))).toEqual(anomalyNames)
  })

  it('number the same verdicts', () => {
    const enumeration = verdictNames.map((name, verdict) => `'${name}' = ${verdict}`).join(', ')
    for (const schema of ['schemas/002-transactions.sql', 'schemas/003-rrsets.sql']) {
      expect(/^  match +Enum8\(([^)]+)\)/m.exec(read(schema))?.[1], schema).toBe(enumeration)
    }
  })

  it('have the same columns: what a block does not fill has a default or is an alias', () => {
    const columns = [...transactions.matchAll(/^ {2}([a-z_]+) +(\S.*)$/gm)]
      .map(([, name, rest]) => ({ name, rest }))
      .filter(({ rest }) => !/^\w+_bloom|^minmax/.test(rest))
    const inner = [...transactions.matchAll(/^ {4}([a-z_]+) +\S/gm)].map(([, name]) => `rr.${name}`)
    const stored = columns
      .filter(({ name, rest }) => name !== 'rr' && !/ (ALIAS|MATERIALIZED) /.test(rest))
      .map(({ name }) => name)
    const known = [...stored, ...inner]
    expect(columnNames.filter((name) => !known.includes(name))).toEqual([])
    expect(known.filter((name) => !columnNames.includes(name))).toEqual([])
  })
})

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The files of the house that a file names in its imports and exports; without those of types alone when `atRunTime`. */
function importsOf(path: string, atRunTime = false): string[] {
  const statements = /^(?:import|export)( type)?\b[^'"]*? from '(\.[^']+)'|import\('(\.[^']+)'\)/gm
  return [...read(path).matchAll(statements)]
    .filter(([, type]) => !atRunTime || type === undefined)
    .map(([, , from, dynamic]) =>
      relative(root, join(root, dirname(path), from ?? dynamic)).replaceAll('\\', '/'),
    )
}

/** Imports of the files below `from` that lead to none of the places allowed. */
function strangers(from: string, allowed: readonly string[]): string[] {
  return sources
    .filter((path) => path.startsWith(from))
    .flatMap((path) => (imports.get(path) ?? []).map((target) => ({ path, target })))
    .filter(({ target }) => !allowed.some((place) => target.startsWith(place)))
    .map(({ path, target }) => `${path} imports ${target}`)
}

/** A file without its comments. */
function codeOf(path: string): string {
  return (texts.get(path) ?? '').replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
