-- Records as they came, one a row, beside the question they came with.
CREATE VIEW IF NOT EXISTS answers (
  time          DateTime64(9, 'UTC') COMMENT 'packet time of the answer',
  client        IPv6 COMMENT 'who was answered (IPv4 as ::ffff:a.b.c.d)',
  server        IPv6 COMMENT 'who answered',
  question      String COMMENT 'name asked',
  question_type LowCardinality(String) COMMENT 'type asked, as its mnemonic',
  domain        LowCardinality(String) COMMENT 'registrable domain of the name asked',
  rcode         LowCardinality(String) COMMENT 'response code as its mnemonic',
  section       LowCardinality(String) COMMENT 'answer, authority or additional',
  name          String COMMENT 'owner name of the record',
  type          LowCardinality(String) COMMENT 'type of the record, as its mnemonic',
  ttl           UInt32 COMMENT 'TTL in seconds, as it came',
  data          String COMMENT 'data of the record in presentation format',
  match         LowCardinality(String) COMMENT 'verdict: what nobody asked for is not answered',
  capture       LowCardinality(String) COMMENT 'captures.id of the answer packet',
  frame         UInt64 COMMENT 'frame of the answer in its capture, from 1'
) AS
SELECT
  response_ts AS time,
  client,
  server,
  qname AS question,
  qtype AS question_type,
  domain,
  rcode,
  toString(record_section) AS section,
  multiIf(record_owner = '', qname, record_owner = '\\', '', record_owner) AS name,
  record_type AS type,
  record_ttl AS ttl,
  record_data AS data,
  toString(match) AS match,
  response_capture AS capture,
  response_frame AS frame
FROM transactions
ARRAY JOIN
  rr.section AS record_section,
  rr.owner AS record_owner,
  rr.type AS record_type,
  rr.ttl AS record_ttl,
  rr.data AS record_data
WHERE frame_gap != 0 AND record_section IN ('answer', 'authority', 'additional')
COMMENT 'one row per record of an answer'
