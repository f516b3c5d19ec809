-- How the addresses of clients were masked before anything was stored.
ALTER TABLE captures ADD COLUMN IF NOT EXISTS masked LowCardinality(String) DEFAULT '' COMMENT 'how client addresses were masked: /24,/56 or key: with a fingerprint of the key; empty where they were not'
