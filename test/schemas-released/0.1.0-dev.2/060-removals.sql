-- What was taken out of the store again: two rows a removal, begun and done, and the ledger's line of each capture that is gone.
CREATE TABLE IF NOT EXISTS removals (
  capture     String COMMENT 'captures.id; empty where rows were removed by their day of ingest',
  generation  UInt32 COMMENT 'removals of this capture so far: part of the tokens under which it is stored again',
  event       Enum8('begun' = 0, 'done' = 1) COMMENT 'a removal that is begun and not done is finished by the next run that writes',
  reason      Enum8('removed' = 0, 'again' = 1, 'retained' = 2) COMMENT 'removed by hand, replaced by ingest --again, or older than --retain',
  before      Date COMMENT 'rows ingested before this day were removed; 1970 where a capture was',
  path        String COMMENT 'path of the capture',
  rows        UInt64 COMMENT 'rows of transactions that were removed',
  ledger      String COMMENT 'the line of captures as JSON; empty for an unfinished capture',
  at          DateTime64(3, 'UTC') COMMENT 'wall clock'
)
ENGINE = MergeTree
ORDER BY (capture, generation, event)
SETTINGS non_replicated_deduplication_window = 10000
