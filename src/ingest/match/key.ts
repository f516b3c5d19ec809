// The match key of a message, seen from its client: what a query and its answer have in common, and what a near miss shares.

import type { Message } from '../decode/message.ts'
import { isSameRun } from '../../dns/words.ts'
import type { Packet } from '../decode/packet.ts'
import { hashAddress, hashQuestion, mixHash, type Seeds } from './hash.ts'
import { Field, keyBit, type Table } from './table.ts'

/** Hashes of the last message, 32 bits with a sign; one object, reused. */
export const keys = {
  /** Both addresses, both ports, transport, id, name, type. */
  key: 0,
  /** Client address and port, transport and id: shared by answers with another question or from another server. */
  port: 0,
  /** Client address, name and type: shared by answers with another id or to another port. */
  name: 0,
  /** Both addresses, name and type: the same question asked again. */
  repeat: 0,
}

/** Where client and server stand in `packet.addresses`, and their ports: a response is read the other way round. */
export const side = { client: 0, server: 4, clientPort: 0, serverPort: 0 }

/** Sets `side` and `keys` for a message. */
export function takeKey(packet: Packet, message: Message, seeds: Seeds): void {
  const isResponse = message.isResponse
  side.client = isResponse ? 4 : 0
  side.server = isResponse ? 0 : 4
  side.clientPort = isResponse ? packet.destinationPort : packet.sourcePort
  side.serverPort = isResponse ? packet.sourcePort : packet.destinationPort
  const client = hashAddress(packet.addresses, side.client, seeds)
  const server = hashAddress(packet.addresses, side.server, seeds)
  const question = hashQuestion(message.qname.view, message.qname.pos, message.qtype, seeds)
  keys.port = mixHash(client ^ packet.transport, (side.clientPort << 16) | message.id, seeds)
  keys.name = mixHash(client, question, seeds)
  keys.repeat = mixHash(keys.name, server, seeds)
  keys.key = mixHash(keys.repeat ^ keys.port, side.serverPort, seeds)
}

/** Links followed in one chain at most; a longer chain means that somebody repeats one key, and the newest entries are what matters. */
const chainLimit = 64

/** The newest entry with this message's full key: position of its first word, or -1. */
export function findExact(table: Table, packet: Packet, message: Message): number {
  const words = table.words
  const head = keys.key & (table.keyHeads.length - 1)
  if ((table.keyBits[head] & keyBit(keys.key)) === 0) return -1
  let sequence = table.newest(head)
  for (let links = 0; links < chainLimit && sequence >= 0; links++) {
    const base = table.base(sequence)
    if (
      words[base + Field.keyHash] === keys.key >>> 0 &&
      words[base + Field.ports] === ((side.clientPort << 16) | side.serverPort) >>> 0 &&
      words[base + Field.idFlags] >>> 16 === message.id &&
      isSameAddress(words, base + Field.client, packet.addresses, side.client) &&
      isSameAddress(words, base + Field.server, packet.addresses, side.server) &&
      isSameQuestion(table, base, message) &&
      isSameVlan(words[base + Field.vlan], packet) &&
      words[base + Field.ipTtlTransport] >>> 16 === packet.transport
    ) {
      return base
    }
    sequence = table.follow(words[base + Field.keyNext])
  }
  return -1
}

/** True when the entry at `base` asks what `message` asks (or echoes): name, type and class. */
export function isSameQuestion(table: Table, base: number, message: Message): boolean {
  const words = table.words
  if (
    words[base + Field.question] !== message.qtype ||
    words[base + Field.questionHigh] !== message.qclass
  ) {
    return false
  }
  const sizeBytes = message.qname.pos
  if ((words[base + Field.nameSizes] & 0xffff) !== sizeBytes) return false
  return isSameRun(table.arenaView, words[base + Field.arena], message.qname.view, 0, sizeBytes)
}

/** True when the four address words are equal. */
export function isSameAddress(
  words: Uint32Array,
  at: number,
  others: Uint32Array,
  from: number,
): boolean {
  return (
    words[at + 3] === others[from + 3] &&
    words[at + 2] === others[from + 2] &&
    words[at + 1] === others[from + 1] &&
    words[at] === others[from]
  )
}

/** Many mirror ports tag one direction only, so a missing tag fits every VLAN; two different tags do not fit. */
function isSameVlan(vlans: number, packet: Packet): boolean {
  const vlan = vlans & 0xffff
  return vlan === packet.vlan || vlan === 0 || packet.vlan === 0
}
