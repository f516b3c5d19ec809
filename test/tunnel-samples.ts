// Packets of every tunnel that is opened, each header byte by byte with what it means; tshark reads the same out of those that it knows.

import { inIpv4, inIpv6, macs, snap, unhex, wirelessData, wirelessMacs } from './link-samples.ts'

/** A tunnel behind UDP port `port` or IP protocol `protocol`: its header, and the IP packet in it. */
export interface TunnelSample {
  name: string
  port?: number
  protocol?: number
  header: string
  packet: string
  /** Names and ids of the tunnels on the way. */
  tunnels: string[]
}

export const tunnelSamples: readonly TunnelSample[] = [
  {
    name: 'GRE',
    protocol: 47,
    header: '0000 0800',
    packet: inIpv4,
    tunnels: ['gre 0'],
  },
  {
    name: 'GRE with checksum, key and sequence',
    protocol: 47,
    header: `b000 86dd
      0000 0000 # checksum, offset
      fedcba98 # key
      00000001 # sequence`,
    packet: inIpv6,
    tunnels: ['gre 4275878552'],
  },
  {
    name: 'GRE with source routes',
    protocol: 47,
    header: `4000 0800
      0000 0000 # checksum, offset
      0800 00 04 c0000263 # a route of IPv4
      0000 00 00 # the last`,
    packet: inIpv4,
    tunnels: ['gre 0'],
  },
  {
    name: 'Ethernet in GRE',
    protocol: 47,
    header: `2000 6558 00012300 # key\n ${macs} 8100 0007 0800`,
    packet: inIpv4,
    tunnels: ['gre 74496'],
  },
  {
    name: 'MPLS in GRE',
    protocol: 47,
    header: '0000 8847 00010 1 40',
    packet: inIpv4,
    tunnels: ['gre 0'],
  },
  {
    name: 'ERSPAN I',
    protocol: 47,
    header: `0000 88be ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['erspan 0'],
  },
  {
    name: 'ERSPAN II',
    protocol: 47,
    header: `1000 88be 00000001
      1001 0064 # version 1, VLAN, session 100
      00000000 # port
      ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['erspan 100'],
  },
  {
    name: 'ERSPAN III',
    protocol: 47,
    header: `1000 22eb 00000001
      2001 03ff # version 2, VLAN, session 1023
      00000000 # clock
      0000 0000 # group, an Ethernet frame without subheader
      ${macs} 86dd`,
    packet: inIpv6,
    tunnels: ['erspan 1023'],
  },
  {
    name: 'ERSPAN III with a subheader',
    protocol: 47,
    header: `1000 22eb 00000001 2001 0002 00000000
      0000 0001 # subheader follows
      0000000000000000
      ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['erspan 2'],
  },
  {
    name: 'WCCP',
    protocol: 47,
    header: '0000 883e',
    packet: inIpv4,
    tunnels: ['wccp 0'],
  },
  {
    name: 'WCCP version 2',
    protocol: 47,
    header: '0000 883e 00000000 # redirect header',
    packet: inIpv4,
    tunnels: ['wccp 0'],
  },
  {
    name: 'PPTP',
    protocol: 47,
    header: `3081 880b # key, sequence, acknowledgement, version 1
      003d 0017 # length, call 23
      00000001 00000002
      ff03 0021`,
    packet: inIpv4,
    tunnels: ['pptp 23'],
  },
  {
    name: 'PPTP with all of PPP compressed',
    protocol: 47,
    header: '3001 880b 003a 0017 00000001 21',
    packet: inIpv4,
    tunnels: ['pptp 23'],
  },
  {
    name: 'IPv4 in IPv4',
    protocol: 4,
    header: '',
    packet: inIpv4,
    tunnels: ['ip-in-ip 0'],
  },
  { name: 'IPv6 in IPv4', protocol: 41, header: '', packet: inIpv6, tunnels: ['6in4 0'] },
  {
    name: 'EtherIP',
    protocol: 97,
    header: `3000 ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['etherip 0'],
  },
  {
    name: 'MPLS in IP',
    protocol: 137,
    header: '00010 1 40',
    packet: inIpv4,
    tunnels: ['mpls 0'],
  },
  {
    name: 'MPLS in UDP',
    port: 6635,
    header: '00010 1 40',
    packet: inIpv4,
    tunnels: ['mpls 0'],
  },
  {
    name: 'VXLAN',
    port: 4789,
    header: `08 000000 00ffff 00 # flags, network\n ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['vxlan 65535'],
  },
  {
    name: 'VXLAN on its first port',
    port: 8472,
    header: `08 000000 ffffff 00 ${macs} 8100 0005 86dd`,
    packet: inIpv6,
    tunnels: ['vxlan 16777215'],
  },
  {
    name: 'VXLAN-GPE with IPv4',
    port: 4790,
    header: '0c 0000 01 00d431 00',
    packet: inIpv4,
    tunnels: ['vxlan-gpe 54321'],
  },
  {
    name: 'VXLAN-GPE with IPv6',
    port: 4790,
    header: '0c 0000 02 000001 00',
    packet: inIpv6,
    tunnels: ['vxlan-gpe 1'],
  },
  {
    name: 'VXLAN-GPE with Ethernet',
    port: 4790,
    header: `0c 0000 03 000001 00 ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['vxlan-gpe 1'],
  },
  {
    name: 'VXLAN-GPE with a network service header',
    port: 4790,
    header: `0c 0000 04 000001 00 0fc2 02 01 00000aff # 2 words, kind 2, IPv4`,
    packet: inIpv4,
    tunnels: ['vxlan-gpe 1'],
  },
  {
    name: 'Geneve with Ethernet and options',
    port: 6081,
    header: `02 40 6558 000064 00 # two words of options\n 0102 80 01 00000000 ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['geneve 100'],
  },
  {
    name: 'Geneve with IPv6',
    port: 6081,
    header: '00 00 86dd 000064 00',
    packet: inIpv6,
    tunnels: ['geneve 100'],
  },
  {
    name: 'VXLAN in Geneve',
    port: 6081,
    header: `00 00 0800 000064 00
      4500 006b 0001 0000 4011 0000 0a000001 0a000002
      3039 12b5 0057 0000
      08 000000 00007b 00 ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['geneve 100', 'vxlan 123'],
  },
  {
    name: 'GTP-U',
    port: 2152,
    header: '30 ff 0039 deadbeef',
    packet: inIpv4,
    tunnels: ['gtp-u 3735928559'],
  },
  {
    name: 'GTP-U with a sequence number',
    port: 2152,
    header: '32 ff 003d 00000001 0001 00 00',
    packet: inIpv4,
    tunnels: ['gtp-u 1'],
  },
  {
    name: 'GTP-U with two extension headers',
    port: 2152,
    header: `34 ff 0059 00000001 0000 00 85 # a PDU session container follows
      01 1009 c0 # one word, a UDP port follows
      01 0868 00 # one word, the last`,
    packet: inIpv6,
    tunnels: ['gtp-u 1'],
  },
  {
    name: 'Teredo',
    port: 3544,
    header: '',
    packet: inIpv6,
    tunnels: ['teredo 0'],
  },
  {
    name: 'Teredo with authentication and origin',
    port: 3544,
    header: `0001 00 00 0102030405060708 00 # no names, nonce, confirmation
      0000 c6c6 3fffffaa # hidden port and address`,
    packet: inIpv6,
    tunnels: ['teredo 0'],
  },
  {
    name: 'L2TP',
    port: 1701,
    header: '0002 0005 0006 ff03 0021',
    packet: inIpv4,
    tunnels: ['l2tp 327686'],
  },
  {
    name: 'L2TP with length, sequence and offset',
    port: 1701,
    header: '4a02 005f 0005 0006 0001 0000 0002 0000 0057',
    packet: inIpv6,
    tunnels: ['l2tp 327686'],
  },
  {
    name: 'TZSP with Ethernet',
    port: 37008,
    header: `01 00 0001 01 ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['tzsp 0'],
  },
  {
    name: 'TZSP with 802.11 and fields',
    port: 37008,
    header: `01 00 0012 00 # padding
      0a 01 c5 # signal
      12 01 06 # channel
      01 # the last
      ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
    tunnels: ['tzsp 0'],
  },
  {
    name: 'CAPWAP with Ethernet',
    port: 5247,
    header: `00 100200 0000 0000 # 2 words, 802.11 access, not native\n ${macs} 0800`,
    packet: inIpv4,
    tunnels: ['capwap 0'],
  },
  {
    name: 'CAPWAP with 802.11',
    port: 5247,
    header: `00 100300 0000 0000 ${wirelessData} ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
    tunnels: ['capwap 0'],
  },
  {
    name: 'CAPWAP with 802.11 as Cisco swaps it',
    port: 5247,
    header: `00 100300 0000 0000 01 08 2c00 ${wirelessMacs} ${snap} 0800`,
    packet: inIpv4,
    tunnels: ['capwap 0'],
  },
]

/** The sample as an Ethernet frame: the tunnel between 10.0.0.1 and 10.0.0.2. */
export function tunnelFrame({ port, protocol, header, packet }: TunnelSample): Uint8Array {
  const inner = unhex(`${header}\n${packet}`)
  const udp = port === undefined ? '' : `c000 ${hex16(port)} ${hex16(inner.length + 8)} 0000`
  const bytes = unhex(udp).length + inner.length + 20
  return Uint8Array.from([
    ...unhex(`${macs} 0800 4500 ${hex16(bytes)} 0001 0000 40`),
    protocol ?? 17,
    ...unhex(`0000 0a000001 0a000002 ${udp}`),
    ...inner,
  ])
}

function hex16(number: number): string {
  return number.toString(16).padStart(4, '0')
}
