// Opens one tunnel: from its header to the Ethernet frame or IP header inside.

import { Bin } from './bins.ts'
import { etherPayload } from './link-ethernet.ts'
import { ipStart } from './link-next.ts'
import type { Packet } from './packet.ts'
import { etherIpTunnel, greTunnel } from './tunnel-gre.ts'
import { Tunnel, tunnelRead } from './tunnel-kinds.ts'
import { capwapTunnel, l2tpTunnel, tzspTunnel } from './tunnel-access.ts'
import { geneveTunnel, gtpTunnel, teredoTunnel, vxlanGpeTunnel, vxlanTunnel } from './tunnel-udp.ts'

/**
 * Opens the tunnel of number `kind` whose header starts at `at` (behind IP, or behind UDP).
 * Returns the position of what is inside and sets `tunnelRead`, or returns the negated bin.
 */
export function openTunnel(bytes: Uint8Array, at: number, kind: number, packet: Packet): number {
  tunnelRead.kind = kind
  tunnelRead.id = 0
  tunnelRead.isEthernet = false
  switch (kind) {
    case Tunnel.gre:
      return greTunnel(bytes, at, packet)
    case Tunnel.ipInIp:
    case Tunnel.sixInFour:
      return ipStart(bytes, at, packet)
    case Tunnel.mpls:
      return etherPayload(bytes, at, 0x8847, packet)
    case Tunnel.etherIp:
      return etherIpTunnel(bytes, at, packet)
    case Tunnel.vxlan:
      return vxlanTunnel(bytes, at, packet)
    case Tunnel.vxlanGpe:
      return vxlanGpeTunnel(bytes, at, packet)
    case Tunnel.geneve:
      return geneveTunnel(bytes, at, packet)
    case Tunnel.gtp:
      return gtpTunnel(bytes, at, packet)
    case Tunnel.tzsp:
      return tzspTunnel(bytes, at, packet)
    case Tunnel.teredo:
      return teredoTunnel(bytes, at, packet)
    case Tunnel.l2tp:
      return l2tpTunnel(bytes, at, packet)
    case Tunnel.capwap:
      return capwapTunnel(bytes, at, packet)
    default:
      return -Bin.other
  }
}
