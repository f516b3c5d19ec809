// What is published: dependencies that are few, exact and explained, and files that say nothing of where they were made.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '../src/version.ts'

interface Locked {
  version: string
  integrity?: string
  resolved?: string
  optional?: boolean
}

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string
  version: string
  license: string
  bin: Record<string, string>
  files: string[]
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>
}
const runtime = { ...manifest.dependencies, ...manifest.optionalDependencies }
const texts = committed().filter((path) =>
  /\.(ts|js|json|md|sql|sh|yml|toml|hex)$|(^|\/)run$/.test(path),
)

const publicRegistry = 'https://registry.npmjs.org/'

describe('dependencies', () => {
  it('at run time are these four and no other', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual([
      '@clickhouse/client',
      'commander',
      'tldts',
    ])
    expect(Object.keys(manifest.optionalDependencies)).toEqual(['chdb'])
  })

  it('are pinned to one version each, the one that is locked', () => {
    for (const [name, wanted] of Object.entries({ ...runtime, ...manifest.devDependencies })) {
      expect(wanted, name).toMatch(/^\d+\.\d+\.\d+$/)
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(wanted)
    }
  })

  it('are all locked by their content, and come from no private registry', () => {
    for (const [path, { integrity, resolved, optional }] of Object.entries(lock.packages)) {
      if (path === '') continue
      // Of libraries for other machines npm notes no content here.
      if (optional !== true) expect(integrity, path).toMatch(/^sha512-/)
      expect(resolved ?? publicRegistry, path).toContain(publicRegistry)
    }
  })

  it('at run time are named in the readme, each with its reason', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    for (const name of Object.keys(runtime)) {
      const line = readme
        .split('\n')
        .find((each) => each.includes(name) && each.length > name.length + 20)
      expect(line, name).toBeDefined()
    }
  })

  it('are what src imports, and src imports no other', () => {
    const used = new Set<string>()
    for (const path of texts.filter((each) => each.startsWith('src/'))) {
      const text = readFileSync(join(root, path), 'utf8')
      for (const [, from, dynamic] of text.matchAll(
        / from '([^.'][^']*)'|\bimport\('([^.'][^']*)'\)/g,
      )) {
        const name = from ?? dynamic
        // Of a path inside a package its name.
        if (!name.startsWith('node:')) used.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
      }
    }
    expect([...used].sort()).toEqual(Object.keys(runtime).sort())
  })
})

describe('the package', () => {
  it('has the version that the program says', () => {
    expect(manifest.version).toBe(version)
    expect(lock.packages[''].version).toBe(version)
  })

  it('has the licence in it', () => {
    expect(manifest.license).toBe('Apache-2.0')
    expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toContain('Apache License')
  })

  it('holds what it runs with', () => {
    expect(manifest.bin).toEqual({ overhear: 'dist/cli.js' })
    for (const path of ['dist', 'schemas', 'samples', 'README.md', 'LICENSE']) {
      expect(manifest.files).toContain(path)
    }
    for (const path of manifest.files.filter((each) => each !== 'dist')) {
      expect(existsSync(join(root, path)), path).toBe(true)
    }
  })
})

describe('committed text', () => {
  it('is looked at', () => {
    expect(texts.length).toBeGreaterThan(100)
  })

  // Put together here, so that this file does not hold them.
  it.each([
    ['/wo', 'rk/'],
    ['issues', ' show'],
    ['/tmp/', 'brief'],
    ['/ro', 'ot/'],
  ])('never holds %s%s', (head, tail) => {
    const word = head + tail
    expect(texts.filter((path) => readFileSync(join(root, path), 'utf8').includes(word))).toEqual(
      [],
    )
  })

  it('has no carriage returns and ends with a newline', () => {
    const odd = texts.filter((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return text.includes('\r') || (text !== '' && !text.endsWith('\n'))
    })
    expect(odd).toEqual([])
  })

  it('promises no work', () => {
    const word = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X:'].join(''))
    const open = texts.filter((path) => word.test(readFileSync(join(root, path), 'utf8')))
    expect(open).toEqual([])
  })
})

/** Everything that .gitignore does not leave out, relative to the root. */
function committed(folder = ''): string[] {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/\/$/, ''))
  return readdirSync(join(root, folder)).flatMap((name) => {
    if (name === '.git' || ignored.includes(name) || name === 'package-lock.json') return []
    const path = folder === '' ? name : `${folder}/${name}`
    return statSync(join(root, path)).isDirectory() ? committed(path) : [path]
  })
}
