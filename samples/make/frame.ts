// Packets to bytes: UDP and TCP in IPv4 and IPv6 with right checksums, and the link headers that captures start with.

/** Who sends: an address in text and a port. */
export interface Endpoint {
  address: string
  port: number
}

/** The fields of an IP header that tell senders apart. */
export interface IpFields {
  /** Time to live or hop limit as captured. */
  ttl: number
  /** IPv4 identification; ignored for IPv6. */
  id: number
}

/** The 4 or 16 octets of an address in text; IPv6 with at most one `::` and no dotted tail. */
export function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number)
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

/** A UDP datagram in an IP packet. */
export function udpPacket(
  from: Endpoint,
  to: Endpoint,
  payload: Uint8Array,
  fields: IpFields,
): Uint8Array {
  const datagram = Buffer.alloc(8 + payload.length)
  datagram.writeUInt16BE(from.port, 0)
  datagram.writeUInt16BE(to.port, 2)
  datagram.writeUInt16BE(datagram.length, 4)
  datagram.set(payload, 8)
  // A sum of zero means "no checksum" in UDP, so zero is sent as its other form (RFC 768).
  datagram.writeUInt16BE(transportChecksum(from, to, 17, datagram) || 0xffff, 6)
  return ipPacket(from.address, to.address, 17, datagram, fields)
}

/** A TCP segment in an IP packet; `flags` as on the wire (FIN 1, SYN 2, PSH 8, ACK 16). */
export function tcpPacket(
  from: Endpoint,
  to: Endpoint,
  sequence: number,
  acknowledged: number,
  flags: number,
  payload: Uint8Array,
  fields: IpFields,
): Uint8Array {
  const segment = Buffer.alloc(20 + payload.length)
  segment.writeUInt16BE(from.port, 0)
  segment.writeUInt16BE(to.port, 2)
  segment.writeUInt32BE(sequence >>> 0, 4)
  segment.writeUInt32BE(acknowledged >>> 0, 8)
  segment.writeUInt8(5 << 4, 12)
  segment.writeUInt8(flags, 13)
  segment.writeUInt16BE(64240, 14)
  segment.set(payload, 20)
  segment.writeUInt16BE(transportChecksum(from, to, 6, segment), 16)
  return ipPacket(from.address, to.address, 6, segment, fields)
}

/** An Ethernet frame; `tags` are VLAN ids from the outside in (two make QinQ: 802.1ad outside, 802.1Q inside). */
export function ethernet(ip: Uint8Array, tags: readonly number[] = []): Uint8Array {
  const six = ip[0] >> 4 === 6
  const source = ip.subarray(six ? 8 : 12, six ? 24 : 16)
  const destination = ip.subarray(six ? 24 : 16, six ? 40 : 20)
  const header = Buffer.alloc(14 + 4 * tags.length)
  header.set(hardwareAddress(destination), 0)
  header.set(hardwareAddress(source), 6)
  tags.forEach((vlan, depth) => {
    header.writeUInt16BE(depth === 0 && tags.length > 1 ? 0x88a8 : 0x8100, 12 + 4 * depth)
    header.writeUInt16BE(vlan, 14 + 4 * depth)
  })
  header.writeUInt16BE(six ? 0x86dd : 0x0800, header.length - 2)
  return Buffer.concat([header, ip])
}

/** Linux cooked v1 (LINKTYPE 113): direction, hardware kind, address, protocol. */
export function linuxCooked(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('00000001000600005e0053010000', 'hex')
  return Buffer.concat([header, etherType(ip), ip])
}

/** Linux cooked v2 (LINKTYPE 276): protocol first, then the interface's index. */
export function linuxCooked2(ip: Uint8Array): Uint8Array {
  const header = Buffer.from('0000000000020001000600005e0053010000', 'hex')
  return Buffer.concat([etherType(ip), header, ip])
}

/** BSD loopback: the address family in the byte order of the host (LINKTYPE 0) or of the network (108). */
export function loopback(ip: Uint8Array, bigEndian: boolean): Uint8Array {
  const family = ip[0] >> 4 === 6 ? 30 : 2
  const header = Buffer.from(bigEndian ? [0, 0, 0, family] : [family, 0, 0, 0])
  return Buffer.concat([header, ip])
}

/** An ARP request in an Ethernet frame: traffic that is not IP. */
export function arpRequest(from: string, wanted: string): Uint8Array {
  const own = hardwareAddress(addressBytes(from))
  const body = Buffer.from('0001080006040001', 'hex')
  const frame = [Buffer.alloc(6, 255), own, Buffer.from([8, 6]), body]
  return Buffer.concat([...frame, own, addressBytes(from), Buffer.alloc(6), addressBytes(wanted)])
}

/** Documentation hardware addresses (RFC 7042 section 2.1.2), or the group address of a multicast destination. */
function hardwareAddress(ip: Uint8Array): Uint8Array {
  const last = ip.at(-1)!
  if (ip.length === 4 && ip[0] >> 4 === 14) {
    return Uint8Array.of(1, 0, 0x5e, ip[1] & 127, ip[2], last)
  }
  if (ip.length === 16 && ip[0] === 255) return Uint8Array.of(0x33, 0x33, ...ip.subarray(12))
  return Uint8Array.of(0, 0, 0x5e, 0, 0x53, last)
}

function etherType(ip: Uint8Array): Buffer {
  return Buffer.from(ip[0] >> 4 === 6 ? '86dd' : '0800', 'hex')
}

/** An IP packet of any protocol. */
export function ipPacket(
  from: string,
  to: string,
  protocol: number,
  body: Uint8Array,
  fields: IpFields,
): Uint8Array {
  const addresses = Buffer.concat([addressBytes(from), addressBytes(to)])
  if (addresses.length === 32) {
    const header = Buffer.alloc(8)
    header.writeUInt8(0x60, 0)
    header.writeUInt16BE(body.length, 4)
    header.writeUInt8(protocol, 6)
    header.writeUInt8(fields.ttl, 7)
    return Buffer.concat([header, addresses, body])
  }
  const header = Buffer.alloc(20)
  header.writeUInt8(0x45, 0)
  header.writeUInt16BE(20 + body.length, 2)
  header.writeUInt16BE(fields.id, 4)
  header.writeUInt8(fields.ttl, 8)
  header.writeUInt8(protocol, 9)
  header.set(addresses, 12)
  header.writeUInt16BE(~wordSum(header) & 0xffff, 10)
  return Buffer.concat([header, body])
}

/** Over the pseudo-header and the body, whose checksum field is still zero (RFC 768, 793, 8200 section 8.1). */
function transportChecksum(from: Endpoint, to: Endpoint, protocol: number, body: Buffer): number {
  const pseudo = Buffer.concat([addressBytes(from.address), addressBytes(to.address)])
  let sum = wordSum(pseudo) + protocol + body.length + wordSum(body)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** The one's complement sum of 16-bit words, folded to 16 bits (RFC 1071). */
export function wordSum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes.readUInt16BE(i)
  if (bytes.length % 2 === 1) sum += bytes.at(-1)! << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}
