// Pairs queries with answers on packet time. Every message leaves in exactly one row; what does not fit is a verdict, not a loss.

import { copyRun, isSameRun, viewOf } from '../../dns/words.ts'
import { Anomaly, malformedMask } from '../decode/anomaly.ts'
import { decodeMessage, type Message } from '../decode/message.ts'
import type { Packet } from '../decode/packet.ts'
import { markRecords, type RecordMark, type Records, rollBack } from '../decode/records.ts'
import { answerDigest, digestAnswer } from './digest.ts'
import { type Seeds, seedsFor } from './hash.ts'
import { findExact, keys, takeKey } from './key.ts'
import { findByPort, findNearMiss, nearMiss } from './near.ts'
import { RepeatCache } from './repeat.ts'
import { Deferred } from './skew.ts'
import { Field, fillEntry, State, Table, type TableLimits, tableLimits } from './table.ts'
import { Verdict, verdictNames } from './verdict.ts'

/** Receives finished exchanges. Records of the row are those appended to the block's columns since the row before. */
export interface ExchangeSink {
  /** Where the decoder appends records now; a new block brings new columns. */
  readonly records: Records
  /**
   * Appends one row. `base` is the query's entry in the table, or -1; `message` and `packet` are the answer (or the lone message), or null.
   * `bytes` is the buffer the message was read from. `queryMessages` is how many query messages the row accounts for.
   */
  append(
    verdict: number,
    base: number,
    queryMessages: number,
    bytes: Uint8Array | null,
    packet: Packet | null,
    message: Message | null,
  ): void
}

/** Timers in seconds of packet time, and the table's bounds. */
export interface MatchOptions {
  /** A query without an answer for longer is unanswered. */
  timeoutSeconds: number
  limits: TableLimits
}

/** 10 s covers 99.9 % of answers through cold resolvers (8.2 s measured). */
export const matchOptions: MatchOptions = { timeoutSeconds: 10, limits: tableLimits }

/** How many timeouts an entry is remembered, so that a late answer is told from an unasked one. */
const memoryTimeouts = 3

/**
 * Entries in all up to which settled queries are remembered that long. Above it the oldest settled ones go at once: 32,768 are 30 s at 1,000
 * queries/s and still 0.3 s at 100,000, in 5 MB. Measured: 131,072 entries cost 0.1 microseconds a packet more in cold memory.
 */
const rememberedLimit = 32_768

/** What became of the messages of one capture. */
export class MatchTally {
  /**
   * Messages taken: queries, responses, and those whose header or question cannot be read. A retransmission counts where its row is, in the
   * capture of the first query.
   */
  queries = 0
  responses = 0
  malformed = 0
  /** Messages that the rows written so far stand for; equal to the messages taken once `finish` has run. */
  accounted = 0
  /** Rows by verdict number; a row belongs to the capture of its query, without one to that of its answer. */
  readonly verdicts = new Float64Array(verdictNames.length)
  /** Queries given up early because the table was full. */
  evicted = 0
}

/** Matches one capture, or several that go on one from another. Feed messages in capture order, then call `finish`. */
export class Matcher {
  readonly table: Table
  /** One for each capture so far, by `Packet.capture`. */
  readonly tallies = [new MatchTally()]
  private readonly sink: ExchangeSink
  private readonly timeoutSeconds: number
  /** Next sequence number that has not been looked at for expiry. */
  private expiry = 0
  private readonly repeats = new RepeatCache()
  /** Questions that got a truncated answer over UDP: the next one over TCP is its follow-up. */
  private readonly truncated = new RepeatCache()
  private readonly deferred = new Deferred()
  private isReplaying = false
  private readonly seeds: Seeds

  /** `identity` of the capture makes a run repeatable to the last bit (see `seedsFor`). */
  constructor(sink: ExchangeSink, options: MatchOptions = matchOptions, identity?: string) {
    this.sink = sink
    this.seeds = seedsFor(identity)
    this.timeoutSeconds = options.timeoutSeconds
    this.table = new Table(options.limits)
  }

  /** Decodes the message that `packet` carries in `bytes` and takes it in. */
  take(bytes: Uint8Array, packet: Packet, message: Message): void {
    // A message that lay waiting for its other parts comes with an old time: the clock does not go back for it.
    if (!packet.isLate) this.expire(packet.seconds, packet.nanoseconds)
    const records = this.sink.records
    markRecords(records, mark)
    const isMulticast = packet.service !== 0
    decodeMessage(bytes, packet.payloadStart, packet.payloadEnd, isMulticast, message, records, 0)
    if (!message.isQuestionReadable) {
      this.tallies[packet.capture].malformed++
      answerDigest.low = 0
      answerDigest.high = 0
      this.row(Verdict.malformed, -1, 0, bytes, packet, message)
    } else if (isMulticast) {
      if (message.isResponse) {
        this.tallies[packet.capture].responses++
        digestAnswer(message, records, mark)
      } else this.tallies[packet.capture].queries++
      this.row(Verdict.unpaired, -1, message.isResponse ? 0 : 1, bytes, packet, message)
    } else if (message.isResponse) {
      this.response(bytes, packet, message)
    } else {
      this.query(bytes, packet, message)
    }
  }

