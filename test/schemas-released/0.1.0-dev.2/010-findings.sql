-- What reports over this store found: a row per finding and evaluation, of which the highest version counts (read it with FINAL).
CREATE TABLE IF NOT EXISTS findings (
  id               String COMMENT 'of what the finding is about: the same in every run that finds it',
  detector         LowCardinality(String) COMMENT 'detector that found it',
  rule             LowCardinality(String) COMMENT 'detector and rule',
  rule_version     UInt32 COMMENT 'version of the detector at the last evaluation',
  status           Enum8('open' = 0, 'allowed' = 1, 'gone' = 2) COMMENT 'open; allowed: found, and an allow entry applies; gone: looked for again and no longer found',
  allowed_by       String COMMENT 'allow.id of the entry that applies; empty where there is none',
  severity         Enum8('info' = 0, 'low' = 1, 'medium' = 2, 'high' = 3, 'critical' = 4) COMMENT 'severity at the last evaluation that found it',
  score            Int32 COMMENT 'points at the last evaluation that found it',
  scores           Array(Int32) COMMENT 'every score it had, the present one last; 20 at most',
  scored           Array(DateTime64(3, 'UTC')) COMMENT 'wall clock: since when it had each of scores',
  title            String COMMENT 'what happened, in a few words',
  why              String COMMENT 'the sentence with the numbers, 4,000 characters at most',
  subject          Map(LowCardinality(String), String) COMMENT 'whom or what it is about, by role',
  first_seen       DateTime64(9, 'UTC') COMMENT 'packet time: first packet of it',
  last_seen        DateTime64(9, 'UTC') COMMENT 'packet time: last packet of it',
  evidence         Array(Tuple(capture String, frame UInt64)) COMMENT 'packets that show it, 50 at most',
  known_since      DateTime64(3, 'UTC') COMMENT 'wall clock: first report that found it',
  evaluated        DateTime64(3, 'UTC') COMMENT 'wall clock: last report that looked for it',
  transactions     UInt64 COMMENT 'transactions that report looked at',
  version          UInt64 COMMENT 'microseconds at which the evaluation began: the latest row of an id counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
