// A finished run as a line of the ledger.

import { isoNanoseconds } from '../dns/time.ts'
import { linkName } from './capture/links.ts'
import type { CaptureReport, PacketTime } from './capture/report.ts'
import { binCounts, binTotal } from './decode/bins.ts'
import { verdictNames } from './match/verdict.ts'
import type { RunCounts } from './pipeline.ts'
import type { LedgerEntry } from './store/ledger.ts'

/** The ledger entry of a capture that was read to its end (or to where it breaks). */
export function entryOf(
  report: CaptureReport,
  id: string,
  counts: RunCounts,
  seconds: number,
): LedgerEntry {
  const { layers, matcher } = counts
  const transactions: LedgerEntry['transactions'] = {}
  verdictNames.forEach((name, verdict) => {
    if (matcher.verdicts[verdict] > 0) transactions[name] = matcher.verdicts[verdict]
  })
  return {
    id,
    path: report.path,
    sha256: report.fileSha256,
    content_sha256: report.contentSha256,
    format: report.format,
    compression: report.compression,
    link: report.links.map(linkName),
    interfaces: report.interfaces.slice(0, listedInterfaces).map(({ link, ...rest }) => {
      return { ...rest, link: linkName(link) }
    }),
    packets: counts.packets,
    bins: binCounts(layers.bins),
    messages: { query: matcher.queries, response: matcher.responses, malformed: matcher.malformed },
    transactions,
    evicted: matcher.evicted,
    unfinished: layers.unfinished,
    resets: layers.resets,
    dropped: report.interfaces.reduce((sum, each) => sum + (each.dropped ?? 0), 0),
    already: false,
    first_packet: isoTime(report.firstTime),
    last_packet: isoTime(report.lastTime),
    seconds,
    bytes: report.fileBytes,
    content_bytes: report.contentBytes,
    problems: [
      ...report.problems.map(({ message }) => message),
      ...unreadLinks(report.path, layers.unreadLinks),
      ...failedSums(report.path, counts),
    ],
  }
}

/** A capture of a container host names some hundred; the rest is in their sum. */
const listedInterfaces = 100

function isoTime(time: PacketTime | null): string | null {
  return time === null ? null : isoNanoseconds(time.seconds, time.nanoseconds)
}

/** One sentence for each link type that is not read. */
export function unreadLinks(path: string, links: ReadonlyMap<number, number>): string[] {
  return [...links].map(
    ([link, packets]) =>
      `${path}: link type ${link} (${linkName(link)}) is not read; its ${packets} packets are counted as unsupported. ` +
      'Read are Ethernet, Linux cooked v1 and v2, raw IP and BSD null/loop: capture on such an interface, or convert the file',
  )
}

/** Says what is wrong with the sums, one sentence each; nothing when every packet and every message is accounted for. */
function failedSums(path: string, { packets, layers, matcher, run }: RunCounts): string[] {
  const failures: string[] = []
  const binned = binTotal(binCounts(layers.bins))
  if (binned !== packets) {
    failures.push(
      `${path}: this is a bug: ${packets} packets were read, but the bins hold ${binned}`,
    )
  }
  const { queries, responses, malformed, accounted } = matcher
  if (queries + responses + malformed !== accounted || run.messages !== run.accounted) {
    failures.push(
      `${path}: this is a bug: ${queries} queries, ${responses} responses and ${malformed} malformed messages were decoded, ` +
        `but its rows account for ${accounted} (in this run: ${run.messages} and ${run.accounted})`,
    )
  }
  return failures
}