  /** The messages of another capture follow, that goes on from this one: what is outstanding stays so. */
  nextCapture(): void {
    this.tallies.push(new MatchTally())
  }

  /** Ends the capture at the time of its last packet: what is outstanding is `open` when its timeout has not run out, else `unanswered`. */
  finish(seconds = 0, nanoseconds = 0): void {
    this.release()
    if (seconds > 0) this.expire(seconds, nanoseconds)
    for (; this.expiry < this.table.head; this.expiry++) {
      const base = this.table.base(this.expiry)
      if (this.table.words[base + Field.state] === State.pending) {
        this.giveUp(base, Verdict.open)
      }
    }
    while (this.table.tail < this.table.head) this.table.dropTail()
  }

  private query(bytes: Uint8Array, packet: Packet, message: Message): void {
    const table = this.table
    const records = this.sink.records
    const hasRecords = records.count > mark.count
    rollBack(records, mark)
    takeKey(packet, message, this.seeds)
    const same = findExact(table, packet, message)
    if (same >= 0 && table.words[same + Field.state] === State.pending) {
      const attempts = table.words[same + Field.ipIdAttempts]
      // A row counts up to 65,535 attempts; the next retransmission opens a row of its own.
      if ((attempts & 0xffff) < 0xffff) {
        table.words[same + Field.ipIdAttempts] = attempts + 1
        table.words[same + Field.anomalies] |= message.anomalies | packet.anomalies
        this.tallies[table.words[same + Field.capture]].queries++
        return
      }
    }
    this.tallies[packet.capture].queries++
    const optBytes = message.optEnd - message.optStart
    const isMalformed = ((message.anomalies | packet.anomalies) & malformedMask) !== 0
    const wireBytes = hasRecords || isMalformed ? message.size : 0
    const sizeBytes = message.qname.pos + message.qnameRaw.pos + optBytes + wireBytes
    if (table.head - table.tail >= rememberedLimit) this.forget()
    while (table.isFull(sizeBytes)) this.evict()
    const sequence = table.head
    const base = table.push(sizeBytes)
    fillEntry(table, base, packet, message, optBytes, wireBytes)
    const words = table.words
    words[base + Field.keyHash] = keys.key
    words[base + Field.portHash] = keys.port
    words[base + Field.nameHash] = keys.name
    const isRepeat = this.repeats.isRepeat(keys.repeat, packet.seconds)
    const isFollowup =
      packet.transport === 6 && this.truncated.isRepeat(keys.repeat, packet.seconds)
    words[base + Field.repeat] =
      (packet.fragments << 16) | (isFollowup ? 2 : 0) | (isRepeat ? 1 : 0)
    let at = words[base + Field.arena]
    const arena = table.arenaView
    const wire = viewOf(bytes)
    copyRun(arena, at, message.qname.view, 0, message.qname.pos)
    at += message.qname.pos
    copyRun(arena, at, message.qnameRaw.view, 0, message.qnameRaw.pos)
    at += message.qnameRaw.pos
    copyRun(arena, at, wire, message.optStart, optBytes)
    copyRun(arena, at + optBytes, wire, message.start, wireBytes)
    table.link(sequence, base, table.hasNear)
    if (this.deferred.count > 0 && !this.isReplaying)
      this.replay(this.deferred.matching(keys.key), true)
  }

  private response(bytes: Uint8Array, packet: Packet, message: Message): void {
    const table = this.table
    const records = this.sink.records
    takeKey(packet, message, this.seeds)
    const base =
      message.questions === 0
        ? findByPort(table, packet, message)
        : findExact(table, packet, message)
    if (base < 0 && !this.isReplaying && this.deferred.hold(bytes, packet, keys.key)) {
      rollBack(records, mark)
      return
    }
    this.tallies[packet.capture].responses++
    digestAnswer(message, records, mark)
    if (base < 0) {
      findNearMiss(table, packet, message, this.timeoutSeconds)
      this.row(nearMiss.verdict, nearMiss.base, 0, bytes, packet, message)
      return
    }
    const words = table.words
    const state = words[base + Field.state]
    if (message.questions > 0 && !isCaseKept(table, base, message)) {
      message.anomalies |= Anomaly.caseMismatch
    }
    if (state === State.answered && isTransfer(packet, words, base)) {
      // Zone transfers answer with many messages (RFC 5936 section 2.2); each is a row, none a second answer.
      this.row(Verdict.answered, base, 0, bytes, packet, message)
      return
    }
    if (state === State.answered) {
      const isSame =
        words[base + Field.digestLow] === answerDigest.low &&
        words[base + Field.digestHigh] === answerDigest.high
      this.row(isSame ? Verdict.duplicate : Verdict.conflict, base, 0, bytes, packet, message)
      return
    }
    words[base + Field.state] = State.answered
    words[base + Field.digestLow] = answerDigest.low
    words[base + Field.digestHigh] = answerDigest.high
    if (state === State.givenUp) {
      this.row(Verdict.late, base, 0, bytes, packet, message)
      return
    }
    this.repeats.remember(keys.repeat, packet.seconds, records, mark.count)
    if ((message.flags & 0x200) !== 0)
      this.truncated.note(keys.repeat, packet.seconds + this.timeoutSeconds)
    this.row(Verdict.answered, base, attemptsOf(words, base), bytes, packet, message)
  }

