// The table of IP fragments: datagrams under way, bounded, on packet time, and the last complete ones.

import { Anomaly } from './anomaly.ts'
import {
  type Datagram,
  describe,
  hashKey,
  isConflict,
  isOf,
  newDatagram,
  place,
  replace,
} from './datagram.ts'
import type { Packet } from './packet.ts'

/** Datagrams under way at most: 1,024 of 64 kB are 64 MB. The oldest goes when another begins. */
const datagramLimit = 1024

/** Seconds of packet time a datagram may take; between the 15 s of RFC 791 and the 60 s of RFC 8200. */
const timeoutSeconds = 30

/** Complete datagrams remembered at most, and for how many seconds: hosts use an id again after 65,536 datagrams at the earliest. */
const doneLimit = 128
const doneSeconds = 1

/** The reassembly table of one capture. */
export class Fragments {
  /** Datagrams that were never completed. */
  unfinished = 0
  private readonly underWay = new Map<number, Datagram>()
  /** Complete ones: a forged fragment that was there first shows when the real one comes after it. */
  private readonly done = new Map<number, Datagram>()
  private readonly spare: Datagram[] = []
  /** Called with each datagram that will not be finished any more, before it is forgotten. */
  private readonly onUnfinished: (datagram: Datagram) => void

  constructor(onUnfinished: (datagram: Datagram) => void) {
    this.onUnfinished = onUnfinished
  }

  /**
   * Adds the fragment that `packet` describes, payload `bytes[packet.payloadStart .. packet.payloadEnd)`. Returns the datagram when this
   * completes it, or makes it another version (give it back with `release` after use), else null. A copy of what a complete datagram has
   * changes nothing: it is returned with no `fragments`.
   */
  add(bytes: Uint8Array, packet: Packet): Datagram | null {
    const { payloadStart: at, fragmentOffset: offset } = packet
    this.expire(packet.seconds)
    const datagram = this.find(packet)
    if (datagram.isDone) {
      addToDone(datagram, bytes, packet)
      // In use until it is released.
      if (datagram.fragments > 0) this.done.delete(datagram.key)
      return datagram
    }
    datagram.fragments++
    datagram.anomalies |= packet.anomalies
    if (offset === 0 && !datagram.hasStart) {
      datagram.hasStart = true
      describe(datagram, packet)
    }
    let sizeBytes = packet.payloadEnd - at
    let isLast = !packet.hasMoreFragments
    if (packet.isFragmentCut) {
      // Of a fragment that the snap length cut, whole units are of use; one that lies about its length no receiver takes.
      sizeBytes = packet.isSnapped ? sizeBytes & ~7 : 0
      isLast = false
      if (packet.isSnapped) datagram.anomalies |= Anomaly.snapped
    }
    const stop = offset + sizeBytes
    if (isConflict(datagram, stop, isLast)) {
      datagram.anomalies |= Anomaly.fragmentConflict
      return null
    }
    if (isLast) datagram.size = stop
    datagram.reach = Math.max(datagram.reach, stop)
    place(datagram, bytes, at, offset, stop)
    if (datagram.size < 0 || datagram.unitsCome < (datagram.size + 7) >> 3) return null
    this.underWay.delete(datagram.key)
    datagram.isDone = true
    datagram.began = packet.seconds
    return datagram
  }

  /** Takes a complete datagram back. */
  release(datagram: Datagram): void {
    this.forget(datagram.key)
    datagram.before.length = 0
    this.done.set(datagram.key, datagram)
    if (this.done.size <= doneLimit) return
    for (const oldest of this.done.keys()) return this.forget(oldest)
  }

  /** Notes that capture `number` has ended and another goes on: what waits keeps how many of its packets stand there. */
  leaveCapture(number: number): void {
    for (const { fragments, before } of this.underWay.values()) {
      let earlier = 0
      for (let i = 1; i < before.length; i += 2) earlier += before[i]
      if (fragments > earlier) before.push(number, fragments - earlier)
    }
  }

  /** Gives up everything that is still under way. */
  finish(): void {
    for (const datagram of this.underWay.values()) this.giveUp(datagram)
    for (const key of this.done.keys()) this.forget(key)
  }

  private expire(seconds: number): void {
    for (const datagram of this.underWay.values()) {
      // Further in the future than that is from before the clock was set back.
      if (Math.abs(seconds - datagram.began) <= timeoutSeconds) return
      this.giveUp(datagram)
    }
  }

  private giveUp(datagram: Datagram): void {
    this.underWay.delete(datagram.key)
    this.unfinished++
    this.onUnfinished(datagram)
    this.spare.push(datagram)
  }

  private forget(key: number): void {
    const datagram = this.done.get(key)
    if (datagram === undefined) return
    this.done.delete(key)
    this.spare.push(datagram)
  }

  private find(packet: Packet): Datagram {
    const key = hashKey(packet)
    const known = this.underWay.get(key)
    if (known !== undefined) {
      if (isOf(known, packet)) return known
      this.giveUp(known)
    }
    const done = this.done.get(key)
    // A start is the start of the next datagram with this id.
    if (done !== undefined && packet.fragmentOffset > 0 && isOf(done, packet)) {
      if (Math.abs(packet.seconds - done.began) <= doneSeconds) return done
    }
    if (this.underWay.size >= datagramLimit) {
      for (const oldest of this.underWay.values()) {
        this.giveUp(oldest)
        break
      }
    }
    const datagram = this.spare.pop() ?? newDatagram()
    datagram.key = key
    datagram.id = packet.fragmentId
    datagram.began = packet.seconds
    datagram.size = -1
    datagram.reach = 0
    datagram.fragments = 0
    datagram.before.length = 0
    datagram.hasStart = false
    datagram.isDone = false
    datagram.bin = 0
    datagram.anomalies = 0
    datagram.units.fill(0)
    datagram.unitsCome = 0
    describe(datagram, packet)
    this.underWay.set(key, datagram)
    return datagram
  }
}

/** A fragment of a datagram that is complete: nothing new, or the other version of it. */
function addToDone(datagram: Datagram, bytes: Uint8Array, packet: Packet): void {
  const { payloadStart: at, payloadEnd: end, fragmentOffset: offset } = packet
  const isUsable = !packet.isFragmentCut || packet.isSnapped
  const isOther = isUsable && replace(datagram, bytes, at, offset, offset + end - at)
  datagram.fragments = isOther ? 1 : 0
  datagram.anomalies |= packet.anomalies | Anomaly.fragmentOverlap | Anomaly.fragmentConflict
}
