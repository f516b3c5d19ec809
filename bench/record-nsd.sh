#!/bin/bash
# Records real answers: NSD serves a made-up zone on the loopback of a network namespace of its own, dnsperf asks, tcpdump writes.
# Needs Debian's nsd, dnsperf and tcpdump, and root (for the namespace). Then: OVERHEAR_BENCH_CAPTURE=FILE npm run bench -- --only ingest
#   bench/record-nsd.sh FILE.pcap [QUERIES]      1,200,000 queries make 2.4 M packets and some 320 MB
set -euo pipefail

file=$(realpath -m "${1:?usage: record-nsd.sh FILE.pcap [QUERIES]}")
queries=${2:-1200000}
if [ -z "${OVERHEAR_IN_NAMESPACE:-}" ]; then
  OVERHEAR_IN_NAMESPACE=1 exec unshare --net "$0" "$file" "$queries"
fi
ip link set lo up
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT

# 40,000 hosts with one to three records each, in one zone; a third of the questions is for names that are not there.
awk 'BEGIN {
  srand(53)
  print "$ORIGIN example.org.\n$TTL 3600"
  print "@ SOA ns1 hostmaster 2026030201 7200 900 1209600 300\n@ NS ns1\n@ NS ns2\nns1 A 127.0.0.1\nns2 A 127.0.0.2"
  print "@ MX 10 mail\nmail A 198.51.100.25\nmail AAAA 2001:db8::25"
  for (i = 0; i < 40000; i++) {
    name = "host" i ".dept" i % 97
    if (i % 10 == 0) { print name " CNAME host" i + 1 ".dept" (i + 1) % 97; continue }
    print name " A 198.51." i % 256 "." int(i / 256) % 256
    if (i % 3 == 0) print name " A 203.0.113." i % 256
    if (i % 2 == 0) printf "%s AAAA 2001:db8:%x::%x\n", name, i % 65536, i % 251
    if (i % 7 == 0) print name " MX 10 mail\n" name " TXT \"v=spf1 ip4:198.51.100.0/24 include:_spf.example.org -all\""
  }
}' > "$work/zone"

awk -v queries="$queries" 'BEGIN {
  srand(54)
  split("A A A A AAAA AAAA MX TXT", types, " ")
  for (i = 0; i < queries; i++) {
    host = int(40000 * rand() * rand())
    name = "host" host ".dept" host % 97
    if (rand() < 0.3) name = sprintf("%x%05x.dept%d", i, 1048576 * rand(), host % 97)
    print name ".example.org " types[1 + int(8 * rand())]
  }
}' > "$work/questions"

cat > "$work/nsd.conf" <<END
server:
  ip-address: 127.0.0.1
  username: ""
  chroot: ""
  zonesdir: "$work"
  database: ""
  pidfile: ""
  xfrdfile: "$work/xfrd.state"
  zonelistfile: "$work/zone.list"
  xfrdir: "$work"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: zone
END
nsd -d -c "$work/nsd.conf" 2> "$work/nsd.log" &
tcpdump -i lo -s 4096 -B 524288 -Z root -w "$file" port 53 2> "$work/tcpdump.log" &
tcpdump=$!
sleep 2
# Four askers with addresses of their own; each asks a quarter.
split -n l/4 "$work/questions" "$work/part."
askers=()
for part in "$work"/part.*; do
  dnsperf -s 127.0.0.1 -a "127.0.0.$((10 + ${#askers[@]}))" -d "$part" -e -c 8 -q 200 > "$part.log" &
  askers+=($!)
done
wait "${askers[@]}"
sleep 2
kill -INT "$tcpdump"
wait "$tcpdump" || true
cat "$work/tcpdump.log" >&2
ls -l "$file" >&2
