-- Fills rrsets from every block of transactions, in the same insert.
CREATE MATERIALIZED VIEW IF NOT EXISTS rrsets_feed TO rrsets AS
SELECT
  record_name AS name,
  record_type AS type,
  record_data AS data,
  record_section AS section,
  CAST(bitTest(response_flags, 10), 'Enum8(\'resolver\' = 0, \'authoritative\' = 1)') AS server_role,
  match,
  min(response_ts) AS first_seen,
  max(response_ts) AS last_seen,
  count() AS count,
  min(record_ttl) AS ttl_min,
  max(record_ttl) AS ttl_max
FROM transactions
ARRAY JOIN
  rr.section AS record_section,
  rr.name AS record_name,
  rr.type AS record_type,
  rr.ttl AS record_ttl,
  rr.data AS record_data
WHERE response_frame > 0 AND record_section IN ('answer', 'authority', 'additional')
GROUP BY name, type, data, section, server_role, match
