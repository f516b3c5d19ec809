// Clients' addresses masked in a block before it is stored: cut to a prefix, or replaced by pseudonyms that a key makes.

import { createHash, createHmac } from 'node:crypto'
import { appendEmpty, appendString, type StringColumn } from '../../database/native.ts'
import { viewOf } from '../../dns/words.ts'
import { addressText, isMapped, parseAddress } from '../../dns/address.ts'
import { UsageError } from '../../errors.ts'
import type { Block, CodeLists } from './block.ts'

/** How clients are masked. */
export interface Mask {
  /** As the ledger keeps it: `/24,/56`, or `key:` and eight digits that tell one key from another. */
  text: string
  /** Bits kept of an IPv4 and of an IPv6 address; null where pseudonyms are made. */
  bits: { ipv4: number; ipv6: number } | null
  /** The 16 bytes that stand for the client whose 16 bytes these are; the same object may be given again. */
  maskAddress(address: Uint8Array): Uint8Array
}

/** Shortest key: fewer bytes could be tried out, since there are only 2^32 IPv4 addresses to compare with. */
export const shortestKeyBytes = 16

/** First eight bytes of a pseudonym, in fd00::/8 (RFC 4193), which routes nowhere: fd6f:7665:7268:0004::/64 stands for IPv4, …:0006:: for IPv6. */
const pseudonymPrefix = Uint8Array.of(0xfd, 0x6f, 0x76, 0x65, 0x72, 0x68, 0, 0)

/** Keeps the first bits: `/24,/56`, or `/24` for `/24,/56`. UsageError for anything else. */
export function prefixMask(text: string): Mask {
  const [, first, second = '56'] = /^\/(\d{1,2})(?:,\/(\d{1,3}))?$/.exec(text) ?? []
  const [ipv4, ipv6] = [Number(first), Number(second)]
  if (first === undefined || ipv4 > 32 || ipv6 > 128) {
    throw new UsageError(
      `--mask-clients takes prefix lengths such as /24,/56 (IPv4, IPv6), or key:FILE, not "${text}"`,
    )
  }
  return {
    text: `/${ipv4},/${ipv6}`,
    bits: { ipv4, ipv6 },
    maskAddress: (address) => cut(address, isMapped(address, 0) ? 96 + ipv4 : ipv6),
  }
}

/** Makes pseudonyms with a key: the same for the same address and key, in every store. UsageError when the key is short. */
export function keyMask(key: Uint8Array): Mask {
  if (key.length < shortestKeyBytes) {
    throw new UsageError(
      `the key of --mask-clients has ${key.length} bytes; it takes ${shortestKeyBytes} or more, as from: head -c 32 /dev/urandom > FILE`,
    )
  }
  const fingerprint = createHash('sha256').update('overhear mask').update(key).digest('hex')
  return {
    text: `key:${fingerprint.slice(0, 8)}`,
    bits: null,
    maskAddress(address) {
      const pseudonym = new Uint8Array(16)
      pseudonym.set(pseudonymPrefix)
      pseudonym[7] = isMapped(address, 0) ? 4 : 6
      pseudonym.set(createHmac('sha256', key).update(address).digest().subarray(0, 8), 8)
      return pseudonym
    },
  }
}

/**
 * Masks all rows of a block: the client column, client subnets in their column and among the options, options that may name the device or
 * its user; raw copies are dropped. Servers stay, and so does what a name or a record says.
 */
export function maskBlock(block: Block, mask: Mask): void {
  const { client, rows, ecs, raw } = block
  const bytes = new Uint8Array(client.buffer, client.byteOffset, rows * 16)
  const known = new Map<string, Uint8Array>()
  for (let at = 0; at < bytes.length; at += 16) {
    const word = at >> 2
    const key = `${client[word]},${client[word + 1]},${client[word + 2]},${client[word + 3]}`
    let masked = known.get(key)
    if (masked === undefined) {
      const address = bytes.slice(at, at + 16)
      masked = isHost(address) ? mask.maskAddress(address) : address
      known.set(key, masked)
    }
    bytes.set(masked, at)
  }
  rewrite(ecs, (_, text) => maskedSubnet(text, mask))
  rewrite(raw, () => '')
  maskOptions(block.ednsOptionText, block.ednsOptions, mask)
  maskOptions(block.responseEdnsOptionText, block.responseEdnsOptions, mask)
}

/** Options whose data is about the server or the protocol. Of the others some carry the client's address, its MAC or its user's name. */
const harmlessOptions = new Set([3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 18, 19])

function maskOptions(column: StringColumn, { end, values }: CodeLists, mask: Mask): void {
  rewrite(column, (row, text) => {
    const codes = values.subarray(row === 0 ? 0 : end[2 * (row - 1)], end[2 * row])
    // The data of a code that is not harmless could hold a line feed of its own only if it were escaped: a line is an option.
    const lines = text.split('\n').map((line, i) => {
      if (harmlessOptions.has(codes[i])) return line
      return codes[i] === subnetCode && line !== '' ? maskedSubnet(line, mask) : ''
    })
    return lines.join('\n')
  })
}

const subnetCode = 8

/** A client subnet as text, as far as a mask of prefixes lets it be told; nothing where it cannot be read or pseudonyms are made. */
function maskedSubnet(text: string, { bits }: Mask): string {
  const [, host, source, scope = ''] = /^([^/]+)\/(\d+)(\/\d+)?$/.exec(text) ?? []
  if (bits === null || host === undefined) return ''
  if (host === '0') return text
  const address = parseAddress(host)
  if (address === null) return ''
  const isIpv4 = !host.includes(':')
  const kept = Math.min(Number(source), isIpv4 ? bits.ipv4 : bits.ipv6)
  return `${addressText(cut(address, isIpv4 ? 96 + kept : kept))}/${kept}${scope}`
}

/** The first bits of an address, the rest 0. */
function cut(address: Uint8Array, bits: number): Uint8Array {
  return address.map((octet, i) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * i))
    return octet & (0xff00 >> kept)
  })
}

/** False for what is no host: the group that multicast DNS talks to, and the unspecified address. */
function isHost(address: Uint8Array): boolean {
  if (isMapped(address, 0)) return address[12] < 224 && address[12] !== 0
  return address[0] !== 0xff && address.some((octet) => octet !== 0)
}

/** Writes every value of a column anew; empty ones, which most are, stay as they are. */
function rewrite(column: StringColumn, change: (row: number, text: string) => string): void {
  const { bytes } = column
  const from = bytes.buf.slice(0, bytes.pos)
  bytes.pos = 0
  let at = 0
  for (let row = 0; at < from.length; row++) {
    let sizeBytes = 0
    let shift = 0
    do {
      sizeBytes |= (from[at] & 127) << shift
      shift += 7
    } while (from[at++] >= 128)
    if (sizeBytes === 0) {
      appendEmpty(column)
      continue
    }
    // Text of ours is ASCII; a raw copy is not looked at but dropped.
    const text = Buffer.from(from.buffer, from.byteOffset + at, sizeBytes).toString('latin1')
    at += sizeBytes
    const changed = Buffer.from(change(row, text), 'latin1')
    appendString(column, viewOf(changed), 0, changed.length)
  }
}
