// Answers that stand before their query in the capture: several queues of one network card can swap neighbours. They wait for a moment.

import { Message } from '../decode/message.ts'
import { Packet } from '../decode/packet.ts'

/** Seconds of packet time an answer waits; compactor found 10 microseconds enough for one host, several queues want more. */
const windowSeconds = 0.002

/** Answers that wait at one time; when all places are taken the next one is judged at once. */
const places = 16

/** Largest message that waits: what does not fit is judged at once. */
const placeBytes = 4096

/** One waiting answer: a copy of its bytes and of its packet. */
interface Held {
  readonly bytes: Uint8Array
  readonly packet: Packet
  readonly message: Message
  key: number
  isUsed: boolean
}

/** The waiting places; `count` is 0 nearly always, and then nothing here costs anything. */
export class Deferred {
  count = 0
  private readonly held: Held[] = []

  /** Copies an answer into a free place; false when there is none. */
  hold(bytes: Uint8Array, packet: Packet, key: number): boolean {
    const sizeBytes = packet.payloadEnd - packet.payloadStart
    if (sizeBytes > placeBytes || this.count === places) return false
    let place: Held | undefined
    for (let i = 0; i < this.held.length; i++) if (!this.held[i].isUsed) place = this.held[i]
    if (place === undefined) {
      place = {
        bytes: new Uint8Array(placeBytes),
        packet: new Packet(),
        message: new Message(),
        key,
        isUsed: true,
      }
      this.held.push(place)
    }
    place.bytes.set(bytes.subarray(packet.payloadStart, packet.payloadEnd))
    copyPacket(packet, place.packet)
    place.packet.payloadStart = 0
    place.packet.payloadEnd = sizeBytes
    place.key = key
    place.isUsed = true
    this.count++
    return true
  }

  /** The oldest answer that waits for this key; null when none does. The place is free again after `release`. */
  matching(key: number): Held | null {
    let found: Held | null = null
    for (let i = 0; i < this.held.length; i++) {
      const held = this.held[i]
      if (held.isUsed && held.key === key && isOlder(held, found)) found = held
    }
    return found
  }

  /** An answer whose time is up at the given packet time, or any one when the capture has ended (no time given). */
  overdue(seconds?: number, nanoseconds = 0): Held | null {
    let found: Held | null = null
    for (let i = 0; i < this.held.length; i++) {
      const held = this.held[i]
      if (!held.isUsed || !isOlder(held, found)) continue
      if (seconds !== undefined) {
        const age = seconds - held.packet.seconds + (nanoseconds - held.packet.nanoseconds) / 1e9
        if (age <= windowSeconds && age >= -windowSeconds) continue
      }
      found = held
    }
    return found
  }

  /** Frees a place. */
  release(held: Held): void {
    held.isUsed = false
    this.count--
  }
}

function isOlder(held: Held, found: Held | null): boolean {
  if (found === null) return true
  const { capture, frame } = found.packet
  return (
    held.packet.capture < capture || (held.packet.capture === capture && held.packet.frame < frame)
  )
}

function copyPacket(from: Packet, to: Packet): void {
  to.capture = from.capture
  to.frame = from.frame
  to.seconds = from.seconds
  to.nanoseconds = from.nanoseconds
  to.vlan = from.vlan
  to.vlanOuter = from.vlanOuter
  to.tunnel = from.tunnel
  to.tunnelId = from.tunnelId
  to.fragments = from.fragments
  to.isLate = from.isLate
  to.addresses.set(from.addresses)
  to.sourcePort = from.sourcePort
  to.destinationPort = from.destinationPort
  to.transport = from.transport
  to.service = from.service
  to.ipTtl = from.ipTtl
  to.ipId = from.ipId
  to.anomalies = from.anomalies
}
