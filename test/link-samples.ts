// Frames of every link layer that is read, each header byte by byte with what it means; tshark reads the same out of those that it knows.

/** A DNS query in UDP (12345 to 53) in IPv4 (192.0.2.1 to 198.51.100.1) and IPv6 (2001:db8::1 to 2001:db8::2). */
const dnsQuery = '1234 0100 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001'
const udpDns = `3039 0035 0025 0000 ${dnsQuery}`
export const inIpv4 = `4500 0039 0001 0000 4011 0000 c0000201 c6336401 ${udpDns}`
export const inIpv6 = `60000000 0025 11 40 ${ipv6(1)} ${ipv6(2)} ${udpDns}`

/** The bytes of hex text; everything from a `#` to the end of its line is a comment. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex'))
}

/** A frame of LINKTYPE `link`: its header, and the IP packet behind it. */
export interface LinkSample {
  name: string
  link: number
  header: string
  packet: string
  vlan?: number
  vlanOuter?: number
}

/** Parts that tunnels carry as well. */
export const macs = '021122334455 025566778899 # destination, source\n'
export const snap = 'aaaa03 000000 # LLC, organization\n'
export const wirelessData = '08 01 2c00 # data, to the distribution system\n'
export const wirelessMacs = '021122334455 025566778899 02aabbccddee 1000 # addresses, sequence\n'

