-- Values of watched records that an analyst declared good: one row per decision, the last one counts.
CREATE TABLE IF NOT EXISTS watch_accepted (
  name       String COMMENT 'owner name of the record',
  type       LowCardinality(String) COMMENT 'record type',
  value      String COMMENT 'what is compared: the network of an address, the host of an MX, NS or CNAME, else the data; (none) for no record',
  given      String COMMENT 'the value as it was typed',
  reason     String COMMENT 'why it is good, in the words of who accepted it',
  until      DateTime64(3, 'UTC') COMMENT 'packet time from which it counts as unknown again; 2262 for never',
  changed    DateTime64(6, 'UTC') COMMENT 'wall clock: when this was decided'
)
ENGINE = ReplacingMergeTree(changed)
ORDER BY (name, type, value)
