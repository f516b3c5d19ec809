// What tcpdump and dumpcap say on stderr: counters at the end, and the reasons why nothing can be captured.

import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { SourceError } from '../../errors.ts'

/** The program's own counters; null for one that it did not print. */
export interface KernelCounts {
  /** Packets it handed on. */
  captured: number | null
  /** Packets that passed the kernel filter. */
  received: number | null
  /** Packets lost because the kernel buffer was full, or in the interface. */
  dropped: number | null
}

/** Reads the closing lines of both programs. */
export function readKernelCounts(talk: string): KernelCounts {
  const first = (pattern: RegExp) => {
    const match = pattern.exec(talk)
    return match === null ? null : Number(match[1])
  }
  // dumpcap: Packets received/dropped on interface 'eth1': 25/0 (pcap:0/dumpcap:0/flushed:0/ps_ifdrop:0) (100.0%)
  const both = /Packets received\/dropped on interface .*: (\d+)\/(\d+) /.exec(talk)
  if (both !== null)
    return {
      captured: first(/Packets captured: (\d+)/),
      received: Number(both[1]),
      dropped: Number(both[2]),
    }
  const droppedByKernel = first(/(\d+) packets? dropped by kernel/)
  const droppedByInterface = first(/(\d+) packets? dropped by interface/)
  return {
    captured: first(/(\d+) packets? captured/),
    received: first(/(\d+) packets? received by filter/),
    dropped: droppedByKernel === null ? null : droppedByKernel + (droppedByInterface ?? 0),
  }
}

/** The error for a program that could not be started or ended without being told to. */
export function explainFailure(
  name: string,
  tool: string,
  isMissing: boolean,
  talk: string,
): SourceError {
  if (isMissing)
    return new SourceError(
      'no-tool',
      `${name}: cannot be captured without tcpdump or dumpcap: install one (Debian, Ubuntu: apt install tcpdump)`,
    )
  if (/no VLAN support/i.test(talk))
    return new SourceError('no-vlan', `${name}: has no VLAN tags, but the filter asks for them`)
  if (/permission|not permitted|must be root|EPERM/i.test(talk))
    return new SourceError(
      'no-permission',
      `${name}: this user may not capture: run as root, or once as root: ` +
        `setcap cap_net_raw,cap_net_admin=eip $(command -v ${tool})`,
    )
  if (/no such device|there is no device|SIOCGIFHWADDR|doesn't exist/i.test(talk))
    return new SourceError(
      'no-interface',
      `${name}: no such interface; this machine has ${interfaceNames().join(', ')}`,
    )
  const reason = lastComplaint(talk)
  if (
    /filter|syntax error|unknown port|parse error/i.test(talk) &&
    !/packets? captured/i.test(talk)
  )
    return new SourceError('filter', `${name}: ${tool} refuses the filter: ${reason}`)
  return new SourceError('live-ended', `${name}: ${tool} ended by itself: ${reason}`)
}

/** Whether another program would fail in the same way. */
export function isFatal(failure: SourceError): boolean {
  return failure.code !== 'no-tool' && failure.code !== 'no-permission'
}

/** A mirrored port has no address as a rule, and Node lists only interfaces that have one. */
function interfaceNames(): string[] {
  try {
    const entries = readdirSync('/sys/class/net', { withFileTypes: true })
    return entries.filter((entry) => !entry.isFile()).map(({ name }) => name)
  } catch {
    return Object.keys(networkInterfaces())
  }
}

function lastComplaint(talk: string): string {
  const lines = talk.split(/[\r\n]+/).map((line) => line.trim())
  const complaint = lines.findLast((line) => /^(tcpdump|dumpcap): (?!listening)/.test(line))
  return complaint?.replace(/^(tcpdump|dumpcap): /, '') ?? 'it gave no reason'
}
