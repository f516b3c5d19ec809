// Writes packets as pcapng (draft-ietf-opsawg-pcapng, section 4): one section, an interface for each link type, nanoseconds.

/** A packet to write. */
export interface CapturedPacket {
  /** Seconds since 1970 and nanoseconds within the second. */
  seconds: number
  nanoseconds: number
  bytes: Uint8Array
  /** Bytes on the wire. */
  original: number
  /** LINKTYPE_ number. */
  link: number
}

/** The bytes of a capture file. */
export function pcapngFile(packets: readonly CapturedPacket[]): Uint8Array {
  const interfaces = new Map<number, number>()
  for (const { link } of packets) {
    if (!interfaces.has(link)) interfaces.set(link, interfaces.size)
  }
  const sizeBytes =
    sectionBytes +
    interfaces.size * interfaceBytes +
    packets.reduce((sum, { bytes }) => sum + packetBytes + padded(bytes.length), 0)
  const file = new Uint8Array(sizeBytes)
  const view = new DataView(file.buffer)
  let at = writeBlock(view, 0, 0x0a0d_0d0a, sectionBytes)
  view.setUint32(at - sectionBytes + 8, 0x1a2b_3c4d, true)
  view.setUint16(at - sectionBytes + 12, 1, true)
  view.setBigInt64(at - sectionBytes + 16, -1n, true)
  for (const link of interfaces.keys()) {
    const start = at
    at = writeBlock(view, start, 1, interfaceBytes)
    view.setUint16(start + 8, link, true)
    // if_tsresol: 10^-9 seconds; then the end of options.
    view.setUint16(start + 16, 9, true)
    view.setUint16(start + 18, 1, true)
    view.setUint8(start + 20, 9)
  }
  for (const { seconds, nanoseconds, bytes, original, link } of packets) {
    const start = at
    at = writeBlock(view, start, 6, packetBytes + padded(bytes.length))
    const ticks = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    view.setUint32(start + 8, interfaces.get(link) as number, true)
    view.setUint32(start + 12, Number(ticks >> 32n), true)
    view.setUint32(start + 16, Number(ticks & 0xffff_ffffn), true)
    view.setUint32(start + 20, bytes.length, true)
    view.setUint32(start + 24, original, true)
    file.set(bytes, start + 28)
  }
  return file
}

/** Whole lengths of the blocks, of a packet's without its bytes. */
const sectionBytes = 28
const interfaceBytes = 32
const packetBytes = 32

function padded(length: number): number {
  return (length + 3) & ~3
}

/** Writes type and both lengths of a block; gives where the next one begins. */
function writeBlock(view: DataView, at: number, type: number, length: number): number {
  view.setUint32(at, type, true)
  view.setUint32(at + 4, length, true)
  view.setUint32(at + length - 4, length, true)
  return at + length
}
