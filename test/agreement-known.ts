// Where other programs read a message otherwise than we do, each with its reason: a difference that is not listed here fails the test.

import type { MessageJson } from '../src/ingest/decode/json.ts'
import type { Difference } from './agreement-compare.ts'

/**
 * A class of differences. `side` says who is to blame: `theirs` when an RFC or the bytes contradict the other program; `message` when the
 * message is broken and can be read in more than one way; `ours` where we hold less than was sent.
 */
export interface Known {
  captures: RegExp
  frames?: number[]
  fields: RegExp
  side: 'theirs' | 'message' | 'ours'
  holds: (difference: Difference, message: MessageJson) => boolean
  why: string
}

/** Ports on which tshark finds DNS by its content (heuristic `dns_udp`, any UDP port); we go by port, so they are named as a user would. */
export const portsByContent: Readonly<Record<string, number[]>> = {
  'ndpi-avast-securedns.pcapng': [443],
  // Ports turned by the fuzzer: one end of frames 352, 355, 29, 109, 571 and 8.
  'ndpi-fuzz-2006.pcap': [4, 117, 156, 2724, 38_709, 49_973],
}

/** Captures that are not well-formed although tshark calls nothing in them malformed. */
export const oddCaptures: Readonly<Record<string, string>> = {
  'arkime-synthetic.pcap': 'generated, with two broken HTTPS records',
  'ndpi-malformed-dns.pcap': 'names of more than 255 octets, made to harm',
  'sv-dns-truncated-rname-tcp1053.pcap': 'names of more than 255 octets, made to harm',
  'tcpdump-time-2107.pcapng': 'a time that no 32-bit clock shows',
}

/** Captures in which there is no message to be read. */
export const withoutMessages: Readonly<Record<string, string>> = {
  'dnscap-icmp.pcap': 'cut ICMP only',
  'entrada-icmp-frag-needed.pcap': 'DNS only inside an ICMP error',
  'entrada-tcp-all-malformed.pcap': 'TCP port 53 without DNS in it',
  'ndpi-dns-doh.pcap': 'DNS over HTTPS, encrypted',
  'ndpi-dns-dot.pcap': 'DNS over TLS, encrypted',
  'ndpi-icmp-tunnel.pcap': 'ICMP only',
  'sv-dns-over-http2-post.pcap': 'DNS over HTTP/2, which is not read',
  'tcpdump-ppp-ip-udp-dns.pcap': 'a damaged IP header',
  'zeek-icmp-destunreach-udp.pcap': 'DNS only inside an ICMP error',
}

/** Messages that we have and tshark has not. */
export const knownExtra: {
  captures: RegExp
  holds: (message: MessageJson) => boolean
  why: string
}[] = [
  {
    captures: /^(dnsheur-mx-enum|stopddos-rrsig-first-half)\.pcap$/,
    holds: ({ anomalies }) => anomalies.includes('fragment-missing'),
    why: 'the first fragment of a datagram whose rest is not in the capture: read as far as it goes',
  },
  {
    captures: /^(dnscap-dnso1tcp-bighole|dnscap-do1t-nosyn-1nolen)\.pcap$/,
    holds: ({ transport, anomalies }) => transport === 'tcp' && anomalies.length === 0,
    why: 'whole messages behind a hole in a TCP stream, where tshark has lost the boundaries',
  },
  {
    captures: /^entrada2-tcp-stream-continued\.pcap\.gz$/,
    holds: ({ transport, anomalies }) =>
      transport === 'tcp' && (anomalies.length === 0 || anomalies.includes('segment-missing')),
    why: 'a TCP stream picked up inside: tshark waits for boundaries that it takes from the middle of messages',
  },
  {
    captures:
      /^(tcpdump-dns-zlip-1\.pcap|zeek-ipv6-hbh-routing0\.pcap|zeek-pbb-recursive-frames\.pcapng)$/,
    holds: ({ anomalies }) => anomalies.includes('short-header'),
    why: 'a datagram for port 53 with less than a header: a row with its anomaly, where tshark has a stub or nothing',
  },
]

