// The cheap look at the beginning of a capture: when it begins and on which interfaces, so that files can be put in order of time.

import { openBytes, openContent } from './content.ts'
import { PacketBatch } from './packets.ts'
import { PcapState, walkPcap } from './pcap.ts'
import { PcapngState, walkPcapng } from './pcapng.ts'
import { sniffFormat } from './recognise.ts'
import type { CaptureFormat, PacketTime } from './report.ts'

/** What the first bytes of a capture say. */
export interface CaptureHead {
  format: CaptureFormat
  /** Time of the first packet; null when none was found. */
  first: PacketTime | null
  /** Link types and interface names, as one text to compare: files of one rotation have the same. */
  interfaces: string
}

// The first packet nearly always stands in the first 64 KiB; a long comment or decryption secrets can come before it.
const firstLookBytes = 65_536
const longestLookBytes = 1_048_576

/** Reads the head of a file, through its compression. Throws SourceError when it cannot be read. */
export async function headOf(path: string): Promise<CaptureHead> {
  const content = await openContent(await openBytes(path), path)
  try {
    let bytes = new Uint8Array(firstLookBytes)
    let filled = 0
    for (;;) {
      const more = await content.source.read(bytes, filled).catch(() => 0)
      filled += more
      if (more > 0 && filled < bytes.length) continue
      const head = readHead(bytes.subarray(0, filled))
      const isEnough = more === 0 || head.first !== null || head.format === 'none'
      if (isEnough || bytes.length >= longestLookBytes) return head
      const longer = new Uint8Array(longestLookBytes)
      longer.set(bytes)
      bytes = longer
    }
  } finally {
    await content.source.close()
  }
}

let scratch: PacketBatch | undefined

function readHead(bytes: Uint8Array): CaptureHead {
  const format = sniffFormat(bytes)
  if (format === 'none') return { format, first: null, interfaces: '' }
  scratch ??= new PacketBatch()
  const batch = scratch
  batch.count = 0
  let interfaces: string
  if (format === 'pcap') {
    const state = new PcapState()
    walkPcap(bytes, 0, bytes.length, batch, state)
    interfaces = `link ${state.link}`
  } else {
    const state = new PcapngState()
    walkPcapng(bytes, 0, bytes.length, batch, state)
    interfaces = state.interfaces.map(({ name, link }) => `link ${link} ${name}`).join('\n')
  }
  const [seconds, nanoseconds] = [batch.seconds[0], batch.nanoseconds[0]]
  return { format, first: batch.count === 0 ? null : { seconds, nanoseconds }, interfaces }
}
