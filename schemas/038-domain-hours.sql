-- What was asked in which hour: fast for a stretch of time, among any number of transactions.
CREATE VIEW IF NOT EXISTS domain_hours (
  hour      DateTime('UTC') COMMENT 'packet time: the hour that begins then',
  domain    LowCardinality(String) COMMENT 'registrable domain; empty for names that are a public suffix',
  exchanges UInt64 COMMENT 'rows of transactions',
  queries   UInt64 COMMENT 'query messages, retransmissions included',
  nxdomain  UInt64 COMMENT 'exchanges answered with NXDOMAIN'
) AS
SELECT
  toStartOfHour(ts) AS hour,
  domain,
  count() AS exchanges,
  sum(attempts) AS queries,
  countIf(rcode = 'NXDOMAIN') AS nxdomain
FROM transactions
GROUP BY hour, domain
COMMENT 'what was asked of each domain in each hour, counted'
