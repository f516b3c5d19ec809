// The ten exchanges that every file of formats/ holds, as messages not yet in packets.

import type { TimedPacket } from './capture.ts'
import { type Endpoint, type IpFields, udpPacket } from './frame.ts'
import { encodeMessage, type ResourceRecord, type TypeName } from './message.ts'
import { negative } from './names.ts'
import { address, https, mx, nameRecord, srv, txt } from './records.ts'

/** A message with its time, its endpoints and its IP header's fields. */
export interface Sent {
  seconds: number
  nanoseconds: number
  from: Endpoint
  to: Endpoint
  message: Uint8Array
  fields: IpFields
}

/** Ten questions, each followed by its answer 20 ms later, over IPv4 or IPv6; each from a port of its own. */
export function exchanges(six: boolean): Sent[] {
  const edns = { size: 1232, do: true }
  return conversations.flatMap(([name, type, rcode, answers], i) => {
    const client: Endpoint = { address: six ? '2001:db8:1::10' : '192.0.2.10', port: 50000 + i }
    const server: Endpoint = { address: six ? '2001:db8:1::53' : '192.0.2.53', port: 53 }
    const question = { id: 4096 + i * 257, rd: true, questions: [{ name, type }], edns }
    const none = answers.length === 0 ? negative('none.example') : {}
    const reply = { ...question, response: true, ra: true, rcode, answers, ...none }
    const time = { seconds: 1772442000 + i * 3, nanoseconds: 123456789 + i * 1000003 }
    return [
      {
        ...time,
        from: client,
        to: server,
        message: encodeMessage(question),
        fields: { ttl: 64, id: i },
      },
      {
        ...time,
        nanoseconds: time.nanoseconds + 20345678,
        from: server,
        to: client,
        message: encodeMessage({ ...reply, answers: [...answers] }),
        fields: { ttl: 63, id: i },
      },
    ]
  })
}

/** The messages as UDP in bare IP packets. */
export function datagrams(sent: readonly Sent[]): TimedPacket[] {
  return sent.map(({ seconds, nanoseconds, from, to, message, fields }) => ({
    seconds,
    nanoseconds,
    bytes: udpPacket(from, to, message, fields),
  }))
}

/** What `wrap` makes of each packet. */
export function wrapped(
  packets: readonly TimedPacket[],
  wrap: (ip: Uint8Array, index: number) => Uint8Array,
): TimedPacket[] {
  return packets.map((packet, i) => ({ ...packet, bytes: wrap(packet.bytes, i) }))
}

const www = 'www.example.com'
const conversations: readonly [string, TypeName, number, readonly ResourceRecord[]][] = [
  [www, 'A', 0, [address(www, 300, '198.51.100.80'), address(www, 300, '198.51.100.81')]],
  [www, 'AAAA', 0, [address(www, 300, '2001:db8:80::1')]],
  ['example.com', 'MX', 0, [mx('example.com', 3600, 10, 'mail.example.com')]],
  ['example.com', 'TXT', 0, [txt('example.com', 3600, 'v=spf1 -all', 'a "quoted" string')]],
  ['example.com', 'NS', 0, [nameRecord('NS', 'example.com', 86400, 'ns1.example.net')]],
  ['_sip._tcp.example.com', 'SRV', 0, [srv('_sip._tcp.example.com', 60, 5060, 'sip.example.com')]],
  [www, 'HTTPS', 0, [https(www, 300, '198.51.100.80')]],
  [
    '80.100.51.198.in-addr.arpa',
    'PTR',
    0,
    [nameRecord('PTR', '80.100.51.198.in-addr.arpa', 60, www)],
  ],
  ['missing.none.example', 'A', 3, []],
  [
    'shop.example.org',
    'A',
    0,
    [
      nameRecord('CNAME', 'shop.example.org', 60, 'edge.example.net'),
      address('edge.example.net', 30, '203.0.113.80'),
    ],
  ],
]
