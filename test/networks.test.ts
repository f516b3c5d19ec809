// Networks out of a file: every line read or refused, the longest prefix found, and hunts that name it, on both back ends.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openStore } from '../src/database/open.ts'
import { StoreError } from '../src/errors.ts'
import { huntFor } from '../src/inspect/hunt/hunt.ts'
import { loadNetworks, networksOf } from '../src/inspect/networks/load.ts'
import { networksIn } from '../src/inspect/networks/prefixes.ts'
import { huntText } from '../src/inspect/report/hunt-text.ts'
import { plainStyle } from './plain-style.ts'
import { wholeHistory } from '../src/inspect/window.ts'
import { storeExchanges } from './exchanges.ts'
import { backEnds, startBackEnds, stopBackEnds } from './store-fixture.ts'

describe('a file of networks', () => {
  it('may have commas, tabs or semicolons, titles, quotes and comments', () => {
    const text =
      'prefix,asn,name\r\n# ours\n192.0.2.77/24,AS64500,"Ex, ""one"""\n2001:db8:0::/32\t64501\tSix\n198.51.100.9;;\n\n192.0.2.0/24,64509,Last'
    expect(networksIn(text, 'x')).toEqual([
      { prefix: '192.0.2.0/24', asn: 64509, name: 'Last' },
      { prefix: '2001:db8::/32', asn: 64501, name: 'Six' },
      { prefix: '198.51.100.9/32', asn: 0, name: '' },
    ])
    expect(networksIn('192.0.2.77/24,AS64500,"Ex, ""one"""', 'x')[0].name).toBe('Ex, "one"')
    expect(networksIn('0.0.0.0/0,1,a\n::/0,2,b', 'x').map(({ prefix }) => prefix)).toEqual([
      '0.0.0.0/0',
      '::/0',
    ])
  })

  it.each([
    ['192.0.2.0/24,1,a\n192.0.2.0/33,1,b', 'list line 2: "192.0.2.0/33" is no prefix'],
    ['192.0.2.0/24,1,a\nexample.org,1,b', 'list line 2: "example.org" is no prefix'],
    ['192.0.2.0/24,65536.9,a', 'list line 1: "65536.9" is no ASN'],
    ['192.0.2.0/24,4294967296,a', 'list line 1: "4294967296" is no ASN'],
    ['# nothing', 'list holds no networks'],
  ])('that is wrong is refused with its line: %j', (text, sentence) => {
    expect(() => networksIn(text, 'list')).toThrow(sentence)
  })
})

describe.each(backEnds)('in the $name store', ({ name, locate }) => {
  let database: Database
  const hostile = `'); DROP TABLE captures --\n\n\\ \u001b[31m`
  const networks = [
    { prefix: '192.0.2.0/24', asn: 64500, name: 'Outer' },
    { prefix: '192.0.2.128/25', asn: 64502, name: hostile },
    { prefix: '2001:db8::/32', asn: 4_200_000_000, name: 'Six' },
  ]

  beforeAll(async () => {
    if (name === 'embedded') await startBackEnds()
    database = await openStore(locate('networks'))
    await storeExchanges(database, [
      {
        ts: '2026-01-01 08:00:00',
        client: '::ffff:192.0.2.10',
        server: '2001:db8::53',
        qname: 'www.example.org',
        records: [{ name: 'www.example.org', type: 'A', data: '192.0.2.200' }],
      },
    ])
  }, 60_000)
  afterAll(async () => {
    await database.close()
    if (name === 'http') await stopBackEnds()
  })

  it('there are none before a file was imported, and hunts say nothing of them', async () => {
    expect(await networksOf(database, ['192.0.2.10'])).toEqual(new Map())
    const parts = await huntFor('name', 'www.example.org').ask(database, options)
    expect(parts.find(({ kind }) => kind === 'network')?.rows).toEqual([])
  })

  it('the longest prefix is found, for IPv4 written either way and for IPv6', async () => {
    expect(await loadNetworks(database, networks)).toBe(3)
    const found = await networksOf(database, [
      '192.0.2.127',
      '::ffff:192.0.2.128',
      '2001:db8::1',
      '203.0.113.1',
    ])
    expect([...found]).toEqual([
      ['192.0.2.127', networks[0]],
      ['::ffff:192.0.2.128', networks[1]],
      ['2001:db8::1', networks[2]],
    ])
  })

  it('a hunt names those of clients, servers and answers, and its text stays printable', async () => {
    const parts = await huntFor('name', 'www.example.org').ask(database, options)
    expect(parts.find(({ kind }) => kind === 'network')?.rows).toEqual([
      { address: '192.0.2.10', ...networks[0] },
      { address: '2001:db8::53', ...networks[2] },
      { address: '192.0.2.200', ...networks[1] },
    ])
    const text = huntText('x', 'x', parts, 50, Infinity, plainStyle).join('\n')
    expect(text).toContain('192.0.2.128/25  64502')
    expect(text).not.toContain('\u001b')
  })

  it('SQL can group by them, also after the store was opened again', async () => {
    await database.close()
    database = await openStore(locate('networks'))
    expect(
      await database.rows(
        `SELECT dictGet('networks', 'asn', tuple(server)) AS asn, count() AS rows FROM transactions GROUP BY asn`,
      ),
    ).toEqual([{ asn: 4_200_000_000, rows: 1 }])
  })

  it('those that the engine cannot load leave no dictionary behind that would fail every hunt', async () => {
    const wrong = loadNetworks(database, [{ prefix: 'nonsense', asn: 7, name: 'New' }])
    await expect(wrong).rejects.toThrow(StoreError)
    expect(await networksOf(database, ['192.0.2.200'])).toEqual(new Map())
  })

  it('another import replaces them all, and an empty one forgets them', async () => {
    expect(await loadNetworks(database, [{ prefix: '192.0.2.0/24', asn: 7, name: 'New' }])).toBe(1)
    const found = await networksOf(database, ['192.0.2.200', '2001:db8::1'])
    expect([...found.values()]).toEqual([{ prefix: '192.0.2.0/24', asn: 7, name: 'New' }])
    expect(await loadNetworks(database, [])).toBe(0)
    expect(await networksOf(database, ['192.0.2.200'])).toEqual(new Map())
  })
})

const options = { ...wholeHistory, limit: 50 }
