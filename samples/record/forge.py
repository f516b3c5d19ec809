#!/usr/bin/python3
"""Sends DNS questions in other people's names, or plays one half of a loop; only in the namespaces of record.sh.

forge.py ask SERVER RATE SECONDS TYPE NAME PORT SOURCE...   RATE questions a second, the sources in turn; PORT 0 draws one each time;
                                                            RANDOM in NAME becomes twelve letters; SERVER may be several, with commas
forge.py echo ADDRESS                                       a broken server: answers whatever comes, answers too, with FORMERR
forge.py talk ADDRESS                                       twelve datagrams of 220 random bytes, three a second
"""
import random
import socket
import struct
import sys
import time

TYPES = {'A': 1, 'MX': 15, 'TXT': 16, 'DNSKEY': 48, 'ANY': 255}


def message(name, qtype, rng):
    labels = b''.join(bytes([len(part)]) + part.encode() for part in name.split('.')) + b'\0'
    header = struct.pack('>6H', rng.randrange(65536), 0x0100, 1, 0, 0, 1)
    # EDNS: 4,096 bytes, DNSSEC OK.
    return header + labels + struct.pack('>2H', TYPES[qtype], 1) + struct.pack('>BHHIH', 0, 41, 4096, 0x8000, 0)


def packet(source, port, server, payload, rng):
    udp = struct.pack('>4H', port, 53, 8 + len(payload), 0) + payload
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), rng.randrange(1, 65536), 0, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton(server))
    return head + udp


def ask(servers, rate, seconds, qtype, name, port, *sources):
    rng = random.Random(53)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    servers = servers.split(',')
    total = int(float(rate) * float(seconds))
    start = time.monotonic()
    for i in range(total):
        letters = ''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(12))
        payload = message(name.replace('RANDOM', letters), qtype, rng)
        server = servers[i % len(servers)]
        from_port = int(port) or rng.randrange(1024, 65536)
        raw.sendto(packet(sources[i % len(sources)], from_port, server, payload, rng), (server, 0))
        time.sleep(max(0.0, start + (i + 1) / float(rate) - time.monotonic()))


def echo(address):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    while True:
        data, sender = udp.recvfrom(4096)
        if len(data) < 12:
            continue
        time.sleep(0.01)
        udp.sendto(data[:2] + struct.pack('>H', 0x8181) + data[4:6] + bytes(6) + data[12:], sender)


def talk(address):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(12):
        udp.sendto(random.Random(i).randbytes(220), (address, 53))
        time.sleep(0.33)


if __name__ == '__main__':
    {'ask': ask, 'echo': echo, 'talk': talk}[sys.argv[1]](*sys.argv[2:])