  /** Judges a waiting answer: with its query when that has come, without it when it did not come in time. */
  private replay(held: ReturnType<Deferred['overdue']>, isEarly: boolean): void {
    if (held === null) return
    this.isReplaying = true
    if (isEarly) held.packet.anomalies |= Anomaly.beforeQuery
    this.take(held.bytes, held.packet, held.message)
    this.deferred.release(held)
    this.isReplaying = false
  }

  /** Lets waiting answers go whose time is up; all of them when no time is given. */
  private release(seconds?: number, nanoseconds = 0): void {
    for (;;) {
      const held = this.deferred.overdue(seconds, nanoseconds)
      if (held === null) return
      this.replay(held, false)
    }
  }

  /**
   * Gives up what timed out before `seconds`, forgets what is too old to matter, and lets waiting answers go. An entry further in the
   * future than the timeout is from before the clock was set back: it goes as well, or nothing behind it would ever time out.
   */
  private expire(seconds: number, nanoseconds: number): void {
    const table = this.table
    const timeout = this.timeoutSeconds
    while (this.expiry < table.head) {
      const base = table.base(this.expiry)
      const whole = seconds - table.words[base + Field.seconds]
      if (whole < timeout && whole > -timeout) break
      const age = whole + (nanoseconds - table.words[base + Field.nanoseconds]) / 1e9
      if (age <= timeout && age >= -timeout) break
      if (table.words[base + Field.state] === State.pending) this.giveUp(base, Verdict.unanswered)
      this.expiry++
    }
    const memory = timeout * memoryTimeouts
    while (table.tail < this.expiry) {
      const age = seconds - table.words[table.base(table.tail) + Field.seconds]
      if (age <= memory && age >= -memory) break
      table.dropTail()
    }
    if (this.deferred.count > 0 && !this.isReplaying) this.release(seconds, nanoseconds)
  }

  /** Under load what is settled goes first: the oldest entries that wait for nothing make room before the table grows. */
  private forget(): void {
    const table = this.table
    while (table.head - table.tail >= rememberedLimit) {
      const base = table.base(table.tail)
      if (table.words[base + Field.state] === State.pending) return
      if (this.expiry === table.tail) this.expiry++
      table.dropTail()
    }
  }

  private evict(): void {
    const table = this.table
    if (this.expiry === table.tail) {
      const base = table.base(table.tail)
      if (table.words[base + Field.state] === State.pending) {
        this.tallies[table.words[base + Field.capture]].evicted++
        this.giveUp(base, Verdict.unanswered)
      }
      this.expiry++
    }
    table.dropTail()
  }

  private giveUp(base: number, verdict: number): void {
    this.table.words[base + Field.state] = State.givenUp
    this.row(verdict, base, attemptsOf(this.table.words, base), null, null, null)
  }

  private row(
    verdict: number,
    base: number,
    queryMessages: number,
    bytes: Uint8Array | null,
    packet: Packet | null,
    message: Message | null,
  ): void {
    const own = packet === null ? 0 : packet.capture
    const tally = this.tallies[base < 0 ? own : this.table.words[base + Field.capture]]
    tally.verdicts[verdict]++
    tally.accounted += queryMessages
    if (message !== null && (message.isResponse || verdict === Verdict.malformed))
      this.tallies[own].accounted++
    this.sink.append(verdict, base, queryMessages, bytes, packet, message)
  }
}

const mark: RecordMark = { count: 0, namePosition: 0, dataPosition: 0 }

/** Query messages merged into an entry. */
function attemptsOf(words: Uint32Array, base: number): number {
  return words[base + Field.ipIdAttempts] & 0xffff
}

/** True when the query at `base` asked over TCP for a whole zone or its changes: AXFR or IXFR. */
function isTransfer(packet: Packet, words: Uint32Array, base: number): boolean {
  const qtype = words[base + Field.question]
  return packet.transport === 6 && (qtype === 252 || qtype === 251)
}

/** True when the answer repeats the letters of the query as they were sent (draft-vixie-dnsext-dns0x20). */
function isCaseKept(table: Table, base: number, message: Message): boolean {
  const sizes = table.words[base + Field.nameSizes]
  const sizeBytes = sizes >>> 16
  if (sizeBytes !== message.qnameRaw.pos) return false
  const at = table.words[base + Field.arena] + (sizes & 0xffff)
  return isSameRun(table.arenaView, at, message.qnameRaw.view, 0, sizeBytes)
}
