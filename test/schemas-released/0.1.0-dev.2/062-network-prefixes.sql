-- Networks as `overhear networks import` reads them; the dictionary `networks` over this table finds the longest prefix of an address.
CREATE TABLE IF NOT EXISTS network_prefixes (
  prefix  String COMMENT 'IPv4 or IPv6 prefix, as 192.0.2.0/24',
  asn     UInt32 COMMENT 'autonomous system number, 0 for none',
  name    String COMMENT 'who announces it, or what you call it'
)
ENGINE = MergeTree
ORDER BY prefix
