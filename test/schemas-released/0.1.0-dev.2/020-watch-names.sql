-- Watched names: one row per decision, the last one counts.
CREATE TABLE IF NOT EXISTS watch_names (
  name       String COMMENT 'watched name: lower case, escaped, no trailing dot',
  is_removed UInt8 COMMENT '1 where the name was taken off the list',
  changed    DateTime64(6, 'UTC') COMMENT 'wall clock: when this was decided'
)
ENGINE = ReplacingMergeTree(changed)
ORDER BY name
