-- Who asked for which name: fast for a client or a prefix of clients, among any number of transactions.
CREATE VIEW IF NOT EXISTS client_names (
  client     IPv6 COMMENT 'who asked (IPv4 as ::ffff:a.b.c.d; compare with any spelling of an address)',
  name       String COMMENT 'name asked: lower case, escaped, no trailing dot',
  domain     LowCardinality(String) COMMENT 'registrable domain; empty for names that are a public suffix',
  exchanges  UInt64 COMMENT 'rows of transactions',
  queries    UInt64 COMMENT 'query messages, retransmissions included',
  nxdomain   UInt64 COMMENT 'exchanges answered with NXDOMAIN',
  first_hour DateTime('UTC') COMMENT 'packet time: hour of the first exchange',
  last_hour  DateTime('UTC') COMMENT 'packet time: hour of the last exchange'
) AS
SELECT
  client,
  qname AS name,
  domain,
  count() AS exchanges,
  sum(attempts) AS queries,
  countIf(rcode = 'NXDOMAIN') AS nxdomain,
  min(toStartOfHour(ts)) AS first_hour,
  max(toStartOfHour(ts)) AS last_hour
FROM transactions
GROUP BY client, name, domain
COMMENT 'what each client asked for, name by name, counted'
