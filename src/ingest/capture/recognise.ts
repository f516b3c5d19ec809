// What a file that is no capture looks like, so that its error can say what it is and what to do.

import { isPcapMagic } from './pcap.ts'
import { isPcapngMagic } from './pcapng.ts'
import type { CaptureFormat } from './report.ts'

/** The capture format that these first bytes announce; 'none' when they announce none. */
export function sniffFormat(start: Uint8Array): CaptureFormat {
  if (isPcapngMagic(start)) return 'pcapng'
  return isPcapMagic(start) ? 'pcap' : 'none'
}

/** What `describe` looks at. */
export const describedBytes = 512

/** The sentence part after "this is": what these bytes look like, for people. */
export function describe(start: Uint8Array): string {
  const text = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, describedBytes))
  const latin = text.toString('latin1')
  for (const [magic, what] of magics) if (latin.startsWith(magic)) return what
  if (latin.startsWith('ustar', 257)) return 'a tar archive: unpack it and name its captures'
  if (latin.includes('protobuf:dnstap.Dnstap')) return 'a dnstap stream, not packets'
  if (isErf(start)) return `an Endace ERF capture: ${convert}`
  if (/^[\s\uFEFF\xef\xbb\xbf]*[[{]/.test(latin) && isText(text)) return 'JSON text, not packets'
  if (isText(text)) return 'a text file, not packets'
  return 'in no format that is known here'
}

/** What can be read instead. */
export const readableFormats =
  'pcap and pcapng are read, plain or packed with gzip, zstd, xz, lz4 or bzip2'

const convert = 'convert it with: editcap -F pcapng IN OUT'

const magics = [
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x89PNG\r\n\x1a\n', 'a PNG image'],
  ['GIF8', 'a GIF image'],
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive: unpack it and name its captures'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive: unpack it and name its captures'],
  ['Rar!\x1a\x07', 'a RAR archive: unpack it and name its captures'],
  ['\x7fELF', 'an ELF program'],
  ['MZ', 'a Windows program'],
  ['#!', 'a script'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['PAR1', 'a Parquet table'],
  ['ElfFile\0', 'a Windows event log'],
  ['#separator', 'a Zeek log: the capture it was made from is needed'],
  ['\x1f\x8b', 'gzip inside another compression: unpack it once'],
  ['\x28\xb5\x2f\xfd', 'zstd inside another compression: unpack it once'],
  ['\xfd7zXZ\0', 'xz inside another compression: unpack it once'],
  ['snoop\0\0\0', `a Solaris snoop capture: ${convert}`],
  ['btsnoop\0', 'a Bluetooth snoop capture, which holds no IP packets'],
  ['GMBU', `a Microsoft Network Monitor capture: ${convert}`],
  ['RTSS', `a Microsoft Network Monitor capture: ${convert}`],
  ['TRSNIFF data', `a Sniffer capture: ${convert}`],
  ['XCP\0', `a NetXray capture: ${convert}`],
  ['\x7fver', `an EtherPeek capture: ${convert}`],
  ['\xac\x01\x00\x1c', `an Ixia capture: ${convert}`],
  ['\xab\x01\x00\x1c', `an Ixia capture: ${convert}`],
  ['\x1c\x00\x01\xac', `an Ixia capture: ${convert}`],
  ['\x1c\x00\x01\xab', `an Ixia capture: ${convert}`],
] as const

const longestErfType = 48
const erfHeaderBytes = 16

// ERF has no magic: a known record type and a record length that fits its wire length, twice in a row.
function isErf(start: Uint8Array): boolean {
  let at = 0
  for (let record = 0; record < 2; record++) {
    if (at + erfHeaderBytes > start.length) return record > 0
    const type = start[at + 8] & 0x7f
    const recordLength = (start[at + 10] << 8) | start[at + 11]
    const wireLength = (start[at + 14] << 8) | start[at + 15]
    if (type === 0 || type > longestErfType || wireLength === 0) return false
    if (recordLength < erfHeaderBytes || recordLength > wireLength + 64) return false
    at += recordLength
  }
  return true
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13) || byte === 0x1b)
}
