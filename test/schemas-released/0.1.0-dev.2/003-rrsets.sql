-- Passive DNS: every record ever answered, with first and last sight. Unasked answers are kept apart by match, so a forger cannot write history.
CREATE TABLE IF NOT EXISTS rrsets (
  name        String COMMENT 'owner name',
  type        LowCardinality(String) COMMENT 'record type',
  data        String COMMENT 'record data in presentation format',
  section     Enum8('question' = 0, 'answer' = 1, 'authority' = 2, 'additional' = 3, 'query_answer' = 5, 'query_authority' = 6, 'query_additional' = 7) COMMENT 'section it stood in',
  server_role Enum8('resolver' = 0, 'authoritative' = 1) COMMENT 'authoritative when the answer had the AA flag',
  match       Enum8('answered' = 0, 'unanswered' = 1, 'open' = 2, 'unsolicited' = 3, 'late' = 4, 'duplicate' = 5, 'conflict' = 6, 'wrong_id' = 7, 'wrong_port' = 8, 'wrong_question' = 9, 'wrong_server' = 10, 'malformed' = 11, 'unpaired' = 12) COMMENT 'verdict of the exchange it came in; history is answered (and late) only',
  first_seen  SimpleAggregateFunction(min, DateTime64(9, 'UTC')) COMMENT 'first answer that held it',
  last_seen   SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'last answer that held it',
  count       SimpleAggregateFunction(sum, UInt64) COMMENT 'answers that held it',
  ttl_min     SimpleAggregateFunction(min, UInt32) COMMENT 'smallest TTL seen, seconds',
  ttl_max     SimpleAggregateFunction(max, UInt32) COMMENT 'largest TTL seen, seconds',
  INDEX data_bloom data TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = AggregatingMergeTree
ORDER BY (name, type, data, section, server_role, match)
SETTINGS default_compression_codec = 'ZSTD(1)', min_bytes_for_wide_part = 134217728, non_replicated_deduplication_window = 10000
