// The filter that runs in the kernel (pcap-filter(7)): everything that can carry DNS, and as little else as that allows.

import { servicePorts } from '../../dns/codes.ts'

/** DNS, mDNS (RFC 6762) and LLMNR (RFC 4795). */
export const dnsPorts: readonly number[] = Object.values(servicePorts)

/** Keeps these ports, fragments and ICMP errors, each also inside one or two VLAN tags. */
export function kernelFilter(ports: readonly number[]): string {
  const wanted = untaggedFilter(ports)
  // Each `vlan` moves the offsets of all that follows by one tag, so the untagged form comes first and the rest nests.
  return `${wanted} or (vlan and (${wanted} or (vlan and (${wanted}))))`
}

/** The same for interfaces without VLAN tags (any, tun, ppp), where libpcap refuses the word `vlan`. */
export function untaggedFilter(ports: readonly number[]): string {
  return [
    ...ports.map((port) => `port ${port}`),
    // Only the first fragment has ports: more-fragments set or an offset, and IPv6's fragment header.
    '(ip[6:2] & 0x3fff) != 0',
    'ip6[6] = 44',
    // Destination unreachable quotes the query that failed.
    'icmp[0] = 3',
    '(ip6[6] = 58 and ip6[40] = 1)',
  ].join(' or ')
}
