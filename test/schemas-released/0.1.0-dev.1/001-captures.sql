-- The ledger: one row per capture file or live segment, written last. Its sums say where every packet went.
CREATE TABLE IF NOT EXISTS captures (
  id               String COMMENT 'identity of the content: 16 hex digits, what transactions.capture holds',
  path             String COMMENT 'path as given; - for standard input, the interface for a mirrored port',
  sensor           LowCardinality(String) COMMENT 'name of the sensor that ingested it',
  sha256           String COMMENT 'SHA-256 of the file as it is on disk',
  content_sha256   String COMMENT 'SHA-256 of the uncompressed capture: equal for a copy, a renamed file, a gz of it',
  head_sha256      String COMMENT 'SHA-256 of the first MiB of the uncompressed capture: the quick fingerprint',
  format           LowCardinality(String) COMMENT 'pcap or pcapng',
  compression      LowCardinality(String) COMMENT 'none, gzip, zstd, xz, lz4, bzip2',
  link             Array(String) COMMENT 'link types seen, in order',
  file_bytes       UInt64 COMMENT 'size on disk',
  content_bytes    UInt64 COMMENT 'size uncompressed',
  first_packet     DateTime64(9, 'UTC') COMMENT 'earliest packet time; 1970 when there is no packet',
  last_packet      DateTime64(9, 'UTC') COMMENT 'latest packet time',
  packets          UInt64 COMMENT 'packets read; equals the sum of the bins',
  dns              UInt64 COMMENT 'bin: packets that carried a DNS message',
  other            UInt64 COMMENT 'bin: packets that are not DNS',
  malformed        Map(LowCardinality(String), UInt64) COMMENT 'bins: packets whose link, IP or UDP layer does not parse, by reason',
  unsupported      Map(LowCardinality(String), UInt64) COMMENT 'bins: packets of a kind that is not decoded, by reason',
  queries          UInt64 COMMENT 'messages: queries, retransmissions included',
  responses        UInt64 COMMENT 'messages: responses',
  malformed_messages UInt64 COMMENT 'messages whose header or question cannot be read',
  verdicts         Map(LowCardinality(String), UInt64) COMMENT 'rows written, by match verdict',
  evicted          UInt64 COMMENT 'queries given up early because the match table was full',
  unfinished       Map(LowCardinality(String), UInt64) COMMENT 'what never became whole: directions of TCP connections (streams), fragmented datagrams (datagrams)',
  resets           UInt64 COMMENT 'TCP resets on DNS ports',
  dropped          UInt64 COMMENT 'packets lost before us: kernel and interface drops, as far as known',
  problems         Array(String) COMMENT 'what could not be read, one sentence each',
  version          LowCardinality(String) COMMENT 'program version that ingested it',
  started          DateTime64(3, 'UTC') COMMENT 'wall clock: ingest began',
  finished         DateTime64(3, 'UTC') COMMENT 'wall clock: ingest ended',
  ingested         Date DEFAULT today() COMMENT 'day of ingest; retention counts from here'
)
ENGINE = MergeTree
ORDER BY (id, started)
SETTINGS non_replicated_deduplication_window = 10000
