// Clients hidden before anything is stored: prefixes and pseudonyms, in every place where a row may name a client, and nowhere else.

import { describe, expect, it } from 'vitest'
import { keyMask, type Mask, maskBlock, prefixMask } from '../src/ingest/store/mask.ts'
import type { Block } from '../src/ingest/store/block.ts'
import { addressText, parseAddress } from '../src/dns/address.ts'
import { answer, query, rowsOf, Traffic } from './traffic.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef')

describe('a mask', () => {
  it.each([
    ['/24,/56', '192.0.2.77', '192.0.2.0'],
    ['/24,/56', '2001:db8:1:2345:6789::1', '2001:db8:1:2300::'],
    ['/20', '198.51.111.9', '198.51.96.0'],
    ['/0,/0', '198.51.111.9', '0.0.0.0'],
    ['/32,/128', '198.51.111.9', '198.51.111.9'],
    ['/31,/127', '2001:db8::3', '2001:db8::2'],
  ])('of %s makes %s to %s', (text, before, after) => {
    expect(masked(prefixMask(text), before)).toBe(after)
  })

  it('that is none is refused with an example', () => {
    for (const text of ['24', '/33', '/24,/129', '/24,56', '', '/24,/56,/1']) {
      expect(() => prefixMask(text), text).toThrow('/24,/56')
    }
    expect(() => keyMask(key.subarray(0, 15))).toThrow('16 or more')
  })

  it('with a key gives the same pseudonym for the same address and key alone', () => {
    const first = masked(keyMask(key), '192.0.2.77')
    expect(first).toMatch(/^fd6f:7665:7268:4:/)
    expect(masked(keyMask(key), '2001:db8::1')).toMatch(/^fd6f:7665:7268:6:/)
    expect(masked(keyMask(Buffer.from(key)), '192.0.2.77')).toBe(first)
    expect(masked(keyMask(key), '192.0.2.78')).not.toBe(first)
    const other = Buffer.from(key).fill(1, 0, 1)
    expect(masked(keyMask(other), '192.0.2.77')).not.toBe(first)
    expect(keyMask(other).text).not.toBe(keyMask(key).text)
    expect(keyMask(key).text).toMatch(/^key:[0-9a-f]{8}$/)
    expect(keyMask(key).text).not.toContain(key.toString('hex').slice(0, 8))
  })
})

describe('a masked block', () => {
  const option = (code: number, hex: string) => ({ code, data: Buffer.from(hex, 'hex') })
  const client = '192.0.2.77'
  const hexOfClient = 'c000024d'

  /** Every place where the address of a client can come into a row. */
  function block(): Block {
    const traffic = new Traffic()
    const subnet = option(8, `00012000${hexOfClient}`)
    const options = [
      option(10, '0102030405060708'),
      subnet,
      subnet,
      option(8, `0009${hexOfClient}`),
      option(65_001, hexOfClient),
      option(20_292, `4f444e5300010010${hexOfClient}`),
      option(12, '0000'),
    ]
    traffic.take(1, query({ edns: { size: 1232, options } }), { client })
    const answered = [option(8, `00012010${hexOfClient}`), option(3, '6e7331')]
    traffic.take(1.1, answer({ edns: { size: 1232, options: answered } }), { client })
    const six = { client: '2001:db8:1:2345::77' }
    const sixSubnet = option(8, '0002400020010db800012345')
    traffic.take(2, query({ edns: { size: 1232, options: [sixSubnet] } }, 'six.example'), six)
    traffic.take(3, Buffer.from(`000701000001000000000000${hexOfClient}`, 'hex'), { client })
    traffic.take(4, answer({ id: 9 }, 'nobody.asked'), { client })
    traffic.take(5, answer({}, 'group.local'), { client: '224.0.0.251', service: 1 })
    traffic.matcher.finish(5, 0)
    return traffic.writer.block
  }

  it('has no trace of the address in any column that is not a name or a record', () => {
    const before = rowsOf(block())
    expect(before.length).toBeGreaterThan(4)
    expect(before.some(({ raw }) => raw.includes(hexOfClient))).toBe(true)
    for (const mask of [prefixMask('/24,/56'), keyMask(key)]) {
      const after = block()
      maskBlock(after, mask)
      const rows = rowsOf(after)
      const text = JSON.stringify(rows, (_, value: unknown) => String(value))
      const texts = [after.ednsOptionText, after.responseEdnsOptionText].map(({ bytes }) =>
        Buffer.from(bytes.buf.subarray(0, bytes.pos)).toString('latin1'),
      )
      for (const each of [JSON.stringify(rows, replaceBig), text, ...texts]) {
        expect(each).not.toContain(client)
        expect(each).not.toContain(hexOfClient)
        expect(each).not.toContain('2001:db8:1:2345')
      }
      expect(rows.map(({ raw }) => raw)).toEqual(rows.map(() => ''))
    }
  })

  it('keeps the rest: servers, names, answers, verdicts, the options of the protocol, and groups', () => {
    const before = rowsOf(block())
    const after = block()
    maskBlock(after, prefixMask('/24,/56'))
    const rows = rowsOf(after)
    const kept = (row: (typeof rows)[number]) => ({ ...row, client: '', ecs: '', raw: '' })
    expect(rows.map(kept)).toEqual(before.map(kept))
    expect(rows.map((row) => row.client).sort()).toEqual(
      before
        .map((row) => row.client)
        .map((text) => (text === client ? '192.0.2.0' : text.replace('2345::77', '2300::')))
        .sort(),
    )
    const full = before.findIndex(({ cookie }) => cookie !== '')
    expect(rows[full].ecs).toBe('192.0.2.0/24')
    expect(rows.find(({ qname }) => qname === 'six.example')?.ecs).toBe('2001:db8:1:2300::/56')
    expect(linesOf(after, 'ednsOptionText', full)).toEqual([
      '',
      '',
      '192.0.2.0/24',
      '',
      '',
      '',
      '2',
    ])
    expect(linesOf(after, 'responseEdnsOptionText', full)).toEqual(['192.0.2.0/24/16', 'ns1'])
  })

  it('with pseudonyms has no subnets, and one pseudonym for a client in all its rows', () => {
    const before = rowsOf(block())
    const after = block()
    maskBlock(after, keyMask(key))
    const rows = rowsOf(after)
    expect(rows.map(({ ecs }) => ecs)).toEqual(rows.map(() => ''))
    const names = new Set(rows.filter((_, i) => before[i].client === client).map((r) => r.client))
    expect([...names]).toEqual([masked(keyMask(key), client)])
  })
})

function masked(mask: Mask, text: string): string {
  return addressText(mask.maskAddress(parseAddress(text) ?? new Uint8Array(16)))
}

function replaceBig(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** Lines of the options of a row. */
function linesOf(
  block: Block,
  column: 'ednsOptionText' | 'responseEdnsOptionText',
  row: number,
): string[] {
  const { buf, pos } = block[column].bytes
  let at = 0
  for (let i = 0; at < pos; i++) {
    const sizeBytes = buf[at]
    if (i === row)
      return Buffer.from(buf.subarray(at + 1, at + 1 + sizeBytes))
        .toString()
        .split('\n')
    at += 1 + sizeBytes
  }
  throw new Error(`no row ${row}`)
}
