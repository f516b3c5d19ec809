#!/bin/bash
# Records hijacks and ordinary changes of watched domains, forged answers, and zones with faults, between real name servers (NSD) and resolvers (unbound), with their labels.
# Weeks pass in minutes: the resolvers' clock is set forward (libfaketime), and the packets are moved to the same times.
# Needs Debian's nsd, unbound, ldnsutils, libfaketime, tcpdump, iproute2, node, and root (for namespaces; nothing outside of them is touched).
#   samples/record/hijack-lab.sh [FOLDER] [SCENE...]     scenes attacks, ordinary, forged and health, into samples/recorded; seven minutes
#   COPIES=3 samples/record/hijack-lab.sh /tmp/x         three domains for each kind of event
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

here=$(dirname "$(realpath "$0")")
folder=$(realpath -m "${1:-$here/../recorded}")
shift || true
[ $# -gt 0 ] || set -- attacks ordinary forged health

missing=()
for tool in nsd unbound unbound-control ldns-keygen ldns-signzone tcpdump ip nsenter node; do
  command -v "$tool" > /dev/null || missing+=("$tool")
done
faketime=$(find /usr/lib -name libfaketime.so.1 -print -quit 2> /dev/null || true)
[ -n "$faketime" ] || missing+=(libfaketime)
[ ${#missing[@]} -eq 0 ] || { echo "missing: ${missing[*]} (apt-get install nsd unbound ldnsutils libfaketime tcpdump iproute2)" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "network namespaces need root" >&2; exit 1; }

work=$(mktemp -d)
space=overhear-hijack-$$
places=(clients resolvers servers attacker)
clean_up() {
  for place in "${places[@]}"; do
    # Only what runs in the namespaces of this run.
    ip netns pids "$space-$place" 2> /dev/null | xargs -r kill 2> /dev/null || true
  done
  sleep 0.5
  for place in "${places[@]}"; do ip netns del "$space-$place" 2> /dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

# Clients 192.0.2.10 to .29, resolvers 192.0.2.53 to .55, servers in 198.18.0.0/15 (RFC 2544).
for place in "${places[@]}"; do
  ip netns add "$space-$place"
  ip -n "$space-$place" link set lo up
done
ip -n "$space-resolvers" link add to-clients type veth peer name to-resolvers netns "$space-clients"
ip -n "$space-resolvers" link add to-servers type veth peer name to-resolvers netns "$space-servers"
ip -n "$space-resolvers" link add to-attacker type veth peer name to-resolvers netns "$space-attacker"
for end in "resolvers to-attacker" "attacker to-resolvers" "clients to-resolvers" "resolvers to-clients" "resolvers to-servers" "servers to-resolvers"; do
  ip -n "$space-${end% *}" link set "${end#* }" up
done
# 192.0.2.60 looks after the servers themselves.
for last in 53 54 55 60; do ip -n "$space-resolvers" addr add "192.0.2.$last/32" dev lo; done
for last in $(seq 10 29); do ip -n "$space-clients" addr add "192.0.2.$last/32" dev lo; done
ip -n "$space-resolvers" route add 192.0.2.0/24 dev to-clients
ip -n "$space-resolvers" route add 198.18.0.0/15 dev to-servers
ip -n "$space-clients" route add 192.0.2.0/24 dev to-resolvers src 192.0.2.10
for place in servers attacker; do
  ip -n "$space-$place" addr add 198.18.255.254/32 dev lo
  ip -n "$space-$place" route add 192.0.2.0/24 dev to-resolvers src 198.18.255.254
  ip -n "$space-$place" route add local 198.18.0.0/15 dev lo
done
# Forged packets come in by another link than real ones, and from seven hops farther.
ip netns exec "$space-resolvers" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.to-attacker.rp_filter=0
ip netns exec "$space-attacker" sysctl -qw net.ipv4.ip_default_ttl=57

mkdir -p "$folder"
for scene in "$@"; do
  mkdir "$work/$scene"
  FAKETIME_LIBRARY=$faketime node --import tsx "$here/hijack-lab.ts" "$scene" "$space" "$work/$scene" "$folder"
done
