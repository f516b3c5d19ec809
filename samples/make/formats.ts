// The same ten exchanges in every capture format and link type, so that readers can be held against each other.

import { linkType, pcapFile, pcapngFile, type TimedPacket } from './capture.ts'
import { datagrams, exchanges, wrapped } from './exchanges.ts'
import { ethernet, linuxCooked, linuxCooked2, loopback } from './frame.ts'
import { captureFiles, type SampleFile } from './sample.ts'

/** All of formats/. */
export function formats(): SampleFile[] {
  const four = datagrams(exchanges(false))
  const six = datagrams(exchanges(true))
  const frames = wrapped(four, (ip) => ethernet(ip))
  const raw = linkType.raw
  const files: [string, string, Uint8Array, number?][] = [
    ['us-le.pcap', 'microseconds, little-endian', pcapFile(frames)],
    ['us-be.pcap', 'microseconds, big-endian', pcapFile(frames, { bigEndian: true })],
    ['ns-le.pcap', 'nanoseconds, little-endian', pcapFile(frames, { nanosecond: true }), 9],
    [
      'ns-be.pcap',
      'nanoseconds, big-endian',
      pcapFile(frames, { nanosecond: true, bigEndian: true }),
      9,
    ],
    ['gzip.pcap.gz', 'us-le.pcap compressed', pcapFile(frames)],
    ['vlan.pcap', 'VLAN 7', pcapFile(wrapped(four, (ip) => ethernet(ip, [7])))],
    [
      'qinq.pcap',
      'VLAN 7 inside service VLAN 200',
      pcapFile(wrapped(four, (ip) => ethernet(ip, [200, 7]))),
    ],
    ['sll.pcap', 'Linux cooked v1', pcapFile(wrapped(four, linuxCooked), { link: linkType.sll })],
    [
      'sll2.pcap',
      'Linux cooked v2',
      pcapFile(wrapped(four, linuxCooked2), { link: linkType.sll2 }),
    ],
    ['raw.pcap', 'IPv4 packets without a link header', pcapFile(four, { link: raw })],
    [
      'null-le.pcap',
      'BSD loopback, family in the byte order of a little-endian host',
      pcapFile(
        wrapped(four, (ip) => loopback(ip, false)),
        { link: linkType.null },
      ),
    ],
    [
      'null-be.pcap',
      'BSD loopback, family in the byte order of a big-endian host',
      pcapFile(
        wrapped(four, (ip) => loopback(ip, true)),
        { link: linkType.null, bigEndian: true },
      ),
    ],
    [
      'loop.pcap',
      'OpenBSD loopback, family in network byte order',
      pcapFile(
        wrapped(four, (ip) => loopback(ip, true)),
        { link: linkType.loop },
      ),
    ],
    [
      'ipv6.pcap',
      'the same over IPv6: only the addresses differ',
      pcapFile(wrapped(six, (ip) => ethernet(ip))),
    ],
    ['raw-ipv6.pcap', 'IPv6 packets without a link header', pcapFile(six, { link: raw })],
    ['sections.pcapng', 'two sections of both byte orders, each two interfaces', sections(four)],
  ]
  return files.flatMap(([name, about, bytes, digits]) =>
    captureFiles(`formats/${name}`, bytes, {
      about: `Ten exchanges: ${about}.`,
      packets: four.length,
      messages: four.length,
      same_as: name.includes('ipv6') ? 'formats/ipv6.pcap' : 'formats/ns-le.pcap',
      time_digits: digits ?? 6,
      findings: [],
    }),
  )
}

/** Link types and time steps change from packet to packet, and the second section adds an hour that its timestamps lack. */
function sections(packets: TimedPacket[]): Uint8Array {
  const wraps = [
    { link: linkType.ethernet, wrap: (ip: Uint8Array) => ethernet(ip) },
    { link: linkType.raw, wrap: (ip: Uint8Array) => ip },
    { link: linkType.sll, wrap: linuxCooked },
    { link: linkType.sll2, wrap: linuxCooked2 },
  ]
  const half = packets.length / 2
  const inSection = (part: TimedPacket[], first: number) =>
    wrapped(part, (ip, i) => wraps[first + (i % 2)].wrap(ip)).map((packet, i) => ({
      interface: i % 2,
      packet,
    }))
  return pcapngFile([
    {
      bigEndian: false,
      interfaces: [
        { link: wraps[0].link, resolution: 6 },
        { link: wraps[1].link, resolution: 9 },
      ],
      packets: inSection(packets.slice(0, half), 0),
    },
    {
      bigEndian: true,
      interfaces: [
        { link: wraps[2].link, resolution: 9 },
        { link: wraps[3].link, resolution: 6, offset: 3600 },
      ],
      packets: inSection(packets.slice(half), 2),
    },
  ])
}
