// RDATA that dns-packet encodes must come out as the text it was made of.

import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { types } from '../src/dns/codes.ts'
import { decodeRdata, hexOf, quoted, time } from './rdata-spelling.ts'

const dnsPacket = createRequire(import.meta.url)('dns-packet') as {
  record(type: string): { encode(data: unknown): Buffer }
}

describe('what dns-packet encodes', () => {
  const uint8 = fc.nat(255)
  const uint16 = fc.nat(65535)
  const uint32 = fc.nat(4294967295)
  const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
  const text = fc.string({ maxLength: 200, unit: 'binary-ascii' })
  const blob = fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes))
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  const seconds = fc.integer({ min: 0, max: 4294967295 })
  const address6 = fc.ipV6().map((address) => new URL(`http://[${address}]`).hostname.slice(1, -1))
  const covered = fc.uniqueArray(fc.constantFrom('A', 'NS', 'MX', 'TXT', 'RRSIG', 'CAA'), {
    minLength: 1,
  })

  agree('A', fc.ipV4(), (address) => address)
  agree('AAAA', address6, (address) => address)
  agree('NS', name, (host) => host)
  agree('CNAME', name, (host) => host)
  agree('PTR', name, (host) => host)
  agree('DNAME', name, (host) => host)
  agree(
    'MX',
    fc.record({ preference: uint16, exchange: name }),
    (mx) => `${mx.preference} ${mx.exchange}`,
  )
  agree(
    'SRV',
    fc.record({ priority: uint16, weight: uint16, port: uint16, target: name }),
    (srv) => `${srv.priority} ${srv.weight} ${srv.port} ${srv.target}`,
  )
  agree(
    'SOA',
    fc.record({
      mname: name,
      rname: name,
      serial: uint32,
      refresh: uint32,
      retry: uint32,
      expire: uint32,
      minimum: uint32,
    }),
    (soa) => Object.values(soa).join(' '),
  )
  agree('TXT', fc.array(text, { minLength: 1, maxLength: 5 }), (texts) =>
    texts.map(quoted).join(' '),
  )
  agree(
    'HINFO',
    fc.record({ cpu: text, os: text }),
    ({ cpu, os }) => `${quoted(cpu)} ${quoted(os)}`,
  )
  agree('RP', fc.record({ mbox: name, txt: name }), (rp) => `${rp.mbox} ${rp.txt}`)
  agree(
    'CAA',
    fc.record({ flags: uint8, tag: fc.constantFrom('issue', 'issuewild', 'iodef'), value: text }),
    (caa) => `${caa.flags} ${caa.tag} ${quoted(caa.value)}`,
  )
  agree(
    'NAPTR',
    fc.record({
      order: uint16,
      preference: uint16,
      flags: text,
      services: text,
      regexp: text,
      replacement: name,
    }),
    (naptr) =>
      `${naptr.order} ${naptr.preference} ${quoted(naptr.flags)} ${quoted(naptr.services)} ${quoted(naptr.regexp)} ${naptr.replacement}`,
  )
  agree(
    'DS',
    fc.record({ keyTag: uint16, algorithm: uint8, digestType: fc.constant(2), digest }),
    (ds) => `${ds.keyTag} ${ds.algorithm} 2 ${hexOf(ds.digest)}`,
  )
  agree(
    'DNSKEY',
    fc.record({ flags: uint16, algorithm: uint8, key: blob }),
    (dnskey) => `${dnskey.flags} 3 ${dnskey.algorithm} ${dnskey.key.toString('base64')}`,
  )
  agree(
    'RRSIG',
    fc.record({
      typeCovered: fc.constantFrom('A', 'SOA', 'AAAA', 'DLV'),
      algorithm: uint8,
      labels: uint8,
      originalTTL: uint32,
      expiration: seconds,
      inception: seconds,
      keyTag: uint16,
      signersName: name,
      signature: blob,
    }),
    (sig) =>
      `${sig.typeCovered} ${sig.algorithm} ${sig.labels} ${sig.originalTTL} ${time(sig.expiration)} ${time(sig.inception)} ${sig.keyTag} ${sig.signersName} ${sig.signature.toString('base64')}`,
  )
  agree(
    'NSEC',
    fc.record({ nextDomain: name, rrtypes: covered }),
    (nsec) => `${nsec.nextDomain} ${inOrder(nsec.rrtypes)}`,
  )
  agree(
    'NSEC3',
    fc.record({
      algorithm: uint8,
      flags: uint8,
      iterations: uint16,
      salt: blob,
      nextDomain: blob,
      rrtypes: covered,
    }),
    (nsec3) =>
      `${nsec3.algorithm} ${nsec3.flags} ${nsec3.iterations} ${hexOf(nsec3.salt)} ${base32Hex(nsec3.nextDomain)} ${inOrder(nsec3.rrtypes)}`,
  )
  agree(
    'SSHFP',
    fc.record({
      algorithm: uint8,
      hash: fc.constant(2),
      fingerprint: digest.map((bytes) => bytes.toString('hex')),
    }),
    (sshfp) => `${sshfp.algorithm} 2 ${sshfp.fingerprint.toUpperCase()}`,
  )
  agree(
    'TLSA',
    fc.record({ usage: uint8, selector: uint8, matchingType: uint8, certificate: blob }),
    (tlsa) => `${tlsa.usage} ${tlsa.selector} ${tlsa.matchingType} ${hexOf(tlsa.certificate)}`,
  )

  function agree<T>(type: string, data: fc.Arbitrary<T>, textOfData: (data: T) => string): void {
    it(`${type} comes out as the text it was made of`, () => {
      fc.assert(
        fc.property(data, (value) => {
          const expected = textOfData(value) // before encoding, which changes some values in place
          const rdata = dnsPacket.record(type).encode(value).subarray(2)
          expect(decodeRdata(types[type], rdata)).toEqual({ text: expected, anomalies: 0 })
        }),
        { numRuns: 300 },
      )
    })
  }
})

function base32Hex(bytes: Buffer): string {
  const bits = [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return bits.replace(/.{1,5}/g, (five) =>
    Number.parseInt(five.padEnd(5, '0'), 2).toString(32).toUpperCase(),
  )
}

function inOrder(names: string[]): string {
  return names.sort((a, b) => types[a] - types[b]).join(' ')
}
