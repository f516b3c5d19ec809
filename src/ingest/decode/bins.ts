// The bins of the ledger: every packet read ends in exactly one of them, so that nothing is lost silently.

/** Bin numbers, in the order of `binNames`. */
export const Bin = {
  dns: 0,
  other: 1,
  linkHeader: 2,
  ipv4Header: 3,
  ipv6Header: 4,
  udpHeader: 5,
  snappedHeader: 6,
  linkType: 7,
  fragment: 8,
  gre: 9,
  vxlan: 10,
  geneve: 11,
  tunnelDepth: 12,
  fragmentUnfinished: 13,
  tcpHeader: 14,
  tcpPayload: 15,
  duplicate: 16,
  tunnelHeader: 17,
} as const

/** What one packet alone does not decide: returned in place of a bin, outside the numbers of `Bin`. */
export const More = {
  /** An IP fragment: the others decide. */
  fragment: 32,
  /** A TCP segment on a DNS port: its stream decides. */
  segment: 33,
  /** A tunnel: what is inside decides. */
  tunnel: 34,
} as const

/** Where each bin stands in the ledger's JSON: `dns`, `other`, `duplicate`, or a reason under `malformed` or `unsupported`. */
export const binNames: readonly {
  group: 'dns' | 'other' | 'duplicate' | 'malformed' | 'unsupported'
  reason: string
}[] = [
  { group: 'dns', reason: '' },
  { group: 'other', reason: '' },
  { group: 'malformed', reason: 'link-header' },
  { group: 'malformed', reason: 'ipv4-header' },
  { group: 'malformed', reason: 'ipv6-header' },
  { group: 'malformed', reason: 'udp-header' },
  { group: 'malformed', reason: 'header-cut-by-snaplen' },
  { group: 'unsupported', reason: 'link-type' },
  { group: 'unsupported', reason: 'capwap-fragment' },
  { group: 'unsupported', reason: 'gre-version' },
  { group: 'unsupported', reason: 'vxlan-gpe-protocol' },
  { group: 'unsupported', reason: 'geneve-version' },
  { group: 'unsupported', reason: 'tunnels-too-deep' },
  { group: 'malformed', reason: 'fragments-missing' },
  { group: 'malformed', reason: 'tcp-header' },
  { group: 'malformed', reason: 'tcp-payload-not-dns' },
  { group: 'duplicate', reason: '' },
  { group: 'malformed', reason: 'tunnel-header' },
]

/** The bins of one run as the ledger prints them. */
export interface BinCounts {
  dns: number
  other: number
  /** Second copies that a mirror delivered, dropped. */
  duplicate: number
  malformed: Record<string, number>
  unsupported: Record<string, number>
}

/** Turns counters (one per bin number) into the ledger's form; reasons that did not occur are left out. */
export function binCounts(counters: ArrayLike<number>): BinCounts {
  const counts: BinCounts = { dns: 0, other: 0, duplicate: 0, malformed: {}, unsupported: {} }
  binNames.forEach(({ group, reason }, bin) => {
    const packets = counters[bin] ?? 0
    if (group === 'malformed' || group === 'unsupported') {
      if (packets > 0) counts[group][reason] = packets
    } else counts[group] = packets
  })
  return counts
}

/** Sum over all bins; equals the packets read, or the ledger is wrong. */
export function binTotal(counts: BinCounts): number {
  const sum = (reasons: Record<string, number>) => Object.values(reasons).reduce((a, b) => a + b, 0)
  return (
    counts.dns + counts.other + counts.duplicate + sum(counts.malformed) + sum(counts.unsupported)
  )
}
