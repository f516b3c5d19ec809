-- Questions with what came back, in friendly words: the columns of transactions that are asked for first.
CREATE VIEW IF NOT EXISTS queries (
  time       DateTime64(9, 'UTC') COMMENT 'packet time of the query',
  client     IPv6 COMMENT 'who asked (IPv4 as ::ffff:a.b.c.d; compare with any spelling of an address)',
  server     IPv6 COMMENT 'who was asked',
  transport  Enum8('tcp' = 6, 'udp' = 17) COMMENT 'udp or tcp',
  name       String COMMENT 'name asked: lower case, escaped, no trailing dot',
  type       LowCardinality(String) COMMENT 'type asked, as its mnemonic',
  domain     LowCardinality(String) COMMENT 'registrable domain of the name',
  rcode      LowCardinality(String) COMMENT 'response code as its mnemonic; empty without an answer',
  data       Array(String) COMMENT 'data of the records in the answer section',
  latency_ms Float64 COMMENT 'milliseconds from query to answer; 0 without an answer',
  attempts   UInt16 COMMENT 'query messages: more than 1 when the client had to ask again',
  match      LowCardinality(String) COMMENT 'verdict: answered, unanswered, late, conflict and so on',
  sensor     LowCardinality(String) COMMENT 'name of the sensor',
  capture    LowCardinality(String) COMMENT 'captures.id',
  frame      UInt64 COMMENT 'frame of the query in its capture, from 1'
) AS
SELECT
  ts AS time,
  client,
  server,
  transport,
  qname AS name,
  qtype AS type,
  domain,
  rcode,
  arrayFilter((value, section) -> section = 'answer', rr.data, rr.section) AS data,
  latency_ns / 1e6 AS latency_ms,
  attempts,
  toString(match) AS match,
  sensor,
  capture,
  frame
FROM transactions
WHERE attempts > 0
COMMENT 'one row per question and its answer'
