#!/bin/bash
# Records real traffic with its labels: NSD and unbound abused by forged senders, honest twins by dnsperf, and iodine in each of its record types.
# Needs Debian's nsd, unbound, dnsperf, iodine, tcpdump, python3 and bind9-dnsutils, and root (for namespaces; nothing outside of them is touched).
#   samples/record/record.sh [FOLDER] [NAME...]      all scenes into samples/recorded, or the named ones; three minutes
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

here=$(dirname "$(realpath "$0")")
folder=$(realpath -m "${1:-$here/../recorded}")
shift || true
only=" $* "
work=$(mktemp -d)
space=overhear-record-$$
mkdir -p "$folder"
pids=()
clean_up() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  sleep 0.3
  for name in servers attacker clients; do ip netns del "$space-$name" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

# Three places: servers (192.0.2.0/24), an attacker whose packets reach them under any name, and clients with addresses of many networks.
for name in servers attacker clients; do
  ip netns add "$space-$name"
  ip -n "$space-$name" link set lo up
done
run() { ip netns exec "$space-$1" "${@:2}"; }
# Starts something that a signal to $started ends: no shell stands in between.
start() { ip netns exec "$space-$1" "${@:2}" & started=$!; pids+=("$started"); }
join() { # PLACE ADDRESS-OF-SERVERS ADDRESS-OF-PLACE
  ip -n "$space-servers" link add "to-$1" type veth peer name eth0 netns "$space-$1"
  ip -n "$space-servers" addr add "$2/30" dev "to-$1"
  ip -n "$space-$1" addr add "$3/30" dev eth0
  ip -n "$space-servers" link set "to-$1" up
  ip -n "$space-$1" link set eth0 up
  ip -n "$space-$1" route add default via "$2"
  run servers sysctl -qw "net.ipv4.conf.to-$1.rp_filter=0"
}
join attacker 10.53.1.1 10.53.1.2
join clients 10.53.2.1 10.53.2.2
ip -n "$space-servers" route add default via 10.53.2.2
run servers sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.ip_forward=1
for last in $(seq 53 65); do ip -n "$space-servers" addr add "192.0.2.$last/32" dev lo; done
for address in 198.51.100.{1..30} 198.51.100.99 203.0.113.{1..8}; do ip -n "$space-clients" addr add "$address/32" dev lo; done
# Offloading would let tcpdump see segments larger than the link carries.
for place in "servers to-attacker" "servers to-clients" "attacker eth0" "clients eth0"; do
  command -v ethtool > /dev/null && run ${place% *} ethtool -K "${place#* }" tso off gso off gro off > /dev/null 2>&1 || true
done

# A zone with what reflectors are asked for: DNSKEY of 1 kB, TXT of 1.5 kB; and 400 ordinary hosts.
python3 - > "$work/zone" <<'END'
import base64, random
rng = random.Random(1)
text = lambda n: ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz0123456789') for _ in range(n))
key = lambda n: base64.b64encode(b'\x03\x01\x00\x01' + rng.randbytes(n)).decode()
print('$ORIGIN example.org.\n$TTL 300\n@ SOA ns1 hostmaster 2026112201 7200 900 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n@ MX 10 mail\nmail A 192.0.2.25')
print('@ TXT ' + ' '.join(f'"{text(250)}"' for _ in range(6)))
for flags in 257, 256, 256:
    print(f'@ DNSKEY {flags} 3 8 {key(260)}')
for i in range(400):
    print(f'host{i} A 198.51.{i % 250}.{i // 250}')
    if i % 2: print(f'host{i} AAAA 2001:db8::{i:x}')
    if i % 4 == 0: print(f's1._domainkey.host{i} TXT "v=DKIM1; k=rsa; p={key(160)}"\nhost{i} TXT "v=spf1 ip4:198.51.{i % 250}.0/24 include:_spf.host{(i + 4) % 400}.example.org -all"\n_dmarc.host{i} TXT "v=DMARC1; p=reject; rua=mailto:d@host{i}.example.org"')
print('short 2 TXT ' + ' '.join(f'"{text(250)}"' for _ in range(4)))
END
cat > "$work/nsd.conf" <<END
server:
$(for last in $(seq 53 63); do echo "  ip-address: 192.0.2.$last"; done)
  username: ""
  chroot: ""
  zonesdir: "$work"
  database: ""
  pidfile: ""
  xfrdfile: "$work/xfrd.state"
  zonelistfile: "$work/zone.list"
  xfrdir: "$work"
  rrl-ratelimit: 0
  refuse-any: no
  ipv4-edns-size: 4096
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: zone
zone:
  name: example.net
  zonefile: zone.net