/** tshark's differences. */
export const knownTshark: Known[] = [
  {
    captures: /^(ndpi-avast-securedns\.pcapng|recorded-iodine-txt\.pcap)$/,
    fields: /^data of TXT$/,
    side: 'theirs',
    holds: ({ theirs, ours }) =>
      (theirs as string[]).every((text, i) => text === (ours as string[])[i].split('\0')[0]),
    why: 'tshark ends a text at its first zero octet; a character string holds any octets (RFC 1035 section 3.3)',
  },
  {
    captures: /^(derived-snap96|tcpdump-dns-udp-2-snap|zeek-geneve-vxlan-dns-truncated)\.pcap$/,
    fields: /^size$/,
    side: 'theirs',
    holds: ({ theirs, ours }, { anomalies }) =>
      anomalies.includes('snapped') && Number(ours) < Number(theirs),
    why: 'cut by the snap length: the truth holds the length that UDP announces, we the bytes there are',
  },
  {
    captures: /^(ndpi-fuzz-2006\.pcap|pcapplusplus-fuzz-.*|tcpdump-rtp-seg-fault-1\.pcapng)$/,
    fields: /^size$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      (anomalies.includes('udp-length-mismatch') || anomalies.includes('snapped')) &&
      Number(ours) < Number(theirs),
    why: 'a UDP length beyond the packet: the truth holds the length that UDP announces, we the bytes there are',
  },
  {
    captures: /^compactor-(knot-live-ignored\.pcap\.xz|nsd-live\.pcapng\.xz)$/,
    frames: [96, 117, 11_109, 15_402, 17_767],
    fields: /^question name, odd octets$/,
    side: 'theirs',
    holds: isPrefixOfTooLong,
    why: 'a name of more than 255 octets (RFC 1035 section 2.3.4): tshark prints on, we keep what fits and name the anomaly',
  },
  {
    captures: /^sv-dns-truncated-rname-tcp1053\.pcap$/,
    fields: /^question name, odd octets$/,
    side: 'message',
    holds: isPrefixOfTooLong,
    why: 'a name of more than 255 octets (RFC 1035 section 2.3.4): we keep what fits and name the anomaly',
  },
  {
    captures: /^(ndpi-malformed-dns|sv-dns-truncated-rname-tcp1053)\.pcap$/,
    fields: /^question name$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      theirs === '<Name too long>' && ours !== '' && anomalies.includes('name-too-long'),
    why: 'a name that tshark gives up as too long: we keep what fits and name the anomaly',
  },
  {
    captures: /^(ndpi-malformed-dns|ndpi-fuzz-2006)\.pcap$/,
    fields: /^data of (CNAME|PTR)$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      /^<(Name too long|Unknown extended label)>$/.test(String(theirs)) &&
      String(ours).startsWith('\\# ') &&
      anomalies.includes('rdata-malformed'),
    why: 'a name in RDATA that cannot be read: kept as unknown RDATA (RFC 3597 section 5)',
  },
  {
    captures: /^sv-dns-forward-pointer\.pcap$/,
    frames: [1],
    fields: /^question name$/,
    side: 'theirs',
    holds: ({ ours }, { anomalies }) => ours === '' && anomalies.includes('pointer-forward'),
    why: 'a pointer that leads forward: tshark follows it, but a pointer is to a prior occurrence (RFC 1035 section 4.1.4)',
  },
  unreadable('arkime-dnssec-synthetic.pcap', 4, 'RRSIG', 'ends in its expiration (RFC 4034 3.1)'),
  unreadable('arkime-dnssec-synthetic.pcap', 6, 'DS', 'has no digest (RFC 4034 section 5.1)'),
  unreadable('arkime-dnssec-synthetic.pcap', 8, 'NSEC', 'ends inside its map (RFC 4034 4.1.2)'),
  unreadable('arkime-synthetic.pcap', 717, 'HTTPS', 'has an alpn without ids (RFC 9460 7.1.1)'),
  unreadable('arkime-synthetic.pcap', 918, 'HTTPS', 'has an empty ipv4hint (RFC 9460 7.3)'),
  unreadable('zeek-svcb-alpn-len-too-short.pcap', 2, 'HTTPS', 'has a cut alpn (RFC 9460 7.1.1)'),
  unreadable('zeek-svcb-port-malformed.pcap', 2, 'HTTPS', 'has 3 port octets (RFC 9460 7.2)'),
  unreadable('ndpi-fuzz-2006.pcap', 345, 'PTR', 'has a reserved label type (RFC 1035 4.1.4)'),
  {
    captures: /^ndpi-fuzz-2006\.pcap$/,
    fields: /^questions$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      theirs === 1 && ours === 0 && anomalies.includes('label-reserved'),
    why: 'a question with reserved label bits (RFC 1035 section 4.1.4): tshark guesses where its type stands, to us it is unreadable',
  },
  {
    captures: /^(ndpi-fuzz-2006|sv-dns-udp-junkrequest-first)\.pcap$/,
    fields: /^questions$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      theirs === 0 && ours === 1 && anomalies.includes('pointer-forward'),
    why: 'a question whose name ends in a bad pointer: tshark gives up the message, we keep what stands before and after',
  },
  {
    captures: /^ndpi-fuzz-2006\.pcap$/,
    frames: [684],
    fields: /^records$/,
    side: 'message',
    holds: ({ theirs, ours }) => Number(ours) > Number(theirs),
    why: 'an A6 record of 6 octets, which tshark reads beyond its end (RFC 2874 section 3.1): it gives up, we go on behind the record',
  },
  {
    captures: /^pcapplusplus-fuzz-5188876846235648\.pcap$/,
    fields: /^(questions|question name)$/,
    side: 'message',
    holds: ({ field, theirs, ours }, { anomalies }) =>
      anomalies.includes('pointer-forward') &&
      (field === 'questions'
        ? Number(ours) > Number(theirs)
        : theirs === '<Name contains a pointer that loops>'),
    why: 'names with looping pointers: tshark gives up the message, we keep what can be read',
  },
  {
    captures: /^pcapplusplus-fuzz-5188876846235648\.pcap$/,
    fields: /^time$/,
    side: 'message',
    holds: ({ theirs, ours }) =>
      theirs === '3556769792.1201818040' && ours === '3556769836.151491000',
    why: 'a pcap fraction of 44,151,491 us, more than a second: it overflows in tshark, we carry it over into the seconds',
  },
  {
    captures: /^tcpdump-dns-badlabel\.pcap$/,
    fields: /^(questions|question name, odd octets)$/,
    side: 'message',
    holds: (difference, message) =>
      difference.field === 'questions'
        ? Number(difference.ours) > Number(difference.theirs)
        : isPrefixOfTooLong(difference, message),
    why: 'junk labels: tshark gives up behind the first name of more than 255 octets, we behind the first reserved label',
  },
  {
    captures: /^sv-dns-corrupt-additionals\.pcap$|^zeek-geneve-vxlan-dns-truncated\.pcap$/,
    fields: /^EDNS$/,
    side: 'message',
    holds: ({ ours }, { anomalies }) => ours === true && anomalies.includes('record-truncated'),
    why: 'an OPT record that is cut behind its fixed fields: tshark gives it up, we keep them and name the anomaly',
  },
  {
    captures: /^compactor-malformed\.pcap\.xz$/,
    frames: [21],
    fields: /^z$/,
    side: 'message',
    holds: (_, { anomalies }) => anomalies.includes('short-header'),
    why: 'less than a header: that is the one anomaly named',
  },
  {
    captures: /^tcpdump-time-2107\.pcapng$/,
    fields: /^time$/,
    side: 'ours',
    holds: ({ ours }) => ours === '4294967295.999999999',
    why: 'a time after February 2106 stays at that border',
  },
]

