// RDATA of real captures must come out as tshark read it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { typeName, types } from '../src/dns/codes.ts'
import { Anomaly } from '../src/ingest/decode/anomaly.ts'
import { decodeRdata, hexOf, quoted, time } from './rdata-spelling.ts'

const captures = new URL('../../shared/captures/', import.meta.url)
const hasCaptures = existsSync(captures)
if (!hasCaptures) {
  console.warn(`decode-rdata-tshark: ${captures.pathname} is absent, tshark's readings are skipped`)
  if (process.env.CI !== undefined) throw new Error('the shared captures are absent in CI')
}

/** A record as tshark read it: its own fields, and the RDATA in hex with compression not undone. */
type TruthData = Readonly<Record<string, string>> & { hex: string }

describe.skipIf(!hasCaptures)('what tshark read in the real captures', () => {
  const recordsByType = new Map<number, TruthData[]>()

  beforeAll(() => {
    for (const file of readdirSync(captures)) {
      if (!file.endsWith('.truth.jsonl.gz')) continue
      const lines = gunzipSync(readFileSync(new URL(file, captures))).toString('utf8')
      for (const line of lines.split('\n')) {
        if (!line.includes('"hex"')) continue
        const { rr } = JSON.parse(line) as { rr: [string, string, number, ...unknown[]][] }
        for (const record of rr) {
          const data = record[6]
          if (typeof data !== 'object' || data === null || !('hex' in data)) continue
          const known = recordsByType.get(record[2])
          if (known === undefined) recordsByType.set(record[2], [data as TruthData])
          else known.push(data as TruthData)
        }
      }
    }
  })

  agree('DS', 2900, (data, rdata) =>
    [
      Number(data['ds.key_id']),
      data['ds.algorithm'],
      data['ds.digest_type'],
      hexOf(rdata.subarray(4)),
    ].join(' '),
  )

  agree('RRSIG', 17_000, (data, rdata) =>
    [
      typeName(Number(data['rrsig.type_covered'])),
      data['rrsig.algorithm'],
      data['rrsig.labels'],
      data['rrsig.original_ttl'],
      time(Number(data['rrsig.signature_expiration'])),
      time(Number(data['rrsig.signature_inception'])),
      data['rrsig.key_tag'],
      nameText(data['rrsig.signers_name']),
      rdata.subarray(18 + wireLength(nameText(data['rrsig.signers_name']))).toString('base64'),
    ].join(' '),
  )

  agree('DNSKEY', 60, (data, rdata) =>
    [
      Number(data['dnskey.flags']),
      data['dnskey.protocol'],
      data['dnskey.algorithm'],
      rdata.subarray(4).toString('base64'),
    ].join(' '),
  )

  agree('NSEC3PARAM', 1, (data, rdata) =>
    [
      data['nsec3.algo'],
      data['nsec3.flags'],
      data['nsec3.iterations'],
      hexOf(rdata.subarray(5)),
    ].join(' '),
  )

  agree('CAA', 1, (data) =>
    [Number(data['caa.flags']), data['caa.tag'], quoted(data['caa.value'])].join(' '),
  )

  agree('WKS', 2, (data, rdata) =>
    [data['wks.address'], data['wks.protocol'], ...setBits(rdata.subarray(5))].join(' '),
  )

  agree('TSIG', 12, (data, rdata) => {
    const macAt = wireLength(nameText(data['tsig.algorithm_name'])) + 10
    const mac = rdata.subarray(macAt, macAt + Number(data['tsig.mac_size']))
    return [
      nameText(data['tsig.algorithm_name']),
      data['tsig.time_signed'],
      data['tsig.fudge'],
      data['tsig.mac_size'],
      ...(mac.length > 0 ? [mac.toString('base64')] : []),
      data['tsig.original_id'],
      data['tsig.error'] === '0' ? 'NOERROR' : data['tsig.error'],
      data['tsig.other_len'],
    ].join(' ')
  })

  agree('TKEY', 2, (data, rdata) => {
    const keyAt = wireLength(nameText(data['tkey.algo_name'])) + 14
    return [
      nameText(data['tkey.algo_name']),
      data['tkey.signature_inception'],
      data['tkey.signature_expiration'],
      data['tkey.mode'],
      'NOERROR',
      data['tkey.key_size'],
      rdata.subarray(keyAt, keyAt + Number(data['tkey.key_size'])).toString('base64'),
      data['tkey.other_size'],
    ].join(' ')
  })

  it('NSEC3: parameters and next hash agree', () => {
    const records = recordsByType.get(types.NSEC3)!
    expect(records.length).toBeGreaterThanOrEqual(70)
    for (const data of records) {
      const { text, anomalies } = decodeRdata(types.NSEC3, bytesOf(data))
      const fields = text.split(' ')
      expect(anomalies).toBe(0)
      expect(fields.slice(0, 3)).toEqual([
        data['nsec3.algo'],
        data['nsec3.flags'],
        data['nsec3.iterations'],
      ])
      expect(fields[3].replace('-', '').length).toBe(2 * Number(data['nsec3.salt_length']))
      expect(fields[4].toLowerCase()).toBe(data['nsec3.hash_value'])
    }
  })

  it('NSEC: the next name agrees wherever it is not compressed', () => {
    let compared = 0
    for (const data of recordsByType.get(types.NSEC)!) {
      if (malformedRdata.has(data.hex)) continue
      const next = nameText(data['nsec.next_domain_name'])
      const rdata = bytesOf(data)
      if (!/^[a-z0-9._-]+$/.test(next) || rdata[wireLength(next) - 1] !== 0) continue
      const { text, anomalies } = decodeRdata(types.NSEC, rdata)
      expect([text.split(' ')[0], anomalies]).toEqual([next, 0])
      compared++
    }
    expect(compared).toBeGreaterThan(8000)
  })

  it('LOC: latitude, longitude and altitude agree', () => {
    const records = recordsByType.get(types.LOC)!
    expect(records.length).toBeGreaterThan(0)
    for (const data of records) {
      const { text } = decodeRdata(types.LOC, bytesOf(data))
      const [d1, m1, s1, ns, d2, m2, s2, ew, altitude] = text.split(' ')
      const angle = (d: string, m: string, s: string) =>
        Math.round(1000 * (3600 * Number(d) + 60 * Number(m) + Number(s)))
      const sign = (hemisphere: string) => (hemisphere === 'N' || hemisphere === 'E' ? 1 : -1)
      expect(sign(ns) * angle(d1, m1, s1) + 2 ** 31).toBe(Number(data['loc.latitude']))
      expect(sign(ew) * angle(d2, m2, s2) + 2 ** 31).toBe(Number(data['loc.longitude']))
      expect(Math.round(100 * Number.parseFloat(altitude)) + 1e7).toBe(Number(data['loc.altitude']))
    }
  })

  it('HTTPS: priority, target, protocols and address hints agree', () => {
    const records = recordsByType.get(types.HTTPS)!
    expect(records.length).toBeGreaterThanOrEqual(8)
    for (const data of records) {
      if (malformedRdata.has(data.hex)) continue
      const { text } = decodeRdata(types.HTTPS, bytesOf(data))
      const listed = (key: string, quote: string, values: string | string[] | undefined) =>
        values === undefined ? [] : [`${key}=${quote}${[values].flat().join(',')}${quote}`]
      const isCompared = (field: string) => !field.startsWith('ech=') && !field.startsWith('port=')
      expect(text.split(' ').filter(isCompared)).toEqual([
        data['svcb.svcpriority'],
        nameText(data['svcb.targetname']),
        ...listed('alpn', '"', data['svcb.svcparam.alpn']),
        ...listed('ipv4hint', '', data['svcb.svcparam.ipv4hint.ip']),
        ...listed('ipv6hint', '', data['svcb.svcparam.ipv6hint.ip']),
      ])
    }
  })

  it('nothing is malformed but the records that were made so', () => {
    const found = new Set<string>()
    for (const [type, records] of recordsByType) {
      for (const data of records) {
        const { anomalies } = decodeRdata(type, bytesOf(data))
        const needsMessage = (anomalies & (Anomaly.pointerForward | Anomaly.pointerLoop)) !== 0
        if (anomalies !== 0 && !needsMessage) found.add(data.hex)
      }
    }
    expect([...found].sort()).toEqual([...malformedRdata].sort())
  })

  function agree(
    type: string,
    atLeast: number,
    textOfData: (data: TruthData, rdata: Buffer) => string,
  ): void {
    it(`${type}: at least ${atLeast} records come out as tshark shows them`, () => {
      const records = recordsByType.get(types[type]) ?? []
      expect(records.length).toBeGreaterThanOrEqual(atLeast)
      for (const data of records) {
        if (malformedRdata.has(data.hex)) continue
        const rdata = bytesOf(data)
        expect(decodeRdata(types[type], rdata)).toEqual({
          text: textOfData(data, rdata),
          anomalies: 0,
        })
      }
    })
  }
})

const malformedRdata = new Set([
  '00010d0200000e106789', // RRSIG that ends in its expiration
  '30390802', // DS without a digest
  '046e657874076578616d706c6503636f6d0000206000', // NSEC with a map of 32 octets, 2 of them there
  '000100000100000003000201bb00040004c0000201', // HTTPS, alpn without a protocol
  '0001000001000302683200040000', // HTTPS, ipv4hint without an address
  '00010000010006026832016833', // HTTPS, alpn with a wrong inner length
  '0001000003000301bb00', // HTTPS, port of 3 bytes
  '036e7331c010', // A6 with a name where prefix length and address should stand
  '506c6f63616c686f737400', // PTR with a reserved label type
])

function bytesOf(data: TruthData): Buffer {
  return Buffer.from(data.hex, 'hex')
}

function nameText(name: string): string {
  return name === '<Root>' ? '.' : name.toLowerCase()
}

function wireLength(name: string): number {
  return name === '.' ? 1 : name.length + 2
}

function setBits(bytes: Buffer): number[] {
  return [...bytes].flatMap((octet, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => octet & (0x80 >> bit)).map((bit) => 8 * i + bit),
  )
}
