// What a sample is: the files it writes, and the label that says what must be found in a capture.

import { gzipSync } from 'node:zlib'
import { pcapFile } from './capture.ts'
import type { Recording } from './recording.ts'

/** A finding that must come: `subject` names the fields that must be equal, others may be there. */
export interface ExpectedFinding {
  detector:
    | 'exfiltration'
    | 'dga'
    | 'amplification'
    | 'random-subdomains'
    | 'open-resolver'
    | 'loop'
    | 'poisoning'
    | 'answer-change'
  rule: string
  subject: Record<string, string>
  /** Lowest score that is good enough; 50 alerts. */
  min_score: number
}

/** An event that `overhear score` looks for. */
export interface TruthEntry {
  scenario: string
  /** Detector id. */
  kind: ExpectedFinding['detector']
  entity: Record<string, string>
  /** ISO UTC. */
  first: string
  last: string
  /** Bytes of information a second. */
  rate?: number
}

/** First and last time of an event, in seconds after the recording's start. */
export function span({ start }: Recording, from: number, until: number) {
  const time = (at: number) => new Date((start + at) * 1000).toISOString()
  return { first: time(from), last: time(until) }
}

/** The label beside a capture; what is not in `findings` must not be found. */
export interface Label {
  about: string
  packets: number
  /** DNS messages, over UDP and TCP. */
  messages: number
  /** Those over TCP; absent where there are none. */
  tcp_messages?: number
  findings: ExpectedFinding[]
  /** Says that nothing is going on. */
  benign?: true
  truth?: TruthEntry[]
  /** Names to watch. */
  watch?: string[]
}

/** A file below samples/. */
export interface SampleFile {
  /** With forward slashes. */
  path: string
  bytes: Uint8Array
}

/** What a labelled capture still needs said about it. */
export type About = Pick<Label, 'about' | 'findings' | 'benign' | 'truth' | 'watch'>

/** The recording as an Ethernet capture in microseconds, compressed where the path ends in .gz, and its label. */
export function labelled(path: string, recording: Recording, about: About): SampleFile[] {
  const packets = recording.packets()
  const { messages, tcpMessages } = recording
  const counts = { packets: packets.length, messages }
  const tcp = tcpMessages > 0 ? { tcp_messages: tcpMessages } : {}
  const { about: text, ...rest } = about
  return captureFiles(path, pcapFile(packets), { about: text, ...counts, ...tcp, ...rest })
}

/** A capture and its label as files. */
export function captureFiles(path: string, capture: Uint8Array, label: object): SampleFile[] {
  const bytes = path.endsWith('.gz') ? gzipSync(capture, { level: 9 }) : capture
  return [{ path, bytes }, jsonFile(path.replace(/\.pcap(ng)?(\.gz)?$/, '.json'), label)]
}

/** Indented JSON with a final line end. */
export function jsonFile(path: string, value: object): SampleFile {
  return { path, bytes: Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`) }
}