/** dns-packet's differences. */
export const knownDnsPacket: Known[] = [
  {
    captures: /./,
    fields: /^question class$/,
    side: 'theirs',
    holds: ({ theirs, ours }, { src_port: from, dst_port: to }) =>
      theirs === 'CLASS32769' && ours === 'IN' && (from === 5353 || to === 5353),
    why: 'the top bit of a multicast question asks for a unicast answer (RFC 6762 section 18.12): dns-packet tests it in a text and leaves it in',
  },
  {
    captures: /^ndpi-fuzz-2006\.pcap$/,
    fields: /^record class$/,
    side: 'theirs',
    holds: ({ theirs, ours }) => theirs === 'CLASS7681' && ours === 'CLASS40449',
    why: 'the top bit of a class means cache flush in multicast DNS alone (RFC 6762 section 10.2): dns-packet always takes it away',
  },
  {
    captures: /^compactor-nsd-live\.pcapng\.xz$/,
    frames: [10_322],
    fields: /^(data of A|record (name|type|TTL))$/,
    side: 'theirs',
    holds: (_, { opcode }) => opcode === 'UPDATE',
    why: 'an A record without data in an UPDATE (RFC 2136 section 2.5.4): dns-packet reads 4 octets of the next record',
  },
  {
    captures: /./,
    fields: /^records$/,
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      Number(theirs) === Number(ours) + 1 && anomalies.includes('record-truncated'),
    why: 'a record whose data is cut: dns-packet does not look at the end, to us it is unreadable',
  },
]

/** Good messages that dns-packet cannot read. */
export const refusedByDnsPacket: { capture: string; frames: number[]; why: string }[] = [
  {
    capture: 'zeek-dynamic-update.pcap',
    frames: [1, 2, 3, 4],
    why: 'records without data in an UPDATE (RFC 2136 section 2.4): dns-packet reads what is not there',
  },
]

/** The entry that a difference falls under. */
export function explain(
  list: Known[],
  capture: string,
  difference: Difference,
  message: MessageJson,
): Known | undefined {
  return list.find(
    ({ captures, frames, fields, holds }) =>
      captures.test(capture) &&
      (frames === undefined || frames.includes(message.frame)) &&
      fields.test(difference.field) &&
      holds(difference, message),
  )
}

function isPrefixOfTooLong({ theirs, ours }: Difference, { anomalies }: MessageJson): boolean {
  const name = String(ours)
  return name.length > 200 && String(theirs).startsWith(name) && anomalies.includes('name-too-long')
}

/** RDATA that has not the form of its type: kept octet for octet as unknown RDATA, as RFC 3597 section 5 lets any type be written. */
function unreadable(capture: string, frame: number, type: string, what: string): Known {
  return {
    captures: new RegExp(`^${capture.replaceAll('.', '\\.')}$`),
    frames: [frame],
    fields: new RegExp(`^data of ${type}, bytes$`),
    side: 'message',
    holds: ({ theirs, ours }, { anomalies }) =>
      ours === `\\# ${String(theirs).length / 2} ${String(theirs).toUpperCase()}` &&
      anomalies.includes('rdata-malformed'),
    why: `the ${type} record ${what}: kept octet for octet as unknown RDATA`,
  }
}
