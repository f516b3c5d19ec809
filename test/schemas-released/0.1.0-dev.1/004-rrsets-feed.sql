-- Fills rrsets from every block of transactions, in the same insert.
CREATE MATERIALIZED VIEW IF NOT EXISTS rrsets_feed TO rrsets AS
SELECT
  if(record_owner = '', qname, record_owner) AS name,
  record_type AS type,
  record_data AS data,
  record_section AS section,
  CAST(bitTest(response_flags, 10), 'Enum8(\'resolver\' = 0, \'authoritative\' = 1)') AS server_role,
  match,
  min(ts + toIntervalNanosecond(latency_ns)) AS first_seen,
  max(ts + toIntervalNanosecond(latency_ns)) AS last_seen,
  count() AS count,
  min(record_ttl) AS ttl_min,
  max(record_ttl) AS ttl_max
FROM transactions
ARRAY JOIN
  rr.section AS record_section,
  rr.owner AS record_owner,
  rr.type AS record_type,
  rr.ttl AS record_ttl,
  rr.data AS record_data
WHERE frame_gap != 0 AND record_section IN ('answer', 'authority', 'additional')
GROUP BY name, type, data, section, server_role, match
