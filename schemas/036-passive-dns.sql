-- Passive DNS under the field names of the Common Output Format (draft-dulaunoy-dnsop-passive-dns-cof).
CREATE VIEW IF NOT EXISTS passive_dns (
  rrname     String COMMENT 'owner name',
  rrtype     LowCardinality(String) COMMENT 'record type, as its mnemonic',
  rdata      String COMMENT 'record data in presentation format',
  time_first UInt64 COMMENT 'packet time of the first answer that held it, seconds since 1970',
  time_last  UInt64 COMMENT 'packet time of the last answer that held it, seconds since 1970',
  count      UInt64 COMMENT 'answers that held it'
) AS
SELECT
  name AS rrname,
  type AS rrtype,
  data AS rdata,
  toUInt64(toUnixTimestamp(min(first_seen))) AS time_first,
  toUInt64(toUnixTimestamp(max(last_seen))) AS time_last,
  sum(rrsets.count) AS count
FROM rrsets
WHERE section = 'answer' AND match IN ('answered', 'late')
GROUP BY rrname, rrtype, rdata
COMMENT 'what names resolved to: records of answers that were asked for; rrsets holds the rest'
