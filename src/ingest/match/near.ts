// Near misses: an answer that fits an outstanding or just answered query in all but one thing. Forgers guess; this is what guessing looks like.

import type { Message } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { isSameAddress, isSameQuestion, keys, side } from './key.ts'
import { Field, type Table } from './table.ts'
import { Verdict } from './verdict.ts'

/** The last result: the verdict and the entry that was nearly met, or -1. One object, reused. */
export const nearMiss = { verdict: 0, base: -1 }

/** Entries looked at per chain; the newest are the ones an answer could be for. */
const candidateLimit = 16

/** Sets `nearMiss` for an answer without an exact match; only queries younger than `timeoutSeconds` count. */
export function findNearMiss(
  table: Table,
  packet: Packet,
  message: Message,
  timeoutSeconds: number,
): void {
  nearMiss.verdict = Verdict.unsolicited
  nearMiss.base = -1
  if (!table.hasNear) table.buildNear()
  const words = table.words
  const addresses = packet.addresses
  const ports = ((side.clientPort << 16) | side.serverPort) >>> 0
  let stamp = table.nameHeads[keys.name & (table.nameHeads.length - 1)]
  for (let links = 0; links < candidateLimit; links++) {
    const sequence = table.follow(stamp)
    if (sequence < 0) break
    const base = table.base(sequence)
    stamp = words[base + Field.nameNext]
    if (
      words[base + Field.nameHash] !== keys.name >>> 0 ||
      !isRecent(words, base, packet, timeoutSeconds)
    )
      continue
    if (!isSameAddress(words, base + Field.client, addresses, side.client)) continue
    if (!isSameAddress(words, base + Field.server, addresses, side.server)) continue
    if (!isSameQuestion(table, base, message)) continue
    const isSamePort = words[base + Field.ports] === ports
    const isSameId = words[base + Field.idFlags] >>> 16 === message.id
    // All the same: what differs is the VLAN or the transport, and that is no guess.
    if (isSamePort && isSameId) continue
    if (isSamePort || isSameId) {
      nearMiss.verdict = isSamePort ? Verdict.wrongId : Verdict.wrongPort
      nearMiss.base = base
      return
    }
    // A blind forger misses port and id alike; the newest query it could have meant is kept unless a nearer one follows.
    if (nearMiss.base < 0) {
      nearMiss.verdict = Verdict.wrongId
      nearMiss.base = base
    }
  }
  if (nearMiss.base >= 0) return
  stamp = table.portHeads[keys.port & (table.portHeads.length - 1)]
  for (let links = 0; links < candidateLimit; links++) {
    const sequence = table.follow(stamp)
    if (sequence < 0) break
    const base = table.base(sequence)
    stamp = words[base + Field.portNext]
    if (
      words[base + Field.portHash] !== keys.port >>> 0 ||
      !isRecent(words, base, packet, timeoutSeconds)
    )
      continue
    if (words[base + Field.idFlags] >>> 16 !== message.id) continue
    if (words[base + Field.ports] >>> 16 !== side.clientPort) continue
    if (!isSameAddress(words, base + Field.client, addresses, side.client)) continue
    const isSameServer =
      isSameAddress(words, base + Field.server, addresses, side.server) &&
      (words[base + Field.ports] & 0xffff) === side.serverPort
    const isSameAsked = isSameQuestion(table, base, message)
    if (isSameServer !== isSameAsked) {
      nearMiss.verdict = isSameServer ? Verdict.wrongQuestion : Verdict.wrongServer
      nearMiss.base = base
      return
    }
  }
}

/** The newest query that a response without a question section can only be for: same addresses, ports and id; or -1. */
export function findByPort(table: Table, packet: Packet, message: Message): number {
  if (!table.hasNear) table.buildNear()
  const words = table.words
  const ports = ((side.clientPort << 16) | side.serverPort) >>> 0
  let stamp = table.portHeads[keys.port & (table.portHeads.length - 1)]
  for (let links = 0; links < candidateLimit; links++) {
    const sequence = table.follow(stamp)
    if (sequence < 0) return -1
    const base = table.base(sequence)
    stamp = words[base + Field.portNext]
    if (
      words[base + Field.portHash] === keys.port >>> 0 &&
      words[base + Field.ports] === ports &&
      words[base + Field.idFlags] >>> 16 === message.id &&
      isSameAddress(words, base + Field.client, packet.addresses, side.client) &&
      isSameAddress(words, base + Field.server, packet.addresses, side.server)
    ) {
      return base
    }
  }
  return -1
}

function isRecent(
  words: Uint32Array,
  base: number,
  packet: Packet,
  timeoutSeconds: number,
): boolean {
  return packet.seconds - words[base + Field.seconds] <= timeoutSeconds
}
