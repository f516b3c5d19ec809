// What reading a capture found out: format, sizes, hashes, interfaces, and every place where reading had to stop.

import type { Compression } from './compression.ts'

/** The two container formats; 'none' until a source has shown which. */
export type CaptureFormat = 'pcap' | 'pcapng' | 'none'

/** Something that kept bytes from being read; everything before `offset` was. */
export interface Problem {
  code:
    | 'cut'
    | 'cut-compressed'
    | 'damaged-compressed'
    | 'read-failed'
    | 'record-length'
    | 'block-length'
    | 'byte-order'
    | 'version'
    | 'unknown-interface'
    | 'too-many-interfaces'
    | 'time-range'
    | 'live-ended'
  /** Byte position in the uncompressed capture (in the packed file for the two about compression). */
  offset: number | null
  /** One sentence: file, offset, what to do. */
  message: string
}

/** An interface that a pcapng file or a live capture names; null where the capture does not say. */
export interface InterfaceReport {
  /** As written in the capture: anything can stand there. */
  name: string
  /** LINKTYPE_ number. */
  link: number
  /** Packets the interface saw. */
  received: number | null
  /** Packets lost in the kernel and in the interface. */
  dropped: number | null
}

/** A capture's line in the ledger; sizes, counts, hashes and times are final once its batches have ended. */
export interface CaptureReport {
  path: string
  format: CaptureFormat
  compression: Compression
  /** Bytes as on disk. */
  fileBytes: number
  /** Bytes uncompressed. */
  contentBytes: number
  packets: number
  /** LINKTYPE_ numbers of the file or its interfaces, each once, in order of appearance. */
  links: number[]
  interfaces: InterfaceReport[]
  /** Lower-case hex of the file as on disk. */
  fileSha256: string
  /** Lower-case hex of the uncompressed content; the same when there is no compression. */
  contentSha256: string
  /** Earliest and latest packet time; null without packets. */
  firstTime: PacketTime | null
  lastTime: PacketTime | null
  problems: Problem[]
}

/** Seconds since 1970 (UTC) and nanoseconds within the second. */
export interface PacketTime {
  seconds: number
  nanoseconds: number
}

/** Why a walker stopped, before the file's name and the number of packets are known. */
export interface Stop {
  code: Problem['code']
  offset: number
  /** Follows "at byte N". */
  reason: string
}

/** What the walkers of both formats keep between two fillings of the buffer. */
export interface WalkState {
  /** Byte position of the buffer's first byte in the uncompressed capture. */
  base: number
  /** Set when walking cannot go on. */
  stop: Stop | null
}

// libpcap's MAXIMUM_SNAPLEN; it refuses longer records as well, so nothing healthy is longer.
export const longestPacketBytes = 262_144
