-- Every name that was asked for, counted; fast for one name with its domain, or for one domain.
CREATE VIEW IF NOT EXISTS names (
  name     String COMMENT 'name asked: lower case, escaped, no trailing dot',
  domain   LowCardinality(String) COMMENT 'registrable domain; empty for names that are a public suffix',
  queries  UInt64 COMMENT 'query messages, retransmissions included',
  clients  UInt64 COMMENT 'different clients that asked',
  nxdomain UInt64 COMMENT 'exchanges answered with NXDOMAIN',
  first    DateTime64(9, 'UTC') COMMENT 'packet time: first exchange',
  last     DateTime64(9, 'UTC') COMMENT 'packet time: last exchange'
) AS
SELECT
  qname AS name,
  domain,
  sum(attempts) AS queries,
  uniqExact(client) AS clients,
  countIf(rcode = 'NXDOMAIN') AS nxdomain,
  min(ts) AS first,
  max(ts) AS last
FROM transactions
GROUP BY name, domain
COMMENT 'one row per name that was asked for'