zone:
  name: example.com
  zonefile: zone.com
END
for top in net com; do sed "s/^\$ORIGIN .*/\$ORIGIN example.$top./" "$work/zone" > "$work/zone.$top"; done
cat > "$work/unbound.conf" <<END
server:
  interface: 192.0.2.64
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: "$work"
  pidfile: ""
  use-syslog: no
  logfile: "$work/unbound.log"
  module-config: "iterator"
  num-threads: 1
  outgoing-interface: 192.0.2.64
  edns-buffer-size: 1232
  qname-minimisation: no
  target-fetch-policy: "0 0 0 0 0"
$(for zone in org net com; do echo "  local-zone: example.$zone nodefault"; done)
$(for zone in org net com; do printf 'stub-zone:\n  name: example.%s\n  stub-addr: 192.0.2.53\n' $zone; done)
stub-zone:
  name: t.example.org
  stub-addr: 127.0.0.1@5300
END
start servers nsd -d -c "$work/nsd.conf" 2> "$work/nsd.log"
start servers unbound -d -c "$work/unbound.conf" 2> "$work/unbound.err"
for _ in $(seq 50); do
  run clients dig +short +time=1 +tries=1 @192.0.2.53 host1.example.org A > /dev/null 2>&1 &&
    run clients dig +short +time=1 +tries=1 @192.0.2.64 host1.example.net A > /dev/null 2>&1 && break
  sleep 0.2
done

now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
wanted() { [ "$only" = "  " ] || [[ $only == *" $1 "* ]]; }
# record NAME PLACE INTERFACE: starts the capture of a scene; `finish ABOUT TRUTH` ends it and writes the label.
record() {
  name=$1
  echo "$name" >&2
  start "$2" tcpdump -ni "$3" -s 0 -B 8192 -U -Z root -w "$work/$name.pcap" 'ip' 2> "$work/tcpdump.log"
  dump=$started
  for _ in $(seq 100); do grep -q listening "$work/tcpdump.log" 2>/dev/null && break; sleep 0.05; done
  sleep 0.3
  began=$(now)
}
finish() { # ABOUT TRUTH-OF-ONE-EVENT|benign
  local ended; ended=$(now)
  sleep 0.6
  kill "$dump" 2>/dev/null || true
  wait "$dump" 2>/dev/null || true
  gzip -9nc "$work/$name.pcap" > "$folder/$name.pcap.gz"
  python3 - "$1" "$2" "$began" "$ended" > "$folder/$name.json" <<'END'
import json, sys
about, truth, first, last = sys.argv[1:]
label = {'about': about}
if truth == 'benign': label |= {'benign': True, 'truth': []}
else: label['truth'] = [{**event, 'first': first, 'last': last} for event in json.loads(truth)]
print(json.dumps(label, indent=2))
END
}
event() { printf '[{"scenario":"%s","kind":"%s","entity":%s}]' "$1" "$2" "$3"; }
forge() { run attacker python3 "$here/forge.py" ask "$@"; }
honest() { # RATE SECONDS: what resolvers ask a name server, each from its own address
  helpers=()
  for last in 1 2 3 4 5 6; do
    awk -v from="$last" 'BEGIN { srand(from); for (i = 0; i < 400; i++) print "host" int(400 * rand()) ".example.org " (i % 3 ? "A" : "AAAA") }' > "$work/honest.$last"
    run clients dnsperf -s 192.0.2.53 -a "203.0.113.$last" -d "$work/honest.$last" -Q "$1" -l "$2" > /dev/null 2>&1 &
    helpers+=($!)
  done
}

# --- our server as reflector -------------------------------------------------
if wanted reflector-txt-20; then
  record reflector-txt-20 servers any
  honest 5 9
  forge 192.0.2.53 20 8 TXT example.org 0 198.51.100.99
  wait "${helpers[@]}"
  finish 'NSD answers 20 forged TXT questions a second for eight seconds, in fragments, among six honest resolvers.' \
    "$(event 'reflector, 20/s, TXT' amplification '{"server":"192.0.2.53","victim":"198.51.100.99"}')"