export const linkSamples: readonly LinkSample[] = [
  { name: 'Ethernet', link: 1, header: `${macs} 0800`, packet: inIpv4 },
  { name: 'Ethernet with IPv6', link: 1, header: `${macs} 86dd`, packet: inIpv6 },
  {
    name: 'an 802.1Q tag',
    link: 1,
    header: `${macs} 8100 6064 # priority 3, id 100\n 0800`,
    packet: inIpv4,
    vlan: 100,
  },
  {
    name: 'an 802.1ad tag and an 802.1Q tag',
    link: 1,
    header: `${macs} 88a8 000a 8100 0014 0800`,
    packet: inIpv4,
    vlan: 20,
    vlanOuter: 10,
  },
  {
    name: 'two 0x9100 tags and an 802.1Q tag',
    link: 1,
    header: `${macs} 9100 0001 9100 0002 8100 0003 86dd`,
    packet: inIpv6,
    vlan: 3,
    vlanOuter: 1,
  },
  {
    name: 'an 802.1ah service tag',
    link: 1,
    header: `${macs} 88a8 000a 88e7 00000bad ${macs} 8100 0014 0800`,
    packet: inIpv4,
    vlan: 20,
    vlanOuter: 10,
  },
  {
    name: 'an 802.3 length with LLC and SNAP',
    link: 1,
    header: `${macs} 0041 # length\n ${snap} 0800`,
    packet: inIpv4,
  },
  { name: 'LLC with the IP access point', link: 1, header: `${macs} 003c 0606 03`, packet: inIpv4 },
  {
    name: 'LLC with an ISO protocol id',
    link: 1,
    header: `${macs} 003d fefe 03 cc`,
    packet: inIpv4,
  },
  {
    name: 'PPPoE',
    link: 1,
    header: `${macs} 8864 11 00 0007 # version and type, session data, session 7\n 003b # length\n 0021`,
    packet: inIpv4,
  },
  {
    name: 'PPPoE with IPv6 behind two tags',
    link: 1,
    header: `${macs} 8100 0005 8100 0006 8864 1100 0007 004f 0057`,
    packet: inIpv6,
    vlan: 6,
    vlanOuter: 5,
  },
  {
    name: 'two MPLS labels',
    link: 1,
    header: `${macs} 8847 00010 0 40 # label 16, not the last\n 00011 1 40`,
    packet: inIpv4,
  },
  { name: 'MPLS with IPv6', link: 1, header: `${macs} 8848 00002 1 40`, packet: inIpv6 },
  {
    name: 'Ethernet in MPLS with a control word',
    link: 1,
    header: `${macs} 8847 00010 1 40 00000000 # control word\n ${macs} 0800`,
    packet: inIpv4,
  },
  {
    name: 'Ethernet in MPLS without a control word',
    link: 1,
    header: `${macs} 8847 00010 1 40 021122334455 025566778899 8100 0009 0800`,
    packet: inIpv4,
    vlan: 9,
  },
  {
    name: 'Cisco metadata',
    link: 1,
    header: `${macs} 8909 01 01 0001 0007 # version, length, option, group\n 0800`,
    packet: inIpv4,
  },
  {
    name: 'a network service header',
    link: 1,
    header: `${macs} 894f 0fc6 01 01 # 6 words, kind 1, IPv4\n 00000a ff # path, index\n ${'00'.repeat(16)}`,
    packet: inIpv4,
  },
  {
    name: 'MACsec without encryption',
    link: 1,
    header: `${macs} 88e5 20 00 00000001 # channel named, counter\n 0211223344550001 0800`,
    packet: inIpv4,
  },
  { name: 'a VN-Tag', link: 1, header: `${macs} 8926 00010002 0800`, packet: inIpv4 },
  { name: 'an 802.1BR tag', link: 1, header: `${macs} 893f 000100020003 0800`, packet: inIpv4 },
  {
    name: 'Linux cooked',
    link: 113,
    header: `0000 0001 0006 0211223344550000 0800`,
    packet: inIpv4,
  },
  {
    name: 'Linux cooked with an 802.2 frame',
    link: 113,
    header: `0000 0001 0006 0211223344550000 0004 ${snap} 86dd`,
    packet: inIpv6,
  },
  {
    name: 'Linux cooked version 2',
    link: 276,
    header: `0800 0000 00000002 0001 00 06 0211223344550000`,
    packet: inIpv4,
  },
  {
    name: 'Linux cooked version 2 with two tags',
    link: 276,
    header: `88a8 0000 00000002 0001 00 06 0211223344550000 000a 8100 0014 0800`,
    packet: inIpv4,
    vlan: 20,
    vlanOuter: 10,
  },
  { name: 'raw IPv4', link: 101, header: '', packet: inIpv4 },
  { name: 'raw IPv6', link: 229, header: '', packet: inIpv6 },
  { name: 'BSD null, little-endian', link: 0, header: '02000000', packet: inIpv4 },
  { name: 'BSD null with a family of macOS', link: 0, header: '1e000000', packet: inIpv6 },
  { name: 'BSD loop', link: 108, header: '00000002', packet: inIpv4 },
  { name: 'BSD null with an EtherType', link: 0, header: '000086dd', packet: inIpv6 },
  { name: 'BSD null with PPP', link: 0, header: 'ff03 0021', packet: inIpv4 },
  { name: 'BSD null with Cisco HDLC', link: 0, header: '0f00 0800', packet: inIpv4 },
  { name: 'PPP', link: 9, header: 'ff03 0021', packet: inIpv4 },
  { name: 'PPP without address field', link: 9, header: '0057', packet: inIpv6 },
  { name: 'PPP with a protocol of one byte', link: 9, header: 'ff03 21', packet: inIpv4 },
  { name: 'PPP with MPLS', link: 9, header: 'ff03 0281 00010 1 40', packet: inIpv4 },
  { name: 'PPP in HDLC framing', link: 50, header: 'ff03 0057', packet: inIpv6 },
  { name: 'Cisco HDLC on a PPP line', link: 50, header: '0f00 0800', packet: inIpv4 },
  { name: 'PPPoE alone', link: 51, header: '1100 0007 003b 0021', packet: inIpv4 },
  { name: 'PPP of pppd', link: 166, header: '01 03 0021', packet: inIpv4 },
  { name: 'PPP with a direction', link: 204, header: '01 ff03 0021', packet: inIpv4 },
  { name: 'Cisco HDLC', link: 104, header: '8f00 86dd', packet: inIpv6 },
  { name: 'PPP called Cisco HDLC', link: 104, header: 'ff03 0021', packet: inIpv4 },
  { name: 'Cisco HDLC with a direction', link: 205, header: '00 0f00 0800', packet: inIpv4 },
  { name: 'frame relay', link: 107, header: '1841 03 cc', packet: inIpv4 },
  { name: 'frame relay with SNAP', link: 107, header: '1841 03 00 80 000000 86dd', packet: inIpv6 },
  { name: 'frame relay of Cisco', link: 107, header: '1841 0800', packet: inIpv4 },
  { name: 'frame relay with a direction', link: 206, header: '00 1841 03 8e', packet: inIpv6 },
  { name: 'MPLS alone', link: 219, header: '00010 1 40', packet: inIpv4 },
  {
    name: '802.11',
    link: 105,
    header: `${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: '802.11 with quality of service',
    link: 105,
    header: `88 02 2c00 ${wirelessMacs} 0600 ${snap} 86dd`,
    packet: inIpv6,
  },
  {
    name: '802.11 with four addresses',
    link: 105,
    header: `88 03 2c00 ${wirelessMacs} 02aabbccddff # fourth\n 0000 ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: '802.11 with a control field for high throughput',
    link: 105,
    header: `88 81 2c00 ${wirelessMacs} 0600 00000000 ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: '802.11 with an aggregate',
    link: 105,
    header: `88 01 2c00 ${wirelessMacs} 8000 ${macs} 0041 # length\n ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'radiotap',
    link: 127,
    header: `00 00 0800 00000000 ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'radiotap with padding before the body',
    link: 127,
    header: `00 00 1900 030000a0 000000a0 00000000 # clock and flags present, three words
      0000000000000000 # clock, aligned
      20 # flags: padding
      88 01 2c00 ${wirelessMacs} 0600 0000 # quality of service, padding
      ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'Prism',
    link: 119,
    header: `44000000 90000000 ${'00'.repeat(136)} ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'AVS under the number of Prism',
    link: 119,
    header: `80211001 00000040 ${'00'.repeat(56)} ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'AVS',
    link: 163,
    header: `80211001 00000040 ${'00'.repeat(56)} ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'PPI',
    link: 192,
    header: `00 00 0800 69000000 ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
  },
  { name: 'FDDI', link: 10, header: `50 ${macs} ${snap} 0800`, packet: inIpv4 },
  { name: 'token ring', link: 6, header: `10 40 ${macs} ${snap} 0800`, packet: inIpv4 },
  {
    name: 'token ring with a route',
    link: 6,
    header: `10 40 021122334455 825566778899 0630 0011 0020 ${snap} 0800`,
    packet: inIpv4,
  },
  { name: 'ARCNET of RFC 1051', link: 7, header: '01 02 f0', packet: inIpv4 },
  { name: 'ARCNET of RFC 1201', link: 7, header: '01 02 d4 00 0001', packet: inIpv4 },
  { name: 'an ARCNET exception', link: 7, header: '01 02 d4 ff ffff d4 00 0001', packet: inIpv4 },
  { name: 'ARCNET of Linux', link: 129, header: '01 02 0000 f0', packet: inIpv4 },
  { name: 'ARCNET of Linux, RFC 1201', link: 129, header: '01 02 0000 d4 00 0001', packet: inIpv4 },
  {
    name: 'IP over Fibre Channel',
    link: 122,
    header: `1000021122334455 1000025566778899 ${snap} 0800`,
    packet: inIpv4,
  },
  {
    name: 'IP over FireWire',
    link: 138,
    header: '0211223344556677 0255667788990011 0800',
    packet: inIpv4,
  },
  { name: 'IP over InfiniBand', link: 242, header: `${'00'.repeat(40)} 86dd 0000`, packet: inIpv6 },
  { name: 'ATM with LLC', link: 100, header: `${snap} 0800`, packet: inIpv4 },
  { name: 'ATM without LLC', link: 106, header: '', packet: inIpv4 },
  { name: 'IPsec enc', link: 109, header: '02000000 00000007 00000000', packet: inIpv4 },
  {
    name: 'Solaris ipnet',
    link: 226,
    header: '01 02 0000 00000039 00000001 00000000 00000001 00000002',
    packet: inIpv4,
  },
  {
    name: 'pflog',
    link: 117,
    header: `3d 02 00 00 # length 61, family\n ${'00'.repeat(60)}`,
    packet: inIpv4,
  },
  {
    name: 'nflog',
    link: 239,
    header: `02 00 0014 # family, version, group
      0800 0100 08000105 # packet header
      0500 0a00 00 000000 # prefix, padded
      3d00 0900 # payload`,
    packet: inIpv4,
  },
  {
    name: 'nflog of a big-endian machine',
    link: 239,
    header: '0a 00 0014 0008 0001 86dd0105 0051 0009',
    packet: inIpv6,
  },
  {
    name: 'PKTAP',
    link: 258,
    header: `6c000000 01000000 01000000 # length, packet, Ethernet\n ${'00'.repeat(96)} ${macs} 0800`,
    packet: inIpv4,
  },
  {
    name: 'PKTAP with raw IP',
    link: 258,
    header: `6c000000 01000000 0c000000 ${'00'.repeat(96)}`,
    packet: inIpv6,
  },
  {
    name: 'ERF',
    link: 197,
    header: `0000000000000000 02 04 005d 0000 0047 # Ethernet\n 0000 ${macs} 0800`,
    packet: inIpv4,
  },
  {
    name: 'ERF with an extension header',
    link: 197,
    header: `0000000000000000 82 04 0065 0000 0047 0300000000000000 0000 ${macs} 0800`,
    packet: inIpv4,
  },
  { name: 'netANALYZER', link: 240, header: `00000000 ${macs} 0800`, packet: inIpv4 },
  {
    name: 'transparent netANALYZER',
    link: 241,
    header: `00000000 55555555555555d5 ${macs} 0800`,
    packet: inIpv4,
  },
]

function ipv6(last: number): string {
  return `20010db8 ${'0'.repeat(20)} ${last.toString(16).padStart(4, '0')}`
}
