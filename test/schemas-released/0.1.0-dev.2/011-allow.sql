-- What findings may be left out, why, and until when: of an entry's rows the highest version counts (read it with FINAL).
CREATE TABLE IF NOT EXISTS allow (
  id        String COMMENT 'of its conditions: adding the same again changes the reason and the end',
  detector  LowCardinality(String) COMMENT 'detector it is for; empty for all',
  finding   String COMMENT 'the one finding it is for; empty for any',
  domain    String COMMENT 'domain the finding is about, or above that; empty for any',
  client    String COMMENT 'address of the client or victim; empty for any',
  network   String COMMENT 'prefix the client or victim is in; empty for any',
  server    String COMMENT 'address of the server; empty for any',
  reason    String COMMENT 'why this is harmless, in words of whoever added it',
  ends      DateTime64(3, 'UTC') COMMENT 'wall clock: when it ends to apply; 1970 for never',
  added     DateTime64(3, 'UTC') COMMENT 'wall clock: when it was added or changed',
  removed   UInt8 COMMENT '1 once it was removed',
  version   UInt64 COMMENT 'microseconds at which it was written'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