fi
if wanted reflector-dnskey-50; then
  record reflector-dnskey-50 servers any
  forge 192.0.2.53 50 6 DNSKEY example.org 0 198.51.100.{1..30}
  finish 'NSD answers 50 forged DNSKEY questions a second for six seconds, in the names of thirty hosts of one network.' \
    "$(event 'reflector, 50/s over a network, DNSKEY' amplification '{"server":"192.0.2.53","victim":"198.51.100.0/24"}')"
fi
if wanted reflector-txt-500; then
  record reflector-txt-500 servers any
  forge 192.0.2.53 500 1.2 TXT example.org 80 198.51.100.99
  finish 'NSD answers 500 forged TXT questions a second for a good second, to port 80 of the victim.' \
    "$(event 'reflector, 500/s, TXT' amplification '{"server":"192.0.2.53","victim":"198.51.100.99"}')"
fi
# --- the victim's side: its own questions are in the capture, the forged ones are not ----------
if wanted victim-20; then
  record victim-20 clients eth0
  honest 4 8
  forge 192.0.2.54,192.0.2.55 20 7 TXT example.org 0 198.51.100.99
  wait "${helpers[@]}"
  finish 'A host gets 20 TXT answers a second from two servers it never asked; six others ask and are answered.' \
    "$(event 'victim, 20/s, two servers' amplification '{"victim":"198.51.100.99"}')"
fi
if wanted victim-50; then
  record victim-50 clients eth0
  honest 4 7
  forge "$(printf '192.0.2.%s,' {54..63} | sed 's/,$//')" 50 6 DNSKEY example.org 0 198.51.100.99
  wait "${helpers[@]}"
  finish 'A host gets 50 DNSKEY answers a second from ten servers it never asked; six others ask and are answered.' \
    "$(event 'victim, 50/s, ten servers' amplification '{"victim":"198.51.100.99"}')"
fi
# --- floods --------------------------------------------------------------------
if wanted random-subdomains-50; then
  record random-subdomains-50 servers any
  forge 192.0.2.53 50 8 A RANDOM.example.org 0 203.0.113.{1..8} 198.51.100.{1..12}
  finish 'Twenty open resolvers ask NSD for 50 random names a second, eight seconds long.' \
    "$(event 'random subdomains, 50/s' random-subdomains '{"domain":"example.org"}')"
fi
if wanted open-resolver; then
  record open-resolver servers to-clients
  for i in $(seq 12); do
    # Of the reserved block: documentation has but three networks.
    ip -n "$space-clients" addr add "240.$i.5.9/32" dev lo
    for zone in org net com; do run clients dig +time=1 +tries=1 -b "240.$i.5.9" @192.0.2.64 "host$i.example.$zone" A > /dev/null || true; done
  done
  finish 'unbound looks names of three zones up for single hosts of twelve unrelated networks.' \
    "$(event 'open resolver' open-resolver '{"server":"192.0.2.64"}')"
fi
if wanted loop; then
  ip -n "$space-attacker" addr add 203.0.113.9/32 dev lo
  start clients python3 "$here/forge.py" echo 198.51.100.30; one=$started
  start attacker python3 "$here/forge.py" echo 203.0.113.9; two=$started
  ip -n "$space-servers" route add 203.0.113.9/32 via 10.53.1.2
  sleep 0.5
  record loop servers any
  # One forged question is enough: it comes from the other server's port 53.
  forge 198.51.100.30 1 1 A host1.example.org 53 203.0.113.9
  sleep 4
  kill "$one" "$two"
  finish 'Two broken servers answer each other with FORMERR after one forged question.' \
    "$(event 'loop of answers' loop '{"client":"198.51.100.30","server":"203.0.113.9"}')"
fi
# --- honest twins --------------------------------------------------------------
ask_all() { # FILE RATE SECONDS SERVER ADDRESS [CLIENTS]: dnsperf without EDNS size limits of its own
  run clients dnsperf -s "$4" -a "$5" -d "$1" -Q "$2" -l "$3" -c "${6:-1}" -D > /dev/null 2>&1
}
if wanted twin-any-minimal; then
  record twin-any-minimal servers any
  forge 192.0.2.53 20 8 ANY example.org 0 198.51.100.99
  finish 'Forged ANY questions, 20 a second, that NSD answers with one record each (RFC 8482): somebody tries, nothing is amplified.' benign
fi
if wanted twin-nat-crowd; then
  awk 'BEGIN { srand(7); for (i = 0; i < 900; i++) print "host" int(200 * rand() * rand()) ".example.org " (i % 3 ? "A" : i % 2 ? "AAAA" : "TXT") }' > "$work/crowd"
  record twin-nat-crowd servers any
  ask_all "$work/crowd" 100 7 192.0.2.53 198.51.100.1 40
  finish 'Forty hosts behind one address ask a hundred questions a second, few names often.' benign
