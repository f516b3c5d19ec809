// Packets to capture files: classic pcap in both byte orders and precisions, and pcapng blocks.

/** LINKTYPE_ numbers of the headers that frame.ts writes. */
export const linkType = { null: 0, ethernet: 1, raw: 101, loop: 108, sll: 113, sll2: 276 } as const

/** A packet with its time: whole seconds since 1970, and nanoseconds within the second. */
export interface TimedPacket {
  seconds: number
  nanoseconds: number
  bytes: Uint8Array
  /** Bytes on the wire where the capture cut the packet. */
  original?: number
}

/** How a classic pcap is written. */
export interface PcapOptions {
  link?: number
  nanosecond?: boolean
  bigEndian?: boolean
}

/** A classic pcap file, snap length 262,144. */
export function pcapFile(packets: readonly TimedPacket[], options: PcapOptions = {}): Uint8Array {
  const u32 = wordWriter(options.bigEndian ?? false)
  const u16 = halfWriter(options.bigEndian ?? false)
  const magic = options.nanosecond ? 0xa1b23c4d : 0xa1b2c3d4
  const parts = [u32(magic), u16(2), u16(4), u32(0), u32(0), u32(262144), u32(options.link ?? 1)]
  for (const packet of packets) {
    const fraction = options.nanosecond ? packet.nanoseconds : Math.floor(packet.nanoseconds / 1000)
    parts.push(u32(packet.seconds), u32(fraction), u32(packet.bytes.length))
    parts.push(u32(packet.original ?? packet.bytes.length), Buffer.from(packet.bytes))
  }
  return Buffer.concat(parts)
}

/** One interface of a pcapng section. */
export interface Interface {
  link: number
  /** Timestamps are in 10^-resolution seconds. */
  resolution: 6 | 9
  /** Seconds that readers must add to each timestamp (if_tsoffset). */
  offset?: number
}

/** One pcapng section; each packet names its interface by index. */
export interface Section {
  bigEndian: boolean
  interfaces: readonly Interface[]
  packets: readonly { interface: number; packet: TimedPacket }[]
}

/** A pcapng file; beside the packets it has a comment and blocks of other types that readers must step over. */
export function pcapngFile(sections: readonly Section[]): Uint8Array {
  return Buffer.concat(sections.flatMap(sectionBlocks))
}

function sectionBlocks(section: Section): Buffer[] {
  const u32 = wordWriter(section.bigEndian)
  const u16 = halfWriter(section.bigEndian)
  const block = (type: number, ...body: Buffer[]): Buffer => {
    const content = padded(Buffer.concat(body))
    return Buffer.concat([u32(type), u32(content.length + 12), content, u32(content.length + 12)])
  }
  const option = (code: number, value: Buffer): Buffer =>
    Buffer.concat([u16(code), u16(value.length), padded(value)])
  const unknownLength = u32(0xffffffff)
  const comment = option(1, Buffer.from('synthetic, see samples/README.md'))
  const blocks = [
    block(
      0x0a0d0d0a,
      u32(0x1a2b3c4d),
      u16(1),
      u16(0),
      unknownLength,
      unknownLength,
      comment,
      u32(0),
    ),
  ]
  for (const { link, resolution, offset } of section.interfaces) {
    const offsetOption = offset === undefined ? [] : [option(14, signed64(offset))]
    const options = [option(9, Buffer.from([resolution])), ...offsetOption, u32(0)]
    blocks.push(block(1, u16(link), u16(0), u32(262144), ...options))
  }
  for (const { interface: index, packet } of section.packets) {
    const { resolution, offset = 0 } = section.interfaces[index]
    const ticks =
      BigInt(packet.seconds - offset) * 10n ** BigInt(resolution) +
      BigInt(Math.floor(packet.nanoseconds / 10 ** (9 - resolution)))
    const time = [u32(Number(ticks >> 32n)), u32(Number(ticks & 0xffffffffn))]
    const length = u32(packet.bytes.length)
    blocks.push(block(6, u32(index), ...time, length, length, padded(Buffer.from(packet.bytes))))
  }
  // An empty name resolution block, statistics of interface 0, and a type set aside for local use.
  blocks.push(block(4, u32(0)), block(5, u32(0), u32(0), u32(0)))
  blocks.push(block(0x80000bad, Buffer.from('local')))
  return blocks

  function signed64(value: number): Buffer {
    const bytes = Buffer.alloc(8)
    if (section.bigEndian) bytes.writeBigInt64BE(BigInt(value))
    else bytes.writeBigInt64LE(BigInt(value))
    return bytes
  }
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

function wordWriter(bigEndian: boolean): (value: number) => Buffer {
  return (value) => {
    const bytes = Buffer.alloc(4)
    if (bigEndian) bytes.writeUInt32BE(value)
    else bytes.writeUInt32LE(value)
    return bytes
  }
}

function halfWriter(bigEndian: boolean): (value: number) => Buffer {
  return (value) => {
    const bytes = Buffer.alloc(2)
    if (bigEndian) bytes.writeUInt16BE(value)
    else bytes.writeUInt16LE(value)
    return bytes
  }
}
