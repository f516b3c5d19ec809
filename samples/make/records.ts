// Resource records as the samples need them, one function per type (RFC 1035, 2782, 3596, 4034, 9460).

import { addressBytes } from './frame.ts'
import { type ResourceRecord, type TypeName, typeNumber } from './message.ts'
import type { Random } from './random.ts'

/** An A or AAAA record, by what the address is. */
export function address(name: string, ttl: number, value: string): ResourceRecord {
  const octets = addressBytes(value)
  const type = octets.length === 4 ? 'A' : 'AAAA'
  return { name, type, ttl, write: (writer) => writer.bytes(octets) }
}

/** A record whose data is one name. */
export function nameRecord(
  type: 'NS' | 'CNAME' | 'PTR',
  name: string,
  ttl: number,
  target: string,
): ResourceRecord {
  return { name, type, ttl, write: (writer) => writer.name(target) }
}

/** A mail exchanger. */
export function mx(
  name: string,
  ttl: number,
  preference: number,
  exchange: string,
): ResourceRecord {
  return {
    name,
    type: 'MX',
    ttl,
    write: (writer) => {
      writer.u16(preference)
      writer.name(exchange)
    },
  }
}

/** A text record; each string at most 255 octets. */
export function txt(name: string, ttl: number, ...strings: string[]): ResourceRecord {
  return {
    name,
    type: 'TXT',
    ttl,
    write: (writer) => {
      for (const value of strings) writer.string(value)
    },
  }
}

/** A start of authority; `ttl` is also its negative-caching time. */
export function soa(zone: string, ttl: number, serial: number): ResourceRecord {
  return {
    name: zone,
    type: 'SOA',
    ttl,
    write: (writer) => {
      writer.name(zone === '' ? 'ns1.example' : `ns1.${zone}`)
      writer.name(zone === '' ? 'hostmaster.example' : `hostmaster.${zone}`)
      for (const number of [serial, 7200, 900, 1209600, ttl]) writer.u32(number)
    },
  }
}

/** A service's host and port; the target is written without compression (RFC 2782). */
export function srv(name: string, ttl: number, port: number, target: string): ResourceRecord {
  return {
    name,
    type: 'SRV',
    ttl,
    write: (writer) => {
      writer.u16(10)
      writer.u16(5)
      writer.u16(port)
      writer.name(target, false)
    },
  }
}

/** An HTTPS service binding to the owner itself: ALPN h2 and h3, one IPv4 hint. */
export function https(name: string, ttl: number, hint: string): ResourceRecord {
  const parameters = Buffer.from([0, 1, 0, 6, 2, 0x68, 0x32, 2, 0x68, 0x33, 0, 4, 0, 4])
  return {
    name,
    type: 'HTTPS',
    ttl,
    write: (writer) => {
      writer.u16(1)
      writer.u8(0)
      writer.bytes(parameters)
      writer.bytes(addressBytes(hint))
    },
  }
}

/** A zone key, RSA/SHA-256, `flags` 256 (zone signing) or 257 (key signing), with a made-up public key of `bits`. */
export function dnskey(
  random: Random,
  name: string,
  ttl: number,
  flags: number,
  bits: number,
): ResourceRecord {
  const key = random.bytes(bits / 8)
  return {
    name,
    type: 'DNSKEY',
    ttl,
    write: (writer) => {
      writer.u16(flags)
      writer.u8(3)
      writer.u8(8)
      writer.bytes(Uint8Array.of(3, 1, 0, 1))
      writer.bytes(key)
    },
  }
}

/** A signature over `covered`, RSA/SHA-256, made up, valid from `inception` (seconds since 1970) for 30 days. */
export function rrsig(
  random: Random,
  zone: string,
  ttl: number,
  covered: TypeName,
  inception: number,
): ResourceRecord {
  const signature = random.bytes(256)
  const tag = random.integer(1, 65536)
  return {
    name: zone,
    type: 'RRSIG',
    ttl,
    write: (writer) => {
      writer.u16(typeNumber[covered])
      writer.u8(8)
      writer.u8(zone.split('.').length)
      writer.u32(ttl)
      writer.u32(inception + 30 * 86400)
      writer.u32(inception)
      writer.u16(tag)
      writer.name(zone, false)
      writer.bytes(signature)
    },
  }
}
