// Transactions of a large office, made by the engine itself: what look-ups and detectors are timed on when a capture would take too long to make.

import type { Database } from '../src/database/database.ts'

/** Clients that ask; each has names of its own taste, and a few names are everybody's. */
export const officeClients = 20_000

/** Rows of one insert. */
const step = 1_000_000

/** Fills `transactions` with `rows` answered queries of 30 days: 60,000 hosts of 5,000 domains, half of the questions for the commonest 1 %. */
export async function fillOffice(database: Database, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from)
    await database.command(officeSql, { from, count, rows, clients: officeClients })
  }
}

const officeSql = `INSERT INTO transactions
    (ts, latency_ns, capture, response_capture, frame, frame_gap, client, server, client_port, server_port, transport, id,
     qname, qtype, qclass, domain, tld_listed, query_flags, response_flags, rcode, query_bytes, response_bytes, match, attempts, answer_digest,
     rr.section, rr.owner, rr.type, rr.class, rr.ttl, rr.data)
  SELECT
    toDateTime64('2026-03-02 00:00:00', 9, 'UTC') + toIntervalMicrosecond(toInt64(number * (30 * 86400e6 / {rows:UInt64}))),
    1000000 + cityHash64(number, 1) % 40000000, 'office', 'office', 2 * number + 1, 1,
    toIPv6(concat('::ffff:10.', toString(intDiv(c, 65536)), '.', toString(intDiv(c, 256) % 256), '.', toString(c % 256))),
    toIPv6('::ffff:10.255.0.53'), 1024 + cityHash64(number, 2) % 60000, 53, 'udp', cityHash64(number, 3) % 65536,
    concat('host', toString(host % 12), '-', substring(lower(hex(cityHash64(host, 4))), 1, 6), '.', zone) AS name,
    if(number % 4 = 0, 'AAAA', 'A') AS kind, 'IN', zone, 1, 0x0100, 0x8180, 'NOERROR', 45, 90, 'answered', 1, cityHash64(name, kind),
    ['answer'], [''], [kind], ['IN'], [toUInt32(300)],
    [if(kind = 'A', concat('198.', toString(18 + host % 2), '.', toString(intDiv(host, 256) % 256), '.', toString(host % 256)), concat('2001:db8::', lower(hex(toUInt16(host % 65536)))))]
  FROM (
    SELECT number, toUInt32(60000 * pow(cityHash64(number, 5) / 18446744073709551616., 7)) AS host,
      toUInt32(cityHash64(number, 6) % {clients:UInt32}) AS c,
      concat('zone', lower(hex(toUInt16(intDiv(host, 12)))), '.com') AS zone
    FROM numbers({from:UInt64}, {count:UInt64}))`
