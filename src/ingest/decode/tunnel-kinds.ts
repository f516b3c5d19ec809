// The kinds of tunnels that are opened, the ports and IP protocols that announce them, and what the last one opened said.

/** Tunnel numbers, in the order of `tunnelNames`; storage format: append only. */
export const Tunnel = {
  none: 0,
  gre: 1,
  erspan: 2,
  pptp: 3,
  wccp: 4,
  ipInIp: 5,
  sixInFour: 6,
  mpls: 7,
  etherIp: 8,
  vxlan: 9,
  vxlanGpe: 10,
  geneve: 11,
  gtp: 12,
  tzsp: 13,
  teredo: 14,
  l2tp: 15,
  capwap: 16,
} as const

/** The stored names, in the order of the numbers. */
export const tunnelNames = [
  '',
  'gre',
  'erspan',
  'pptp',
  'wccp',
  'ip-in-ip',
  '6in4',
  'mpls',
  'etherip',
  'vxlan',
  'vxlan-gpe',
  'geneve',
  'gtp-u',
  'tzsp',
  'teredo',
  'l2tp',
  'capwap',
] as const

/** What the last tunnel opened said; one object, reused. */
export const tunnelRead = {
  /** Tunnel number; GRE turns into what it carries (ERSPAN, PPTP, WCCP). */
  kind: 0,
  /** VNI, GRE key, ERSPAN session, tunnel endpoint id, call id, or tunnel and session id of L2TP; 0 for none. */
  id: 0,
  /** Whether an Ethernet frame (from its addresses on) stands at the position returned; else an IP header does. */
  isEthernet: false,
}

/** Tunnel number by UDP port, 0 for none. Look the destination up first, then the source. */
export const tunnelOfPort = table(65_536, [
  [1701, Tunnel.l2tp],
  [2152, Tunnel.gtp],
  [3544, Tunnel.teredo],
  [4789, Tunnel.vxlan],
  [4790, Tunnel.vxlanGpe],
  [5247, Tunnel.capwap],
  [6081, Tunnel.geneve],
  [6635, Tunnel.mpls],
  // What Linux used for VXLAN before the port was assigned, and still does by default.
  [8472, Tunnel.vxlan],
  [37_008, Tunnel.tzsp],
])

/** Tunnel number by IP protocol, 0 for none. */
export const tunnelOfProtocol = table(256, [
  [4, Tunnel.ipInIp],
  [41, Tunnel.sixInFour],
  [47, Tunnel.gre],
  [97, Tunnel.etherIp],
  [137, Tunnel.mpls],
])

function table(size: number, entries: readonly (readonly [number, number])[]): Uint8Array {
  const kinds = new Uint8Array(size)
  for (const [number, kind] of entries) kinds[number] = kind
  return kinds
}
