-- Who asked for which types: few rows, so the whole of it is fast, whichever way it is summed up.
CREATE VIEW IF NOT EXISTS client_types (
  client     IPv6 COMMENT 'who asked (IPv4 as ::ffff:a.b.c.d; compare with any spelling of an address)',
  type       LowCardinality(String) COMMENT 'type asked, as its mnemonic; empty where there was no question',
  exchanges  UInt64 COMMENT 'rows of transactions',
  queries    UInt64 COMMENT 'query messages, retransmissions included',
  nxdomain   UInt64 COMMENT 'exchanges answered with NXDOMAIN',
  first_hour DateTime('UTC') COMMENT 'packet time: hour of the first exchange',
  last_hour  DateTime('UTC') COMMENT 'packet time: hour of the last exchange'
) AS
SELECT
  client,
  qtype AS type,
  count() AS exchanges,
  sum(attempts) AS queries,
  countIf(rcode = 'NXDOMAIN') AS nxdomain,
  min(toStartOfHour(ts)) AS first_hour,
  max(toStartOfHour(ts)) AS last_hour
FROM transactions
GROUP BY client, type
COMMENT 'what each client asked of each type, counted'