fi
if wanted twin-monitor; then
  awk 'BEGIN { for (i = 0; i < 50; i++) { print "example.org SOA\nexample.net SOA\nexample.com SOA\nexample.org NS\nexample.net NS" } }' > "$work/monitor"
  record twin-monitor servers any
  ask_all "$work/monitor" 25 8 192.0.2.53 198.51.100.2 & helpers=($!)
  run clients sh -c 'for i in 1 2 3 4 5 6 7 8; do dig +bufsize=4096 +tries=1 -b 198.51.100.3 @192.0.2.53 example.org DNSKEY > /dev/null; sleep 1; done'
  wait "${helpers[@]}"
  finish 'A monitor asks three zones for SOA and NS 25 times a second, another one for a DNSKEY each second.' benign
fi
if wanted twin-mail-burst; then
  awk 'BEGIN { srand(9); for (i = 0; i < 200; i++) { h = "host" 4 * int(100 * rand()) ".example.org"; print h " TXT\ns1._domainkey." h " TXT\n_dmarc." h " TXT\n" h " MX\n" h " A" } }' > "$work/mail"
  record twin-mail-burst servers any
  ask_all "$work/mail" 40 8 192.0.2.64 198.51.100.4
  finish 'A mail host looks up SPF, DKIM, DMARC, MX and addresses of a hundred senders, 40 questions a second, through unbound.' benign
fi
if wanted twin-refresh; then
  awk 'BEGIN { for (i = 0; i < 50; i++) print "short.example.org TXT\nexample.org DNSKEY\nexample.org TXT" }' > "$work/refresh"
  record twin-refresh servers lo
  ask_all "$work/refresh" 15 9 192.0.2.64 198.51.100.5
  finish 'unbound fetches large TXT and DNSKEY records, over TCP where they are truncated, and again when their TTL of two seconds has run out.' benign
fi
if wanted twin-loss && run servers tc qdisc add dev to-clients root netem loss 25% 2>/dev/null; then
  awk 'BEGIN { srand(11); for (i = 0; i < 300; i++) print "host" 4 * int(100 * rand()) ".example.org TXT" }' > "$work/loss"
  record twin-loss servers any
  run clients sh -c "head -n 40 '$work/loss' | while read -r name type; do dig +time=1 +tries=3 -b 198.51.100.6 @192.0.2.64 \"\$name\" \"\$type\" > /dev/null & sleep 0.15; done; wait"
  run servers tc qdisc del dev to-clients root
  finish 'A quarter of the answers is lost, and what was asked is asked again.' benign
fi
# --- tunnels -------------------------------------------------------------------
for type in NULL TXT SRV MX CNAME A; do
  scene=tunnel-iodine-${type,,}
  wanted "$scene" || continue
  # Answers to A are CNAMEs that no resolver can follow: there iodine asks its server itself.
  if [ "$type" = A ]; then at=192.0.2.65 port=53 asked=192.0.2.65; else at=127.0.0.1 port=5300 asked=192.0.2.64; fi
  start servers iodined -f -c -P secret -l $at -p $port -d dns0 10.99.0.1/27 t.example.org > "$work/iodined.log" 2>&1; server=$started
  sleep 0.7
  record "$scene" clients eth0
  start clients iodine -f -r -P secret -T "$type" -d dns0 $asked t.example.org > "$work/iodine.log" 2>&1; client=$started
  for _ in $(seq 300); do grep -q 'Connection setup complete' "$work/iodine.log" && break; sleep 0.1; done
  # 2.6 kB that do not compress go up, and come back.
  start servers python3 "$here/forge.py" echo 10.99.0.1; echo=$started
  sleep 0.3
  run clients python3 "$here/forge.py" talk 10.99.0.1
  sleep 0.5
  kill "$echo" 2>/dev/null || true
  kill "$client" 2>/dev/null || true
  finish "iodine, $type records: the handshake and twelve datagrams of 220 bytes, echoed." \
    "$(event "iodine $type" exfiltration '{"client":"10.53.2.2","domain":"example.org"}')"
  kill "$server" 2>/dev/null || true
  grep -q 'Connection setup complete' "$work/iodine.log" || { echo "$scene: iodine did not connect" >&2; cat "$work/iodine.log" >&2; }
  sleep 0.3
done
ls -l "$folder" >&2
