#!/usr/bin/env bash
# Installs what the tests call besides Node: capture tools, a name server and a load generator. Debian, as root; elsewhere it says what is missing.
set -euo pipefail
declare -A package=([tcpdump]=tcpdump [tshark]=tshark [nsd]=nsd [dnsperf]=dnsperf [ip]=iproute2 [xz]=xz-utils [zstd]=zstd [lz4]=lz4)
missing=()
for tool in "${!package[@]}"; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || [ -x "/sbin/$tool" ] || missing+=("${package[$tool]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
else
  echo "The tests that need ${missing[*]} will be skipped: install them, or run the tests as root on Debian." >&2
fi
